"""Which projects there are: how many by entity, of what kind, from when to when, and with whom.

Counts are fixed by the numbers (shares are met by rank, not by luck), so that runs of one preset carry the same volume; dates
and teams are drawn. Sales comes afterwards: what is sold is what these people will work.
"""

from __future__ import annotations

import datetime as dt
import heapq
import math
from collections.abc import Callable
from functools import partial

from scenarios.clock.calendar import Place, add_working_days, next_working_day
from scenarios.clock.draws import integer, lognormal, poisson, u, weighted
from scenarios.firm.model import MILESTONE, TM, Project
from scenarios.firm.quarter import Quarter, working_days
from scenarios.firm.roster import Person, parts
from scenarios.firm.spec import FirmSpec

DAYS_PER_MONTH = 30.44
PUSH_DAYS = 5
OVER_CAP_DAYS = (56, 80)


def projects(spec: FirmSpec, seed: int, quarter: Quarter, people: list[Person]) -> list[Project]:
    """Return the projects, by number: the opening wave entity by entity, then the quarter's wins by date."""
    heads = {code: float(sum(person.entity == code for person in people)) for code in spec.entities}
    opening = parts(round(spec.projects.per_head * spec.heads), heads)
    fresh = parts(round(spec.projects.starts_per_head_year / 4 * spec.heads), heads)
    made: list[Project] = []
    for code, count in opening.items():
        made += wave(spec, seed, code, max(2, count), dates=partial(opening_dates, spec, seed, quarter, code))
    later: list[Project] = []
    for code, count in fresh.items():
        later += wave(spec, seed, code, count, dates=partial(fresh_dates, spec, seed, quarter, code))
    made += sorted(later, key=lambda project: (project.won_on, project.entity, project.number))
    for number, project in enumerate(made, 1):
        project.number = number
    exceed(seed, quarter, spec, made)
    staff(spec, seed, made, people)
    return made


Dates = Callable[[str], tuple[bool, dt.date, dt.date, dt.date]]


def wave(spec: FirmSpec, seed: int, entity: str, count: int, *, dates: Dates) -> list[Project]:
    """Make `count` projects of an entity; kinds and caps by rank. A wave of two or more holds both kinds."""
    made = []
    for place in range(count):
        opening, won_on, start_on, end_on = dates(f"{entity}-{place}")
        made.append(Project(place, entity, MILESTONE, False, opening, won_on, start_on, end_on))
    order = sorted(made, key=lambda each: u(seed, "kind", entity, str(each.opening), each.number))
    timed = max(1, round(spec.contracts.tm_share * count)) if count > 1 else round(spec.contracts.tm_share * count)
    for rank, project in enumerate(order[:timed]):
        project.kind = TM
        project.capped = rank < max(1, round(spec.contracts.capped_share * timed))
    return made


def opening_dates(spec: FirmSpec, seed: int, quarter: Quarter, entity: str, key: str) -> tuple[bool, dt.date, dt.date, dt.date]:
    """Draw a project under way: what is left of a length-biased duration, begun between the years."""
    place = spec.entities[entity].place
    days = working_days(quarter.start + dt.timedelta(days=spec.window.first_win_days), quarter.opening_last, place)
    won_on = days[int(u(seed, "won on", key) * len(days))]
    start_on = next_working_day(quarter.start + dt.timedelta(days=integer(*spec.window.start_days, seed, "start", key)), place)
    sigma = spec.projects.months_sigma
    whole = lognormal(spec.projects.months_median * math.exp(sigma**2), sigma, seed, "months", key)
    return True, won_on, start_on, ending(spec, start_on, whole * u(seed, "left", key), place)


def fresh_dates(spec: FirmSpec, seed: int, quarter: Quarter, entity: str, key: str) -> tuple[bool, dt.date, dt.date, dt.date]:
    """Draw a project won in the quarter, with the push at its end, begun some days later."""
    place = spec.entities[entity].place
    won_on = closing_day(spec, seed, quarter, place, key)
    start_on = next_working_day(
        won_on + dt.timedelta(days=integer(3, 3 + spec.projects.start_lag_days_max, seed, "start", key)), place
    )
    months = lognormal(spec.projects.months_median, spec.projects.months_sigma, seed, "months", key)
    return False, won_on, start_on, ending(spec, start_on, months, place)


def closing_day(spec: FirmSpec, seed: int, quarter: Quarter, place: Place, key: str) -> dt.date:
    """Draw the day a deal of the quarter is decided: the last five days weigh more, the last one most."""
    days = working_days(quarter.first, quarter.last, place)
    weights = [1.0] * (len(days) - PUSH_DAYS) + [spec.sales.push_last_days] * (PUSH_DAYS - 1) + [spec.sales.push_last_day]
    return weighted(list(zip(days, weights[-len(days) :], strict=True)), seed, "closing day", key)


def ending(spec: FirmSpec, start_on: dt.date, months: float, place: Place) -> dt.date:
    """Return the last day of a project of that length, a working day."""
    days = max(spec.projects.weeks_min * 7, round(months * DAYS_PER_MONTH))
    return add_working_days(start_on + dt.timedelta(days=days), -1, place)


def exceed(seed: int, quarter: Quarter, spec: FirmSpec, made: list[Project]) -> None:
    """Pick the capped projects that will pass their cap, and end them inside the quarter."""
    capped = [project for project in made if project.opening and project.capped]
    for project in sorted(capped, key=lambda each: u(seed, "over cap", each.sow))[: spec.guarantees.over_cap]:
        project.over_cap = True
        last = quarter.first + dt.timedelta(days=integer(*OVER_CAP_DAYS, seed, "over cap ends", project.sow))
        project.end_on = next_working_day(last, spec.entities[project.entity].place)


def staff(spec: FirmSpec, seed: int, made: list[Project], people: list[Person]) -> None:
    """Give every project its team: those of its entity with the fewest projects at that time, then the least used."""
    for code in spec.entities:
        bench = Bench(seed, [person for person in people if person.entity == code])
        for project in sorted((each for each in made if each.entity == code), key=lambda each: (each.start_on, each.number)):
            wanted = 1 + poisson(spec.projects.team_mean - 1, seed, "team", project.sow)
            project.team = bench.take(min(wanted, spec.projects.team_max), project.start_on, project.end_on)


class Bench:
    """Who is free: people in a heap by (projects now, projects ever, lot), stale rows skipped."""

    def __init__(self, seed: int, people: list[Person]) -> None:
        order = sorted(people, key=lambda person: u(seed, "lot", person.number))
        self.people = order
        self.now = [0] * len(order)
        self.ever = [0] * len(order)
        self.heap = [(0, 0, lot) for lot in range(len(order))]
        self.ends: list[tuple[dt.date, int]] = []

    def take(self, count: int, first: dt.date, last: dt.date) -> list[Person]:
        """Give `count` different people (or all there are) to a project from `first` to `last`."""
        while self.ends and self.ends[0][0] < first:
            self._count(heapq.heappop(self.ends)[1], -1)
        lots: list[int] = []
        while len(lots) < min(count, len(self.people)):
            now, ever, lot = heapq.heappop(self.heap)
            if lot not in lots and (now, ever) == (self.now[lot], self.ever[lot]):
                lots.append(lot)
        for lot in lots:
            self.ever[lot] += 1
            self._count(lot, 1)
            heapq.heappush(self.ends, (last, lot))
        return [self.people[lot] for lot in lots]

    def _count(self, lot: int, step: int) -> None:
        self.now[lot] += step
        heapq.heappush(self.heap, (self.now[lot], self.ever[lot], lot))
