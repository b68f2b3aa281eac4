"""Recall work: an approval that does not stand any more, after the work was posted or billed.

On no invoice yet: the billing event is taken back, and nothing is left to bill. On an invoice: an invoice is never edited; finance
gives the client credit in the ERP, and the exception stands until the credit memo is there.
"""

from __future__ import annotations

from orchestrator.canonical.book import ItemException, Standing
from orchestrator.canonical.work import Withdrawn
from orchestrator.engine.port import Process, Run
from orchestrator.processes.deciding import WorkDesk
from orchestrator.processes.firm import Firm
from orchestrator.store.book import CREDITED, PARKED, POSTED

NAME = "recall-work"


def run_id(submission: str, at: int) -> str:
    """One run a decision against a submission."""
    return f"recall:{submission}:{at}"


def recall_processes(firm: Firm) -> list[Process]:
    """Build every version of the process."""
    desk = WorkDesk(firm)

    async def recall(run: Run, given: Withdrawn) -> int:
        approved = {work.source for work in await run.read(firm.psa.work_by_source, given.sources, retry=firm.patience.read)}
        rows = await run.read(firm.book.standing, given.sources, retry=firm.patience.local)
        recalled = 0
        for row in rows:
            if row.source in approved or row.code == CREDITED:
                continue
            if row.state == POSTED and not row.invoice:
                await run.step(firm.erp.take_back, row.source, retry=firm.patience.named)
            if row.state in (POSTED, PARKED) and not row.invoice:
                await run.step(forget, row.source, retry=firm.patience.local)
            elif row.invoice:
                await give_back(run, given.sow, row)
            recalled += 1
        if any(row.state == POSTED and not row.invoice for row in rows):
            await refill(run, given.sow)
        return recalled

    async def refill(run: Run, sow: str) -> None:
        """What was taken back leaves room under a cap: decide again what did not fit."""
        engagement = await run.read(firm.book.engagement, sow, retry=firm.patience.local)
        released = await run.step(firm.book.release, sow, "CAP_EXCEEDED", retry=firm.patience.local)
        if engagement is not None and released:
            await desk.settle(run, engagement, run.now())

    async def forget(source: str) -> None:
        await firm.book.take_back(source)
        firm.desk.accept(source)

    async def give_back(run: Run, sow: str, row: Standing) -> None:
        """Close the matter when the credit memo is there, else ask for one."""
        if await run.read(firm.erp.is_credited, row.source, retry=firm.patience.read):
            await run.step(close, row.source, retry=firm.patience.local)
            return
        why = f"the approval of {row.source} was withdrawn, {row.invoice} bills it; credit it in the ERP"
        item = ItemException(
            sow, row.source, "APPROVAL_WITHDRAWN", why, row.net, row.currency, "credit.invoice_id", 0, row.invoice
        )
        await run.step(ask, item, run.id, retry=firm.patience.local)

    async def close(source: str) -> None:
        await firm.book.credited(source)
        firm.desk.accept(source)

    async def ask(item: ItemException, run: str) -> None:
        firm.desk.refuse(item, run)

    return [Process(NAME, 1, lambda given: given.sow, recall, Withdrawn)]
