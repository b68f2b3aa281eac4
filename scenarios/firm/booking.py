"""When work is booked and decided: the Friday and Monday waves, the late ones, approvals, rejections, month-end discipline.

Fills in the scheduled instants of sheets; what was worked is already fixed. Everything is approved by WD+2 noon of the
quarter's last month; sheets of the `late_entry` slip are booked after their period was closed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from scenarios.clock.calendar import Place, add_working_days, local, next_working_day
from scenarios.clock.draws import integer, lognormal, u
from scenarios.firm.chance import between
from scenarios.firm.model import TM, Project, Sheet
from scenarios.firm.quarter import MS_PER_HOUR, Quarter, close_of, hour_of, is_working, last_approval
from scenarios.firm.roster import Person
from scenarios.firm.spec import FirmSpec

MS_PER_MINUTE = 60_000
BETWEEN_SHEETS_MS = 41_000
AFTERNOON = (12.0, 17.0)
WEEKEND = (10.0, 20.0)
MONTH_END = (11.0, 15.5)
MONTH_END_DESK = (13.0, 17.7)
NOTICE_MS = 600_000
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Diary:
    """Schedules sheets. `people` is everybody; approvers come from it."""

    spec: FirmSpec
    seed: int
    quarter: Quarter
    deciders: dict[str, list[Person]]

    def schedule(self, projects: list[Project], sheets: dict[str, list[Sheet]]) -> None:
        """Give every sheet of `{sow: sheets}` its approver and instants."""
        late, sent_back = self._late(projects, sheets), self._sent_back(projects, sheets)
        for project in projects:
            for turn, sheet in enumerate(sheets[project.sow]):
                self._one(sheet, turn, late=sheet.key in late, sent_back=sheet.key in sent_back)

    def _one(self, sheet: Sheet, turn: int, *, late: bool, sent_back: bool) -> None:
        place = self.spec.entities[sheet.person.entity].place
        sheet.approver = self.approver(sheet)
        if late:
            sheet.slip, sheet.submitted, chased = "late_entry", self._after_close(sheet, place), False
        else:
            sheet.submitted, chased = self._wave(sheet, place)
        sheet.submitted += turn % 8 * BETWEEN_SHEETS_MS
        if sent_back:
            sheet.wrong = int(u(self.seed, "wrong line", sheet.key) * len(sheet.entries))
        self.decide(sheet, place, chased=chased)

    def approver(self, sheet: Sheet) -> str:
        """Return who decides: one of two for the project, never the owner."""
        able = self.deciders[sheet.person.entity]
        first = int(u(self.seed, "approver", sheet.sow) * len(able))
        ordered = (able[first], able[(first + 1) % len(able)])
        return next((each.number for each in ordered if each.number != sheet.person.number), able[0].number)

    def _wave(self, sheet: Sheet, place: Place) -> tuple[int, bool]:
        """Return when a week is submitted, and whether that is the month-end rush."""
        key, week, numbers, seed = sheet.person.number, sheet.week.isoformat(), self.spec.timesheets, self.seed
        last = self._last_day(sheet.week, place)
        if last in self._month_ends[place] and u(seed, "month end", key, week) < numbers.month_end_share:
            return hour_of(last, between(*MONTH_END, seed, "wave hour", key, week), place), True
        late = numbers.late_share * (0.4 + 1.2 * u(seed, "habit", key))
        drawn = u(seed, "wave", key, week)
        if drawn < late:
            return self._late_wave(last, key, week, place), False
        on_time = (drawn - late) / (1 - late)
        friday, monday = numbers.friday_share / (1 - numbers.late_share), numbers.monday_share / (1 - numbers.late_share)
        if on_time < friday:
            return hour_of(last, between(*numbers.friday_hours, seed, "wave hour", key, week), place), False
        if on_time < friday + monday:
            day = add_working_days(last, 1, place)
            return hour_of(day, between(*numbers.monday_hours, seed, "wave hour", key, week), place), False
        return hour_of(last + dt.timedelta(days=1), between(*WEEKEND, seed, "wave hour", key, week), place), False

    def _late_wave(self, last: dt.date, key: str, week: str, place: Place) -> int:
        """Late ones: half of them after the chaser of the second day, the rest later in the week."""
        chased = u(self.seed, "chaser", key, week) < self.spec.timesheets.chaser_share
        days = 2 if chased else integer(3, 5, self.seed, "late day", key, week)
        return hour_of(add_working_days(last, days, place), between(*AFTERNOON, self.seed, "wave hour", key, week), place)

    def _after_close(self, sheet: Sheet, place: Place) -> int:
        month = (sheet.week.year, sheet.week.month) if sheet.week >= self.quarter.first else self.quarter.months[0]
        closed = close_of(month, self.spec.billing.hard_close_day, place)
        day = add_working_days(closed, integer(1, 3, self.seed, "late entry", sheet.key), place)
        return hour_of(day, between(*AFTERNOON, self.seed, "wave hour", sheet.key), place)

    def _last_day(self, week: dt.date, place: Place) -> dt.date:
        """The last working day of a week, inside the quarter."""
        return add_working_days(min(week + WEEK, self.quarter.last + dt.timedelta(days=1)), -1, place)

    @cached_property
    def _month_ends(self) -> dict[Place, tuple[dt.date, ...]]:
        places = {entity.place for entity in self.spec.entities.values()}
        return {place: tuple(close_of(month, 0, place) for month in self.quarter.months) for place in places}

    @cached_property
    def _cut_offs(self) -> dict[Place, list[tuple[int, int, int]]]:
        """Of each month end: when approvers begin to clear their desks, when they are through, when it is too late."""
        hours = (*MONTH_END_DESK, self.spec.billing.run_hour)
        made: dict[Place, list[tuple[int, int, int]]] = {}
        for place, days in self._month_ends.items():
            opens, closes, late = ([hour_of(day, hour, place) for day in days] for hour in hours)
            made[place] = list(zip(opens, closes, late, strict=True))
        return made

    @cached_property
    def _limits(self) -> dict[Place, int]:
        places = [entity.place for entity in self.spec.entities.values()]
        return {place: last_approval(self.quarter, self.spec, place) for place in places}

    def decide(self, sheet: Sheet, place: Place, *, chased: bool) -> None:
        """Set rejection, resubmission and approval after `submitted`, all before the last hour for approvals."""
        key, seed, numbers = sheet.key, self.seed, self.spec.approvals
        sheet.chased = chased
        decided = self._month_end(sheet, place, self._decision(sheet.submitted, place, key, "decided"))
        if sheet.wrong >= 0:
            sheet.rejected = decided
            fix = lognormal(numbers.fix_hours_median, numbers.lag_sigma, seed, "fix", key)
            sheet.resubmitted = self._in_office(decided + round(fix * MS_PER_HOUR), place, key, "fixed")
            decided = self._decision(sheet.resubmitted, place, key, "decided again")
        sheet.approved = decided
        self._hurry(sheet, place)

    def _month_end(self, sheet: Sheet, place: Place, decided: int) -> int:
        """Bring a decision forward to the month's last day, if it would miss the cut-off and finance asks for it."""
        for opens, closes, late in self._cut_offs[place]:
            if not (sheet.submitted + NOTICE_MS <= closes and late < decided):
                continue
            if sheet.chased or u(self.seed, "month end decision", sheet.key) < self.spec.timesheets.month_end_share:
                return round(between(max(sheet.submitted + NOTICE_MS, opens), closes, self.seed, "month end hour", sheet.key))
        return decided

    def _decision(self, since: int, place: Place, key: str, what: str) -> int:
        numbers = self.spec.approvals
        lag = lognormal(numbers.lag_hours_median, numbers.lag_sigma, self.seed, what, key)
        return self._in_office(since + round(lag * MS_PER_HOUR), place, key, what)

    def _in_office(self, at: int, place: Place, key: str, what: str) -> int:
        """Return the instant itself if people are at work, else some hour of the next working day."""
        there = local(at, place.zone)
        opens, closes = self.spec.approvals.office_hours
        hour = there.hour + there.minute / 60
        if is_working(there.date(), place) and opens <= hour < closes:
            return at
        day = next_working_day(there.date() + dt.timedelta(days=1 if hour >= closes else 0), place)
        return hour_of(day, between(max(9.0, opens), min(17.0, closes), self.seed, "office", what, key), place)

    def _hurry(self, sheet: Sheet, place: Place) -> None:
        """Pull a chain that would end too late back before the last hour for approvals, keeping its order."""
        limit = self._limits[place]
        if sheet.approved <= limit:
            return
        limit -= round(between(0, 90, self.seed, "hurry", sheet.key)) * MS_PER_MINUTE
        for name in ("approved", "resubmitted", "rejected", "submitted"):
            at = getattr(sheet, name)
            if at > limit:
                setattr(sheet, name, limit)
            if at:
                limit = min(limit, getattr(sheet, name)) - 20 * MS_PER_MINUTE

    def _late(self, projects: list[Project], sheets: dict[str, list[Sheet]]) -> set[str]:
        """The sheets booked after their period is closed: billable work of all months but the last, by lot, some for sure."""
        last = dt.date(*self.quarter.months[-1], 1)  # what is booked after the last close is in nobody's books
        able = [sheet for sheet in billable(projects, sheets) if sheet.week + dt.timedelta(days=4) < last]
        return self._chosen(able, "late entry", self.spec.timesheets.after_close_share, self.spec.guarantees.late_entry)

    def _sent_back(self, projects: list[Project], sheets: dict[str, list[Sheet]]) -> set[str]:
        """The sheets an approver rejects: a share of all, some for sure among billable ones."""
        share = self.spec.approvals.reject_share
        drawn = {s.key for p in projects for s in sheets[p.sow] if u(self.seed, "rejected", s.key) < share}
        return drawn | self._chosen(billable(projects, sheets), "rejected", share, self.spec.guarantees.rejected_timesheet)

    def _chosen(self, able: Iterable[Sheet], what: str, share: float, sure: int) -> set[str]:
        drawn = sorted((u(self.seed, what, sheet.key), sheet.key) for sheet in able)
        return {key for place, (at, key) in enumerate(drawn) if at < share or place < sure}


def billable(projects: list[Project], sheets: dict[str, list[Sheet]]) -> list[Sheet]:
    """Return the sheets whose time is billed: T&M work of the opening wave and later."""
    return [sheet for project in projects if project.kind == TM for sheet in sheets[project.sow]]
