"""The virtual loop: unmodified asyncio code in SimPy's time, as fast as the code itself runs.

A loop that would wait for sockets lets the model run instead. One round of an instant: model events that are due, then timers
that are due (first set, first fired), then the callbacks that were ready; when nothing is left, time jumps to whatever comes
next. Time is float seconds from 0 (a calendar joins it to dates). The hot path is `_run_once`, one call for the whole run.

Private parts of asyncio it stands on, pinned by tests/clock/test_private_parts.py: `_ready`, `_scheduled`, `_stopping`,
`_run_once`, `_timer_handle_cancelled`, and the slots of `Handle` and `TimerHandle`.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
from collections.abc import Callable
from typing import Any

from scenarios.clock.calendar import Calendar
from scenarios.clock.guards import Guards
from scenarios.clock.model import SimEnv
from scenarios.clock.reports import Deadlock, Livelock, busiest, callback_name, event_name, failed_event, waiting_tasks
from scenarios.clock.schedule import FOREVER, Schedule
from scenarios.clock.ties import Ties

ROUNDS_MAX = 1_000_000  # rounds of one instant before it counts as a livelock
SAMPLE = 1_000  # callbacks or events looked at to name the culprits
NO_TIMER: tuple[float, int, Any] = (FOREVER, 0, None)
FULL_EVERY = 28  # garbage: each so many-th collection looks at old objects too


class VirtualLoop(Schedule):
    """An asyncio loop in simulated time; `loop.env` is its model, `loop.clock()` its epoch milliseconds.

    Deterministic: equal deadlines are first in, first out; sets of tasks are ordered by creation; executor calls run inline;
    threads and sockets raise `Escape`. `start_s` shifts loop time itself (tests); calendars start at `start_ms`. With `ties` other
    than 0, what is due at one instant comes in an order drawn from that seed, and not first in, first out.
    """

    def __init__(self, *, start_ms: int = 0, start_s: float = 0.0, ties: int = 0) -> None:
        super().__init__()
        self.env = SimEnv(start_s)
        self._ties = Ties(ties) if ties else None
        if self._ties is not None:
            self.env._eid = self._ties.numbers()  # type: ignore[assignment]  # SimPy only asks for the next
        self.calendar = Calendar(start_ms)
        self.watch = Guards()
        self.unhandled: list[dict[str, Any]] = []
        self.rounds_max = ROUNDS_MAX
        self._clock_resolution = 1e-6
        self._collections = 0
        self._attend_at = self._collect_at = self._collect_every = self._ring_at = FOREVER
        self._ring: Callable[[], None] | None = None
        self._sampled: list[str] = []
        self._read_s, self._read_ms = start_s, self.calendar.at(start_s)
        self._frozen = False

    def time(self) -> float:
        """Return simulated seconds since the loop's start."""
        return self.env._now

    def clock(self) -> int:
        """Return the calendar's instant now: milliseconds since 1970 UTC."""
        now = self.env._now
        if now != self._read_s:  # asked ten times an instant
            self._read_s, self._read_ms = now, self.calendar.at(now)
        return self._read_ms

    def _run_once(self) -> None:
        """Run rounds until stopped: model, timers, callbacks; count rounds in which time stood still."""
        env, ready, timers = self.env, self._ready, self._scheduled
        pop_ready, pop_timer, queue, ties = ready.popleft, heapq.heappop, env._queue, self._ties
        then, rounds = -FOREVER, 0
        while True:
            now = env._now
            if not ready or (queue and queue[0][0] <= now):
                when, _, timer = timers[0] if timers else NO_TIMER
                # By far the commonest: nothing is left but to wait for one live timer, and the model is not due before.
                if not ready and when < self._attend_at and not timer._cancelled and (not queue or when < queue[0][0] > now):
                    env._now = when if when > now else now
                else:
                    self._pass_time()
                now = env._now
            if now != then:
                then, rounds = now, 0
            else:
                rounds += 1
                if rounds > self.rounds_max:
                    self._name_spinners(rounds)
            while timers and timers[0][0] <= now:
                handle = pop_timer(timers)[2]
                handle._scheduled = False
                if handle._cancelled:
                    self._dead_timers -= 1
                else:
                    ready.append(handle)
            if ties is not None and len(ready) > 1:
                ties.shuffle(ready)
            for _ in range(len(ready)):
                handle = pop_ready()
                if not handle._cancelled:
                    try:
                        handle._context.run(handle._callback, *handle._args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:
                        self._callback_failed(handle, error)
            if self._stopping:
                return

    def _pass_time(self) -> None:
        """Step the model to the end of this instant and on, until a callback is ready or a timer is due."""
        env, ready, timers, pop_event = self.env, self._ready, self._scheduled, heapq.heappop
        queue: list[Any] = [] if self._frozen else env._queue
        now, steps, attend_at = env._now, 0, self._attend_at
        while queue:
            when = queue[0][0]
            if when > now:
                if ready:
                    return
                if timers and timers[0][0] < when:
                    break
                if when >= attend_at:
                    attend_at = self._attend(when)
                steps = 0
                env._now = now = when
            else:
                steps += 1
                if steps > self.rounds_max:
                    self._name_model_spinners(steps)
            event = pop_event(queue)[3]
            callbacks = event.callbacks
            event.callbacks = None
            for callback in callbacks:
                callback(event)
            if not event._ok and not hasattr(event, "_defused"):
                raise failed_event(event, now)
        if not ready:
            self._jump()

    def _jump(self) -> None:
        """Move time to the next timer, exactly; nothing to wait for is a deadlock."""
        timers = self._scheduled
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)[2]._scheduled = False
            self._dead_timers -= 1
        if timers and timers[0][0] != FOREVER:
            when = timers[0][0]
            # A model event before a live timer still goes first: the heap's head may have been a dead one.
            if self._frozen or not self.env._queue or when < self.env._queue[0][0]:
                if when >= self._attend_at:
                    self._attend(when)
                self.env.jump(when)
        elif self._frozen or not self.env._queue:
            raise Deadlock(self.env._now, waiting_tasks(asyncio.all_tasks(self)))

    def _name_spinners(self, rounds: int) -> None:
        """Look at the callbacks of a few rounds more, then end the run with the busiest."""
        self._sampled.extend(callback_name(handle) for handle in list(self._ready)[:SAMPLE])
        if len(self._sampled) >= SAMPLE or rounds > self.rounds_max + SAMPLE:
            raise Livelock(self.env._now, rounds, busiest(self._sampled))

    def _name_model_spinners(self, steps: int) -> None:
        self._sampled.append(event_name(self.env._queue[0][3]))
        if len(self._sampled) >= SAMPLE:
            raise Livelock(self.env._now, steps, busiest(self._sampled))

    def _callback_failed(self, handle: Any, error: BaseException) -> None:
        message = f"exception in callback {callback_name(handle)}"
        self.call_exception_handler({"message": message, "exception": error, "handle": handle})

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what failed unwatched; `run_virtual` raises it when the run ends."""
        self.unhandled.append(context)

    def freeze_model(self) -> None:
        """Let no more model events happen: the run is over, only tasks still clean up."""
        self._frozen = True

    def collect_garbage_every(self, seconds: float) -> None:
        """Collect cyclic garbage at fixed simulated instants, so that finalisers run at the same event in every process.

        The automatic collector must be off (`steady_garbage`); young objects each time, all of them each 28th time.
        """
        self._collect_every, self._collect_at = seconds, self.env._now + seconds
        self._attend_at = min(self._collect_at, self._ring_at)

    def ring_before(self, instant_s: float, ring: Callable[[], None]) -> None:
        """Call `ring` once at `instant_s`, before anything else of that instant. It is no event: the run goes on as without it."""
        self._ring_at, self._ring = instant_s, ring
        self._attend_at = min(self._collect_at, self._ring_at)

    def _attend(self, when: float) -> float:
        """Do what is to be done before time moves on to `when`; return when to look again."""
        if when >= self._ring_at and self._ring is not None:
            self.env.jump(self._ring_at)
            self._ring_at = FOREVER
            self._ring()
        if when >= self._collect_at:
            self._collections += 1
            gc.collect(2 if self._collections % FULL_EVERY == 0 else 1)
            self._collect_at = when + self._collect_every
        self._attend_at = min(self._collect_at, self._ring_at)
        return self._attend_at
