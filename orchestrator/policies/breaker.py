"""When to stop calling a system that does not answer: closed, open, half-open. Pure but for the injected clock.

    closed --failures_max in a row--> open --its time is over--> half_open --one trial answers--> closed
                                       ^-----the trial fails; open for twice as long-----'

Only failures to answer count; a refusal is an answer. Of those that are turned away, the first is told to come back
for the trial, the others to wait longer: when the breaker closes they are woken anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
OnChange = Callable[[str, str], None]
"""(state before, state after), called after the change."""


@dataclass(frozen=True)
class BreakerLimits:
    """`failures_max` in a row open it for `open_ms`, doubled after each failed trial up to `open_ms_max`."""

    failures_max: int = 5
    open_ms: int = 30_000
    open_ms_max: int = 300_000
    crowd_ms: int = 1_800_000


class Breaker:
    """One system's breaker."""

    def __init__(
        self,
        clock: Callable[[], int],
        limits: BreakerLimits | None = None,
        *,
        on_change: OnChange | None = None,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        self._clock, self._limits, self._on_change = clock, limits or BreakerLimits(), on_change
        self.state, self._failures, self._openings, self._until = CLOSED, 0, 0, 0
        self._trial = self._invited = False
        self.away_since = 0
        """When it last ceased to be closed; 0 while it is."""
        if stored and stored["state"] != CLOSED:
            self.state, self._openings, self._until = OPEN, stored["openings"], stored["until"]
            self.away_since = clock()

    def held_ms(self) -> int:
        """How long a caller must stay away; 0 lets it through, in half-open state as the one trial."""
        if self.state == CLOSED:
            return 0
        now = self._clock()
        if now >= self._until and not self._trial:
            self._change(HALF_OPEN)
            self._trial = True
            return 0
        if self._invited:
            return max(self._until - now, 0) + self._limits.crowd_ms
        self._invited = True
        return max(1, self._until - now)

    def report(self, *, answered: bool) -> None:
        """Tell how an admitted call went."""
        trial, self._trial = self._trial, False
        if self.state == OPEN:
            return  # a call from before it opened
        if answered:
            self._failures = self._openings = 0
            self._change(CLOSED)
            return
        self._failures += 1
        if trial or self._failures >= self._limits.failures_max:
            self._open()

    def withdraw(self) -> None:
        """An admitted call was not made after all; the trial is free again."""
        self._trial = False

    def view(self) -> dict[str, Any]:
        """What is stored and shown: {state, failures, openings, until}."""
        return {"state": self.state, "failures": self._failures, "openings": self._openings, "until": self._until}

    def _open(self) -> None:
        limits = self._limits
        self._until = self._clock() + min(limits.open_ms_max, limits.open_ms * 2 ** min(self._openings, 16))
        self._openings += 1
        self._failures, self._invited = 0, False
        self._change(OPEN)

    def _change(self, state: str) -> None:
        before, self.state = self.state, state
        if CLOSED in (before, state):
            self.away_since = 0 if state == CLOSED else self.away_since or self._clock()
        if before != state and self._on_change is not None:
            self._on_change(before, state)
