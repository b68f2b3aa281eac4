"""Work that a vendor accepts now and does later: a job with an idempotency key. Mechanism only; names and words are the room's.

A job runs on the loop after its time, as one transaction of its own; whoever submitted it may be long gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.kernel.calls import Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System

Work = Callable[[], Reply]


@dataclass
class Job:
    """`reply` once it succeeded, `refusal` once it failed; neither while it waits."""

    id: str
    key: str
    user: str
    submitted_at: int
    reply: Reply | None = None
    refusal: Refusal | None = None
    ended_at: int = 0

    @property
    def state(self) -> str:
        return "succeeded" if self.reply else "failed" if self.refusal else "pending"


class Jobs:
    """Jobs by id, and by (user, key) while the key is remembered. Bounded: ended jobs go first, by age or when there are too many."""

    def __init__(self, *, keep_ms: int, most: int = 10_000) -> None:
        self.keep_ms, self.most, self.made = keep_ms, most, 0
        self.held: dict[str, Job] = {}
        self.by_key: dict[tuple[str, str], Job] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def find(self, id: str, now: int) -> Job | None:
        self._forget(now)
        return self.held.get(id)

    def known(self, user: str, key: str, now: int) -> Job | None:
        """The job that this user submitted under this key, while it is remembered."""
        self._forget(now)
        return self.by_key.get((user, key)) if key else None

    def submit(self, system: System[Any], work: Work, *, user: str, key: str = "", delay_ms: int = 0) -> Job:
        """Take on work; the same user and key again gets the job it had, and nothing is done twice.

        Raises Refusal 'throttled' when too many jobs wait.
        """
        now = system.clock()
        known = self.known(user, key, now)
        if known is not None:
            return known
        if len(self.held) >= self.most:
            raise Refusal("throttled", f"{self.most} jobs are waiting")
        self.made += 1
        job = self.held[str(self.made)] = Job(str(self.made), key, user, now)
        if key:
            self.by_key[user, key] = job
        self._timers[job.id] = asyncio.get_running_loop().call_later(delay_ms / 1000, self._run, system, job, work)
        return job

    def clear(self) -> None:
        """Forget every job; those that wait never run. For `Room.close`."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.held.clear()
        self.by_key.clear()

    def _run(self, system: System[Any], job: Job, work: Work) -> None:
        del self._timers[job.id]
        try:
            job.reply = system.transact(work)
        except Refusal as refusal:
            job.refusal = refusal
        job.ended_at = system.clock()

    def _forget(self, now: int) -> None:
        full = len(self.held) >= self.most
        for id, job in list(self.held.items()) if full or self._oldest_ended(now) else []:
            if job.state != "pending" and (full or job.ended_at <= now - self.keep_ms):
                del self.held[id]
                self.by_key.pop((job.user, job.key), None)
                full = False

    def _oldest_ended(self, now: int) -> bool:
        first = next(iter(self.held.values()), None)
        return first is not None and first.state != "pending" and first.ended_at <= now - self.keep_ms
