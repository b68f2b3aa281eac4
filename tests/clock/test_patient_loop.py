"""The patient loop: real sockets at a pace, in a story that waits while the machine works."""

import asyncio
import time

from scenarios.clock.loop import run_patient


def burn(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def test_work_takes_no_simulated_time():
    """A pause of 50 ms at 20,000 a second would be a quarter of an hour: nobody who waits a minute may notice."""

    async def main(loop):
        loop.begin()
        async with asyncio.timeout(60):
            burn(0.05)
            await asyncio.sleep(1)
        return loop.time()

    assert run_patient(main, start_ms=0, scale=20_000) < 2


def test_the_wall_keeps_the_pace():
    """2,000 simulated seconds at 10,000 a second take 0.2 s of wall, and what was lost to work is caught up."""

    async def main(loop):
        loop.begin()
        began = time.perf_counter()
        burn(0.1)
        for _ in range(200):
            await asyncio.sleep(10)
        return loop.time(), time.perf_counter() - began

    simulated, wall = run_patient(main, start_ms=0, scale=10_000)
    assert 2_000 <= simulated < 2_001
    assert 0.19 < wall < 0.3 + 5


def test_time_stands_still_before_it_begins():
    """What is built before `begin` is built at the first instant."""

    async def main(loop):
        burn(0.02)
        await asyncio.sleep(0)
        before = loop.clock()
        loop.begin()
        await asyncio.sleep(60)
        return before, loop.clock()

    before, after = run_patient(main, start_ms=5_000, scale=1_000)
    assert before == 5_000
    assert 65_000 <= after < 66_000


def test_bytes_over_loopback_take_no_simulated_time():
    """A call between two tasks of the process is over before any timer that is due later fires."""

    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    async def main(loop):
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        loop.begin()
        ticking = asyncio.ensure_future(asyncio.sleep(1))
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            answer = await reader.readline()
            writer.close()
            await writer.wait_closed()
        return answer, ticking.done(), loop.time()

    assert run_patient(main, start_ms=0, scale=20_000) == (b"hello\n", False, 0.0)


def test_model_events_keep_their_instants():
    """The model's time is exact at any pace, and stands still once it is frozen."""
    ticks = []

    async def main(loop):
        loop.begin()

        def clock(env):
            while True:
                yield env.timeout(60)
                ticks.append(env.now)

        loop.env.process(clock(loop.env))
        await asyncio.sleep(200)
        loop.freeze_model()
        await asyncio.sleep(200)

    run_patient(main, start_ms=0, scale=100_000)
    assert ticks == [60, 120, 180]
