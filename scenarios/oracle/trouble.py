"""When was the world out of order? Fault windows of the plan, as spans of time that a promise may be late by."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.oracle.hours import Span, merged
from scenarios.oracle.trail import Trail

DRAIN_MS = 30 * 60_000
SLOWING = frozenset({"F-01", "F-02", "F-04", "F-07", "F-08", "F-09", "F-20", "F-27", "F-34"})
LATE_NEWS = frozenset({"F-16", "F-17", "F-18", "F-23"})
RETRY_MS = 60 * 60_000  # what a fault over the whole run may cost one promise: a few attempts with backoff


def troubles(trail: Trail, systems: Iterable[str] = ("crm", "psa", "erp")) -> list[Span]:
    """Windows in which any of the systems was struck by a fault with an end, each with its time to drain, merged."""
    wanted = frozenset(systems)
    return merged(
        (w.begin, w.end + DRAIN_MS) for w in trail.windows if w.fault in SLOWING and w.system in wanted and w.begin and w.end
    )


def allowance_ms(trail: Trail, systems: Iterable[str] = ("crm", "psa", "erp")) -> int:
    """Extra time a promise may take because faults without an end strike these systems all along."""
    wanted = frozenset(systems)
    return RETRY_MS if any(w.fault in SLOWING and w.system in wanted and not (w.begin and w.end) for w in trail.windows) else 0
