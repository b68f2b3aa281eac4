"""Expenses that go with the work: how many, how much, what for, and when they are filed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scenarios.clock.draws import choice, lognormal, poisson, u, weighted
from scenarios.firm.booking import Diary
from scenarios.firm.model import TM, Claim, Project, Sheet
from scenarios.firm.names import chance_name
from scenarios.firm.quarter import MS_PER_HOUR
from scenarios.firm.terms import Pricing

CATEGORIES = (("Travel", 0.42), ("Lodging", 0.27), ("Meals", 0.16), ("Ground transport", 0.11), ("Other", 0.04))
FILED_HOURS_MEDIAN, FILED_SIGMA, FILED_HOURS_CHASED = 3.0, 1.0, 0.75

Rate = Callable[[str], int]


@dataclass(frozen=True)
class Spending:
    """Makes expense sheets beside the time sheets of T&M projects (milestone work carries its own costs)."""

    diary: Diary

    def sheets(self, projects: list[Project], work: dict[str, list[Sheet]], prices: dict[str, Pricing]) -> dict[str, list[Sheet]]:
        """Return `{sow: [expense Sheet, ...]}`, scheduled."""
        made: dict[str, list[Sheet]] = {}
        for project in projects:
            found = []
            if project.kind == TM:
                rates = {role: prices[project.sow].rate(role) for role in project.roles}
                found = [each for sheet in work[project.sow] if (each := self._of(sheet, rates[sheet.person.role]))]
            made[project.sow] = found
        return made

    def _of(self, sheet: Sheet, rate: int) -> Sheet | None:
        spec, seed = self.diary.spec, self.diary.seed
        entity = spec.entities[sheet.person.entity]
        median = spec.expenses.usd_median / entity.usd_per_unit * 100
        value = sum(entry.minutes for entry in sheet.entries) / 60 * rate / 100
        count = poisson(
            value * spec.expenses.share_of_value / (median * math.exp(spec.expenses.sigma**2 / 2)), seed, "claims", sheet.key
        )
        if not count:
            return None
        claims = tuple(self._claim(sheet, median, place) for place in range(count))
        made = Sheet(f"{sheet.key}|X", sheet.person, sheet.sow, "", sheet.week, claims=claims)
        self._schedule(made, sheet)
        return made

    def _claim(self, sheet: Sheet, median: float, place: int) -> Claim:
        spec, seed = self.diary.spec.expenses, self.diary.seed
        amount = max(100, round(lognormal(median, spec.sigma, seed, "claim", sheet.key, place)))
        receipt = f"R-{chance_name(seed, 'receipt', sheet.key, place)}" if amount >= spec.receipt_from_minor else ""
        billable = u(seed, "claim billable", sheet.key, place) < spec.billable_share
        on = choice(sheet.entries, seed, "claim on", sheet.key, place).on
        return Claim(on, amount, place + 1, weighted(CATEGORIES, seed, "category", sheet.key, place), billable, receipt)

    def _schedule(self, made: Sheet, sheet: Sheet) -> None:
        diary = self.diary
        place = diary.spec.entities[made.person.entity].place
        made.approver = sheet.approver
        hours = lognormal(FILED_HOURS_MEDIAN, FILED_SIGMA, diary.seed, "filed", made.key)
        made.submitted = sheet.submitted + round((min(hours, FILED_HOURS_CHASED) if sheet.chased else hours) * MS_PER_HOUR)
        if u(diary.seed, "rejected", made.key) < diary.spec.expenses.reject_share:
            made.wrong = 0
        diary.decide(made, place, chased=sheet.chased)
