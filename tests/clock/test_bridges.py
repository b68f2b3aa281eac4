"""SimPy waits for asyncio, asyncio waits for SimPy: values, exceptions and cancellation cross both ways."""

import asyncio
import contextvars

import pytest
import simpy

from scenarios.clock.loop import run_virtual
from scenarios.clock.model import Cancelled
from scenarios.clock.reports import ModelFailure


def run(main):
    return run_virtual(main, start_ms=0)


async def answer(value, after=2.0):
    await asyncio.sleep(after)
    return value


async def fail(error, after=2.0):
    await asyncio.sleep(after)
    raise error


def test_a_model_process_gets_a_coroutine_s_result():
    """`yield loop.as_event(coroutine)` gives what the coroutine returned, when it returned."""

    async def main(loop):
        def actor():
            got = yield loop.as_event(answer("done"))
            return got, loop.env.now

        return await loop.until(loop.env.process(actor()))

    assert run(main) == ("done", 2.0)


def test_a_model_process_gets_a_coroutine_s_exception():
    """What the coroutine raised is raised at the yield."""

    async def main(loop):
        def actor():
            try:
                yield loop.as_event(fail(ValueError("refused")))
            except ValueError as error:
                return str(error), loop.env.now

        return await loop.until(loop.env.process(actor()))

    assert run(main) == ("refused", 2.0)


def test_a_coroutine_gets_a_model_process_s_exception():
    """What a process raised is raised at `until`, and is no failure of the model then."""

    async def main(loop):
        def actor():
            yield loop.env.timeout(3)
            raise KeyError("boom")

        with pytest.raises(KeyError, match="boom"):
            await loop.until(loop.env.process(actor()))
        return loop.time()

    assert run(main) == 3.0


def test_an_event_that_happened_is_not_waited_for():
    """`until` returns, or raises, at once when the event has been processed."""

    async def main(loop):
        done, broken = loop.env.timeout(1, "value"), loop.env.event()
        broken.fail(KeyError("old"))
        broken.defused = True
        await asyncio.sleep(2)
        with pytest.raises(KeyError, match="old"):
            await loop.until(broken)
        return await loop.until(done), loop.time()

    assert run(main) == ("value", 2.0)


def test_a_failure_that_nobody_takes_any_more_ends_the_run():
    """A cancelled wait does not defuse the event it gave up on."""

    async def main(loop):
        event = loop.env.event()
        waiter = asyncio.create_task(loop.until(event))
        await asyncio.sleep(1)
        waiter.cancel()
        await asyncio.sleep(1)
        event.fail(KeyError("nobody's"))
        await asyncio.sleep(1)

    with pytest.raises(ModelFailure, match="nobody's"):
        run(main)


def test_a_cancelled_wait_gives_its_place_in_the_queue_back():
    """A waiter that gave up must not swallow the item of the next one."""

    async def main(loop):
        store = simpy.Store(loop.env)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await loop.until(store.get())
        later = asyncio.create_task(loop.until(store.get()))
        await asyncio.sleep(1)
        store.put("item")
        return await later

    assert run(main) == "item"


def test_a_cancelled_task_fails_its_event():
    """The process that waited is told, with the task's name."""

    async def main(loop):
        def actor():
            event = loop.as_event(answer("never", 100), name="call ERP")
            loop.call_later(1, event.task.cancel)
            try:
                yield event
            except Cancelled as error:
                return str(error), loop.env.now

        return await loop.until(loop.env.process(actor()))

    assert run(main) == ("call ERP was cancelled", 1.0)


def test_many_may_wait_for_one_event():
    """Coroutines and processes are woken by the same event, and one cancelled waiter does not harm the others."""

    async def main(loop):
        event = loop.env.event()
        waiters = [asyncio.create_task(loop.until(event)) for _ in range(4)]
        await asyncio.sleep(1)
        waiters[1].cancel()
        event.succeed("go")
        got = await asyncio.gather(*waiters, return_exceptions=True)
        return [value if isinstance(value, str) else type(value).__name__ for value in got]

    assert run(main) == ["go", "CancelledError", "go", "go"]


def test_the_model_runs_in_the_loop_s_context():
    """A task that the model starts sees the loop's context, not that of the task that set the process off: pass ids explicitly."""
    trace = contextvars.ContextVar("trace", default="none")

    async def main(loop):
        seen = []

        def actor():
            seen.append(trace.get())
            yield loop.env.timeout(1)

        trace.set("caller")
        await loop.until(loop.env.process(actor()))
        return seen

    assert run(main) == ["none"]


def test_nobody_else_may_step_the_model():
    """A second driver would run past the loop's timers."""

    async def main(loop):
        loop.env.run(until=10)

    with pytest.raises(RuntimeError, match="the event loop steps this model"):
        run(main)
