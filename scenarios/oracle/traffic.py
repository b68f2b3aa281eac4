"""Calls as the vendors saw them: what was repeated, how often, how soon, how many at once. Kept small while it streams."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenarios.history import Call

HOUR_MS = 3_600_000
RETRYABLE = frozenset({"stranger", "throttled", "quota", "locked", "unavailable", "server_error", ""})
ATTEMPTS_MAX = 12
LANES = {"erp": 15}  # NetSuite's account limit for the simulated tier
ASKING = ("token",)


@dataclass
class Traffic:
    """Facts about calls. `refusals` remembers permanent refusals of writes; `correlations` who caused which key."""

    calls: int = 0
    writes: int = 0
    refusals: dict[tuple[str, str, str, str], list[int]] = field(default_factory=dict)
    waits: dict[tuple[str, str], int] = field(default_factory=dict)
    attempts: dict[tuple[str, str, str, str], list[int]] = field(default_factory=dict)
    impatient: list[str] = field(default_factory=list)
    peak: dict[str, tuple[int, int]] = field(default_factory=dict)
    correlations: dict[tuple[str, str], str] = field(default_factory=dict)
    uncorrelated: list[str] = field(default_factory=list)
    illegal: list[str] = field(default_factory=list)
    hourly: dict[int, int] = field(default_factory=dict)
    told_to_wait: int = 0
    integrations: dict[tuple[str, str], int] = field(default_factory=dict)  # (system, user) -> calls

    def take(self, call: Call) -> None:
        """Fold one call in."""
        self.calls += 1
        hour = call.at - call.at % HOUR_MS
        self.hourly[hour] = self.hourly.get(hour, 0) + 1
        if call.user:
            user = (call.system, call.user)
            self.integrations[user] = self.integrations.get(user, 0) + 1
        if call.in_flight > self.peak.get(call.system, (0, 0))[0]:
            self.peak[call.system] = (call.in_flight, call.at)
        if call.wait_ms or self.waits:
            self._waited(call)
        if call.error in ("illegal_transition", "frozen"):
            self.illegal.append(f"{call.system} {call.method} {call.path}: {call.error}")
        if call.method != "GET" and call.found < 0 and call.operation not in ASKING:
            self._write(call)

    def _waited(self, call: Call) -> None:
        key = (call.system, call.path)
        due = self.waits.pop(key, 0)
        if due and call.at < due:
            self.impatient.append(f"{call.system} {call.path} came {due - call.at} ms before the told wait was over")
        if call.wait_ms:
            self.told_to_wait += 1
            self.waits[key] = call.ended_at + call.wait_ms

    def _write(self, call: Call) -> None:
        self.writes += 1
        same = (call.system, call.method, call.path, call.body)
        if call.effect:
            self.attempts.pop(same, None)
            if call.key:
                self._caused(call)
        elif call.status == 0 or call.error in RETRYABLE:
            self.attempts.setdefault(same, []).append(call.at)
        elif call.status >= 400:
            self.refusals.setdefault(same, []).append(call.at)

    def _caused(self, call: Call) -> None:
        self.correlations.setdefault((call.system, call.key), call.correlation)
        if not call.correlation:
            self.uncorrelated.append(f"{call.system} {call.operation} {call.key}")
