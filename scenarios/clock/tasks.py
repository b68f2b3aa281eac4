"""Tasks that sort the same in every process: their hash is the number of their creation, not their address.

`asyncio.wait`, `TaskGroup`, `all_tasks` and anyio's task groups keep tasks in sets; sets of addresses iterate differently in
each process (measured), so a cancelled group would unwind in another order each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

_new_task = asyncio.Task.__new__
_init_task = asyncio.Task.__init__


class SimTask(asyncio.Task[Any]):
    """A task of a simulated run; `number` counts tasks of its loop from 1."""

    __slots__ = ("number",)
    number: int

    def __hash__(self) -> int:
        return self.number


def make_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], number: int, name: object, context: Context | None
) -> SimTask:
    """Make the loop's task number `number`; unnamed ones are called after it (the stock counter is the process's, not the run's)."""
    task: SimTask = _new_task(SimTask)
    task.number = number
    _init_task(task, coroutine, loop=loop, name=f"task-{number}" if name is None else str(name), context=context)
    return task
