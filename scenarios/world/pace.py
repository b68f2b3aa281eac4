"""Whether a speed can be held here: time-outs are scaled with the story, so what a call really costs must stay far below them.

On the patient loop work costs the story no time; what is left is the time bytes are on their way while nothing else is to do. That is
measured, on this machine and with the sender that will be used, before a run begins.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

from scenarios.clock.loop import PatientLoop, check_scale, run_patient
from scenarios.errors import UsageError
from scenarios.resolve import Rehearsal, speed_of
from scenarios.world.accounts import timeout_s_min

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scenarios.world.sockets import SocketLinks

PROBES = 30
TICK_S = 1.0  # simulated: somebody always waits for something


def check_speed(rehearsal: Rehearsal) -> None:
    """Raises UsageError, naming the largest speed that works, when a call would take more than a tenth of its time-out."""
    scale = speed_of(rehearsal.speed)
    if scale is not None:
        check_pace(scale, latency_s(scale))


def check_pace(scale: float, latency_s: float) -> None:
    """The rule itself; `latency_s` in wall seconds, 0 when a call takes no time that the story notices."""
    if latency_s > 0:
        try:
            check_scale(scale, timeout_s_min=timeout_s_min(), latency_s=latency_s)
        except ValueError as error:
            raise UsageError(str(error)) from error


def latency_s(scale: float) -> float:
    """Wall seconds of the story's own time that a call over loopback costs at this scale: the median of a few."""

    async def probe(loop: PatientLoop) -> float:
        from scenarios.world.sockets import SocketLinks
        from simulators.registry import open_system

        system: Any = open_system("salesforce", clock=loop.clock, seed=0)
        system.service_ms = 0  # what the vendor takes is the story's own business
        links = SocketLinks(("crm",), loop)
        async with links.joined({"crm": system}, system.app), ticking():
            links.begin()
            spent = [await one_call(links) for _ in range(PROBES)]
        system.close()
        return median(spent) / scale

    return run_patient(probe, start_ms=0, scale=scale)


async def one_call(links: SocketLinks) -> float:
    """Simulated seconds of one call that asks for little."""
    began = links.loop.time()
    await links.carry("crm", "GET", "/services/data", "", (), b"")
    return links.loop.time() - began


@asynccontextmanager
async def ticking() -> AsyncIterator[None]:
    """Timers all the time, as in a story."""

    async def tick() -> None:
        while True:  # noqa: ASYNC110 - a timer is the point
            await asyncio.sleep(TICK_S)

    task = asyncio.ensure_future(tick())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
