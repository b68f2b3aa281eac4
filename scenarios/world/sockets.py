"""Links over real sockets: every mock system and the orchestrator behind uvicorn on loopback, the production sender in between.

Everything waits in the loop's time, so time-outs are scaled with the story; a server that would close idle
connections, or look at its watch ten times a second, is told not to: at a thousand seconds a second that is no pause at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from orchestrator.app import sender
from orchestrator.ports import Request
from scenarios.clock.asgi import Answer, App
from scenarios.clock.loop import PatientLoop
from scenarios.wire import TIMEOUT_S_MAX
from scenarios.world.accounts import Places
from scenarios.world.links import Headers
from simulators.sockets import Listener, bind

HOST = "127.0.0.1"
NEVER_S = 10**9
DRAW_WALL_S = 0.25
CONNECTIONS_MAX = 100


class Steady(Listener):
    """A listener for a loop whose seconds are short: it hangs up on nobody, and waits to be ended instead of looking."""

    def __init__(self, app: App, port: int = 0) -> None:
        super().__init__(app, bind(HOST, port), None)
        self.config.timeout_keep_alive = self.config.timeout_graceful_shutdown = NEVER_S
        self._leave = asyncio.Event()

    async def main_loop(self) -> None:
        await self._leave.wait()

    async def end(self) -> None:
        self._leave.set()
        await super().end()


class SocketLinks:
    """The network of a run on a patient loop. The ports are bound at once, and answer once `joined`.

    `calls` counts the calls so far, `silent` those under way or given up.
    """

    def __init__(self, systems: tuple[str, ...], loop: PatientLoop) -> None:
        self.loop, self.draw_s = loop, DRAW_WALL_S * loop.scale
        self.calls = self.silent = 0
        self.listeners = {name: Steady(self._watched(name)) for name in (*systems, "orchestrator")}
        urls = {name: f"http://{HOST}:{listener.port}" for name, listener in self.listeners.items()}
        self.places = Places({name: urls[name] for name in systems}, urls["orchestrator"])
        self._apps: Mapping[str, App] = {}

    @asynccontextmanager
    async def joined(self, systems: Mapping[str, Any], app: App) -> AsyncIterator[None]:
        loop = self.loop
        self._apps = {**{name: system.app for name, system in systems.items()}, "orchestrator": app}
        self._broken: asyncio.Future[None] = loop.create_future()
        loop.set_exception_handler(self._heard)
        limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX, keepalive_expiry=None)
        try:
            for listener in self.listeners.values():
                await listener.begin()
            async with httpx2.AsyncClient(http2=False, trust_env=False, limits=limits) as client:
                self._send = sender(client)
                yield
        finally:
            for listener in self.listeners.values():
                if listener.started:
                    await listener.end()
                listener.bound.close()
            loop.set_exception_handler(None)
            self._broken.cancel()

    async def beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work, name="orchestrator")
        try:
            await asyncio.wait((task, self._broken), return_when=asyncio.FIRST_COMPLETED)
            (self._broken if self._broken.done() else task).result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def begin(self) -> None:
        self.loop.begin()

    def pace(self) -> str:
        wall_s = self.loop.wall_s()
        held = self.loop.time() / max(wall_s, 1e-9)
        return f"asked {self.loop.scale:g} simulated seconds a second, held {held:.0f}; {self.calls} calls over sockets, {self.silent} unanswered"

    async def carry(
        self, system: str, method: str, path: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Answer:
        return await self._ask(system, self.places.bases[system], method, target(path, query), headers, body)

    async def tell(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Answer:
        return await self._ask("orchestrator", self.places.orchestrator, method, target(path, query), tuple(headers), body)

    async def _ask(
        self, name: str, base: str, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Answer:
        self.calls += 1
        self.silent += 1
        answer = await self._send(Request(name, method, base + path, headers, body, TIMEOUT_S_MAX))
        self.silent -= 1
        return answer.status, answer.headers, answer.body

    def _watched(self, name: str) -> App:
        """An app of ours that breaks must end the run: uvicorn would dress it up as an answer of 500."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await self._apps[name](scope, receive, send)
            except Exception as error:
                self._break(error)
                raise

        return app

    def _heard(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task or a callback failed, and nobody else would hear of it."""
        error = context.get("exception")
        self._break(error if isinstance(error, Exception) else RuntimeError(str(context.get("message"))))

    def _break(self, error: Exception) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)


def target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
