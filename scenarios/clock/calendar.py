"""The calendar: loop seconds to epoch milliseconds, and what a firm means by "last working day, 18:00" in its own country.

Time zones come from the pinned `tzdata` package, never from the machine, so a run does not depend on where it runs. Public
holidays come from the pinned `holidays` package: a country's, and a part of it where one is named.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import holidays

from scenarios.clock.zones import time_zone

SATURDAY = 5
SEARCH_DAYS_MAX = 366
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MS = dt.timedelta(milliseconds=1)


@dataclass(frozen=True)
class Place:
    """Where an entity keeps its hours: an IANA zone, an ISO country, and the part of it whose holidays count ("" = nationwide)."""

    zone: str
    country: str
    part: str = ""


@dataclass(frozen=True)
class Calendar:
    """Joins loop time (float seconds from 0) to instants (integer ms since 1970 UTC) that begin at `start_ms`."""

    start_ms: int

    def at(self, seconds: float) -> int:
        """Return the instant of a loop time, to the nearest millisecond: a timer set for an instant reads that instant."""
        return self.start_ms + round(seconds * 1000.0)

    def seconds(self, instant: int) -> float:
        """Return the loop time of an instant (negative before the start)."""
        return (instant - self.start_ms) / 1000.0


def instant(moment: dt.datetime) -> int:
    """Return an aware datetime as ms since 1970 UTC."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; say whose clock it is")
    return (moment - _EPOCH) // _MS


def utc(instant_ms: int) -> dt.datetime:
    """Return an instant as an aware UTC datetime."""
    return _EPOCH + dt.timedelta(milliseconds=instant_ms)


def local(instant_ms: int, zone: str) -> dt.datetime:
    """Return an instant as wall time in a zone."""
    return utc(instant_ms).astimezone(time_zone(zone))


def local_date(instant_ms: int, zone: str) -> dt.date:
    """Return the calendar date an instant falls on in a zone."""
    return local(instant_ms, zone).date()


def at_local(day: dt.date, hour: int, minute: int = 0, *, zone: str) -> int:
    """Return the instant of a wall time: the first of two when clocks go back, the shifted one when they skip it (PEP 495)."""
    return instant(dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=time_zone(zone)))


def is_working_day(day: dt.date, place: Place) -> bool:
    """Tell whether people of a place work on a day: Monday to Friday, no public holiday."""
    return day.weekday() < SATURDAY and day not in _holidays(place.country, place.part)


def add_working_days(day: dt.date, count: int, place: Place) -> dt.date:
    """Go `count` working days on (or back); 0 returns the day itself, working or not."""
    step = dt.timedelta(days=1 if count > 0 else -1)
    left, limit = abs(count), SEARCH_DAYS_MAX + 2 * abs(count)
    while left:
        limit -= 1
        if not limit:
            raise ValueError(f"{place} has no {abs(count)} working days near {day}")
        day += step
        left -= is_working_day(day, place)
    return day


def next_working_day(day: dt.date, place: Place) -> dt.date:
    """Return the day itself if people work, else the next day they do."""
    return day if is_working_day(day, place) else add_working_days(day, 1, place)


def wd0(year: int, month: int, place: Place) -> dt.date:
    """Return WD0: the last working day of a month, when it is cut off."""
    first_of_next = dt.date(year + month // 12, month % 12 + 1, 1)
    return add_working_days(first_of_next, -1, place)


def wd(year: int, month: int, offset: int, place: Place) -> dt.date:
    """Return WD+n of a month's close (`offset` 2 = second working day after WD0); negative counts back."""
    return add_working_days(wd0(year, month, place), offset, place)


@lru_cache(maxsize=32)
def _holidays(country: str, part: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise ValueError(f"no public holidays known for {country!r} {part!r}; write an ISO country such as DE") from error
