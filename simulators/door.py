"""A CONNECT proxy with a short list: clients that insist on a vendor's own host name are led to the local mock, nobody else gets out.

Way in: `async with Door({"*.suitetalk.api.netsuite.com": ("127.0.0.1", port)}) as door`, then HTTPS_PROXY=door.url and
SSL_CERT_FILE=ca.pem for the client. The door reads no TLS: it only joins two sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

from simulators.sockets import bind

HEAD_BYTES_MAX, HEAD_S, CHUNK, REFUSED_MAX = 8_192, 10, 65_536, 1_000
Target = tuple[str, int]


class Door:
    """`hosts`: {host name or glob, lower-case: (address, port)}. `refused` lists what else was asked for, at most a thousand."""

    def __init__(self, hosts: Mapping[str, Target], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.hosts, self.address, self.refused = dict(hosts), host, list[str]()
        self.wanted_port = port
        self._joined: dict[int, asyncio.Task[None]] = {}
        self._made = 0

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    async def __aenter__(self) -> Self:
        bound = bind(self.address, self.wanted_port)
        self.port: int = bound.getsockname()[1]
        self._server = await asyncio.start_server(self._admit, sock=bound, limit=HEAD_BYTES_MAX)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        for task in list(self._joined.values()):
            task.cancel()
        await asyncio.gather(*self._joined.values(), return_exceptions=True)

    def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._made += 1
        self._joined[self._made] = asyncio.get_running_loop().create_task(self._visit(self._made, reader, writer))

    async def _visit(self, at: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._lead(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a caller that says nothing readable, and a server that is not there, end the visit
        finally:
            del self._joined[at]
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_S):
            head = await reader.readuntil(b"\r\n\r\n")
        target = self._find(head)
        if target is None:
            listed = f"only these hosts are served here: {', '.join(sorted(self.hosts))}\n".encode()
            writer.write(b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(listed), listed))
            await writer.drain()
            return
        inner_reader, inner_writer = await asyncio.open_connection(*target)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))
        finally:
            inner_writer.close()

    def _find(self, head: bytes) -> Target | None:
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        authority = words[1] if len(words) == 3 and words[0] == "CONNECT" else words[0][:100]
        name, _, port = authority.rpartition(":")
        if len(words) == 3 and words[0] == "CONNECT" and port == "443":
            for pattern, target in self.hosts.items():
                if fnmatchcase(name.lower(), pattern):
                    return target
        if len(self.refused) < REFUSED_MAX:
            self.refused.append(authority)
        return None


async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the source ends or either side breaks, then tell the sink so."""
    with suppress(OSError):
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    with suppress(OSError):
        if not sink.is_closing():
            sink.write_eof()
