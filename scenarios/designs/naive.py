"""The integration a competent consultancy ships first: it works in fair weather, and nothing in it expects anything else.

The CRM's message is answered after the work is done; cron asks the PSA for what changed since the last time; what fails is sent
again; what was done is remembered in memory. No inbox, no probe, no exceptions desk. It must not know who tests it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from scenarios.designs.calendar import Billing
from scenarios.designs.deals import CENT, Deal, Lists, Site, accepted, fits, read_deals, set_up, times
from scenarios.designs.door import answer, body_of
from scenarios.designs.vendors import Access, Clock, Json, Refused, Send, Trouble, Vendors, utc

POLL_MS, MIRROR_MS = 30 * 60_000, 10 * 60_000
OBJECT = re.compile(rb'xsi:type="sf:(\w+)".*?<sf:Id>(\w+)</sf:Id>', re.DOTALL)
INVOICES = (
    "SELECT t.tranid, t.custbody_sow, t.custbody_ar_status, t.custbody_version, t.duedate, BUILTIN.DF(t.currency) AS currency, "
    "t.foreigntotal AS gross, t.foreignamountunpaid AS openbalance FROM transaction t "
    "WHERE t.type = 'CustInvc' AND t.lastmodifieddate >= TO_TIMESTAMP('{}', 'YYYY-MM-DD HH24:MI:SS') ORDER BY t.id"
)


@dataclass
class Work:
    """A project under way: its records, and the invoice lines that wait for the next billing, with their amounts."""

    site: Site
    unbilled: list[tuple[Decimal, Json]] = field(default_factory=list)


class Naive:
    """See the module. `path` is where the CRM's messages come; `calendar` says when to bill."""

    def __init__(self, access: Access, *, path: str, calendar: tuple[Billing, ...], send: Send, clock: Clock) -> None:
        self.vendors, self.clock, self.path = Vendors(access, send, clock), clock, path
        self.lists = Lists(self.vendors)
        self.calendar = sorted(calendar)
        self.works: dict[str, Work] = {}  # by workspace
        self.done: dict[str, None] = {}  # sources posted or left out
        self.mirrors: dict[str, str] = {}  # invoice number -> CRM id
        self.asked: dict[str, int] = {}  # what was last asked when
        self.started = clock()
        self.busy = self.failures = 0

    def idle(self) -> bool:
        """Whether nothing is being done right now."""
        return not self.busy

    def close(self) -> None:
        """Forget everything: it was only ever in memory."""
        self.works.clear()

    async def app(self, scope: Json, receive: Callable[[], Awaitable[Json]], send: Callable[[Json], Awaitable[None]]) -> None:
        """Take the CRM's messages; answer when the work is done."""
        assert scope["type"] == "http", "only HTTP comes here"
        body = await body_of(receive)
        known = scope["path"] == self.path and scope["method"] == "POST"
        status = await asyncio.shield(asyncio.ensure_future(self._sold(body))) if known else 404
        await answer(send, status)

    async def serve(self) -> None:
        """Run the cron jobs, one after the other, until cancelled."""
        async for job in self._due():
            await self._attempt(job)

    async def _due(self) -> AsyncIterator[Coroutine[Any, Any, None]]:
        poll, mirror = self.started + POLL_MS, self.started + MIRROR_MS
        while True:
            billing = self.calendar[0].at if self.calendar else poll
            at = min(poll, mirror, billing)
            await asyncio.sleep(max(0, at - self.clock()) / 1000)
            if self.calendar and billing == at:
                yield self._bill(self.calendar.pop(0))
            elif poll == at:
                poll += POLL_MS
                yield self._poll()
            else:
                mirror += MIRROR_MS
                yield self._mirror()

    async def _attempt(self, job: Coroutine[Any, Any, None]) -> bool:
        """Do a job; a failure is counted, and left to the next time."""
        self.busy += 1
        try:
            await job
        except Trouble:
            self.failures += 1
            return False
        finally:
            self.busy -= 1
        return True

    # A deal is won and signed

    async def _sold(self, body: bytes) -> int:
        found = OBJECT.search(body)
        if found is None:
            return 400
        field, id = "Id" if found[1] == b"SOW__c" else "Opportunity__c", found[2].decode()
        return 200 if await self._attempt(self._activate(f"{field} = '{id}'")) else 500

    async def _activate(self, condition: str) -> None:
        """Set up what is won and signed by now; the other message of the deal finds it not ready yet."""
        for deal in await read_deals(self.vendors, condition):
            if not deal.ready:
                continue
            if not deal.tax_code:
                await self.vendors.crm_update("SOW__c", deal.id, {"Delivery_Status__c": "Exception"})
                continue
            site = await set_up(self.vendors, self.lists, deal)
            self.works[site.workspace] = Work(site)
            await self._tie(site.workspace, "netsuite", "job", site.job, "active")
            active = {"Delivery_Status__c": "Active", "Project_Code__c": site.job}
            await self.vendors.crm_update("SOW__c", deal.id, active)

    async def _tie(self, workspace: str, service: str, model: str, ref: str, status: str) -> None:
        body = {
            "subject_type": "Workspace", "subject_id": workspace, "service_name": service, "service_model": model,
            "service_model_ref": ref, "status": "successful", "external_status": status,
        }  # fmt: skip
        await self.vendors.psa_create("external_references/create_or_update", "external_reference", body)

    # Approved work and accepted milestones

    def _since(self, what: str) -> tuple[str, int]:
        """What to ask after, and what to ask after the next time, once this time is done."""
        return utc(self.asked.get(what, self.started)).isoformat(timespec="milliseconds"), self.clock()

    async def _poll(self) -> None:
        since, now = self._since("work")
        changed = {"updated_after": since, "order": "created_at:asc"}
        approved = {**changed, "approved": "true", "include": "user"}
        for row, who in await self._rows("time_entries", {**approved, "billable": "true"}):
            await self._once(f"TE-{row['id']}", row, who, self._time)
        for row, who in await self._rows("expenses", approved):
            await self._once(f"EX-{row['id']}", row, who, self._expense)
        stories = await self.vendors.listed("stories", story_type="milestone", include="custom_field_values", **changed)
        for row in stories.rows:
            if accepted(row, stories.beside):
                await self._once(f"M-{row['id']}", row, "", self._milestone)
        self.asked["work"] = now

    async def _rows(self, resource: str, asked: dict[str, str]) -> list[tuple[Json, str]]:
        """Rows of a list with the number of the person who booked them."""
        page = await self.vendors.listed(resource, **asked)
        return [(row, page.beside["users"][row["user_id"]]["headline"] or "") for row in page.rows]

    async def _once(self, source: str, row: Json, who: str, post: Callable[[str, Json, str, Work], Awaitable[None]]) -> None:
        work = self.works.get(row["workspace_id"])
        if work is None or source in self.done:
            return
        try:
            await post(source, row, who, work)
        except Refused:
            self.failures += 1  # it would be refused again
        self.done[source] = None

    async def _time(self, source: str, row: Json, who: str, work: Work) -> None:
        deal, line_key = work.site.deal, work.site.stories.get(row["story_id"] or "")
        if not deal.is_timed or line_key is None:
            return
        line, minutes = deal.lines[line_key], int(row["time_in_minutes"])
        hours = (Decimal(minutes) / 60).quantize(CENT)
        if not fits(deal, times(hours, line.rate)):
            return
        bill = {
            "employee": {"externalId": who}, "customer": {"id": work.site.job}, "item": {"externalId": line.item},
            "hours": f"{minutes // 60}:{minutes % 60:02d}", "rate": line.rate, "isBillable": False, "memo": source,
            "custcol_tax_code": deal.tax_code, "custcol_work_date": row["date_performed"],
        }  # fmt: skip
        await self._post("timeBill", bill, row["date_performed"])
        self._charge(work, source, times(hours, line.rate), {
            "item": {"externalId": line.item}, "quantity": hours, "rate": line.rate, "custcol_work_date": row["date_performed"],
        })  # fmt: skip

    async def _expense(self, source: str, row: Json, who: str, work: Work) -> None:
        deal, amount = work.site.deal, (Decimal(int(row["amount_in_cents"])) / 100).quantize(CENT)
        if not (row["is_billable"] and deal.is_timed and fits(deal, amount)):
            return
        item = {
            "line": 1, "customer": {"id": work.site.job}, "category": {"id": row["category"] or "other"}, "amount": amount,
            "isBillable": False, "memo": source, "custcol_tax_code": deal.tax_code,
        }  # fmt: skip
        report = {
            "entity": {"externalId": who}, "custbody_work_date": row["date"], "expense": {"items": [item]},
            "expenseReportCurrency": {"id": await self.lists.id("currency", deal.currency)},
        }  # fmt: skip
        await self._post("expenseReport", report, row["date"])
        self._charge(work, source, amount, {
            "item": {"externalId": "EXPENSE"}, "quantity": 1, "amount": amount, "custcol_work_date": row["date"],
        })  # fmt: skip

    async def _post(self, record: str, body: Json, on: str) -> None:
        """Post under the day of the work, or under today when that period is closed."""
        try:
            await self.vendors.erp_create(record, {**body, "tranDate": on})
        except Refused as refused:
            if "period" not in refused.text.lower():
                raise
            await self.vendors.erp_create(record, {**body, "tranDate": self._today()})

    def _charge(self, work: Work, source: str, amount: Decimal, line: Json) -> None:
        deal = work.site.deal
        deal.spent += amount
        tagged = {"custcol_source": source, "custcol_tax_code": deal.tax_code, "description": source}
        work.unbilled.append((amount, {**line, **tagged}))

    async def _milestone(self, _source: str, row: Json, _who: str, work: Work) -> None:
        deal, key = work.site.deal, work.site.stories.get(row["id"])
        if key is None:
            return
        position = list(deal.lines).index(key) + 1
        body = {"tranDate": self._today(), "item": {"items": [{"orderLine": position}]}}
        await self.vendors.erp_create(f"salesOrder/{work.site.order}/!transform/invoice?replace=item", body)
        await self._tell_billed(deal, deal.lines[key].amount)

    # Month end

    async def _bill(self, run: Billing) -> None:
        """Invoice everything that was approved by now, a project an invoice."""
        await self._attempt(self._poll())
        for work in self.works.values():
            if work.site.deal.entity == run.entity and work.unbilled:
                await self._attempt(self._invoice(work, run.period))

    async def _invoice(self, work: Work, period: str) -> None:
        lines = list(work.unbilled)
        day = self._today()
        on = day if day[:7] == period else last_day(period)
        body = {"tranDate": on, "item": {"items": [line for _, line in lines]}}
        await self.vendors.erp_create(f"job/{work.site.job}/!transform/invoice", body)
        del work.unbilled[: len(lines)]
        await self._tell_billed(work.site.deal, sum((amount for amount, _ in lines), Decimal(0)))

    async def _tell_billed(self, deal: Deal, amount: Decimal) -> None:
        deal.billed += amount
        await self.vendors.crm_update("SOW__c", deal.id, {"Billed_To_Date__c": deal.billed})

    # Invoice status back to CRM and PSA

    async def _mirror(self) -> None:
        since, now = self._since("invoices")
        for row in await self.vendors.suiteql(INVOICES.format(since[:19].replace("T", " "))):
            sites = [work.site for work in self.works.values() if work.site.deal.sow == row["custbody_sow"]]
            if sites:
                await self._show(row, sites[0])
        self.asked["invoices"] = now

    async def _show(self, row: dict[str, str], site: Site) -> None:
        number, status = row["tranid"], row["custbody_ar_status"]
        shown = {
            "SOW__c": site.deal.id, "Number__c": number, "Status__c": status.replace("_", " ").title(), "Gross__c": Decimal(row["gross"]),
            "Open__c": Decimal(row["openbalance"]), "CurrencyIsoCode": row["currency"], "Due_Date__c": row.get("duedate"),
            "Source_Version__c": int(row["custbody_version"]),
        }  # fmt: skip
        if number in self.mirrors:
            await self.vendors.crm_update("Invoice__c", self.mirrors[number], shown)
        else:
            self.mirrors[number] = await self.vendors.crm_create("Invoice__c", {"Invoice_Key__c": number, **shown})
        await self._tie(site.workspace, f"netsuite:{number}", "invoice", number, status)

    def _today(self) -> str:
        return utc(self.clock()).date().isoformat()


def last_day(period: str) -> str:
    """The last day of "2026-02"."""
    year, month = int(period[:4]), int(period[5:])
    days = (31, 28 + (year % 4 == 0), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return f"{period}-{days[month - 1]}"
