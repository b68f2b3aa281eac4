"""The patient loop: real sockets at up to N simulated seconds a second, in a story that waits while the machine works.

Time moves only when no callback is ready and no socket has news, as on the virtual loop; then the loop sleeps until the wall has
come up with it. So a slow machine, or a busy hour, makes the story slower and breaks no time-out; on the paced loop one pause of
20 ms is 60 simulated seconds at 3,000 a second, and whoever waits for an answer gives up. What is behind is caught up when idle.
It needs peers whose bytes are there at once: this process over loopback. Somebody else's process wants the paced loop.
"""

from __future__ import annotations

import selectors
import time

from scenarios.clock.paced import POLL_S_MAX, PacedLoop

TICK_S = 0.002  # shorter than that nobody sleeps: a poll can wait for whole milliseconds only
HELD_POLL_S = 0.01


class PatientLoop(PacedLoop):
    """A paced loop whose time stands still until `begin`, and whenever there is work."""

    def __init__(self, *, scale: float, start_ms: int = 0) -> None:
        self._simulated = 0.0
        self._wall_began: float | None = None
        super().__init__(scale=scale, start_ms=start_ms)

    def selector(self) -> selectors.BaseSelector:
        return _PatientSelector(self)

    def time(self) -> float:
        """Return simulated seconds since `begin`."""
        return self._simulated

    def begin(self) -> None:
        """Let time pass from now on: everything that took wall time to build stands."""
        self._wall_began = time.monotonic()  # noqa: TID251 - this loop is the bridge to the wall clock

    @property
    def is_held(self) -> bool:
        return self._wall_began is None

    def wall_s(self) -> float:
        """Return wall seconds since `begin`."""
        return 0.0 if self._wall_began is None else time.monotonic() - self._wall_began  # noqa: TID251 - see above

    def move(self, instant: float) -> None:
        """Let time come to an instant; never back."""
        self._simulated = max(self._simulated, instant)


class _PatientSelector(selectors.DefaultSelector):
    """Looks for news first; only when there is none does time pass."""

    def __init__(self, loop: PatientLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self._loop
        found = super().select(0)
        if not found and timeout != 0:
            gap = loop.gap(timeout)
            if gap is None or loop.is_held:
                found = super().select(None if gap is None else HELD_POLL_S)
            else:
                found = self._pass(loop.time() + gap)
        loop.step_due()
        return found

    def _pass(self, target: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Sleep until the wall has come up with `target`, then let time be there; news from outside end the sleep."""
        loop = self._loop
        ahead_s = target / loop.scale - loop.wall_s()
        found = super().select(min(ahead_s, POLL_S_MAX)) if ahead_s > TICK_S else []
        is_early = bool(found) or ahead_s > POLL_S_MAX
        loop.move(min(target, loop.wall_s() * loop.scale) if is_early else target)
        return found
