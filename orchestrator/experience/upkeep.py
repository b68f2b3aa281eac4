"""What nobody asks for and has to happen all the same: healing at start-up, escalation at due times, forgetting, alerts."""

from __future__ import annotations

import asyncio

from orchestrator.engine.port import Engine
from orchestrator.experience.operations import Parts
from orchestrator.observe.business import alerts
from orchestrator.store.desk import LIVE, Desk

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


class Upkeep:
    """Escalates each open exception at its due time, looks for what is late, forgets what is old."""

    def __init__(self, parts: Parts, *, alerts_every_ms: int = 3_600_000, notices_kept_ms: int = 400 * DAY_MS) -> None:
        self._parts, self._every, self._kept = parts, alerts_every_ms, notices_kept_ms
        self._raised: set[tuple[str, str]] = set()

    async def serve(self) -> None:
        """Look on a fixed grid until cancelled; keeps nobody busy."""
        while True:
            now = self._parts.clock()
            await asyncio.sleep(((now // self._every + 1) * self._every - now) / 1000)
            self.look()

    def look(self) -> None:
        """Escalate, alert and forget, as of now."""
        parts, now = self._parts, self._parts.clock()
        for id in parts.desk.escalate():
            parts.log.event("exception-escalated", id=id)
        late = {(alert.name, alert.subject): alert for alert in alerts(parts.operations.book(), now, parts.limits)}
        for key in [key for key in late if key not in self._raised]:
            parts.metrics.count("alerts", late[key].name)
            parts.log.event("alert-raised", name=late[key].name, subject=late[key].subject, late_ms=late[key].late_ms)
        self._raised = set(late)
        parts.inbox.forget(now - self._kept)
