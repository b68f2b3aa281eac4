"""Call an ASGI app in process: no socket, no HTTP parser, no client library (a third of the price of httpx, measured).

The server's work runs in a task of its own, so a client that gives up does not reach into it: it goes on and commits, and only
its reply is lost. The app's first step runs at once; an app that never waits costs no trip through the loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, MutableMapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from scenarios.clock.virtual import VirtualLoop

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]
Answer = tuple[int, dict[str, str], bytes]

_VERSION = {"version": "3.0", "spec_version": "2.3"}
_PATH_SAFE = "/:@!$&'()*+,;=%~-._"
_QUERY_SAFE = _PATH_SAFE + "?"
SHAPES_KEPT = NAMES_KEPT = 1024


class NoAnswer(RuntimeError):
    """The app ended without a complete response."""


async def call(app: App, method: str, url_path: str, query: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
    """Send one request to an app and return (status, {lower-case header: value}, whole body).

    `url_path` is as on the wire (percent-encoded), `query` without its question mark. The response is complete when the app has
    sent its last chunk; work it does afterwards goes on by itself. Repeated response headers are joined by ", ".

    Raises whatever the app raised before its response was complete: our own bug is no 500.
    Cancelling the call hangs up: the app sees `http.disconnect` if it listens, and otherwise works on.
    """
    exchange = _Exchange(body)
    work = exchange.serve(app, _scope(method, url_path, query, tuple(headers)))
    loop = asyncio.get_running_loop()
    task = loop.start_now(work) if isinstance(loop, VirtualLoop) else loop.create_task(work)
    if not exchange.complete and not task.done():
        try:
            await exchange.answered()
        except asyncio.CancelledError:
            _let_work_on(task)
            raise
    if not exchange.complete:
        await asyncio.wait((task,))
        raise _failure(task)
    if not task.done():
        _let_work_on(task)
    elif task.exception() is not None:
        raise _failure(task)
    return exchange.answer()


async def call_plain(
    app: App, method: str, url_path: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> Answer:
    """As `call`, in the caller's own task: for an app whose work is the loop's and not its coroutine's (half the price).

    A mock system's face is such an app: all it ever awaits is the end of work that goes on by itself, so a caller that hangs up
    cancels the wait and nothing else (tests/world/test_links.py). One built on anyio is not.
    """
    exchange = _Exchange(body)
    await app(_scope(method, url_path, query, headers), exchange.receive, exchange.send)
    if not exchange.complete:
        raise NoAnswer("the app ended without a complete response; send a body chunk with more_body False")
    return exchange.answer()


class _Exchange:
    """One request and what came back: the two ends an ASGI app is given."""

    received = complete = False
    status, content = 0, b""
    headers: Iterable[tuple[bytes, bytes]] = ()
    chunks: list[bytes] | None = None  # from the second chunk on; nearly every answer comes in one
    waiter: asyncio.Future[None] | None = None
    gone: asyncio.Future[None] | None = None

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def serve(self, app: App, scope: dict[str, Any]) -> None:
        """Let the app work; whoever waits is told when it ends without a complete response."""
        try:
            await app(scope, self.receive, self.send)
        finally:
            if not self.complete:
                self._wake(self.waiter)

    async def receive(self) -> Message:
        """Give the whole body once; after that, only the client's departure is news."""
        if not self.received:
            self.received = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        if not self.complete:
            if self.gone is None:
                self.gone = asyncio.get_running_loop().create_future()
            await asyncio.shield(self.gone)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take the response's start and its chunks; the last one completes it."""
        if message["type"] == "http.response.body":
            chunk = message.get("body", b"")
            if chunk:
                if not self.content:
                    self.content = chunk
                elif self.chunks is None:
                    self.chunks = [chunk]
                else:
                    self.chunks.append(chunk)
            if not message.get("more_body", False):
                self.complete = True
                waiter = self.waiter
                if waiter is not None and not waiter.done():
                    waiter.set_result(None)
                if self.gone is not None:
                    self._wake(self.gone)
        elif message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message.get("headers", ())

    async def answered(self) -> None:
        """Wait until the response is complete or the app has ended; hang up when cancelled."""
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.waiter
        except asyncio.CancelledError:
            self._wake(self.gone)
            raise

    def answer(self) -> Answer:
        """Join what came back."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = _named(raw_name), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return self.status, headers, b"".join((self.content, *self.chunks)) if self.chunks else self.content

    @staticmethod
    def _wake(future: asyncio.Future[None] | None) -> None:
        if future is not None and not future.done():
            future.set_result(None)


@lru_cache(maxsize=NAMES_KEPT)
def _named(raw: bytes) -> str:
    return raw.decode("latin-1").lower()


def _scope(method: str, url_path: str, query: str, headers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The scope of one request, the caller's own: a client says the same things again and again, but for the query."""
    scope = _shape(method, url_path, headers).copy()
    scope["query_string"] = (query if query.isascii() else quote(query, _QUERY_SAFE)).encode("ascii")
    scope["headers"] = [*scope["headers"]]
    scope["state"] = {}
    return scope


@lru_cache(maxsize=SHAPES_KEPT)
def _shape(method: str, url_path: str, headers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    raw = url_path if url_path.isascii() else quote(url_path, _PATH_SAFE)
    return {
        "type": "http",
        "asgi": _VERSION,
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(raw) if "%" in raw else raw,
        "raw_path": raw.encode("ascii"),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("simulated", 443),
        "state": {},
    }


def _failure(task: asyncio.Task[None]) -> BaseException:
    if task.cancelled():
        return NoAnswer(f"{task.get_name()} was cancelled before its response was complete")
    return task.exception() or NoAnswer(
        f"{task.get_name()} ended without a complete response; send a body chunk with more_body False"
    )


def _let_work_on(task: asyncio.Task[None]) -> None:
    """Let a server's work go on when nobody waits for it any more; its failure is reported, not lost."""
    loop = task.get_loop()
    if isinstance(loop, VirtualLoop):
        loop.keep(task)


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[dict[str, Any]]:
    """Start an app up and, at the end, shut it down; gives the state its requests share. Apps without a lifespan are left alone.

    Raises RuntimeError when the app reports that its start or end failed.
    """
    state: dict[str, Any] = {}
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": _VERSION, "state": state}
    task = asyncio.get_running_loop().create_task(app(scope, inbox.get, outbox.put), name="lifespan")
    if not await _passed("startup", inbox, outbox, task):
        yield state
        return
    try:
        yield state
    finally:
        await _passed("shutdown", inbox, outbox, task)
        await task


async def _passed(stage: str, inbox: asyncio.Queue[Message], outbox: asyncio.Queue[Message], task: asyncio.Task[None]) -> bool:
    """Send one lifespan event and wait for its answer; False when the app does not know lifespans."""
    inbox.put_nowait({"type": f"lifespan.{stage}"})
    answer = asyncio.get_running_loop().create_task(outbox.get())
    await asyncio.wait((answer, task), return_when=asyncio.FIRST_COMPLETED)
    if not answer.done():
        answer.cancel()
        if stage == "startup":
            task.exception()
            return False
        raise RuntimeError("the app's lifespan ended without answering shutdown") from task.exception()
    message = answer.result()
    if message["type"] == f"lifespan.{stage}.failed":
        raise RuntimeError(f"the app's {stage} failed: {message.get('message', '')}")
    return True


def sync_endpoints(app: Any) -> list[str]:
    """List a Starlette or FastAPI app's endpoints that are plain functions: real servers run them in threads, we refuse them."""
    found = []
    for route in getattr(app, "routes", ()):
        endpoint = getattr(route, "endpoint", None)
        if inspect.isfunction(endpoint) and not inspect.iscoroutinefunction(endpoint):
            found.append(f"{getattr(route, 'path', '?')} -> {endpoint.__module__}.{endpoint.__qualname__}")
        found.extend(sync_endpoints(getattr(route, "app", None)) if hasattr(route, "app") else ())
    return found
