"""Alerts and key figures that speak of the business, as pure functions over rows. Durations in ms unless a name says hours.

What is parked on the exceptions desk has an owner and a due time already: detectors look for what is stuck without anybody
knowing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Setup:
    """One sold SOW on its way to a live project. `ready_at`: won and signed; `active_at` None: not yet."""

    sow: str
    ready_at: int
    active_at: int | None = None
    touched: bool = False
    parked: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Item:
    """One approved entry or expense on its way to billing. `amount_minor` is its net; `settled_at` None: not posted yet."""

    source: str
    sow: str
    approved_at: int
    settled_at: int | None = None
    invoiced: bool = False
    parked: bool = False
    amount_minor: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Shown:
    """One change of an invoice on its way to the mirrors. `shown_at` None: not yet."""

    invoice: str
    changed_at: int
    shown_at: int | None = None
    parked: bool = False


@dataclass(frozen=True)
class Ruling:
    """One exception as far as figures need it."""

    code: str
    queue: str
    opened_at: int
    resolved_at: int | None = None


@dataclass(frozen=True)
class Alert:
    """Something that is late without anybody knowing. `late_ms` is the time past the limit."""

    name: str
    subject: str
    since: int
    late_ms: int


@dataclass(frozen=True)
class Limits:
    """How long each thing may take before it is an alert."""

    setup_ms: int = 4 * HOUR_MS
    posting_ms: int = 2 * HOUR_MS
    mirror_ms: int = HOUR_MS


def won_without_project(setups: Iterable[Setup], now: int, limit_ms: int) -> list[Alert]:
    """Sold and signed, but no live project and no exception within the limit."""
    waiting = [(s.sow, s.ready_at) for s in setups if s.active_at is None and not s.parked and not s.ended]
    return _late("closed_won_without_project", waiting, now, limit_ms)


def time_before_billing(items: Iterable[Item], now: int, limit_ms: int) -> list[Alert]:
    """Approved, but neither posted to billing nor parked within the limit."""
    waiting = [(item.source, item.approved_at) for item in items if item.settled_at is None and not item.parked]
    return _late("time_stuck_before_billing", waiting, now, limit_ms)


def late_status(shown: Iterable[Shown], now: int, limit_ms: int) -> list[Alert]:
    """The ERP changed an invoice and a mirror does not show it within the limit."""
    waiting = [(row.invoice, row.changed_at) for row in shown if row.shown_at is None and not row.parked]
    return _late("late_invoice_status", waiting, now, limit_ms)


@dataclass(frozen=True)
class Book:
    """The rows everything here is computed from."""

    setups: Sequence[Setup] = ()
    items: Sequence[Item] = ()
    shown: Sequence[Shown] = ()
    rulings: Sequence[Ruling] = ()


def alerts(book: Book, now: int, limits: Limits) -> list[Alert]:
    """All that is late now, the latest first."""
    found = won_without_project(book.setups, now, limits.setup_ms)
    found += time_before_billing(book.items, now, limits.posting_ms)
    found += late_status(book.shown, now, limits.mirror_ms)
    return sorted(found, key=lambda alert: (-alert.late_ms, alert.name, alert.subject))


def key_figures(book: Book) -> dict[str, dict[str, Any]]:
    """{name: {value, unit}}; a figure nothing can be said about is None."""
    setup = [s.active_at - s.ready_at for s in book.setups if s.active_at is not None]
    lag = [row.shown_at - row.changed_at for row in book.shown if row.shown_at is not None]
    resolution = [r.resolved_at - r.opened_at for r in book.rulings if r.resolved_at is not None]
    done = [s for s in book.setups if s.active_at is not None]
    unbilled: dict[str, int] = {}
    for item in book.items:
        if not item.invoiced:
            unbilled[item.currency] = unbilled.get(item.currency, 0) + item.amount_minor
    attempts = len(book.setups) + len(book.items)
    return {
        "setup_hours_p50": _figure(percentile(setup, 50), "h", HOUR_MS),
        "setup_hours_p95": _figure(percentile(setup, 95), "h", HOUR_MS),
        "sync_lag_minutes_p95": _figure(percentile(lag, 95), "min", 60_000),
        "exception_rate": _figure(len(book.rulings) / attempts if attempts else None, "share"),
        "exception_resolution_hours_p50": _figure(percentile(resolution, 50), "h", HOUR_MS),
        "touchless_share": _figure(sum(not s.touched for s in done) / len(done) if done else None, "share"),
        "unbilled_approved_value": {"value": dict(sorted(unbilled.items())), "unit": "minor units by currency"},
    }


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile; None of nothing."""
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(rank, 1) - 1]


def _late(name: str, waiting: Iterable[tuple[str, int]], now: int, limit_ms: int) -> list[Alert]:
    return [Alert(name, subject, since, now - since - limit_ms) for subject, since in waiting if now - since > limit_ms]


def _figure(value: float | None, unit: str, per: int = 1) -> dict[str, Any]:
    return {"value": None if value is None else round(value / per, 4), "unit": unit}
