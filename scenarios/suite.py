"""Campaigns: many scenarios on many seeds, in parallel processes. A run that ends as its file expects is a success."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.errors import UsageError
from scenarios.files import discard, write_file
from scenarios.loading import library_names, load_scenario
from scenarios.progress import Stopwatch
from scenarios.resolve import Rehearsal, Words, resolve
from scenarios.verdict import EXIT_CODES, GRAVITY, Verdict

RUNS_MAX = 1_000_000


@dataclass(frozen=True)
class Campaign:
    """What to run: scenario names (none: all that expect to hold), seeds, (shard, shards), processes, words, where."""

    names: tuple[str, ...]
    seeds: range
    shard: tuple[int, int]
    jobs: int
    words: Words
    out: Path


@dataclass(frozen=True)
class Result:
    """One run of a campaign and whether it ended as expected."""

    verdict: Verdict
    expected: str
    folder: str

    @property
    def as_expected(self) -> bool:
        return self.verdict.verdict == self.expected


def parse_seeds(said: str) -> range:
    """Read `3` or `1..20` (both ends included). Raises UsageError."""
    first, dots, last = said.partition("..")
    try:
        begin, end = int(first), int(last if dots else first)
    except ValueError as error:
        raise UsageError(f"--seeds got {said!r}; a number or A..B is wanted") from error
    if begin < 0 or end < begin:
        raise UsageError(f"--seeds got {said!r}; A..B with 0 <= A <= B is wanted")
    return range(begin, end + 1)


def parse_shard(said: str) -> tuple[int, int]:
    """Read `I/N` with 1 <= I <= N. Raises UsageError."""
    one, slash, all_ = said.partition("/")
    if slash and one.isdecimal() and all_.isdecimal() and 1 <= int(one) <= int(all_):
        return int(one), int(all_)
    raise UsageError(f"--shard got {said!r}; I/N with 1 <= I <= N is wanted, such as 2/4")


def run_campaign(campaign: Campaign, *, junit: Path | None, quiet: bool) -> dict[str, Any]:
    """Run all of it; return the JSON object of `rehearse suite --json` with its exit code."""
    from rich.console import Console

    planned = list(plan(campaign))
    if not planned:
        raise UsageError("nothing to run; name a scenario of `rehearse list`, or another shard")
    watch, results = Stopwatch(), []
    console = Console(highlight=False, quiet=quiet)
    for result in carry_out(planned, campaign):
        results.append(result)
        word = "as expected" if result.as_expected else f"expected {result.expected}"
        console.print(f"{result.verdict.scenario:28} seed {result.verdict.seed:<6} {result.verdict.verdict:10} {word}")
    if junit is not None:
        from scenarios.report.junit import junit_xml

        write_file(junit, junit_xml(r.verdict for r in results))
    summary = summarise(results, watch.wall_s())
    console.print(
        f"{summary['runs']} runs in {summary['seconds']:.1f} s: {summary['held']} held, {summary['broken']} broken, "
        f"{summary['unsettled']} unsettled, {summary['unknown']} unknown; {len(summary['failures'])} not as expected"
    )
    return summary


def plan(campaign: Campaign) -> Iterator[tuple[Rehearsal, Path]]:
    """The runs of this shard, in order of scenario and seed."""
    names = campaign.names or tuple(n for n in library_names() if load_scenario(n).expect.verdict == "held")
    if len(names) * len(campaign.seeds) > RUNS_MAX:
        raise UsageError(f"{len(names) * len(campaign.seeds)} runs are more than {RUNS_MAX}; name fewer seeds")
    one, all_ = campaign.shard
    number = 0
    for name in names:
        scenario = load_scenario(name)
        for seed in campaign.seeds:
            number += 1
            if (number - one) % all_ == 0:
                words = Words(**{**vars(campaign.words), "seed": seed})
                yield resolve(scenario, words), campaign.out / f"{scenario.name}-{seed}"


def carry_out(planned: list[tuple[Rehearsal, Path]], campaign: Campaign) -> Iterator[Result]:
    if campaign.jobs == 1:
        yield from map(one_run, planned)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(campaign.jobs, mp_context=spawn) as pool:
        yield from pool.map(one_run, planned)


def one_run(job: tuple[Rehearsal, Path]) -> Result:
    """Run one rehearsal; keep its folder only when it did not end as expected."""
    from scenarios.runner import rehearse

    rehearsal, folder = job
    verdict, kept = rehearse(rehearsal, folder, quiet=True)
    result = Result(verdict, rehearsal.scenario.expect.verdict, str(kept))
    if result.as_expected:
        discard(folder)
    return result


def summarise(results: list[Result], seconds: float) -> dict[str, Any]:
    counts = {word: sum(r.verdict.verdict == word for r in results) for word in ("held", "broken", "unsettled", "unknown")}
    failures = [
        {
            "scenario": r.verdict.scenario,
            "seed": r.verdict.seed,
            "invariant": next((f.id for f in r.verdict.invariants if f.verdict == r.verdict.verdict), ""),
            "dir": r.folder,
        }
        for r in results
        if not r.as_expected
    ]
    wrong = [r.verdict.verdict for r in results if not r.as_expected]
    worst = max(wrong, key=GRAVITY.index, default="held")
    code = EXIT_CODES[worst] if worst != "held" else (EXIT_CODES["broken"] if wrong else 0)
    return {
        "runs": len(results),
        **counts,
        "seconds": round(seconds, 3),
        "failures": failures,
        "sometimes": {},
        "exit_code": code,
    }
