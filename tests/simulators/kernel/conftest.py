"""A loop whose clock jumps to the next timer, and a note board to play with."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from simulators.kernel.stages import System
from simulators.registry import furnish
from tests.simulators.kernel.mini import ROOM


class Jump(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Instead of waiting, move the clock."""

    loop: JumpLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "every task waits for something that cannot happen"
        self.loop.now += timeout
        return super().select(0)


class JumpLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 0.0
        selector = Jump()
        selector.loop = self
        super().__init__(selector)
        self.broken: list[dict[str, Any]] = []  # a test that expects some takes them with `caught`
        self.set_exception_handler(lambda _loop, context: self.broken.append(context))

    def caught(self) -> list[type]:
        found = [type(context["exception"]) for context in self.broken]
        self.broken.clear()
        return found

    def time(self) -> float:
        return self.now


class World:
    """One system on one loop, and an ASGI caller."""

    def __init__(self, loop: JumpLoop, system: System[Any]) -> None:
        self.loop, self.system = loop, system

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def ask(
        self, method: str, path: str, body: Any = None, *, user: str = "bob", query: bytes = b""
    ) -> tuple[int, Any, dict[bytes, bytes]]:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = [(b"host", b"sim"), (b"authorization", f"Bearer {user}".encode()), (b"x-correlation-id", b"S-1")]
        status, found, out = await asgi(self.system.app, method, path, raw, headers, query)
        return status, json.loads(out) if out else None, found


async def asgi(app: Callable[..., Any], method: str, path: str, body: bytes, headers: list[Any], query: bytes = b"") -> Any:
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "raw_path": path.encode("latin-1"),
        "query_string": query,
        "headers": headers,
    }
    chunks = [body[:50], body[50:]]
    got: dict[str, Any] = {"out": b""}

    async def receive() -> dict[str, Any]:
        return (
            {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)} if chunks else {"type": "http.disconnect"}
        )

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got["status"], got["headers"] = message["status"], dict(message["headers"])
        else:
            got["out"] += message["body"]

    await app(scope, receive, send)
    return got["status"], got["headers"], got["out"]


@pytest.fixture
def loop() -> Iterator[JumpLoop]:
    made = JumpLoop()
    yield made
    made.run_until_complete(asyncio.sleep(10_000))
    made.close()
    assert made.broken == [], "the loop caught what no test expected"


@pytest.fixture
def world(loop: JumpLoop) -> Iterator[World]:
    system = furnish(ROOM, clock=lambda: 1_790_000_000_000 + round(loop.now * 1000), seed=7)
    yield World(loop, system)
    system.close()
