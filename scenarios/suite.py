"""Campaigns: many scenarios on many seeds, in parallel processes. A run that ends as its file expects is a success.

With `ties` every seed is run again in other orders of equal instants; without faults all of them must end in one business state
(INV-52). What comes of it all is counted in `tally.py`.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from scenarios.errors import HarnessError, UsageError
from scenarios.files import discard, prepare, write_file
from scenarios.loading import library_names, load_scenario
from scenarios.power import named
from scenarios.progress import CampaignLine, Stopwatch
from scenarios.resolve import Rehearsal, Words, resolve
from scenarios.stage import with_faults
from scenarios.tally import Result, by_state, summarise, warnings

RUNS_MAX = 1_000_000
AHEAD = 4  # runs handed to each process before the first is back
RUNS_A_PROCESS = 200  # then a fresh one, so that nothing can pile up

Job = tuple[Rehearsal, Path, bool]


@dataclass(frozen=True)
class Campaign:
    """What to run: scenario names (none: all that expect to hold), seeds, (shard, shards), processes, words, where.

    `faults` is what `--faults` says, `ties` the number of shuffles a seed, `keep` whether folders of good runs stay.
    """

    names: tuple[str, ...]
    seeds: range
    shard: tuple[int, int]
    jobs: int
    words: Words
    out: Path
    faults: str | None = None
    ties: int = 0
    keep: bool = False


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

    named(campaign.words.planted)
    prepare(campaign.out)
    size = count(campaign)
    watch, results = Stopwatch(), []
    console = Console(highlight=False, quiet=quiet)
    line = CampaignLine(size, quiet=quiet)
    try:
        for result in carry_out(campaign):
            results.append(result)
            line.clear()
            console.print(told(result), soft_wrap=True)
            line.draw(len(results), sum(not r.as_expected for r in results))
    finally:
        line.clear()
    results = by_state(results)
    if junit is not None:
        from scenarios.report.junit import junit_xml

        write_file(junit, junit_xml(r.verdict for r in results))
    summary = summarise(results, watch.wall_s())
    write_file(campaign.out / "campaign.json", msgspec.json.format(msgspec.json.encode(summary)))
    show(summary, console)
    return summary


def told(result: Result) -> str:
    """One run in one line."""
    verdict = result.verdict
    word = "as expected" if result.as_expected else f"expected {result.expected}; {result.folder}"
    ties = f" ties {result.ties}" if result.ties else ""
    return f"{verdict.scenario:28} seed {verdict.seed:<6}{ties} {verdict.verdict:10} {word}"


def show(summary: dict[str, Any], console: Any) -> None:
    """Print what the campaign came to: the counts, what went wrong, what never happened."""
    console.print(
        f"{summary['runs']} runs in {summary['seconds']:.1f} s: {summary['held']} held, {summary['broken']} broken, "
        f"{summary['unsettled']} unsettled, {summary['unknown']} unknown; {len(summary['failures'])} not as expected"
    )
    for failure in summary["failures"]:
        console.print(
            f"  {failure['scenario']} seed {failure['seed']}: {failure['invariant'] or failure['verdict']}  {failure['dir']}"
        )
    for name, times in sorted(summary["sometimes"].items()):
        console.print(f"  {name}: {times}")
    for warning in warnings(summary):
        console.print(f"warning: {warning}")


def count(campaign: Campaign) -> int:
    """How many runs this shard has. Raises UsageError for none, or more than anybody can wait for."""
    one, all_ = campaign.shard
    whole = len(names_of(campaign)) * len(campaign.seeds)
    mine = len(range(one - 1, whole, all_)) * (1 + campaign.ties)
    if mine > RUNS_MAX:
        raise UsageError(f"{mine} runs are more than {RUNS_MAX}; name fewer seeds")
    if not mine:
        raise UsageError("nothing to run; name a scenario of `rehearse list`, or another shard")
    return mine


def names_of(campaign: Campaign) -> tuple[str, ...]:
    return campaign.names or tuple(n for n in library_names() if load_scenario(n).expect.verdict == "held")


def plan(campaign: Campaign) -> Iterator[Job]:
    """The runs of this shard, in order of scenario, seed and shuffle."""
    one, all_ = campaign.shard
    number = 0
    for name in names_of(campaign):
        scenario = load_scenario(name)
        for seed in campaign.seeds:
            number += 1
            if (number - one) % all_ == 0:
                rehearsal = resolve(scenario, replace(campaign.words, seed=seed))
                if campaign.faults is not None:
                    rehearsal = with_faults(rehearsal, campaign.faults)
                folder = campaign.out / f"{scenario.name}-{seed}"
                yield rehearsal, folder, campaign.keep
                for ties in range(1, campaign.ties + 1):
                    yield replace(rehearsal, ties=ties), folder.with_name(f"{folder.name}-ties-{ties}"), campaign.keep


def carry_out(campaign: Campaign) -> Iterator[Result]:
    """Run them, in this process or in several; results come in the order of the plan."""
    if campaign.jobs == 1:
        yield from map(one_run, plan(campaign))
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(campaign.jobs, mp_context=spawn, max_tasks_per_child=RUNS_A_PROCESS) as pool:
        jobs = plan(campaign)
        try:
            waiting: deque[Future[Result]] = deque(pool.submit(one_run, job) for job in islice(jobs, campaign.jobs * AHEAD))
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(one_run, job) for job in islice(jobs, 1))
                yield result
        except BrokenProcessPool as error:
            raise HarnessError(f"a process of the campaign died ({error}); give fewer --jobs when memory is short") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def one_run(job: Job) -> Result:
    """Run one rehearsal; keep its folder only when it did not end as expected, or when asked to."""
    from scenarios.runner import rehearse

    rehearsal, folder, keep = job
    verdict, kept = rehearse(rehearsal, folder, quiet=True)
    result = Result(verdict, rehearsal.scenario.expect.verdict, str(kept), rehearsal.ties)
    if result.as_expected and not keep:
        discard(folder)
    return result
