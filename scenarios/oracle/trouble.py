"""When was the world out of order? Spans of time that a promise may be late by, from the fault plan and from what struck.

Only a system that is away or browned out, whole or in part, stops a promise's clock for its whole window and the time to drain.
Any other fault is a moment: it stops the clock for as long as one patient retry takes, from each time it struck.
"""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.oracle.hours import Span, merged
from scenarios.oracle.trail import Trail

DRAIN_MS = 30 * 60_000
AWAY = frozenset({"F-01", "F-02", "F-03", "F-05", "F-10", "F-11", "F-12"})
CORE_AWAY = frozenset({"F-75", "F-77"})  # the orchestrator itself was down, or took nothing in


DOWN = "F-75"


def core_down(trail: Trail) -> list[Span]:
    """When the orchestrator itself was down, merged: a program that does not run tells nobody anything."""
    return merged([(w.begin, w.end or trail.last_at) for w in trail.windows if w.fault == DOWN and w.begin])


def troubles(trail: Trail, systems: Iterable[str] = ("crm", "psa", "erp")) -> list[Span]:
    """Spans in which any of the systems was away or had just been struck, merged."""
    wanted = frozenset(systems)
    down = [w for w in trail.windows if (w.fault in AWAY and w.system in wanted) or w.fault in CORE_AWAY]
    away = [(w.begin, w.end + DRAIN_MS) for w in down if w.begin and w.end]
    struck = [(begin, end) for system in sorted(wanted) for begin, end in trail.struck.get(system, ())]
    return merged([*away, *struck])
