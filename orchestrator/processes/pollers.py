"""Pollers: ask a system what changed since the last time, on a fixed grid, and never lose a change to a crash or an outage.

A watermark is the instant of the last poll that succeeded; the next one asks from there, less an overlap. Only polls that found
something, and one in six hours, are kept: a crash only makes the next question reach further back, and everything a poll starts is
idempotent. So an empty poll costs one call and no write.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.engine.port import BusinessException, Held, Transient, correlation
from orchestrator.errors import StoreError
from orchestrator.policies.periods import in_business_hours
from orchestrator.ports import Clock

KEEP_EVERY_MS = 6 * 3_600_000
FAILED_PAUSE_MS = 60_000
FAILED_PAUSE_MS_MAX = 600_000
"""Also the pause after a refusal: a right that was taken away does not come back by asking every minute."""
SLEEPS_MAX = 8
HAIR_MS = 0.5
"""A timer fires at a float that may lie just below the millisecond it was set for."""


class Marks(Protocol):
    """Where watermarks are kept."""

    def get(self, name: str) -> int | None: ...
    def put(self, name: str, value: int) -> None: ...


class Pace(Protocol):
    """When a poll is due after another."""

    def after(self, at: int) -> int:
        """The instant of the next poll after `at`."""


@dataclass(frozen=True)
class Every:
    """On a fixed grid."""

    interval_ms: int

    def after(self, at: int) -> int:
        return (at // self.interval_ms + 1) * self.interval_ms


@dataclass(frozen=True)
class Busy:
    """On a fine grid while any entity we sell through is at work, on a coarse one else."""

    busy_ms: int
    quiet_ms: int
    time_zones: Callable[[], Sequence[str]]
    opens: int
    closes: int

    def after(self, at: int) -> int:
        due = (at // self.busy_ms + 1) * self.busy_ms
        quiet = (at // self.quiet_ms + 1) * self.quiet_ms
        zones = self.time_zones()
        while due < quiet and not in_business_hours(due, zones, self.opens, self.closes):
            due += self.busy_ms
        return min(due, quiet)


Ask = Callable[[int], Awaitable[bool]]
"""Ask for what changed at or after an instant and act on it; True when there was something that was not known before."""


Needless = Callable[[int], bool]
"""Whether a question is not worth its call, when the last one was asked at that instant."""


def never(_mark: int) -> bool:
    return False


@dataclass(frozen=True)
class Plan:
    """One poller: what it asks, how often, how far it looks back each time, and when it may leave out a question."""

    name: str
    ask: Ask
    pace: Pace
    overlap_ms: int
    needless: Needless = never


class Poller:
    """Runs one plan until cancelled."""

    def __init__(self, plan: Plan, marks: Marks, clock: Clock, *, on_failure: Callable[[str, Exception], None]) -> None:
        self._plan, self._marks, self._clock, self._on_failure = plan, marks, clock, on_failure
        kept = marks.get(f"poll:{plan.name}")
        self._mark = self._kept = clock() if kept is None else kept
        self._failures = 0
        self.failing: tuple[int, str] | None = None
        """Since when it fails, and which system was to blame first; None while it does not."""
        self.name = plan.name
        self.busy = False
        if kept is None:
            marks.put(f"poll:{plan.name}", self._mark)

    async def serve(self) -> None:
        """Poll at once, then on the grid; after a failure sooner or later than that, never at once."""
        correlation.set(f"poll-{self._plan.name}")
        due = self._clock()
        while True:
            await self._sleep_until(due)
            self.busy = True
            try:
                due = await self._polled()
            finally:
                self.busy = False

    async def again(self) -> None:
        """Ask once more, beside the own pace. A failure is the next regular poll's affair; no mark moves."""
        try:
            await self._plan.ask(self._mark - self._plan.overlap_ms)
        except (StoreError, sqlite3.Error):
            raise
        except Exception as error:
            self._on_failure(self._plan.name, error)

    async def _sleep_until(self, due: int) -> None:
        """Sleep at least until `due`: a timer may wake a hair too early."""
        for _ in range(SLEEPS_MAX):
            wait_ms = due - self._clock()
            if wait_ms <= 0:
                return
            await asyncio.sleep((wait_ms + HAIR_MS) / 1000)

    async def _polled(self) -> int:
        """Poll once; when the next one is due. A question that is left out moves no mark."""
        at = self._clock()
        if self._plan.needless(self._mark):
            return self._plan.pace.after(at)
        try:
            found = await self._plan.ask(self._mark - self._plan.overlap_ms)
        except (StoreError, sqlite3.Error):
            raise  # without its store this program has to stop
        except Exception as error:  # even our own bug ends one question, and nobody else's work
            self._failures += 1
            self.failing = self.failing or (at, blamed(error))
            self._on_failure(self._plan.name, error)
            return self._clock() + pause_ms(error, self._failures)
        self._failures, self._mark, self.failing = 0, at, None
        if found or at - self._kept >= KEEP_EVERY_MS:
            self._kept = at
            self._marks.put(f"poll:{self._plan.name}", at)
        return self._plan.pace.after(self._clock())


def pause_ms(error: Exception, failures: int) -> int:
    """How long to leave a system alone after that many failures in a row.

    What a closed gate tells is not kept: it tells a crowd half an hour and wakes the runs among it when it opens, pollers it does not
    know. To ask a closed gate again costs no call.
    """
    if isinstance(error, BusinessException):
        return FAILED_PAUSE_MS_MAX
    told_ms = error.retry_after_ms if isinstance(error, Transient) and not isinstance(error, Held) else 0
    return max(told_ms, min(FAILED_PAUSE_MS * failures, FAILED_PAUSE_MS_MAX))


def blamed(error: Exception) -> str:
    """The system an error speaks of, or ""."""
    return str(error.facts.get("system", "") if isinstance(error, BusinessException) else getattr(error, "system", ""))
