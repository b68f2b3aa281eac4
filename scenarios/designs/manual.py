"""What a firm without integration does: people look at lists, type what they read into the next system, and forget some of it.

Finance types customers, projects and contracts into the ERP and bills at month end from the PSA's lists; delivery operations
open workspaces. Nobody tells the CRM anything. Every share below is synthetic, set so that the loss comes near the 4.3 % of
revenue that the literature (memory) gives for disconnected firms. Draws are by meaning and handed in.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from statistics import NormalDist
from typing import Protocol

from scenarios.designs import deals
from scenarios.designs.calendar import Billing
from scenarios.designs.deals import CENT, Deal, Line, Lists, Site, fits, times
from scenarios.designs.door import answer, body_of
from scenarios.designs.vendors import Access, Clock, Json, Patience, Refused, Send, Trouble, Vendors, utc

HOUR_MS = 3_600_000
LOOK_MS = 4 * HOUR_MS  # the list of signed deals is looked at a few times a day
AGAIN_MS = 2 * HOUR_MS  # what did not work is tried again later, from its beginning
BOOKS_HOURS, PROJECT_HOURS, DELAY_SIGMA = 30.0, 34.0, 0.6  # medians until a deal is typed into the ERP, and then into the PSA
INVOICE_MINUTES = (12.0, 35.0)  # to type one project's invoices
PATIENCE = Patience(tries=3, wait_s=900.0, timeout_s=180.0)
# Of so many, one: whole sheets and single receipts left off the list, small milestones nobody told finance of, sheets typed twice
# or at another rate, deals under a wrong tax code, customers typed in without looking for them first.
SHEETS, RECEIPTS, ACCEPTANCES, TWICE, MISTYPED, TAXED, UNSEARCHED = 16, 8, 6, 150, 120, 25, 12
SMALL = 10_000  # of the contract's currency; a bigger milestone is asked for until it is billed
MEANT = {"USA": "US", "ENG": "UK", "GER": "DE", "HOL": "NL", "AUS": "AU", "SIN": "SG"}
PROFILES = ("STANDARD", "REVERSE_CHARGE", "EXPORT")
SIGNED = "SELECT SOW_Number__c, Selling_Entity__c FROM SOW__c WHERE {} ORDER BY SOW_Number__c"


class Draw(Protocol):
    """A number from [0, 1) by what it is about: equal words, equal number."""

    def __call__(self, *words: str | int) -> float: ...


@dataclass(order=True)
class Chore:
    """Something to do at an instant (ms); equal instants go in the order they were noted."""

    at: int
    turn: int
    do: Callable[[], Awaitable[None]] = field(compare=False)


@dataclass
class Slips:
    """Who forgets one of `every`: the same share in every stretch of work, at a drawn place in it."""

    draw: Draw
    seen: Counter[str] = field(default_factory=Counter)

    def slips(self, what: str, entity: str, every: int) -> bool:
        """Whether the next one of its kind goes wrong at this entity."""
        name = f"{what} {entity}"
        stretch, place = divmod(self.seen[name], every)
        self.seen[name] += 1
        return place == int(self.draw(what, entity, stretch) * every)


class Manual:
    """See the module. `calendar` says when month-end billing begins; `office(entity, instant)` when somebody is at work next."""

    def __init__(
        self,
        access: Access,
        *,
        calendar: tuple[Billing, ...],
        office: Callable[[str, int], int],
        draw: Draw,
        send: Send,
        clock: Clock,
    ) -> None:
        self.vendors, self.clock, self.office, self.draw = Vendors(access, send, clock, PATIENCE), clock, office, draw
        self.lists, self.slips = Lists(self.vendors), Slips(draw)
        self.chores: list[Chore] = []
        self.sites: dict[str, Site] = {}  # by SOW
        self.noticed: dict[str, None] = {}
        self.ticked: dict[str, None] = {}  # sources somebody believes to be done
        self.turns = self.busy = self.failures = 0
        self._note(clock() + LOOK_MS, self._look)
        for run in calendar:
            self._note(run.at, lambda run=run: self._month_end(run.entity))  # type: ignore[misc]

    def idle(self) -> bool:
        """Whether nobody is typing right now."""
        return not self.busy

    def close(self) -> None:
        """Everybody goes home."""
        self.chores.clear()

    async def app(self, scope: Json, receive: Callable[[], Awaitable[Json]], send: Callable[[Json], Awaitable[None]]) -> None:
        """Take the CRM's messages into a mailbox that nobody reads."""
        await body_of(receive)
        await answer(send, 200 if scope["method"] == "POST" else 404)

    async def serve(self) -> None:
        """Do one chore after the other, until cancelled."""
        while True:
            chore = heapq.heappop(self.chores) if self.chores else Chore(self.clock() + LOOK_MS, 0, self._look)
            await asyncio.sleep(max(0, chore.at - self.clock()) / 1000)
            self.busy += 1
            try:
                await chore.do()
            except Refused:
                self.failures += 1  # somebody puts it aside
            except Trouble:
                self._note(self.clock() + AGAIN_MS, chore.do)
            finally:
                self.busy -= 1

    def _note(self, at: int, do: Callable[[], Awaitable[None]]) -> None:
        self.turns += 1
        heapq.heappush(self.chores, Chore(at, self.turns, do))

    def _delay(self, hours: float, what: str, sow: str) -> int:
        """A lognormal delay in ms, by its median."""
        drawn = max(self.draw(what, sow), 1e-9)
        return round(hours * HOUR_MS * math.exp(DELAY_SIGMA * NormalDist().inv_cdf(drawn)))

    # A deal is signed

    async def _look(self) -> None:
        """See which deals are new on the list, and put them on somebody's pile."""
        self._note(self.clock() + LOOK_MS, self._look)
        for row in await self.vendors.soql(SIGNED.format(deals.SIGNED_AND_WON)):
            sow, said = row["SOW_Number__c"], row["Selling_Entity__c"] or ""
            if sow not in self.noticed:
                self.noticed[sow] = None
                entity = MEANT.get(said, said)
                at = self.office(entity, self.clock() + self._delay(BOOKS_HOURS, "books", sow))
                self._note(at, lambda sow=sow, entity=entity: self._books(sow, entity))  # type: ignore[misc]

    async def _books(self, sow: str, entity: str) -> None:
        """Finance: customer, project and contract, typed into the ERP."""
        deal = self._understood((await deals.read_deals(self.vendors, f"SOW_Number__c = '{sow}'"))[0], entity)
        searched = not self.slips.slips("unsearched", entity, UNSEARCHED)
        customer = await deals.find_customer(self.vendors, deal) if searched else ""
        customer = customer or await deals.make_customer(self.vendors, self.lists, deal)
        site = self.sites[sow] = Site(deal, job=await deals.make_job(self.vendors, self.lists, deal, customer))
        site.order = await deals.make_order(self.vendors, self.lists, deal, customer, site.job)
        at = self.office(entity, self.clock() + self._delay(PROJECT_HOURS, "project", sow))
        self._note(at, lambda: self._project(site))

    def _understood(self, deal: Deal, entity: str) -> Deal:
        """Read a deal as a person does, who fills in what is missing by guess, and now and then picks the wrong tax code."""
        codes = [deals.tax_code(entity, deal.account, profile) for profile in PROFILES]
        export = deals.TAXES[entity][3]
        wrong = self.slips.slips("tax code", entity, TAXED)
        code = export if wrong else next(code for code in (deal.tax_code, *codes, export) if code)
        return replace(deal, entity=entity, tax_code=code)

    async def _project(self, site: Site) -> None:
        """Delivery operations: the workspace with its tasks."""
        site.workspace = await deals.make_workspace(self.vendors, site.deal)
        site.stories = await deals.make_stories(self.vendors, site.deal, site.workspace)
        await deals.make_demands(self.vendors, site.deal, site.workspace)

    # Month end

    async def _month_end(self, entity: str) -> None:
        """Put every project of an entity on the pile, one after the other, in office hours."""
        at = self.clock()
        for site in self.sites.values():
            if site.deal.entity == entity and site.workspace:
                low, high = INVOICE_MINUTES
                minutes = low + (high - low) * self.draw("typing", site.deal.sow, at)
                at = self.office(entity, at + round(minutes * 60_000))
                bill = self._bill_hours if site.deal.is_timed else self._bill_milestones
                self._note(at, lambda site=site, bill=bill: bill(site))  # type: ignore[misc]

    async def _bill_hours(self, site: Site) -> None:
        """Type the lines of one invoice from the PSA's lists of approved time and expenses."""
        asked = {"workspace_id": site.workspace, "approved": "true", "order": "created_at:asc"}
        times_listed = (await self.vendors.listed("time_entries", billable="true", **asked)).rows
        stories = (await self.vendors.listed("stories", workspace_id=site.workspace)).rows
        site.stories = {row["id"]: row["title"].partition(" ")[0] for row in stories}
        expenses = (await self.vendors.listed("expenses", **asked)).rows
        lines: list[Json] = []
        for sheet in sheets_of(times_listed).values():
            lines += self._sheet(site, [row for row in sheet if f"TE-{row['id']}" not in self.ticked])
        for row in expenses:
            lines += self._receipt(site, row)
        if lines:
            body = {"tranDate": self._today(), "item": {"items": lines}}
            await self.vendors.erp_create(f"job/{site.job}/!transform/invoice", body)
        for prefix, rows in (("TE", times_listed), ("EX", expenses)):
            self.ticked.update(dict.fromkeys(f"{prefix}-{row['id']}" for row in rows))

    def _sheet(self, site: Site, rows: list[Json]) -> list[Json]:
        """The lines of one person's week: all of them, or none, or twice, or at the rate of the line above."""
        deal = site.deal
        if not rows or self.slips.slips("sheet", deal.entity, SHEETS):
            return []
        mistyped = self.slips.slips("mistyped", deal.entity, MISTYPED)
        copies = 2 if self.slips.slips("twice", deal.entity, TWICE) else 1
        lines = []
        for row in rows:
            sold = deal.lines[site.stories[row["story_id"]]]
            lines += self._line(deal, row, replace(sold, rate=sold.rate + 10) if mistyped else sold) * copies
        return lines

    def _line(self, deal: Deal, row: Json, sold: Line) -> list[Json]:
        hours = (Decimal(int(row["time_in_minutes"])) / 60).quantize(CENT)
        amount = times(hours, sold.rate)
        if not fits(deal, amount):
            return []
        deal.spent += amount
        return [{
            "item": {"externalId": sold.item}, "quantity": hours, "rate": sold.rate, "description": sold.name,
            "custcol_source": f"TE-{row['id']}", "custcol_tax_code": deal.tax_code, "custcol_work_date": row["date_performed"],
        }]  # fmt: skip

    def _receipt(self, site: Site, row: Json) -> list[Json]:
        deal, amount = site.deal, (Decimal(int(row["amount_in_cents"])) / 100).quantize(CENT)
        if not row["is_billable"] or f"EX-{row['id']}" in self.ticked or self.slips.slips("receipt", deal.entity, RECEIPTS):
            return []
        if not fits(deal, amount):
            return []
        deal.spent += amount
        return [{
            "item": {"externalId": "EXPENSE"}, "quantity": 1, "amount": amount, "description": row["category"],
            "custcol_source": f"EX-{row['id']}", "custcol_tax_code": deal.tax_code, "custcol_work_date": row["date"],
        }]  # fmt: skip

    async def _bill_milestones(self, site: Site) -> None:
        """Bill what delivery says was accepted; a small one they forget to tell of is never asked for again."""
        stories = await self.vendors.listed("stories", workspace_id=site.workspace, include="custom_field_values")
        for row in stories.rows:
            name = f"M-{row['id']}"
            if name in self.ticked or not deals.accepted(row, stories.beside):
                continue
            key = row["title"].partition(" ")[0]
            small = site.deal.lines[key].amount < SMALL
            if not (small and self.slips.slips("acceptance", "all", ACCEPTANCES)):
                await self._bill_milestone(site, key)
            self.ticked[name] = None

    async def _bill_milestone(self, site: Site, key: str) -> None:
        """Bill one line of the contract; when the ERP says it is billed already, so be it."""
        body = {"tranDate": self._today(), "item": {"items": [{"orderLine": list(site.deal.lines).index(key) + 1}]}}
        with suppress(Refused):
            await self.vendors.erp_create(f"salesOrder/{site.order}/!transform/invoice?replace=item", body)

    def _today(self) -> str:
        return utc(self.clock()).date().isoformat()


def sheets_of(rows: list[Json]) -> dict[str, list[Json]]:
    """Entries by the sheet they were submitted on, in order: {submission: [row, ...]}."""
    found: dict[str, list[Json]] = {}
    for row in rows:
        found.setdefault(str(row.get("active_submission_id")), []).append(row)
    return found
