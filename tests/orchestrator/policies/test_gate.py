"""Breaker, throttle, gate: when a system is called, by whom, and how often."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import Held
from orchestrator.policies.breaker import Breaker, BreakerLimits
from orchestrator.policies.gate import Door, Gate
from orchestrator.policies.throttle import NORMAL, STRATEGIC, Budget, Rate, Throttle
from tests.orchestrator.virtual import live

LIMITS = BreakerLimits(failures_max=3, open_ms=30_000, open_ms_max=100_000, crowd_ms=600_000)


class Clock:
    def __init__(self):
        self.now = 1_000_000

    def __call__(self):
        return self.now


def opened(clock, **named):
    breaker = Breaker(clock, LIMITS, **named)
    for _ in range(3):
        breaker.report(answered=False)
    return breaker


def test_breaker_opens_after_failures_in_a_row_only():
    """An answer in between starts the count again."""
    breaker = Breaker(Clock(), LIMITS)
    for answered in (False, False, True, False, False):
        breaker.report(answered=answered)
    assert (breaker.state, breaker.held_ms()) == ("closed", 0)
    breaker.report(answered=False)
    assert breaker.state == "open"


def test_first_caller_is_invited_to_the_trial_the_others_wait_longer():
    """One comes back when it half-opens; the crowd is woken when it closes."""
    breaker = opened(Clock())
    assert [breaker.held_ms() for _ in range(3)] == [30_000, 630_000, 630_000]


def test_half_open_lets_one_trial_through():
    """Until the trial has ended everybody else is held."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30_000
    assert breaker.held_ms() == 0
    assert (breaker.state, breaker.held_ms() > 0) == ("half_open", True)


def test_trial_that_answers_closes_and_tells():
    """The change is told once, with both states."""
    clock, told = Clock(), []
    breaker = opened(clock, on_change=lambda before, after: told.append((before, after)))
    clock.now += 30_000
    breaker.held_ms()
    breaker.report(answered=True)
    assert told == [("closed", "open"), ("open", "half_open"), ("half_open", "closed")]


def test_failed_trials_double_the_time_up_to_the_ceiling():
    """30, 60, 100, 100 seconds."""
    clock = Clock()
    breaker, spans = opened(clock), []
    for _ in range(4):
        spans.append(breaker.held_ms())
        clock.now += spans[-1]
        breaker.held_ms()
        breaker.report(answered=False)
    assert spans == [30_000, 60_000, 100_000, 100_000]


def test_late_report_of_an_older_call_does_not_close_an_open_breaker():
    """A call sent before it opened says nothing about now."""
    breaker = opened(Clock())
    breaker.report(answered=True)
    assert breaker.state == "open"


def test_breaker_state_survives_a_restart():
    """What was open stays open until its time; half-open is tried again."""
    clock = Clock()
    first = opened(clock)
    second = Breaker(clock, LIMITS, stored=first.view())
    assert (second.state, second.held_ms()) == ("open", 30_000)
    clock.now += 30_000
    second.held_ms()
    third = Breaker(clock, LIMITS, stored=second.view())
    assert (third.held_ms(), third.state) == (0, "half_open")


def test_rate_spaces_calls_evenly_after_the_burst():
    """Four a second with a burst of two: 0, 0, 250, 500 ms away; idle time saves no more than the burst."""
    rate = Rate(Budget(rate_max=4, period_ms=1_000, burst_max=2))
    assert [rate.reserve(0) for _ in range(4)] == [0, 0, 250, 500]
    assert [rate.reserve(60_000) for _ in range(4)] == [0, 0, 250, 500]


def test_rate_loses_nothing_to_rounding():
    """Seven a second stays seven a second over an hour."""
    rate = Rate(Budget(rate_max=7, period_ms=1_000))
    assert [rate.reserve(0) for _ in range(7 * 3600 + 1)][-1] == 3_600_000


def test_throttle_bounds_calls_at_once_and_serves_in_order():
    """Never more than the budget; first come, first served; strategic callers first when they say so."""
    most, order = [0], []

    async def main(loop):
        throttle = Throttle(Budget(concurrency_max=2), loop.ms)

        async def caller(name, priority):
            await throttle.enter(priority)
            most[0] = max(most[0], throttle.busy)
            order.append(name)
            await asyncio.sleep(1)
            throttle.leave()

        crowd = [caller(n, NORMAL) for n in range(6)] + [caller("vip", STRATEGIC)]
        await asyncio.gather(*crowd)
        return throttle.busy, throttle.waiting

    assert live(main) == (0, 0)
    assert (most[0], order) == (2, [0, 1, "vip", 2, 3, 4, 5])


def test_cancelled_waiters_give_their_place_back():
    """A caller stopped while waiting, or in the moment of its turn, takes nothing with it."""

    async def main(loop):
        throttle = Throttle(Budget(concurrency_max=1), loop.ms)
        await throttle.enter()
        waiting = [loop.create_task(throttle.enter()) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[1].cancel()
        throttle.leave()
        waiting[0].cancel()  # its turn has come, it has not run yet
        await asyncio.sleep(1)
        done = waiting[2].done()
        throttle.leave()
        return done, throttle.busy, throttle.waiting

    assert live(main) == (True, 0, 0)


def test_too_many_waiters_are_held_not_queued():
    """Every queue has a bound; past it the run backs off as a row."""

    async def main(loop):
        throttle = Throttle(Budget(concurrency_max=1, waiting_max=1), loop.ms)
        await throttle.enter()
        loop.create_task(throttle.enter())
        await asyncio.sleep(0)
        with pytest.raises(Held):
            await throttle.enter()

    live(main)


def test_gate_holds_while_the_system_asked_us_to_stay_away():
    """Retry-After binds all callers of that system; without one a throttle means a second."""

    async def main(loop):
        gate = Gate(Door("erp"), loop.ms)
        for wait_ms in (60_000, 0):
            await gate.enter()
            gate.leave(answered=True, wait_ms=wait_ms, throttled=True)
            with pytest.raises(Held) as held:
                await gate.enter()
            yield_ms = held.value.retry_after_ms
            assert yield_ms == (wait_ms or 1_000)
            await asyncio.sleep(yield_ms / 1000)
        await gate.enter()
        return gate.throttle.busy

    assert live(main) == 1


def test_gate_tells_when_its_breaker_closes_and_stores_each_state():
    """on_close names the system, on_store keeps what a restart needs; held callers keep no place."""
    closed, stored = [], []

    async def main(loop):
        door = Door(
            "erp", limits=LIMITS, on_close=closed.append, on_store=lambda system, view: stored.append((system, view["state"]))
        )
        gate = Gate(door, loop.ms)
        for _ in range(3):
            await gate.enter()
            gate.leave(answered=False)
        with pytest.raises(Held) as held:
            await gate.enter()
        assert (held.value.system, gate.throttle.busy) == ("erp", 0)
        await asyncio.sleep(30)
        await gate.enter()
        gate.leave(answered=True)

    live(main)
    assert (closed, stored) == (["erp"], [("erp", "open"), ("erp", "half_open"), ("erp", "closed")])


def ended(gate, count, *, lane="", answered=False, silent=False):
    """So many calls in a row that end alike."""

    async def calls():
        for _ in range(count):
            await gate.enter(lane=lane)
            gate.leave(answered=answered, lane=lane, silent=silent)

    return calls()


def is_held(gate, lane):
    async def asked():
        try:
            await gate.enter(lane=lane)
        except Held:
            return True
        gate.leave(answered=True, lane=lane)
        return False

    return asked()


def test_a_lane_that_is_refused_service_holds_nobody_else():
    """Writes of one legal entity are turned away; reads and other entities go on, and a wake is told when it is back."""
    closed = []

    async def main(loop):
        gate = Gate(Door("erp", limits=LIMITS, on_close=closed.append), loop.ms)
        await ended(gate, 3, lane="writes UK")
        held = [await is_held(gate, lane) for lane in ("writes UK", "writes DE", "")]
        shown = list(gate.view()["lanes"])
        await asyncio.sleep(30)
        await ended(gate, 1, lane="writes UK", answered=True)
        return held, shown, gate.view()["lanes"]

    assert live(main) == ([True, False, False], ["writes UK"], {})
    assert closed == ["erp"]


def test_silence_in_a_lane_counts_against_the_whole_system():
    """Nobody answers at all: that is no matter of one lane."""

    async def main(loop):
        gate = Gate(Door("erp", limits=LIMITS), loop.ms)
        await ended(gate, 3, lane="writes UK", silent=True)
        return await is_held(gate, ""), await is_held(gate, "writes DE")

    assert live(main) == (True, True)


def test_the_trial_of_a_system_is_not_lost_on_a_call_that_its_lane_holds_back():
    """With both broken, a narrow call that may not go leaves the one trial to others."""

    async def main(loop):
        gate = Gate(Door("erp", limits=LIMITS), loop.ms)
        await ended(gate, 3, lane="writes UK")
        await asyncio.sleep(20)
        await ended(gate, 3, silent=True)
        await asyncio.sleep(12)  # the lane's trial is due, the system's is not
        held = [await is_held(gate, "writes UK")]
        await asyncio.sleep(20)
        return [*held, await is_held(gate, "writes UK"), await is_held(gate, "")]

    assert live(main) == [True, False, False]


def test_a_system_without_calls_left_is_left_alone_for_a_minute():
    """One question a minute shows when there are calls again."""

    async def main(loop):
        gate = Gate(Door("crm"), loop.ms)
        gate.spend()
        held = [await is_held(gate, "")]
        await asyncio.sleep(60)
        return [*held, await is_held(gate, "")]

    assert live(main) == [True, False]
