"""Key figures that speak of the business, as pure functions over rows. Durations in ms unless a name says hours.

What is late is `watch.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
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
class Book:
    """The rows everything here is computed from."""

    setups: Sequence[Setup] = ()
    items: Sequence[Item] = ()
    shown: Sequence[Shown] = ()
    rulings: Sequence[Ruling] = ()


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


def _figure(value: float | None, unit: str, per: int = 1) -> dict[str, Any]:
    return {"value": None if value is None else round(value / per, 4), "unit": unit}
