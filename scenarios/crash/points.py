"""What a point of a run means: which run, which step of it, before or after what, for the how-many-th time.

Named so, a point survives another seed's interleaving and an edit elsewhere; numbers of commits would not. Pure but for one look
at the store for the name of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from orchestrator.policies.effect import correlation, effect_key
from orchestrator.store.database import Database, Statement

BEFORE_SEND, AFTER_SEND, BEFORE_COMMIT, AFTER_COMMIT = POSITIONS = ("before-send", "after-send", "before-commit", "after-commit")
"""A call: not yet on its way; with the vendor, whose answer nobody hears. A transaction: never made (its answer was heard); made."""


class Meaning(NamedTuple):
    """A run (or who else acts) and its step: a journal entry, a rest, or the table that is written."""

    run: str
    step: str


class Point(NamedTuple):
    """A place to die at; `nth` counts from 1 among equal ones."""

    run: str
    step: str
    position: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.run or '-'} {self.step} {self.position}{f' #{self.nth}' if self.nth > 1 else ''}"


class Counter:
    """Numbers equal places of one run of the story, over all lives."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], int] = {}

    def point(self, position: str, meaning: Meaning) -> Point:
        """The place reached now, with its number."""
        place = (*meaning, position)
        self._seen[place] = nth = self._seen.get(place, 0) + 1
        return Point(*place, nth)


def call_meaning(system: str, method: str) -> Meaning:
    """Whose call this is: a step's by its effect key, else a poller's or other traveller's by its correlation."""
    run, slash, step = effect_key.get().rpartition("/")
    if slash:
        return Meaning(run, f"{step}:{system}:{method}")
    return Meaning("", f"{correlation.get()}:{system}:{method}")


def commit_meaning(database: Database, statements: Sequence[Statement]) -> Meaning:
    """What a transaction says: the journal entry in it, else what its first statement writes and under which name."""
    for sql, arguments in statements:
        if sql.startswith("insert into entry("):
            return Meaning(_run(database, arguments[0]), str(arguments[2]))
    sql, arguments = statements[0]
    verb, table = _table(sql)
    if table == "run":
        if verb == "insert":
            return Meaning(str(arguments[0]), "start")
        rest = str(arguments[0]) if isinstance(arguments[0], str) else "woken"
        return Meaning(_run(database, arguments[-1]), f"rest:{rest}")
    if table == "message":
        return Meaning(_run(database, arguments[0]), "message")
    if table == "inbox_tally":
        return Meaning("", f"inbox:{arguments[0]}")
    named = next((word for word in arguments if isinstance(word, str)), "")
    return Meaning("", f"{table}:{named}" if table == "note" else table)


def _table(sql: str) -> tuple[str, str]:
    """Verb and table of a statement: ("insert", "entry")."""
    words = sql.replace("(", " ").split(None, 3)
    return words[0], words[2] if words[0] in ("insert", "delete") else words[1]


def _run(database: Database, seq: Any) -> str:
    found = database.row("select id from run where seq = ?", (seq,))
    return str(found[0]) if found else ""
