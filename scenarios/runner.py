"""Carry out one rehearsal: the run, its fault-free twin, the judgement, the files. Nothing is left half written.

`rehearse` is the way in. A failure of the harness itself ends as verdict `unknown` with the reason in `note`, never as a
stack trace, and never as `held`.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from scenarios.errors import UsageError
from scenarios.files import prepare, write_file
from scenarios.history import Record
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail
from scenarios.power import plant
from scenarios.progress import Progress, Stopwatch
from scenarios.recorder import Recorder
from scenarios.resolve import Rehearsal, source_digest
from scenarios.verdict import EXIT_CODES, Judgement, Verdict, worst

if TYPE_CHECKING:
    from scenarios.world.living import Pause

TWINS = Path("runs") / ".twins"
TWINS_KEPT = 1_000


@dataclass(frozen=True)
class Outcome:
    """What one run left: the oracle's trail, the history's digest, and its figures in simulated and wall seconds."""

    trail: Trail
    history: str
    simulated_s: float
    wall_s: float
    calls: int


def rehearse(
    rehearsal: Rehearsal, out: Path | None = None, *, quiet: bool = False, pause: Pause | None = None
) -> tuple[Verdict, Path]:
    """Run, judge and write; return the verdict and the folder. `pause` lets somebody look into the run.

    Raises UsageError when the folder can not be written, or the speed can not be held.
    """
    if rehearsal.speed != "virtual":
        from scenarios.world import check_speed

        check_speed(rehearsal)
    folder = out or Path("runs") / f"{rehearsal.name}-{rehearsal.seed}"
    prepare(folder)
    try:
        outcome = run_once(rehearsal, folder / "history.jsonl", quiet=quiet, pause=pause)
        judgement = judge(outcome.trail, twin_of(rehearsal, quiet=quiet))
        verdict = verdict_of(rehearsal, outcome, judgement)
    except UsageError:
        raise
    except Exception as error:  # the harness failed: say so, with the trace in a file for its makers
        write_file(folder / "failure.txt", traceback.format_exc().encode())
        verdict, judgement = unknown(rehearsal, error, folder), None
    write_results(rehearsal, verdict, judgement, folder)
    return verdict, folder


def run_once(
    rehearsal: Rehearsal,
    history: Path | None,
    *,
    quiet: bool,
    pause: Pause | None = None,
    listen: Callable[[Record], None] | None = None,
) -> Outcome:
    """Live through the scenario once; `listen` hears every record. The history is written beside and moved into place when whole."""
    from scenarios.world import live_through

    partial = history.with_name(history.name + ".partial") if history else None
    recorder = Recorder(partial)
    trail = Trail()
    recorder.listeners += [trail.take, *([listen] if listen else [])]
    watch = Stopwatch()
    progress = Progress(quiet=quiet, label=rehearsal.name)
    try:
        with plant(rehearsal.planted):
            simulated_s = live_through(rehearsal, recorder, progress, pause=pause)
    finally:
        progress.clear()
        digest = recorder.close()
    if partial and history:
        move_history(partial, history)
    return Outcome(trail, digest, simulated_s, watch.wall_s(), recorder.calls)


def move_history(partial: Path, history: Path) -> None:
    """Put the finished history in its place, packed or plain, and remove the other form of an earlier run."""
    packed = partial.with_name(partial.name + ".gz")
    final, stale = (
        (history.with_name(history.name + ".gz"), history)
        if packed.exists()
        else (history, history.with_name(history.name + ".gz"))
    )
    (packed if packed.exists() else partial).replace(final)
    stale.unlink(missing_ok=True)


def twin_of(rehearsal: Rehearsal, *, quiet: bool) -> Any:
    """Facts of the same rehearsal without faults, from the cache or by running it in virtual time; None when there are no faults."""
    if not rehearsal.scenario.faults:
        return None
    twin = rehearsal.without_faults()
    held = TWINS / f"{twin.digest()[:40]}.json"
    try:
        return msgspec.json.decode(held.read_bytes())
    except (OSError, msgspec.DecodeError):
        pass
    from scenarios.oracle.twin import twin_facts

    outcome = run_once(twin, None, quiet=quiet)
    facts = msgspec.to_builtins(twin_facts(outcome.trail), str_keys=True)
    try:
        TWINS.mkdir(parents=True, exist_ok=True)
        write_file(held, msgspec.json.encode(facts))
        forget_old_twins()
    except (OSError, UsageError):
        pass  # a cache that can not be written only costs time
    return facts


def forget_old_twins() -> None:
    """Keep the cache bounded: the oldest files go first."""
    files = sorted(TWINS.glob("*.json"), key=lambda p: p.stat().st_mtime)
    for path in files[:-TWINS_KEPT]:
        path.unlink(missing_ok=True)


def verdict_of(rehearsal: Rehearsal, outcome: Outcome, judgement: Judgement) -> Verdict:
    word = worst(judgement.invariants)
    names = names_of(rehearsal)
    names["faults"] = tuple({**line, "struck": outcome.trail.lines.get(place, 0)} for place, line in enumerate(names["faults"]))
    return Verdict(
        **names,
        verdict=word,
        exit_code=EXIT_CODES[word],
        simulated_seconds=outcome.simulated_s,
        wall_seconds=round(outcome.wall_s, 3),
        calls=outcome.calls,
        calls_per_second=round(outcome.calls / max(outcome.wall_s, 1e-9), 1),
        digest={"history": outcome.history, "state": judgement.state},
        invariants=judgement.invariants,
        not_judged=judgement.not_judged,
        kpis=judgement.kpis,
        exceptions=judgement.exceptions,
        alerts=(*judgement.alerts, *idle_lines(rehearsal, outcome.trail.lines)),
        sometimes=judgement.sometimes,
        strikes=strikes_of(outcome.trail),
    )


def idle_lines(rehearsal: Rehearsal, struck: dict[int, int]) -> tuple[str, ...]:
    """A warning for every line of the fault plan that never struck: of that fault the run says nothing."""
    return tuple(
        f"line {place + 1} of the fault plan, {fault.id} on {fault.target}, struck 0 times: this run says nothing about it"
        for place, fault in enumerate(rehearsal.scenario.faults)
        if not struck.get(place)
    )


def strikes_of(trail: Trail) -> dict[str, int]:
    """{fault: how often it struck}, over all systems."""
    count: Counter[str] = Counter()
    for (fault, _system), (times, *_) in trail.strikes.items():
        count[fault] += times
    return dict(sorted(count.items()))


def names_of(rehearsal: Rehearsal) -> dict[str, Any]:
    scenario = rehearsal.scenario
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "preset": scenario.preset,
        "profiles": scenario.profiles.model_dump(),
        "design": scenario.design,
        "faults": tuple(f.model_dump(mode="json", by_alias=True) for f in scenario.faults),
    }


def unknown(rehearsal: Rehearsal, error: Exception, folder: Path) -> Verdict:
    """The verdict of a run that the harness could not finish."""
    lines = str(error).splitlines() or [""]
    note = f"the harness failed, nothing is known about the design: {type(error).__name__}: {lines[0][:300]} (trace in {folder / 'failure.txt'})"
    return Verdict(
        **names_of(rehearsal), verdict="unknown", exit_code=EXIT_CODES["unknown"], simulated_seconds=0.0, wall_seconds=0.0, calls=0,
        calls_per_second=0.0, digest={"history": "", "state": ""}, invariants=(), not_judged=(), kpis={}, exceptions={}, alerts=(), note=note,
    )  # fmt: skip


def write_results(rehearsal: Rehearsal, verdict: Verdict, judgement: Judgement | None, folder: Path) -> None:
    """Write verdict, replay file, JUnit and report, each whole or not at all."""
    from scenarios.report.junit import junit_xml
    from scenarios.report.page import report_page

    write_file(folder / "verdict.json", msgspec.json.format(msgspec.json.encode(verdict)))
    replay = {**rehearsal.plain(), "digest": verdict.digest, "source": source_digest(), "verdict": verdict.verdict}
    write_file(folder / "replay.json", msgspec.json.format(msgspec.json.encode(replay)))
    if rehearsal.scenario.faults:
        from scenarios.faults.listing import as_yaml

        write_file(folder / "faults.yaml", as_yaml(rehearsal.scenario.faults).encode())
    write_file(folder / "junit.xml", junit_xml([verdict]))
    write_file(folder / "report.html", report_page(rehearsal.scenario.story, verdict, judgement).encode())
