"""One more draw by meaning, in the manner of `scenarios.clock.draws`."""

from __future__ import annotations

from scenarios.clock.draws import u


def between(low: float, high: float, seed: int, *meaning: str | int) -> float:
    """Draw evenly from [low, high)."""
    return low + (high - low) * u(seed, *meaning)
