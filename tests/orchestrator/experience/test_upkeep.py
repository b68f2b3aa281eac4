"""Healing after a crash, escalation at due times, alerts raised once."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

from orchestrator.engine.port import BusinessException
from orchestrator.experience.upkeep import Upkeep, carry_out, heal
from orchestrator.observe.watch import Pulse
from orchestrator.store.alerts import Raised
from tests.orchestrator.experience.face import CAP, standing, through
from tests.orchestrator.virtual import live

HOUR = 3_600_000


async def refuses(run, given):
    raise BusinessException("TERMS_MISSING", "no terms", subject=given)


def test_run_parked_just_before_a_crash_is_on_the_desk_after_the_restart(tmp_path):
    """The desk's row was never written: start-up finds the parked run, once."""

    async def main(loop):
        path = str(tmp_path / "s.db")
        async with standing(loop, fn=refuses, path=path) as face:
            face.parts.engine._on_state = None  # the power goes between the two commits
            await face.parts.engine.start("p", "S-00001", id="r")
            await asyncio.sleep(1)
            before = face.parts.desk.find()
        async with standing(loop, fn=refuses, path=path) as face:
            for _ in range(2):
                await heal(face.parts.engine, face.parts.desk)
            return before, [(view.code, view.run, view.state) for view in face.parts.desk.find()]

    assert live(main) == ([], [("TERMS_MISSING", "r", "open")])


def test_resubmit_cut_off_before_its_effect_is_open_again_after_the_restart(tmp_path):
    """The desk says resubmitted, the run is still parked: reopened, so the clerk sees it."""

    async def main(loop):
        path = str(tmp_path / "s.db")
        async with standing(loop, fn=refuses, path=path) as face:
            await face.parts.engine.start("p", "S-00001", id="r")
            await asyncio.sleep(1)
            face.parts.desk.resubmit("X-00001", by="ann", note="set")
        async with standing(loop, fn=refuses, path=path, serve=False) as face:
            await heal(face.parts.engine, face.parts.desk)
            return face.parts.desk.get("X-00001").state

    assert live(main) == "open"


def test_run_that_ended_just_before_a_crash_leaves_the_desk(tmp_path):
    """A live exception of a run that is no longer parked is resolved at start-up."""

    async def main(loop):
        path = str(tmp_path / "s.db")
        async with standing(loop, fn=refuses, path=path) as face:
            await face.parts.engine.start("p", "S-00001", id="r")
            await asyncio.sleep(1)
            face.parts.engine._on_state = None
            await face.parts.engine.abandon("r", reason="x", by="ann")
            await asyncio.sleep(1)
        async with standing(loop, fn=refuses, path=path, serve=False) as face:
            await heal(face.parts.engine, face.parts.desk)
            return face.parts.desk.get("X-00001").state

    assert live(main) == "resolved"


def test_overdue_exceptions_are_escalated_and_late_things_alerted_once():
    """On a grid, by name, one line each."""

    async def act(face):
        face.pulse = Pulse(away={"erp": 0})
        id = face.parts.desk.open(CAP)
        upkeep = asyncio.get_running_loop().create_task(Upkeep(face.parts).serve())
        await asyncio.sleep(72 * 3600)
        upkeep.cancel()
        events = [json.loads(line) for line in face.lines]
        told = [(event["event"], event.get("subject") or event.get("id"), event["at"]) for event in events]
        face.pulse = Pulse()
        Upkeep(face.parts).look()
        return told, face.parts.desk.get(id).escalated_at, face.parts.alerts.all()

    told, escalated_at, alerts = through(act)
    assert told == [("alert-raised", "erp", HOUR // 2), ("exception-escalated", "X-00001", 48 * HOUR)]
    assert escalated_at == 48 * HOUR
    assert alerts == [Raised(HOUR // 2, "system_unreachable", "erp", "all", "erp", 0, 72 * HOUR)]


def test_what_fell_due_while_the_program_was_down_is_escalated_at_its_start():
    """Not a quarter of an hour later: it lies long enough already."""

    async def act(face):
        id = face.parts.desk.open(CAP)
        await asyncio.sleep(49 * 3600 + 60)
        upkeep = asyncio.get_running_loop().create_task(Upkeep(face.parts).serve())
        await asyncio.sleep(1)
        upkeep.cancel()
        return face.parts.desk.get(id).escalated_at

    assert through(act) == 49 * HOUR + 60_000


def test_what_a_clerk_decided_before_a_crash_is_carried_out_after_the_restart():
    """Decision and effect are two transactions: an item waived or sent on, and a notice sent on, get the second one at start-up."""
    done = []

    class Decisions:
        """Each kind of exception, in the state that its clerk left it in."""

        def find(self, *, state, limit):
            assert limit
            kinds = ("item", "inbox", "run")
            facts = {"sender": "crm", "sender_id": "n-1"}
            return [SimpleNamespace(kind=kind, id=f"{state}-{kind}", facts=facts) for kind in kinds]

    class Operations:
        async def written_off(self, view):
            done.append(("written off", view.id))

        async def again(self, view):
            done.append(("again", view.id))

    inbox = SimpleNamespace(release=lambda *of: done.append(("released", of)))
    asyncio.run(carry_out(SimpleNamespace(desk=Decisions(), operations=Operations(), inbox=inbox)))
    assert done == [("written off", "waived-item"), ("again", "resubmitted-item"), ("released", ("crm", "n-1"))]
