"""A small firm whose story is told rule by rule: `do(work)` lets the virtual loop run until that work has ended, then time stands still.

Between two rules nothing happens at all, so rules are plain functions, and Hypothesis needs to know nothing of loops.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scenarios.clock.inline import inlined
from scenarios.clock.loop import VirtualLoop
from scenarios.clock.running import steady_garbage
from scenarios.world.accounts import HOSTS, TOKENS
from simulators.kernel.records import Refusal
from tests.orchestrator.asgi import ask
from tests.orchestrator.flow.stage import START, Stage

DRAIN_HOURS_MAX = 72


class Firm:
    """A stage that stands still between rules. `down`: systems that refuse connections; `losing`: what of writes is still to be lost, by system."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.loop = VirtualLoop(start_ms=START)
        self.stack.callback(self.loop.close)
        self.stack.enter_context(steady_garbage(self.loop))
        self.stack.enter_context(inlined())
        self.down: set[str] = set()
        self.losing: dict[str, list[str]] = {}
        self.pushes: list[tuple[str, dict[str, str], bytes]] = []
        self.stage: Stage = self.do(self._open(str(Path(folder) / "db")))

    async def _open(self, path: str) -> Stage:
        stage = Stage(self.loop, path)
        stage.trouble = self.fate
        posted = stage.post

        async def noted(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
            self.pushes.append((url, headers, body))
            return await posted(url, headers, body)

        for system in stage.systems.values():
            system.post = noted
        return stage

    def close(self) -> None:
        try:
            self.do(self.stage.close())
        finally:
            for task in (left := asyncio.all_tasks(self.loop)):
                task.cancel()
            if left:
                self.do(asyncio.wait(left))
            self.stack.close()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        found = self.loop.run_until_complete(work)
        assert not self.loop.unhandled, self.loop.unhandled
        return found

    def inside(self, work: Callable[..., Any], *what: Any, **named: Any) -> Any:
        """Call something while the loop runs: what people do may start a push."""

        async def once() -> Any:
            return work(*what, **named)

        return self.do(once())

    def fate(self, request: Any) -> str | None:
        """Refused while the system is down; the answer of a write is lost while some are to be lost."""
        system = HOSTS[request.url.partition("://")[2].partition("/")[0]]
        if system in self.down:
            return "refused"
        if request.method != "GET" and self.losing.get(system):
            return self.losing[system].pop()
        return None

    def pass_hours(self, hours: float) -> None:
        self.do(self.stage.pass_hours(hours))

    def tried(self, *what: Any, **named: Any) -> Any:
        """What a person does, or None where the vendor refuses it."""
        try:
            return self.inside(self.stage.act, *what, **named)
        except Refusal:
            return None

    def asked(self, method: str, path: str, body: Any = b"", role: str = "clerk") -> Any:
        return self.do(ask(self.stage.orchestrator.app, method, path, body=body, token=TOKENS[role]))

    def evidence(self) -> Any:
        return self.asked("GET", "/evidence", role="evidence").json

    def exceptions(self, state: str = "") -> list[dict[str, Any]]:
        return list(self.asked("GET", f"/exceptions?state={state}").json)

    def push_again(self, index: int) -> int:
        url, headers, body = self.pushes[index % len(self.pushes)]
        path = "/" + url.partition("://")[2].partition("/")[2]
        status: int = self.do(ask(self.stage.orchestrator.app, "POST", path, body=body, headers=dict(headers))).status
        return status

    def drain(self) -> None:
        """Everything works again; wait, within a bound, until nothing is left to do and every poller has looked."""
        self.down.clear()
        self.losing.clear()
        for look in range(DRAIN_HOURS_MAX // 2):
            self.pass_hours(2 + look / 240)  # not in step with the pollers: one that has just begun to look is busy
            if self.stage.orchestrator.idle() and self.evidence()["outbox"]["pending"] == 0:
                return
        parts = self.stage.orchestrator
        busy = {"engine": not parts.engine.idle(), "pump": not parts._pump.idle(), "pollers": any(p.busy for p in parts._pollers)}
        states = [(run["id"], run["state"], run["detail"]) for run in self.evidence()["runs"] if run["ended_at"] is None]
        raise AssertionError(f"not drained after {DRAIN_HOURS_MAX} hours: {busy} {json.dumps(states)}")

    def rows(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]]:
        return self.stage.rows(system, kind, **equals)
