"""The oracle's memory of one run, fed record by record while it goes: bounded by the records of the firm, not by its traffic."""

from __future__ import annotations

from typing import Any

from scenarios.history import Act, Acted, Call, Change, Claims, Mark, Push, Record, Strike, Window
from scenarios.oracle.books import Books
from scenarios.oracle.traffic import Traffic
from scenarios.oracle.truth import Truth

RETRY_MS = 10 * 60_000  # what one failed call may cost a promise: a wait, a look whether it took effect, another try
TRANSIENT = frozenset({
    "F-02", "F-03", "F-04", "F-06", "F-07", "F-08", "F-09", "F-12", "F-13", "F-20", "F-27", "F-28", "F-31", "F-32", "F-34", "F-35",
})  # fmt: skip
SENT_ON = "F-76"
REMEMBERED_MAX = 100
MIRRORS = frozenset({("crm", "invoice_mirror"), ("crm", "sow"), ("psa", "external_reference")})


class Trail:
    """`take` every record in stream order. Claims may be absent: naive and manual designs make none."""

    def __init__(self) -> None:
        self.books, self.truth, self.traffic = Books(), Truth(), Traffic()
        self.pushes: list[Push] = []
        self.strikes: dict[tuple[str, str], list[int]] = {}  # (fault, system) -> [count, first, last]
        self.lines: dict[int, int] = {}  # line of the fault plan -> strikes
        self.struck: dict[str, list[list[int]]] = {}  # system -> [[first, last + RETRY_MS], ...] of transient faults
        self.sent_on: dict[str, list[int]] = {}  # "CODE SUBJECT" of an exception -> when an operator sent it on as it was
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
            self.after_quiet.changed(change, by_person=change.by in self.truth.people)

    def _call(self, call: Call) -> None:
        self.traffic.take(call)
        if self.after_quiet.watching and call.effect:
            self.after_quiet.called(call)

    def _push(self, push: Push) -> None:
        self.pushes.append(Push(push.at, push.system, push.id, push.subject, push.attempt, push.outcome))
        if self.after_quiet.watching:
            self.after_quiet.pushes.append(self.pushes[-1])

    def _strike(self, strike: Strike) -> None:
        count = self.strikes.setdefault((strike.fault, strike.system), [0, strike.at, strike.at])
        count[0] += 1
        self.lines[strike.place] = self.lines.get(strike.place, 0) + 1
        count[2] = strike.at
        if strike.fault == SENT_ON:
            self.sent_on.setdefault(" ".join(strike.what.split()[:2]), []).append(strike.at)
        if strike.fault in TRANSIENT:
            spans = self.struck.setdefault(strike.system, [])
            if spans and strike.at <= spans[-1][1]:
                spans[-1][1] = strike.at + RETRY_MS
            else:
                spans.append([strike.at, strike.at + RETRY_MS])

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
    """What happened between the marks `quiet` and `repeated`: pushes sent again, and whatever they moved.

    People are not done by then everywhere. What they change is theirs; when they did, mirrors may follow them.
    """

    def __init__(self) -> None:
        self.watching = False
        self.people = 0  # changes that people made
        self.pushes: list[Push] = []
        self.changes: list[str] = []
        self.copies: list[str] = []  # changes of mirrors
        self.effects: list[str] = []

    def changed(self, change: Change, *, by_person: bool) -> None:
        """Remember a change; a person's only by number."""
        if by_person:
            self.people += 1
            return
        held = self.copies if (change.system, change.kind) in MIRRORS else self.changes
        if len(held) < REMEMBERED_MAX:
            held.append(f"{change.system} {change.kind} {change.id} {change.op} {sorted(change.values)[:4]}")

    def called(self, call: Call) -> None:
        """Remember a call that changed something."""
        if len(self.effects) < REMEMBERED_MAX:
            self.effects.append(f"{call.system} {call.method} {call.path}")
