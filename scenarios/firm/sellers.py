"""Sellers: they open accounts and opportunities, quote, have statements of work approved and signed, win or lose.

They work in the CRM under their own names. Slips happen here: a field of the SOW left empty or filled wrongly, a won deal saved
twice, a colleague closing it again from the mobile app.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy

from scenarios.clock.calendar import local_date
from scenarios.clock.draws import integer
from scenarios.firm.model import Deal, Line
from scenarios.firm.oddities import bad_tax_id, similar_name
from scenarios.firm.office import Deed, Going, Office, duplicate_of

WRONG_ENTITY = {"US": "USA", "UK": "ENG", "DE": "GER", "NL": "HOL", "AU": "AUS", "SG": "SIN"}
UNMAPPED = "Other (see notes)"
RETIRED = "DEM"
ELSEWHERE = frozenset(
    {"missing_tax_id", "bad_tax_id", "missing_rate", "wrong_schedule", "duplicate_account"}
)  # slips of other records
SAVE_AGAIN_S = (2, 40)
MOBILE_S = (45, 300)


class Sellers:
    """Start every sale of the plan. `sold` is called once a deal is both won and signed."""

    def __init__(self, office: Office, sold: Callable[[Deal], None]) -> None:
        self.office, self.sold = office, sold
        self.accounts: dict[str, simpy.Event] = {}

    def start(self) -> None:
        """Begin all sales, each a process of its own."""
        for deal in self.office.plan.deals:
            self.office.env.process(self.sell(deal))

    def sell(self, deal: Deal) -> Going:
        """Take one deal from the first call to the signature, or to the refusal of the client."""
        at = deal.stages
        yield self.office.until(at.created)
        yield from self._account(deal)
        yield from self._opportunity(deal)
        yield self.office.until(at.proposed)
        if not deal.won:
            yield from self._lose(deal)
            return
        yield from self._propose(deal)
        yield self.office.until(at.negotiated)
        yield from self._stage(deal, "negotiation", at.negotiated)
        yield from self._sow_status(deal, "in_approval", at.negotiated)
        yield self.office.until(at.approved)
        yield from self._sow_status(deal, "approved", at.approved)
        yield self.office.until(at.sent)
        yield from self._sow_status(deal, "sent", at.sent)
        for instant, close in sorted(((at.signed, self._sign), (at.decided, self._win)), key=lambda pair: pair[0]):
            yield self.office.until(instant)
            if deal.sow in self.office.taken_back:
                return
            yield from close(deal)
        self.sold(deal)

    def _account(self, deal: Deal) -> Going:
        """Create the account with its contact, once; others who sell to it wait until it stands. A careless seller opens another."""
        yield from self._company(deal)
        if "duplicate_account" in deal.slips:
            true = self._company_values(deal) | {
                "number": duplicate_of(deal), "name": similar_name(deal.account.name), "owner_id": deal.seller,
            }  # fmt: skip
            deed = Deed(deal.seller, "crm", "create", "account", duplicate_of(deal), true, deal.stages.created)
            yield from self.office.insist(deed._replace(slip="duplicate_account"))

    def _company(self, deal: Deal) -> Going:
        account = deal.account
        standing = self.accounts.get(account.key)
        if standing is not None:
            if not standing.processed:
                yield standing
            return
        made = self.accounts[account.key] = self.office.env.event()
        slip = next((each for each in ("missing_tax_id", "bad_tax_id") if each in deal.slips), "")
        true = self._company_values(deal)
        values = {**true, "tax_id": bad_tax_id(account.tax_id) if slip == "bad_tax_id" else None} if slip else true
        yield from self.office.insist(
            Deed(deal.seller, "crm", "create", "account", account.key, values, deal.stages.created, true, slip=slip)
        )
        contact = {
            "account_id": account.key, "first_name": account.contact_given, "last_name": account.contact_family,
            "email": account.contact_email, "phone": account.contact_phone, "title": "Accounts Payable",
        }  # fmt: skip
        yield from self.office.insist(
            Deed(deal.seller, "crm", "create", "contact", account.contact_email, contact, deal.stages.created)
        )
        made.succeed()

    def _company_values(self, deal: Deal) -> dict[str, Any]:
        account = deal.account
        return {
            "number": account.key, "name": account.name, "type": "Customer", "industry": account.industry, "segment": account.segment,
            "country": account.country, "region": account.region, "street": account.street, "city": account.city,
            "postal_code": account.postal_code, "tax_id": account.tax_id, "currency": account.currency, "owner_id": deal.seller,
            "phone": account.phone, "website": account.website,
        }  # fmt: skip

    def _opportunity(self, deal: Deal) -> Going:
        values = {
            "number": deal.opportunity, "name": deal.name, "account_id": self.office.account_of(deal), "stage": "qualifying", "amount": deal.amount,
            "currency": deal.currency, "close_on": self._close_on(deal), "owner_id": deal.seller,
            "type": "Existing Business" if deal.account.home != deal.entity else "New Business",
        }  # fmt: skip
        yield from self.office.insist(
            Deed(deal.seller, "crm", "create", "opportunity", deal.opportunity, values, deal.stages.created)
        )

    def _close_on(self, deal: Deal) -> str:
        return local_date(deal.stages.decided, self.office.spec.entities[deal.entity].zone).isoformat()

    def _propose(self, deal: Deal) -> Going:
        """Break the deal into lines, quote it, and draw up the statement of work."""
        at = deal.stages.proposed
        for line in deal.lines:
            true = {
                "opportunity_id": deal.opportunity, "product_id": line.product, "line_key": line.key, "quantity": line.quantity,
                "unit_price": line.rate, "total_price": line.total, "service_on": line.service_on, "description": line.description,
            }  # fmt: skip
            typed, slip = self._typed_line(deal, line, true)
            yield from self.office.insist(
                Deed(deal.seller, "crm", "create", "opportunity_line", line.key, typed, at, true, slip=slip)
            )
        quote = {"opportunity_id": deal.opportunity, "name": f"Quote {deal.name}", "grand_total": deal.amount}
        yield from self.office.insist(Deed(deal.seller, "crm", "create", "quote", f"Q-{deal.number:05}", quote, at, handle=""))
        true = self._terms(deal)
        yield from self.office.insist(
            Deed(
                deal.seller, "crm", "create", "sow", deal.sow, self._typed(deal, true), at,
                true | self._truth(deal), slip="+".join(sorted(deal.slips - ELSEWHERE)),
            )
        )  # fmt: skip
        yield from self._stage(deal, "proposal", at)

    def _terms(self, deal: Deal) -> dict[str, Any]:
        return {
            "number": deal.sow, "name": deal.name, "opportunity_id": deal.opportunity, "account_id": self.office.account_of(deal),
            "type": deal.kind, "selling_entity": deal.entity, "service_offering": deal.offering, "tax_profile": deal.tax_profile,
            "cap": deal.cap, "value": deal.amount, "currency": deal.currency, "terms": deal.terms, "billing_contact_id": deal.account.contact_email,
            "start_on": deal.start_on.isoformat(), "end_on": deal.end_on.isoformat(), "status": "draft",
        }  # fmt: skip

    def _truth(self, deal: Deal) -> dict[str, Any]:
        """What only the log knows: the whole deal in one place, for the oracle."""
        return {
            "amount": deal.amount,
            "lines": [line._asdict() for line in deal.lines],
            "customer": {
                "country": deal.account.country, "region": deal.account.region, "tax_id": deal.account.tax_id,
                "segment": deal.account.segment,
            },
        }  # fmt: skip

    def _typed_line(self, deal: Deal, line: Line, true: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """What the seller types for a line, and the slip it is."""
        if "missing_rate" in deal.slips and line is deal.lines[0]:
            return {**true, "unit_price": 0, "total_price": 0}, "missing_rate"
        if "wrong_schedule" in deal.slips and line is deal.lines[-1]:
            less = line.total - max(1, line.total // 10)
            return {**true, "unit_price": less * 100, "total_price": less}, "wrong_schedule"
        return true, ""

    def _typed(self, deal: Deal, true: dict[str, Any]) -> dict[str, Any]:
        """What the seller really types: the true terms, less what slips."""
        typed = dict(true)
        if "missing_tax_profile" in deal.slips:
            typed["tax_profile"] = None
        if "missing_entity" in deal.slips:
            typed["selling_entity"] = WRONG_ENTITY[deal.entity]
        if "missing_billing_contact" in deal.slips:
            typed["billing_contact_id"] = None
        if "unmapped_offering" in deal.slips:
            typed["service_offering"] = UNMAPPED
        if "wrong_currency" in deal.slips:
            typed["currency"] = "EUR" if deal.currency == "USD" else "USD"
        if "retired_currency" in deal.slips:
            typed["currency"] = RETIRED
        if "missing_terms" in deal.slips:
            typed["terms"] = None
        return typed

    def _stage(self, deal: Deal, stage: str, at: int) -> Going:
        yield from self.office.insist(Deed(deal.seller, "crm", "update", "opportunity", deal.opportunity, {"stage": stage}, at))

    def _sow_status(self, deal: Deal, status: str, at: int) -> Going:
        yield from self.office.insist(Deed(deal.seller, "crm", "update", "sow", deal.sow, {"status": status}, at))

    def _sign(self, deal: Deal) -> Going:
        at = deal.stages.signed
        yield from self.office.insist(
            Deed(deal.seller, "crm", "update", "sow", deal.sow, {"status": "signed", "signed_at": at}, at)
        )
        self.office.counts["signed"] += 1

    def _win(self, deal: Deal) -> Going:
        at = deal.stages.decided
        values = {"stage": "closed_won", "won_at": at}
        yield from self.office.insist(Deed(deal.seller, "crm", "update", "opportunity", deal.opportunity, values, at))
        self.office.counts["won"] += 1
        if deal.saves > 1:
            self.office.env.process(self._save_again(deal, deal.seller, SAVE_AGAIN_S, "saved_again"))
        if deal.closes_again:
            self.office.env.process(self._save_again(deal, deal.colleague, MOBILE_S, "closed_again"))

    def _save_again(self, deal: Deal, who: str, within: tuple[int, int], slip: str) -> Going:
        """Save a won deal once more, with nothing changed."""
        yield self.office.env.timeout(integer(*within, self.office.seed, slip, deal.sow))
        if deal.sow in self.office.taken_back:
            return
        values = {"stage": "closed_won"}
        yield from self.office.insist(
            Deed(who, "crm", "update", "opportunity", deal.opportunity, values, self.office.now, slip=slip)
        )

    def _lose(self, deal: Deal) -> Going:
        at = deal.stages
        yield from self._stage(deal, "proposal", at.proposed)
        yield self.office.until(at.decided)
        yield from self._stage(deal, "closed_lost", at.decided)
