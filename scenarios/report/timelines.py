"""Which timelines the page draws: the whole run by day, and a close-up by the hour around each time of trouble.

Reads the oracle's story: `days` and `series` (a value a day), `close_ups` (finer series around short faults), `from`, `to`.
Whatever is missing is not drawn. Each timeline comes in two widths, desk and phone, and with its table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from scenarios.report import words
from scenarios.report.charts import DAY_MS, Series, Span, Struck, Timeline, timeline
from scenarios.report.figures import day_text, minute_text
from scenarios.verdict import Verdict

WIDE, NARROW = 960, 360
CLOSE_UPS_MAX = 3
STEPS_MAX = 800
ROWS_MAX = 130
ALWAYS_MAX = 12
RUN_OF_BILLS = 3  # invoices a day that make it a billing day
SHADED_SHARE_MAX = 0.5  # what strikes for longer is the weather, not an event: it gets a lane and no band
UNBILLED = "Approved, not yet billed (USD)"
BACKLOG = "Approved, not yet in the ERP (items)"


@dataclass(frozen=True)
class Row:
    """One line of the table under a drawing."""

    when: str
    unbilled: float
    backlog: float
    exceptions: float
    invoices: float


@dataclass(frozen=True)
class Drawing:
    """One timeline in two widths with its words; `rows` is its table, empty for a close-up."""

    id: str
    title: str
    caption: str
    wide: Timeline
    narrow: Timeline
    rows: tuple[Row, ...] = ()
    has_invoices: bool = False


def drawings(told: Mapping[str, Any], verdict: Verdict) -> tuple[Drawing, ...]:
    """The timelines of one run, the whole first; empty when the story has no days."""
    whole = whole_run(told, verdict)
    close = [close_up(c, n, told, verdict) for n, c in enumerate((told.get("close_ups") or [])[:CLOSE_UPS_MAX], 1)]
    return tuple(d for d in (whole, *close) if d is not None)


def whole_run(told: Mapping[str, Any], verdict: Verdict) -> Drawing | None:
    """The run by day."""
    days = [str(d) for d in (told.get("days") or [])[:STEPS_MAX]]
    if not days:
        return None
    begin = int(datetime.fromisoformat(days[0]).replace(tzinfo=UTC).timestamp() * 1000)
    span = Span(begin, DAY_MS, len(days))
    given = told.get("series") or {}
    invoices = values(given, "invoices", len(days))
    marks = [begin + n * DAY_MS + DAY_MS // 2 for n, count in enumerate(invoices) if count >= RUN_OF_BILLS]
    backlog = values(given, "backlog", len(days))
    series = [Series(UNBILLED, values(given, "unbilled", len(days)), 170)]
    if any(backlog):
        series.append(Series(BACKLOG, backlog, 90))
    close = [(int(c["from"]), int(c["from"]) + int(c["step_ms"]) * len(c["backlog"])) for c in told.get("close_ups") or []]
    found = strikes(told, verdict, span)
    always = [s for s in found if s.begin <= int(told.get("from") or span.begin) and s.end >= int(told.get("to") or span.end)]
    struck = [replace(s, lane=s not in always and not is_close(s, close)) for s in found]
    wide, narrow = (timeline(span, series, struck, marks=marks, width=w) for w in (WIDE, NARROW))
    if wide is None or narrow is None:
        return None
    caption = "At the end of each day, UTC. Dashed lines are month ends."
    caption += f" Triangles: {RUN_OF_BILLS} or more invoices were made that day." if marks else ""
    caption += " At the end of every day all approved work was in the ERP or set aside." if backlog and not any(backlog) else ""
    caption += f" Striking all along: {'; '.join(s.title for s in always[:ALWAYS_MAX])}." if always else ""
    return Drawing("run", "What waited to be billed", caption, wide, narrow, rows(days, given), bool(invoices))


def close_up(told: Mapping[str, Any], number: int, story: Mapping[str, Any], verdict: Verdict) -> Drawing | None:
    """The hours around one time of trouble."""
    step_ms = int(told.get("step_ms") or 0)
    backlog = tuple(float(v) for v in (told.get("backlog") or [])[:STEPS_MAX])
    unbilled = tuple(float(v) for v in (told.get("unbilled") or [])[:STEPS_MAX])
    if step_ms <= 0 or not backlog:
        return None
    span = Span(int(told["from"]), step_ms, len(backlog))
    series = (Series(UNBILLED, unbilled, 120), Series(BACKLOG, backlog, 120))
    struck = strikes(story, verdict, span)
    wide, narrow = (timeline(span, series, struck, width=w) for w in (WIDE, NARROW))
    if wide is None or narrow is None:
        return None
    shown = min((s.begin for s in struck if span.begin < s.begin < span.end), default=(span.begin + span.end) // 2)
    title = f"The hours around {day_text(shown)}"
    caption = (
        f"Every {step_ms // 60_000} minutes from {minute_text(span.begin)} to {minute_text(span.end)}, UTC."
        f" At its highest, {max(backlog):,.0f} approved items waited to enter the ERP."
    )
    return Drawing(f"close{number}", title, caption, wide, narrow)


def values(given: Mapping[str, Any], name: str, count: int) -> tuple[float, ...]:
    return tuple(float(v or 0) for v in (given.get(name) or [])[:count])


def strikes(told: Mapping[str, Any], verdict: Verdict, span: Span) -> list[Struck]:
    """The plan's faults; one without begin or end lasts as long as the run."""
    first, last = int(told.get("from") or span.begin), int(told.get("to") or span.end)
    found = []
    for fault in verdict.faults:
        begin, end = fault.get("from"), fault.get("to")
        since, until = first if begin is None else int(begin), last if end is None else int(end)
        shade = until - since < SHADED_SHARE_MAX * (last - first)
        found.append(Struck(words.fault_title(str(fault.get("id")), str(fault.get("target"))), since, until, shade))
    return found


def is_close(struck: Struck, close: Sequence[tuple[int, int]]) -> bool:
    """Is the fault shown in full on one of the close-ups?"""
    return any(begin <= struck.begin and struck.end <= end for begin, end in close[:CLOSE_UPS_MAX])


def rows(days: Sequence[str], given: Mapping[str, Any]) -> tuple[Row, ...]:
    """The series as a table, thinned to every n-th day when there are very many."""
    names = ("unbilled", "backlog", "exceptions", "invoices")
    columns = [values(given, name, len(days)) for name in names]
    every = -(-len(days) // ROWS_MAX)
    made = [
        Row(day, *(max(0.0, v) for v in four))
        for day, four in zip(days, list(zip_longest(*columns, fillvalue=0.0)) or [(0.0,) * 4] * len(days), strict=False)
    ]
    return tuple(made[::every])
