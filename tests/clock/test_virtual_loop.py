"""The virtual loop: order, exact time, tasks, and no outside."""

# ruff: noqa: ASYNC110 - spinning tasks are what the loop must survive

import asyncio
import contextvars
import threading

import pytest

from scenarios.clock.inside import Escape
from scenarios.clock.loop import VirtualLoop, run_virtual
from scenarios.clock.schedule import DEAD_TIMERS_MIN

YEAR_S = 365 * 86_400.0


def run(main, **options):
    return run_virtual(main, start_ms=0, **options)


def test_a_year_of_waiting_costs_nothing():
    """Waiting moves simulated time by exactly what was asked, and no wall time."""

    async def main(loop):
        await asyncio.sleep(YEAR_S)
        return loop.time(), loop.clock()

    assert run(main) == (YEAR_S, int(YEAR_S) * 1000)


def test_equal_deadlines_fire_in_the_order_they_were_set():
    """Timers for one instant are first in, first out (the stock heap fires them in any order)."""
    fired = []

    async def main(loop):
        for number in range(40):
            loop.call_later(5, fired.append, number)
        for number in range(40, 60):
            loop.call_at(5, fired.append, number)
        await asyncio.sleep(6)

    run(main)
    assert fired == list(range(60))


def test_equal_deadlines_keep_their_order_when_dead_timers_are_swept():
    """A clean-up of cancelled timers does not reorder the living."""
    fired = []

    async def main(loop):
        for number in range(4 * DEAD_TIMERS_MIN):
            timer = loop.call_later(5, fired.append, number)
            if number % 4:
                timer.cancel()
        assert len(loop._scheduled) < 2.5 * DEAD_TIMERS_MIN
        await asyncio.sleep(6)

    run(main)
    assert fired == list(range(0, 4 * DEAD_TIMERS_MIN, 4))


@pytest.mark.parametrize("start_s", [0.0, 1.6e7, 1.7e7, 3.2e7, 1.7e9])
def test_a_due_timer_fires_however_late_the_clock_is(start_s):
    """Past 2^24 simulated seconds (194 days) a nanosecond is below the float's grain; the timer must fire all the same."""
    loop = VirtualLoop(start_s=start_s)
    loop.rounds_max = 1_000
    loop.run_until_complete(asyncio.sleep(0.1))
    loop.close()
    assert loop.time() == start_s + 0.1


def test_a_timer_never_fires_early():
    """Code that sleeps until an instant finds that instant reached, or it would spin."""
    read = []

    async def main(loop):
        loop.rounds_max = 1_000
        for due in (0.1 + 0.2, 7.3, 7.3 + 1e-9, 7.3 + 5e-7, 1e7 + 1e-8):
            while loop.time() < due:
                await asyncio.sleep(due - loop.time())
            read.append(loop.time() == due)

    run(main)
    assert read == [True] * 5


def test_timers_of_nearly_the_same_instant_fire_each_at_its_own():
    """The stock loop fires what is due within its clock's resolution; here a callback always finds its due time reached."""
    fired = []

    async def main(loop):
        for due in (5.0, 5.0 + 5e-7, 5.0 + 9e-7):
            loop.call_at(due, lambda: fired.append(loop.time()))
        await asyncio.sleep(6)

    run(main)
    assert fired == [5.0, 5.0 + 5e-7, 5.0 + 9e-7]


def test_an_instant_runs_the_model_first_then_timers():
    """At equal instants model events come before timers, whichever was set first."""
    seen = []

    async def main(loop):
        loop.call_at(5, seen.append, "timer")
        loop.env.timeout(5).callbacks.append(lambda _event: seen.append("model"))
        await asyncio.sleep(6)

    run(main)
    assert seen == ["model", "timer"]


def test_a_dead_timer_does_not_let_time_jump_over_the_model():
    """A cancelled timer at the head of the heap is no reason to pass a model event by."""
    seen = []

    async def main(loop):
        loop.call_at(1, seen.append, "dead").cancel()
        loop.env.timeout(2).callbacks.append(lambda event: seen.append(event.env.now))
        await asyncio.sleep(9)

    run(main)
    assert seen == [2.0]


def test_spinning_callbacks_do_not_starve_timers_or_the_model_of_their_instant():
    """What is due now happens even while a task asks again and again."""

    async def main(loop):
        due = [False, False]
        loop.call_later(0, due.__setitem__, 0, True)
        loop.env.timeout(0).callbacks.append(lambda _event: due.__setitem__(1, True))
        while not all(due):
            await asyncio.sleep(0)
        return loop.time()

    assert run(main) == 0.0


def test_executor_calls_run_inline():
    """`asyncio.to_thread` and `run_in_executor` use no thread: their order would be the machine's."""

    async def main(loop):
        return await asyncio.to_thread(threading.get_ident), await loop.run_in_executor(None, threading.get_ident)

    assert set(run(main)) == {threading.get_ident()}


def test_a_wake_up_from_another_thread_is_refused():
    """A foreign thread would arrive at a random instant."""
    caught = []

    def foreign(loop):
        try:
            loop.call_soon_threadsafe(print)
        except Escape as error:
            caught.append(str(error))

    async def main(loop):
        thread = threading.Thread(target=foreign, args=(loop,))
        thread.start()
        thread.join()

    run(main, guards=False)
    assert "another thread" in caught[0]


@pytest.mark.parametrize(
    "name", ["create_connection", "create_server", "getaddrinfo", "sock_connect", "subprocess_exec", "add_reader"]
)
def test_the_loop_has_no_outside(name):
    """Everything that would leave the process is refused by name."""

    async def main(loop):
        getattr(loop, name)("127.0.0.1", 80)

    with pytest.raises(Escape, match=name):
        run(main)


def test_a_given_context_is_used_even_when_it_is_empty():
    """An empty context is a context: a callback must not get a copy of the caller's instead."""
    word, empty = contextvars.ContextVar("word"), contextvars.Context()

    async def main(loop):
        word.set("caller's")
        loop.call_soon(word.set, "given", context=empty)
        loop.call_later(1, word.set, "later", context=empty)
        await asyncio.sleep(0.5)
        first = empty[word]
        await asyncio.sleep(1)
        return first, empty[word], word.get()

    assert run(main) == ("given", "later", "caller's")


def test_tasks_left_over_are_cancelled_in_order_and_may_clean_up_in_time():
    """The end of a run cancels what still works, oldest first, and lets it finish; the model stands still."""
    ended = []

    async def worker(loop, number):
        try:
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(2)
            ended.append((number, loop.time()))

    async def main(loop):
        loop.env.timeout(5).callbacks.append(lambda _event: ended.append("model"))
        keep = [asyncio.create_task(worker(loop, number)) for number in range(20)]
        await asyncio.sleep(4)
        return len(keep)

    assert run(main) == 20
    assert ended == [(number, 6.0) for number in range(20)]


def test_task_names_count_from_one_in_every_run():
    """The stock counter belongs to the process: a second run would name its tasks differently."""

    async def main(_loop):
        return [asyncio.create_task(asyncio.sleep(0)).get_name() for _ in range(2)]

    assert run(main) == run(main) == ["task-2", "task-3"]


def test_stop_works_from_the_model():
    """A model event may stop the loop though no callback is ready."""
    loop = VirtualLoop()
    loop.env.timeout(3).callbacks.append(lambda _event: loop.stop())
    loop.env.timeout(4)
    loop.run_forever()
    loop.close()
    assert loop.time() == 3.0


def test_not_a_number_is_no_due_time():
    """A broken due time is refused where it was computed; in the heap it would break the order of the others."""

    async def main(loop):
        loop.call_later(float("nan"), print)

    with pytest.raises(ValueError, match="not a number"):
        run(main)


def test_debug_mode_changes_nothing_but_checks():
    """The same story comes out with asyncio's debug mode on."""

    async def main(loop):
        order = []
        await asyncio.gather(*(asyncio.sleep(number % 3, order.append(number)) for number in range(9)))
        timer = loop.call_later(5, order.append, "never")
        timer.cancel()
        await asyncio.sleep(9)
        return order, loop.time()

    assert run(main, debug=True) == run(main)
