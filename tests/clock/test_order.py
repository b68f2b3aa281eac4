"""Nothing is ordered by memory address: sets of tasks, groups, scopes and bare coroutines come out in order of creation."""

import asyncio
import os

import anyio
import pytest

from scenarios.clock.loop import run_virtual

COUNT = 30


@pytest.fixture
def order():
    """Record an order on a heap made untidy on purpose."""
    untidy = [bytearray(os.urandom(1)[0] * 9) for _ in range(199)]
    yield []
    del untidy


async def child(order, number):
    try:
        await asyncio.sleep(100 + number)
    except asyncio.CancelledError:
        order.append(number)
        raise


def run(main):
    run_virtual(main, start_ms=0)


def test_asyncio_wait_returns_tasks_in_order(order):
    """The done set iterates by creation."""

    async def main(_loop):
        tasks = [asyncio.create_task(asyncio.sleep(5, number)) for number in range(COUNT)]
        done, _ = await asyncio.wait(tasks)
        order.extend(task.result() for task in done)

    run(main)
    assert order == list(range(COUNT))


def test_a_task_group_cancels_in_order(order):
    """Children of a failed TaskGroup unwind oldest first."""

    async def main(_loop):
        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for number in range(COUNT):
                    group.create_task(child(order, number))
                await asyncio.sleep(1)
                raise ValueError

    run(main)
    assert order == list(range(COUNT))


def test_all_tasks_iterates_in_order(order):
    """Whoever cancels everything cancels in order."""

    async def main(_loop):
        tasks = [asyncio.create_task(child(order, number)) for number in range(COUNT)]
        await asyncio.sleep(1)
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)
    assert order == list(range(COUNT))


def test_an_anyio_group_cancels_in_order(order):
    """So do the groups that Starlette uses."""

    async def main(_loop):
        async with anyio.create_task_group() as group:
            for number in range(COUNT):
                group.start_soon(child, order, number)
            await asyncio.sleep(1)
            group.cancel_scope.cancel()

    run(main)
    assert order == list(range(COUNT))


def test_nested_anyio_scopes_cancel_in_order(order):
    """Scopes inside a scope are kept in a set of addresses by anyio; here they are cancelled in the order of entry."""

    async def scoped(number):
        with anyio.CancelScope():
            await child(order, number)

    async def main(_loop):
        async with anyio.create_task_group() as group:
            for number in range(COUNT):
                group.start_soon(scoped, number)
            await asyncio.sleep(1)
            group.cancel_scope.cancel()

    run(main)
    assert order == list(range(COUNT))


def test_as_completed_starts_bare_coroutines_in_order(order):
    """A set of coroutines would start them by address."""

    async def note(number):
        order.append(number)

    async def main(_loop):
        for one in asyncio.as_completed([note(number) for number in range(COUNT)]):
            await one

    run(main)
    assert order == list(range(COUNT))


def test_patches_end_with_the_run():
    """asyncio and anyio are as before once the run is over."""
    before = asyncio.as_completed, anyio.to_thread.run_sync, vars(anyio._backends._asyncio.CancelScope)["__init__"]

    async def main(_loop):
        assert asyncio.as_completed is not before[0]
        assert await anyio.to_thread.run_sync(int, "7") == 7

    run(main)
    assert before == (asyncio.as_completed, anyio.to_thread.run_sync, vars(anyio._backends._asyncio.CancelScope)["__init__"])
