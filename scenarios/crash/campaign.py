"""`rehearse crash`: kill the orchestrator at every point of a scenario, one by one, then in seeded pairs, and count what held.

Points are all commits and all calls of runs, of the intake and of the desk. Of what comes back every hour and says nothing new (a
poller's watermark, its question) the first `IDLE_KEPT` of each kind are tried; how many are left out is counted in `idle_left_out`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from scenarios.clock.draws import u
from scenarios.crash.forks import KILL, Crashed, Forks, Plan, flush
from scenarios.crash.likeness import REST_MS, Album, next_look
from scenarios.crash.points import Point
from scenarios.errors import UsageError
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail
from scenarios.power import plant
from scenarios.progress import Progress, Stopwatch
from scenarios.recorder import Recorder
from scenarios.resolve import Rehearsal
from scenarios.runner import rehearse, twin_of
from scenarios.spec import Fault
from scenarios.verdict import EXIT_CODES, GRAVITY, worst
from scenarios.world.living import Pause, live_through, story_of

IDLE_KEPT = 2
SECOND_MAX = 60  # so many points after a restart, at most, comes the second death of a pair
FAILURES_KEPT = 20
WITNESS_MAX = 400
WHOLE_EVERY = 20
IDLE = re.compile(r"note:poll:|poll-|sign-in|:(crm|psa|erp):")


def is_idle(point: Point) -> bool:
    """A point of no run that comes again and again: a poller's watermark or question."""
    return not point.run and IDLE.search(point.step) is not None


def is_tried(point: Point) -> bool:
    """Whether the campaign dies at this point."""
    return not is_idle(point) or point.nth <= IDLE_KEPT


class Campaign:
    """One scenario's crashes, at every `stride`-th of the points that are `tried`.

    Every `WHOLE_EVERY`-th run is lived to its end even when it need not be, to check the short cut.
    """

    def __init__(
        self, rehearsal: Rehearsal, *, jobs: int = 1, stride: int = 1, tried: Callable[[Point], bool] = is_tried
    ) -> None:
        if rehearsal.scenario.design != "core" or rehearsal.speed != "virtual":
            raise UsageError("crash needs the design core in virtual time; name another scenario")
        self.rehearsal, self.jobs, self.stride, self.is_tried = rehearsal, jobs, stride, tried
        self.twin = twin_of(with_deaths(rehearsal, (Point("", "*", "after-commit"),)), quiet=True)
        self.begin_ms = story_of(rehearsal).start_ms
        self.points: list[Point] = []
        self.left_out = self.begun = 0
        self.album = Album()
        self.undisturbed = self._undisturbed()

    def _undisturbed(self) -> str:
        """Live the story without a crash: its verdict, and pictures of it on the way."""
        lived = Lived(self)

        def look(world: Any) -> None:
            lived.look_every(world, lambda at: self.album.take(at, world, lived.trail))

        lived.through(look)
        return worst(judge(lived.trail, self.twin).invariants)

    def singles(self) -> list[Crashed]:
        """Die once at every point that is tried."""

        def wanted(point: Point) -> bool:
            if not self.is_tried(point):
                self.left_out += 1
                return False
            self.points.append(point)
            if (len(self.points) - 1) % self.stride:
                return False
            self.begun += 1
            return True

        return self._crashed(Plan(wanted, jobs=self.jobs))

    def pairs(self, count: int) -> list[Crashed]:
        """Die at `count` points drawn from the seed, and each time once more soon after the restart."""
        order = sorted(self.points, key=lambda point: u(self.rehearsal.seed, "crash pair", *point))
        chosen = set(order[:count])

        def second(point: Point) -> int:
            return 1 + int(u(self.rehearsal.seed, "second crash", *point) * SECOND_MAX)

        return self._crashed(Plan(chosen.__contains__, second, self.jobs))

    def _crashed(self, plan: Plan) -> list[Crashed]:
        """Live the story once as the parent; every child comes out of `through` too, and ends there."""
        lived, forks = Lived(self), list[Forks]()

        def look(world: Any) -> None:
            forks.append(Forks(plan, world.clock, lived.recorder.take))
            forks[0].watch(world.orchestrator)
            forks[0].on_death = lambda: self._look_for_likeness(lived, forks[0], world)

        flush()
        try:
            lived.through(look)
        except BaseException:
            if forks and forks[0].is_child:
                forks[0].finish(forks[0].unknown)
            raise
        if forks[0].is_child:
            forks[0].finish(lambda: self._judged(forks[0], lived.trail))
        forks[0].wait()
        return forks[0].results

    def _look_for_likeness(self, lived: Lived, forks: Forks, world: Any) -> None:
        """In a child: end it once its world looks like the undisturbed one, unless this run checks that short cut."""
        if self.undisturbed != "held" or self.begun % WHOLE_EVERY == 1:
            return

        def compare(at: int) -> None:
            if world.orchestrator.life.alive and not world.orchestrator.watchers and self.album.shows(at, world, lived.trail):
                forks.finish(lambda: Crashed(tuple(forks.died_at), "held", cpu_s=forks.watch_s.cpu_s(), alike=True))

        lived.look_every(world, compare, after=world.clock() + REST_MS)

    def _judged(self, forks: Forks, trail: Trail) -> Crashed:
        findings = judge(trail, self.twin).invariants
        word = worst(findings)
        first = next((finding for finding in findings if finding.verdict == word != "held"), None)
        deaths = tuple(forks.died_at)
        witness = first.witness[:WITNESS_MAX] if first else ""
        return Crashed(deaths, word, first.id if first else "", witness, forks.watch_s.cpu_s())


class Lived:
    """One living through of a campaign's story, with nothing written."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign, self.recorder, self.trail = campaign, Recorder(None), Trail()
        self.recorder.listeners.append(self.trail.take)

    def through(self, look: Callable[[Any], None]) -> None:
        """Live it; `look(world)` is called when the world stands."""
        rehearsal, pause = self.campaign.rehearsal, Pause(self.campaign.begin_ms, look)
        with plant(rehearsal.planted):
            live_through(rehearsal, self.recorder, Progress(quiet=True), pause=pause)

    def look_every(self, world: Any, look: Callable[[int], None], after: int = 0) -> None:
        """Call `look(instant)` on the grid from now on; it is no event of the story."""
        at = next_look(max(after, world.clock()))

        def ring() -> None:
            look(at)
            self.look_every(world, look, at)

        world.loop.ring_before((at - self.campaign.begin_ms) / 1000, ring)


def with_deaths(rehearsal: Rehearsal, points: tuple[Point, ...]) -> Rehearsal:
    """The same rehearsal with each death as a line of its fault plan: what a replay file of a crash holds."""
    lines = tuple(Fault(id=KILL, target="core", params=point._asdict()) for point in points)
    scenario = rehearsal.scenario.model_copy(update={"faults": (*rehearsal.scenario.faults, *lines)})
    return replace(rehearsal, scenario=scenario)


def crash(rehearsal: Rehearsal, out: Path, *, pairs: int = 0, jobs: int = 1, stride: int = 1) -> dict[str, Any]:
    """Run the whole campaign; return the JSON object of `rehearse crash --json` with its exit code. Failures are lived again by name
    and left in `out`, each a folder with a replay file.
    """
    campaign = Campaign(rehearsal, jobs=jobs, stride=stride)
    watch, cpu_s = Stopwatch(), spent_s()
    results = campaign.singles()
    if pairs:
        results += campaign.pairs(pairs)
    seconds, cpu_s = watch.wall_s(), spent_s() - cpu_s
    failed = [each for each in results if each.verdict != "held"]
    failures = [kept(rehearsal, each, out / f"{place:03}") for place, each in enumerate(failed[:FAILURES_KEPT], 1)]
    counts = {word: sum(each.verdict == word for each in results) for word in ("held", "broken", "unsettled", "unknown")}
    gravest = max((each.verdict for each in results), key=GRAVITY.index, default="unknown")
    return {
        "scenario": rehearsal.name, "seed": rehearsal.seed, "preset": rehearsal.scenario.preset,
        "points": len(campaign.points), "idle_left_out": campaign.left_out, "runs": len(results), "pairs": pairs, **counts,
        "undisturbed": campaign.undisturbed, "lived_to_the_end": sum(not each.alike for each in results),
        "seconds": round(seconds, 3), "runs_per_second": round(len(results) / max(seconds, 1e-9), 3),
        "runs_per_cpu_second": round(len(results) / max(cpu_s, 1e-9), 3),
        "failures": failures, "failures_not_shown": max(0, len(failed) - FAILURES_KEPT), "exit_code": EXIT_CODES[gravest],
    }  # fmt: skip


def spent_s() -> float:
    """CPU seconds of this process and of the children it has heard out."""
    return sum(part for who in (RUSAGE_SELF, RUSAGE_CHILDREN) for part in getrusage(who)[:2])


def kept(rehearsal: Rehearsal, failed: Crashed, folder: Path) -> dict[str, Any]:
    """Live a failure again from its names alone, so that its folder can be replayed; say whether it came out the same."""
    verdict, folder = rehearse(with_deaths(rehearsal, failed.points), folder, quiet=True)
    return {
        "points": [point._asdict() for point in failed.points], "verdict": failed.verdict, "invariant": failed.invariant,
        "witness": failed.witness, "dir": str(folder), "replayed": verdict.verdict,
    }  # fmt: skip
