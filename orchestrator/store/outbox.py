"""Domain events on their way out: written by runs in the transaction of their journal entry, once by id.

A relay takes the unsent ones in order and marks them; delivery is at least once, the receiver dedupes by id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.store.database import Database


@dataclass(frozen=True)
class Letter:
    """One event. `subject` is a business key."""

    id: str
    type: str
    subject: str
    at: int
    data: Any


class Outbox:
    """The rows of what goes out."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._db, self._clock = database, clock

    def unsent(self, limit: int = 100) -> list[Letter]:
        """The oldest events nobody has been told of."""
        rows = self._db.rows(
            "select id, type, subject, at, data from outbox where sent_at is null order by seq limit ?", (limit,)
        )
        return [Letter(id, type, subject, at, json.loads(data)) for id, type, subject, at, data in rows]

    def sent(self, ids: Sequence[str]) -> None:
        """They have arrived."""
        if ids:
            self._db.commit(
                *[("update outbox set sent_at = ? where id = ? and sent_at is null", (self._clock(), id)) for id in ids]
            )

    def published(self, *, subject: str | None = None, limit: int = 100_000) -> list[Letter]:
        """The newest events, oldest of them first."""
        where, arguments = ("subject = ?", [subject]) if subject is not None else ("1 = 1", [])
        sql = f"select id, type, subject, at, data from outbox where {where} order by seq desc limit ?"
        rows = self._db.rows(sql, (*arguments, limit))
        return [Letter(id, type, subject, at, json.loads(data)) for id, type, subject, at, data in reversed(rows)]

    def counts(self) -> dict[str, int]:
        """{pending, sent}."""
        pending, sent = self._db.row("select sum(sent_at is null), sum(sent_at is not null) from outbox") or (0, 0)
        return {"pending": pending or 0, "sent": sent or 0}
