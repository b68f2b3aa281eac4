"""Clerks over HTTP: who may do what, what it does, and one shape for every refusal."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.engine.port import Abandon, BusinessException
from orchestrator.errors import StoreTaken, Transient, Unknown
from orchestrator.policies.throttle import Budget
from tests.orchestrator.asgi import ask
from tests.orchestrator.experience.face import CAP, through

SHAPE = {"code", "class", "retryable", "owner", "remediation", "detail"}


def parked_once():
    """A process that needs one fix, and what a clerk fixes."""
    fixed = []

    async def ready() -> bool:
        return bool(fixed)

    async def fn(run, given):
        if not await run.read(ready):
            raise BusinessException(
                "TAX_PROFILE_MISSING", "no profile", subject=given, source=given, amount_minor=900, currency="EUR"
            )

    return fn, fixed


def test_a_clerk_fixes_and_resubmits():
    """The parked run goes on, and its exception is resolved."""
    fn, fixed = parked_once()

    async def act(face):
        await face.parts.engine.start("p", "S-00001", id="r")
        await asyncio.sleep(1)
        (open_one,) = (await face.get("/exceptions?queue=sales-ops&state=open", token="ann-token")).json
        fixed.append(1)
        answer = await face.post(f"/exceptions/{open_one['id']}/resubmit", {"note": "profile set"})
        await asyncio.sleep(1)
        after = (await face.get(f"/exceptions/{open_one['id']}")).json
        run = await face.parts.engine.run("r")
        return (
            open_one["run"],
            answer.status,
            answer.json["state"],
            after["state"],
            [h["act"] for h in after["history"]],
            run.state,
        )

    assert through(act, fn=fn) == ("r", 200, "resubmitted", "resolved", ["opened", "resubmitted", "resolved"], "done")


def test_resubmitting_too_early_reopens_the_same_exception():
    """Not fixed: the same exception is open again, the run still parked."""
    fn, _ = parked_once()

    async def act(face):
        await face.parts.engine.start("p", "S-00001", id="r")
        await asyncio.sleep(1)
        await face.post("/exceptions/X-00001/resubmit", {"note": "hope"})
        await asyncio.sleep(1)
        found = (await face.get("/exceptions")).json
        return [(view["id"], view["state"]) for view in found]

    assert through(act, fn=fn) == [("X-00001", "open")]


def test_waiving_a_parked_run_abandons_it():
    """Written off: the run ends, with the reason."""
    fn, _ = parked_once()

    async def act(face):
        await face.parts.engine.start("p", "S-00001", id="r")
        await asyncio.sleep(1)
        answer = await face.post("/exceptions/X-00001/waive", {"reason": "deal cancelled"})
        await asyncio.sleep(1)
        run = await face.parts.engine.run("r")
        return answer.json["state"], run.state, run.result, face.parts.desk.get("X-00001").state

    assert through(act, fn=fn) == ("waived", "abandoned", "waived: deal cancelled", "waived")


def test_waiving_an_undo_that_cannot_be_done_skips_it():
    """A run parked while undoing goes on without that undo."""

    async def make() -> str:
        return "made"

    async def unmake(made: str) -> None:
        raise BusinessException("VENDOR_REFUSED", "posted already")

    async def fn(run, given):
        await run.step(make, undo=unmake)
        raise Abandon("changed our mind")

    async def act(face):
        await face.parts.engine.start("p", "S-00001", id="r")
        await asyncio.sleep(1)
        answer = await face.post("/exceptions/X-00001/waive", {"reason": "left as it is"})
        await asyncio.sleep(1)
        return answer.status, (await face.parts.engine.run("r")).result

    assert through(act, fn=fn) == (200, "changed our mind")


@pytest.mark.parametrize(("token", "status"), [("ann-token", 403), ("carl-token", 200)])
def test_waiver_above_authority_is_denied(token, status):
    """The amount decides who may write it off; denied leaves it open."""

    async def act(face):
        id = face.parts.desk.open(CAP)
        answer = await face.post(f"/exceptions/{id}/waive", {"reason": "goodwill"}, token=token)
        return answer.status, face.parts.desk.get(id).state, face.business.asked

    want = {403: (403, "open", []), 200: (200, "waived", [("written_off", "X-00001")])}
    assert through(act) == want[status]


def test_item_is_tried_again_by_the_business():
    """An item has no parked run: the business is asked."""

    async def act(face):
        id = face.parts.desk.open(CAP)
        await face.post(f"/exceptions/{id}/resubmit", {"note": "cap raised"})
        return face.business.asked, face.parts.desk.get(id).state

    assert through(act) == ([("again", "X-00001")], "resubmitted")


ROUTES = [
    ("GET", "/exceptions", {"ann", "bill", "rita"}),
    ("POST", "/exceptions/X-9/resubmit", {"ann"}),
    ("POST", "/exceptions/X-9/waive", {"ann"}),
    ("POST", "/billing-runs", {"bill"}),
    ("GET", "/runs", {"ann", "bill", "rita"}),
    ("GET", "/lineage/S-00001", {"ann", "bill", "rita"}),
    ("GET", "/kpis", {"ann", "bill", "rita"}),
    ("GET", "/metrics", {"rita", "eve"}),
    ("GET", "/evidence", {"eve"}),
    ("GET", "/health", {"ann", "bill", "rita", "eve", "nobody"}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), ROUTES)
def test_roles_decide_who_passes(method, path, allowed):
    """Without the role 403, without a token 401, always in the one shape."""

    async def act(face):
        body = b"" if method == "GET" else {"note": "x", "reason": "x"}
        passed = set()
        for name in ("ann", "bill", "rita", "eve", "nobody"):
            answer = await ask(face.app, method, path, body=body, token=f"{name}-token")
            if answer.status in (401, 403):
                assert set(answer.json) == SHAPE
                assert answer.status == (401 if name == "nobody" else 403)
            else:
                passed.add(name)
        return passed

    assert through(act) == allowed


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/exceptions/X-00001/resubmit", b"{", 400),
        ("POST", "/exceptions/X-00001/resubmit", {}, 422),
        ("POST", "/exceptions/X-00001/resubmit", {"note": 7}, 422),
        ("POST", "/exceptions/X-00001/resubmit", {"note": ""}, 422),
        ("POST", "/exceptions/X-00001/resubmit", {"note": "x", "state": "resolved"}, 422),
        ("POST", "/exceptions/X-00009/resubmit", {"note": "x"}, 404),
        ("GET", "/exceptions?state=strange", b"", 422),
        ("GET", "/exceptions?limit=0", b"", 422),
        ("GET", "/nowhere", b"", 404),
        ("DELETE", "/exceptions", b"", 405),
    ],
)
def test_bad_requests_have_one_shape(method, path, body, status):
    """Whatever is wrong, the answer says so the same way and changes nothing."""

    async def act(face):
        face.parts.desk.open(CAP)
        answer = await ask(face.app, method, path, body=body, token="ann-token")
        assert set(answer.json) == SHAPE
        return answer.status, face.parts.desk.get("X-00001").state

    assert through(act) == (status, "open")


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": "2026-13"},
        {"period": 202603},
        {"entity": "usa"},
        {"cut_off": "now"},
        {"cut_off": -1},
        {"cut_off": 1.5},
        {"extra": 1},
    ],
)
def test_billing_orders_are_strict(wrong):
    """No coercion at the edge: a wrong type is refused, and nothing starts."""

    async def act(face):
        order = {"entity": "US", "period": "2026-03", "cut_off": 1_775_000_000_000, **wrong}
        answer = await face.post("/billing-runs", order, token="bill-token")
        return answer.status, len(await face.parts.engine.runs())

    assert through(act) == (422, 0)


def test_billing_run_is_ordered_once_and_followed():
    """202 with its id; the same order again is the same run; unknown ids are missing, unknown entities a refusal."""

    async def act(face):
        order = {"entity": "US", "period": "2026-03", "cut_off": 1_775_000_000_000}
        answers = [await face.post("/billing-runs", order, token="bill-token") for _ in range(2)]
        await asyncio.sleep(1)
        followed = await face.get(f"/billing-runs/{answers[0].json['id']}", token="bill-token")
        unknown = await face.post("/billing-runs", {**order, "entity": "XX"}, token="bill-token")
        return (
            [a.status for a in answers],
            followed.json["state"],
            unknown.json["code"],
            (await face.get("/billing-runs/x")).status,
        )

    assert through(act) == ([202, 202], "done", "ENTITY_UNKNOWN", 404)


def test_a_consumer_that_asks_too_often_is_told_when_to_come_back():
    """429 with Retry-After for that consumer alone; after the time it is served again."""

    async def act(face):
        asked = [(await face.get("/runs")) for _ in range(3)]
        other = await face.get("/runs", token="ann-token")
        wait_s = int(asked[2].headers["retry-after"])
        await asyncio.sleep(wait_s)
        return [a.status for a in asked], asked[2].json["retryable"], other.status, (await face.get("/runs")).status

    slow = Budget(rate_max=1, period_ms=10_000, burst_max=2)
    assert through(act, consumer=slow) == ([200, 200, 429], True, 200, 200)


@pytest.mark.parametrize("error", [Transient("erp refuses connections", system="erp"), Unknown("cut off"), StoreTaken("db")])
def test_a_decision_that_cannot_be_carried_out_now_is_to_be_asked_for_again(error):
    """The system it needs is away, or another program has the store: 503 in the one shape, and the same word again does it."""

    async def act(face):
        id = face.parts.desk.open(CAP)
        work, face.business.again = face.business.again, fails(error)
        first = await face.post(f"/exceptions/{id}/resubmit", {"note": "try"})
        face.business.again = work
        second = await face.post(f"/exceptions/{id}/resubmit", {"note": "try"})
        return first.status, set(first.json), first.json["retryable"], second.status, face.business.asked

    assert through(act) == (503, SHAPE, True, 200, [("again", "X-00001")])


def fails(error):
    async def again(_item):
        raise error

    return again


def test_the_same_decision_of_the_same_person_again_is_the_same_decision():
    """The answer to a waiver was lost, so the clerk asks again: told yes, and nothing happens twice."""
    fn, _ = parked_once()

    async def act(face):
        await face.parts.engine.start("p", "S-00001", id="r")
        await asyncio.sleep(1)
        answers = [await face.post("/exceptions/X-00001/waive", {"reason": "deal cancelled"}) for _ in range(2)]
        history = (await face.get("/exceptions/X-00001")).json["history"]
        return [answer.status for answer in answers], [h["act"] for h in history]

    assert through(act, fn=fn) == ([200, 200], ["opened", "waived"])
