"""Month ends: the billing clerk starts the runs, the controller closes the periods. One of each an entity."""

from __future__ import annotations

from functools import partial

from scenarios.firm.office import Deed, Going, Office
from scenarios.firm.quarter import close_of, hour_of, name_of
from scenarios.firm.roster import MAIL


class BillingClerk:
    """Starts an entity's billing runs, WD0 and WD+2 at 18:00 local, through the orchestrator's desk."""

    def __init__(self, office: Office, entity: str) -> None:
        self.office, self.entity = office, entity
        self.who = f"billing@{entity.lower()}.{MAIL}"

    def work(self) -> Going:
        """Start every run of the quarter."""
        desk, numbers = self.office.desk, self.office.spec.billing
        if desk is None:
            return
        place = self.office.spec.entities[self.entity].place
        for month in self.office.plan.quarter.months:
            period = name_of(month)
            for turn, offset in enumerate(numbers.run_days, 1):
                at = hour_of(close_of(month, offset, place), numbers.run_hour, place)
                yield self.office.until(at)
                values = {"entity": self.entity, "period": period, "cut_off": at}
                deed = Deed(self.who, "desk", "start_billing", "billing_run", f"{self.entity}-{period}-{turn}", values, at)
                yield from self.office.ask(deed, partial(desk.start_billing, self.entity, period, at))
                self.office.counts["billing_runs"] += 1


class Controller:
    """Closes an entity's periods in the ERP: soft on WD+3, hard on WD+5, the start's own month included."""

    def __init__(self, office: Office, entity: str) -> None:
        self.office, self.entity = office, entity
        self.who = f"controller@{entity.lower()}.{MAIL}"

    def work(self) -> Going:
        """Close every period of the run."""
        numbers = self.office.spec.billing
        place = self.office.spec.entities[self.entity].place
        for month in self.office.plan.quarter.closings:
            for verb, offset in (("soft_close", numbers.soft_close_day), ("close", numbers.hard_close_day)):
                at = hour_of(close_of(month, offset, place), numbers.close_hour, place)
                yield self.office.until(at)
                key = f"{name_of(month)}-{self.entity}"
                yield from self.office.insist(Deed(self.who, "erp", verb, "period", key, {}, at))
                self.office.counts["closes"] += 1
