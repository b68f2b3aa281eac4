"""The run against its fault-free twin: equal money in the end, and the backlog of an outage gone within its bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from scenarios.oracle.completeness import exception_spans
from scenarios.oracle.contract import Due, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import Span
from scenarios.oracle.state import money_rows
from scenarios.oracle.trail import Trail
from scenarios.oracle.trouble import DOWN
from scenarios.oracle.view import View

OUTAGES = frozenset({"F-01", "F-02", "F-03", "F-05", "F-10", "F-11", "F-12", DOWN})
"""A system's, and the core's own (F-75 restarts with a backlog, which has to drain): one that runs into the other is one outage."""
HOUR_MS = 3_600_000
SLICE_MS = 5 * 60_000
SLACK_MS = 15 * 60_000
RATE_MS = HOUR_MS  # five minutes say how fast one burst was, an hour what is kept up
FACTOR = 1.25
POLL_MS = 40 * 60_000  # what was approved that long before an outage may not have been fetched yet


def twin_facts(trail: Trail) -> dict[str, Any]:
    """What is kept of a twin: its money state by row name, and when the ERP got its writes (count by slice of five minutes)."""
    view = View(trail)
    return {"money": money_rows(view), "posted": {str(k): v for k, v in postings(view).items()}}


def postings(view: View) -> Counter[int]:
    """Records the integration made in the ERP, by slice."""
    count: Counter[int] = Counter()
    for kind in ("time_bill", "expense_report", "invoice", "customer", "sales_order", "job"):
        for _, row in view.books.live("erp", kind):
            if row["_by"] in view.integration_users:
                count[int(row["_at"]) // SLICE_MS] += 1
    return count


def equal_money(view: View, twin: dict[str, Any] | None) -> Facts:
    """INV-56: contracts, billed lines, invoice sums and what was set aside equal those of the twin.

    A contract that was waived, or whose meaning people changed (reopened, amended, an approval withdrawn), has none.
    """
    if twin is None:
        raise CanNotJudge("the scenario has no faults, so it is its own twin")
    mine, other = money_rows(view), twin["money"]
    waived = {
        str(e.get("subject"))
        for e in view.exceptions
        if e.get("state") == "waived"
        and not e.get("source")
        and any(act.verb == "waive" for act in view.desk.get(str(e.get("id")), ()))
    }
    altered = {
        number
        for number, sow in view.truth.sows.items()
        if not view.truth.altered.isdisjoint({number, str(sow.get("opportunity_id"))})
    }
    facts = Facts()
    for name in sorted(mine.keys() | other.keys()):
        if name.split("|")[0] in waived | altered:
            continue
        here, there = mine.get(name), other.get(name)
        facts.expect(here == there, f"{name}: {here or 'nothing'} with faults, {there or 'nothing'} without")
    return facts


def recovery(view: View, twin: dict[str, Any] | None) -> Facts:
    """INV-51: after an outage of length d the ERP has all it was owed within d*a/(s-a)*1.25 + 15 min, a and s from the twin."""
    windows = outage_spans(view.trail)
    if not windows or twin is None:
        raise CanNotJudge("no system was down or browned out for a time" if not windows else "there is no twin to measure")
    facts = Facts()
    posted = {int(k): int(v) for k, v in twin["posted"].items()}
    lost = {item.source for item in view.lost}
    for begin, end in windows:
        bound = end + drain_ms(posted, begin, end)
        for due in view.due.values():
            at = view.arrived.get(due.source)
            if due.source in view.set_aside or not was_held_up(due, at, (begin, end)):
                continue
            told = f"{due.source}, approved {when(due.approved_at)}, held up by the outage until {when(end)}"
            facts.checked += 1
            if at is None:
                if due.source in lost:
                    facts.wrong.append(f"{told}, was never posted")
            elif at > bound and at > (later := with_people(view, (due,), bound)):
                facts.late.append(f"{told}, was posted {when(at)}; the bound was {when(later)}")
        late_milestones(view, facts, (begin, end), bound)
        late_invoices(view, facts, (begin, end), bound)
    if not facts.checked:
        raise CanNotJudge("nothing fell due while a system was away")
    return facts


def with_people(view: View, dues: Sequence[Due], bound: int) -> int:
    """The bound, moved on by cases of the same work or contract that stood with people by then: what waits behind one is no backlog."""
    names = sorted({name for due in dues for name in (due.contract, due.source)})
    for begin, end in sorted(span for name in names for span in exception_spans(view, name)):
        if begin <= bound:
            bound = max(bound, end + SLACK_MS)
    return bound


def was_held_up(due: Due, at: int | None, window: Span) -> bool:
    """Was this approved in the window, or before it within a poll's time and not yet posted?"""
    begin, end = window
    return begin <= due.approved_at < end or (begin - POLL_MS <= due.approved_at < begin and (at is None or at >= begin))


def late_milestones(view: View, facts: Facts, window: Span, bound: int) -> None:
    """A milestone accepted in the window is billed within the bound; one that never was is INV-16's."""
    for key, (_, accepted_at, _) in view.milestones.items():
        if window[0] <= accepted_at < window[1] and key in view.billed:
            at = int(view.billed[key][0][0].row["_at"])
            facts.checked += 1
            if at > bound:
                facts.late.append(f"{key}, accepted in the outage, was billed {when(at)}; the bound was {when(bound)}")


def late_invoices(view: View, facts: Facts, window: Span, bound: int) -> None:
    """Invoices that were made after the window for work approved before it must be made within the bound."""
    cut_offs = [int(act.values["cut_off"]) for act in view.truth.desk if act.verb == "start_billing" and "cut_off" in act.values]
    for invoice in view.invoices.values():
        at = int(invoice.row["_at"])
        dues = [view.due[str(line.get("source"))] for line in invoice.lines if str(line.get("source")) in view.due]
        if not dues or at < window[1]:
            continue
        approved_at = max(due.approved_at for due in dues)
        asked = [cut for cut in cut_offs if window[0] <= cut < window[1] and cut >= approved_at]
        if asked and not any(cut > window[1] and cut <= at for cut in cut_offs):
            facts.checked += 1
            if at > bound and at > with_people(view, dues, bound):
                facts.late.append(f"{invoice.name}, asked for in the outage, was made {when(at)}; the bound was {when(bound)}")


def outage_spans(trail: Trail) -> list[Span]:
    """Windows of outages and brownouts that follow each other count as one."""
    spans: list[Span] = []
    for window in sorted((w for w in trail.windows if w.fault in OUTAGES and w.begin and w.end), key=lambda w: w.begin):
        if spans and window.begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], window.end))
        else:
            spans.append((window.begin, window.end))
    return spans


def drain_ms(posted: dict[int, int], begin: int, end: int) -> int:
    """The bound after the end of a window: a is what the twin was sent in it, s what it took in its busiest hour, each a ms."""
    length = end - begin
    arrived = sum(count for at, count in posted.items() if begin <= at * SLICE_MS < end)
    arrivals, service = arrived / length, busiest(posted) / RATE_MS
    if service <= arrivals:
        return length + SLACK_MS
    return round(length * arrivals / (service - arrivals) * FACTOR) + SLACK_MS


def busiest(posted: dict[int, int]) -> int:
    """The most that was posted within any hour, by slices."""
    return max((sum(posted.get(first + n, 0) for n in range(RATE_MS // SLICE_MS)) for first in posted), default=0)
