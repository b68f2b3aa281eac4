"""Calls in process: the vendor's work is the vendor's, whatever becomes of its caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from scenarios.bench import stock
from scenarios.clock.loop import VirtualLoop, run_virtual
from scenarios.clock.reports import Unwatched
from scenarios.world.links import VirtualLinks

START_MS = 1_767_603_600_000
HURRY_S = 0.001  # a vendor takes longer than that for anything


async def given_up(loop: VirtualLoop, prepare: Callable[[Any], None] = lambda _system: None) -> list[Any]:
    """Send one write to a mock CRM, hang up before it is worked on, wait; return the calls on record."""
    system, ids = stock.salesforce(loop.clock, deals=2)
    records: list[Any] = []
    system.on_call = records.append
    prepare(system)
    links, request = VirtualLinks(), stock.upsert_deal(ids, 1)
    async with links.joined({"crm": system}, lambda *_: asyncio.sleep(0)):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(HURRY_S):
                await links.carry("crm", request.method, request.path, "", tuple(stock.HEADERS), request.body)
        assert records == []
        await asyncio.sleep(60)
    assert system.in_flight == 0
    return records


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, Any]]) -> Any:
    return run_virtual(main, start_ms=START_MS, guards=False)


def test_a_call_that_is_given_up_is_worked_off() -> None:
    """A client's time-out takes its reply; the write is committed and on record as done."""
    (record,) = run(given_up)
    assert SimpleNamespace(status=record.status // 100, effect=record.effect) == SimpleNamespace(status=2, effect=True)


def test_a_vendor_that_breaks_after_its_caller_left_ends_the_run() -> None:
    """Our own bug is never lost: nobody waits for the answer, and the run fails with its cause."""

    def breaks(_system: Any, _call: Any) -> None:
        raise LookupError("late")

    with pytest.raises(Unwatched, match="late"):
        run(lambda loop: given_up(loop, lambda system: system.strikes["before"].append(breaks)))
