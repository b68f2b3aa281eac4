"""The paced loop: the same model and bridges over the wall clock and real sockets."""

import asyncio
import time

import pytest

from scenarios.clock.loop import PacedLoop, check_scale, run_paced
from scenarios.clock.reports import Livelock, ModelFailure


def test_model_events_keep_their_instants_and_the_wall_keeps_the_pace():
    """300 simulated seconds at 1,000 a second pass in 0.3 s; model time is exact, loop time is a little later."""
    ticks = []

    async def main(loop):
        began = loop.env.now

        def clock(env):
            for _ in range(5):
                yield env.timeout(60)
                ticks.append(round(env.now - began, 6))

        await loop.until(loop.env.process(clock(loop.env)))
        return loop.time()

    began = time.perf_counter()
    ended = run_paced(main, start_ms=0, scale=1_000)
    assert ticks == [60, 120, 180, 240, 300]
    assert ended >= 300
    assert 0.29 < time.perf_counter() - began < 5


def test_real_is_scale_one():
    """A tenth of a second takes a tenth of a second, and the calendar goes with it."""

    async def main(loop):
        began = time.perf_counter()
        await asyncio.sleep(0.1)
        return time.perf_counter() - began, loop.clock()

    waited, clock = run_paced(main, start_ms=5_000)
    assert waited >= 0.099
    assert 5_100 <= clock < 15_000


def test_the_model_s_time_follows_the_loop_s():
    """A process started after a quiet stretch begins now, not when the model last had something to do."""

    async def main(loop):
        await asyncio.sleep(10)
        return loop.env.now, loop.time()

    model, now = run_paced(main, start_ms=0, scale=100)
    assert 10 <= model <= now


def test_bridges_work_over_real_sockets():
    """A model process waits for a coroutine that talks over TCP, and a coroutine for the model."""

    async def echo(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def ask(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer

    async def main(loop):
        server = await asyncio.start_server(echo, "127.0.0.1", 0)

        def actor(env):
            yield env.timeout(10)
            return (yield loop.as_event(ask(server.sockets[0].getsockname()[1])))

        async with server:
            return await loop.until(loop.env.process(actor(loop.env)))

    assert run_paced(main, start_ms=0, scale=100) == b"hello\n"


def test_a_failing_process_is_reported_by_name_here_too():
    """A paced run fails as fast as a virtual one."""

    async def main(loop):
        def seller(env):
            yield env.timeout(1)
            raise ValueError("no pipeline")

        loop.env.process(seller(loop.env))
        await asyncio.sleep(600)

    with pytest.raises(ModelFailure, match="'seller' failed"):
        run_paced(main, start_ms=0, scale=100)


def test_a_model_that_never_lets_go_is_reported(monkeypatch):
    """Zero time-outs for ever would keep the sockets waiting."""
    monkeypatch.setattr("scenarios.clock.paced.STEPS_MAX", 1_000)

    async def main(loop):
        def restless(env):
            while True:
                yield env.timeout(0)

        loop.env.process(restless(loop.env))
        await asyncio.sleep(600)

    with pytest.raises(Livelock, match="restless"):
        run_paced(main, start_ms=0, scale=100)


def test_a_speed_that_would_break_time_outs_is_refused():
    """Time-outs are scaled too: five simulated seconds at 1,000 a second are five milliseconds."""
    check_scale(100, timeout_s_min=5, latency_s=0.005)
    with pytest.raises(ValueError, match="<= 100"):
        check_scale(101, timeout_s_min=5, latency_s=0.005)
    with pytest.raises(ValueError, match="above 0"):
        PacedLoop(scale=0)
