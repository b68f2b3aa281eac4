"""Intake: authentic, safe, kept before it is acknowledged, kept once, and pushed back when full."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import BusinessException, Transient
from orchestrator.experience.soap import ACK, BODY_MAX
from tests.orchestrator.asgi import ask
from tests.orchestrator.experience.face import ORG, SECRET, Business, message, standing, through, won
from tests.orchestrator.virtual import live


def counts(face):
    return {state: n for topic in face.parts.inbox.counts().values() for state, n in topic.items() if n}


def test_push_is_kept_then_acknowledged_then_handed_on():
    """The exact Ack, one commit, and the hint reaches the business by its business key."""

    async def act(face):
        answer = await face.push(message(won()))
        at_once = list(face.business.heard)
        await asyncio.sleep(1)
        return answer.status, answer.headers["content-type"], answer.body, at_once, face.business.heard, counts(face)

    assert through(act) == (
        200, "text/xml; charset=utf-8", ACK, [], [("crm.opportunity", "O-00001")], {"accepted": 1, "applied": 1},
    )  # fmt: skip


def test_acknowledgement_is_what_salesforce_expects():
    """Byte for byte: an envelope with notificationsResponse and Ack true."""
    assert ACK == (
        b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        b'<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
        b"</notificationsResponse></soapenv:Body></soapenv:Envelope>"
    )


def test_redelivery_and_a_new_id_with_the_same_content_are_acknowledged_and_not_repeated():
    """F-14 and F-15; also a retry that carries newer field values."""

    async def act(face):
        pushes = [won(), won(), won(id="04l000000000002AAA"), won(StageName="Closed Won", Amount="7")]
        statuses = [(await face.push(message(push))).status for push in pushes]
        await asyncio.sleep(1)
        return statuses, face.business.heard, counts(face)

    assert through(act) == ([200] * 4, [("crm.opportunity", "O-00001")], {"accepted": 4, "applied": 1, "deduplicated": 3})


def test_an_id_that_names_another_record_is_a_conflict():
    """INV-47: 409, quarantined, never handed on; the first one stands."""

    async def act(face):
        await face.push(message(won()))
        answer = await face.push(message(won(number="O-00002", record="006000000000002AAA")))
        await asyncio.sleep(1)
        return answer.status, answer.json["code"], face.business.heard, counts(face)["quarantined"]

    assert through(act) == (409, "conflict", [("crm.opportunity", "O-00001")], 1)


@pytest.mark.parametrize(
    ("secret", "org", "action", "status"),
    [("wrong", ORG, None, 401), (SECRET, "00D000000000009AAA", None, 403), (SECRET, ORG, "04k000000000009AAA", 403)],
)
def test_strangers_are_refused_and_leave_no_trace_but_a_count(secret, org, action, status):
    """Path secret, organization and action must all fit."""

    async def act(face):
        named = {"org": org, **({"action": action} if action else {})}
        answer = await face.push(message(won(), **named), secret=secret)
        return answer.status, counts(face), face.parts.metrics.value("intake_messages", "salesforce", "refused"), face.lines

    got, kept, refused, lines = through(act)
    assert (got, kept, refused) == (status, {}, 1)
    assert not any(SECRET in line for line in lines)


def with_document_type(declared, stage="Closed Won"):
    """A message that would be fine but for its document type."""
    head = b'<?xml version="1.0" encoding="UTF-8"?>'
    return message(won(StageName=stage)).replace(head, head + declared.encode(), 1)


BOMB = with_document_type('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>', "&b;")
FILE = with_document_type('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>', "&f;")
HOSTILE = {
    "nothing": b"",
    "no XML": b"{}",
    "cut off": message(won())[:300],
    "entity bomb": BOMB,
    "outside file": FILE,
    "empty document type": with_document_type("<!DOCTYPE x>"),
    "document type in UTF-16": BOMB.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16"),
    "unknown encoding": b"<?xml version='1.0' encoding='klingon'?><a/>",
    "bad bytes": message(won()).replace(b"Closed Won", b"\xff\xfe"),
    "very deep": b"<a>" * 1_000 + b"</a>" * 1_000,
    "very many": b"<a>" + b"<b/>" * 30_000 + b"</a>",
    "other root": b"<a/>",
    "no notifications": message().replace(b"notifications", b"others"),
    "empty notifications": message(),
    "too many notifications": message(*[won(id=f"04l{n:015d}") for n in range(101)]),
    "no notification id": message(won(id="")),
    "no organization": message(won(), org=""),
    "undeclared prefix": message(won()).replace(b"xmlns:sf=", b"xmlns:sg="),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_and_broken_bodies_are_quarantined(name):
    """400 in the one problem shape, quarantined with a reason, counted once; nothing reaches the business."""

    async def act(face):
        answers = [await face.push(HOSTILE[name]) for _ in range(2)]
        await asyncio.sleep(1)
        assert [set(a.json) for a in answers] == [{"code", "class", "retryable", "owner", "remediation", "detail"}] * 2
        return [a.status for a in answers], counts(face), face.business.heard

    assert through(act) == ([400, 400], {"accepted": 2, "quarantined": 1, "deduplicated": 1}, [])


def test_a_body_past_the_limit_is_refused_unread():
    """Also when it comes in pieces and says nothing of its length."""

    async def act(face):
        piece = b"x" * 65_536
        answer = await ask(face.app, "POST", f"/intake/salesforce/{SECRET}", chunks=[piece] * (BODY_MAX // len(piece) + 1))
        return answer.status, answer.json["code"], counts(face)

    assert through(act) == (413, "too_large", {})


def test_notifications_about_nothing_are_quarantined_and_acknowledged():
    """Another object, or a deleted record without data: sending it again would not help."""

    async def act(face):
        gone = "<Notification><Id>04l000000000009AAA</Id></Notification>"
        answers = [await face.push(message(body)) for body in (won(kind="Lead"), gone, won())]
        await asyncio.sleep(1)
        return [a.status for a in answers], counts(face)

    assert through(act) == ([200] * 3, {"accepted": 3, "quarantined": 2, "applied": 1})


def test_full_inbox_pushes_back_with_a_time_and_loses_nothing():
    """503 and Retry-After at the bound, nothing kept; what was pushed back is taken when there is room."""

    async def main(loop):
        async with standing(loop, serve=False, pending_max=2) as face:
            pushes = [
                message(won(id=f"04l00000000000{n}AAA", number=f"O-0000{n}", record=f"00600000000000{n}AAA")) for n in range(3)
            ]
            statuses = [(await face.push(push)).status for push in pushes]
            full = await face.push(pushes[2])
            serving = [loop.create_task(face.pump.serve()), loop.create_task(face.parts.engine.serve())]
            await asyncio.sleep(1)
            again = await face.push(pushes[2])
            await asyncio.sleep(1)
            for task in serving:
                task.cancel()
            return statuses, full.headers["retry-after"], full.json["retryable"], again.status, len(face.business.heard)

    assert live(main) == ([200, 200, 503], "5", True, 200, 3)


def test_a_crash_between_run_start_and_settling_starts_nothing_twice(tmp_path):
    """The notice is handed on again after the restart; the run's id is the same, so it is begun once."""
    begun = []

    async def note(given: str) -> None:
        begun.append(given)

    async def fn(run, given):
        await run.step(note, given)

    async def main(loop):
        path = str(tmp_path / "s.db")
        async with standing(loop, fn=fn, serve=False, path=path) as face:
            await face.push(message(won()))
            waiting = face.parts.inbox.due()[0]
            await face.business.on_event(waiting.notice)  # the power goes before `applied` is written
        async with standing(loop, fn=fn, path=path) as face:
            await asyncio.sleep(1)
            return counts(face), [view.id for view in await face.parts.engine.runs()]

    assert live(main) == ({"accepted": 1, "applied": 1}, ["p:O-00001"])
    assert begun == ["O-00001"]


def test_a_notice_nobody_can_handle_is_parked_on_the_desk_and_comes_back():
    """Its exception names the notice; a resubmit hands it on again and settles it."""

    async def act(face):
        await face.push(message(won()))
        await asyncio.sleep(1)
        parked, (exception,) = counts(face), (await face.get("/exceptions?state=open")).json
        await face.post(f"/exceptions/{exception['id']}/resubmit", {"note": "linked"})
        await asyncio.sleep(1)
        after = (await face.get(f"/exceptions/{exception['id']}")).json
        return parked, exception["code"], exception["subject"], counts(face), after["state"]

    business = Business([BusinessException("LINES_MISSING", "no SOW")])
    assert through(act, business=business) == (
        {"accepted": 1, "parked": 1}, "LINES_MISSING", "O-00001", {"accepted": 1, "applied": 1}, "resolved",
    )  # fmt: skip


def test_a_notice_that_breaks_its_handler_is_isolated():
    """Our own bug: tried some times, then parked for the platform; notices of other keys go on all the while."""

    async def act(face):
        await face.push(message(won()))
        await asyncio.sleep(3600)
        await face.push(message(won("04l000000000002AAA", "O-00002", "006000000000002AAA")))
        await asyncio.sleep(60)
        (exception,) = face.parts.desk.find()
        return counts(face), exception.code, exception.subject

    business = Business([KeyError("field")] * 5)
    assert through(act, business=business) == ({"accepted": 2, "parked": 1, "applied": 1}, "DEFECT", "O-00001")


def test_handing_on_is_tried_again_while_a_system_is_away():
    """Transient: put off as a row, then handed on; the pump is not idle meanwhile."""

    async def act(face):
        await face.push(message(won()))
        await asyncio.sleep(0.2)
        during = face.pump.idle()
        await asyncio.sleep(60)
        return during, face.pump.idle(), counts(face)

    business = Business([Transient("crm away", system="crm")] * 3)
    assert through(act, business=business) == (False, True, {"accepted": 1, "applied": 1})
