"""The whole of a quarter beside full-stage reads: vendor calls per CPU second with orchestrator, firm, recorder and oracle included.

Reads are measured before and after the run, half each, so that a neighbour who comes or goes in between weighs half. The run
writes its history to a file that is thrown away.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple

from scenarios.bench.ratio import Ratio
from scenarios.bench.virtual import org
from scenarios.loading import load_scenario
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail
from scenarios.progress import Progress
from scenarios.recorder import Recorder
from scenarios.resolve import Rehearsal, Words, resolve
from scenarios.verdict import worst

NOT_EMPTY_GOAL, ALL_GOAL = 0.08, 0.15
READS = 4_000
PLAIN = Words(preset="S")


class Quarter(NamedTuple):
    """What one run cost."""

    cpu_s: float
    calls: int
    empty_reads: int
    verdict: str


def harness_ratios(rounds: int, words: Words = PLAIN, *, reads: int = READS) -> tuple[list[Ratio], Quarter]:
    """Calls other than empty reads, and all calls, against reads; and the last round's run."""
    rehearsal = resolve(load_scenario("clean-quarter"), words)
    busy, everything, around, quarter = [], [], list[float](), Quarter(0.0, 0, 0, "")
    for _ in range(rounds):
        before = reads_rate(reads)
        quarter = live(rehearsal)
        around += (before, reads_rate(reads))
        rate = 2 / (1 / around[-2] + 1 / around[-1])
        busy.append(((quarter.calls - quarter.empty_reads) / quarter.cpu_s, rate))
        everything.append((quarter.calls / quarter.cpu_s, rate))
    note = f"clean-quarter preset {words.preset}, whole, judged {quarter.verdict}; {quarter.calls} calls, {quarter.empty_reads} empty reads"
    told: dict[str, Any] = {
        "unit": "vendor calls per CPU second",
        "against": "full-stage Salesforce reads in process, before and after the run",
        "note": note,
        "more": {"reads_low": round(min(around), 1), "reads_high": round(max(around), 1)},
    }
    return [
        Ratio(name="harness_calls_not_empty", goal=NOT_EMPTY_GOAL, pairs=busy, **told),
        Ratio(name="harness_calls", goal=ALL_GOAL, pairs=everything, **told),
    ], quarter


def live(rehearsal: Rehearsal) -> Quarter:
    """One run from the plan to the verdict, in this process."""
    from scenarios.world import live_through

    with TemporaryDirectory() as folder:
        began = process_time()
        recorder, trail = Recorder(Path(folder) / "history.jsonl"), Trail()
        recorder.listeners.append(trail.take)
        try:
            live_through(rehearsal, recorder, Progress(quiet=True))
        finally:
            recorder.close()
        findings = judge(trail, None).invariants
        spent = process_time() - began
    return Quarter(spent, recorder.calls, recorder.empty_reads, worst(findings))


def reads_rate(reads: int) -> float:
    """Full-stage reads per CPU second, now."""
    with org() as held:
        held.reads(reads // 10)
        began = process_time()
        held.reads(reads)
        return reads / (process_time() - began)
