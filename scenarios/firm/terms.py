"""What is sold for that work: rates, role lines, milestones, caps. Pure arithmetic over the planned hours.

Rates are list prices in the entity's currency less the deal's discount, rounded to the cent, so that no total is round.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from scenarios.clock.draws import exponential, lognormal, u
from scenarios.firm.chance import between
from scenarios.firm.model import TM, Line, Project, Sheet
from scenarios.firm.quarter import Quarter, working_days
from scenarios.firm.spec import Entity, FirmSpec

OVERRUN_SIGMA, OVERRUN_MAX, OVERRUN_MAX_CAPPED = 0.6, 0.40, 0.20
OVER_CAP_OVERRUN, OVER_CAP_PART = 0.06, 0.985
PROJECTS_PER_PERSON = 1.6
MILESTONE_NAMES = ("Design accepted", "Build complete", "Test passed", "Handover")
ROLE_NAMES = {
    "ANALYST": "Analyst", "CONSULTANT": "Consultant", "SENIOR": "Senior Consultant", "ARCHITECT": "Architect",
    "PM": "Project Manager", "MANAGER": "Manager", "DIRECTOR": "Director",
}  # fmt: skip


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half up; both are positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def worth(quantity: int, rate: int) -> int:
    """Hundredths of an hour at ten-thousandths a unit, in minor units of a two-digit currency."""
    return half_up(quantity * rate, 10_000)


def list_price(spec: FirmSpec, entity: Entity, code: str, role: str) -> int:
    """The rate card's price of an hour in minor units of the entity's currency."""
    return half_up(round(spec.roles.rates_usd[role][code] * 1_000_000), round(entity.usd_per_unit * 10_000))


@dataclass(frozen=True)
class Pricing:
    """Prices one project; `sheets` are its planned work."""

    spec: FirmSpec
    seed: int
    quarter: Quarter
    project: Project
    sheets: list[Sheet]

    def rate(self, role: str) -> int:
        """The agreed rate of a role: list price less the deal's discount, to the cent, in ten-thousandths."""
        entity = self.spec.entities[self.project.entity]
        contracts, sow = self.spec.contracts, self.project.sow
        half = contracts.discount_mean / 2  # Beta(2, 20) by its near twin, a gamma of shape two, cut off above
        drawn = exponential(half, self.seed, "discount", sow, 1) + exponential(half, self.seed, "discount", sow, 2)
        kept = 10_000 - round(10_000 * min(contracts.discount_max, drawn))
        return half_up(list_price(self.spec, entity, self.project.entity, role) * kept, 10_000) * 100

    def lines(self) -> tuple[Line, ...]:
        """Role lines of a T&M deal, milestones of the other kind."""
        roles = tuple(self._role_line(role) for role in self.project.roles)
        return roles if self.project.kind == TM else self._milestones(sum(line.total for line in roles))

    def _role_line(self, role: str) -> Line:
        quantity, rate = self._sold(role), self.rate(role)
        key = f"{self.project.sow}-R{self.project.roles.index(role) + 1}"
        return Line(
            key, f"ROLE-{role}", ROLE_NAMES[role], quantity, rate, worth(quantity, rate), self.project.start_on.isoformat()
        )

    def _sold(self, role: str) -> int:
        """Hundredths of the hours estimated for a role: what will be worked, less the overrun nobody foresees."""
        minutes = sum(e.minutes for s in self.sheets if s.person.role == role for e in s.entries)
        place = self.spec.entities[self.project.entity].place
        first, last = self.project.start_on, self.project.end_on
        life = len(working_days(first, last, place))
        inside = len(working_days(max(first, self.quarter.first), min(last, self.quarter.last), place))
        hours = minutes / 60 * life / inside if minutes else self._guess(role, life)
        return max(1, round(hours / (1 + self.overrun()) * 4)) * 25

    def _guess(self, role: str, life: int) -> float:
        return sum(person.hours_a_day for person in self.project.team if person.role == role) * life / PROJECTS_PER_PERSON

    def overrun(self) -> float:
        """How far the work will pass its estimate; late projects by a lot, the others hardly."""
        if self.project.over_cap:
            return OVER_CAP_OVERRUN
        if u(self.seed, "late", self.project.sow) >= self.spec.projects.late_share:
            return between(-0.03, 0.03, self.seed, "overrun", self.project.sow)
        most = OVERRUN_MAX_CAPPED if self.project.capped else OVERRUN_MAX
        return min(most, lognormal(self.spec.projects.overrun_median, OVERRUN_SIGMA, self.seed, "overrun", self.project.sow))

    def _milestones(self, value: int) -> tuple[Line, ...]:
        """Cut the value into two to four milestones that add up to it exactly."""
        sow, days = self.project.sow, (self.project.end_on - self.project.start_on).days
        few, several = self.spec.contracts.milestone_months
        count = 2 if days < few * 30.44 else 3 if days < several * 30.44 else 4
        weights = [between(0.7, 1.3, self.seed, "milestone", sow, place) for place in range(count)]
        cuts = [round(value * sum(weights[: place + 1]) / sum(weights)) for place in range(count - 1)]
        amounts = [upto - since for since, upto in zip([0, *cuts], [*cuts, value], strict=True)]
        names = (*MILESTONE_NAMES[: count - 1], MILESTONE_NAMES[-1])
        return tuple(self._milestone(place, names[place], amount, count) for place, amount in enumerate(amounts))

    def _milestone(self, place: int, name: str, amount: int, count: int) -> Line:
        first, last = self.project.start_on, self.project.end_on
        due = first + dt.timedelta(days=(last - first).days * (place + 1) // count)
        return Line(f"{self.project.sow}-M{place + 1}", "MILESTONE", name, 100, amount * 100, amount, due.isoformat())

    def planned(self) -> int:
        """What the quarter's hours are worth at the agreed rates, in minor units, each entry rounded by itself."""
        return sum(
            worth(half_up(entry.minutes * 100, 60), self.rate(sheet.person.role))
            for sheet in self.sheets
            for entry in sheet.entries
        )

    def cap(self, amount: int, expenses: int) -> int | None:
        """The not-to-exceed value: above the estimate, but for the project that is to pass it in the quarter."""
        if not self.project.capped:
            return None
        if self.project.over_cap:
            return int((self.planned() + expenses) * OVER_CAP_PART)
        return round(amount * between(*self.spec.contracts.cap_over_estimate, self.seed, "cap", self.project.sow))
