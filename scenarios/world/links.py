"""How the parts of a world reach each other. In virtual time: in process, without sockets. Over real sockets: `sockets.py`.

The story is the same over both; only the links differ. Names of hosts, and who answers when, are all that a story can notice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from scenarios.clock.asgi import Answer, App, call_plain
from scenarios.clock.asgi import call as asgi_call
from scenarios.world.accounts import NOWHERE, Places

Headers = Iterable[tuple[str, str]]
HOUR_S = 3_600.0


class Links(Protocol):
    """What a world asks of its network. `draw_s`: simulated seconds between two drawings of the progress line."""

    places: Places
    draw_s: float

    def joined(self, systems: Mapping[str, Any], app: App) -> AbstractAsyncContextManager[None]:
        """Let everybody be reached while the block runs: mock systems by name, and the orchestrator's app."""
        ...

    def beside(self, work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
        """The same work, ended by the failure of a link."""
        ...

    def begin(self) -> None:
        """Everything stands: let time pass."""
        ...

    def pace(self) -> str:
        """What the wall clock had to do with the run, in words; "" when nothing had."""
        ...

    async def carry(
        self, system: str, method: str, path: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Answer:
        """Take one request to a mock system. Raises ConnectionRefusedError, surely not sent, or another OSError or TimeoutError."""
        ...

    async def tell(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Answer:
        """Take one request to the orchestrator. Raises OSError or TimeoutError when there is no answer."""
        ...


class VirtualLinks:
    """Direct calls: the network of a deterministic run."""

    places = NOWHERE
    draw_s = 6 * HOUR_S

    @asynccontextmanager
    async def joined(self, systems: Mapping[str, Any], app: App) -> AsyncIterator[None]:
        self._systems, self._app = systems, app
        yield

    def beside(self, work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
        return work

    def begin(self) -> None:
        pass

    def pace(self) -> str:
        return ""

    def carry(
        self, system: str, method: str, path: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Coroutine[Any, Any, Answer]:
        return call_plain(self._systems[system].app, method, path, query, headers, body)

    async def tell(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Answer:
        return await asgi_call(self._app, method, path, query, [("host", "orchestrator.test"), *headers], body)
