"""Garbage is collected at the same events in every process, and the collector is left as it was found."""

import asyncio
import gc

import pytest

from scenarios.clock.loop import run_virtual


def run(main, **options):
    return run_virtual(main, start_ms=0, **options)


def test_garbage_is_collected_at_fixed_instants_only():
    """Finalisers of cycles run at the same event in every run: the automatic collector is off, and on again afterwards."""
    died = []

    class Cycle:
        def __init__(self):
            self.me = self

        def __del__(self):
            died.append(self.loop.time())

    async def main(loop):
        for _ in range(3):
            cycle = Cycle()
            cycle.loop = loop
            del cycle
            junk = [[] for _ in range(50_000)]
            await asyncio.sleep(50_000)
            del junk

    run(main)
    # Timers at 50,000, 100,000 and 150,000 s; collections when time first passes 86,400 s and a day after that; the last at the end.
    assert died == [50_000.0, 50_000.0, 150_000.0]
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_garbage_is_collected_while_only_the_model_moves():
    """A long stretch without timers and callbacks collects too."""
    died = []

    class Cycle:
        def __init__(self, env):
            self.me, self.env = self, env

        def __del__(self):
            died.append(self.env.now)

    def actor(env):
        Cycle(env)
        for _ in range(4):
            yield env.timeout(50_000)

    async def main(loop):
        await loop.until(loop.env.process(actor(loop.env)))

    run(main)
    assert died == [50_000.0]


def test_garbage_collection_is_restored_after_a_failure():
    """A run that raises leaves the process as it found it."""

    async def main(_loop):
        raise KeyError("x")

    with pytest.raises(KeyError):
        run(main)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
