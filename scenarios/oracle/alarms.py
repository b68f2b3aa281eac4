"""Was somebody told in time, and nobody for nothing? The alerts a design says it raised, against what the fault plan did."""

from __future__ import annotations

from typing import Any

from scenarios.oracle.completeness import NO_CLAIMS
from scenarios.oracle.contract import when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import Span, merged, overlap_ms
from scenarios.oracle.trouble import core_down
from scenarios.oracle.view import View

HOUR_MS = 3_600_000
OUTAGE = "F-01"
DETECTION_MS_MAX = 2 * HOUR_MS  # at night a system is asked once an hour; it has to fail a few times before it counts as away
AFTERMATH_MS = 24 * HOUR_MS  # what a fault left behind may still be late for so long
FIELDS = ("at", "code", "system", "flow", "since")


def alerts(view: View) -> tuple[dict[str, Any], ...]:
    """[{at, code, system, flow, subject, since, cleared_at}, ...] as the design claims them, oldest first."""
    return tuple(sorted(view.trail.claims("alerts"), key=lambda alert: (alert.get("at") or 0, str(alert.get("code")))))


def alarms(view: View) -> Facts:
    """INV-55: an outage longer than the detection bound raises an alert about its system within the bound; calm raises none.

    The bound's clock stands still while the orchestrator itself is down.
    """
    if not view.has_claims or "alerts" not in (view.trail.evidence or {}):
        raise CanNotJudge(NO_CLAIMS)
    raised, facts, down = alerts(view), Facts(), core_down(view.trail)
    for system, begin, end in outages(view):
        by = begin + DETECTION_MS_MAX + overlap_ms((begin, end), down)
        seen = [a for a in raised if a.get("system") == system and begin <= int(a["at"]) <= by]
        facts.expect(
            bool(seen), f"the {system.upper()} was away from {when(begin)} to {when(end)}, and by {when(by)} nobody was told"
        )
    excused = faulty(view)
    facts.checked += 1  # that there were no others
    for alert in raised:
        absent = [name for name in FIELDS if alert.get(name) is None]
        facts.expect(not absent, f"an alert {alert.get('code')} {when(alert.get('at'))} lacks {', '.join(absent)}")
        at = int(alert.get("at") or 0)
        told = f"{alert.get('code')} of {alert.get('subject')} was told {when(at)}, late since {when(alert.get('since'))}"
        facts.expect(any(begin <= at <= end for begin, end in excused), f"{told}, and nothing was out of order")
    return facts


def outages(view: View) -> list[tuple[str, int, int]]:
    """(system, begin, end) of every outage longer than the bound while the orchestrator runs; what follows on each other is one."""
    found, down = [], core_down(view.trail)
    for system in ("crm", "psa", "erp"):
        spans = [(w.begin, w.end or view.trail.last_at) for w in view.trail.windows if is_whole_outage(w, system)]
        found += [(system, begin, end) for begin, end in merged(spans) if seen_ms(begin, end, down) > DETECTION_MS_MAX]
    return sorted(found, key=lambda one: one[1])


def seen_ms(begin: int, end: int, down: list[Span]) -> int:
    """How long of a span the orchestrator was there to see it."""
    return end - begin - overlap_ms((begin, end), down)


def is_whole_outage(window: Any, system: str) -> bool:
    """Is this a system that answers nobody, and not a part of its calls?"""
    return bool(window.fault == OUTAGE and window.system == system and window.begin and window.share >= 1)


def faulty(view: View) -> list[Span]:
    """When faults may strike, and for a day after."""
    first, last = view.trail.first_at, view.trail.last_at
    return [(w.begin or first, (w.end or last) + AFTERMATH_MS) for w in view.trail.windows]
