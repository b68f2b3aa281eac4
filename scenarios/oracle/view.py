"""The joined view the judges look at: contracts with their truth and their rows in three systems, invoices with their lines.

Built once, after the run. Where ids are the vendor's, references are followed; business numbers name everything to people.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from scenarios.oracle.books import Row
from scenarios.oracle.money import CURRENCY, net_of, net_of_minutes, tax_code
from scenarios.oracle.trail import Trail
from scenarios.oracle.truth import Work

SOW = re.compile(r"(S-\d+)")
CUSTOMER = re.compile(r"CUS-(A-\d+)-([A-Z]{2})$")
Rows = list[tuple[str, Row]]


@dataclass
class Invoice:
    """One invoice of the ERP with its lines, in line order."""

    id: str
    row: Row
    lines: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What a person calls it: its number and external id."""
        return f"{self.row.get('number') or self.id} ({self.row.get('external_id') or 'no external id'})"


@dataclass
class Contract:
    """One statement of work: what people meant, and what the three systems hold of it."""

    number: str
    sow: Row
    opportunity: Row
    account: Row
    lines: dict[str, Row]
    orders: Rows = field(default_factory=list)
    jobs: Rows = field(default_factory=list)
    workspaces: Rows = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)

    @property
    def entity(self) -> str:
        return str(self.sow.get("selling_entity") or "")

    @property
    def is_timed(self) -> bool:
        return self.sow.get("type") == "tm"

    @property
    def won_at(self) -> int:
        return int(self.opportunity.get("_won_at", 0))

    @property
    def signed_at(self) -> int:
        return int(self.sow.get("_signed_at", 0))

    @property
    def is_due(self) -> bool:
        """Won and signed, and not taken back: it must be set up."""
        return bool(self.won_at and self.signed_at) and self.opportunity.get("stage") == "closed_won"

    def rate(self, line_key: str) -> int | None:
        """Ten-thousandths an hour of a role line, as sold."""
        value = self.lines.get(line_key, {}).get("unit_price")
        return int(value) if value is not None else None

    @cached_property
    def tax_code(self) -> str | None:
        """The right tax code of everything billed under this contract."""
        return tax_code(
            self.entity,
            str(self.account.get("country") or ""),
            str(self.account.get("region") or ""),
            str(self.account.get("tax_id") or ""),
            str(self.sow.get("tax_profile") or ""),
        )

    def value(self) -> int:
        """What was sold, in minor units: role hours at their rates, or the milestones."""
        return sum(line_value(line) for line in self.lines.values())


def line_value(line: Row) -> int:
    if line.get("total_price") is not None:
        return int(line["total_price"])
    return net_of(int(line.get("quantity") or 100), int(line.get("unit_price") or 0))


@dataclass
class Due:
    """One thing that must be billed or parked: its source, contract, amount, and when it was approved."""

    source: str
    contract: str
    net: int | None
    currency: str
    approved_at: int
    work: Work
    line_key: str


class View:
    """See the module. Everything is computed when first asked for."""

    def __init__(self, trail: Trail) -> None:
        self.trail, self.books, self.truth = trail, trail.books, trail.truth

    @cached_property
    def entities(self) -> dict[str, str]:
        """{subsidiary id: entity code}"""
        return {id: str(row.get("code") or row.get("external_id", "")[-2:]) for id, row in self.books.live("erp", "subsidiary")}

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """Every SOW that anybody knows of, by number."""
        found: dict[str, Contract] = {}
        for number, sow in self.truth.sows.items():
            opportunity = self.truth.opportunities.get(str(sow.get("opportunity_id", "")), {})
            account = self.truth.accounts.get(str(sow.get("account_id") or opportunity.get("account_id") or ""), {})
            lines = self.truth.lines.get(str(sow.get("opportunity_id", "")), {})
            found[number] = Contract(number, sow, opportunity, account, lines)
        for kind, name in (("sales_order", "orders"), ("job", "jobs")):
            for id, row in self.books.live("erp", kind):
                number = number_of(row.get("sow_number") or row.get("external_id") or row.get("name"))
                getattr(self._known(found, number), name).append((id, row))
        for id, row in self.books.live("psa", "workspace"):
            self._known(found, number_of(row.get("title"))).workspaces.append((id, row))
        for invoice in self.invoices.values():
            self._known(found, self.number_of_invoice(invoice)).invoices.append(invoice)
        found.pop("", None)
        return found

    def _known(self, found: dict[str, Contract], number: str) -> Contract:
        if number not in found:
            found[number] = Contract(number, {}, {}, {}, {})
        return found[number]

    @cached_property
    def invoices(self) -> dict[str, Invoice]:
        """Every invoice by id, lines attached."""
        found = {id: Invoice(id, row) for id, row in self.books.live("erp", "invoice")}
        for _, line in self.books.live("erp", "invoice_line"):
            invoice = found.get(str(line.get("invoice_id")))
            if invoice is not None:
                invoice.lines.append(line)
        return found

    @cached_property
    def order_lines(self) -> dict[str, list[Row]]:
        """{order id: its lines}"""
        found: dict[str, list[Row]] = defaultdict(list)
        for _, row in self.books.live("erp", "sales_order_line"):
            found[str(row.get("order_id"))].append(row)
        return found

    def number_of_invoice(self, invoice: Invoice) -> str:
        """The SOW an invoice belongs to, by its own field or by what it was made from."""
        row = invoice.row
        if row.get("sow_number"):
            return number_of(row["sow_number"])
        for system_kind, name in (("job", "job_id"), ("sales_order", "order_id")):
            source = self.books.row("erp", system_kind, row.get(name))
            if source is not None:
                return number_of(source.get("sow_number") or source.get("external_id"))
        return number_of(row.get("external_id"))

    @cached_property
    def billed(self) -> dict[str, list[tuple[Invoice, Row]]]:
        """{source: [(invoice, line), ...]} over live invoices."""
        found: dict[str, list[tuple[Invoice, Row]]] = defaultdict(list)
        for invoice in self.invoices.values():
            for line in invoice.lines:
                found[str(line.get("source") or "")].append((invoice, line))
        return found

    @cached_property
    def due_time(self) -> dict[str, Due]:
        """{TE-id: what must be billed} for approved billable time on T&M contracts."""
        found: dict[str, Due] = {}
        for work in self.truth.time.values():
            contract = self.contracts.get(work.sow)
            if contract is None or not (work.approved_at and work.billable and contract.is_timed):
                continue
            key = work.line
            rate = contract.rate(key)
            net = None if rate is None else net_of_minutes(work.minutes, rate)
            found[f"TE-{work.id}"] = Due(
                f"TE-{work.id}", contract.number, net, CURRENCY.get(contract.entity, ""), work.approved_at, work, key
            )
        return found

    @cached_property
    def due_expenses(self) -> dict[str, Due]:
        """{EX-id: what must be billed} for approved billable expenses on T&M contracts."""
        found: dict[str, Due] = {}
        for work in self.truth.expenses.values():
            contract = self.contracts.get(work.sow)
            if contract is None or not (work.approved_at and work.billable and contract.is_timed):
                continue
            found[f"EX-{work.id}"] = Due(
                f"EX-{work.id}",
                contract.number,
                work.amount,
                CURRENCY.get(contract.entity, ""),
                work.approved_at,
                work,
                "EXPENSE",
            )
        return found

    @cached_property
    def due(self) -> dict[str, Due]:
        """Time and expenses together."""
        return {**self.due_time, **self.due_expenses}

    @cached_property
    def exceptions(self) -> list[dict[str, Any]]:
        """Exceptions as the orchestrator claims them; empty without claims."""
        return self.trail.claims("exceptions")

    @cached_property
    def set_aside(self) -> dict[str, dict[str, Any]]:
        """{source: exception} of claims that stand parked or waived now *and* are true: the source is due, the amount is right."""
        found: dict[str, dict[str, Any]] = {}
        for claimed in self.exceptions:
            due = self.due.get(str(claimed.get("source") or ""))
            if due is None or claimed.get("state") == "resolved":
                continue
            if due.net is None or claimed.get("amount_minor") == due.net:
                found[due.source] = claimed
        return found

    @cached_property
    def has_claims(self) -> bool:
        """Does this design give evidence of itself?"""
        return self.trail.evidence is not None

    @cached_property
    def integration_users(self) -> frozenset[str]:
        """Users that only ever came over the API: the orchestrator's accounts."""
        return frozenset(user for _, user in self.trail.traffic.integrations if user not in self.truth.people)

    @cached_property
    def milestones(self) -> dict[str, tuple[Contract, int, int]]:
        """{milestone key: (contract, accepted_at or 0, amount)} of fixed-fee contracts."""
        accepted = {key: int(row["accepted_at"]) for key, row in self.truth.stories.items() if row.get("accepted_at")}
        return {
            key: (contract, accepted.get(key, 0), line_value(line))
            for contract in self.contracts.values()
            if contract.sow.get("type") == "milestone"
            for key, line in contract.lines.items()
        }


def number_of(text: Any) -> str:
    """The SOW number inside a business key or a title, or ''."""
    found = SOW.search(str(text)) if text else None
    return found[1] if found else ""


def when(at: int | None) -> str:
    """An instant for people, in UTC."""
    if not at:
        return "never"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%d %b %H:%M:%S")


def money(minor: int | None, currency: str) -> str:
    """An amount for people; every currency of the firm has two digits."""
    return "unknown amount" if minor is None else f"{currency} {minor / 100:,.2f}"
