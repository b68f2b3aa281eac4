"""Paging by locator: keep the rest of an answer for a while. Bounded: the oldest is dropped."""

from __future__ import annotations


class Cursors:
    def __init__(self, most: int = 256, life_ms: int = 2 * 86_400_000):
        self.most, self.life_ms, self.held, self.made = most, life_ms, {}, 0

    def keep(self, now: int, what) -> str:
        self.made += 1
        name = f"01g{self.made:012d}AAA"
        self.held[name] = (now + self.life_ms, what)
        if len(self.held) > self.most:
            del self.held[next(iter(self.held))]
        return name

    def find(self, now: int, name: str):
        until, what = self.held.get(name, (0, None))
        return what if until > now else None
