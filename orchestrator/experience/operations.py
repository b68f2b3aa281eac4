"""What this room needs of the rest: the callbacks that wiring supplies, and everything it shows.

Deciding an exception is done here in one place for HTTP and tests: the desk's row first, then its effect, which is
repeatable; a crash in between is healed by `Desk.follow` at start-up (the run is still parked, so it is reopened).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.canonical.events import Notice
from orchestrator.engine.port import Engine
from orchestrator.experience.people import Person
from orchestrator.observe.business import Book
from orchestrator.observe.log import Log
from orchestrator.observe.metrics import Metrics
from orchestrator.observe.watch import Limits, Pulse
from orchestrator.policies.gate import Gate
from orchestrator.policies.throttle import Budget
from orchestrator.store.alerts import Alerts
from orchestrator.store.audit import Audit
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.store.desk import Desk, ExceptionView
from orchestrator.store.inbox import Inbox
from orchestrator.store.outbox import Outbox


class Operations(Protocol):
    """What the business does when it is asked to. Supplied by wiring."""

    async def on_event(self, notice: Notice) -> str:
        """Start (or signal) what a notice is about; the run's id. Repeatable: called again after a crash.

        Raises BusinessException: nobody can handle it, it is parked; Transient, Unknown, Full: it is handed on again later.
        """

    async def order_billing(self, entity: str, period: str, cut_off: int, by: str) -> str:
        """Start the billing run of one entity; its id. Repeatable. Raises BusinessException for an unknown entity."""

    async def billing(self, id: str) -> Mapping[str, Any] | None:
        """What has become of a billing run, or None."""

    async def again(self, item: ExceptionView) -> None:
        """A thing a run set aside shall be tried again. Repeatable."""

    async def written_off(self, item: ExceptionView) -> None:
        """A thing a run set aside will not be billed. Repeatable."""

    def book(self) -> Book:
        """The rows that figures and alerts are computed from."""

    def root_of(self, key: str) -> str:
        """The root (SOW number) a business key belongs to, or the key itself."""


@dataclass(frozen=True)
class Topic:
    """What one outbound message action sends: object, our topic, and the field that holds the business key ("": the record id)."""

    name: str
    kind: str
    subject_field: str = ""


@dataclass(frozen=True)
class Sender:
    """How we know Salesforce: there is no signature, so path secret, organization and action must all fit."""

    secret: str
    organization_id: str
    actions: Mapping[str, Topic]


@dataclass(frozen=True)
class Parts:
    """Everything the HTTP face speaks for."""

    clock: Callable[[], int]
    engine: Engine
    operations: Operations
    inbox: Inbox
    outbox: Outbox
    crossrefs: Crossrefs
    desk: Desk
    audit: Audit
    alerts: Alerts
    sender: Sender
    tokens: Mapping[str, Person]
    log: Log
    gates: Mapping[str, Gate] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    limits: Limits = field(default_factory=Limits)
    pulse: Callable[[], Pulse] = Pulse
    counters: Callable[[], dict[str, int]] = dict
    consumer: Budget | None = None
    ring: Callable[[], None] = lambda: None


async def resubmit(parts: Parts, id: str, *, person: Person, note: str) -> ExceptionView:
    """Try again what an exception is about. The same person's word again is the same word: the answer may have been lost."""
    view = parts.desk.get(id)
    if (view.state, view.by) != ("resubmitted", person.name):
        view = parts.desk.resubmit(id, by=person.name, note=note)
    if view.kind == "run":
        if not await parts.engine.resubmit(view.run, by=person.name):
            parts.desk.resolve(id, by="orchestrator", note="its run is no longer parked")
    elif view.kind == "inbox":
        parts.inbox.release(view.facts["sender"], view.facts["sender_id"])
        parts.ring()
    else:
        await parts.operations.again(view)
    return parts.desk.get(id)


async def waive(parts: Parts, id: str, *, person: Person, reason: str) -> ExceptionView:
    """Write off what an exception is about, within the person's authority. The same person's word again is the same word."""
    view = parts.desk.get(id)
    if (view.state, view.by) != ("waived", person.name):
        view = parts.desk.waive(id, by=person.name, roles=person.roles, reason=reason)
    if view.kind == "item":
        await parts.operations.written_off(view)
    elif view.kind == "run" and not await parts.engine.waive(view.run, by=person.name):
        await parts.engine.abandon(view.run, reason=f"waived: {reason}", by=person.name)
    return view
