"""Business time: when the firm is at work somewhere, and with which pauses a promise of "within 15 minutes" is counted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

ZONES = {
    "US": "America/New_York",
    "UK": "Europe/London",
    "DE": "Europe/Berlin",
    "NL": "Europe/Amsterdam",
    "AU": "Australia/Sydney",
    "SG": "Asia/Singapore",
}
OPENS, CLOSES = time(7, 0), time(20, 0)
Span = tuple[int, int]


class Hours:
    """Working time of any of the entities between two instants, without the pauses."""

    def __init__(self, entities: Iterable[str], first: int, last: int, pauses: Iterable[Span] = ()) -> None:
        spans = merged(day for entity in entities if entity in ZONES for day in days(ZONES[entity], first, last))
        self.spans = without(spans, merged(pauses))
        self._begins = [begin for begin, _ in self.spans]

    def deadline(self, since: int, allowed_ms: int) -> int | None:
        """The instant at which `allowed_ms` of working time have passed since; None when the run ends before."""
        left = allowed_ms
        index = max(0, bisect_right(self._begins, since) - 1)
        for begin, end in self.spans[index:]:
            start = max(begin, since)
            if start >= end:
                continue
            if end - start >= left:
                return start + left
            left -= end - start
        return None


def days(zone: str, first: int, last: int) -> list[Span]:
    """Monday to Friday, 07:00 to 20:00 of a zone; public holidays count as working days."""
    there, found = time_zone(zone), []
    day = datetime.fromtimestamp(first / 1000, UTC).date() - timedelta(days=1)
    end = datetime.fromtimestamp(last / 1000, UTC).date() + timedelta(days=8)
    while day <= end:
        if day.weekday() < 5:
            found.append((ms(datetime.combine(day, OPENS, there)), ms(datetime.combine(day, CLOSES, there))))
        day += timedelta(days=1)
    return found


def time_zone(name: str) -> ZoneInfo:
    """A zone of the pinned tzdata package, whatever the machine has."""
    with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of spans, sorted and apart."""
    out: list[Span] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        elif end > begin:
            out.append((begin, end))
    return out


def without(spans: list[Span], pauses: list[Span]) -> list[Span]:
    """Spans minus pauses; both merged."""
    out: list[Span] = []
    for begin, end in spans:
        at = begin
        for pause, resume in pauses:
            if resume <= at or pause >= end:
                continue
            if pause > at:
                out.append((at, pause))
            at = max(at, resume)
        if at < end:
            out.append((at, end))
    return out


def overlap_ms(span: Span, others: Iterable[Span]) -> int:
    """How much of a span lies in any of the others."""
    return sum(max(0, min(span[1], end) - max(span[0], begin)) for begin, end in merged(others))
