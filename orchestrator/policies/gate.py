"""What stands before every call to one system: its breaker, the pause it asked for, and our turn.

A caller that is held back is told so at once (`Held`): it backs off as a row and takes no place in a queue. When the
breaker closes, `on_close` tells who can wake those rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import Held
from orchestrator.policies.breaker import CLOSED, Breaker, BreakerLimits
from orchestrator.policies.throttle import NORMAL, Budget, Throttle

PAUSE_MS = 1_000
"""How long to stay away after a throttle that does not say (NetSuite sends no Retry-After)."""


@dataclass(frozen=True)
class Door:
    """The limits of one system, and who hears of its breaker. `on_store(view)` keeps each new state."""

    system: str
    budget: Budget = field(default_factory=Budget)
    limits: BreakerLimits = field(default_factory=BreakerLimits)
    on_close: Callable[[str], None] | None = None
    on_store: Callable[[str, Mapping[str, Any]], None] | None = None


class Gate:
    """One system's gate."""

    def __init__(self, door: Door, clock: Callable[[], int], *, stored: Mapping[str, Any] | None = None) -> None:
        self.system, self._door, self._clock = door.system, door, clock
        self.breaker = Breaker(clock, door.limits, on_change=self._changed, stored=stored)
        self.throttle = Throttle(door.budget, clock)
        self._pause_until = 0

    async def enter(self, priority: int = NORMAL) -> None:
        """Wait for a place. Raises Held, with how long to stay away, when calling now would be wrong."""
        self._refuse_paused()
        await self.throttle.enter(priority)
        try:
            self._refuse_paused()
            held_ms = self.breaker.held_ms()
            if held_ms:
                raise Held(f"{self.system}: breaker {self.breaker.state}", held_ms, system=self.system)
        except Held:
            self.throttle.leave()
            raise

    def leave(self, *, answered: bool, wait_ms: int = 0, throttled: bool = False) -> None:
        """Tell how the call went: did the system answer as a healthy one does, and how long did it ask us to stay away?"""
        self.throttle.leave()
        if throttled or wait_ms:
            self._pause_until = max(self._pause_until, self._clock() + (wait_ms or PAUSE_MS))
        self.breaker.report(answered=answered)

    def view(self) -> dict[str, Any]:
        """What /health shows."""
        return {
            **self.breaker.view(),
            "busy": self.throttle.busy,
            "waiting": self.throttle.waiting,
            "pause_until": self._pause_until,
        }

    def _refuse_paused(self) -> None:
        if not self._pause_until:
            return
        pause_ms = self._pause_until - self._clock()
        if pause_ms > 0:
            raise Held(f"{self.system} asked us to stay away", pause_ms, system=self.system)

    def _changed(self, before: str, after: str) -> None:
        if self._door.on_store is not None:
            self._door.on_store(self.system, self.breaker.view())
        if after == CLOSED and before != CLOSED and self._door.on_close is not None:
            self._door.on_close(self.system)
