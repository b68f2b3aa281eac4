"""The short way from a socket to the stages answers as uvicorn's own way does, byte for byte but for the order of headers."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, NamedTuple, Self

import pytest
import uvicorn

from simulators.app import beside
from simulators.direct import Direct
from simulators.kernel.calls import LOST, Reply
from simulators.kernel.stages import System
from simulators.registry import furnish
from simulators.sockets import Listener, bind
from tests.simulators.kernel.mini import ROOM

HOST = "127.0.0.1"
HEAD = b"host: board.example\r\nauthorization: Bearer bob\r\n"
BODY = json.dumps({"Title": "t", "Price": 1.5}).encode()
LAST = b"GET /v1/note/none HTTP/1.1\r\n" + HEAD + b"connection: close\r\n\r\n"
CHUNKED = b"PUT /v1/note/C-1 HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


def put(key: bytes, *, body: bytes = BODY, more: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"PUT /v1/note/%b HTTP/%b\r\n%b%bcontent-length: %d\r\n\r\n%b" % (key, version, HEAD, more, len(body), body)


def get(path: bytes, *, more: bytes = b"", version: bytes = b"1.1", method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/%b\r\n%b%b\r\n" % (method, path, version, HEAD, more)


TALKS: dict[str, list[bytes]] = {
    "kept alive": [put(b"N-1"), get(b"/v1/note/n000001"), put(b"N-1"), LAST],
    "pipelined": [put(b"N-1") + get(b"/v1/note/n000001") + put(b"N-2") + LAST],
    "pipelined, both ways": [put(b"N-1") + CHUNKED + get(b"/_rehearse/faults") + put(b"N-2") + LAST],
    "in pieces": [put(b"N-1")[:20], put(b"N-1")[20:-5], put(b"N-1")[-5:], LAST],
    "chunked": [CHUNKED, LAST],
    "large": [put(b"N-1", body=b" " * 70_000 + BODY), LAST],
    "too large": [put(b"N-1", body=b" " * 100_001), LAST],
    "expecting": [put(b"N-1", more=b"expect: 100-continue\r\n"), LAST],
    "upgrading": [get(b"/v1/note/x", more=b"connection: close, upgrade\r\nupgrade: h2c\r\n")],
    "1.0": [get(b"/v1/note/x", version=b"1.0")],
    "1.0 kept alive": [get(b"/v1/note/x", version=b"1.0", more=b"connection: keep-alive\r\n")],
    "head": [get(b"/v1/note/x", method=b"HEAD"), LAST],
    "absolute": [get(b"http://elsewhere.example/v1/note/x?q=1"), LAST],
    "fragment": [get(b"/v1/note/x#y"), LAST],
    "query": [get(b"/v1/note/x?a=b&c=%20"), get(b"/v1/note/x?"), get(b"/?"), LAST],
    "encoded": [put(b"N%2F1"), put(b"%C3%A9"), LAST],
    "beyond ASCII": [get(b"/v1/note/\xc3\xa9"), LAST],
    "no host": [b"GET /v1/note/x HTTP/1.1\r\n\r\n", LAST],
    "no request": [b"nonsense\r\n\r\n"],
    "control plane": [put(b"N-1"), get(b"/_rehearse/faults"), put(b"N-1"), LAST],
    "no method": [get(b"/v1/note/x", method=b"TRACE"), LAST],
}


async def talk(port: int, parts: list[bytes]) -> bytes:
    """Say the parts, each when the one before has left; all that came back until the server hung up."""
    reader, writer = await asyncio.open_connection(HOST, port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    heard = await reader.read()
    writer.close()
    return heard


def told(heard: bytes) -> list[Any]:
    """The lines of what was heard; those of one head in alphabetical order."""
    return [sorted(block.split(b"\r\n")) for block in heard.split(b"\r\n\r\n")]


class Ports:
    """One board on the short way, one on uvicorn's own, alike in everything else."""

    def __init__(self, service_ms: int = 0) -> None:
        self.systems = [furnish(ROOM, clock=lambda: 5_000, seed=1) for _ in range(2)]
        self.listeners = []
        for system, direct in zip(self.systems, (True, False), strict=True):
            system.service_ms = service_ms
            self.listeners.append(Listener(beside(system), bind(HOST, 0), None, system if direct else None, "/_rehearse"))

    async def __aenter__(self) -> Self:
        for listener in self.listeners:
            await listener.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        for listener in self.listeners:
            await listener.end()
            listener.bound.close()
        for system in self.systems:
            system.close()


@pytest.mark.parametrize("service_ms", [0, 3])
@pytest.mark.parametrize("name", TALKS)
def test_both_ways_answer_alike(name: str, service_ms: int) -> None:
    """The same conversation brings the same answers and leaves the same records, with and without service time."""

    async def both() -> list[Any]:
        async with Ports(service_ms) as ports:
            heard = [told(await talk(listener.port, TALKS[name])) for listener in ports.listeners]
            return [*heard, *([s.digest(), s.served, s.in_flight] for s in ports.systems)]

    direct, usual, one, other = asyncio.run(both())
    assert direct == usual
    assert one == other
    assert direct


def test_a_plain_request_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a task and a scope; or the test above would compare uvicorn with itself."""
    gone: list[bool] = []
    goes = Direct._goes_direct

    def noted(self: Direct, headers: dict[bytes, bytes]) -> bool:
        gone.append(goes(self, headers))
        return gone[-1]

    monkeypatch.setattr(Direct, "_goes_direct", noted)

    async def said() -> bytes:
        async with Ports() as ports:
            return await talk(ports.listeners[0].port, [put(b"N-1"), CHUNKED, LAST])

    assert asyncio.run(said()).count(b"HTTP/1.1 20") == 2
    assert gone == [True, False, True]


def spoilt(outcome: Any) -> Any:
    def stage(_system: System[Any], _call: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return stage


@pytest.mark.parametrize("outcome", [RuntimeError("our bug"), Reply(200, b"x", ((b"a", b"b\r\nc: d"),)), LOST])
@pytest.mark.parametrize("service_ms", [0, 3])
def test_what_goes_wrong_goes_wrong_alike(outcome: Any, service_ms: int, caplog: pytest.LogCaptureFixture) -> None:
    """A bug of ours, a header that would break the head, a lost reply: the same bytes, the same complaint in the log."""

    async def both() -> list[Any]:
        async with Ports(service_ms) as ports:
            heard = []
            for listener, system in zip(ports.listeners, ports.systems, strict=True):
                system.stages = (*system.stages[:-1], spoilt(outcome))
                caplog.clear()
                told_bytes = told(await heard_until_the_end(listener.port))
                heard.append((told_bytes, [(r.levelno, r.getMessage()) for r in caplog.records if r.levelno >= logging.ERROR]))
            return heard

    direct, usual = asyncio.run(both())
    assert direct == usual


async def heard_until_the_end(port: int) -> bytes:
    try:
        return await talk(port, [put(b"N-1")])
    except ConnectionError:
        return b"cut"


class HandLoop:
    """A loop whose time is moved by hand, with the timers set on it."""

    def __init__(self) -> None:
        self.now, self.timers, self.made = 0.0, list[Any](), 0

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, work: Any) -> Any:
        self.made += 1
        timer = Timer(self.now + seconds, work, self.timers)
        self.timers.append(timer)
        return timer

    def go(self, until: float) -> None:
        while due := [t for t in self.timers if t.at <= until]:
            timer = min(due, key=lambda t: t.at)
            self.timers.remove(timer)
            self.now = timer.at
            timer.work()
        self.now = until


class Timer(NamedTuple):
    at: float
    work: Any
    timers: list[Any]

    def cancel(self) -> None:
        self.timers.remove(self)


class Line(asyncio.Transport):
    """The server's end of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.said, self.closed = b"", False

    def write(self, data: Any) -> None:
        self.said += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def resume_reading(self) -> None:
        return


def test_a_connection_is_closed_when_it_was_idle_for_the_whole_time() -> None:
    """One timer serves many requests; each puts the end off, one under way holds it open, and a lost connection leaves none."""
    system = furnish(ROOM, clock=lambda: 5_000, seed=1)
    loop, line = HandLoop(), Line()
    config = uvicorn.Config(beside(system), http="httptools", ws="none", lifespan="off", timeout_keep_alive=75)
    state: Any = uvicorn.Server(config).server_state
    direct = Direct(system, b"", config=config, server_state=state, app_state={}, _loop=loop)
    direct.connection_made(line)
    for at in (0, 10, 60):
        loop.go(at)
        direct.data_received(get(b"/v1/note/none"))
    assert (line.said.count(b"HTTP/1.1"), loop.made) == (3, 1)
    loop.go(134)
    assert not line.is_closing()
    direct.data_received(get(b"/v1/note/none")[:20])
    loop.go(300)
    assert not line.is_closing(), "a request is under way"
    direct.data_received(get(b"/v1/note/none")[20:])
    loop.go(374)
    assert not line.is_closing()
    loop.go(375)
    assert line.is_closing()
    line.closed = False
    direct.data_received(get(b"/v1/note/none"))
    direct.connection_lost(None)
    assert loop.timers == []
    system.close()
