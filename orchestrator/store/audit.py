"""Who did what, in a chain of hashes: a record for every financial write and for every act of an operator.

The subject of a financial write is the external id of what was written; where the step does not tell, the contract it was for.
A record of a financial write is committed together with the journal entry that says the write is done, so that
neither exists without the other. Changing, removing or reordering a record breaks `verify`. Cutting off the newest
records is seen only against a head kept elsewhere: `GET /evidence` tells it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from orchestrator.store.database import Database, Row, Statement

GENESIS = "0" * 64
_COLUMNS = "at, actor, action, subject, correlation, reason, before_hash, after_hash, prev_hash, hash"


@dataclass(frozen=True)
class Fact:
    """One thing that was done. `before` and `after` are JSON values of which only digests are kept."""

    actor: str
    action: str
    subject: str
    correlation: str = ""
    reason: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Recorded:
    """One record of the chain."""

    at: int
    actor: str
    action: str
    subject: str
    correlation: str
    reason: str
    before_hash: str
    after_hash: str
    prev_hash: str
    hash: str


class Audit:
    """The chain. One writer: the process that holds the file."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._db, self._clock = database, clock

    def entry(self, fact: Fact) -> Statement:
        """The statement that appends a fact; it must be the next thing committed, and only once in a transaction."""
        facts = (self._clock(), fact.actor, fact.action, fact.subject, fact.correlation, fact.reason)
        chained = (*facts, _digest(fact.before), _digest(fact.after), self.head())
        return f"insert into audit({_COLUMNS}) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*chained, _digest(chained))

    def append(self, fact: Fact) -> None:
        """Append a fact in a transaction of its own."""
        self._db.commit(self.entry(fact))

    def writes(self, steps: Collection[str]) -> Callable[[str, str, str, str, Any], Statement | None]:
        """For the engine: the record that goes with the journal entry of a done step whose name is in `steps`."""
        named = frozenset(steps)

        def beside(run: str, key: str, root: str, name: str, said: Any) -> Statement | None:
            step = name.partition("#")[0].partition("~")[0].removeprefix("undo:")
            if step not in named or not isinstance(said, dict) or said.get("end") != "done":
                return None
            action = name.partition("#")[0].partition("~")[0]
            value = said.get("value")
            return self.entry(Fact("orchestrator", action, _named(value) or key, root, run, after=value))

        return beside

    def head(self) -> str:
        """The hash of the newest record."""
        row = self._db.row("select hash from audit order by seq desc limit 1")
        return GENESIS if row is None else str(row[0])

    def length(self) -> int:
        """How many records there are."""
        (number,) = self._db.row("select count(*) from audit") or (0,)
        return int(number)

    def of(self, subject: str) -> list[Recorded]:
        """What was done to a subject or under its correlation, oldest first."""
        sql = f"select {_COLUMNS} from audit where subject = ? or correlation = ? order by seq"
        return [Recorded(*row) for row in self._db.rows(sql, (subject, subject))]

    def all(self) -> list[Recorded]:
        """The whole chain, oldest first."""
        return [Recorded(*row) for row in self._db.rows(f"select {_COLUMNS} from audit order by seq")]

    def verify(self) -> int | None:
        """The position (from 1) of the first record that does not follow from the one before; None when all do."""
        before = GENESIS
        for position, row in enumerate(self._db.rows(f"select {_COLUMNS} from audit order by seq"), start=1):
            if not _follows(row, before):
                return position
            before = row[-1]
        return None


def _named(value: Any) -> str:
    """The business key of the record that a step wrote, when its result says so."""
    found = (value.get("source") or value.get("key")) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _follows(row: Row, before: str) -> bool:
    chained = tuple(row[:-1])
    return bool(chained[-1] == before and _digest(chained) == row[-1])


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
