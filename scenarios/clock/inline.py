"""Third-party code that would start a thread, or order things by address, made harmless while a virtual run is on.

anyio keeps nested cancel scopes in a set of addresses, so a cancelled group of groups would unwind in another order in each
process: here the set keeps the order of entry. anyio hands sync endpoints and files to threads: here they run inline. `asyncio.as_completed` puts bare coroutines into a set
before it makes tasks of them: here the tasks are made first, in the order given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import anyio.to_thread
from anyio._backends._asyncio import CancelScope

_as_completed = asyncio.as_completed
_init_scope = CancelScope.__init__


class InOrder(dict[Any, None]):
    """A set that iterates in the order things came in."""

    def add(self, one: Any) -> None:
        self[one] = None

    def remove(self, one: Any) -> None:
        del self[one]

    def discard(self, one: Any) -> None:
        self.pop(one, None)


def init_ordered_scope(self: CancelScope, *args: Any, **named: Any) -> None:
    """Stand where `CancelScope.__init__` stands: the scopes inside are kept in order."""
    _init_scope(self, *args, **named)
    self._child_scopes = InOrder()  # type: ignore[assignment]


async def run_inline(func: Callable[..., Any], *args: Any, **_options: Any) -> Any:
    """Stand where `anyio.to_thread.run_sync` stands: call the function on the loop's own thread."""
    return func(*args)


def ordered_as_completed(fs: Iterable[Any], *, timeout: float | None = None) -> Any:
    """Stand where `asyncio.as_completed` stands: tasks are made in the order given."""
    return _as_completed([asyncio.ensure_future(one) for one in fs], timeout=timeout)


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (anyio.to_thread, "run_sync", run_inline),
    (asyncio, "as_completed", ordered_as_completed),
    (asyncio.tasks, "as_completed", ordered_as_completed),
    (CancelScope, "__init__", init_ordered_scope),
)


@contextmanager
def inlined() -> Iterator[None]:
    """Apply the patches and take them back, exactly."""
    with ExitStack() as stack:
        for owner, name, stand_in in PATCHES:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, stand_in)
        yield
