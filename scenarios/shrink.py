"""Make a broken run small: the fewest faults, the shortest windows, the fewest deals and weeks of work that break the same promise.

Delta debugging (ddmin, Zeller and Hildebrandt 2002) over the fault plan, then over each fault's window and share, then over the firm,
then over days. Nothing that is left moves, because chance is drawn by meaning and a line keeps its place. Every candidate is a run of
its own; a bound of runs and seconds ends the search with the smallest so far. `shrink_run` is the way in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from scenarios.errors import HarnessError, UsageError
from scenarios.faults.plan import FAULTS
from scenarios.faults.profiles import WHOLE_STORY
from scenarios.files import write_file
from scenarios.history import Record, Strike
from scenarios.oracle.judge import judge
from scenarios.progress import Stopwatch
from scenarios.replay import read_replay, rehearsal_of
from scenarios.resolve import Rehearsal
from scenarios.runner import rehearse, run_once, twin_of
from scenarios.spec import Fault
from scenarios.tracing import at_any_time, keys_in, pinned, shorter, story_of_run
from scenarios.verdict import Finding, Verdict

T = TypeVar("T")
Tell = Callable[[str], None]
DAY_MS = 86_400_000
NAMED_MAX = 12
NEEDS_TWIN = frozenset({"INV-51", "INV-56"})


@dataclass(frozen=True)
class Bounds:
    """How much may be spent: candidate runs and wall seconds."""

    runs_max: int = 300
    seconds_max: float = 300.0


@dataclass(frozen=True)
class Found:
    """What a candidate run showed of the promise: its finding, and the strikes in their order."""

    finding: Finding
    strikes: tuple[Strike, ...]


@dataclass
class Shrunk:
    """What came of it. `counts`: {what: (before, after)}."""

    rehearsal: Rehearsal
    found: Found
    runs: int = 0
    seconds: float = 0.0
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)


def shrink_run(
    source: Path, out: Path | None, bounds: Bounds, tell: Tell, *, invariant: str = ""
) -> tuple[Shrunk, Verdict, Path]:
    """Shrink the run of a folder or replay file into `source/shrunk`; return what came of it, the small run's verdict and folder.

    Raises UsageError when there is nothing to shrink, HarnessError when the run does not break again.
    """
    path = source / "replay.json" if source.is_dir() else source
    rehearsal = rehearsal_of(read_replay(path), path)
    if rehearsal.speed != "virtual":
        raise UsageError(f"{path} ran at speed {rehearsal.speed}; only virtual runs repeat exactly, so only they can be shrunk")
    search = Search(target_of(path, invariant), bounds, tell)
    shrunk = search.shrink(rehearsal)
    folder = out or path.parent / "shrunk"
    verdict, folder = rehearse(shrunk.rehearsal, folder, quiet=True)
    write_file(folder / "story.txt", "\n".join(story_of_run(folder, shrunk.found.finding.witness)).encode() + b"\n")
    return shrunk, verdict, folder


def target_of(path: Path, invariant: str) -> tuple[str, str]:
    """(invariant, verdict) that must be seen again: the one asked for, else the first that decided the run's verdict."""
    try:
        held = msgspec.json.decode((path.parent / "verdict.json").read_bytes(), type=Verdict)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{path.parent / 'verdict.json'} can not be read ({error}); give the folder of a run") from error
    failed = [f for f in held.invariants if f.verdict in ("broken", "unsettled")]
    if invariant:
        failed = [f for f in failed if f.id == invariant]
    else:
        failed = [f for f in failed if f.verdict == held.verdict]
    if not failed:
        raise UsageError(f"{path.parent} has nothing to shrink: {invariant or 'every promise'} is not broken in it")
    return failed[0].id, failed[0].verdict


class Search:
    """One search: candidates are tried, the smallest that still breaks is kept."""

    def __init__(self, target: tuple[str, str], bounds: Bounds, tell: Tell) -> None:
        self.target, self.bounds, self.tell = target, bounds, tell
        self.runs, self.watch = 0, Stopwatch()
        self.tried: dict[str, Found | None] = {}

    def shrink(self, rehearsal: Rehearsal) -> Shrunk:
        """Make it smaller, one dimension after the other. Raises HarnessError when it does not break at all."""
        found = self.breaks(rehearsal, "the run as it was")
        if found is None:
            raise HarnessError(f"{self.target[0]} is not {self.target[1]} when the run is repeated; nothing can be shrunk")
        shrunk = Shrunk(rehearsal, found)
        before = size_of(rehearsal)
        for step in (self.usual_order, self.fewer_faults, self.fewer_deals, self.smaller_faults, self.less_work, self.fewer_days):
            step(shrunk)
        shrunk.runs, shrunk.seconds = self.runs, round(self.watch.wall_s(), 1)
        after = size_of(shrunk.rehearsal)
        shrunk.counts = {what: (before[what], after[what]) for what in before}
        return shrunk

    # -- one candidate ------------------------------------------------------------------------------
    def breaks(self, candidate: Rehearsal, what: str) -> Found | None:
        """Run a candidate; None when it holds that promise, fails as a harness, or the bound is reached."""
        key = candidate.digest()
        if key in self.tried:
            return self.tried[key]
        if self.runs >= self.bounds.runs_max or self.watch.wall_s() >= self.bounds.seconds_max:
            return None
        self.runs += 1
        found = self.tried[key] = self.look(candidate)
        self.tell(f"{self.watch.wall_s():6.1f} s  {'breaks' if found else 'holds '}  {what}")
        return found

    def look(self, candidate: Rehearsal) -> Found | None:
        strikes: list[Strike] = []

        def keep(record: Record) -> None:
            if type(record) is Strike:
                strikes.append(record)

        try:
            outcome = run_once(candidate, None, quiet=True, listen=keep)
            twin = twin_of(candidate, quiet=True) if self.target[0] in NEEDS_TWIN else None
            findings = judge(outcome.trail, twin).invariants
        except UsageError:
            raise
        except Exception:  # a candidate that breaks the harness is no smaller form of the same run
            return None
        finding = next((f for f in findings if (f.id, f.verdict) == self.target), None)
        return Found(finding, tuple(strikes)) if finding else None

    def accept(self, shrunk: Shrunk, candidate: Rehearsal, what: str) -> bool:
        """Keep the candidate when it breaks too."""
        found = self.breaks(candidate, what)
        if found is not None:
            shrunk.rehearsal, shrunk.found = candidate, found
        return found is not None

    # -- dimensions ---------------------------------------------------------------------------------
    def usual_order(self, shrunk: Shrunk) -> None:
        """Without the shuffle of equal instants, if it does not need it."""
        if shrunk.rehearsal.ties:
            self.accept(shrunk, replace(shrunk.rehearsal, ties=0), "equal instants first in, first out")

    def fewer_faults(self, shrunk: Shrunk) -> None:
        """No faults at all; else only what struck the keys of the witness; else ddmin over the lines that struck."""
        whole = numbered(shrunk.rehearsal.scenario.faults)
        if not whole or self.accept(shrunk, with_lines(shrunk.rehearsal, ()), "without faults"):
            return
        shrunk.rehearsal = with_lines(shrunk.rehearsal, whole)
        if not self.only_named(shrunk, whole):
            struck = {s.place for s in shrunk.found.strikes}
            lines = tuple(f for n, f in enumerate(whole) if n in struck or FAULTS[f.id].family == WHOLE_STORY)
            if 0 < len(lines) < len(whole):
                self.accept(shrunk, with_lines(shrunk.rehearsal, lines), f"{len(lines)} faults that struck")
        self.least(shrunk, shrunk.rehearsal.scenario.faults)

    def only_named(self, shrunk: Shrunk, whole: Sequence[Fault]) -> bool:
        """Try the calls of the witness alone, struck whenever they come; the most telling one first, then all of them."""
        keys = keys_in(shrunk.found.finding.witness)
        lines = at_any_time(whole, shrunk.found.strikes, keys)
        for part in (lines[:1], lines[:NAMED_MAX]):
            if part and self.accept(
                shrunk, with_lines(shrunk.rehearsal, part), f"{len(part)} calls the witness names: {ids(part)}"
            ):
                return True
        return False

    def least(self, shrunk: Shrunk, lines: Sequence[Fault]) -> None:
        def still(part: Sequence[Fault]) -> bool:
            return self.accept(shrunk, with_lines(shrunk.rehearsal, part), f"{len(part)} of {len(lines)} faults: {ids(part)}")

        ddmin(lines, still)

    def smaller_faults(self, shrunk: Shrunk) -> None:
        """Each fault pinned to one strike of it, else in ever shorter windows."""
        for index in range(len(shrunk.rehearsal.scenario.faults)):
            self.pin(shrunk, index)
            while self.narrow(shrunk, index):
                self.pin(shrunk, index)

    def pin(self, shrunk: Shrunk, index: int) -> bool:
        """Let a line strike once, exactly what it struck last or first."""
        line = shrunk.rehearsal.scenario.faults[index]
        mine = [s for s in shrunk.found.strikes if s.place == index]
        keys = keys_in(shrunk.found.finding.witness)
        telling = [s for s in mine if any(key in s.what for key in keys)][:2] or mine[:1]
        for strike in telling:
            once = pinned(line, strike)
            if (
                once is not None
                and once != line
                and self.accept(shrunk, exchanged(shrunk.rehearsal, index, once), f"{line.id} once: {strike.what}")
            ):
                return True
        return False

    def narrow(self, shrunk: Shrunk, index: int) -> bool:
        """Halve the strikes of a line by its window; False when neither half breaks or there is nothing to halve."""
        line = shrunk.rehearsal.scenario.faults[index]
        at = [s.at for s in shrunk.found.strikes if s.place == index]
        for half in shorter(line, at):
            if self.accept(shrunk, exchanged(shrunk.rehearsal, index, half), f"{line.id} in a shorter window"):
                return True
        return False

    def fewer_deals(self, shrunk: Shrunk) -> None:
        """Only the deals the witness names; else ddmin over all."""
        from scenarios.world.living import story_of

        deals = [deal.sow for deal in story_of(shrunk.rehearsal).plan.deals]
        named = keys_in(shrunk.found.finding.witness)
        outside = [sow for sow in deals if sow not in named]
        spared = shrunk.rehearsal.left_out
        if outside and len(outside) < len(deals):
            self.accept(
                shrunk, replace(shrunk.rehearsal, left_out=(*spared, *outside)), f"only deals the witness names of {len(deals)}"
            )
        left = [deal for deal in deals if deal not in shrunk.rehearsal.left_out]

        def still(part: Sequence[str]) -> bool:
            out = tuple(deal for deal in deals if deal not in part)
            return self.accept(shrunk, replace(shrunk.rehearsal, left_out=(*spared, *out)), f"{len(part)} of {len(left)} deals")

        ddmin(left, still)

    def less_work(self, shrunk: Shrunk) -> None:
        """The first weeks of work only, in the order they are filed: those keep the numbers the PSA gives their entries."""
        from scenarios.world.living import story_of

        plan = story_of(shrunk.rehearsal).plan
        sheets = sorted(
            (sheet for sheets in plan.sheets.values() for sheet in sheets), key=lambda sheet: (sheet.submitted, sheet.key)
        )
        spared = shrunk.rehearsal.left_out
        few, enough = 0, len(sheets)
        while few < enough:
            first = (few + enough) // 2
            out = tuple(sheet.key for sheet in sheets[first:])
            if self.accept(
                shrunk, replace(shrunk.rehearsal, left_out=(*spared, *out)), f"{first} of {len(sheets)} weeks of work"
            ):
                enough = first
            else:
                few = first + 1

    def fewer_days(self, shrunk: Shrunk) -> None:
        """An earlier end, as long as the same end does no harm by itself: without the faults, or without the planted bug, it must hold."""
        from scenarios.world.living import story_of

        rehearsal = shrunk.rehearsal
        if not (rehearsal.scenario.faults or rehearsal.planted):
            return
        last = max((s.at for s in shrunk.found.strikes), default=story_of(rehearsal).start_ms)
        first_day, last_day = last // DAY_MS + 1, days_end(rehearsal) // DAY_MS
        while first_day < last_day:
            day = (first_day + last_day) // 2
            candidate = replace(shrunk.rehearsal, until_ms=day * DAY_MS)
            sound = with_lines(candidate, ()) if rehearsal.scenario.faults else replace(candidate, planted="")
            if (
                self.breaks(candidate, "an earlier end")
                and not self.breaks(sound, "the same end, nothing wrong")
                and self.is_in_bounds()
            ):
                self.accept(shrunk, candidate, "an earlier end")
                last_day = day
            else:
                first_day = day + 1

    def is_in_bounds(self) -> bool:
        return self.runs < self.bounds.runs_max and self.watch.wall_s() < self.bounds.seconds_max


def ddmin(items: Sequence[T], breaks: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of the items that still breaks and of which no single one can be left out. The whole is known to break."""
    left, parts = list(items), 2
    while len(left) >= 2:
        size = -(-len(left) // parts)
        chunks = [left[at : at + size] for at in range(0, len(left), size)]
        rests = [without(chunks, n) for n in range(len(chunks))] if len(chunks) > 2 else []
        smaller = next((chunk for chunk in chunks if breaks(chunk)), None)
        rest = next((one for one in rests if breaks(one)), None) if smaller is None else None
        if smaller is not None:
            left, parts = smaller, 2
        elif rest is not None:
            left, parts = rest, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(parts * 2, len(left))
    return left


def without(chunks: Sequence[Sequence[T]], number: int) -> list[T]:
    """All chunks but one, in a row."""
    return [item for n, chunk in enumerate(chunks) if n != number for item in chunk]


def numbered(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The lines with their places written down, so that they draw the same chances in a smaller plan."""
    return tuple(f if f.place is not None else f.model_copy(update={"place": n}) for n, f in enumerate(faults))


def with_lines(rehearsal: Rehearsal, lines: Sequence[Fault]) -> Rehearsal:
    return replace(rehearsal, scenario=rehearsal.scenario.model_copy(update={"faults": tuple(lines)}))


def exchanged(rehearsal: Rehearsal, index: int, line: Fault) -> Rehearsal:
    lines = list(rehearsal.scenario.faults)
    lines[index] = line
    return with_lines(rehearsal, lines)


def ids(lines: Sequence[Fault]) -> str:
    names = [line.id for line in lines]
    return ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")


def size_of(rehearsal: Rehearsal) -> dict[str, int]:
    """How large a run is: lines of the plan, deals, weeks of work, days."""
    from scenarios.world.living import story_of

    story = story_of(rehearsal)
    return {
        "faults": len(rehearsal.scenario.faults),
        "deals": len(story.plan.deals),
        "weeks of work": sum(len(sheets) for sheets in story.plan.sheets.values()),
        "days": days_end(rehearsal) // DAY_MS - story.start_ms // DAY_MS,
    }


def days_end(rehearsal: Rehearsal) -> int:
    """The instant the story is over."""
    from scenarios.firm.quarter import end_of
    from scenarios.world.living import story_of

    story = story_of(rehearsal)
    return story.until_ms or end_of(story.plan.quarter, story.spec)


def summary(shrunk: Shrunk, verdict: Verdict, folder: Path) -> dict[str, Any]:
    """The JSON object of `rehearse shrink --json`."""
    return {
        "invariant": shrunk.found.finding.id,
        "verdict": verdict.verdict,
        "runs": shrunk.runs,
        "seconds": shrunk.seconds,
        **{what.replace(" ", "_"): {"before": before, "after": after} for what, (before, after) in shrunk.counts.items()},
        "plan": [fault.model_dump(mode="json", by_alias=True, exclude_none=True) for fault in shrunk.rehearsal.scenario.faults],
        "witness": shrunk.found.finding.witness,
        "dir": str(folder),
    }
