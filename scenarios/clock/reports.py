"""What the clock says when a run cannot go on, or went on without being watched.

    ClockError
    |-- Deadlock     nothing can ever happen again, and somebody still waits
    |-- Livelock     much happens, and time stands still
    |-- ModelFailure a process of the model (SimPy) raised and nobody waited for it
    |-- Unwatched    a task or a callback failed in the background and nobody asked for its result

Every report names the culprits: tasks by name and the line they wait at, callbacks by name and count, processes by name.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import simpy

NAMES_MAX = 20


class ClockError(RuntimeError):
    """The run ended for a reason that is not the business's."""


class Deadlock(ClockError):
    """No callback is ready, no timer is set and the model has no event, yet the run is not done."""

    def __init__(self, now: float, waiting: tuple[str, ...]) -> None:
        self.now, self.waiting = now, waiting
        super().__init__(
            f"deadlock at {now:.6f} s: no callback, no timer and no model event is left; waiting: {_listed(waiting)}; "
            "give the wait a due time, or find who should have woken it"
        )


class Livelock(ClockError):
    """The same instant went through too many rounds: somebody spins without letting time move."""

    def __init__(self, now: float, rounds: int, busiest: tuple[tuple[str, int], ...]) -> None:
        self.now, self.rounds, self.busiest = now, rounds, busiest
        top = tuple(f"{name} x{count}" for name, count in busiest)
        super().__init__(
            f"livelock: time stands still at {now:.6f} s after {rounds} rounds; busiest callbacks: {_listed(top)}; "
            "wait for an event or a due time instead of asking again at once"
        )


class ModelFailure(ClockError):
    """A model process (or event) failed and nobody waited for it; the cause is chained."""

    def __init__(self, process: str, now: float, cause: BaseException) -> None:
        self.process, self.now = process, now
        super().__init__(f"model process {process!r} failed at {now:.6f} s: {type(cause).__name__}: {cause}")


class Unwatched(ClockError):
    """A background task or callback failed and nobody asked for its result; the cause is chained."""


def failed_event(event: simpy.Event, now: float) -> BaseException:
    """Return what to raise for an event that failed with nobody to take it."""
    cause: Any = event.value
    if isinstance(cause, (KeyboardInterrupt, SystemExit)):
        return cause
    failure = ModelFailure(event_name(event), now, cause)
    failure.__cause__ = cause
    return failure


def event_name(event: simpy.Event) -> str:
    """Name the process behind an event: its own name, or whose turn the event starts."""
    if isinstance(event, simpy.Process):
        return event.name
    for callback in event.callbacks or ():
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, simpy.Process):
            return owner.name
    return type(event).__name__


def waiting_tasks(tasks: Iterable[asyncio.Task[Any]]) -> tuple[str, ...]:
    """Describe tasks as `name: coroutine at file:line`, in the order of their creation."""
    ordered = sorted(tasks, key=hash)
    return tuple(f"{task.get_name()}: {_place(task)}" for task in ordered if not task.done())


def callback_name(handle: asyncio.Handle) -> str:
    """Name what a ready callback belongs to: the task it steps, or the function it calls."""
    callback: Any = handle._callback  # type: ignore[attr-defined]
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return f"{owner.get_name()} ({_coroutine_name(owner)})"
    return getattr(callback, "__qualname__", None) or type(callback).__name__


def busiest(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Count names, the most frequent first; equal counts by name."""
    return tuple(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))[:NAMES_MAX])


def _coroutine_name(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", "?")


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    if not frames:
        return f"{_coroutine_name(task)} (not started)"
    frame = _innermost(task, frames[0])
    return f"{_coroutine_name(task)} at {frame.f_code.co_filename}:{frame.f_lineno}"


def _innermost(task: asyncio.Task[Any], outer: Any) -> Any:
    """Follow awaits down from the task's coroutine: the line that waits, not the line that called."""
    coroutine: Any = task.get_coro()
    frame = outer
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or frame
        coroutine = getattr(coroutine, "cr_await", None)
    return frame


def _listed(names: tuple[str, ...]) -> str:
    rest = len(names) - NAMES_MAX
    text = ", ".join(names[:NAMES_MAX]) or "nobody"
    return f"{text} and {rest} more" if rest > 0 else text
