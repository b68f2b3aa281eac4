"""Deciding approved work: shared by the processes that need a SOW's work decided before they go on. No process of its own.

Decisions are made in approval order, so that they do not depend on the order in which hints arrive. An entry that cannot be
billed is set aside with an exception and holds up nobody.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from orchestrator.canonical.billing import Event, Invoice, Period, Posted, Target
from orchestrator.canonical.book import ItemException
from orchestrator.canonical.engagement import Engagement
from orchestrator.canonical.work import Work
from orchestrator.engine.port import BusinessException, Run
from orchestrator.policies.eligibility import Parked, decide, in_order
from orchestrator.policies.periods import local_day, may_be_closed, posting_day
from orchestrator.processes.firm import MINUTE_MS, Firm

OVERLAP_MS = 10 * MINUTE_MS
ASIDE = frozenset(("VENDOR_REFUSED", "PERSON_UNKNOWN", "SEVERAL_MATCHES"))
"""Refusals that concern one entry: it is set aside and the others go on."""


class Gathered(msgspec.Struct, frozen=True):
    """The work to decide, what counts against the cap before it, and up to where everything will then be decided."""

    works: tuple[Work, ...]
    used: int
    read_up_to: int
    seats: tuple[tuple[str, str], ...] = ()


class Ground(NamedTuple):
    """What a run's decisions stand on beside the contract: the ERP's periods (empty: none could be closed) and who is assigned."""

    periods: tuple[Period, ...]
    seats: tuple[tuple[str, str], ...]


class Outcome(msgspec.Struct, frozen=True):
    """How many entries were posted and set aside."""

    posted: int = 0
    parked: int = 0


class WorkDesk:
    """Decides the approved work of one SOW at a time; shared by the processes that need it decided."""

    def __init__(self, firm: Firm) -> None:
        self._firm = firm

    async def settle(self, run: Run, engagement: Engagement, until: int) -> Outcome:
        """Post or set aside everything approved at or before `until` that is not decided yet, in approval order."""
        contract = engagement.contract
        if contract.type != "tm":
            return Outcome()
        found = await run.read(self.gather, contract.sow, engagement.workspace, until, retry=self._firm.patience.read)
        if not found.works:
            return Outcome()
        ground = Ground(tuple(await self._periods(run, contract.entity, found.works)), found.seats)
        used, posted = found.used, 0
        for work in in_order(found.works):
            event = await self._decided(run, engagement, work, used, ground)
            if event is not None:
                used, posted = used + event.net, posted + 1
        await run.step(self._firm.book.read_up_to, contract.sow, found.read_up_to, retry=self._firm.patience.local)
        return Outcome(posted, len(found.works) - posted)

    async def gather(self, sow: str, workspace: str, until: int) -> Gathered:
        """Ask the PSA for what changed since the last time, and keep what is undecided and approved in time."""
        book, psa = self._firm.book, self._firm.psa
        load = await book.workload(sow)
        works = await psa.approved_work(workspace, load.since - OVERLAP_MS if load.since else 0)
        later = [work.changed_at for work in works if work.approved_at > until]
        up_to = min(later) - 1 if later else max((work.changed_at for work in works), default=load.since)
        if load.again:
            known = {work.source for work in works}
            works += [work for work in await psa.work_by_source(load.again) if work.source not in known]
        due = await book.undecided([work for work in works if work.approved_at <= until])
        seats = await psa.seats(workspace) if any(work.kind == "time" for work in due) else []
        return Gathered(tuple(due), load.used, up_to, tuple(seats))

    async def _periods(self, run: Run, entity: str, works: tuple[Work, ...]) -> list[Period]:
        """The ERP's periods, asked only when a work date lies in a month that could be closed."""
        today = local_day(run.now(), self._firm.reference.entities[entity].time_zone)
        if not any(may_be_closed(work.on, today) for work in works):
            return []
        return await run.read(self._firm.erp.periods, entity, retry=self._firm.patience.read)

    async def _decided(self, run: Run, engagement: Engagement, work: Work, used: int, ground: Ground) -> Event | None:
        """Post one piece of work, or set it aside: the event, or None."""
        on = posting_day(work.on, ground.periods) if ground.periods else work.on
        decision = decide(engagement, work, used, on, ground.seats)
        if isinstance(decision, Parked):
            await self._aside(run, engagement, work, decision)
            return None
        try:
            await self._posted(run, engagement, decision)
        except BusinessException as refusal:
            if refusal.code not in ASIDE:
                raise
            parked = Parked(work.source, refusal.code, refusal.why, decision.net, work.approved_at)
            await self._aside(run, engagement, work, parked)
            return None
        return decision

    async def _posted(self, run: Run, engagement: Engagement, event: Event) -> None:
        """Post under the event's external id; when its period has closed meanwhile, on the next open day."""
        post = self.post_time if event.kind == "time" else self.post_expense
        target = target_of(engagement)
        try:
            await run.step(post, event, target, retry=self._firm.patience.named)
        except BusinessException as refusal:
            if refusal.code != "PERIOD_CLOSED":
                raise
            entity = engagement.contract.entity
            periods = await run.read(self._firm.erp.periods, entity, retry=self._firm.patience.read)
            moved = msgspec.structs.replace(event, on=posting_day(event.worked_on, periods))
            await run.step(post, moved, target, retry=self._firm.patience.named)

    async def post_time(self, event: Event, target: Target) -> Posted:
        return await self._kept(event, await self._firm.erp.post_time(event, target))

    async def post_expense(self, event: Event, target: Target) -> Posted:
        return await self._kept(event, await self._firm.erp.post_expense(event, target))

    async def _kept(self, event: Event, posted: Posted) -> Posted:
        await self._firm.book.posted(event, posted)
        self._firm.desk.accept(event.source)
        return posted

    async def _aside(self, run: Run, engagement: Engagement, work: Work, parked: Parked) -> None:
        contract = engagement.contract
        item = ItemException(
            contract.sow, work.source, parked.code, parked.why, parked.net, contract.currency, parked.field, work.approved_at
        )
        await run.step(self.set_aside, item, work.kind, run.id, retry=self._firm.patience.local)

    async def set_aside(self, item: ItemException, kind: str, run: str) -> None:
        await self._firm.book.parked(item, kind)
        self._firm.desk.refuse(item, run)


def target_of(engagement: Engagement) -> Target:
    contract = engagement.contract
    return Target(
        contract.sow,
        contract.entity,
        engagement.customer.key,
        engagement.job.key,
        engagement.job.id,
        engagement.order.key,
        engagement.order.id,
    )


def check(invoice: Invoice, net: int) -> None:
    """A call that succeeds can still make a wrong record: an invoice must be worth what was posted for it. Raises CHANGED."""
    if invoice.net != net:
        why = f"invoice {invoice.key} says {invoice.net} net, {net} were posted for it; compare its lines in the ERP"
        raise BusinessException("CHANGED", why, subject=invoice.key, system="erp", amount_minor=abs(invoice.net - net))
