"""SOQL's date literals: TODAY, LAST_N_DAYS:30, THIS_QUARTER ... as a half-open range of days.

Weeks begin on Sunday and the fiscal year is the calendar year, as in an org that changed neither. N-day words do not follow the
word "last" literally: LAST_N_DAYS:n begins n days ago and includes today; NEXT_N_DAYS:n begins tomorrow.
Source: SOQL reference, Date Formats and Date Literals in WHERE (memory), 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS_MAX = 100_000  # no word reaches further than this many days from today
DAY = timedelta(days=1)
Range = tuple[date, date]  # first day, first day after


def range_of(word: str, count: int, today: date) -> Range:
    """The days `word` names, seen from `today`: [first, after). Raises OverflowError when they leave the calendar."""
    if word in PLAIN:
        return PLAIN[word](today)
    stem, unit = COUNTED[word]
    if count > DAYS_MAX:
        raise OverflowError(word)
    return stem(unit, count, today)


def day_at(at_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at_ms // 1000, zone).date()


def first_ms(day: date, zone: ZoneInfo) -> int:
    """The instant, in ms since 1970, at which `day` begins in `zone`."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def week(today: date, shift: int = 0) -> Range:
    start = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)
    return start, start + timedelta(weeks=1)


def months(today: date, size: int, shift: int = 0) -> Range:
    """The calendar block of `size` months (1, 3 or 12) that holds today, moved by `shift` blocks."""
    index = (today.year * 12 + today.month - 1) // size + shift
    return month_start(index * size), month_start((index + 1) * size)


def month_start(index: int) -> date:
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(index)
    return date(year, month + 1, 1)


def last_n(unit: str, n: int, today: date) -> Range:
    if unit == "DAYS":
        return today - n * DAY, today + DAY
    if unit == "WEEKS":
        return week(today, -n)[0], week(today)[0]
    size = SIZES[unit]
    return months(today, size, -n)[0], months(today, size)[0]


def next_n(unit: str, n: int, today: date) -> Range:
    if unit == "DAYS":
        return today + DAY, today + (n + 1) * DAY
    if unit == "WEEKS":
        return week(today, 1)[0], week(today, n)[1]
    size = SIZES[unit]
    return months(today, size, 1)[0], months(today, size, n)[1]


def n_ago(unit: str, n: int, today: date) -> Range:
    if unit == "DAYS":
        return today - n * DAY, today - (n - 1) * DAY
    if unit == "WEEKS":
        return week(today, -n)
    return months(today, SIZES[unit], -n)


SIZES = {"MONTHS": 1, "QUARTERS": 3, "YEARS": 12, "FISCAL_QUARTERS": 3, "FISCAL_YEARS": 12}
PLAIN: dict[str, Callable[[date], Range]] = {
    "TODAY": lambda today: (today, today + DAY),
    "YESTERDAY": lambda today: (today - DAY, today),
    "TOMORROW": lambda today: (today + DAY, today + 2 * DAY),
    "LAST_90_DAYS": lambda today: (today - 90 * DAY, today + DAY),
    "NEXT_90_DAYS": lambda today: (today + DAY, today + 91 * DAY),
    "LAST_WEEK": lambda today: week(today, -1),
    "THIS_WEEK": week,
    "NEXT_WEEK": lambda today: week(today, 1),
    "LAST_MONTH": lambda today: months(today, 1, -1),
    "THIS_MONTH": lambda today: months(today, 1),
    "NEXT_MONTH": lambda today: months(today, 1, 1),
    "LAST_QUARTER": lambda today: months(today, 3, -1),
    "THIS_QUARTER": lambda today: months(today, 3),
    "NEXT_QUARTER": lambda today: months(today, 3, 1),
    "LAST_YEAR": lambda today: months(today, 12, -1),
    "THIS_YEAR": lambda today: months(today, 12),
    "NEXT_YEAR": lambda today: months(today, 12, 1),
    "LAST_FISCAL_QUARTER": lambda today: months(today, 3, -1),
    "THIS_FISCAL_QUARTER": lambda today: months(today, 3),
    "NEXT_FISCAL_QUARTER": lambda today: months(today, 3, 1),
    "LAST_FISCAL_YEAR": lambda today: months(today, 12, -1),
    "THIS_FISCAL_YEAR": lambda today: months(today, 12),
    "NEXT_FISCAL_YEAR": lambda today: months(today, 12, 1),
}
UNITS = ("DAYS", "WEEKS", *SIZES)
COUNTED: dict[str, tuple[Callable[[str, int, date], Range], str]] = {
    **{f"LAST_N_{unit}": (last_n, unit) for unit in UNITS},
    **{f"NEXT_N_{unit}": (next_n, unit) for unit in UNITS},
    **{f"N_{unit}_AGO": (n_ago, unit) for unit in UNITS},
}
WORDS = {**dict.fromkeys(PLAIN, False), **dict.fromkeys(COUNTED, True)}  # word -> does it take a count
