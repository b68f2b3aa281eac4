"""Another order of what is due at one instant, drawn from a seed: a search for races that first in, first out would never show.

Shuffled are the callbacks that are ready together (none of them caused another) and the model's events of one instant and
priority. What follows from something still comes after it. Business results must not depend on any of this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

WORD = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


class Ties:
    """The draws of one run, in the order it asks for them: equal runs ask equally."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def shuffle(self, ready: deque[Any]) -> None:
        """Put callbacks that are ready together in another order."""
        batch = list(ready)
        self._random.shuffle(batch)
        ready.clear()
        ready.extend(batch)

    def numbers(self) -> Iterator[int]:
        """Return numbers without end, no two alike and in no order: they break ties of the model's heap."""
        salt = self._random.getrandbits(64)
        return (scrambled(number, salt) for number in count())


def scrambled(number: int, salt: int) -> int:
    """Map 64-bit numbers one to one: odd factors and right shifts can be undone."""
    number = (number ^ salt) * GOLDEN & WORD
    number ^= number >> 32
    return number * (salt | 1) & WORD
