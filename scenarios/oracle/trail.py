"""The oracle's memory of one run, fed record by record while it goes: bounded by the records of the firm, not by its traffic."""

from __future__ import annotations

from typing import Any

from scenarios.history import Act, Acted, Call, Change, Claims, Mark, Push, Record, Strike, Window
from scenarios.oracle.books import Books
from scenarios.oracle.traffic import Traffic
from scenarios.oracle.truth import Truth


class Trail:
    """`take` every record in stream order. Claims may be absent: naive and manual designs make none."""

    def __init__(self) -> None:
        self.books, self.truth, self.traffic = Books(), Truth(), Traffic()
        self.pushes: list[Push] = []
        self.strikes: dict[tuple[str, str], list[int]] = {}  # (fault, system) -> [count, first, last]
        self.marks: dict[str, Mark] = {}
        self.windows: list[Window] = []
        self.evidence: dict[str, Any] | None = None
        self.after_quiet = AfterQuiet()
        self.first_at = self.last_at = 0
        self._take = {
            Act: self.truth.take_act,
            Acted: self.truth.take_acted,
            Change: self._change,
            Call: self._call,
            Push: self._push,
            Strike: self._strike,
            Mark: self._mark,
            Claims: self._claims,
            Window: self.windows.append,
        }

    def take(self, record: Record) -> None:
        """Fold one record in; hourly counts are of no use here, the calls themselves came by."""
        fold = self._take.get(type(record))
        if fold is not None:
            fold(record)  # type: ignore[operator]

    def _change(self, change: Change) -> None:
        self.books.take(change)
        self.last_at = change.at
        if self.after_quiet.watching:
            self.after_quiet.changes.append(f"{change.system} {change.kind} {change.id} {change.op} {sorted(change.values)[:4]}")

    def _call(self, call: Call) -> None:
        self.traffic.take(call)
        if self.after_quiet.watching and call.effect:
            self.after_quiet.effects.append(f"{call.system} {call.method} {call.path}")

    def _push(self, push: Push) -> None:
        self.pushes.append(Push(push.at, push.system, push.id, push.subject, push.attempt, push.outcome))
        if self.after_quiet.watching:
            self.after_quiet.pushes.append(self.pushes[-1])

    def _strike(self, strike: Strike) -> None:
        count = self.strikes.setdefault((strike.fault, strike.system), [0, strike.at, strike.at])
        count[0] += 1
        count[2] = strike.at

    def _mark(self, mark: Mark) -> None:
        self.marks[mark.what] = mark
        self.first_at = self.first_at or mark.at
        self.after_quiet.watching = mark.what == "quiet"
        self.last_at = mark.at

    def _claims(self, claims: Claims) -> None:
        self.evidence = claims.evidence

    def claims(self, name: str) -> list[dict[str, Any]]:
        """A list of the orchestrator's evidence, or nothing."""
        found = (self.evidence or {}).get(name)
        return found if isinstance(found, list) else []


class AfterQuiet:
    """What happened between the marks `quiet` and `repeated`: pushes sent again, and whatever they moved."""

    def __init__(self) -> None:
        self.watching = False
        self.pushes: list[Push] = []
        self.changes: list[str] = []
        self.effects: list[str] = []
