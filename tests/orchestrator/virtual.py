"""A minimal virtual-time event loop for these tests: time jumps to the next timer when nothing is ready."""

from __future__ import annotations

import asyncio
import heapq
from asyncio import base_events, events


class Stuck(RuntimeError):
    """Nothing is ready and nothing is scheduled: the test would wait for ever."""


class _Timer(events.TimerHandle):
    """Equal deadlines run in the order they were set."""

    number = 0

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


class _Jump:
    def __init__(self, loop):
        self.loop = loop

    def close(self):
        pass

    def select(self, timeout):
        if timeout is None:
            raise Stuck(sorted(task.get_name() for task in asyncio.all_tasks(self.loop)))
        if timeout > 0:
            self.loop.now = self.loop._scheduled[0]._when
        return ()


class Loop(base_events.BaseEventLoop):
    """Seconds from 0; no sockets, no threads."""

    def __init__(self):
        super().__init__()
        self.now, self.timers = 0.0, 0
        self._clock_resolution = 1e-6
        self._selector = _Jump(self)

    def time(self):
        return self.now

    def ms(self):
        return round(self.now * 1000)

    def call_at(self, when, callback, *args, context=None):
        self._check_closed()
        timer = _Timer(when, callback, args, self, context)
        self.timers += 1
        timer.number = self.timers
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


def live(main, *args):
    """Run `main(loop, *args)` to its end in virtual time; whatever it started is cancelled."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main(loop, *args))
    finally:
        tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
