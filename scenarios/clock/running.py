"""Runs: open a loop, keep the world out (or the pace in), run `main(loop)`, wind up, and let no failure pass in silence."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from scenarios.clock.guards import Guards
from scenarios.clock.inline import inlined
from scenarios.clock.paced import PacedLoop
from scenarios.clock.patient import PatientLoop
from scenarios.clock.reports import Deadlock, Unwatched
from scenarios.clock.virtual import VirtualLoop

T = TypeVar("T")
LoopT = TypeVar("LoopT", bound=asyncio.AbstractEventLoop)

COLLECT_EVERY_S = 86_400.0
WIND_UP_ROUNDS_MAX = 8


def run_virtual(
    main: Callable[[VirtualLoop], Coroutine[Any, Any, T]],
    *,
    start_ms: int,
    guards: bool = True,
    allowed: tuple[str, ...] = (),
    debug: bool = False,
    ties: int = 0,
) -> T:
    """Run `main(loop)` in simulated time that begins at `start_ms` and return its result.

    With guards, the first escape ends the run even when somebody caught it; lines of the modules in `allowed` (and of
    `guards.ALLOWED`) may pass. `ties` other than 0 shuffles what is due at one instant.

    Raises
    ------
        Escape: code reached for a thread, a socket, the wall clock or unkeyed chance.
        Deadlock, Livelock, ModelFailure: see `reports`; they name the culprits.
        Unwatched: a background task or callback failed and nobody asked for its result.
    """
    loop = VirtualLoop(start_ms=start_ms, ties=ties)
    loop.set_debug(debug)
    watch = loop.watch = Guards(allowed)
    with ExitStack() as stack:
        stack.callback(loop.close)
        stack.enter_context(steady_garbage(loop))
        stack.enter_context(inlined())
        if guards:
            stack.enter_context(watch)
        result = _run(loop, main)
    watch.raise_first()
    return result


def run_paced(main: Callable[[PacedLoop], Coroutine[Any, Any, T]], *, start_ms: int, scale: float = 1.0) -> T:
    """Run `main(loop)` over real sockets, `scale` simulated seconds a wall second (1 = real time)."""
    return _run_on(PacedLoop(scale=scale, start_ms=start_ms), main)


def run_patient(main: Callable[[PatientLoop], Coroutine[Any, Any, T]], *, start_ms: int, scale: float) -> T:
    """Run `main(loop)` over real sockets at up to `scale` simulated seconds a wall second, from `loop.begin()` on."""
    return _run_on(PatientLoop(scale=scale, start_ms=start_ms), main)


def _run_on(loop: LoopT, main: Callable[[LoopT], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop))


@contextmanager
def steady_garbage(loop: VirtualLoop) -> Iterator[None]:
    """Switch the automatic collector off, collect at fixed simulated instants, and put everything back as it was."""
    was_on, had_frozen = gc.isenabled(), gc.get_freeze_count() > 0
    gc.disable()
    if not had_frozen:
        gc.freeze()
    loop.collect_garbage_every(COLLECT_EVERY_S)
    try:
        yield
    finally:
        if not had_frozen:
            gc.unfreeze()
        if was_on:
            gc.enable()


def _run(loop: VirtualLoop, main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    try:
        result = loop.run_until_complete(main(loop))
    except BaseException as error:
        for left in _wind_up(loop):
            error.add_note(f"while winding up: {left}")
        raise
    stuck = _wind_up(loop)
    gc.collect(1)
    _raise_unwatched(loop, stuck)
    return result


def _wind_up(loop: VirtualLoop) -> tuple[str, ...]:
    """Cancel what still runs, in order of creation, with the model stopped; return what would not end."""
    loop.freeze_model()
    stuck: tuple[str, ...] = ()
    try:
        for _ in range(WIND_UP_ROUNDS_MAX):
            left = sorted(asyncio.all_tasks(loop), key=hash)
            if not left:
                break
            for task in left:
                task.cancel()
            loop.run_until_complete(_all_of(left))
            for task in left:
                if not task.cancelled() and task.exception() is not None:
                    loop.call_exception_handler(
                        {"message": f"{task.get_name()} failed on cancellation", "exception": task.exception()}
                    )
        loop.run_until_complete(loop.shutdown_asyncgens())
    except Deadlock as error:
        stuck = error.waiting
    return stuck


async def _all_of(left: list[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*left, return_exceptions=True)


def _raise_unwatched(loop: VirtualLoop, stuck: tuple[str, ...]) -> None:
    if stuck:
        raise Deadlock(loop.time(), stuck)
    for context in loop.unhandled:
        cause = context.get("exception")
        what = (
            f": {type(cause).__name__}: {cause}" if cause is not None else f" ({context.get('task') or context.get('future')!r})"
        )
        raise Unwatched(f"{context.get('message')}{what}; await it, or record its failure") from cause
