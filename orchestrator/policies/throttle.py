"""How many calls a system gets at once and how many a period: waiting in order, bounded.

The rate is reserved in integer milliseconds (each caller gets its own instant), not polled against a float clock: a
float bucket can wake a hair too early and then spin for ever at one instant of a virtual clock.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.errors import Held

NORMAL, STRATEGIC = 1, 0


@dataclass(frozen=True)
class Budget:
    """What one system grants us: calls at once; calls a period (0: no limit), with bursts; callers that may wait."""

    concurrency_max: int = 5
    rate_max: int = 0
    period_ms: int = 1_000
    burst_max: int = 1
    waiting_max: int = 1_000


class Rate:
    """At most `rate_max` a period, evenly spaced after a burst. Pure: an instant in, a wait out."""

    def __init__(self, budget: Budget) -> None:
        assert budget.rate_max > 0, "a rate of nothing grants nothing"
        self._each, self._unit = budget.period_ms, budget.rate_max
        self._slack = (budget.burst_max - 1) * budget.period_ms
        self._reserved = 0  # in units of 1/rate_max ms, so that no period is rounded

    def reserve(self, now: int) -> int:
        """Take the next free instant; how many ms away it is."""
        begin = max(self._reserved, now * self._unit)
        self._reserved = begin + self._each
        return self._away(begin, now)

    def take(self, now: int) -> int:
        """Take this instant if it is free (0); else take nothing and tell how many ms away a free one is."""
        wait_ms = self._away(max(self._reserved, now * self._unit), now)
        return wait_ms or self.reserve(now)

    def _away(self, begin: int, now: int) -> int:
        return max(0, -((now * self._unit + self._slack - begin) // self._unit))


class Throttle:
    """One system's turns. First come, first served; strategic callers before others when asked for."""

    def __init__(self, budget: Budget, clock: Callable[[], int]) -> None:
        self._budget, self._clock = budget, clock
        self._rate = Rate(budget) if budget.rate_max else None
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = 0
        self.busy = 0

    @property
    def waiting(self) -> int:
        """How many callers wait for a turn."""
        return sum(not future.done() for _, _, future in self._waiting)

    async def enter(self, priority: int = NORMAL) -> None:
        """Wait for a turn. Raises Held when too many wait already: nothing was sent, the run backs off as a row."""
        if self.busy < self._budget.concurrency_max and not (self._waiting and self.waiting):
            self.busy += 1
        else:
            await self._queue(priority)
        wait_ms = self._rate.reserve(self._clock()) if self._rate is not None else 0
        if wait_ms:
            try:
                await asyncio.sleep(wait_ms / 1000)
            except BaseException:
                self.leave()
                raise

    def leave(self) -> None:
        """Give the turn back; the next in line has it."""
        while self._waiting:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)  # the turn passes on, `busy` stays
                return
        self.busy -= 1

    async def _queue(self, priority: int) -> None:
        if self.waiting >= self._budget.waiting_max:
            raise Held(f"{self._budget.waiting_max} callers wait already", 60_000)
        self._number += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, self._number, future))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()  # cancelled in the moment it was our turn
            raise
