"""The model's side of the clock: a SimPy environment whose time only the loop moves, and the bridges to asyncio.

A model process waits for a coroutine with `yield loop.as_event(coroutine)`; a coroutine waits for the model with
`await loop.until(event)`. Results and exceptions cross both ways. A task that the model starts runs in the loop's context, not
in that of whoever started the process: pass trace ids explicitly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import GeneratorType
from typing import Any, NoReturn

import simpy
from simpy.core import BoundClass
from simpy.resources.base import Get, Put


class Cancelled(RuntimeError):
    """The coroutine that a model process waited for was cancelled."""


class TaskEvent(simpy.Event):
    """A SimPy event that happens when its task ends; `task` may be cancelled by the waiter."""

    task: asyncio.Task[Any]


class SimEnv(simpy.Environment):
    """A SimPy environment that is stepped by an event loop and never by itself."""

    def __init__(self, initial_time: float = 0.0) -> None:
        super().__init__(initial_time)
        for name, value in vars(simpy.Environment).items():  # SimPy binds these early for its own class only: half the speed
            if isinstance(value, BoundClass):
                setattr(self, name, getattr(self, name))

    def start(self, generator: GeneratorType[simpy.Event, Any, Any], name: str) -> simpy.Process:
        """Start a process under a name of its own (reports print it); `process` uses the function's name."""
        generator.__name__ = name
        return self.process(generator)

    def jump(self, instant: float) -> None:
        """Move time forward to an instant at which the model itself has nothing to do; never back."""
        self._now = max(self._now, instant)

    def run(self, until: Any = None) -> NoReturn:
        """Refuse: a second driver would step past the loop's timers."""
        raise RuntimeError(f"run(until={until!r}) refused: the event loop steps this model; use `await loop.until(event)`")


class Bridges(asyncio.AbstractEventLoop):
    """The two directions between SimPy and asyncio; mixed into both loops."""

    env: SimEnv

    def as_event(self, coroutine: Coroutine[Any, Any, Any], name: str | None = None) -> TaskEvent:
        """Run a coroutine as a task and return an event that succeeds or fails with it; a cancelled task fails it (`Cancelled`)."""
        event = TaskEvent(self.env)
        event.task = self.create_task(coroutine, name=name)
        event.task.add_done_callback(_Settle(event))
        return event

    async def until(self, event: simpy.Event) -> Any:
        """Wait for a model event and return its value, or raise what it failed with.

        Cancelling the wait leaves the event to its other waiters: a failure that nobody takes any more ends the run.
        """
        callbacks: list[Any] | None = event.callbacks  # None once it has happened, whatever SimPy's types say
        if callbacks is None:
            return _value(event)
        future = self.create_future()
        wake = _Wake(future)
        callbacks.append(wake)
        try:
            return await future
        finally:
            if event.callbacks is not None:
                _let_go(event, wake)


class _Settle:
    """Done callback of a task: settle the event that the model waits for."""

    __slots__ = ("event",)

    def __init__(self, event: TaskEvent) -> None:
        self.event = event

    def __call__(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self.event.fail(Cancelled(f"{task.get_name()} was cancelled"))
            return
        error = task.exception()
        if error is None:
            self.event.succeed(task.result())
        else:
            self.event.fail(error)  # type: ignore[arg-type]


class _Wake:
    """SimPy callback: hand an event's outcome to the future that a coroutine awaits."""

    __slots__ = ("future",)

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future

    def __call__(self, event: simpy.Event) -> None:
        if self.future.done():
            return
        if event._ok:
            self.future.set_result(event._value)
        else:
            event.defused = True
            self.future.set_exception(event._value)


def _let_go(event: simpy.Event, wake: _Wake) -> None:
    """Stop waiting; a place in a resource's queue is given back, or it would swallow an item for nobody."""
    event.callbacks.remove(wake)
    if isinstance(event, (Put, Get)) and not event.triggered:
        event.cancel()


def _value(event: simpy.Event) -> Any:
    value: Any = event.value
    if event.ok:
        return value
    raise value
