"""What came in from outside, each kept once: deduplicated by the sender's id and by what it says.

`accept` commits before anybody is told; a pump then hands pending notices on. The start of a run and the mark
`applied` are two transactions in this order: the run's id is made of the notice, so that a crash between
them repeats a start that is idempotent, and nothing can be lost or begun twice.

    accepted = applied + deduplicated + superseded + quarantined + parked + pending      (per topic)

Duplicates are counted, not kept. Counts of forgotten notices stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from orchestrator.canonical.events import Notice
from orchestrator.errors import Full
from orchestrator.store.database import Database, Row, Statement

PENDING_MAX = 10_000
STATES = ("applied", "deduplicated", "superseded", "quarantined", "parked", "pending")
BODY_KEPT_MAX = 4_096

_TALLY = """insert into inbox_tally(topic, state, number) values(?, ?, ?)
    on conflict(topic, state) do update set number = number + excluded.number"""
_PUT = """insert into inbox(source, source_id, topic, subject, business_key, body, state, reason, due_at, received_at, settled_at)
    values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict(source, source_id) do nothing"""
_SETTLE = "update inbox set state = ?, reason = ?, run = coalesce(?, run), due_at = null, settled_at = ? where seq = ?"


@dataclass(frozen=True)
class Waiting:
    """One notice that waits to be handed on."""

    seq: int
    source: str
    notice: Notice
    tries: int


class Inbox:
    """The rows of what came in."""

    def __init__(self, database: Database, clock: Callable[[], int], *, pending_max: int = PENDING_MAX) -> None:
        self._db, self._clock, self.pending_max = database, clock, pending_max

    def accept(self, source: str, notices: Sequence[Notice]) -> list[str]:
        """Keep all notices in one transaction, each judged in turn: accepted, deduplicated or conflict.

        Same sender's id again: deduplicated, also when it says more than before, because a notice is only a hint; but one
        that names another record is a conflict and quarantined. Same topic, subject and version under a new id: deduplicated.
        A newer version supersedes pending ones of its subject. Raises Full, and keeps nothing, when the pending bound is reached.
        """
        if self.backlog() + len(notices) > self.pending_max:
            raise Full("the inbox", self.pending_max)
        statements: list[Statement] = []
        verdicts = []
        seen: dict[str, Notice] = {}
        for notice in notices:
            verdict = self._verdict(source, notice, seen)
            verdicts.append(verdict)
            statements += self._kept(source, notice, verdict)
            seen.setdefault(notice.id, notice)
        if statements:
            self._db.commit(*statements)
        return verdicts

    def quarantine(self, source: str, topic: str, reason: str, body: bytes) -> bool:
        """Keep the beginning of what could not be read; False for the same bytes again, which only count."""
        id = f"unreadable:{hashlib.sha256(body).hexdigest()[:32]}"
        known = self._db.row("select 1 from inbox where source = ? and source_id = ?", (source, id)) is not None
        tally = [(_TALLY, (topic, "accepted", 1))]
        if known:
            self._db.commit(*tally, (_TALLY, (topic, "deduplicated", 1)))
            return False
        now = self._clock()
        kept = body[:BODY_KEPT_MAX].decode("utf-8", "replace")
        self._db.commit(*tally, (_PUT, (source, id, topic, "", id, kept, "quarantined", reason, None, now, now)))
        return True

    def due(self, limit: int = 50) -> list[Waiting]:
        """Pending notices whose time has come, longest due first."""
        rows = self._db.rows(
            "select seq, source, body, tries from inbox where due_at <= ? order by due_at, seq limit ?", (self._clock(), limit)
        )
        return [Waiting(seq, source, msgspec.json.decode(body, type=Notice), tries) for seq, source, body, tries in rows]

    def next_due(self) -> int | None:
        """When the next pending notice is due."""
        (soonest,) = self._db.row("select min(due_at) from inbox where due_at is not null") or (None,)
        return None if soonest is None else int(soonest)

    def applied(self, seq: int, run: str) -> None:
        """Its run is started: done here."""
        self._db.commit((_SETTLE, ("applied", None, run, self._clock(), seq)))

    def parked(self, seq: int, reason: str) -> None:
        """Nobody can handle it as it is; `release` brings it back."""
        self._db.commit((_SETTLE, ("parked", reason, None, self._clock(), seq)))

    def later(self, seq: int, due_at: int) -> None:
        """Try to hand it on again at `due_at`."""
        self._db.commit(("update inbox set due_at = ?, tries = tries + 1 where seq = ?", (due_at, seq)))

    def release(self, source: str, source_id: str) -> bool:
        """Make a parked notice pending again; False when there is none."""
        sql = """update inbox set state = 'pending', reason = null, due_at = ?, tries = 0, settled_at = null
            where source = ? and source_id = ? and state = 'parked'"""
        return self._db.commit((sql, (self._clock(), source, source_id))) > 0

    def backlog(self) -> int:
        """How many are pending."""
        (number,) = self._db.row("select count(*) from inbox where due_at is not null") or (0,)
        return int(number)

    def oldest(self) -> int | None:
        """When the notice that has been pending longest came."""
        (first,) = self._db.row("select min(received_at) from inbox where due_at is not null") or (None,)
        return None if first is None else int(first)

    def counts(self) -> dict[str, dict[str, int]]:
        """{topic: {accepted, applied, deduplicated, superseded, quarantined, parked, pending}}."""
        counted: dict[str, dict[str, int]] = {}
        rows = self._db.rows("select topic, state, number from inbox_tally")
        rows += self._db.rows("select topic, state, count(*) from inbox group by topic, state")
        for topic, state, number in sorted(rows):
            of_topic = counted.setdefault(topic, dict.fromkeys(("accepted", *STATES), 0))
            of_topic[state] += number
        return counted

    def forget(self, before: int, limit: int = 500) -> int:
        """Delete notices settled before that instant, keeping their counts; how many. A repeat after that is new."""
        rows = self._db.rows(
            "select seq, topic, state from inbox where settled_at < ? order by settled_at, seq limit ?", (before, limit)
        )
        statements: list[Statement] = []
        for seq, topic, state in rows:
            statements += [("delete from inbox where seq = ?", (seq,)), (_TALLY, (topic, state, 1))]
        if statements:
            self._db.commit(*statements)
        return len(rows)

    def _verdict(self, source: str, notice: Notice, seen: dict[str, Notice]) -> str:
        same: Row | None
        if notice.id in seen:
            same = (seen[notice.id].topic, seen[notice.id].subject)
        else:
            same = self._db.row("select topic, subject from inbox where source = ? and source_id = ?", (source, notice.id))
        if same is not None:
            return "deduplicated" if same == (notice.topic, notice.subject) else "conflict"
        if not notice.version:
            return "accepted"  # it does not say which state it saw, so a second one is not known to say the same
        key = business_key(notice)
        if any((other.topic, business_key(other)) == (notice.topic, key) for other in seen.values()):
            return "deduplicated"
        said = "select 1 from inbox where topic = ? and business_key = ? and state <> 'quarantined'"
        return "accepted" if self._db.row(said, (notice.topic, key)) is None else "deduplicated"

    def _kept(self, source: str, notice: Notice, verdict: str) -> list[Statement]:
        now, key = self._clock(), business_key(notice)
        statements: list[Statement] = [(_TALLY, (notice.topic, "accepted", 1))]
        body = msgspec.json.encode(notice).decode()
        if verdict == "deduplicated":
            return [*statements, (_TALLY, (notice.topic, "deduplicated", 1))]
        if verdict == "conflict":
            id, reason = f"{notice.id}#{digest(body)}", f"{notice.id} was used for another record"
            if self._db.row("select 1 from inbox where source = ? and source_id = ?", (source, id)) is not None:
                return [*statements, (_TALLY, (notice.topic, "deduplicated", 1))]
            bad = (source, id, notice.topic, notice.subject, key, body, "quarantined", reason, None, now, now)
            return [*statements, (_PUT, bad)]
        older = """update inbox set state = 'superseded', due_at = null, settled_at = ?
            where topic = ? and subject = ? and state = 'pending'"""
        row = (source, notice.id, notice.topic, notice.subject, key, body, "pending", None, now, now, None)
        return [*statements, (older, (now, notice.topic, notice.subject)), (_PUT, row)]


def business_key(notice: Notice) -> str:
    """What a notice says, whoever numbers it: subject and version."""
    return f"{notice.subject}@{notice.version}"


def digest(text: str) -> str:
    """Sixteen characters that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
