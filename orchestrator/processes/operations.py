"""What the business does when somebody outside asks: an event at the door, a clerk's billing run, a clerk's decision on one item.

Every method may be called again after a crash: runs are started by ids made of what they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.canonical import refs
from orchestrator.canonical.billing import EntityRun
from orchestrator.canonical.deal import Won
from orchestrator.canonical.events import Notice
from orchestrator.canonical.work import Submission, Withdrawn
from orchestrator.engine.port import BusinessException, Engine
from orchestrator.observe.business import Book as Figures
from orchestrator.observe.business import Item, Ruling, Setup, Shown
from orchestrator.policies.reference import Reference
from orchestrator.ports import Clock, Crm
from orchestrator.processes import activation, billing, recalling, work
from orchestrator.processes.sweeps import Sweeps
from orchestrator.store.book import SqlBook
from orchestrator.store.desk import Desk, ExceptionView

RUNS_MAX = 100_000


class Notes(Protocol):
    """Small values that survive a restart."""

    def get(self, name: str) -> Any: ...
    def put(self, name: str, value: Any) -> None: ...


@dataclass(frozen=True)
class Counter:
    """What operations are made of."""

    crm: Crm
    sweeps: Sweeps
    engine: Engine
    book: SqlBook
    desk: Desk
    notes: Notes
    reference: Reference
    clock: Clock
    is_signature: Callable[[Notice], bool]


class FirmOperations:
    """Implements the experience layer's `Operations`."""

    def __init__(self, counter: Counter) -> None:
        self._at = counter
        self._crm, self._engine, self._book, self._notes = counter.crm, counter.engine, counter.book, counter.notes

    async def on_event(self, notice: Notice) -> str:
        """Start the activations an opportunity means, or tell the one that waits for a signature."""
        if self._at.is_signature(notice):
            sow = refs.sow_in(notice.subject)
            if not sow:
                raise BusinessException(
                    "VENDOR_REFUSED", f"{notice.subject} is no SOW number", subject=notice.subject, system="crm"
                )
            return await self._at.sweeps.signed(sow, notice.version or notice.id)
        sows = await self._crm.sows_of(notice.subject)
        for sow in sows:
            await self._engine.start(activation.NAME, Won(sow), id=activation.run_id(sow))
        return activation.run_id(sows[0]) if sows else ""

    async def order_billing(self, entity: str, period: str, cut_off: int, by: str) -> str:
        """Start the billing run of an entity and period; the same cut-off again is the same run."""
        if entity not in self._at.reference.entities:
            raise BusinessException("ENTITY_UNKNOWN", f"no entity {entity}", subject=entity)
        name = f"billing:{entity}:{period}"
        ordered: list[int] = self._notes.get(name) or []
        if cut_off not in ordered:
            ordered.append(cut_off)
            self._notes.put(name, ordered)
        number = ordered.index(cut_off) + 1
        given = EntityRun(entity, period, cut_off, number)
        id = billing.entity_run_id(entity, period, number)
        self._notes.put(f"ordered-by:{id}", by)
        return await self._engine.start(billing.ENTITY_NAME, given, id=id)

    async def billing(self, id: str) -> Mapping[str, Any] | None:
        """What has become of a billing run: its state, and its SOWs' bills by state."""
        run = await self._engine.run(id)
        if run is None or run.process != billing.ENTITY_NAME:
            return None
        started: Sequence[str] = run.result if isinstance(run.result, list) else ()
        bills: dict[str, str] = {}
        for each in started:
            view = await self._engine.run(each)
            bills[each] = view.state if view is not None else "forgotten"
        return {"id": id, "state": run.state, "ordered_by": self._notes.get(f"ordered-by:{id}"), "bills": bills}

    async def again(self, item: ExceptionView) -> None:
        """Decide one set-aside entry again, or mirror one refused invoice again; a new refusal is a new exception."""
        number = len(self._at.desk.history(item.id))
        if item.code == "APPROVAL_WITHDRAWN":
            recalled = Withdrawn(str(item.facts.get("sow", "")), item.id, (item.source,))
            await self._engine.start(recalling.NAME, recalled, id=f"recall:again:{item.id}:{number}")
            return
        sow = self._book.reopen(item.source)
        if not sow:
            shown = await self._at.sweeps.show_again(item.source, f"mirror:crm:{item.id}:{number}")
            note = "mirrored again" if shown else "there is nothing left to decide"
            self._at.desk.resolve(item.id, by="orchestrator", note=note)
            return
        given = Submission(sow, item.id, self._at.clock())
        await self._engine.start(work.NAME, given, id=f"again:{item.id}:{number}")

    async def written_off(self, item: ExceptionView) -> None:
        """One set-aside entry will not be billed."""
        self._book.waive(item.source)

    def book(self) -> Figures:
        """The rows figures and alerts are computed from."""
        setups = [Setup(sow, ready_at, active_at) for sow, ready_at, active_at in self._book.setups()]
        items = [
            Item(source, sow, approved_at, settled_at, invoiced, parked, net, currency)
            for source, sow, approved_at, settled_at, invoiced, parked, net, currency in self._book.works()
        ]
        shown = [Shown(key, seen_at, shown_at) for key, seen_at, shown_at in self._book.mirrors()]
        rulings = [Ruling(view.code, view.queue, view.opened_at, view.resolved_at) for view in self._at.desk.find(limit=RUNS_MAX)]
        return Figures(setups, items, shown, rulings)

    def root_of(self, key: str) -> str:
        """The SOW a business key belongs to; the key itself when it belongs to none."""
        return refs.sow_in(key) or self._book.sow_of_source(key) or key
