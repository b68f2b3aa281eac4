"""What the firm means to do, as plain data: accounts, deals, sheets of work, and the plan that holds them.

Made once before the run by `plan.build_plan` from numbers and seed alone, so that faults can move instants but never work.
Money is integer minor units, quantities hundredths, rates ten-thousandths of a currency unit, instants ms since 1970.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scenarios.firm.quarter import Quarter
from scenarios.firm.roster import Person

TM, MILESTONE = "tm", "milestone"
STANDARD, REVERSE_CHARGE, EXPORT, EXEMPT = "STANDARD", "REVERSE_CHARGE", "EXPORT", "EXEMPT"


@dataclass(slots=True)
class Project:
    """Work the firm will have: who does it from when to when, before anything is priced or sold."""

    number: int
    entity: str
    kind: str
    capped: bool
    opening: bool
    won_on: dt.date
    start_on: dt.date
    end_on: dt.date
    over_cap: bool = False
    team: list[Person] = field(default_factory=list)

    @property
    def sow(self) -> str:
        """Business key of its statement of work."""
        return f"S-{self.number:05}"

    def line_of(self, role: str) -> str:
        """Key of the role line (T&M), which is also the WBS of its hours; milestone work has no WBS below the project."""
        return f"{self.sow}-R{self.roles.index(role) + 1}" if self.kind == TM else self.sow

    @property
    def roles(self) -> list[str]:
        """The roles of the team, each once, in the order people were picked."""
        return list(dict.fromkeys(person.role for person in self.team))


class Line(NamedTuple):
    """One sold line: hours of a role at a rate, or a milestone (quantity 1.00 at its amount)."""

    key: str
    product: str
    description: str
    quantity: int
    rate: int
    total: int
    service_on: str


@dataclass(frozen=True, slots=True)
class Account:
    """A customer. `region` decides US taxes; `home` is the entity that sold to it first."""

    key: str
    name: str
    country: str
    region: str
    street: str
    city: str
    postal_code: str
    tax_id: str
    exempt: bool
    segment: str
    industry: str
    home: str
    currency: str
    phone: str
    website: str
    contact_email: str
    contact_given: str
    contact_family: str
    contact_phone: str


class Stages(NamedTuple):
    """The scheduled instants of a sale, ascending but for the last two; `lost` deals end at `decided`."""

    created: int
    proposed: int
    negotiated: int
    approved: int
    sent: int
    decided: int
    signed: int


@dataclass(frozen=True, slots=True)
class Deal:
    """What is sold, truly: every field as it ought to stand in the CRM. `slips` names what the seller gets wrong there."""

    number: int
    entity: str
    kind: str
    account: Account
    name: str
    offering: str
    tax_profile: str
    cap: int | None
    currency: str
    terms: str
    amount: int
    start_on: dt.date
    end_on: dt.date
    lines: tuple[Line, ...]
    seller: str
    colleague: str
    stages: Stages
    won: bool
    opening: bool
    slips: frozenset[str]
    saves: int
    closes_again: bool

    @property
    def sow(self) -> str:
        """Business key of the statement of work."""
        return f"S-{self.number:05}"

    @property
    def opportunity(self) -> str:
        """Business key of the opportunity."""
        return f"O-{self.number:05}"


class Entry(NamedTuple):
    """Minutes on one day, of one person on one WBS; `sequence` tells lines of the same day apart."""

    on: str
    minutes: int
    sequence: int


class Claim(NamedTuple):
    """One expense in the contract's currency."""

    on: str
    amount: int
    sequence: int
    category: str
    billable: bool
    receipt: str


@dataclass(slots=True)
class Sheet:
    """A person's week on one project: entries (time) or claims (expense) that are booked, submitted and decided together.

    Instants are the scheduled ones; `rejected` and `resubmitted` are 0 unless an approver sends it back because line
    `wrong` was mistyped; `withdrawn` is when the approver takes the approval back, else 0. `slip` is "late_entry" when it is booked after its period was closed; a `chased` one is brought in for the month's cut-off.
    """

    key: str
    person: Person
    sow: str
    wbs: str
    week: dt.date
    entries: tuple[Entry, ...] = ()
    claims: tuple[Claim, ...] = ()
    approver: str = ""
    submitted: int = 0
    rejected: int = 0
    resubmitted: int = 0
    approved: int = 0
    wrong: int = -1
    slip: str = ""
    chased: bool = False
    withdrawn: int = 0

    @property
    def kind(self) -> str:
        """Which of the two it carries: "time" or "expense"."""
        return "time" if self.entries else "expense"


@dataclass(frozen=True, slots=True)
class Goal:
    """A milestone's life; `accepted` and `completed` are 0 when that lies beyond the run."""

    key: str
    started: int
    completed: int
    accepted: int
    accepted_by: str


class Upset(NamedTuple):
    """Something that somebody does once, out of turn: what, to whom (a SOW, an account, a person, a customer), and when."""

    name: str
    subject: str
    at: int
    params: dict[str, Any]


class Befallen(NamedTuple):
    """Whom a line of the fault plan befell: the line's place, when, and what (its name and the key of whom it befell)."""

    place: int
    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be done. Sheets and goals are by SOW. `unassigned` are seats (person, WBS) that staffing forgets."""

    quarter: Quarter
    people: list[Person]
    deals: list[Deal]
    sheets: dict[str, list[Sheet]]
    goals: dict[str, list[Goal]]
    owners: dict[str, str]
    partial_payers: frozenset[str]
    renamed: tuple[str, ...]
    upsets: tuple[Upset, ...] = ()
    unassigned: frozenset[tuple[str, str]] = frozenset()
    befallen: tuple[Befallen, ...] = ()

    @property
    def won(self) -> list[Deal]:
        """The deals that become projects, by number."""
        return [deal for deal in self.deals if deal.won]
