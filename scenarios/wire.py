"""The network of a virtual run: HTTP requests become direct ASGI calls, and the fault plan strikes between the two.

A caller sends anything with `method, url, headers, body, timeout_s` and gets a `Response`. Raised: ConnectionRefusedError,
surely not sent; another OSError or TimeoutError, nobody knows. The vendor's work runs in a task of its own, so a caller that
gives up never stops it: "done, but the answer was lost" is the case everything here exists for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from scenarios.faults.network import Fate, fate_of
from scenarios.faults.planted import Planted

TIMEOUT_S_MAX = 3600.0
TARGETS_KEPT = 1024


class Request(Protocol):
    """What the wire needs to know of a request; header names are lower-case."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def timeout_s(self) -> float: ...


class Response(NamedTuple):
    """A complete answer; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


Gate = Callable[[str, str], OSError | None]  # (method, raw path) -> why there is no connection for this call
# carry(system, method, raw path, query, headers, body) -> (status, headers, body); raises OSError when nobody answers
Carry = Callable[[str, str, str, str, tuple[tuple[str, str], ...], bytes], Awaitable[tuple[int, dict[str, str], bytes]]]


class Wire:
    """The links of one run. `hosts` maps a host name to a system; `gates` say why a call gets no connection, if so."""

    def __init__(self, hosts: dict[str, str], carry: Carry) -> None:
        self.hosts, self.carry = hosts, carry
        self.gates: dict[str, list[Gate]] = {system: [] for system in hosts.values()}
        self.faults: dict[str, list[Planted]] = {system: [] for system in hosts.values()}

    async def send(self, request: Request) -> Response:
        """Carry one request to the system its URL names, under the caller's own time-box as the upper bound."""
        target, _, query = request.url.partition("?")
        host, path = host_and_path(target)
        system = self.hosts.get(host)
        if system is None:
            raise ConnectionRefusedError(f"{host} refuses connections")
        for gate in self.gates[system]:
            if (refused := gate(request.method, path)) is not None:
                raise refused
        faults = self.faults[system]
        fate, fault = (fate_of(faults, request.method, path) if faults else None) or (None, None)
        if fate is Fate.REQUEST_LOST:
            return await silence(request.timeout_s)
        headers = (("host", host), *request.headers)
        answer = await self.carry(system, request.method, path, query.partition("#")[0], headers, request.body)
        if fate is Fate.REPLY_LOST:
            return await silence(request.timeout_s)
        if fate is Fate.REPLY_RESET:
            raise ConnectionResetError("connection reset by peer")
        if fault is not None and fate is Fate.REPLY_DRIPS:  # no time-box here: a caller without one of his own waits it out
            await asyncio.sleep(int(fault.parameter("lasts_ms")) / 1000)
        status, told, body = answer
        if fate is Fate.REPLY_TRUNCATED:
            body = body[: len(body) // 2]
        return Response(status, told, body)


@lru_cache(maxsize=TARGETS_KEPT)
def host_and_path(target: str) -> tuple[str, str]:
    """Host and raw path of a URL without its query."""
    parts = urlsplit(target)
    return parts.netloc, parts.path


async def silence(timeout_s: float) -> Response:
    """Let the caller wait for an answer that never comes."""
    await asyncio.sleep(min(timeout_s, TIMEOUT_S_MAX))
    raise TimeoutError("no answer")
