"""What judges talk about: contracts with their truth and their rows in three systems, invoices, due work; and words for people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from scenarios.oracle.books import Row
from scenarios.oracle.money import net_of, tax_code
from scenarios.oracle.truth import Work

SOW = re.compile(r"(S-\d+)")
Rows = list[tuple[str, Row]]
FOREVER_MS = 2**50


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
    stories: list[tuple[str, int]] = field(default_factory=list)  # (title, made at) in its workspaces

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

    @property
    def due_since(self) -> int:
        """When it had to be set up from: won and signed."""
        return max(self.won_at, self.signed_at)

    @property
    def live_jobs(self) -> Rows:
        return [(id, row) for id, row in self.jobs if not row.get("inactive")]

    @property
    def live_orders(self) -> Rows:
        return [(id, row) for id, row in self.orders if row.get("status") != "closed"]

    @property
    def live_workspaces(self) -> Rows:
        return [(id, row) for id, row in self.workspaces if not row.get("archived")]

    @property
    def missing_stories(self) -> list[str]:
        """Sold lines nobody can book on: no task or milestone of the workspace bears their key."""
        titles = {title.split(" ")[0] for title, _ in self.stories}
        return [key for key in self.lines if key not in titles]

    @property
    def active_at(self) -> int | None:
        """When the set-up stood: the last of contract, both projects and a task for every sold line; None while it does not."""
        firsts = [
            min((int(row["_at"]) for _, row in rows), default=None)
            for rows in (self.live_orders, self.live_jobs, self.live_workspaces)
        ]
        if None in firsts or self.missing_stories:
            return None
        tasks = [min(at for title, at in self.stories if title.split(" ")[0] == key) for key in self.lines]
        return max([at for at in firsts if at is not None] + tasks)

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


def number_of_row(row: Row) -> str:
    """The SOW number an order or job stands for."""
    return number_of(row.get("sow_number")) or number_of(row.get("external_id")) or number_of(row.get("name"))


def number_of(text: Any) -> str:
    """The SOW number inside a business key or a title, or ''."""
    found = SOW.search(str(text)) if text else None
    return found[1] if found else ""


def when(at: int | None) -> str:
    """An instant for people, in UTC."""
    if not at:
        return "never"
    if at >= FOREVER_MS:
        return "for ever"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%d %b %H:%M:%S")


def money(minor: int | None, currency: str) -> str:
    """An amount for people; every currency of the firm has two digits."""
    return "unknown amount" if minor is None else f"{currency} {minor / 100:,.2f}"
