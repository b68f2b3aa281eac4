"""Series and events of a run for the report: by simulated day what was waiting, unbilled and open, and what happened."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any

from scenarios.oracle.contract import money
from scenarios.oracle.hours import merged
from scenarios.oracle.money import in_usd
from scenarios.oracle.view import View

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
EVENTS_MAX = 80
CLOSE_UPS_MAX = 3
CLOSE_UP_STEP_MS = HOUR_MS // 2
SHORT_MS_MAX = 3 * DAY_MS  # a fault that lasts longer shows on the daily series


def story(view: View) -> dict[str, Any]:
    """{"days": [date, ...], "series": {name: [per day]}, "faults": [...], "events": [...], "totals": {...}}; plain data."""
    first, last = view.trail.first_at, view.trail.last_at
    begin = first - first % DAY_MS
    ends = [begin + (n + 1) * DAY_MS for n in range(max(1, -(-(last - begin) // DAY_MS)))]
    days = [(datetime.fromtimestamp(begin / 1000, UTC) + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(len(ends))]
    return {
        "days": days,
        "series": {
            "backlog": backlog(view, ends),
            "unbilled": unbilled_by_day(view, ends),
            "exceptions": open_exceptions(view, ends),
            "calls": calls_by_day(view, ends),
            "invoices": invoices_by_day(view, ends),
        },
        "close_ups": close_ups(view),
        "desks": desks(view),
        "faults": [
            {"id": w.fault, "system": w.system, "from": w.begin or first, "to": w.end or last, "share": w.share}
            for w in view.trail.windows
        ],
        "strikes": {f"{fault} {system}": count for (fault, system), (count, _, _) in view.trail.strikes.items()},
        "events": events(view),
        "totals": totals(view),
        "from": first,
        "to": last,
    }


def backlog(view: View, ends: list[int]) -> list[int]:
    """Approved billable items that were not yet in the ERP (posted or set aside) at the end of each day."""
    aside = {source: int(e.get("opened_at") or 0) for source, e in view.set_aside.items()}
    spans = [
        (item.approved_at, view.arrived.get(item.source) or aside.get(item.source) or 2**62, 1) for item in view.due.values()
    ]
    return [round(x) for x in standing(spans, ends)]


def unbilled_by_day(view: View, ends: list[int]) -> list[float]:
    """USD approved, not yet invoiced nor set aside, at the end of each day."""
    aside = {source: int(e.get("opened_at") or 0) for source, e in view.set_aside.items()}
    spans = []
    for item in view.due.values():
        billed = view.billed.get(item.source)
        end = int(billed[0][0].row["_at"]) if billed else aside.get(item.source) or 2**62
        spans.append((item.approved_at, end, in_usd({item.currency: item.net or 0})))
    return [round(x, 2) for x in standing(spans, ends)]


def open_exceptions(view: View, ends: list[int]) -> list[int]:
    spans = [(int(e.get("opened_at") or 0), int(e.get("resolved_at") or 2**62), 1) for e in view.exceptions]
    return [round(x) for x in standing(spans, ends)]


def standing(spans: list[Any], ends: list[int]) -> list[float]:
    """The weight of spans (begin, end, weight) that cover each instant."""
    steps = [0.0] * (len(ends) + 1)
    for begin, end, weight in spans:
        since, until = bisect_right(ends, begin - 1), bisect_right(ends, end - 1)
        if since < until:
            steps[since] += weight
            steps[until] -= weight
    out, level = [], 0.0
    for step in steps[: len(ends)]:
        level += step
        out.append(level)
    return out


def calls_by_day(view: View, ends: list[int]) -> list[int]:
    counts = [0] * len(ends)
    for hour, count in view.trail.traffic.hourly.items():
        index = min(bisect_right(ends, hour), len(ends) - 1)
        counts[index] += count
    return counts


def invoices_by_day(view: View, ends: list[int]) -> list[int]:
    """Invoices made on each day."""
    counts = [0] * len(ends)
    for invoice in view.invoices.values():
        counts[min(bisect_right(ends, int(invoice.row["_at"])), len(ends) - 1)] += 1
    return counts


def close_ups(view: View) -> list[dict[str, Any]]:
    """[{"from", "step_ms", "backlog": [per step], "unbilled": [per step]}]: half-hours from 12 h before short faults to 24 h after."""
    short = [w for w in view.trail.windows if w.begin and w.end and w.end - w.begin <= SHORT_MS_MAX]
    found = []
    for begin, end in list(merged((w.begin - 12 * HOUR_MS, w.end + 24 * HOUR_MS) for w in short))[:CLOSE_UPS_MAX]:
        first = begin - begin % HOUR_MS
        ends = list(range(first + CLOSE_UP_STEP_MS, end + CLOSE_UP_STEP_MS, CLOSE_UP_STEP_MS))
        found.append(
            {
                "from": first,
                "step_ms": CLOSE_UP_STEP_MS,
                "backlog": backlog(view, ends),
                "unbilled": unbilled_by_day(view, ends),
            }
        )
    return found


def desks(view: View) -> dict[str, str]:
    """{exception code: the queues it went to}."""
    found: dict[str, set[str]] = {}
    for item in view.exceptions:
        found.setdefault(str(item.get("code")), set()).add(str(item.get("queue") or ""))
    return {code: ", ".join(sorted(queues)) for code, queues in sorted(found.items())}


def events(view: View) -> list[dict[str, Any]]:
    """Things worth a line: outages, exceptions opened, invoices made in the biggest hours; oldest first, bounded."""
    found: list[tuple[int, str]] = []
    for window in view.trail.windows:
        if window.begin and window.end:
            found.append((window.begin, f"{window.fault} strikes the {window.system.upper()}"))
            found.append((window.end, f"{window.fault} on the {window.system.upper()} is over"))
    made: dict[int, list[Any]] = {}
    for invoice in view.invoices.values():
        made.setdefault(int(invoice.row["_at"]) // HOUR_MS * HOUR_MS, []).append(invoice)
    for hour, invoices in made.items():
        if len(invoices) > 2:
            value = in_usd(sum_by_currency(invoices))
            found.append((hour, f"{len(invoices)} invoices posted, USD {value:,.0f}"))
    for item in view.exceptions:
        amount = money(item["amount_minor"], str(item.get("currency") or "")) if item.get("amount_minor") else ""
        found.append((int(item.get("opened_at") or 0), f"{item.get('code')} on {item.get('subject')} {amount}".strip()))
    kept = sorted(found)[:EVENTS_MAX]
    return [{"at": at, "text": text} for at, text in kept]


def sum_by_currency(invoices: list[Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for invoice in invoices:
        currency = str(invoice.row.get("currency"))
        total[currency] = total.get(currency, 0) + int(invoice.row.get("net") or 0)
    return total


def totals(view: View) -> dict[str, Any]:
    """Counts and sums for the first sentence of the report: what was sold, worked, billed; lost, doubled, half done."""
    doubled = {s: found for s, found in view.billed.items() if s and len(found) > 1}
    lost = view.lost
    half = [c.number for c in view.contracts.values() if bool(c.live_jobs) != bool(c.live_workspaces)]
    return {
        "deals": sum(c.is_due for c in view.contracts.values()),
        "hours": round(sum(item.work.minutes for item in view.due_time.values()) / 60, 2),
        "invoices": len(view.invoices),
        "billed_usd": in_usd(sum_by_currency(list(view.invoices.values()))),
        "lost": {"items": len(lost), "hours": round(sum(i.work.minutes for i in lost) / 60, 2), "usd": in_usd(sum_due(lost))},
        "doubled": {"items": len(doubled), "usd": in_usd(sum_doubled(doubled))},
        "half_done": half,
        "set_aside": {"items": len(view.set_aside), "usd": in_usd(sum_due([view.due[s] for s in view.set_aside]))},
        "people_acts": view.truth.acts,
        "slips": dict(view.truth.slips),
    }


def sum_due(items: list[Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for item in items:
        total[item.currency] = total.get(item.currency, 0) + (item.net or 0)
    return total


def sum_doubled(doubled: dict[str, list[Any]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for found in doubled.values():
        for invoice, line in found[1:]:
            currency = str(invoice.row.get("currency"))
            total[currency] = total.get(currency, 0) + int(line.get("net") or 0)
    return total
