"""The paced loop: the stock selector loop over real sockets, N simulated seconds a wall second, with the same model and bridges.

`PacedLoop(scale=60)` plays a minute a second; `scale=1` is real time. Model events happen at their exact simulated instant in
order, at most one poll late on the wall. Time-outs are scaled too: see `check_scale`.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
import time
from typing import Any

from scenarios.clock.calendar import Calendar
from scenarios.clock.model import Bridges, SimEnv
from scenarios.clock.reports import Livelock, busiest, event_name, failed_event
from scenarios.clock.tasks import make_task

STEPS_MAX = 1_000_000  # model events of one poll before it counts as a livelock
SAMPLE = 1_000
LATENCY_SHARE = 10  # the shortest time-out must be this many times the real latency
POLL_S_MAX = 3600.0


def check_scale(scale: float, *, timeout_s_min: float, latency_s: float) -> None:
    """Refuse a pace at which the shortest time-out (simulated) would be near the real latency (wall).

    Raises ValueError, naming the largest scale that works.
    """
    largest = timeout_s_min / (LATENCY_SHARE * latency_s)
    if not 0 < scale <= largest:
        raise ValueError(
            f"speed {scale:g} refused: a time-out of {timeout_s_min:g} simulated s against {latency_s:g} s of real latency "
            f"allows 0 < speed <= {largest:g}; slow down or lengthen the time-out"
        )


class PacedLoop(Bridges, asyncio.SelectorEventLoop):
    """A stock loop whose clock runs `scale` times as fast as the wall's, coupled to a SimPy model."""

    _task_factory: Any

    def __init__(self, *, scale: float = 1.0, start_ms: int = 0) -> None:
        super().__init__(self.selector())
        if not scale > 0:
            self.close()
            raise ValueError(f"scale {scale!r} refused: simulated seconds per wall second, above 0")
        self.env, self.scale, self.calendar = SimEnv(0.0), scale, Calendar(start_ms)
        self._began = time.monotonic()  # noqa: TID251 - this loop is the bridge to the wall clock
        self._task_count = 0
        self._frozen = False
        self._clock_resolution = 1e-6

    def selector(self) -> selectors.BaseSelector:
        """Make what this loop polls with."""
        return _PacedSelector(self)

    def time(self) -> float:
        """Return simulated seconds since the loop was made."""
        return (time.monotonic() - self._began) * self.scale  # noqa: TID251 - see above

    def freeze_model(self) -> None:
        """Let no more model events happen: the run is over, only tasks still clean up."""
        self._frozen = True

    def clock(self) -> int:
        """Return the calendar's instant now: milliseconds since 1970 UTC."""
        return self.calendar.at(self.time())

    def create_task(self, coro: Any, *, name: object = None, context: Any = None) -> asyncio.Task[Any]:
        """Start a task with a number of its own, as the virtual loop does."""
        if self.is_closed() or self._task_factory is not None:
            return super().create_task(coro, name=name, context=context)
        self._task_count = number = self._task_count + 1
        return make_task(self, coro, number, name, context)

    def step_due(self) -> None:
        """Run every model event that is due by now, each at its own instant, then bring the model's time up to the loop's."""
        env, now, steps, sampled = self.env, self.time(), 0, list[str]()
        queue: list[Any] = [] if self._frozen else env._queue
        while queue and queue[0][0] <= now:
            steps += 1
            if steps > STEPS_MAX:
                sampled.append(event_name(queue[0][3]))
                if len(sampled) >= SAMPLE:
                    raise Livelock(env.now, steps, busiest(sampled))
            env._now, _, _, event = heapq.heappop(queue)
            callbacks, event.callbacks = event.callbacks, None
            for callback in callbacks:
                callback(event)
            if not event._ok and not event.defused:
                raise failed_event(event, env.now)
        env.jump(now)

    def wall_wait(self, timeout: float | None) -> float | None:
        """Return how many wall seconds a poll may wait: until the next timer (`timeout`, simulated) or model event."""
        simulated = self.gap(timeout)
        return simulated if simulated is None else min(simulated / self.scale, POLL_S_MAX)

    def gap(self, timeout: float | None) -> float | None:
        """Return the simulated seconds until the next timer (in `timeout`) or model event; None when there is neither."""
        queue = self.env._queue
        if self._frozen or not queue:
            return timeout
        gap = max(0.0, queue[0][0] - self.time())
        return gap if timeout is None else min(timeout, gap)


class _PacedSelector(selectors.DefaultSelector):
    """Waits in wall seconds for what the loop asks in simulated ones, then lets the model catch up."""

    def __init__(self, loop: PacedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(self._loop.wall_wait(timeout))
        self._loop.step_due()
        return found
