"""One run from its first instant to its last: build, seed, plant, let people live, wait until all is quiet, ask for evidence.

After the people are done, what is still under way gets a bound to drain in; then ten recorded pushes are sent again, and one
with another subject under a used id (INV-47). Whatever stands open after the bound is for the oracle to call unsettled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from scenarios.clock.asgi import call as asgi_call
from scenarios.clock.calendar import Calendar
from scenarios.clock.loop import VirtualLoop, run_virtual
from scenarios.errors import UsageError
from scenarios.firm import Firm, FirmMistakes, FirmSpec, load_firm
from scenarios.firm.model import Plan
from scenarios.firm.plan import build_plan
from scenarios.history import Call, Change, Claims, Mark, Push
from scenarios.progress import Progress
from scenarios.recorder import Recorder
from scenarios.resolve import Rehearsal
from scenarios.wire import Wire
from scenarios.world.accounts import HOSTS, TOKENS, open_orchestrator, open_systems
from scenarios.world.comparisons import open_design
from scenarios.world.desk import ClerksDesk
from scenarios.world.people import Hands
from scenarios.world.planting import outages, plant
from simulators.registry import Refusal

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
SETTLE_S = 3 * HOUR_S  # after the people are done, so that every sweep ran at least twice
DRAIN_S_MAX = 3 * DAY_S
LOOK_S = 10 * MINUTE_S
DRAW_S = 6 * HOUR_S
REPEATED = 10
PUSH_TIMEOUT_S = 60.0
NOTIFICATION_ID = re.compile(rb"(<Notification><Id>)([^<]+)(</Id>)")
RECORD_ID = re.compile(rb"<sf:Id>([^<]+)</sf:Id>")


class Sent(NamedTuple):
    """A push that was accepted: enough to send it again."""

    url: str
    headers: dict[str, str]
    body: bytes


def live_through(rehearsal: Rehearsal, recorder: Recorder, progress: Progress) -> float:
    """Run the scenario in virtual time; return the simulated seconds. Raises UsageError for numbers the firm can not have."""
    spec = firm_spec(rehearsal)
    begin = datetime.combine(rehearsal.scenario.start, datetime.min.time(), UTC)
    start_ms = int(begin.timestamp() * 1000)
    plan = build_plan(spec, rehearsal.seed, start_ms)  # before the clock is guarded: names come from pools made once
    return run_virtual(lambda loop: World(loop, rehearsal, plan, spec, recorder, progress).live(), start_ms=start_ms)


def firm_spec(rehearsal: Rehearsal) -> FirmSpec:
    scenario = rehearsal.scenario
    try:
        return load_firm(scenario.preset, heads=rehearsal.heads, overrides=dict(scenario.overrides))
    except FirmMistakes as error:
        raise UsageError(f"{scenario.name}: overrides: {error}") from error


class World:
    """Everything that exists during one run."""

    def __init__(
        self, loop: VirtualLoop, rehearsal: Rehearsal, plan: Plan, spec: FirmSpec, recorder: Recorder, progress: Progress
    ) -> None:
        self.loop, self.rehearsal, self.recorder, self.progress = loop, rehearsal, recorder, progress
        self.clock: Callable[[], int] = loop.clock
        self.systems = open_systems(rehearsal, self.clock)
        self.wire = Wire(HOSTS, self.carry, outages(rehearsal, self.clock))
        is_core = rehearsal.scenario.design == "core"
        self.orchestrator = (
            open_orchestrator(self.wire.send, self.clock)
            if is_core
            else open_design(rehearsal, spec, plan, self.wire.send, self.clock)
        )
        self.desk = ClerksDesk(self.ask, TOKENS) if is_core else None
        self.sent: list[Sent] = []
        calendar = Calendar(self.clock())
        hands = Hands(self.systems)
        self.firm = Firm(loop.env, loop, hands, self.desk, recorder.take, spec, rehearsal.seed, calendar, plan=plan)

    # -- links --------------------------------------------------------------------------------------
    async def carry(
        self, system: str, method: str, path: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Take one request to a mock system."""
        return await asgi_call(self.systems[system].app, method, path, query, headers, body)

    async def ask(self, method: str, path: str, query: str, token: str, body: bytes) -> tuple[int, bytes]:
        """Take one request of a clerk to the orchestrator."""
        headers = [("host", "orchestrator.test"), ("authorization", f"Bearer {token}"), ("content-type", "application/json")]
        status, _, answer = await asgi_call(self.orchestrator.app, method, path, query, headers, body)
        return status, answer

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Take one push of a vendor to the orchestrator; remember it when it was accepted."""
        path = "/" + url.split("://", 1)[1].partition("/")[2]
        status, _, answer = await asgi_call(
            self.orchestrator.app, "POST", path, "", [("host", "orchestrator.test"), *headers.items()], body
        )
        if status == 200:
            self.sent.append(Sent(url, headers, body))
        return status, answer

    def listen(self) -> None:
        """Write down what the systems see and do."""
        take = self.recorder.take
        for name, system in self.systems.items():
            system.on_call = call_listener(name, take)
            system.on_change = change_listener(name, take)
            system.on_push = push_listener(name, take)
            system.post = self.post

    # -- the story ------------------------------------------------------------------------------------
    async def live(self) -> float:
        """Seed, act, drain, repeat, ask."""
        begun = self.loop.time()
        self.listen()
        self.mark("start")
        plant(self.rehearsal, self.systems, self.wire, self.clock, self.recorder.take)
        self.seed()
        serving = self.loop.create_task(self.orchestrator.serve(), name="orchestrator")
        drawing = self.loop.create_task(self.draw(), name="progress")
        self.firm.start()
        await self.race(self.loop.until(self.firm.done), serving)
        self.mark("people_done")
        await self.race(self.drain(), serving)
        if self.desk is not None:
            await self.repeat()
            self.recorder.take(Claims(self.clock(), await self.desk.evidence()))
        drawing.cancel()
        serving.cancel()
        await asyncio.gather(drawing, serving, return_exceptions=True)
        self.mark("end")
        self.close()
        return self.loop.time() - begun

    async def race(self, waiting: Any, serving: asyncio.Task[Any]) -> None:
        """Wait, but hear at once when the orchestrator breaks down: that is a finding of the harness, not of the clock."""
        task = asyncio.ensure_future(waiting)
        await asyncio.wait((task, serving), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            task.cancel()
            serving.result()
            raise RuntimeError("the orchestrator stopped serving")
        task.result()

    def seed(self) -> None:
        """What stands in the systems before the story: users, catalogue, entities, taxes, periods."""
        for name, system in self.systems.items():
            for kind, key, values in self.firm.seed_rows(name):
                try:
                    system.act("create", kind, key, values, user="seed", at=self.clock())
                except Refusal as refusal:
                    raise RuntimeError(f"seeding {name} {kind} {key}: {refusal.code}: {refusal}") from refusal

    async def drain(self) -> None:
        """Wait until nothing is under way, or the bound is reached."""
        await asyncio.sleep(SETTLE_S)
        waited = SETTLE_S
        while not self.is_quiet() and waited < DRAIN_S_MAX:
            await asyncio.sleep(LOOK_S)
            waited += LOOK_S
        self.mark("quiet", "" if self.is_quiet() else "work was still open after the bound")

    def is_quiet(self) -> bool:
        return bool(self.orchestrator.idle())

    async def repeat(self) -> None:
        """Send ten accepted pushes again, and one more under a used id that names another record."""
        count = len(self.sent)
        chosen = [self.sent[i * count // REPEATED] for i in range(min(REPEATED, count))] if count else []
        for push in chosen:
            await self.again(push, push.body)
        other = next((p for p in reversed(self.sent) if chosen and record_of(p.body) != record_of(chosen[0].body)), None)
        if other is not None:
            used = notification_of(chosen[0].body).encode()
            await self.again(other, NOTIFICATION_ID.sub(rb"\g<1>" + used + rb"\g<3>", other.body))
        await asyncio.sleep(2 * HOUR_S)
        self.mark("repeated")

    async def again(self, push: Sent, body: bytes) -> None:
        async with asyncio.timeout(PUSH_TIMEOUT_S):
            status, _ = await self.post(push.url, push.headers, body)
        self.recorder.take(Push(self.clock(), "crm", notification_of(body), "", 0, status, ""))

    async def draw(self) -> None:
        """Keep the progress line true."""
        while True:
            open_items = self.orchestrator.open_exceptions() if hasattr(self.orchestrator, "open_exceptions") else 0
            backlog = self.orchestrator.backlog() if hasattr(self.orchestrator, "backlog") else 0
            self.progress.draw(self.clock(), self.recorder.calls, backlog, open_items)
            await asyncio.sleep(DRAW_S)

    def mark(self, what: str, note: str = "") -> None:
        self.recorder.take(Mark(self.clock(), what, note))

    def close(self) -> None:
        self.orchestrator.close()
        for system in self.systems.values():
            system.close()


def notification_of(body: bytes) -> str:
    """The id of the one notification a message holds."""
    found = NOTIFICATION_ID.search(body)
    return found[2].decode() if found else ""


def record_of(body: bytes) -> bytes:
    """The id of the record a message tells of."""
    found = RECORD_ID.search(body)
    return found[1] if found else b""


def call_listener(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    def listen(c: Any) -> None:
        take(
            Call(
                c.at,
                c.ended_at,
                name,
                c.method,
                c.path,
                c.operation,
                c.user,
                c.status,
                c.error,
                c.key,
                c.body,
                c.correlation,
                c.effect,
                c.wait_ms,
                c.in_flight,
                c.found,
            )
        )

    return listen


def change_listener(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    def listen(c: Any) -> None:
        take(Change(c.seq, c.at, name, c.kind, str(c.id), c.op, c.version, c.by, c.values))

    return listen


def push_listener(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    def listen(p: Any) -> None:
        take(Push(p.at, name, p.id, p.subject, p.attempt, p.outcome, ""))

    return listen
