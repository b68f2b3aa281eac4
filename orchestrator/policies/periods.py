"""On which day something is posted: the true day while its period is open, else the first day of the next open one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from orchestrator.canonical.billing import Period
from orchestrator.errors import BusinessException

HOUR_MS = 3_600_000
QUARTER_MS = 900_000


def posting_day(day: str, periods: Sequence[Period]) -> str:
    """Return the posting date for work of `day`. Raises BusinessException(PERIOD_CLOSED) when no later period is open."""
    for period in sorted(periods, key=lambda p: p.start_on):
        if period.open and period.end_on >= day:
            return max(day, period.start_on)
    raise BusinessException("PERIOD_CLOSED", f"no open period on or after {day}", field="period.state")


def may_be_closed(day: str, today: str) -> bool:
    """Whether the period of `day` could be closed already: periods close after their month, never during it."""
    return day[:7] < today[:7]


def local_day(instant: int, time_zone: str) -> str:
    """The calendar date of `instant` (ms) in a time zone."""
    return _local(instant, time_zone).date().isoformat()


def invoice_day(cut_off: int, period: str, time_zone: str) -> str:
    """The date of a work invoice: the local day of the cut-off, but never after the last day of its period."""
    day = local_day(cut_off, time_zone)
    return day if day[:7] <= period else last_day(period)


def last_day(period: str) -> str:
    """The last day of a month "2026-03"."""
    year, month = int(period[:4]), int(period[5:7])
    later = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() - 1
    return datetime.fromtimestamp(later, UTC).date().isoformat()


def in_business_hours(instant: int, time_zones: Sequence[str], opens: int, closes: int) -> bool:
    """Whether any entity is at work: Monday to Friday, `opens` to `closes` o'clock local time."""
    return _is_open(instant // QUARTER_MS, tuple(time_zones), opens, closes)


@lru_cache(maxsize=1024)
def _is_open(quarter: int, time_zones: tuple[str, ...], opens: int, closes: int) -> bool:
    """The same of a quarter of an hour since 1970: no zone is off by less."""
    local = (_local(quarter * QUARTER_MS, zone) for zone in time_zones)
    return any(there.weekday() < 5 and opens <= there.hour < closes for there in local)


def _local(instant: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(instant / 1000, UTC).astimezone(_zone(time_zone))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    """A zone of the pinned tzdata package: what a day is must not depend on the machine."""
    with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
