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

SPENT_PAUSE_MS = 60_000
"""How long to stay away from a system that has no calls left: one question a minute shows when it has."""
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
    """One system's gate.

    A system can fail in part: writes of one legal entity, or all writes, while everything else is answered. So a call may name a
    lane, which has a breaker of its own. A refusal of service in a lane counts against the lane only; silence counts against both.
    """

    def __init__(self, door: Door, clock: Callable[[], int], *, stored: Mapping[str, Any] | None = None) -> None:
        self.system, self._door, self._clock = door.system, door, clock
        self.breaker = Breaker(clock, door.limits, on_change=self._changed, stored=stored)
        self.lanes: dict[str, Breaker] = {}
        self.throttle = Throttle(door.budget, clock)
        self._pause_until = 0
        self.spent_at = 0
        """When the system last said that no calls are left for today; 0: never."""

    async def enter(self, priority: int = NORMAL, *, lane: str = "") -> None:
        """Wait for a place. Raises Held, with how long to stay away, when calling now would be wrong."""
        self._refuse_paused()
        await self.throttle.enter(priority)
        try:
            self._refuse_paused()
            self._refuse_broken(lane)
        except Held:
            self.throttle.leave()
            raise

    def leave(self, *, answered: bool, wait_ms: int = 0, throttled: bool = False, lane: str = "", silent: bool = True) -> None:
        """Tell how the call went: did the system answer as a healthy one does, and how long did it ask us to stay away?

        `silent`: what did not answer well did not answer at all, or may have done what was asked.
        """
        self.throttle.leave()
        if throttled or wait_ms:
            self._pause_until = max(self._pause_until, self._clock() + (wait_ms or PAUSE_MS))
        if lane:
            self._lane(lane).report(answered=answered)
        if answered or silent or not lane:
            self.breaker.report(answered=answered)
        else:
            self.breaker.withdraw()  # it is there, and says nothing of other lanes

    def spend(self) -> None:
        """The system said that no calls are left: nobody calls for a while."""
        self.spent_at = self._clock()
        self._pause_until = max(self._pause_until, self.spent_at + SPENT_PAUSE_MS)

    def view(self) -> dict[str, Any]:
        """What /health shows."""
        return {
            **self.breaker.view(),
            "busy": self.throttle.busy,
            "waiting": self.throttle.waiting,
            "pause_until": self._pause_until,
            "lanes": {name: breaker.view() for name, breaker in sorted(self.lanes.items()) if breaker.state != CLOSED},
        }

    def _refuse_paused(self) -> None:
        if not self._pause_until:
            return
        pause_ms = self._pause_until - self._clock()
        if pause_ms > 0:
            raise Held(f"{self.system} asked us to stay away", pause_ms, system=self.system)

    def _refuse_broken(self, lane: str) -> None:
        """The lane is asked first: a trial of the whole system is not to be lost on a call that its lane holds back."""
        narrow = self._lane(lane) if lane else None
        held_ms = narrow.held_ms() if narrow is not None else 0
        if held_ms:
            raise Held(f"{self.system}: breaker of {lane} open", held_ms, system=self.system)
        held_ms = self.breaker.held_ms()
        if held_ms:
            if narrow is not None:
                narrow.withdraw()
            raise Held(f"{self.system}: breaker {self.breaker.state}", held_ms, system=self.system)

    def _lane(self, name: str) -> Breaker:
        found = self.lanes.get(name)
        if found is None:
            found = self.lanes[name] = Breaker(self._clock, self._door.limits, on_change=self._lane_changed)
        return found

    def _lane_changed(self, before: str, after: str) -> None:
        if after == CLOSED and before != CLOSED and self._door.on_close is not None:
            self._door.on_close(self.system)

    def _changed(self, before: str, after: str) -> None:
        if self._door.on_store is not None:
            self._door.on_store(self.system, self.breaker.view())
        if after == CLOSED and before != CLOSED and self._door.on_close is not None:
            self._door.on_close(self.system)
