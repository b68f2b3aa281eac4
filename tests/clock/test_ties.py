"""Another order of equal instants: drawn from a seed, complete, causal, and the same again for the same seed."""

import asyncio

import pytest

from scenarios.clock.loop import run_virtual
from scenarios.clock.ties import scrambled

COUNT = 8


def told(ties):
    """What callbacks, timers and model events of one instant, and what follows from them, do in which order."""
    seen = []

    async def later(number):
        await asyncio.sleep(10)
        seen.append(("timer", number))
        await asyncio.sleep(0)
        seen.append(("after", number))

    def model(env, number):
        yield env.timeout(20)
        seen.append(("model", number))
        yield env.timeout(0)
        seen.append(("then", number))

    async def main(loop):
        for number in range(COUNT):
            loop.env.process(model(loop.env, number))
        await asyncio.gather(*(later(number) for number in range(COUNT)))
        await asyncio.sleep(100)

    run_virtual(main, start_ms=0, ties=ties)
    return seen


@pytest.mark.parametrize("kind", ["timer", "model"])
def test_equal_instants_come_in_an_order_of_the_seed(kind):
    """Seed 0 is first in, first out; other seeds differ from it and from each other, and lose nothing."""
    orders = [[number for what, number in told(ties) if what == kind] for ties in (0, 1, 2)]
    assert orders[0] == list(range(COUNT))
    assert orders[1] != orders[0] != orders[2] != orders[1]
    assert all(sorted(order) == orders[0] for order in orders)


def test_the_same_seed_gives_the_same_order():
    """A shuffle can be replayed."""
    assert told(5) == told(5)


def test_what_follows_comes_after_what_it_follows_from():
    """Only what is ready together changes places."""
    seen = told(3)
    for number in range(COUNT):
        assert seen.index(("timer", number)) < seen.index(("after", number))
        assert seen.index(("model", number)) < seen.index(("then", number))


def test_no_two_numbers_are_scrambled_into_one():
    """Else the heap would compare events."""
    assert len({scrambled(number, 12345) for number in range(100_000)}) == 100_000


def test_a_ring_comes_at_its_instant_and_leaves_no_trace():
    """It is rung once, at its instant, and the order of everything else is as without it."""
    rung = []

    def story(*, ringing):
        seen = []

        async def main(loop):
            if ringing:
                loop.ring_before(15.0, lambda: rung.append(loop.time()))
            for number in range(COUNT):
                await asyncio.sleep(4 if number % 2 else 0)
                seen.append((loop.time(), number))

        run_virtual(main, start_ms=0, ties=7)
        return seen

    assert story(ringing=True) == story(ringing=False)
    assert rung == [15.0]


def test_guards_are_down_only_while_suspended():
    """A person who looks into a run may use the clock; the run may not."""
    import secrets

    from scenarios.clock.inside import Escape

    async def main(loop):
        with loop.watch.suspended():
            assert secrets.token_hex()
        with pytest.raises(Escape):
            secrets.token_hex()

    with pytest.raises(Escape):
        run_virtual(main, start_ms=0)
