"""What nobody asks for and has to happen all the same: healing at start-up, escalation at due times, forgetting, alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from orchestrator.engine.desk import backing_off
from orchestrator.engine.port import Engine
from orchestrator.experience.operations import Parts
from orchestrator.observe.watch import Pulse, Trying, Unread, signals
from orchestrator.policies.gate import Gate
from orchestrator.processes.pollers import Poller
from orchestrator.store.book import SqlBook
from orchestrator.store.database import Database
from orchestrator.store.desk import LIVE, Desk
from orchestrator.store.inbox import Inbox

DAY_MS = 86_400_000
RUNS_MAX = 1_000_000


async def heal(engine: Engine, desk: Desk) -> None:
    """Bring the desk in step with every run after a crash: call once, before anything is served."""
    for state in ("parked", "stuck"):
        for view in await engine.runs(state=state, limit=RUNS_MAX):
            desk.follow(view)
    for exception in [found for state in LIVE for found in desk.find(state=state, limit=RUNS_MAX)]:
        run = await engine.run(exception.run) if exception.kind == "run" else None
        if run is not None:
            desk.follow(run)


async def carry_out(parts: Parts) -> None:
    """Do what clerks decided when a crash came between the decision and its effect: call once, after `heal`.

    What was done stays as it is: an item that is no longer parked, a run that exists by its id, a notice that is not parked.
    """
    for view in parts.desk.find(state="waived", limit=RUNS_MAX):
        if view.kind == "item":
            await parts.operations.written_off(view)
    for view in parts.desk.find(state="resubmitted", limit=RUNS_MAX):
        if view.kind == "item":
            await parts.operations.again(view)
        elif view.kind == "inbox":
            parts.inbox.release(view.facts["sender"], view.facts["sender_id"])


class Upkeep:
    """Escalates each open exception at its due time, looks for what is late, forgets what is old."""

    def __init__(self, parts: Parts, *, every_ms: int = 900_000, notices_kept_ms: int = 400 * DAY_MS) -> None:
        self._parts, self._every, self._kept = parts, every_ms, notices_kept_ms

    async def serve(self) -> None:
        """Look at once, because much may have fallen due while the program was down, then on a fixed grid; keeps nobody busy."""
        while True:
            self.look()
            now = self._parts.clock()
            await asyncio.sleep(((now // self._every + 1) * self._every - now) / 1000)

    def look(self) -> None:
        """Escalate, alert and forget, as of now."""
        parts, now = self._parts, self._parts.clock()
        for id in parts.desk.escalate():
            parts.log.event("exception-escalated", id=id)
        for signal in parts.alerts.keep(signals(parts.pulse(), now, parts.limits)):
            parts.metrics.count("alerts", signal.code)
            parts.log.event("alert-raised", code=signal.code, system=signal.system, flow=signal.flow, subject=signal.subject)
        parts.inbox.forget(now - self._kept)


class Watched:
    """What the pulse is taken of. Remembers since when a run backs off: a run that waited for people before is not late."""

    def __init__(self, database: Database, inbox: Inbox, book: SqlBook, gates: Mapping[str, Gate]) -> None:
        self._db, self._inbox, self._book, self._gates = database, inbox, book, gates
        self.pollers: Sequence[Poller] = ()
        self._since: dict[str, int] = {}

    def pulse(self, now: int) -> Pulse:
        """What is open now."""
        retrying = backing_off(self._db)
        self._since = {run: self._since.get(run, now) for run, _, _ in retrying}
        return Pulse(
            away={name: gate.breaker.away_since for name, gate in sorted(self._gates.items()) if gate.breaker.away_since},
            spent={name: gate.spent_at for name, gate in sorted(self._gates.items()) if gate.spent_at},
            unread=[Unread(poll.name, poll.failing[1], poll.failing[0]) for poll in self.pollers if poll.failing],
            trying=[Trying(run, process, system, self._since[run]) for run, process, system in retrying],
            unshown=self._book.unshown(),
            pending_since=self._inbox.oldest(),
        )
