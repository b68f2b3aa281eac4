"""The mock in a virtual run: full-stage Salesforce calls beside a bare ASGI function that waits and speaks JSON.

The yardstick waits one virtual timer and passes the same document through json.loads and json.dumps of the standard library;
the document of both is the deal as the vendor shows it. Both are called in process, one after the other, on the same loop.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from scenarios.bench import stock
from scenarios.bench.ratio import Ratio, in_turns
from scenarios.clock.asgi import call
from scenarios.clock.inline import inlined
from scenarios.clock.virtual import VirtualLoop

START_MS = 1_767_603_600_000
DEALS = 5_000
CALLS = 2_000
READ_GOAL, UPSERT_GOAL = 0.4, 0.3

Send = Callable[[dict[str, Any]], Awaitable[None]]
Sender = Callable[[stock.Request], Awaitable[bytes]]


class Org:
    """A stocked org and the yardstick on one virtual loop; `reads`, `upserts` and the `bare_` ones do n calls."""

    def __init__(self, deals: int = DEALS) -> None:
        self.loop = VirtualLoop(start_ms=START_MS)
        self.system, self.ids = stock.salesforce(self.loop.clock, deals=deals)
        document = self.run(self.ask(self.system.app, stock.read_deal(self.ids, 0)))
        self.bare = bare(document, self.system.service_ms / 1000)
        self.document = document
        self.numbers = count(1)

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def ask(self, app: Any, request: stock.Request) -> bytes:
        """The body of a good answer; anything else ends the bench."""
        status, _, body = await call(app, request.method, request.path, "", stock.HEADERS, request.body)
        assert status < 300, f"{request.method} {request.path}: {status} {body[:300]!r}"
        return body

    def reads(self, n: int) -> None:
        self.run(self.many(self.system.app, stock.read_deal, n))

    def upserts(self, n: int) -> None:
        self.run(self.many(self.system.app, stock.upsert_deal, n))

    def bare_reads(self, n: int) -> None:
        self.run(self.many(self.bare, stock.read_deal, n))

    def bare_upserts(self, n: int) -> None:
        self.run(self.many(self.bare, stock.upsert_deal, n))

    async def many(self, app: Any, make: Callable[[list[str], int], stock.Request], n: int) -> None:
        ids, numbers, ask = self.ids, self.numbers, self.ask
        for _ in range(n):
            await ask(app, make(ids, next(numbers)))

    def close(self) -> None:
        self.system.close()
        self.loop.close()


def bare(document: bytes, seconds: float) -> Any:
    """An ASGI function that waits, decodes the document, encodes it and answers; it keeps nothing and checks nothing."""

    async def app(_scope: Any, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        await receive()
        await asyncio.sleep(seconds)
        body = json.dumps(json.loads(document)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


@contextmanager
def org(deals: int = DEALS) -> Iterator[Org]:
    """An org to measure, under the conditions of a run: work inlined, the collector off while calls are timed."""
    with inlined():
        held = Org(deals)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            yield held
        finally:
            gc.enable()
            gc.unfreeze()
            held.close()


def mock_ratios(rounds: int, calls: int = CALLS) -> list[Ratio]:
    """Full-stage read and upsert against the bare function."""
    with org() as held:
        for warm in (held.reads, held.bare_reads, held.upserts):
            warm(calls // 10)
        reads, upserts = [], []
        for _ in range(rounds):
            reads.append(in_turns(held.reads, held.bare_reads, calls))
            upserts.append(in_turns(held.upserts, held.bare_upserts, calls))
            gc.collect(1)
        size = len(held.document)
    against = f"bare ASGI function: one virtual timer, json.loads and dumps of the record ({size} bytes)"
    words: dict[str, Any] = {"unit": "calls per CPU second", "against": against}
    return [
        Ratio(name="salesforce_read", goal=READ_GOAL, pairs=reads, note="GET Opportunity by id, all stages, in process", **words),
        Ratio(
            name="salesforce_upsert", goal=UPSERT_GOAL, pairs=upserts,
            note="PATCH Opportunity by external key, four fields changed, all stages, in process", **words,
        ),
    ]  # fmt: skip
