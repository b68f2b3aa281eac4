"""Signals: what stands still too long without anybody knowing, one for each code, system and flow; raised once, cleared once."""

from __future__ import annotations

import pytest

from orchestrator.observe.watch import MINUTE_MS, Limits, Pulse, Signal, Trying, Unread, signals
from orchestrator.policies.breaker import BreakerLimits
from orchestrator.policies.gate import Door, Gate
from orchestrator.store.alerts import Alerts, Raised
from orchestrator.store.database import Database

LIMITS = Limits()
LATE: dict[str, tuple[Pulse, int, Signal]] = {
    "a system that is away": (
        Pulse(away={"erp": 0}),
        LIMITS.unreachable_ms,
        Signal("system_unreachable", "erp", "all", "erp", 0),
    ),
    "a poll that fails": (
        Pulse(unread=(Unread("feed", "psa", 0),)),
        LIMITS.unread_ms,
        Signal("source_not_read", "psa", "feed", "feed", 0),
    ),
    "a set-up that backs off": (
        Pulse(trying=(Trying("activate:S-1", "activate-project", "erp", 0),)),
        LIMITS.stuck_ms,
        Signal("closed_won_without_project", "erp", "set-up", "activate:S-1", 0),
    ),
    "work that is not posted": (
        Pulse(trying=(Trying("time:1", "post-work", "erp", 0),)),
        LIMITS.stuck_ms,
        Signal("time_stuck_before_billing", "erp", "time-to-billing", "time:1", 0),
    ),
    "an invoice no mirror shows": (
        Pulse(unshown=(("INV-1", 0),)),
        LIMITS.unshown_ms,
        Signal("late_invoice_status", "crm", "status", "INV-1", 0),
    ),
    "notices nobody takes": (
        Pulse(pending_since=0),
        LIMITS.backlog_ms,
        Signal("backlog_too_old", "crm", "intake", "inbox", 0),
    ),
}


@pytest.mark.parametrize("name", LATE)
def test_a_thing_is_late_only_past_its_limit(name):
    """At the limit nothing is said, a millisecond later it is."""
    pulse, limit, signal = LATE[name]
    assert (signals(pulse, limit, LIMITS), signals(pulse, limit + 1, LIMITS)) == ([], [signal])


def test_no_calls_left_is_told_at_once_and_not_for_ever():
    """The last such answer is remembered for two hours."""
    pulse = Pulse(spent={"crm": 100})
    assert [len(signals(pulse, 100 + ms, LIMITS)) for ms in (0, LIMITS.quota_ms, LIMITS.quota_ms + 1)] == [1, 1, 0]


def test_many_that_are_late_for_one_reason_are_one_signal():
    """It names the one that has waited longest."""
    stuck = tuple(Trying(f"time:{n}", "post-work", "erp", n) for n in (3, 1, 2))
    assert [signal.subject for signal in signals(Pulse(trying=stuck), 10**9, LIMITS)] == ["time:1"]


def test_an_alert_is_raised_once_and_cleared_when_it_is_over():
    """Standing, it writes nothing; gone and back again, it is a new one."""
    now = [1]
    database = Database(":memory:")
    alerts = Alerts(database, lambda: now[0])
    signal = Signal("system_unreachable", "erp", "all", "erp", 0)
    raised = [len(alerts.keep(seen)) for seen in ([signal], [signal], [], [])]
    commits, now[0] = database.commits, 9
    raised.append(len(alerts.keep([signal])))
    assert (raised, commits) == ([1, 0, 0, 0, 1], 2)
    assert alerts.all() == [
        Raised(1, "system_unreachable", "erp", "all", "erp", 0, 1),
        Raised(9, "system_unreachable", "erp", "all", "erp", 0, None),
    ]


def test_a_breaker_is_away_from_its_first_opening_until_it_closes():
    """Trials that fail do not start the count again."""
    now = [MINUTE_MS]
    gate = Gate(Door("erp", limits=BreakerLimits(failures_max=1)), lambda: now[0])
    gate.leave(answered=False)
    seen = [gate.breaker.away_since]
    now[0] = 2 * MINUTE_MS
    assert gate.breaker.held_ms() == 0
    gate.leave(answered=False)
    seen.append(gate.breaker.away_since)
    now[0] = 9 * MINUTE_MS
    assert gate.breaker.held_ms() == 0
    gate.leave(answered=True)
    assert [*seen, gate.breaker.away_since] == [MINUTE_MS, MINUTE_MS, 0]
