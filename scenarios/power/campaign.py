"""`rehearse power`: plant each bug, look where it should be missed, and say which invariant found it after how many seeds.

A bug is caught when a run with it is judged broken, or unsettled, by an invariant that holds in the sound run of the same seed. The
converse table says for each invariant which bugs break it. Without faults a hunt costs one run a seed; under faults the fault-free twin
of the sound orchestrator is run too, once a seed, for the invariants that compare.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from scenarios.errors import HarnessError, UsageError, nearest
from scenarios.loading import load_scenario
from scenarios.oracle.judge import JUDGES, TWIN_JUDGES, judge
from scenarios.power.hunts import Hunt, hunted
from scenarios.resolve import Rehearsal, Words, resolve
from scenarios.runner import run_once, twin_of
from scenarios.stage import with_faults

SEEDS_MAX = 200
WRONG = ("broken", "unsettled")
MISFITS = ("TypeError", "AttributeError", "NameError", "KeyError")


@dataclass(frozen=True)
class Catch:
    """What came of one hunt: `seeds` is how many were tried; `found` every invariant a run broke; `trouble` a harness that failed."""

    name: str
    caught: bool
    seeds: int
    invariant: str = ""
    scenario: str = ""
    witness: str = ""
    found: tuple[str, ...] = ()
    trouble: str = ""


@dataclass
class Table:
    """All catches so far."""

    catches: list[Catch] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """The JSON object of `rehearse power --json`."""
        broken_by: dict[str, list[str]] = {id: [] for id in invariants()}
        for catch in self.catches:
            for id in catch.found:
                broken_by[id].append(catch.name)
        names = ("name", "caught", "invariant", "scenario", "seeds", "witness", "trouble")
        return {
            "bugs": [{name: getattr(catch, name) for name in names} for catch in self.catches],
            "invariants": [{"id": id, "broken_by": bugs} for id, bugs in broken_by.items()],
            "uncaught": [catch.name for catch in self.catches if not catch.caught],
            "powerless": [id for id, bugs in broken_by.items() if not bugs],
        }


def invariants() -> tuple[str, ...]:
    """The ids of all judges, in order."""
    return tuple(sorted(id for id, _, _ in (*JUDGES, *TWIN_JUDGES)))


def chosen(names: tuple[str, ...]) -> dict[str, tuple[Hunt, ...]]:
    """The hunts named, or all. Raises UsageError for a name that is not in the table."""
    every = hunted()
    for name in names:
        if name not in every:
            raise UsageError(f"planted bug {name!r} is unknown; {nearest(name, every)}")
    return {name: every[name] for name in names} if names else every


def hunt_all(names: tuple[str, ...], *, seeds_max: int, jobs: int) -> Iterator[Catch]:
    """Hunt every bug, each by itself, in the order of the table."""
    work = [(name, places, seeds_max) for name, places in chosen(names).items()]
    if jobs == 1:
        yield from map(hunt, work)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(hunt, work)


def hunt(job: tuple[str, tuple[Hunt, ...], int]) -> Catch:
    """Try seed after seed, in each place, until the bug is missed."""
    name, places, seeds_max = job
    trouble = ""
    for seed in range(1, seeds_max + 1):
        for place in places:
            try:
                wrong = judged(name, place, seed)
            except Exception as error:  # a bug that brings the harness down proves nothing
                trouble = f"{place}, seed {seed}: {type(error).__name__}: {error}"[:200]
                continue
            if wrong:
                id, witness = next(iter(wrong.items()))
                return Catch(
                    name, caught=True, seeds=seed, invariant=id, scenario=str(place), witness=witness, found=tuple(wrong)
                )
    return Catch(name, caught=False, seeds=seeds_max, trouble=trouble)


def judged(name: str, place: Hunt, seed: int) -> dict[str, str]:
    """{invariant: witness} of what one run with these bugs breaks and the sound run does not; broken ones before unsettled ones."""
    sound = rehearsal_of(place, seed)
    outcome = run_once(replace(sound, planted=name), None, quiet=True)
    refuse_misfits(outcome.trail.claims("exceptions"))
    findings = judge(outcome.trail, twin_of(sound, quiet=True)).invariants
    wrong = sorted((f for f in findings if f.verdict in WRONG), key=lambda f: (WRONG.index(f.verdict), f.id))
    return {f.id: f.witness for f in wrong if f.id not in broken_when_sound(place, seed)} if wrong else {}


def refuse_misfits(exceptions: list[dict[str, Any]]) -> None:
    """A patch that no longer fits its seam breaks everything, and proves nothing. Raises HarnessError."""
    for each in exceptions:
        if each.get("code") == "DEFECT" and any(word in str(each.get("why")) for word in MISFITS):
            raise HarnessError(f"the planted bug does not fit the code any more: {each.get('why')}")


@cache
def broken_when_sound(place: Hunt, seed: int) -> frozenset[str]:
    """What the sound orchestrator breaks there: nothing, or its findings prove nothing about a bug."""
    sound = rehearsal_of(place, seed)
    findings = judge(run_once(sound, None, quiet=True).trail, twin_of(sound, quiet=True)).invariants
    return frozenset(f.id for f in findings if f.verdict != "held")


def rehearsal_of(place: Hunt, seed: int) -> Rehearsal:
    """The rehearsal of a place on a seed, with a sound orchestrator."""
    scenario = load_scenario(place.scenario)
    if place.overrides:
        scenario = scenario.model_copy(update={"overrides": {**scenario.overrides, **dict(place.overrides)}})
    rehearsal = resolve(scenario, Words(seed=seed, preset=place.preset, heads=place.heads))
    return with_faults(rehearsal, place.faults) if place.faults else rehearsal
