"""What a campaign came to: how runs ended, what was seldom needed and whether it ever was, which faults never struck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from scenarios.verdict import EXIT_CODES, GRAVITY, Verdict

STATE = "INV-52"  # one seed, one business state, in whatever order equal instants come


@dataclass(frozen=True)
class Result:
    """One run of a campaign, and whether it ended as expected. `differs`: another shuffle of it ended in another state."""

    verdict: Verdict
    expected: str
    folder: str
    ties: int = 0
    differs: bool = False

    @property
    def as_expected(self) -> bool:
        return self.verdict.verdict == self.expected and not self.differs

    @property
    def found(self) -> str:
        """The first invariant that was not held, or ""."""
        if self.differs:
            return STATE
        return next((f.id for f in self.verdict.invariants if f.verdict == self.verdict.verdict != "held"), "")


def by_state(results: list[Result]) -> list[Result]:
    """Mark the fault-free shuffles that ended in another business state than the usual order did."""
    usual = {
        (r.verdict.scenario, r.verdict.seed): r.verdict.digest["state"] for r in results if not r.ties and not r.verdict.faults
    }
    return [
        replace(
            r,
            differs=bool(r.ties)
            and usual.get((r.verdict.scenario, r.verdict.seed), r.verdict.digest["state"]) != r.verdict.digest["state"],
        )
        for r in results
    ]


def summarise(results: list[Result], seconds: float) -> dict[str, Any]:
    """The JSON object of `rehearse suite --json`."""
    failed = [r for r in results if not r.as_expected]
    return {
        "runs": len(results),
        **{word: sum(r.verdict.verdict == word for r in results) for word in ("held", "broken", "unsettled", "unknown")},
        "seconds": round(seconds, 3),
        "failures": [failure(r) for r in failed],
        "sometimes": total(r.verdict.sometimes for r in results),
        "strikes": strikes(results),
        "states_compared": sum(bool(r.ties) and not r.verdict.faults for r in results),
        "exit_code": exit_code(failed),
    }


def failure(result: Result) -> dict[str, Any]:
    verdict = result.verdict
    return {
        "scenario": verdict.scenario,
        "seed": verdict.seed,
        "verdict": verdict.verdict,
        "invariant": result.found,
        "ties": result.ties,
        "dir": result.folder,
    }


def total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sums by name; names that stayed at zero stay."""
    found: Counter[str] = Counter()
    for each in counts:
        found.update(each)
    return dict(sorted(found.items()))


def strikes(results: list[Result]) -> dict[str, int]:
    """{fault: how often it struck}, with a zero for one that was in a plan and never did."""
    planned = {str(fault["id"]): 0 for r in results for fault in r.verdict.faults}
    return total([planned, *(r.verdict.strikes for r in results)])


def exit_code(failed: list[Result]) -> int:
    """The worst end that was not expected; an unexpected success is as bad as a broken promise."""
    words = [r.verdict.verdict for r in failed]
    worst = max(words, key=GRAVITY.index, default="held")
    if any(r.differs for r in failed):
        worst = "broken"
    return EXIT_CODES[worst] if worst != "held" else (EXIT_CODES["broken"] if words else 0)


def warnings(summary: dict[str, Any]) -> list[str]:
    """What a campaign never saw: a guard that no run needed was not tested by it."""
    never = [f"{name} never happened in {summary['runs']} runs" for name, times in summary["sometimes"].items() if not times]
    return never + [f"{fault} was planned and never struck" for fault, times in summary["strikes"].items() if not times]
