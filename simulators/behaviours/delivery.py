"""Push messages to subscribers until each is accepted: at least once, in no promised order, for as long as the vendor keeps them.

Runs in tasks on the loop: one bounded queue a subscription, several deliveries under way in each. The world gives
`system.post` (the wire), may bend deliveries by hooks in `system.delivery`, and hears every attempt through `system.on_push`.
Without `system.post` nobody is subscribed, and nothing is kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from simulators.kernel.calls import Dispatch, Message, PushRecord
from simulators.kernel.stages import System

PLAIN = [Dispatch()]
Accepted = Callable[[int, bytes], bool]


@dataclass(frozen=True, kw_only=True)
class Redelivery:
    """A vendor's numbers. The n-th gap is first_ms * factor**(n-1), at most gap_max_ms."""

    first_ms: int
    factor: float
    gap_max_ms: int
    keep_ms: int  # a message older than this is given up
    timeout_ms: int
    at_once: int  # deliveries under way in one subscription
    queue_max: int

    def gap_ms(self, attempts: int) -> int:
        """How long to wait after that many failed attempts (1 or more)."""
        return int(min(self.gap_max_ms, self.first_ms * self.factor ** min(attempts - 1, 64)))


@dataclass
class Job:
    """One message on its way to one subscriber."""

    message: Message
    attempts: int = 0


@dataclass
class Lane:
    """One subscription's queue."""

    waiting: deque[Job] = field(default_factory=deque)
    busy: int = 0


class Delivery:
    """A room's outgoing messages. `accepted(status, body)` judges the receiver's answer; 0 is a failed connection."""

    def __init__(self, numbers: Redelivery, accepted: Accepted) -> None:
        self.numbers, self.accepted = numbers, accepted
        self.lanes: dict[str, Lane] = {}
        self.delivered = self.given_up = self.overflowed = 0
        self._sleeping: dict[int, asyncio.TimerHandle] = {}  # delayed, or between two attempts
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by number: a set of tasks has no order
        self._made = 0

    @property
    def pending(self) -> int:
        """Messages neither accepted nor given up."""
        return len(self._sleeping) + sum(len(lane.waiting) + lane.busy for lane in self.lanes.values())

    def push(self, system: System[Any], message: Message) -> None:
        """Queue a message. The first hook that answers decides: no dispatch (it is dropped), one later, or several."""
        if system.post is None:
            return
        wanted = next((found for hook in system.delivery if (found := hook(message)) is not None), PLAIN)
        for dispatch in wanted:
            sent = msgspec.structs.replace(message, id=dispatch.id) if dispatch.id else message
            self._after(system, Job(sent), dispatch.delay_ms)

    def clear(self) -> None:
        """Forget everything queued, and stop what is under way."""
        for handle in self._sleeping.values():
            handle.cancel()
        for task in self._tasks.values():
            task.cancel()
        self._sleeping.clear()
        self.lanes.clear()

    def _after(self, system: System[Any], job: Job, delay_ms: int) -> None:
        if not delay_ms:
            self._queue(system, job)
            return
        self._made += 1
        at = self._made

        def wake() -> None:
            del self._sleeping[at]
            self._queue(system, job)

        self._sleeping[at] = asyncio.get_running_loop().call_later(delay_ms / 1000, wake)

    def _queue(self, system: System[Any], job: Job) -> None:
        lane = self.lanes.setdefault(job.message.topic, Lane())
        if len(lane.waiting) >= self.numbers.queue_max:
            self.overflowed += 1
            self._report(system, job, 0)
            return
        lane.waiting.append(job)
        self._pump(system, lane)

    def _pump(self, system: System[Any], lane: Lane) -> None:
        while lane.waiting and lane.busy < self.numbers.at_once:
            job = lane.waiting.popleft()
            lane.busy += 1
            self._made += 1
            task = asyncio.get_running_loop().create_task(self._send(system, lane, job), name=f"push {job.message.id}")
            self._tasks[self._made] = task
            task.add_done_callback(partial(self._ended, self._made))

    def _ended(self, at: int, task: asyncio.Task[None]) -> None:
        self._tasks.pop(at, None)
        if not task.cancelled() and (error := task.exception()) is not None:  # our own bug: the loop's owner must hear of it
            task.get_loop().call_exception_handler({"message": "a delivery broke", "exception": error, "task": task})

    async def _send(self, system: System[Any], lane: Lane, job: Job) -> None:
        job.attempts += 1
        try:
            status, body = await self._post(system, job.message)
        finally:
            lane.busy -= 1
        self._report(system, job, status)
        if status and self.accepted(status, body):
            self.delivered += 1
        else:
            gap = self.numbers.gap_ms(job.attempts)
            if system.clock() + gap > job.message.made_at + self.numbers.keep_ms:
                self.given_up += 1
            else:
                self._after(system, job, gap)
        self._pump(system, lane)

    async def _post(self, system: System[Any], message: Message) -> tuple[int, bytes]:
        assert system.post is not None
        try:
            async with asyncio.timeout(self.numbers.timeout_ms / 1000):
                return await system.post(message.url, message.headers, message.body)
        except OSError:  # a TimeoutError is one
            return 0, b""

    def _report(self, system: System[Any], job: Job, outcome: int) -> None:
        if system.on_push is not None:
            sent = job.message
            body = sent.body.decode("utf-8", "replace")
            system.on_push(PushRecord(system.clock(), sent.id, sent.subject, job.attempts, outcome, body))
