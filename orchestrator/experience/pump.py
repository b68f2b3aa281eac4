"""Hands kept notices on, in the order they came, and settles them. One task; a notice that must wait is a row with a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from orchestrator.canonical.events import Notice
from orchestrator.errors import BusinessException, Full, Transient, Unknown
from orchestrator.observe.log import Log
from orchestrator.policies.retry import Retry, backoff_ms
from orchestrator.store.desk import Desk, Ticket
from orchestrator.store.inbox import Inbox, Waiting

AGAIN = Retry(first_ms=1_000, ceiling_ms=300_000)
TRIES_MAX = 200
CRASHES_MAX = 4
"""How often a notice that breaks its handler is tried again before it is isolated."""

OnEvent = Callable[[Notice], Awaitable[str]]


class Pump:
    """Between inbox and processes."""

    def __init__(self, inbox: Inbox, desk: Desk, on_event: OnEvent, *, clock: Callable[[], int], log: Log) -> None:
        self._inbox, self._desk, self._on_event, self._clock, self._log = inbox, desk, on_event, clock, log
        self._bell, self._busy = asyncio.Event(), False

    def ring(self) -> None:
        """Something was kept."""
        self._bell.set()

    def idle(self) -> bool:
        """Nothing pending, nothing in hand."""
        return not self._busy and self._inbox.backlog() == 0

    async def serve(self) -> None:
        """Hand on what is due until cancelled; a notice in hand at that moment is handed on again next time."""
        while True:
            self._bell.clear()
            for waiting in self._inbox.due():
                self._busy = True
                try:
                    await self._hand_on(waiting)
                finally:
                    self._busy = False
            next_due = self._inbox.next_due()
            if next_due is not None and next_due <= self._clock():
                continue
            try:
                async with asyncio.timeout(None if next_due is None else (next_due - self._clock()) / 1000):
                    await self._bell.wait()
            except TimeoutError:
                pass

    async def _hand_on(self, waiting: Waiting) -> None:
        notice = waiting.notice
        try:
            run = await self._on_event(notice)
        except BusinessException as error:
            self._park(waiting, error.code, error.why)
        except (Transient, Unknown, Full, TimeoutError) as error:
            self._later(waiting, str(error), "EXHAUSTED", TRIES_MAX)
        except Exception as error:  # our own bug: it isolates one notice, and stops nobody else's
            self._later(waiting, repr(error), "DEFECT", CRASHES_MAX)
        else:
            self._inbox.applied(waiting.seq, run)
            self._desk.settle(notice.subject, source=_source(waiting), note=f"handed on to {run}")
            self._log.event("notice-applied", id=notice.id, topic=notice.topic, subject=notice.subject, run_id=run)

    def _later(self, waiting: Waiting, why: str, code: str, tries_max: int) -> None:
        """Hand it on again later; after so many tries set it aside under that code."""
        notice = waiting.notice
        if waiting.tries >= tries_max:
            self._park(waiting, code, why)
            return
        pause_ms = backoff_ms(AGAIN, waiting.tries + 1, waiting.source, notice.id)
        self._inbox.later(waiting.seq, self._clock() + pause_ms)
        self._log.event("notice-put-off", id=notice.id, topic=notice.topic, why=why, pause_ms=pause_ms)

    def _park(self, waiting: Waiting, code: str, why: str) -> None:
        notice = waiting.notice
        facts = {"sender": waiting.source, "sender_id": notice.id, "topic": notice.topic}
        self._desk.open(Ticket(code, notice.subject, why, _source(waiting), kind="inbox", facts=facts))
        self._inbox.parked(waiting.seq, f"{code}: {why}")
        self._log.event("notice-parked", id=notice.id, topic=notice.topic, subject=notice.subject, code=code)


def _source(waiting: Waiting) -> str:
    return f"{waiting.source}:{waiting.notice.id}"
