"""What stands still without anybody knowing, as signals: pure functions over what is open now. Durations in ms.

What lies on the exceptions desk has an owner and a due time: it is no signal. A signal speaks for all of one code, system and
flow; its subject is the one that has waited longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MINUTE_MS = 60_000
# process -> (what a stuck run of it is called, the flow it belongs to)
FLOWS = {
    "activate-project": ("closed_won_without_project", "set-up"),
    "post-work": ("time_stuck_before_billing", "time-to-billing"),
    "bill": ("billing_held_up", "billing"),
    "billing-run": ("billing_held_up", "billing"),
    "bill-milestone": ("milestone_not_billed", "billing"),
    "mirror-crm": ("late_invoice_status", "status"),
    "mirror-psa": ("late_invoice_status", "status"),
}


@dataclass(frozen=True)
class Limits:
    """How long each thing may last before somebody is told."""

    unreachable_ms: int = 15 * MINUTE_MS
    unread_ms: int = 60 * MINUTE_MS
    backlog_ms: int = 30 * MINUTE_MS
    stuck_ms: int = 120 * MINUTE_MS
    unshown_ms: int = 60 * MINUTE_MS
    quota_ms: int = 120 * MINUTE_MS
    """How long an answer of "no calls left" is remembered."""


@dataclass(frozen=True)
class Trying:
    """One run that backs off: its process, the system that keeps it waiting ("" unknown), since when it was seen so."""

    run: str
    process: str
    system: str
    since: int


@dataclass(frozen=True)
class Unread:
    """One poll that fails: the flow it feeds, the system it asks, since when."""

    poll: str
    system: str
    since: int


@dataclass(frozen=True)
class Pulse:
    """What is open at one instant. `away`: {system: since when its breaker is not closed}; `spent`: {system: last "no calls left"}."""

    away: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    unread: Sequence[Unread] = ()
    trying: Sequence[Trying] = ()
    unshown: Sequence[tuple[str, int]] = ()
    pending_since: int | None = None


@dataclass(frozen=True)
class Signal:
    """Something the business should know. `since` is when it began."""

    code: str
    system: str
    flow: str
    subject: str
    since: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two signals the same alert."""
        return self.code, self.system, self.flow


def signals(pulse: Pulse, now: int, limits: Limits) -> list[Signal]:
    """All that stands still for too long now, one for each code, system and flow."""
    found = [Signal("system_unreachable", s, "all", s, at) for s, at in pulse.away.items() if now - at > limits.unreachable_ms]
    found += [Signal("quota_gone", s, "all", s, at) for s, at in pulse.spent.items() if now - at <= limits.quota_ms]
    found += [
        Signal("source_not_read", each.system, each.poll, each.poll, each.since)
        for each in pulse.unread
        if now - each.since > limits.unread_ms
    ]
    found += [stuck(run) for run in pulse.trying if now - run.since > limits.stuck_ms]
    found += [
        Signal("late_invoice_status", "crm", "status", invoice, at)
        for invoice, at in pulse.unshown
        if now - at > limits.unshown_ms
    ]
    if pulse.pending_since is not None and now - pulse.pending_since > limits.backlog_ms:
        found.append(Signal("backlog_too_old", "crm", "intake", "inbox", pulse.pending_since))
    return oldest(found)


def stuck(run: Trying) -> Signal:
    """A run that has backed off for too long, in the words of its flow."""
    code, flow = FLOWS.get(run.process, ("run_held_up", run.process))
    return Signal(code, run.system, flow, run.run, run.since)


def oldest(found: Iterable[Signal]) -> list[Signal]:
    """One signal a key: the one that began first; in order of their beginning."""
    best: dict[tuple[str, str, str], Signal] = {}
    for signal in found:
        held = best.get(signal.key)
        if held is None or (signal.since, signal.subject) < (held.since, held.subject):
            best[signal.key] = signal
    return sorted(best.values(), key=lambda signal: (signal.since, signal.key))
