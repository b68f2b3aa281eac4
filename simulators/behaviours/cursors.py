"""Paging by locator: keep the rest of an answer for a while. Bounded: the oldest is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

KeptT = TypeVar("KeptT")


class Cursors(Generic[KeptT]):
    """`name` words the n-th locator, n from 1; at most `most` are kept, each for `life_ms`."""

    def __init__(self, name: Callable[[int], str], *, life_ms: int, most: int = 256) -> None:
        self.name, self.most, self.life_ms, self.made = name, most, life_ms, 0
        self.held: dict[str, tuple[int, KeptT]] = {}

    def keep(self, now: int, what: KeptT) -> str:
        """Keep `what`; return its locator."""
        self.made += 1
        name = self.name(self.made)
        self.held[name] = (now + self.life_ms, what)
        if len(self.held) > self.most:
            del self.held[next(iter(self.held))]
        return name

    def find(self, now: int, name: str) -> KeptT | None:
        """What was kept, or None when it is unknown, dropped or too old."""
        found = self.held.get(name)
        if found is None or found[0] <= now:
            self.held.pop(name, None)
            return None
        return found[1]

    def clear(self) -> None:
        self.held.clear()
