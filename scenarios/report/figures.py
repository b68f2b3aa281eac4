"""Numbers, instants and foreign text as people read them. Pure; the same in the terminal and on the page.

Nothing here rounds twice: a figure is formatted from the value in the verdict, and never feeds another figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# Control characters, lone surrogates, and the marks that turn the direction of text around.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
NOTHING = "-"
MINUTES_PER_HOUR = 60


def clean(text: str) -> str:
    """Without characters that a terminal or a browser would obey instead of showing."""
    return UNPRINTABLE.sub("?", text)


def one_line(text: str, length_max: int) -> str:
    """Clean text with single spaces, cut with an ellipsis after `length_max` characters."""
    joined = " ".join(clean(text).split())
    return joined if len(joined) <= length_max else joined[: length_max - 3] + "..."


def figure(kpi: Mapping[str, Any]) -> str:
    """One figure with its unit; a dash when nothing was measured."""
    value, unit = kpi.get("value"), str(kpi.get("unit") or "")
    if value is None:
        return NOTHING
    if unit == "ratio":
        return f"{100 * value:,.2f}%"
    if unit == "h":
        return span_text(value * MINUTES_PER_HOUR)
    if unit == "min":
        return span_text(value)
    return usd(value) if unit == "USD" else f"{value:,} {unit}".strip()


def span_text(minutes: float) -> str:
    """`29 min`, `30.5 h`; below a minute only that it is."""
    if minutes < 1:
        return "under 1 min"
    return f"{minutes:,.0f} min" if minutes < MINUTES_PER_HOUR else f"{minutes / MINUTES_PER_HOUR:,.1f} h"


def usd(value: float) -> str:
    """Whole dollars, and cents where they are the point: below a hundred."""
    amount = value + 0.0  # -0.0 becomes 0.0
    return f"USD {amount:,.2f}" if 0 < abs(amount) < 100 else f"USD {amount:,.0f}"


def short(value: float) -> str:
    """A number for an axis: 950, 1.5k, 300k, 2M."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if abs(value) >= size:
            return f"{value / size:,.1f}".removesuffix(".0") + unit
    return f"{value:,.1f}".removesuffix(".0")


def hours(value: float) -> str:
    """`1 hour`, `10,627.75 hours`."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{text} hour" + ("" if value == 1 else "s")


def counted(count: int, one: str, many: str = "") -> str:
    """`1 invoice`, `92 invoices`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def minute_text(at_ms: int) -> str:
    """`31 Mar 2026 17:00`, UTC."""
    at = moment(at_ms)
    return f"{at.day} {at:%b %Y %H:%M}"


def day_text(at_ms: int) -> str:
    """`31 Mar 2026`, UTC."""
    at = moment(at_ms)
    return f"{at.day} {at:%b %Y}"


def window_text(begin: int | None, end: int | None) -> str:
    """From when to when, UTC; the date once when it is one day."""
    if begin is None and end is None:
        return "all along"
    if begin is None or end is None:
        return f"until {minute_text(end)}" if begin is None and end is not None else f"from {minute_text(begin or 0)}"
    same_day = day_text(begin) == day_text(end)
    return f"{minute_text(begin)} to {moment(end):%H:%M}" if same_day else f"{minute_text(begin)} to {minute_text(end)}"
