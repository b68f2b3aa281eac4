"""Invoice and payment status to CRM and PSA: what the ERP shows is shown there too, never an older version over a newer one.

One run a polled page and target; the runs of one target go one after another. Rows that a batch could not write are tried again
alone; rows that are refused become exceptions. What the ownership guard refuses is not written: it belongs to somebody else.
"""

from __future__ import annotations

import msgspec

from orchestrator.canonical.billing import Invoice
from orchestrator.canonical.book import ItemException
from orchestrator.engine.port import BusinessException, Process, Refused, Run
from orchestrator.policies.ordering import guarded, newest
from orchestrator.ports import Failed, Renamed, Shown
from orchestrator.processes.firm import Firm

CRM_NAME, PSA_NAME = "mirror-crm", "mirror-psa"
PAGE_MAX = 200


class Page(msgspec.Struct, frozen=True):
    """What one poll of the ERP found, and the SOWs whose totals moved."""

    invoices: tuple[Invoice, ...] = ()
    customers: tuple[Renamed, ...] = ()
    sows: tuple[str, ...] = ()


class Mirrored(msgspec.Struct, frozen=True):
    """How many rows were written, were older than what is shown, or were not ours to write."""

    written: int = 0
    stale: int = 0
    refused: int = 0


def mirror_processes(firm: Firm) -> list[Process]:
    """Build every version of both mirrors."""
    batch = Batch(firm)

    async def mirror_crm(run: Run, page: Page) -> Mirrored:
        keys = tuple(invoice.key for invoice in page.invoices)
        shown = await run.read(firm.crm.mirrored_versions, keys, retry=firm.patience.read) if keys else {}
        rows, stale = guarded(page.invoices, shown, lambda row: row.key, lambda row: row.version)
        await batch.write(run, rows)
        if stale:
            await run.step(batch.already_shown, tuple(stale), retry=firm.patience.local)
        refused = 0
        for customer in page.customers:
            refused += await batch.propose_name(run, customer)
            await batch.tell_hold(run, customer)
        if page.sows:
            await batch.write_totals(run, page.sows)
        return Mirrored(len(rows), len(stale), refused)

    async def mirror_psa(run: Run, page: Page) -> Mirrored:
        written = stale = 0
        for invoice in newest(page.invoices, lambda row: row.key, lambda row: row.version):
            there = await run.read(shown_invoice, invoice, retry=firm.patience.read)
            if there is None:
                continue
            if there.version >= invoice.version:
                stale += 1
                continue
            wanted = msgspec.structs.replace(there, ref=invoice.number, status=invoice.status, version=invoice.version)
            await run.step(show_invoice, wanted, retry=firm.patience.named)
            written += 1
        return Mirrored(written, stale)

    async def shown_invoice(invoice: Invoice) -> Shown | None:
        """What the SOW's workspace shows of the invoice, version -1 when nothing yet; None without a workspace."""
        engagement = await firm.book.engagement(invoice.sow)
        if engagement is None:
            return None
        there = await firm.psa.shown_on(engagement.workspace)
        blank = Shown(engagement.workspace, "invoice", invoice.key, invoice.number, "", version=-1)
        return next((row for row in there if row.key == invoice.key), blank)

    async def show_invoice(shown: Shown) -> None:
        await firm.psa.show(shown)

    return [
        Process(CRM_NAME, 1, lambda _page: "mirror:crm", mirror_crm, Page),
        Process(PSA_NAME, 1, lambda _page: "mirror:psa", mirror_psa, Page),
    ]


class Batch:
    """Writes to the CRM in batches, row by row accountable."""

    def __init__(self, firm: Firm) -> None:
        self._firm = firm

    async def write(self, run: Run, rows: list[Invoice]) -> None:
        """Upsert the rows; those that failed for a passing reason again, alone; the others become exceptions."""
        by_key = {row.key: row for row in rows}
        pending = list(rows)
        for attempt in range(1, self._firm.patience.batch_attempts_max + 1):
            if not pending:
                return
            failed = await run.step(self.mirror_invoices, tuple(pending[:PAGE_MAX]), retry=self._firm.patience.named)
            for failure in failed:
                if not failure.again:
                    await self._aside(run, by_key[failure.key], failure)
            again = [by_key[failure.key] for failure in failed if failure.again]
            pending = again + pending[PAGE_MAX:]
            if again:
                await run.sleep_until(run.now() + self._firm.patience.batch_pause_ms * attempt)
        if pending:
            raise BusinessException("EXHAUSTED", f"{len(pending)} invoices cannot be mirrored; see the CRM's locks", system="crm")

    async def mirror_invoices(self, rows: tuple[Invoice, ...]) -> list[Failed]:
        failed = await self._firm.crm.mirror_invoices(rows)
        open_ = {failure.key for failure in failed}
        await self._firm.book.mirrored([row for row in rows if row.key not in open_])
        return failed

    async def already_shown(self, rows: tuple[Invoice, ...]) -> None:
        await self._firm.book.mirrored(rows)

    async def write_totals(self, run: Run, sows: tuple[str, ...]) -> None:
        """Show what each SOW was billed and what is accepted but not billed."""
        rows = await run.read(self._firm.book.totals, sows, retry=self._firm.patience.local)
        for attempt in range(1, self._firm.patience.batch_attempts_max + 1):
            if not rows:
                return
            failed = await run.step(
                self._firm.crm.mirror_totals, tuple(row.totals for row in rows), retry=self._firm.patience.named
            )
            open_ = {failure.key for failure in failed}
            done = [row for row in rows if row.totals.sow not in open_]
            await run.step(self._firm.book.shown, tuple(done), name="totals_shown", retry=self._firm.patience.local)
            again = {failure.key for failure in failed if failure.again}
            rows = [row for row in rows if row.totals.sow in again]
            if rows:
                await run.sleep_until(run.now() + self._firm.patience.batch_pause_ms * attempt)

    async def propose_name(self, run: Run, customer: Renamed) -> int:
        """Offer the CRM a customer's name of the ERP. The mapping exists; the guard refuses it, and 1 says that it did."""
        try:
            await run.step(self._firm.crm.rename_account, customer.account, customer.name, retry=self._firm.patience.named)
        except Refused as refusal:
            if refusal.code != "NOT_OWNER":
                raise
            return 1
        return 0

    async def tell_hold(self, run: Run, customer: Renamed) -> None:
        """A customer on credit hold stops neither project nor billing, by policy; finance is told, once while it stands."""
        if customer.held:
            why = f"{customer.customer} is on credit hold; its projects go on and are billed"
            item = ItemException("", customer.customer, "CREDIT_HOLD", why, 0, "", "customer.credit_hold")
            await run.step(self.refuse_row, item, run.id, retry=self._firm.patience.local)
        elif customer.customer:
            await run.step(self.free, customer.customer, retry=self._firm.patience.local)

    async def free(self, customer: str) -> None:
        self._firm.desk.accept(customer)

    async def _aside(self, run: Run, row: Invoice, failure: Failed) -> None:
        why = f"the CRM refuses the mirror of {row.key}: {failure.code}: {failure.why}"
        item = ItemException(row.sow, row.key, failure.ours, why, 0, row.currency, "invoice_mirror")
        await run.step(self.refuse_row, item, run.id, retry=self._firm.patience.local)

    async def refuse_row(self, item: ItemException, run: str) -> None:
        self._firm.desk.refuse(item, run)
