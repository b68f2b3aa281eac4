"""A ratio of two rates that were measured in turns: its median over the rounds, its spread, and what it should reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

CHUNKS = 8  # turns that each side takes within one round, so that both meet the same neighbours


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """`pairs`: (our rate, the yardstick's), one a round. `unknown`: why nothing may be concluded, '' when it may."""

    name: str
    goal: float
    unit: str
    against: str
    pairs: Sequence[tuple[float, float]]
    note: str = ""
    unknown: str = ""
    more: dict[str, Any] | None = None

    @property
    def value(self) -> float | None:
        """The median of the rounds' ratios; not the ratio of the medians."""
        return None if self.unknown else median(ours / theirs for ours, theirs in self.pairs)

    def plain(self) -> dict[str, Any]:
        """The JSON of `rehearse bench`: rates per CPU second unless `unit` says otherwise."""
        ratios = [ours / theirs for ours, theirs in self.pairs]
        value = self.value
        return {
            "value": None if value is None else round(value, 4),
            "goal": self.goal,
            "numerator": round(median(ours for ours, _ in self.pairs), 1),
            "denominator": round(median(theirs for _, theirs in self.pairs), 1),
            "reached": None if value is None else value >= self.goal,
            "low": round(min(ratios), 4),
            "high": round(max(ratios), 4),
            "rounds": len(self.pairs),
            "unit": self.unit,
            "against": self.against,
            "note": self.unknown or self.note,
            **(self.more or {}),
        }


def in_turns(ours: Callable[[int], object], theirs: Callable[[int], object], count: int) -> tuple[float, float]:
    """Rates per CPU second of two ways to do `count` things; each does them in chunks, turn about."""
    size = max(1, count // CHUNKS)
    spent = [0.0, 0.0]
    for chunk in range(CHUNKS):
        for side in (0, 1) if chunk % 2 else (1, 0):
            work = theirs if side else ours
            began = process_time()
            work(size)
            spent[side] += process_time() - began
    return size * CHUNKS / spent[0], size * CHUNKS / spent[1]
