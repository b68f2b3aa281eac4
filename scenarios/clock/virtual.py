"""The virtual loop: unmodified asyncio code in SimPy's time, as fast as the code itself runs.

A loop that would wait for sockets lets the model run instead. One round of an instant: model events that are due, then timers
that are due (first set, first fired), then the callbacks that were ready; when nothing is left, time jumps to whatever comes
next. Time is float seconds from 0 (a calendar joins it to dates). The hot path is `_run_once`, one call for the whole run.

Private parts of asyncio it stands on, pinned by tests/clock/test_virtual.py: `_ready`, `_scheduled`, `_stopping`, `_run_once`,
`_timer_handle_cancelled`, and the slots of `Handle` and `TimerHandle`. Same in CPython 3.11 to 3.13 (read, 2026).
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import threading
from asyncio import tasks
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

from scenarios.clock.calendar import Calendar
from scenarios.clock.inside import Escape, Inside
from scenarios.clock.model import Bridges, SimEnv
from scenarios.clock.reports import Deadlock, Livelock, busiest, callback_name, event_name, failed_event, waiting_tasks
from scenarios.clock.tasks import make_task

ROUNDS_MAX = 1_000_000  # rounds of one instant before it counts as a livelock
SAMPLE = 1_000  # callbacks or events looked at to name the culprits
DEAD_TIMERS_MIN = 100  # cancelled timers worth a clean-up of the heap
FULL_EVERY = 28  # of those, each so many-th looks at old objects too
FOREVER = float("inf")

_new_handle = object.__new__


class _Timer(asyncio.TimerHandle):
    """A timer made without the stock constructor's debug questions."""

    __slots__ = ()

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            if self._scheduled:
                self._loop._timer_handle_cancelled(self)
            self._callback = self._args = None


class VirtualLoop(Bridges, Inside):
    """An asyncio loop in simulated time; `loop.env` is its model, `loop.clock()` its epoch milliseconds.

    Deterministic: equal deadlines are first in, first out; sets of tasks are ordered by creation; executor calls run inline;
    threads and sockets raise `Escape`. `start_s` shifts loop time itself (tests); calendars start at `start_ms`.
    """

    _ready: deque[Any]
    _scheduled: list[tuple[float, int, Any]]
    _stopping: bool
    _closed: bool
    _debug: bool
    _task_factory: Any

    def __init__(self, *, start_ms: int = 0, start_s: float = 0.0) -> None:
        super().__init__()
        self.env = SimEnv(start_s)
        self.calendar = Calendar(start_ms)
        self.unhandled: list[dict[str, Any]] = []
        self._kept: dict[asyncio.Task[Any], None] = {}
        self.rounds_max = ROUNDS_MAX
        self._clock_resolution = 1e-6
        self._owner = threading.get_ident()
        self._timer_count = self._task_count = self._dead_timers = self._collections = 0
        self._collect_at = self._collect_every = FOREVER
        self._sampled: list[str] = []
        self._frozen = False

    def time(self) -> float:
        """Return simulated seconds since the loop's start."""
        return self.env._now

    def clock(self) -> int:
        """Return the calendar's instant now: milliseconds since 1970 UTC."""
        return self.calendar.at(self.env._now)

    # --- scheduling -------------------------------------------------------------------------------------------------

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer; timers for the same instant fire in the order they were set."""
        if self._closed or when != when:  # noqa: PLR0124 - the quickest test for not-a-number
            self._refuse_timer(when)
        self._timer_count = number = self._timer_count + 1
        timer: Any = _new_handle(_Timer)
        timer._when = when
        timer._callback = callback
        timer._args = args
        timer._loop = self
        timer._context = copy_context() if context is None else context
        timer._cancelled = False
        timer._scheduled = True
        timer._repr = timer._source_traceback = None
        heapq.heappush(self._scheduled, (when, number, timer))
        return timer  # type: ignore[no-any-return]

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer `delay` simulated seconds from now."""
        return self.call_at(self.env._now + delay, callback, *args, context=context)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Run a callback in the next round of this instant."""
        if self._closed:
            self._check_closed()
        handle: Any = _new_handle(asyncio.Handle)
        handle._callback = callback
        handle._args = args
        handle._loop = self
        handle._context = copy_context() if context is None else context
        handle._cancelled = False
        handle._repr = handle._source_traceback = None
        self._ready.append(handle)
        return handle  # type: ignore[no-any-return]

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """As `call_soon`; a wake-up from another thread would arrive at a random instant and raises `Escape`."""
        if threading.get_ident() != self._owner:
            raise Escape(
                f"wake-up of the virtual loop from another thread refused: {callback!r}; keep simulated work on the loop"
            )
        return self.call_soon(callback, *args, context=context)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        """Start a task whose hash and default name are its number of creation."""
        if self._closed or self._task_factory is not None:
            return super().create_task(coro, name=name, context=context)
        self._task_count = number = self._task_count + 1
        return make_task(self, coro, number, name, context)

    def start_now(self, coro: Coroutine[Any, Any, Any], *, name: str | None = None) -> asyncio.Task[Any]:
        """Start a task and run its first step before returning: a coroutine that never waits is done at once.

        It is a task of its own in every way: `current_task()`, context and cancellation are not the caller's.
        """
        task = self.create_task(coro, name=name)
        handle = self._ready.pop()
        caller = tasks.current_task(self)
        if caller is not None:
            tasks._leave_task(self, caller)
        try:
            handle._context.run(handle._callback, *handle._args)
        finally:
            if caller is not None:
                tasks._enter_task(self, caller)
        return task

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task that nobody waits for until it ends, and report its failure."""
        self._kept[task] = None
        task.add_done_callback(self._kept_ended)

    def stop(self) -> None:
        """Stop after the current round, also when the model asks for it."""
        self._stopping = True
        self.call_soon(_nothing)

    # --- the run ----------------------------------------------------------------------------------------------------

    def _run_once(self) -> None:
        """Run rounds until stopped: model, timers, callbacks; count rounds in which time stood still."""
        env, ready, timers = self.env, self._ready, self._scheduled
        pop_ready, pop_timer, queue = ready.popleft, heapq.heappop, env._queue
        then, rounds = -FOREVER, 0
        while True:
            if not ready or (queue and queue[0][0] <= env._now):
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
        env, ready, timers = self.env, self._ready, self._scheduled
        queue, pop_event, now, steps = env._queue, heapq.heappop, env._now, 0
        while queue and not self._frozen:
            when = queue[0][0]
            if when > now:
                if ready:
                    return
                if timers and timers[0][0] < when:
                    break
                if when >= self._collect_at:
                    self._collect(when)
                now, steps = when, 0
                env._now = when
            else:
                steps += 1
                if steps > self.rounds_max:
                    self._name_model_spinners(steps)
            event = pop_event(queue)[3]
            callbacks = event.callbacks
            event.callbacks = None  # type: ignore[assignment]
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
            if when >= self._collect_at:
                self._collect(when)
            # A model event before a live timer still goes first: the heap's head may have been a dead one.
            if self._frozen or not self.env._queue or when < self.env._queue[0][0]:
                self.env.jump(when)
        elif self._frozen or not self.env._queue:
            raise Deadlock(self.env._now, waiting_tasks(asyncio.all_tasks(self)))

    def _timer_handle_cancelled(self, handle: Any) -> None:
        """Keep the heap from filling with dead timers: rebuild it when more than half are."""
        self._dead_timers += 1
        timers = self._scheduled
        if self._dead_timers > DEAD_TIMERS_MIN and self._dead_timers * 2 > len(timers):
            for entry in timers:
                entry[2]._scheduled = not entry[2]._cancelled
            timers[:] = [entry for entry in timers if entry[2]._scheduled]
            heapq.heapify(timers)
            self._dead_timers = 0

    def _name_spinners(self, rounds: int) -> None:
        """Look at the callbacks of a few rounds more, then end the run with the busiest."""
        self._sampled.extend(callback_name(handle) for handle in list(self._ready)[:SAMPLE])
        if len(self._sampled) >= SAMPLE or rounds > self.rounds_max + SAMPLE:
            raise Livelock(self.env._now, rounds, busiest(self._sampled))

    def _name_model_spinners(self, steps: int) -> None:
        self._sampled.append(event_name(self.env._queue[0][3]))
        if len(self._sampled) >= SAMPLE:
            raise Livelock(self.env._now, steps, busiest(self._sampled))

    # --- failures and garbage ---------------------------------------------------------------------------------------

    def _callback_failed(self, handle: Any, error: BaseException) -> None:
        message = f"exception in callback {callback_name(handle)}"
        self.call_exception_handler({"message": message, "exception": error, "handle": handle})

    def _kept_ended(self, task: asyncio.Task[Any]) -> None:
        self._kept.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self.call_exception_handler({"message": f"{task.get_name()} failed unwatched", "exception": task.exception()})

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

    def _collect(self, when: float) -> None:
        self._collections += 1
        gc.collect(2 if self._collections % FULL_EVERY == 0 else 1)
        self._collect_at = when + self._collect_every

    def _refuse_timer(self, when: float) -> None:
        self._check_closed()
        raise ValueError(f"timer at {when!r} refused: not a number; compute a due time")


def _nothing() -> None:
    """Be a callback: something ready, so that a stopped loop looks up."""
