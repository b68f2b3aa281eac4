"""The bench's own HTTP client in a process of its own: keep-alive connections, one request under way on each, no pipelining.

`python -m scenarios.bench.client CPU` reads jobs as JSON lines `{port, case, keys, seconds, connections, first}` and answers each with
`{calls, failed, wall_s, cpu_s, sample}`. It must stay much cheaper than what it measures, so it parses no more than it needs: the status and
the length of the body. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

from scenarios.bench import stock
from scenarios.bench.served import HOST, pin, say
from simulators.app import new_loop

CASES: dict[str, Callable[[list[str], int], stock.Request]] = {
    "salesforce_read": stock.read_deal,
    "salesforce_upsert": stock.upsert_deal,
    "netsuite_put": stock.put_bill,
    "hello": lambda _keys, _n: stock.Request("GET", "/hello", b""),
}
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
HEADERS = "".join(f"{name}: {value}\r\n" for name, value in stock.HEADERS)
STRAGGLERS_S = 10.0


def wire_bytes(request: stock.Request) -> bytes:
    """The request as it goes over the socket."""
    head = f"{request.method} {request.path} HTTP/1.1\r\n{HEADERS}content-length: {len(request.body)}\r\n\r\n"
    return head.encode() + request.body


class Crowd:
    """All connections of one job: who may still send, what was counted."""

    def __init__(self, make: Callable[[], bytes], until: float) -> None:
        self.make, self.until = make, until
        self.calls = self.failed = self.open = 0
        self.sample = ""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def left(self) -> None:
        """A connection has its last answer."""
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)


class Caller(asyncio.Protocol):
    """One keep-alive connection: ask, hear the whole answer, ask again, until the time is over."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd, self.buffer, self.waiting = crowd, b"", True
        crowd.open += 1

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self) -> None:
        if perf_counter() < self.crowd.until:
            self.transport.write(self.crowd.make())
            return
        self.end()

    def end(self) -> None:
        if self.waiting:
            self.waiting = False
            self.transport.close()
            self.crowd.left()

    def data_received(self, data: bytes) -> None:
        self.buffer = data = self.buffer + data if self.buffer else data
        head = data.find(HEAD_END)
        if head < 0:
            return
        at = data.find(LENGTH, 0, head)
        length = int(data[at + len(LENGTH) : data.find(b"\r", at)]) if at > 0 else 0
        if len(data) < head + 4 + length:
            return
        self.buffer = b""
        crowd = self.crowd
        crowd.calls += 1
        if data[9:10] != b"2":
            crowd.failed += 1
            crowd.sample = crowd.sample or data[:400].decode("latin-1")
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting:
            self.crowd.failed += 1
            self.crowd.sample = self.crowd.sample or f"connection lost: {error}"
            self.end()


async def carry_out(job: dict[str, Any]) -> dict[str, Any]:
    """One job: connect, ask for so many seconds, count."""
    make, keys, n = CASES[job["case"]], job["keys"], job["first"]

    def following() -> bytes:
        nonlocal n
        n += 1
        return wire_bytes(make(keys, n))

    crowd = Crowd(following, float("inf"))
    loop = asyncio.get_running_loop()
    callers = [(await loop.create_connection(lambda: Caller(crowd), HOST, job["port"]))[1] for _ in range(job["connections"])]
    began, cpu = perf_counter(), process_time()
    crowd.until = began + job["seconds"]
    for caller in callers:
        caller.ask()
    async with asyncio.timeout(job["seconds"] + STRAGGLERS_S):
        await crowd.done
    told = {"calls": crowd.calls, "failed": crowd.failed, "sample": crowd.sample, "next": n}
    return {**told, "wall_s": perf_counter() - began, "cpu_s": process_time() - cpu}


def main(cpu: str) -> None:
    pin(cpu)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        say("ready")
        for line in sys.stdin:
            say(runner.run(carry_out(json.loads(line))))


if __name__ == "__main__":
    main(*sys.argv[1:])
