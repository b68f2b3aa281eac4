"""What everybody will have worked, day by day: the truth that no outage changes.

A day's hours follow from the person's utilisation and are cut among the projects of that day in quarters of an hour.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from scenarios.clock.draws import u
from scenarios.firm.model import Entry, Project, Sheet
from scenarios.firm.quarter import Quarter, working_days
from scenarios.firm.roster import Person
from scenarios.firm.spec import FirmSpec

QUARTERS_TO_SPLIT = 8
MINUTES_PER_QUARTER = 15

Days = dict[str, list[Entry]]


def sheets_of_work(spec: FirmSpec, seed: int, quarter: Quarter, projects: list[Project]) -> dict[str, list[Sheet]]:
    """Return `{sow: [Sheet, ...]}` with the entries of the quarter, weeks in order; nothing is scheduled yet."""
    mine: dict[str, list[Project]] = defaultdict(list)
    people: dict[str, Person] = {}
    for project in projects:
        for person in project.team:
            mine[person.number].append(project)
            people[person.number] = person
    sheets: dict[str, list[Sheet]] = {project.sow: [] for project in projects}
    for number in sorted(mine):
        work = Work(spec, seed, quarter, people[number], mine[number])
        for sheet in work.sheets():
            sheets[sheet.sow].append(sheet)
    return sheets


class Work:
    """One person's quarter."""

    def __init__(self, spec: FirmSpec, seed: int, quarter: Quarter, person: Person, projects: list[Project]) -> None:
        self.spec, self.seed, self.person = spec, seed, person
        self.projects = projects
        self.weights = {each.sow: 0.5 + u(seed, "weight", person.number, each.sow) for each in projects}
        place = spec.entities[person.entity].place
        self.days = [day for day in working_days(quarter.first, quarter.last, place) if day not in person.away]

    def sheets(self) -> list[Sheet]:
        """Return the person's sheets, week by week."""
        weeks: dict[dt.date, Days] = defaultdict(lambda: defaultdict(list))
        for day in self.days:
            self._day(day, weeks[day - dt.timedelta(days=day.weekday())])
        return [
            self._sheet(project, week, days) for week, days in weeks.items() for project in self.projects if project.sow in days
        ]

    def _sheet(self, project: Project, week: dt.date, days: Days) -> Sheet:
        number = self.person.number
        key = f"{number}|{project.sow}|{week.isoformat()}"
        return Sheet(key, self.person, project.sow, project.line_of(self.person.role), week, tuple(days[project.sow]))

    def _day(self, day: dt.date, week: Days) -> None:
        active = [each for each in self.projects if each.start_on <= day <= each.end_on]
        if not active:
            return
        on = day.isoformat()
        mean = self.person.hours_a_day * self.spec.people.month_factor[on[5:7]]
        hours = min(self.spec.people.hours_a_day_max, mean * (0.8 + 0.4 * u(self.seed, "day", self.person.number, on)))
        for project, quarters in self._cut(active, round(hours * 4), on):
            week[project.sow] += self._entries(project, on, quarters)

    def _cut(self, active: list[Project], quarters: int, on: str) -> list[tuple[Project, int]]:
        if len(active) == 1:
            return [(active[0], quarters)] if quarters else []
        shares = [self.weights[each.sow] * (0.6 + 0.8 * u(self.seed, "cut", self.person.number, each.sow, on)) for each in active]
        whole, cut, done = sum(shares), [], 0
        passed = 0.0
        for project, share in zip(active, shares, strict=True):
            passed += share
            upto = round(quarters * passed / whole)
            if upto > done:
                cut.append((project, upto - done))
            done = upto
        return cut

    def _entries(self, project: Project, on: str, quarters: int) -> list[Entry]:
        minutes = quarters * MINUTES_PER_QUARTER
        split = self.spec.timesheets.split_share
        if quarters < QUARTERS_TO_SPLIT or not split or u(self.seed, "split", self.person.number, project.sow, on) >= split:
            return [Entry(on, minutes, 1)]
        first = quarters // 3 * MINUTES_PER_QUARTER
        return [Entry(on, first, 1), Entry(on, minutes - first, 2)]
