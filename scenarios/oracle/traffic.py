"""Calls as the vendors saw them: what was repeated, how often, how soon, how many at once. Kept small while it streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from scenarios.history import Call

HOUR_MS = 3_600_000
RETRYABLE = frozenset({"stranger", "throttled", "quota", "locked", "unavailable", "read_only_mode", "server_error", ""})
SIGNED_OUT = "stranger"
ATTEMPTS_MAX = 12
REMEMBERED_MAX = 1_000
LANES = {"erp": 15}  # NetSuite's account limit for the simulated tier
ASKING = ("token", "suiteql")  # sent by POST, and yet no writes: a sign-in, and a question that is asked again at every poll
Same = tuple[str, str, str, str]  # (system, method, path, digest of the body)


class Series(NamedTuple):
    """Instants at which one and the same write failed in a row, and the correlation it was for."""

    correlation: str
    at: list[int]


@dataclass
class Traffic:
    """Facts about calls. `refusals`: permanent refusals of writes, `attempts`: retryable ones, both since the last success.

    `long` holds finished series that deserve a look: more than ATTEMPTS_MAX tries before it worked.
    """

    calls: int = 0
    writes: int = 0
    refusals: dict[Same, Series] = field(default_factory=dict)
    refused_again: list[tuple[Same, Series]] = field(default_factory=list)
    attempts: dict[Same, Series] = field(default_factory=dict)
    long: list[tuple[Same, Series]] = field(default_factory=list)
    waits: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # (system, path) -> (told at, not before)
    impatient: list[str] = field(default_factory=list)
    peak: dict[str, tuple[int, int]] = field(default_factory=dict)
    refused: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # (system, end of path) -> refusals of writes
    correlations: dict[tuple[str, str], str] = field(default_factory=dict)
    illegal: list[str] = field(default_factory=list)
    hourly: dict[int, int] = field(default_factory=dict)
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
        if call.error in ("illegal_transition", "frozen") and len(self.illegal) < REMEMBERED_MAX:
            self.illegal.append(f"{call.system} {call.method} {call.path}: {call.error}")
        if call.method != "GET" and call.found < 0 and call.operation not in ASKING:
            self._write(call)

    def _waited(self, call: Call) -> None:
        """A call that began after the wait was told and before it was over is impatient; one that was under way is not."""
        key = (call.system, call.path)
        told, due = self.waits.get(key, (0, 0))
        if told <= call.at < due and len(self.impatient) < REMEMBERED_MAX:
            self.impatient.append(f"{call.system} {call.path} came {due - call.at} ms before the told wait was over")
        if call.wait_ms:
            self.waits[key] = (call.ended_at, call.ended_at + call.wait_ms)
        elif due and call.at >= due:
            del self.waits[key]

    def _write(self, call: Call) -> None:
        self.writes += 1
        same = (call.system, call.method, call.path, call.body)
        if call.status in (300, 403):
            self.refused.setdefault((call.system, call.path.rpartition("/")[2]), []).append(call.at)
        if call.effect and call.key:
            self.correlations.setdefault((call.system, call.key), call.correlation)
        if 200 <= call.status < 400 and (not call.error or call.error in RETRYABLE):  # an error of a good call is a record's
            self._worked(same)
            self._worked((*same[:3], SIGNED_OUT))
        elif call.error == SIGNED_OUT:  # it never reached the write: a series of its own, with the same bound
            self.attempts.setdefault((*same[:3], SIGNED_OUT), Series(call.correlation, [])).at.append(call.at)
        elif call.status == 0 or call.error in RETRYABLE:
            self.attempts.setdefault(same, Series(call.correlation, [])).at.append(call.at)
        else:
            self.refusals.setdefault(same, Series(call.correlation, [])).at.append(call.at)

    def _worked(self, same: Same) -> None:
        """A success ends both series; those worth judging are kept."""
        tried, refused = self.attempts.pop(same, None), self.refusals.pop(same, None)
        if tried is not None and len(tried.at) > ATTEMPTS_MAX:
            self.long.append((same, tried))
        if refused is not None and len(refused.at) > 1:
            self.refused_again.append((same, refused))

    def all_attempts(self) -> list[tuple[Same, Series]]:
        """Every series of failed tries that could have been too long."""
        return [*self.long, *self.attempts.items()]

    def all_refusals(self) -> list[tuple[Same, Series]]:
        """Every series of permanent refusals."""
        return [*self.refused_again, *self.refusals.items()]
