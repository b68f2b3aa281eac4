from __future__ import annotations

import asyncio

import pytest

from simulators.behaviours.delivery import Delivery, Redelivery
from simulators.kernel.calls import Dispatch, Message
from simulators.kernel.faces import ReplyLost
from tests.simulators.kernel.conftest import World

MINUTE = 60_000
NUMBERS = Redelivery(
    first_ms=MINUTE, factor=2, gap_max_ms=8 * MINUTE, keep_ms=24 * 60 * MINUTE, timeout_ms=10_000, at_once=2, queue_max=5
)


class Receiver:
    """Answers as told, one answer a call, the last one for ever; remembers who called when."""

    def __init__(self, world: World, *answers: object, takes_s: float = 0) -> None:
        self.world, self.answers, self.takes_s, self.heard, self.busy, self.peak = world, list(answers), takes_s, [], 0, 0
        self.pushes = []
        world.system.post = self.post
        world.system.on_push = self.pushes.append
        self.outbox = Delivery(NUMBERS, lambda status, body: status == 200 and body == b"ack")

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.heard.append((round(self.world.loop.time() / 60, 3), url, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.busy -= 1
        if isinstance(answer, type):
            raise answer
        return answer

    def push(self, *ids: str, topic: str = "t") -> None:
        async def story() -> None:
            for id in ids:
                self.outbox.push(
                    self.world.system, Message(id, "n1", topic, "http://me", {}, id.encode(), self.world.system.clock())
                )
            await asyncio.sleep(3 * 86_400)

        self.world.run(story())


def test_a_message_is_sent_until_it_is_accepted(world: World) -> None:
    """Refusals, a wrong body, failed connections, lost replies and time-outs are all tried again, with growing gaps up to a cap."""
    receiver = Receiver(world, (500, b""), (200, b"no"), ConnectionRefusedError, ReplyLost, TimeoutError, (200, b"ack"))
    receiver.push("m1")
    assert [at for at, _, _ in receiver.heard] == [0, 1, 3, 7, 15, 23]
    assert [(p.attempt, p.outcome, p.id, p.subject, p.body) for p in receiver.pushes] == [
        (n, outcome, "m1", "n1", "m1") for n, outcome in enumerate([500, 200, 0, 0, 0, 200], 1)
    ]
    assert (receiver.outbox.delivered, receiver.outbox.given_up, receiver.outbox.pending) == (1, 0, 0)


def test_a_receiver_that_hangs_is_given_up_on_in_time(world: World) -> None:
    """An attempt has a time-box; the slot comes back."""
    receiver = Receiver(world, (200, b"ack"), takes_s=11)
    receiver.push("m1")
    assert receiver.pushes[0].outcome == 0
    assert receiver.heard[1][0] == pytest.approx(1 + 10 / 60, abs=0.001)


def test_a_message_older_than_the_vendor_keeps_is_given_up(world: World) -> None:
    """After a day nobody hears of it any more."""
    receiver = Receiver(world, (503, b""))
    receiver.push("m1")
    assert receiver.heard[-1][0] <= 24 * 60 < receiver.heard[-1][0] + 8
    assert (receiver.outbox.given_up, receiver.outbox.pending) == (1, 0)


def test_several_are_under_way_in_a_subscription_and_the_queue_is_bounded(world: World) -> None:
    """Two at once, five waiting; what does not fit is reported, and another subscription is not held up."""
    receiver = Receiver(world, (200, b"ack"), takes_s=5)
    receiver.push(*(f"m{n}" for n in range(9)))
    assert (receiver.peak, receiver.outbox.delivered, receiver.outbox.overflowed) == (2, 7, 2)
    assert [(p.id, p.attempt) for p in receiver.pushes if p.attempt == 0] == [("m7", 0), ("m8", 0)]


def test_hooks_drop_delay_double_and_rename(world: World) -> None:
    """The first hook that answers decides; none at all is the plain delivery."""
    receiver = Receiver(world, (200, b"ack"))
    plans = {
        "drop": [],
        "late": [Dispatch(delay_ms=5 * MINUTE)],
        "twice": [Dispatch(), Dispatch(delay_ms=MINUTE, id="other")],
        "plain": None,
    }
    world.system.delivery += [lambda message: plans[message.id], lambda message: [] if message.id != "plain" else None]
    receiver.push("drop", "late", "twice", "plain")
    assert [(at, body.decode()) for at, _, body in receiver.heard] == [(0, "twice"), (0, "plain"), (1, "twice"), (5, "late")]
    assert [p.id for p in receiver.pushes] == ["twice", "plain", "other", "late"]


def test_without_a_subscriber_nothing_is_kept(world: World) -> None:
    """And clearing forgets what is queued, sleeping and under way."""
    receiver = Receiver(world, (503, b""))
    world.system.post = None
    receiver.push("m1")
    assert (receiver.heard, receiver.outbox.pending) == ([], 0)
    world.system.post = receiver.post

    async def story() -> int:
        for id in "ab":
            receiver.outbox.push(world.system, Message(id, "n", "t", "u", {}, b"", world.system.clock()))
        await asyncio.sleep(1)
        waiting = receiver.outbox.pending
        receiver.outbox.clear()
        await asyncio.sleep(86_400)
        return waiting

    assert (world.run(story()), receiver.outbox.pending, len(receiver.heard)) == (2, 0, 2)


def test_a_bug_in_the_wire_is_not_taken_for_a_failed_delivery(world: World) -> None:
    """It reaches the loop's owner, and the lane goes on."""
    receiver = Receiver(world, ZeroDivisionError, (200, b"ack"))
    receiver.push("a", "b", "c")
    assert world.loop.caught() == [ZeroDivisionError]
    assert receiver.outbox.delivered == 2
