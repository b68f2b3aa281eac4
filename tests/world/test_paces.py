"""The same story over real sockets at a pace: uvicorn in front of everybody, the production sender, pushes and desk over HTTP."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import NamedTuple

import pytest

from scenarios.errors import UsageError
from scenarios.history import Call, Change, Claims, Mark, Push, Strike
from scenarios.loading import load_scenario
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail
from scenarios.progress import Progress
from scenarios.recorder import Recorder
from scenarios.resolve import Words, resolve
from scenarios.spec import Fault
from scenarios.world import check_speed, live_through
from scenarios.world.pace import check_pace

START_MS, DAY_MS, HEADS, DAYS = 1_765_756_800_000, 86_400_000, 12, 5
FAST = "100000"  # the story waits for the machine


class Told(NamedTuple):
    """What one run left."""

    changes: Counter[tuple[str, str, str]]
    calls: Counter[tuple[str, str, int]]
    pushes: list[int]
    strikes: int
    evidence: dict
    state: str
    broken: list[str]
    marks: dict[str, str]


def lived(speed: str, days: float, faults: tuple[Fault, ...] = ()) -> Told:
    rehearsal = resolve(
        load_scenario("clean-quarter").model_copy(update={"faults": faults}), Words(seed=1, heads=HEADS, speed=speed)
    )
    recorder, trail, records = Recorder(None), Trail(), []
    recorder.listeners += [trail.take, records.append]
    live_through(rehearsal, recorder, Progress(quiet=True), until_ms=START_MS + round(days * DAY_MS))
    recorder.close()
    judgement = judge(trail, None)

    def of(kind):
        return [r for r in records if type(r) is kind]

    return Told(
        Counter((c.system, c.kind, c.op) for c in of(Change)),
        Counter((c.system, c.operation, c.status) for c in of(Call)),
        [p.outcome for p in of(Push)],
        len(of(Strike)),
        of(Claims)[-1].evidence,
        judgement.state,
        [f"{f.id} {f.witness}" for f in judgement.invariants if f.verdict != "held"],
        {m.what: m.note for m in of(Mark)},
    )


@cache
def twin(days: float) -> Told:
    """The virtual run of the same story."""
    return lived("virtual", days)


def test_the_story_over_sockets_ends_in_the_virtual_run_s_state():
    """Five days: deals are won, pushed, set up and staffed; changes, calls, pushes and the business state are those of virtual time."""
    over, virtual = lived(FAST, DAYS), twin(DAYS)
    assert over.changes == virtual.changes
    assert over.changes["psa", "workspace", "create"] > 0
    assert over.pushes == virtual.pushes
    assert 200 in over.pushes
    assert over.calls == virtual.calls
    assert over.state == virtual.state
    assert not over.broken
    assert len(over.evidence["runs"]) == len(virtual.evidence["runs"]) > 0


def test_no_call_is_lost_to_the_pace():
    """However slow the machine, nobody gives up on an answer: the story waits."""
    pace = lived(FAST, 2).marks["pace"]
    assert pace.endswith(" 0 unanswered")


def test_the_wire_s_faults_strike_over_sockets_too():
    """Lost replies and requests are made by the same wire; the orchestrator gets over them and ends in the same state."""
    plan = tuple(Fault.model_validate({"id": id, "target": "erp", "share": 0.3}) for id in ("F-07", "F-08"))
    over = lived(FAST, DAYS, plan)
    assert over.strikes > 0
    assert over.state == twin(DAYS).state
    assert not over.broken


def test_a_speed_that_can_be_held_is_let_pass():
    """On loopback a call costs the story nothing, measured with the sender that will be used."""
    check_speed(resolve(load_scenario("clean-quarter"), Words(speed="20000")))
    check_speed(resolve(load_scenario("clean-quarter"), Words(speed="virtual")))


def test_a_speed_that_would_break_time_outs_is_refused_with_the_largest_that_works():
    """A minute's time-out against 2 ms of latency: a tenth of it is 3,000 simulated seconds a second."""
    check_pace(3_000, 0.002)
    with pytest.raises(UsageError, match=r"speed 20000 refused: .* allows 0 < speed <= 3000"):
        check_pace(20_000, 0.002)
