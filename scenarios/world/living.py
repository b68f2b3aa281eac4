"""One run from its first instant to its last: build, seed, plant, let people live, wait until all is quiet, ask for evidence.

After the people are done, what is still under way gets a bound to drain in; then ten recorded pushes are sent again, and one
with another subject under a used id (INV-47). Whatever stands open after the bound is for the oracle to call unsettled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from scenarios.clock.calendar import Calendar
from scenarios.clock.loop import PatientLoop, VirtualLoop, run_patient, run_virtual
from scenarios.crash.machine import Machine
from scenarios.errors import UsageError
from scenarios.faults.data import afflictions
from scenarios.firm import Firm, FirmMistakes, FirmSpec, load_firm
from scenarios.firm.mishaps import Mishap, afflict
from scenarios.firm.model import Plan
from scenarios.firm.plan import build_plan
from scenarios.firm.ports import ActRefused
from scenarios.firm.quarter import begin_of
from scenarios.firm.sparing import spared
from scenarios.history import Claims, Mark, Push
from scenarios.progress import Progress
from scenarios.recorder import Recorder
from scenarios.resolve import Rehearsal, speed_of
from scenarios.wire import Wire
from scenarios.world.accounts import BASES, TOKENS, open_orchestrator, open_systems, place_of_rows, secrets
from scenarios.world.comparisons import open_design
from scenarios.world.desk import ClerksDesk, OfficeHours
from scenarios.world.furnishing import furnish
from scenarios.world.links import Links, VirtualLinks
from scenarios.world.listening import NOTIFICATION_ID, listen, notification_of, record_of, tells_a_record
from scenarios.world.people import Hands
from scenarios.world.planting import plant
from scenarios.world.secrecy import Reader

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
SETTLE_S = 3 * HOUR_S  # after the people are done, so that every sweep ran at least twice
DRAIN_S_MAX = 3 * DAY_S
LOOK_S = 10 * MINUTE_S
REPEATED = 10
PUSH_TIMEOUT_S = 60.0
TRIES_MAX = 60  # a minute apart, at an orchestrator that is down


class Sent(NamedTuple):
    """A push that was accepted: enough to send it again."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Story:
    """What will be lived through. `until_ms` ends it early: from then on nobody is in the office; None: the firm's own end."""

    rehearsal: Rehearsal
    spec: FirmSpec
    plan: Plan
    start_ms: int
    until_ms: int | None = None


@dataclass(frozen=True)
class Pause:
    """A look into a virtual run: `look(world)` is called once, just before anything happens at `at_ms` or later."""

    at_ms: int
    look: Callable[[World], None]


def live_through(
    rehearsal: Rehearsal, recorder: Recorder, progress: Progress, *, until_ms: int | None = None, pause: Pause | None = None
) -> float:
    """Run the scenario at its speed; return the simulated seconds. Raises UsageError for numbers the firm can not have."""
    story = story_of(rehearsal, until_ms)
    scale = speed_of(rehearsal.speed)
    if scale is None:

        def begin(loop: VirtualLoop) -> Coroutine[Any, Any, float]:
            world = World(loop, story, recorder, progress, VirtualLinks())
            if pause is not None:
                loop.ring_before((pause.at_ms - story.start_ms) / 1000, partial(look_into, world, loop, pause))
            return world.live()

        return run_virtual(begin, start_ms=story.start_ms, ties=rehearsal.ties)

    async def patient(loop: PatientLoop) -> float:
        from scenarios.world.sockets import SocketLinks

        return await World(loop, story, recorder, progress, SocketLinks(tuple(BASES), loop)).live()

    return run_patient(patient, start_ms=story.start_ms, scale=scale)


def look_into(world: World, loop: VirtualLoop, pause: Pause) -> None:
    """Let somebody look, with the guards of the run down meanwhile."""
    with loop.watch.suspended():
        pause.look(world)


def story_of(rehearsal: Rehearsal, until_ms: int | None = None) -> Story:
    """Everything about a run that is known before its clock starts: names come from pools made once."""
    spec = firm_spec(rehearsal)
    begin = datetime.combine(begin_of(spec.window, rehearsal.scenario.start), datetime.min.time(), UTC)
    start_ms = int(begin.timestamp() * 1000)
    mishaps = [Mishap(**each) for each in afflictions(rehearsal.scenario.faults)]
    plan = spared(afflict(build_plan(spec, rehearsal.seed, start_ms), spec, rehearsal.seed, mishaps), rehearsal.left_out)
    return Story(rehearsal, spec, plan, start_ms, rehearsal.until_ms if until_ms is None else until_ms)


def firm_spec(rehearsal: Rehearsal) -> FirmSpec:
    scenario = rehearsal.scenario
    try:
        return load_firm(scenario.preset, heads=rehearsal.heads, overrides=dict(scenario.overrides))
    except FirmMistakes as error:
        raise UsageError(f"{scenario.name}: overrides: {error}") from error


class World:
    """Everything that exists during one run."""

    def __init__(
        self, loop: VirtualLoop | PatientLoop, story: Story, recorder: Recorder, progress: Progress, links: Links
    ) -> None:
        self.loop, self.story, self.recorder, self.progress, self.links = loop, story, recorder, progress, links
        self.rehearsal, self.clock = story.rehearsal, loop.clock
        self.reader = Reader(secrets())
        profiles = self.rehearsal.scenario.profiles.model_dump()
        self.rows = place_of_rows(story.spec.heads)
        self.systems = open_systems(profiles, self.rehearsal.seed, self.clock, links.places.intake, self.rows)
        self.wire = Wire(links.places.hosts, links.carry)
        is_core = self.rehearsal.scenario.design == "core"
        self.orchestrator = self.open_core() if is_core else self.open_other()
        self.desk = ClerksDesk(self.ask, TOKENS) if is_core else None
        self.sent: list[Sent] = []
        calendar = Calendar(story.start_ms)
        hands, seed = Hands(self.systems, self.is_open), self.rehearsal.seed
        desk = OfficeHours(self.desk, self.is_open) if self.desk and story.until_ms else self.desk
        self.firm = Firm(loop.env, loop, hands, desk, recorder.take, story.spec, seed, calendar, plan=story.plan)

    def open_core(self) -> Any:
        limits = self.story.spec.clerks
        authority = {"clerk": limits.waive_minor_max, "director": limits.director_waive_minor_max}

        def build(send: Any, database: Any) -> Any:
            return open_orchestrator(send, self.clock, database, self.links.places, authority=authority, sink=self.reader.line)

        return Machine(build, self.wire.send, self.rows)

    def open_other(self) -> Any:
        story = self.story
        return open_design(self.rehearsal, story.spec, story.plan, self.wire.send, self.clock, self.links.places)

    def core(self) -> dict[str, Any]:
        """What faults of the orchestrator's own life act on."""
        if self.desk is None:
            return {}
        return {"machine": self.orchestrator, "desk": self.desk, "sent": self.sent, "push": lambda one: self.again(one, one.body)}

    def befallen(self) -> dict[int, list[tuple[int, str]]]:
        """What the fault plan lets people do, by the place of its line."""
        found: dict[int, list[tuple[int, str]]] = {}
        for place, at, what in self.story.plan.befallen:
            found.setdefault(place, []).append((at, what))
        return found

    def is_open(self) -> bool:
        """Whether people still work, by the model's own time, which is exact at any speed."""
        until = self.story.until_ms
        return until is None or self.story.start_ms + round(self.loop.env.now * 1000) < until

    # -- links --------------------------------------------------------------------------------------
    async def ask(self, method: str, path: str, query: str, token: str, body: bytes) -> tuple[int, bytes]:
        """Take one request of a clerk to the orchestrator."""
        headers = [("authorization", f"Bearer {token}"), ("content-type", "application/json")]
        status, _, answer = await self.links.tell(method, path, query, headers, body)
        self.reader.answer(path, answer)
        return status, answer

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Take one push of a vendor to the orchestrator; remember it when it was accepted."""
        path = "/" + url.split("://", 1)[1].partition("/")[2]
        status, _, answer = await self.links.tell("POST", path, "", headers.items(), body)
        if status == 200 and tells_a_record(body):
            self.sent.append(Sent(url, headers, body))
        return status, answer

    # -- the story ------------------------------------------------------------------------------------
    async def live(self) -> float:
        """Seed, act, drain, repeat, ask; return the simulated seconds."""
        async with self.links.joined(self.systems, self.orchestrator.app):
            simulated_s = await self.tell()
        self.close()
        return simulated_s

    async def tell(self) -> float:
        """The story itself, once everybody can be reached."""
        begun = self.loop.time()
        listen(self.systems, self.recorder.take)
        for system in self.systems.values():
            system.post = self.post
        self.mark("start")
        plant(self.rehearsal, self.systems, self.wire, self.clock, self.recorder.take, befallen=self.befallen(), **self.core())
        furnish(self.systems, self.story.spec, self.story.plan, self.clock)
        self.links.begin()
        serving = self.loop.create_task(self.links.beside(self.orchestrator.serve()), name="orchestrator")
        drawing = self.loop.create_task(self.draw(), name="progress")
        self.firm.start()
        await self.race(self.loop.until(self.people_done()), serving)
        self.mark("people_done")
        await self.race(self.drain(), serving)
        if self.desk is not None:
            await self.repeat()
            self.recorder.take(Claims(self.clock(), await self.evidence(self.desk)))
            self.reader.report(self.clock(), self.recorder.take)
        drawing.cancel()
        serving.cancel()
        await asyncio.gather(drawing, serving, return_exceptions=True)
        self.loop.freeze_model()
        if pace := self.links.pace():
            self.mark("pace", pace)
        self.mark("end")
        return self.loop.time() - begun

    def people_done(self) -> Any:
        """The model's event at which the story is over."""
        until = self.story.until_ms
        return self.firm.done if until is None else self.loop.env.timeout((until - self.story.start_ms) / 1000)

    async def race(self, waiting: Any, serving: asyncio.Task[Any]) -> None:
        """Wait, but hear at once when the orchestrator breaks down: that is a finding of the harness, not of the clock."""
        task = asyncio.ensure_future(waiting)
        await asyncio.wait((task, serving), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            task.cancel()
            serving.result()
            raise RuntimeError("the orchestrator stopped serving")
        task.result()

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
        status = 0
        for _ in range(TRIES_MAX):
            try:
                async with asyncio.timeout(PUSH_TIMEOUT_S):
                    status, _ = await self.post(push.url, push.headers, body)
                break
            except OSError:  # it died of something else, and will be back
                await asyncio.sleep(MINUTE_S)
        self.recorder.take(Push(self.clock(), "crm", notification_of(body), "", 0, status, ""))

    async def evidence(self, desk: ClerksDesk) -> dict[str, Any]:
        """What the orchestrator says of itself, asked again while nobody answers."""
        for _ in range(TRIES_MAX):
            try:
                return await desk.evidence()
            except ActRefused:
                await asyncio.sleep(MINUTE_S)
        return await desk.evidence()

    async def draw(self) -> None:
        """Keep the progress line true."""
        counts = self.rehearsal.scenario.design == "core"
        while self.progress.on:
            backlog, waiting = (self.orchestrator.backlog(), self.orchestrator.open_exceptions()) if counts else (0, 0)
            self.progress.draw(self.clock(), self.recorder.lines, self.recorder.calls, backlog, waiting)
            await asyncio.sleep(self.links.draw_s)

    def mark(self, what: str, note: str = "") -> None:
        self.recorder.take(Mark(self.clock(), what, note))

    def close(self) -> None:
        self.orchestrator.close()
        for system in self.systems.values():
            system.close()
