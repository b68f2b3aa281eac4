"""The short way from a socket to a vendor's stages: uvicorn's own protocol, without a task, a scope and two queues a request.

A request that comes whole and small is given to the system as soon as its last byte is there, and its reply is written at once. All
others (large or chunked bodies, HEAD, upgrades, `Expect`, the control plane, what waits behind one under way) go uvicorn's way, and
get the same answers. An exchange stands where uvicorn keeps its cycle, so that keep-alive, pipelines and shutdown are uvicorn's.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from simulators.kernel.calls import LOST, Call, Lost, Reply
from simulators.kernel.faces import ABORT
from simulators.kernel.stages import System

BODY_MAX = 65_536  # bytes; a longer body is read in pieces
INDIRECT = frozenset((b"expect", b"upgrade", b"transfer-encoding"))
OWN_LINES = 3  # of a head, beside its headers: the status, the length, the empty one
CLOSING = (b"connection", b"close")
BROKEN = Reply(500, b"Internal Server Error", ((b"content-type", b"text/plain; charset=utf-8"),))


class Heard:
    """Whom uvicorn tells that a message arrived: here nobody waits for one."""

    @staticmethod
    def set() -> None:
        return


class Exchange:
    """One request on the short way, under the names that uvicorn looks for in a cycle."""

    __slots__ = ("base", "body", "disconnected", "headers", "keep_alive", "method", "path", "query", "response_complete")

    message_event = Heard

    def __init__(self, method: str, path: str, query: bytes, headers: dict[bytes, bytes], *, base: str, keep_alive: bool) -> None:
        self.method, self.path, self.query, self.headers, self.base = method, path, query, headers, base
        self.body = b""
        self.keep_alive, self.response_complete, self.disconnected = keep_alive, False, False


class Direct(HttpToolsProtocol):
    """`system`: whose face this port is, None: all requests go uvicorn's way. `aside`: a prefix of paths that are not the vendor's, or b''."""

    def __init__(self, system: System[Any] | None, aside: bytes, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.system, self.aside = system, aside
        self.body_max = min(BODY_MAX, system.room.body_bytes_max) if system is not None else 0
        self.exchange: Exchange | None = None  # the one that is being read
        self.idle_since: float | None = None  # by the loop's clock
        self.idle_timer: asyncio.TimerHandle | None = None

    # -- reading ----------------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        self.url, self.headers = b"", []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        headers = dict(self.headers)
        if self._goes_direct(headers):
            path, _, query = self.url.partition(b"?")
            parser = self.parser
            self.exchange = self.cycle = Exchange(  # type: ignore[assignment]
                parser.get_method().decode("ascii"), path.decode("ascii"), query, headers,
                base=f"{self.scheme}://{headers.get(b'host', b'localhost').decode('latin-1')}",
                keep_alive=parser.get_http_version() != "1.0" and parser.should_keep_alive(),
            )  # fmt: skip
            return
        self.exchange = None
        url, held = self.url, self.headers
        super().on_message_begin()
        self.url, self.expect_100_continue = url, headers.get(b"expect", b"").lower() == b"100-continue"
        self.headers.extend(held)
        self.scope["extensions"] = {ABORT: {"cut": self.transport.abort}}
        super().on_headers_complete()

    def _goes_direct(self, headers: dict[bytes, bytes]) -> bool:
        cycle, url = self.cycle, self.url
        return (
            self.system is not None
            and (cycle is None or cycle.response_complete)
            and INDIRECT.isdisjoint(headers)
            and int(headers.get(b"content-length", b"0")) <= self.body_max
            and url[:1] == b"/"
            and url.isascii()
            and b"#" not in url
            and not (self.aside and url.startswith(self.aside))
            and self.parser.get_method() != b"HEAD"
        )

    def on_body(self, body: bytes) -> None:
        if self.exchange is None:
            super().on_body(body)
        else:
            self.exchange.body += body

    def on_message_complete(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            super().on_message_complete()
            return
        assert self.system is not None
        call = Call(exchange.method, exchange.path, exchange.query, exchange.headers, exchange.body, exchange.base)
        try:
            reply = self.system.begin(call)
        except Exception as error:
            self._break(exchange, error)
            return
        if reply is not None:
            self._answer(exchange, reply)
            return
        assert call.answer is not None
        call.answer.add_done_callback(partial(self._answer_later, exchange))

    # -- answering --------------------------------------------------------------------------------
    def _answer_later(self, exchange: Exchange, answer: asyncio.Future[Reply | Lost]) -> None:
        error = answer.exception()
        if error is not None:
            self._break(exchange, error)
        else:
            self._answer(exchange, answer.result())

    def _break(self, exchange: Exchange, error: BaseException) -> None:
        self.logger.error("Exception in ASGI application\n", exc_info=error)
        exchange.keep_alive = False
        self._answer(exchange, BROKEN)

    def _answer(self, exchange: Exchange, reply: Reply | Lost) -> None:
        """Write the whole reply; a lost one is silence: the connection is cut."""
        exchange.response_complete = True
        if exchange.disconnected:
            return
        if reply is LOST:
            self.transport.abort()
            return
        status, body, headers = reply
        if not exchange.keep_alive:
            headers = (*headers, CLOSING)
        parts = [STATUS_LINE[status]]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"content-length: %d\r\n\r\n" % len(body))
        head = b"".join(parts)
        breaks = len(headers) + OWN_LINES
        if head.count(b"\n") != breaks or head.count(b"\r") != breaks:
            self.logger.error("Exception in ASGI application\n", exc_info=RuntimeError("Invalid HTTP header value."))
            self.transport.close()
            return
        self.transport.write(head + body)
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()
        if self.flow.write_paused:
            self.flow.pause_reading()

    # -- a client that says nothing ---------------------------------------------------------------
    def on_response_complete(self) -> None:
        """As uvicorn's; but a timer that runs is left to run: a new one a request, and its end, cost as much as reading the request."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self.idle_since = self.loop.time()
        if self.idle_timer is None:
            self.idle_timer = self.loop.call_later(self.timeout_keep_alive, self._look_if_idle)

    def _unset_keepalive_if_required(self) -> None:
        self.idle_since = None

    def _look_if_idle(self) -> None:
        """Close a connection that was idle for the whole time; look again when one that was not could be."""
        self.idle_timer = None
        if self.idle_since is None:
            return
        left = self.idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.idle_timer = self.loop.call_later(left, self._look_if_idle)
        else:
            self.timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.idle_timer is not None:
            self.idle_timer.cancel()
            self.idle_timer = None
        super().connection_lost(exc)

    # -- a client that does not read --------------------------------------------------------------
    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flow.resume_reading()
