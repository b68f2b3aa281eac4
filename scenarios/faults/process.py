"""Faults of the orchestrator's own life: killed, taken over, restored, deployed, flooded, and operators who do things twice.

Target `core`: the machine it runs on (`site.machine`) and the desk people reach it by (`site.desk`). None of them looks into its store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from scenarios.faults.kinds import ALWAYS, DAY_MS, HOUR_MS, MINUTE_MS, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted

CORE, ANYWHERE = ("core",), "*"
POSITIONS = ("before-send", "after-send", "before-commit", "after-commit")
QUEUES = ("sales-ops", "finance-ops", "project-ops")
DOWN_MS = 5_000


def meets(fault: Planted) -> Callable[[Any], bool]:
    """Whether a point is the one that the line names; `*` is the n-th of any kind within the window. Strikes once."""
    wanted = {name: fault.parameter(name) for name in ("run", "step", "position", "nth")}
    came_by = 0

    def is_it(point: Any) -> bool:
        nonlocal came_by
        if fault.times or not fault.is_on():
            return False
        if wanted["step"] != ANYWHERE:
            return bool(point._asdict() == wanted)
        came_by += 1
        return bool(came_by == wanted["nth"])

    return is_it


def kill(fault: Planted, site: Site) -> None:
    """F-72: the machine dies when it comes by the point for the n-th time, and comes back on what was durable."""
    machine, lost, is_it = site.machine, int(fault.parameter("lost_commits")), meets(fault)
    machine.tail_max = max(machine.tail_max, lost)

    def passed(point: Any) -> bool:
        if not is_it(point):
            return False
        fault.struck(str(point))
        machine.down_s, machine.lost_commits = fault.parameter("down_ms") / 1000, lost
        return True

    machine.watchers.append(passed)


def take_over(fault: Planted, site: Site) -> None:
    """F-73, F-74: a second worker opens the store while the first one is at work, or asleep at this very point."""
    machine, is_it = site.machine, meets(fault)
    paused_s = fault.parameter("paused_ms") / 1000 if "paused_ms" in fault.kind.params else 0.0

    def passed(point: Any) -> bool:
        if is_it(point):
            fault.struck(str(point))
            machine.take_over(paused_s)
        return False

    machine.watchers.append(passed)


def down(fault: Planted, site: Site) -> None:
    """F-75: dead for the whole window; what came meanwhile is a backlog at the restart."""
    begin, end = fault.window

    def die() -> None:
        if site.machine.life.alive:
            fault.struck("down until the end of the window")
            site.machine.down_s = (end - begin) / 1000
            site.machine.kill()

    fault.at(begin, die)


def flood(fault: Planted, site: Site) -> None:
    """F-77: the inbox has room for that many notices only; whoever comes later is told to come again."""
    begin, end = fault.window

    def room() -> None:
        if begin <= site.clock() < end:
            site.machine.life.core.parts.inbox.pending_max = int(fault.parameter("room"))

    def narrow() -> None:
        fault.struck(f"room for {fault.parameter('room')} notices")
        site.machine.on_restart.append(room)
        before = site.machine.life.core.parts.inbox.pending_max
        room()
        fault.at(end, lambda: setattr(site.machine.life.core.parts.inbox, "pending_max", before))

    fault.at(begin, narrow)


def deploy(fault: Planted, site: Site) -> None:
    """F-79: the next version of every process is deployed while runs of the present one are under way."""

    def roll() -> None:
        fault.struck(f"version {site.machine.versions + 1} of every process")
        site.machine.versions += 1
        site.machine.down_s = DOWN_MS / 1000
        site.machine.kill()

    fault.at(fault.window[0], roll)


def away(fault: Planted, site: Site) -> None:
    """F-80: nobody looks into a queue of the desk within the window; what lies there must be told to somebody else."""
    before = site.desk.is_away

    def is_away(queue: str) -> bool:
        if queue != fault.parameter("queue") or not fault.is_on():
            return bool(before(queue))
        fault.struck(f"nobody looks into {queue}")
        return True

    site.desk.is_away = is_away


def restore(fault: Planted, site: Site) -> None:
    """F-81: at the end of the window the store is what it was at its beginning. Who had asked for billing in between asks again."""
    machine, (begin, end) = site.machine, fault.window
    held: list[bytes] = []

    async def ask_again(orders: list[tuple[str, str, int]]) -> None:
        for entity, period, cut_off in orders:
            await insisted(lambda: site.desk.start_billing(entity, period, cut_off))  # noqa: B023 - awaited at once

    def back() -> None:
        fault.struck("the store is restored from a copy")
        orders = [order for order in site.desk.ordered if order[2] >= begin]
        machine.older, machine.down_s = held[0], DOWN_MS / 1000
        if machine.life.alive:
            machine.kill()
        later(fault, lambda: ask_again(orders))

    fault.at(begin, lambda: held.append(machine.image()))
    fault.at(end, back)


def resubmit(fault: Planted, site: Site) -> None:
    """F-76: within the window an operator sends everything that waits on again and again, and mends nothing."""

    async def replay() -> None:
        for queue in QUEUES:
            for item in await site.desk.listed(queue):
                fault.struck(f"{item['code']} {item['subject']} sent on as it is")
                await site.desk.resubmit(str(item["id"]), "replayed by an operator")

    every(fault, replay)


def replay_range(fault: Planted, site: Site) -> None:
    """F-78: an operator sends pushes of the last hours again, and asks again for every billing run that was done."""

    async def replay() -> None:
        fault.struck("an applied range is replayed")
        for push in tuple(site.sent)[-int(fault.parameter("pushes")) :]:
            await insisted(lambda: site.push(push))  # noqa: B023 - awaited at once
        for order in tuple(site.desk.ordered):
            await insisted(lambda: site.desk.start_billing(*order))  # noqa: B023 - awaited at once

    fault.at(fault.window[0], lambda: later(fault, replay, wait_ms=0))


def sweep_twice(fault: Planted, site: Site) -> None:
    """F-82: the scheduler runs every sweep a second time, while the first may be under way."""

    async def sweep() -> None:
        if site.machine.life.alive:
            fault.struck("every sweep once more")
            await site.machine.life.core.sweep()

    every(fault, sweep)


def every(fault: Planted, do: Callable[[], Awaitable[None]]) -> None:
    """Do something at a pace within the window; what a dead orchestrator refuses is done the next time."""
    begin, end = fault.window
    pace = int(fault.parameter("every_ms"))

    async def go_on() -> None:
        at = begin
        while at < end:
            await insisted(do, tries=1)
            at += pace
            await asyncio.sleep(pace / 1000)

    fault.at(begin, lambda: later(fault, go_on, wait_ms=0))


def later(fault: Planted, do: Callable[[], Awaitable[None]], wait_ms: int = 2 * DOWN_MS) -> None:
    """Begin a task of an operator's after a while; the plan keeps it alive."""

    async def work() -> None:
        await asyncio.sleep(wait_ms / 1000)
        await do()

    fault.tasks.append(asyncio.get_running_loop().create_task(work(), name=f"operator-{fault.fault.id}"))


async def insisted(do: Callable[[], Awaitable[Any]], tries: int = 60) -> None:
    """Do something at the orchestrator, again each minute while nobody answers; a refusal is an answer."""
    for _ in range(tries):
        try:
            await do()
        except Exception as error:
            refused = getattr(error, "code", "unavailable" if isinstance(error, OSError) else "")
            if not refused:
                raise  # a mistake of ours, no answer of the orchestrator's
            if refused != "unavailable":
                return
            await asyncio.sleep(MINUTE_MS / 1000)
        else:
            return


RUN = Parameter("", "the run's id; empty: intake, pollers and other work without a run")
STEP = Parameter(ANYWHERE, "a journal entry, rest:STATE, start, or the table written; for a call also :SYSTEM:METHOD; * is any")
POSITION = Parameter("after-commit", "which side of the commit or call", words=POSITIONS)
NTH = Parameter(1, "which of equal points", 1)
POINT = {"run": RUN, "step": STEP, "position": POSITION, "nth": NTH}
DOWN = Parameter(DOWN_MS, "milliseconds until the next start", 1)
LOST = Parameter(0, "last transactions that a power cut takes along (synchronous=normal)", 0, 1_000)
PAUSED = Parameter(30_000, "milliseconds the first worker sleeps", 1, 3_600_000)
ROOM = Parameter(0, "notices the inbox has room for")
QUEUE = Parameter("sales-ops", "whose clerk is away", words=QUEUES)
PACE = Parameter(HOUR_MS, "milliseconds between two tries", MINUTE_MS)
PUSHES = Parameter(50, "the last pushes that are sent again", 1, 10_000)
SOMEWHERE: dict[str, tuple[float, float]] = {"nth": (1, 60)}
"""A window of an hour of the smallest firm passes some dozens of points: a higher number would never be reached."""

KINDS = (
    FaultKind(
        "F-72", "the orchestrator is killed at a point named by run, step and position", "process", kill, CORE,
        {**POINT, "down_ms": DOWN, "lost_commits": LOST}, drawn=Drawn(share=ALWAYS, params={**SOMEWHERE, "down_ms": (1_000, 600_000)}),
    ),
    FaultKind(
        "F-73", "a second worker takes the store over while the first one works", "process", take_over, CORE, POINT,
        drawn=Drawn(share=ALWAYS, params=SOMEWHERE),
    ),
    FaultKind(
        "F-74", "a paused worker wakes up after another took its work", "process", take_over, CORE, {**POINT, "paused_ms": PAUSED},
        drawn=Drawn(share=ALWAYS, params={**SOMEWHERE, "paused_ms": (1_000, 55_000)}),
    ),
    FaultKind(
        "F-75", "the orchestrator is down for a time and restarts with a backlog", "process", down, CORE, windowed=True,
        drawn=Drawn((10 * MINUTE_MS, 4 * HOUR_MS), ALWAYS, down=True),
    ),
    FaultKind(
        "F-76", "an operator sends on what waits, and mends nothing", "process", resubmit, CORE, {"every_ms": PACE}, windowed=True,
        drawn=Drawn((HOUR_MS, DAY_MS), ALWAYS, {"every_ms": (20 * MINUTE_MS, 4 * HOUR_MS)}),
    ),
    FaultKind(
        "F-77", "the inbox is full: who comes is told to come again", "process", flood, CORE, {"room": ROOM}, windowed=True,
        drawn=Drawn((10 * MINUTE_MS, 6 * HOUR_MS), ALWAYS, {"room": (0, 3)}),
    ),
    FaultKind(
        "F-78", "an operator replays what was applied already", "process", replay_range, CORE, {"pushes": PUSHES}, windowed=True,
        drawn=Drawn(share=ALWAYS, params={"pushes": (1, 200)}),
    ),
    FaultKind(
        "F-79", "new versions of all processes are deployed while runs are under way", "process", deploy, CORE, windowed=True,
        drawn=Drawn(share=ALWAYS),
    ),
    FaultKind(
        "F-80", "a clerk is away: what waits for a person is told to somebody else", "process", away, CORE, {"queue": QUEUE}, windowed=True,
        drawn=Drawn((4 * HOUR_MS, 3 * DAY_MS), ALWAYS),
    ),
    FaultKind(
        "F-81", "the store is restored from an older copy of itself", "process", restore, CORE, windowed=True,
        drawn=Drawn((MINUTE_MS, 30 * MINUTE_MS), ALWAYS),
    ),
    FaultKind(
        "F-82", "the scheduler runs every sweep twice", "process", sweep_twice, CORE, {"every_ms": PACE}, windowed=True,
        drawn=Drawn((HOUR_MS, DAY_MS), ALWAYS, {"every_ms": (20 * MINUTE_MS, 4 * HOUR_MS)}),
    ),
)  # fmt: skip
