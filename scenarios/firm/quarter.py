"""The dates of a run: the opening weeks, the quarter that is worked, its month ends, and when the story is over.

The quarter is the three whole months after the month of the start, so a start of 2025-12-15 works January to March 2026. A firm
with a window lives through the end of that quarter only: its last so many days, and what follows them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from scenarios.clock.calendar import Place, at_local, is_working_day, local_date, wd
from scenarios.firm.spec import FirmSpec, Window

MS_PER_HOUR = 3_600_000
LAST_DEAL_HOUR = 16
QUARTER_MONTHS = 3
PERIODS_AHEAD = 2


@dataclass(frozen=True)
class Quarter:
    """`start` is the day the run begins; `first` to `last` are worked; the opening wave is won and signed by `opening_last`."""

    start: dt.date
    first: dt.date
    last: dt.date
    opening_last: dt.date

    @property
    def months(self) -> tuple[tuple[int, int], ...]:
        """The (year, month) of the months worked: three, or the one of a window."""
        return months_between(self.first, self.last)

    @property
    def closings(self) -> tuple[tuple[int, int], ...]:
        """The months whose books are closed in the run: from the start's own month to the last one worked."""
        return months_between(self.start, self.last)

    @property
    def periods(self) -> tuple[tuple[int, int], ...]:
        """The months that have accounting periods: from the start's month to two months past the quarter."""
        return (*self.closings, *(add_months(self.last, n) for n in range(1, 1 + PERIODS_AHEAD)))


def add_months(day: dt.date, count: int) -> tuple[int, int]:
    """Return the (year, month) `count` months after a day's."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return year, month + 1


def months_between(first: dt.date, last: dt.date) -> tuple[tuple[int, int], ...]:
    """Return every (year, month) from a day's to another day's."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return tuple(add_months(first, n) for n in range(count))


def begin_of(window: Window, start: dt.date) -> dt.date:
    """Return the day on which the story of a scenario that starts on `start` begins."""
    last = month_end(dt.date(*add_months(start, QUARTER_MONTHS), 1))
    return last - dt.timedelta(days=window.last_days) if window.last_days else start


def quarter_from(window: Window, start_ms: int) -> Quarter:
    """Return the dates of a run whose story begins at an instant."""
    start = local_date(start_ms, "UTC")
    opening_last = start + dt.timedelta(days=window.opening_days - 1)
    if window.last_days:
        return Quarter(start, start + dt.timedelta(days=window.lead_days), month_end(start), opening_last)
    first = dt.date(*add_months(start, 1), 1)
    return Quarter(start, first, month_end(dt.date(*add_months(first, QUARTER_MONTHS - 1), 1)), opening_last)


def month_end(day: dt.date) -> dt.date:
    """Return the last day of a day's month."""
    return dt.date(*add_months(day, 1), 1) - dt.timedelta(days=1)


def hour_of(day: dt.date, hours: float, place: Place) -> int:
    """Return the instant of a time of day, given in hours (9.5 is half past nine)."""
    whole = int(hours)
    return at_local(day, whole, 0, zone=place.zone) + round((hours - whole) * MS_PER_HOUR)


def name_of(month: tuple[int, int]) -> str:
    """Return "2026-03"."""
    return f"{month[0]}-{month[1]:02}"


def close_of(month: tuple[int, int], offset: int, place: Place) -> dt.date:
    """Return WD+offset of a month."""
    return wd(*month, offset, place)


@lru_cache(maxsize=20_000)
def working_days(first: dt.date, last: dt.date, place: Place) -> tuple[dt.date, ...]:
    """Return the days worked from `first` to `last`, both included."""
    return tuple(day for day in span(first, last) if is_working(day, place))


def span(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return all days from `first` to `last`, both included."""
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


@lru_cache(maxsize=20_000)
def is_working(day: dt.date, place: Place) -> bool:
    """Tell whether a place works on a day; remembered, since it is asked for every person and day."""
    return is_working_day(day, place)


def last_approval(quarter: Quarter, spec: FirmSpec, place: Place) -> int:
    """Return the instant by which everything booked is approved: WD+2 noon of the quarter's last month."""
    return hour_of(close_of(quarter.months[-1], 2, place), spec.billing.last_approval_hour, place)


def end_of(quarter: Quarter, spec: FirmSpec) -> int:
    """Return the instant the story is over: the last entity's hard close of the quarter, one hour later."""
    return max(
        hour_of(
            close_of(quarter.months[-1], spec.billing.hard_close_day, entity.place), spec.billing.close_hour + 1, entity.place
        )
        for entity in spec.entities.values()
    )
