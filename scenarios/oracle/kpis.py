"""The figures people manage by, each with one definition (domain.md section 8). None where nothing was measured."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from scenarios.oracle.mirrors import mirrored, plain_status
from scenarios.oracle.money import in_usd
from scenarios.oracle.view import View

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
SENT = frozenset({"sent", "partially_paid", "paid"})


def kpis(view: View) -> dict[str, dict[str, Any]]:
    """{name: {"value": number | None, "unit": text}} in the order people read them. Money of several currencies is in USD."""
    setups, touched = set_up_times(view)
    deals = sum(contract.is_due for contract in view.contracts.values())
    untouched = [ms for number, ms in setups.items() if number not in touched]
    cycles = cycle_times(view)
    lags = sync_lags(view)
    resolved = [
        int(e["resolved_at"]) - int(e["opened_at"]) for e in view.exceptions if e.get("resolved_at") and e.get("opened_at")
    ]
    attempts = len(view.due) + deals + len(view.invoices)
    return {
        "setup_hours_p50": measured(percentile(list(setups.values()), 50), HOUR_MS, "h"),
        "setup_hours_p95": measured(percentile(untouched, 95), HOUR_MS, "h"),
        "invoice_cycle_hours_p50": measured(percentile(cycles, 50), HOUR_MS, "h"),
        "invoice_cycle_hours_p95": measured(percentile(cycles, 95), HOUR_MS, "h"),
        "unbilled_approved_value": {"value": in_usd(unbilled(view)), "unit": "USD"},
        "sync_lag_minutes_p95": measured(percentile(lags, 95), MINUTE_MS, "min"),
        "exception_rate": {
            "value": round(len(view.exceptions) / attempts, 4) if attempts and view.has_claims else None,
            "unit": "ratio",
        },
        "exception_resolution_hours_p50": measured(percentile(resolved, 50), HOUR_MS, "h"),
        "touchless_share": {"value": round(len(untouched) / deals, 4) if deals and view.has_claims else None, "unit": "ratio"},
        "leakage_ratio": {"value": leakage(view), "unit": "ratio"},
    }


def measured(ms: float | None, unit_ms: int, unit: str) -> dict[str, Any]:
    return {"value": None if ms is None else round(ms / unit_ms, 3), "unit": unit}


def percentile(values: list[int], share: int) -> float | None:
    """The smallest value that at least `share` of 100 do not pass; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return float(ordered[max(0, -(-share * len(ordered) // 100) - 1)])


def set_up_times(view: View) -> tuple[dict[str, int], frozenset[str]]:
    """({SOW: ms from won and signed until the whole set-up stood}, SOWs whose set-up a human had to touch)."""
    times: dict[str, int] = {}
    for contract in view.contracts.values():
        active = contract.active_at
        if contract.is_due and active is not None:
            times[contract.number] = max(0, active - contract.due_since)
    touched = frozenset(str(e.get("subject")) for e in view.exceptions if str(e.get("run", "")).startswith("activate"))
    return times, touched


def cycle_times(view: View) -> list[int]:
    """Ms from the last approval on an invoice to its sending; of invoices that were sent."""
    found = []
    for invoice in view.invoices.values():
        moves = view.books.timeline("erp", "invoice", invoice.id, "status")
        sent_at = next((at for at, status in moves if plain_status(status) in SENT), None)
        if sent_at is None:
            continue
        approved = [
            view.due[str(line.get("source"))].approved_at for line in invoice.lines if str(line.get("source")) in view.due
        ]
        approved += [
            view.milestones[str(line.get("source"))][1] for line in invoice.lines if str(line.get("source")) in view.milestones
        ]
        if approved:
            found.append(max(0, sent_at - max(approved)))
    return found


def sync_lags(view: View) -> list[int]:
    """Ms from each status of a mirrored invoice in the ERP to the CRM showing it or a later one; to the end if it never did."""
    lags = []
    for _, invoice, mirror, _ in mirrored(view):
        copies = [(at, plain_status(value)) for at, value in view.books.timeline("crm", "invoice_mirror", mirror, "status")]
        truth = [(at, plain_status(value)) for at, value in view.books.timeline("erp", "invoice", invoice.id, "status")]
        for index, (at, _) in enumerate(truth):
            later = {status for _, status in truth[index:]}
            seen = next((moment for moment, status in copies if moment >= at and status in later), view.trail.last_at)
            lags.append(max(0, seen - at))
    return lags


def unbilled(view: View) -> dict[str, int]:
    """{currency: minor units} approved, not billed, not set aside."""
    total: dict[str, int] = defaultdict(int)
    for item in view.lost:
        total[item.currency] += item.net or 0
    for key, (contract, accepted_at, amount) in view.milestones.items():
        if accepted_at and key not in view.billed:
            total[str(contract.sow.get("currency") or "USD")] += amount
    return total


def leakage(view: View) -> float | None:
    """(expected billable - billed - set aside) / expected. A line billed too low leaks the rest; one too high repairs nothing.

    What was never booked because no project stood is not in it, nor, in designs without a desk, what did not fit under its cap.
    """
    expected, leaked = defaultdict[str, int](int), unbilled(view)
    for item in view.due.values():
        expected[item.currency] += item.net or 0
        if item.source in view.billed:
            billed = sum(int(line.get("net") or 0) for _, line in view.billed[item.source])
            leaked[item.currency] = leaked.get(item.currency, 0) + max(0, (item.net or 0) - billed)
    for contract, accepted_at, amount in view.milestones.values():
        if accepted_at:
            expected[str(contract.sow.get("currency") or "USD")] += amount
    whole = in_usd(expected)
    return round(in_usd(leaked) / whole, 5) if whole else None
