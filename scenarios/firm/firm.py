"""The firm at work: starts every actor of the plan in a SimPy environment and says when the story is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import simpy

from scenarios.clock.calendar import Calendar
from scenarios.firm.clerks import ExceptionClerk
from scenarios.firm.closing import BillingClerk, Controller
from scenarios.firm.delivery import Delivery
from scenarios.firm.model import Deal, Plan
from scenarios.firm.office import Going, Log, Office, Refused
from scenarios.firm.plan import build_plan
from scenarios.firm.ports import Desk, Loop, People
from scenarios.firm.quarter import end_of
from scenarios.firm.receivables import Receivables
from scenarios.firm.reference import QUEUES, Row, seed_rows
from scenarios.firm.sellers import Sellers
from scenarios.firm.spec import FirmSpec
from scenarios.firm.staffing import Site, StaffingDesk
from scenarios.firm.upsets import Upsets


@dataclass(eq=False)
class Firm:
    """One firm in one run. `plan` is what it will do (made from numbers and seed unless given); `done` succeeds at
    `expected_end_ms`.

    Clerks and staffing go on working after `done`, so that what faults held up can still drain; the world ends the run.
    """

    env: simpy.Environment
    loop: Loop | None
    people: People
    desk: Desk | None
    log: Log
    spec: FirmSpec
    seed: int
    calendar: Calendar
    plan: Plan = None  # type: ignore[assignment]  # always a plan once made

    def __post_init__(self) -> None:
        env, spec = self.env, self.spec
        made = self.plan = self.plan or build_plan(spec, self.seed, self.calendar.start_ms)
        self.office = Office(env, self.loop, self.people, self.desk, self.log, spec, self.seed, self.calendar, made)
        self.planned = sum(len(sheet.entries) + len(sheet.claims) for sheets in made.sheets.values() for sheet in sheets)
        self.done: simpy.Event = env.event()
        self.expected_end_ms = end_of(made.quarter, spec)
        self.desks = {code: StaffingDesk(self.office, code, self._deliver) for code in spec.entities}
        self.receivables = {code: Receivables(self.office, code) for code in spec.entities}

    def start(self) -> None:
        """Put everybody to work. Call once, at simulated time 0."""
        office, process = self.office, self.office.env.process
        Sellers(office, self._sold).start()
        Upsets(office).start()
        for code in office.spec.entities:
            process(self.desks[code].work())
            process(BillingClerk(office, code).work())
            process(Controller(office, code).work())
            process(self.receivables[code].work())
        for sow in self.plan.renamed:
            process(self.receivables[office.deals[sow].entity].rename(sow))
        for queue in QUEUES:
            process(ExceptionClerk(office, queue).work())
        process(self._end())

    def seed_rows(self, system: str) -> list[Row]:
        """Return what stands in a system before the story begins."""
        return seed_rows(system, self.office.spec, self.plan)

    @property
    def refusals(self) -> list[Refused]:
        """Acts that a domain refused for good: none in a sound run."""
        return self.office.refusals

    @property
    def settled(self) -> bool:
        """Whether every project that was sold has been worked to the end of the plan."""
        return self.office.counts["finished"] == len(self.plan.won)

    def progress(self) -> dict[str, Any]:
        """Return counts for the progress line: deals, lines booked and approved, invoices sent, payments, exceptions worked."""
        names = ("won", "signed", "staffed", "booked", "approved", "sent", "paid", "resubmitted", "waived", "refused")
        return {"deals": len(self.plan.won), "planned": self.planned} | {name: self.office.counts[name] for name in names}

    def _sold(self, deal: Deal) -> None:
        self.desks[deal.entity].expect(deal)

    def _deliver(self, deal: Deal, site: Site) -> None:
        self.office.env.process(Delivery(self.office, deal, site).work())

    def _end(self) -> Going:
        yield self.office.until(self.expected_end_ms)
        self.done.succeed()
