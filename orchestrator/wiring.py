"""The one place where ports meet adapters: settings in, a running orchestrator out. Nothing is opened before `build` is called.

`Orchestrator.app` is the HTTP face, `serve()` everything that moves. Opening the same store again after a crash is the recovery.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp

from orchestrator.engine.desk import begun, in_flight, seldom
from orchestrator.engine.embedded import Embedded
from orchestrator.engine.port import Process, RunView
from orchestrator.experience.app import build as build_app
from orchestrator.experience.operations import Parts, Sender, Topic
from orchestrator.experience.people import Person
from orchestrator.experience.pump import Pump
from orchestrator.experience.upkeep import Upkeep, Watched, carry_out, heal
from orchestrator.observe.log import Log
from orchestrator.observe.metrics import SELDOM, Metrics
from orchestrator.policies.breaker import OPEN
from orchestrator.policies.gate import Door, Gate
from orchestrator.policies.ownership import Guard
from orchestrator.policies.reference import DATA, Reference, load
from orchestrator.policies.throttle import Budget
from orchestrator.ports import Clock, Crm, Erp, Psa, Send, Starter
from orchestrator.processes.activation import activate_processes
from orchestrator.processes.amending import amend_processes
from orchestrator.processes.billing import NAME as BILL
from orchestrator.processes.billing import bill_processes
from orchestrator.processes.firm import Firm
from orchestrator.processes.items import ItemDesk
from orchestrator.processes.milestones import NAME as BILL_MILESTONE
from orchestrator.processes.milestones import milestone_processes
from orchestrator.processes.mirror import mirror_processes
from orchestrator.processes.operations import Counter, FirmOperations
from orchestrator.processes.pollers import Busy, Every, Plan, Poller
from orchestrator.processes.recalling import recall_processes
from orchestrator.processes.sweeps import Finds, Sweeps
from orchestrator.processes.withdrawal import withdraw_processes
from orchestrator.processes.work import work_processes
from orchestrator.settings import CrmSettings, ErpSettings, Limits, PsaSettings, Settings
from orchestrator.store.alerts import Alerts
from orchestrator.store.audit import Audit
from orchestrator.store.book import SqlBook
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.store.database import Database
from orchestrator.store.desk import Desk
from orchestrator.store.inbox import Inbox
from orchestrator.store.notes import Notes
from orchestrator.store.outbox import Outbox
from orchestrator.systems.http import Link, SignIn, Wiring
from orchestrator.systems.kantata.client import Kantata, bearer
from orchestrator.systems.netsuite.client import NetSuite
from orchestrator.systems.netsuite.signing import client_credentials as netsuite_sign_in
from orchestrator.systems.salesforce import events as pushes
from orchestrator.systems.salesforce.client import Salesforce
from orchestrator.systems.salesforce.client import client_credentials as salesforce_sign_in

AUDITED = ("upsert_customer", "upsert_job", "upsert_order", "close_order", "inactivate_job", "amend_order", "amend_job", "post_time", "post_expense", "take_back",
           "create_work_invoice", "create_milestone_invoice")  # fmt: skip
"""The steps that write financial records."""
BILLS = (BILL, BILL_MILESTONE)
"""The processes that make invoices."""
LETTERS_MAX = 100
SELDOM_CALLS = {"stranger": "token_refreshed", "quota": "quota_gone"}

Sink = Callable[[str], None]


@dataclass(frozen=True)
class Store:
    """Everything that is kept, on one file."""

    database: Database
    book: SqlBook
    notes: Notes
    inbox: Inbox
    outbox: Outbox
    names: Crossrefs
    audit: Audit
    alerts: Alerts
    desk: Desk


@dataclass(frozen=True)
class Doors:
    """Who hears of the gates and calls: a breaker closed, its state to keep and kept before, and how a call ended."""

    on_close: Callable[[str], None]
    on_store: Callable[[str, Mapping[str, Any]], None]
    stored: Callable[[str], Mapping[str, Any] | None]
    on_call: Callable[[str, str], None]


@dataclass(frozen=True)
class Systems:
    """The three systems, and the gates in front of them by name."""

    crm: Crm
    psa: Psa
    erp: Erp
    gates: dict[str, Gate]


class Late:
    """The engine, for those that are made before it."""

    def __init__(self) -> None:
        self.engine: Embedded | None = None

    async def start(self, process: str, given: Any, *, id: str) -> str:
        return await self._there().start(process, given, id=id)

    async def signal(self, run_id: str, name: str, payload: Any = None, *, id: str) -> bool:
        return await self._there().signal(run_id, name, payload, id=id)

    async def abandon(self, run_id: str, *, reason: str, by: str) -> bool:
        return await self._there().abandon(run_id, reason=reason, by=by)

    async def wake(self, system: str) -> int:
        return await self._there().wake(system)

    def _there(self) -> Embedded:
        assert self.engine is not None, "the engine is made in build"
        return self.engine


class Orchestrator:
    """One orchestrator. `app` answers at once; nothing moves before `serve`."""

    def __init__(
        self, store: Store, parts: Parts, pump: Pump, *, pollers: list[Poller], engine: Embedded, intervals: Any
    ) -> None:
        self.store, self.parts, self.engine = store, parts, engine
        self._pump, self._pollers, self._intervals = pump, pollers, intervals
        self.app: ASGIApp = build_app(parts)

    async def serve(self) -> None:
        """Run engine, intake and pollers until cancelled; raises what broke one of them. A crash's loose ends are tied first."""
        await heal(self.engine, self.store.desk)
        await carry_out(self.parts)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.engine.serve(), name="engine")
            group.create_task(self._pump.serve(), name="pump")
            group.create_task(Upkeep(self.parts, every_ms=self._intervals.upkeep_ms).serve(), name="upkeep")
            for poller in self._pollers:
                group.create_task(poller.serve(), name=f"poll-{poller.name}")

    async def sweep(self) -> None:
        """Ask every system once more, beside the pollers' own pace; what was known stays as it is."""
        for poller in self._pollers:
            await poller.again()

    def idle(self) -> bool:
        """Nothing is due or in hand now, and no open work could go on by itself."""
        return self.engine.idle() and self._pump.idle() and not any(poller.busy for poller in self._pollers)

    def backlog(self) -> int:
        """How many notices wait and runs are open."""
        return self.parts.inbox.backlog() + sum(in_flight(self.store.database).values())

    def open_exceptions(self) -> int:
        """How many exceptions wait for a clerk."""
        return sum(self.store.desk.counts().values())

    def close(self) -> None:
        """Release the store; everything committed stays."""
        self.store.database.close()


def build(
    settings: Settings, *, send: Send, clock: Clock, sink: Sink = lambda _line: None, database: Database | None = None
) -> Orchestrator:
    """Join everything, on `database` when it is already open. Raises ConfigError for wrong reference data, StoreError for a store
    that cannot be used.
    """
    reference = load(settings.reference_folder or DATA)
    store = opened(settings, clock, reference, database)
    log, metrics, late = Log(clock, sink), Metrics(), Late()
    doors = doors_of(store, late, log, metrics)
    systems = systems_of(settings, reference.guard, send=send, clock=clock, doors=doors)
    engine = engine_of(systems, store, reference, late, clock=clock)
    late.engine = engine
    finds = Finds(lambda: engine.begun, lambda: metrics.count("seldom", "sweep_found_lost"))
    sweeps = Sweeps(systems.crm, systems.erp, systems.psa, shelf=store.book, starter=late, clock=clock, finds=finds)
    operations = FirmOperations(
        Counter(systems.crm, sweeps, engine, store.book, store.desk, store.notes, reference, clock, pushes.is_signature)
    )
    pump = Pump(store.inbox, store.desk, operations.on_event, clock=clock, log=log)
    watched = Watched(store.database, store.inbox, store.book, systems.gates)
    parts = Parts(
        clock=clock,
        engine=engine,
        operations=operations,
        inbox=store.inbox,
        outbox=store.outbox,
        crossrefs=store.names,
        desk=store.desk,
        audit=store.audit,
        alerts=store.alerts,
        sender=sender_of(settings),
        tokens={token: Person(each.name, frozenset(each.roles)) for token, each in settings.consumers.items()},
        log=log,
        gates=systems.gates,
        metrics=metrics,
        pulse=lambda: watched.pulse(clock()),
        counters=lambda: counters_of(store, metrics),
        ring=pump.ring,
    )
    pollers = watched.pollers = pollers_of(settings, sweeps, store, reference, parts)
    return Orchestrator(store, parts, pump, pollers=pollers, engine=engine, intervals=settings.intervals)


def opened(settings: Settings, clock: Clock, reference: Reference, database: Database | None = None) -> Store:
    """Open the store, unless `database` is open."""
    database = database or Database(settings.store_path, synchronous=settings.synchronous)
    audit = Audit(database, clock)
    desk = Desk(database, clock, catalogue=reference.catalogue, audit=audit, limits=settings.authority)
    return Store(
        database,
        SqlBook(database, clock),
        Notes(database, clock),
        Inbox(database, clock),
        Outbox(database, clock),
        Crossrefs(database, clock),
        audit,
        Alerts(database, clock),
        desk,
    )


def systems_of(settings: Settings, guard: Guard, *, send: Send, clock: Clock, doors: Doors) -> Systems:
    """Connect the vendors that the settings name."""
    gates: dict[str, Gate] = {}

    def link(system: str, at: CrmSettings | PsaSettings | ErpSettings, sign_in: SignIn) -> Link:
        door = Door(system, budget_of(at.limits), on_close=doors.on_close, on_store=doors.on_store)
        gates[system] = gate = Gate(door, clock, stored=doors.stored(system))
        return Link(Wiring(system, at.base_url, send, clock, gate, sign_in, at.limits.timeout_s, doors.on_call))

    crm = Salesforce(link("crm", settings.crm, _crm_sign_in(settings.crm, clock)), guard)
    psa = Kantata(link("psa", settings.psa, bearer(settings.psa.token, clock)), guard)
    erp = NetSuite(link("erp", settings.erp, _erp_sign_in(settings.erp, clock)), guard)
    return Systems(crm, psa, erp, gates)


def budget_of(limits: Limits) -> Budget:
    return Budget(limits.concurrency_max, limits.calls_per_minute_max, 60_000, limits.burst_max)


def _crm_sign_in(at: CrmSettings, clock: Clock) -> SignIn:
    return salesforce_sign_in(at.client_id, at.client_secret, clock)


def _erp_sign_in(at: ErpSettings, clock: Clock) -> SignIn:
    return netsuite_sign_in(at.base_url, at.client_id, at.certificate_id, at.private_key_pem, clock=clock)


def doors_of(store: Store, late: Late, log: Log, metrics: Metrics) -> Doors:
    """What the gates tell: a breaker's state is kept, and its closing wakes the runs that wait for the system."""
    waking: set[asyncio.Task[int]] = set()

    def wake(system: str) -> None:
        task: asyncio.Task[int] = asyncio.get_running_loop().create_task(_whole(late.wake(system)), name=f"wake-{system}")
        waking.add(task)
        task.add_done_callback(waking.discard)

    def keep(system: str, view: Any) -> None:
        store.notes.put(f"breaker:{system}", dict(view))
        log.event("breaker-changed", system=system, state=view["state"], until=view["until"])
        if view["state"] == OPEN and view["openings"] == 1:  # a failed trial opens the same breaker once more
            metrics.count("seldom", "breaker_opened")

    def count(system: str, outcome: str) -> None:
        if outcome in SELDOM_CALLS:
            metrics.count("seldom", SELDOM_CALLS[outcome])
        if outcome != "quota":  # that answer was counted already
            metrics.count("calls", system, outcome)

    return Doors(wake, keep, lambda system: store.notes.get(f"breaker:{system}"), count)


async def _whole(waking: Awaitable[int]) -> int:
    return await waking


def engine_of(systems: Systems, store: Store, reference: Reference, starter: Starter, *, clock: Clock) -> Embedded:
    """The engine with every process, and what hears of its runs: the desk, and the relay of published events."""
    firm = Firm(systems.crm, systems.erp, systems.psa, store.book, ItemDesk(store.desk), store.names, reference)

    def rested(run: RunView) -> None:
        store.desk.follow(run)
        letters = store.outbox.unsent(LETTERS_MAX) if run.state == "done" else []
        store.outbox.sent([letter.id for letter in letters])  # nobody subscribes yet: the outbox itself is what is read

    return Embedded(store.database, processes_of(firm, starter), clock, on_state=rested, beside=store.audit.writes(AUDITED))


def processes_of(firm: Firm, starter: Starter) -> list[Process]:
    """Every version of every process."""
    return [
        *activate_processes(firm),
        *work_processes(firm),
        *bill_processes(firm, starter),
        *milestone_processes(firm),
        *mirror_processes(firm),
        *amend_processes(firm),
        *withdraw_processes(firm),
        *recall_processes(firm),
    ]


def counters_of(store: Store, metrics: Metrics) -> dict[str, int]:
    """How often what is seldom needed was needed, by name: of the store's whole life, what `metrics` counts since the start."""
    acts, inbox = store.desk.acts(), store.inbox.counts().values()
    return {
        **seldom(store.database),
        **{name: metrics.value("seldom", name) for name in SELDOM},
        "throttled_waits": metrics.total("calls", outcome="throttled"),
        "unclear_answers": metrics.total("calls", outcome="silent") + metrics.total("calls", outcome="failed"),
        "dedupe_hits": sum(topic["deduplicated"] for topic in inbox),
        "superseded_notices": sum(topic["superseded"] for topic in inbox),
        "quarantined_notices": sum(topic["quarantined"] for topic in inbox),
        **{f"exceptions_{act}": acts.get(act, 0) for act in ("opened", "reopened", "escalated", "resubmitted", "waived")},
    }


def sender_of(settings: Settings) -> Sender:
    """How a push is known, and what each of its actions means."""
    intake = settings.intake
    ids = {pushes.WON: intake.won_action_id, pushes.SIGNED: intake.signed_action_id}
    topics = {ids[push.topic]: Topic(push.topic, push.kind, push.subject_field) for push in pushes.PUSHES}
    return Sender(intake.secret, intake.organization_id, topics)


def pollers_of(settings: Settings, sweeps: Sweeps, store: Store, reference: Reference, parts: Parts) -> list[Poller]:
    """What is asked of whom, and how often."""
    every = settings.intervals

    @lru_cache(maxsize=64)
    def zones_of(entities: frozenset[str]) -> tuple[str, ...]:
        return tuple(sorted({reference.entities[code].time_zone for code in entities}))

    def zones() -> tuple[str, ...]:
        """Where people work for whom we have projects."""
        return zones_of(store.book.entities())

    everywhere = zones_of(frozenset(reference.entities))

    def busy(interval_ms: int, zones: Callable[[], tuple[str, ...]] = zones, *, quiet_ms: int = every.quiet_ms) -> Busy:
        return Busy(interval_ms, quiet_ms, zones, reference.hours.open, reference.hours.close)

    def unbilled(mark: int) -> bool:
        """Before the first bill there is nothing to mirror: one look in each hour is enough."""
        looked = parts.clock() // every.quiet_ms == mark // every.quiet_ms  # no distance: a look may come a hair late
        return looked and not (store.book.has_invoices() or begun(store.database, BILLS))

    sweep, overlap = busy(every.sweep_ms), every.overlap_ms
    plans = (
        Plan("sold", sweeps.sold, busy(every.sweep_ms, lambda: zones() or everywhere), overlap),
        Plan("feed", sweeps.feed, busy(every.feed_ms), overlap),
        Plan("time", sweeps.time, sweep, overlap),
        Plan("expenses", sweeps.expenses, sweep, overlap),
        Plan("milestones", sweeps.milestones, sweep, overlap),
        Plan("invoices", sweeps.invoices, busy(every.mirror_ms, quiet_ms=every.mirror_quiet_ms), overlap, unbilled),
        Plan("totals", sweeps.totals, sweep, overlap),
        Plan("names", sweeps.names, Every(every.names_ms), overlap),
        Plan("withdrawn", sweeps.withdrawn, Every(every.withdrawn_ms), overlap),
    )

    def failed(name: str, error: Exception) -> None:
        parts.log.event("poll-ended", poll=name, why=str(error))

    return [Poller(plan, store.notes, parts.clock, on_failure=failed) for plan in plans]
