"""How work enters the virtual loop: callbacks, timers and tasks, made with as little ceremony as asyncio allows.

Timers are tuples `(when, number, timer)` in the heap, so that equal deadlines are first in, first out and no Python code runs to
compare two of them: this is the hottest path of the whole product. Handles are filled in place of the stock constructors.
"""

from __future__ import annotations

import asyncio
import threading
from asyncio import tasks
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heapify, heappush
from typing import TYPE_CHECKING, Any, TypeVarTuple

from scenarios.clock.inside import Escape, Inside
from scenarios.clock.model import Bridges
from scenarios.clock.tasks import make_task

Ts = TypeVarTuple("Ts")

DEAD_TIMERS_MIN = 100  # cancelled timers worth a clean-up of the heap
FOREVER = float("inf")

_new = object.__new__


class _Soon(asyncio.Handle):
    """A callback made without the stock constructor's debug questions."""

    __slots__ = ()
    if TYPE_CHECKING:
        _callback: Any
        _args: Any
    _repr = _source_traceback = None

    def cancel(self) -> None:
        self._cancelled = True
        self._callback = self._args = None


class _Timer(asyncio.TimerHandle):
    """A timer made the same way."""

    __slots__ = ()
    if TYPE_CHECKING:
        _scheduled: bool
        _loop: Any
        _callback: Any
        _args: Any
    _repr = _source_traceback = None

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            if self._scheduled:
                self._loop._timer_handle_cancelled(self)
            self._callback = self._args = None


class Schedule(Bridges, Inside):
    """The scheduling half of the virtual loop."""

    _ready: deque[Any]
    _scheduled: list[tuple[float, int, Any]]
    _stopping: bool
    _closed: bool
    _task_factory: Any

    def __init__(self) -> None:
        super().__init__()
        self._owner = threading.get_ident()
        self._timer_count = self._task_count = self._dead_timers = 0
        self._kept: dict[asyncio.Task[Any], None] = {}

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer; timers for the same instant fire in the order they were set."""
        return self._set_timer(when, callback, args, context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer `delay` simulated seconds from now."""
        return self._set_timer(self.env._now + delay, callback, args, context)

    def _set_timer(self, when: float, callback: Any, args: tuple[Any, ...], context: Context | None) -> _Timer:
        if self._closed or when != when:  # noqa: PLR0124 - the quickest test for not-a-number
            self._refuse_timer(when)
        self._timer_count = number = self._timer_count + 1
        timer: Any = _new(_Timer)
        timer._when = when
        timer._callback = callback
        timer._args = args
        timer._loop = self
        timer._context = copy_context() if context is None else context
        timer._cancelled = False
        timer._scheduled = True
        heappush(self._scheduled, (when, number, timer))
        return timer  # type: ignore[no-any-return]

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> asyncio.Handle:
        """Run a callback in the next round of this instant."""
        if self._closed:
            self._check_closed()
        handle: Any = _new(_Soon)
        handle._callback = callback
        handle._args = args
        handle._loop = self
        handle._context = copy_context() if context is None else context
        handle._cancelled = False
        self._ready.append(handle)
        return handle  # type: ignore[no-any-return]

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As `call_soon`; a wake-up from another thread would arrive at a random instant and raises `Escape`."""
        if threading.get_ident() != self._owner:
            raise Escape(
                f"wake-up of the virtual loop from another thread refused: {callback!r}; keep simulated work on the loop"
            )
        return self.call_soon(callback, *args, context=context)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
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

    def _kept_ended(self, task: asyncio.Task[Any]) -> None:
        self._kept.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self.call_exception_handler({"message": f"{task.get_name()} failed unwatched", "exception": task.exception()})

    def _timer_handle_cancelled(self, _handle: Any) -> None:
        """Keep the heap from filling with dead timers: rebuild it when more than half are."""
        self._dead_timers += 1
        timers = self._scheduled
        if self._dead_timers > DEAD_TIMERS_MIN and self._dead_timers * 2 > len(timers):
            for entry in timers:
                entry[2]._scheduled = not entry[2]._cancelled
            timers[:] = [entry for entry in timers if entry[2]._scheduled]
            heapify(timers)
            self._dead_timers = 0

    def _refuse_timer(self, when: float) -> None:
        self._check_closed()
        raise ValueError(f"timer at {when!r} refused: not a number; compute a due time")


def _nothing() -> None:
    """Be a callback: something ready, so that a stopped loop looks up."""
