"""Bill: one billing run of an entity becomes one invoice a SOW, holding everything approved up to the cut-off.

Membership is by approval instant, never by arrival: each SOW's run first decides all work approved up to the cut-off.
"""

from __future__ import annotations

from orchestrator.canonical import refs
from orchestrator.canonical.billing import Bill, Billable, BillRun, EntityRun, Posted
from orchestrator.canonical.events import invoice_created
from orchestrator.engine.port import Process, Run
from orchestrator.policies.periods import invoice_day, posting_day
from orchestrator.ports import Starter
from orchestrator.processes.deciding import WorkDesk, check, target_of
from orchestrator.processes.firm import Firm

NAME, ENTITY_NAME = "bill", "billing-run"


def run_id(sow: str, period: str, number: int) -> str:
    return f"bill:{sow}:{period}:{number}"


def entity_run_id(entity: str, period: str, number: int) -> str:
    return f"billing-run:{entity}:{period}:{number}"


def bill_processes(firm: Firm, starter: Starter) -> list[Process]:
    """Build every version of a SOW's bill and of the entity's billing run that starts them."""
    desk = WorkDesk(firm)

    async def bill(run: Run, given: BillRun) -> str:
        engagement = await run.read(firm.book.engagement, given.sow, retry=firm.patience.local)
        if engagement is None:
            return ""
        await desk.settle(run, engagement, given.cut_off)
        billable = await run.read(firm.book.billable, given.sow, given.cut_off, retry=firm.patience.local)
        if not billable:
            return ""
        key = refs.work_invoice(given.sow, given.period, given.number)
        periods = await run.read(firm.erp.periods, given.entity, retry=firm.patience.read)
        day = invoice_day(given.cut_off, given.period, firm.reference.entities[given.entity].time_zone)
        ordered = bill_of(key, posting_day(day, periods), billable)
        invoice = await run.step(
            firm.erp.create_work_invoice,
            ordered,
            target_of(engagement),
            probe=firm.erp.find_work_invoice,
            retry=firm.patience.named,
        )
        sources = tuple(event.source for event in billable)
        await run.step(firm.book.invoiced, given.sow, key, sources, retry=firm.patience.local)
        check(invoice, sum(event.net for event in billable))
        await run.publish(invoice_created(invoice))
        return invoice.key

    async def bill_entity(run: Run, given: EntityRun) -> list[str]:
        sows = await run.read(firm.book.engaged, given.entity, retry=firm.patience.local)
        return await run.step(start_bills, given, tuple(sows), retry=firm.patience.local)

    async def start_bills(given: EntityRun, sows: tuple[str, ...]) -> list[str]:
        runs = [BillRun(sow, given.entity, given.period, given.number, given.cut_off) for sow in sows]
        return [await starter.start(NAME, each, id=run_id(each.sow, each.period, each.number)) for each in runs]

    return [
        Process(NAME, 1, lambda given: given.sow, bill, BillRun),
        Process(ENTITY_NAME, 1, lambda given: f"billing:{given.entity}", bill_entity, EntityRun),
    ]


def bill_of(key: str, on: str, billable: list[Billable]) -> Bill:
    """What the invoice shall hold, in approval order."""
    time = tuple(Posted(event.source, event.id) for event in billable if event.kind == "time")
    expenses = tuple(Posted(event.source, event.id) for event in billable if event.kind == "expense")
    return Bill(key, on, time, expenses)
