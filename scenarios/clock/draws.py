"""Chance by meaning: a draw is a pure function of the seed and of what it is about, never of how many were drawn before.

`u(seed, "latency", "crm", "create_invoice", "S-00042", 3)` is the same number in every process, whatever else the run drew; so
adding a draw moves no other, and a shrunk fault list replays. The meaning is texts and whole numbers only: anything else would
print differently in another process. Every helper takes its own parameters first, then the seed and the meaning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")
Word = str | int | None

WORDS = frozenset({str, int, bool, type(None)})
POISSON_PART_MAX = 500.0  # exp(-745) is zero in floats: larger means are drawn in parts
_UNIT = 2.0**-53
_standard = NormalDist()


def u(seed: int, *meaning: Word) -> float:
    """Draw from [0, 1), uniformly, by meaning.

    Raises TypeError when a word is neither text nor whole number.
    """
    if not WORDS.issuperset(map(type, meaning)):
        raise TypeError(f"draw by {meaning!r} refused: words are str, int or None; name the thing by its business key")
    digest = blake2b(repr((seed, meaning)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * _UNIT


def bernoulli(share: float, seed: int, *meaning: Word) -> bool:
    """Be true in `share` of all meanings; a meaning that is true stays true for every larger share."""
    return u(seed, *meaning) < share


def integer(low: int, high: int, seed: int, *meaning: Word) -> int:
    """Draw a whole number from low to high, both included."""
    return low + int(u(seed, *meaning) * (high - low + 1))


def choice(options: Sequence[T], seed: int, *meaning: Word) -> T:
    """Draw one of the options, each as likely."""
    return options[int(u(seed, *meaning) * len(options))]


def weighted(options: Sequence[tuple[T, float]], seed: int, *meaning: Word) -> T:
    """Draw one of `(option, weight)`; weights need not add up to one."""
    left = u(seed, *meaning) * math.fsum(weight for _, weight in options)
    for option, weight in options:
        left -= weight
        if left < 0:
            return option
    return options[-1][0]


def shuffled(options: Sequence[T], seed: int, *meaning: Word) -> list[T]:
    """Draw an order of the options."""
    places = sorted(range(len(options)), key=lambda place: u(seed, *meaning, place))
    return [options[place] for place in places]


def normal(mean: float, deviation: float, seed: int, *meaning: Word) -> float:
    """Draw from a normal distribution."""
    return mean + deviation * _standard.inv_cdf(_open(u(seed, *meaning)))


def lognormal(median: float, sigma: float, seed: int, *meaning: Word) -> float:
    """Draw from a lognormal distribution given by its median; the mean is median x exp(sigma^2 / 2)."""
    return median * math.exp(sigma * _standard.inv_cdf(_open(u(seed, *meaning))))


def exponential(mean: float, seed: int, *meaning: Word) -> float:
    """Draw a waiting time of the given mean."""
    return -mean * math.log1p(-u(seed, *meaning))


def triangular(low: float, mode: float, high: float, seed: int, *meaning: Word) -> float:
    """Draw between low and high, most likely near the mode."""
    draw, split = u(seed, *meaning), (mode - low) / (high - low)
    if draw < split:
        return low + math.sqrt(draw * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - draw) * (high - low) * (high - mode))


def poisson(mean: float, seed: int, *meaning: Word) -> int:
    """Draw a count of the given mean by inverse transform: one uniform number, so a larger mean never gives a smaller count.

    Means above 500 are drawn as a sum of parts, each by its own meaning.
    """
    if mean > POISSON_PART_MAX:
        parts = math.ceil(mean / POISSON_PART_MAX)
        return sum(poisson(mean / parts, seed, *meaning, "part", part) for part in range(parts))
    draw, count, weight = u(seed, *meaning), 0, math.exp(-mean)
    below = weight
    while draw >= below and weight > 0.0:
        count += 1
        weight *= mean / count
        below += weight
    return count


def _open(draw: float) -> float:
    """Keep a draw off zero, where the normal quantile is infinite."""
    return draw or _UNIT / 2
