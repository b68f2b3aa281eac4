"""The HTTP face keeps what its OpenAPI says, whatever is sent and in whatever state its desk is."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import Transient
from orchestrator.experience.people import Person
from tests.openapi import FEW, cases, conforms, operations
from tests.orchestrator.experience.face import CAP, TOKENS, Business, Face, message, standing, through, won
from tests.orchestrator.virtual import Loop, live

EVERYTHING = Person("all", frozenset({"clerk", "controller", "billing", "reader", "evidence"}))


def declared():
    """The document, from a face that never serves."""

    async def main(loop):
        face = Face(loop, Business(), None)
        try:
            return inner(face.app).openapi()
        finally:
            face.parts.engine.db.close()

    return live(main)


def inner(app):
    """The FastAPI application behind what counts and what limits bodies."""
    return app._app._app


OPERATIONS = operations(declared())
OPEN = {"GET /health"}
READS = {"GET /exceptions", "GET /runs", "GET /kpis", "GET /evidence", "GET /metrics", "GET /health"}


@contextmanager
def kept_open():
    """(face, do): a furnished face that stands still between questions; `do(act(face))` lets it go on until that has ended."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    frame = standing(loop, serve=False)
    face = loop.run_until_complete(frame.__aenter__())
    try:
        loop.run_until_complete(furnished(face))
        yield face, loop.run_until_complete
    finally:
        loop.run_until_complete(frame.__aexit__(None, None, None))
        asyncio.set_event_loop(None)
        loop.close()


async def furnished(face):
    """An open exception of each kind, a run, a notice that was kept: something to be shown."""
    face.parts.desk.open(CAP)
    face.parts.desk.open(dataclasses.replace(CAP, subject="S-2", source="TE-8", kind="run"))
    face.parts.crossrefs.link("S-00001", "7", system="erp", type="job")
    await face.push(message(won()))
    await face.parts.engine.start("p", "S-00001", id="run:1")


def before(face):
    """What a refused call may not change."""
    return face.parts.desk.acts(), face.parts.inbox.counts(), face.parts.audit.length(), len(face.business.heard)


def aimed(label, face):
    """Requests about things there are, so that answers with something in them are seen too."""
    ids = [view.id for view in face.parts.desk.find(limit=10)] + ["run:1", "S-00001"]
    if "{id}" not in label and "{key}" not in label:
        return OPERATIONS[label].as_strategy()
    return st.sampled_from(ids).flatmap(
        lambda known: OPERATIONS[label].as_strategy(path_parameters={"key" if "{key}" in label else "id": known})
    )


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_declared(label, monkeypatch):
    """Status, type and shape; what breaks the declaration is refused; strangers and those without a role get the one shape too."""
    monkeypatch.setitem(TOKENS, "all-token", EVERYTHING)
    seen = set()
    tokens = st.sampled_from(("all-token", "all-token", "all-token", "rita-token", "nobody", None))
    with kept_open() as (face, do):

        @FEW
        @given(case=st.one_of(cases(OPERATIONS[label]), aimed(label, face)), token=tokens)
        def ask(case, token):
            was, reads = before(face), label in READS and token == "all-token"
            status = do(conforms(face.app, case, token=token, accepts=reads))
            if status >= 400 and "/intake/" not in label:
                assert before(face) == was
            seen.add(status)

        ask()
    assert seen & {200, 202} or "/intake/" in label


IDS = st.sampled_from(("EX-000001", "EX-000002", "EX-000009", "é", "a b", "%", "x" * 300))


@FEW
@given(data=st.data(), decisions=st.lists(st.tuples(IDS, st.sampled_from(("resubmit", "waive"))), min_size=1, max_size=4))
def test_decisions_in_any_order_are_done_or_refused(data, decisions):
    """The same exception twice, the other way round, one that is not there: 200, 403, 404 or 409, as declared."""

    async def act(face):
        await furnished(face)
        known = [view.id for view in face.parts.desk.find(limit=10)]
        for which, verb in decisions:
            operation = OPERATIONS[f"POST /exceptions/{{id}}/{verb}"]
            id = known[int(which[-1]) % len(known)] if which.startswith("EX-") else which
            body = {"resubmit": {"note": "fixed"}, "waive": {"reason": "goodwill"}}[verb]
            case = data.draw(operation.as_strategy(path_parameters={"id": id}, body=body))
            await conforms(face.app, case, token="carl-token")

    through(act)


def test_a_face_that_cannot_take_more_says_so_as_declared():
    """503 of a full inbox is declared; nothing was taken."""

    async def main(loop: Loop):
        async with standing(loop, business=Business([Transient("later")] * 9), pending_max=1) as face:
            first = await face.push(message(won()))
            second = await face.push(message(won(id="04l000000000002AAA", number="O-2", record="006000000000002AAA")))
            return (
                first.status,
                second.status,
                "503" in inner(face.app).openapi()["paths"]["/intake/salesforce/{secret}"]["post"]["responses"],
            )

    assert live(main) == (200, 503, True)
