"""Faults of the orchestrator's own life: it is killed at a point that is named by meaning. Target `core`, the machine it runs on."""

from __future__ import annotations

from typing import Any

from scenarios.faults.kinds import ALWAYS, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted

CORE, ANYWHERE = ("core",), "*"
POSITIONS = ("before-send", "after-send", "before-commit", "after-commit")


def kill(fault: Planted, site: Site) -> None:
    """F-72: the machine dies when it comes by the point for the n-th time, and comes back on what was durable."""
    machine, lost, came_by = site.machine, int(fault.parameter("lost_commits")), [0]
    wanted = {name: fault.parameter(name) for name in ("run", "step", "position", "nth")}
    machine.tail_max = max(machine.tail_max, lost)

    def is_it(point: Any) -> bool:
        if wanted["step"] != ANYWHERE:
            return bool(point._asdict() == wanted) and fault.is_on()
        if fault.times or not fault.is_on():
            return False
        came_by[0] += 1
        return bool(came_by[0] == wanted["nth"])

    def passed(point: Any) -> bool:
        if not is_it(point):
            return False
        fault.struck(str(point))
        machine.down_s, machine.lost_commits = fault.parameter("down_ms") / 1000, lost
        return True

    machine.watchers.append(passed)


RUN = Parameter("", "the run's id; empty: intake, pollers and other work without a run")
STEP = Parameter(ANYWHERE, "a journal entry, rest:STATE, start, or the table written; for a call also :SYSTEM:METHOD; * is any")
POSITION = Parameter("after-commit", "which side of the commit or call", words=POSITIONS)
NTH = Parameter(1, "which of equal points", 1)
DOWN = Parameter(5_000, "milliseconds until the next start", 1)
LOST = Parameter(0, "last transactions that a power cut takes along (synchronous=normal)", 0, 1_000)

KINDS = (
    FaultKind(
        "F-72", "the orchestrator is killed at a point named by run, step and position", "process", kill, CORE,
        {"run": RUN, "step": STEP, "position": POSITION, "nth": NTH, "down_ms": DOWN, "lost_commits": LOST},
        drawn=Drawn(share=ALWAYS, params={"nth": (1, 300), "down_ms": (1_000, 600_000)}),
    ),
)  # fmt: skip
