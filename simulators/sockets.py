"""One HTTP listener on uvicorn and httptools, without signals of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn

from simulators.certificates import Certificates
from simulators.direct import Direct
from simulators.kernel.faces import Asgi
from simulators.kernel.records import SimulatorError
from simulators.kernel.stages import System

BACKLOG, GRACE_S = 2048, 2


class PortInUse(SimulatorError):
    """Somebody else listens there already."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(f"port {port} on {host} is in use; choose another one, or 0 for any")


class Listener(uvicorn.Server):
    """A server that runs as a task of a loop that others own; `started_up` is set once it answers, or failed to.

    `app` takes every request that does not go the short way to `system`, if one is given; paths that begin with `aside` never do.
    """

    def __init__(
        self,
        app: Asgi,
        bound: socket.socket,
        certificates: Certificates | None,
        system: System[Any] | None = None,
        aside: str = "",
    ) -> None:
        self.bound, self.started_up = bound, asyncio.Event()
        config = uvicorn.Config(
            app,
            http=partial(Direct, system, aside.encode()),  # type: ignore[arg-type]
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACE_S,
            backlog=BACKLOG,
            ssl_certfile=certificates.chain if certificates else None,
            ssl_keyfile=certificates.key if certificates else None,
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.started_up.set()

    async def begin(self) -> None:
        """Start serving; returns once the port answers."""
        self.task = asyncio.get_running_loop().create_task(self.serve([self.bound]), name=f"listen {self.port}")
        await self.started_up.wait()
        if not self.started:
            await self.task

    async def end(self) -> None:
        """Stop accepting, give calls under way a moment, and close."""
        self.should_exit = True
        await self.task

    @property
    def port(self) -> int:
        port: int = self.bound.getsockname()[1]
        return port


def bind(host: str, port: int) -> socket.socket:
    """A listening address of our own, 0 for any port. Raises PortInUse."""
    # The protocol is named because asyncio sets TCP_NODELAY on such sockets only: without it a body waits 40 ms for an ACK.
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise PortInUse(host, port) from error
    return found
