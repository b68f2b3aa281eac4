"""Runs that cannot go on, or went on unwatched, end and say who is to blame."""

# ruff: noqa: ASYNC110 - spinning tasks are what the loop must survive

import asyncio

import pytest

from scenarios.clock.loop import run_virtual
from scenarios.clock.reports import Deadlock, Livelock, ModelFailure, Unwatched


def run(main, **options):
    return run_virtual(main, start_ms=0, **options)


def test_a_deadlock_names_the_waiting_tasks_and_their_lines():
    """When nothing can happen any more the report says who waits, and where."""

    async def stuck(loop):
        await loop.create_future()

    async def main(loop):
        await asyncio.create_task(stuck(loop), name="approver")

    with pytest.raises(Deadlock) as caught:
        run(main)
    assert [text.split(":")[0] for text in caught.value.waiting] == ["task-1", "approver"]
    assert "stuck at" in caught.value.waiting[1]
    assert "test_reports.py" in caught.value.waiting[1]


def test_a_timer_that_is_never_due_is_a_deadlock():
    """Waiting for infinity is waiting for nobody."""
    with pytest.raises(Deadlock):
        run(lambda _loop: asyncio.sleep(float("inf")))


def test_a_livelock_names_the_busiest_callbacks():
    """A task that spins without letting time move ends the run, by name."""

    async def spin():
        while True:
            await asyncio.sleep(0)

    async def main(loop):
        loop.rounds_max = 2_000
        await asyncio.create_task(spin(), name="poller")

    with pytest.raises(Livelock, match=r"poller .*spin") as caught:
        run(main)
    assert caught.value.busiest[0][0].startswith("poller")


def test_a_livelock_of_the_model_names_its_process():
    """A model process that yields zero time-outs for ever is found too."""

    def restless(env):
        while True:
            yield env.timeout(0)

    async def main(loop):
        loop.rounds_max = 2_000
        loop.env.process(restless(loop.env))
        await asyncio.sleep(1)

    with pytest.raises(Livelock, match="restless"):
        run(main)


def test_a_failing_model_process_is_reported_by_name():
    """An exception of a process that nobody waits for ends the run and says whose it was."""

    def payer(env):
        yield env.timeout(3)
        raise KeyError("iban")

    async def main(loop):
        loop.env.start(payer(loop.env), "payer CUS-A-00042-US")
        await asyncio.sleep(9)

    with pytest.raises(ModelFailure, match=r"'payer CUS-A-00042-US' failed at 3\.0") as caught:
        run(main)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_background_failure_ends_the_run():
    """A task that failed and was never asked is no success of the run."""

    async def fail():
        raise ValueError("lost")

    async def main(_loop):
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task

    with pytest.raises(Unwatched, match="lost") as caught:
        run(main)
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_failing_callback_ends_the_run():
    """A callback's exception is kept, not printed away."""

    async def main(loop):
        loop.call_soon(int, "x")
        await asyncio.sleep(1)

    with pytest.raises(Unwatched, match="exception in callback int"):
        run(main)


def test_a_task_that_refuses_to_end_is_named():
    """Cleaning up for ever is a deadlock of the run, not a success."""

    async def stubborn(loop):
        try:
            await asyncio.sleep(1_000)
        finally:
            await loop.create_future()

    async def main(loop):
        loop.call_soon(print)
        keep = asyncio.create_task(stubborn(loop), name="stubborn")
        await asyncio.sleep(1)
        return keep.done()

    with pytest.raises(Deadlock, match="stubborn"):
        run(main)
