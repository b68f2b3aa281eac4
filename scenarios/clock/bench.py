"""What the clock costs: rates in CPU time, each measured beside its yardstick in the same round.

Every function runs one short round and returns `(numerator, denominator)`: our rate and the yardstick's, per CPU second. The
caller interleaves rounds and takes the median of the ratios.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import simpy

from scenarios.clock.virtual import VirtualLoop

PROCESSES = 1_000
EVENTS = 200_000


def simpy_timeouts(processes: int = PROCESSES, events: int = EVENTS) -> tuple[float, float]:
    """Rate of SimPy time-outs stepped by the virtual loop, against SimPy stepping itself; the goal is a ratio of 0.65."""
    return _through_loop(processes, events), _bare(processes, events)


def _through_loop(processes: int, events: int) -> float:
    loop = VirtualLoop()
    _populate(loop.env, processes)
    began = time.process_time()
    loop.run_until_complete(_wait(loop, events / processes))
    rate = events / (time.process_time() - began)
    loop.close()
    return rate


def _bare(processes: int, events: int) -> float:
    env = simpy.Environment()
    _populate(env, processes)
    began = time.process_time()
    env.run(until=events / processes)
    return events / (time.process_time() - began)


async def _wait(loop: VirtualLoop, seconds: float) -> None:
    await loop.until(loop.env.timeout(seconds))


def _populate(env: simpy.Environment, processes: int) -> None:
    for number in range(processes):
        env.process(_tick(env, number / processes))


def _tick(env: simpy.Environment, offset: float) -> Generator[simpy.Event, Any, None]:
    yield env.timeout(offset)
    while True:
        yield env.timeout(1.0)
