"""A server of the bench in a process of its own: `python -m scenarios.bench.served salesforce|netsuite|hello CPU`.

Speaks to its parent by lines: its port and what a client needs first, then its CPU seconds for every line it reads. It ends when
its standard input does, so it never outlives the bench.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import perf_counter, process_time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from scenarios.bench import stock
from simulators.app import new_loop, serving
from simulators.sockets import bind

ROWS = 5_000
START_MS = 1_768_478_400_000
HOST = "127.0.0.1"


async def hello(_request: Request) -> JSONResponse:
    return JSONResponse({"hello": "world"})


def hello_server() -> tuple[uvicorn.Server, socket.socket]:
    """Starlette's hello-JSON on the same server software, without headers of the server's own; and where it will listen."""
    app = Starlette(routes=[Route("/{rest:path}", hello, methods=["GET", "PATCH", "PUT", "POST"])])
    config = uvicorn.Config(
        app, http="httptools", ws="none", interface="asgi3", lifespan="off", log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=75,
    )  # fmt: skip
    return uvicorn.Server(config), bind(HOST, 0)


def clock() -> Callable[[], int]:
    """Milliseconds that go on with the wall, from a fixed instant."""
    began = perf_counter()
    return lambda: START_MS + int((perf_counter() - began) * 1000)


async def serve(name: str) -> None:
    """Serve until standard input ends."""
    async with AsyncExitStack() as stack:
        keys: list[str] = []
        if name == "hello":
            server, bound = hello_server()
            port = bound.getsockname()[1]
            task = asyncio.create_task(server.serve([bound]))
            stack.push_async_callback(stop, server, task)
        else:
            system, keys = stocked(name)
            served = await stack.enter_async_context(serving({name: system}))
            port = served.plain[name].port
        gc.collect()
        gc.freeze()
        say({"port": port, "keys": keys})
        await answer_parent()


async def stop(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    server.should_exit = True
    await task


def stocked(name: str) -> tuple[Any, list[str]]:
    """The system without service time: what is measured is work, not waiting."""
    if name == "salesforce":
        return stock.salesforce(clock(), deals=ROWS, service_ms=0)
    return stock.netsuite(clock(), bills=ROWS)


async def answer_parent() -> None:
    """Tell the CPU seconds spent so far for every line, until there are no more lines."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        say(process_time())


def say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def pin(cpu: str) -> None:
    """Stay on one core, where the system lets us and 'any' was not said."""
    if cpu != "any" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(cpu)})


def main(name: str, cpu: str) -> None:
    pin(cpu)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(name))


if __name__ == "__main__":
    main(*sys.argv[1:])
