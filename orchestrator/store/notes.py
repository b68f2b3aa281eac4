"""Small values that must survive a restart, by name: watermarks of pollers, states of breakers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from orchestrator.store.database import Database


class Notes:
    """The rows of named values."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._db, self._clock = database, clock

    def get(self, name: str) -> Any:
        """The JSON value kept under a name, or None."""
        row = self._db.row("select value from note where name = ?", (name,))
        return None if row is None else json.loads(row[0])

    def put(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        sql = """insert into note(name, value, at) values(?, ?, ?)
            on conflict(name) do update set value = excluded.value, at = excluded.at"""
        self._db.commit((sql, (name, json.dumps(value), self._clock())))

    def named(self, prefix: str) -> dict[str, Any]:
        """{name: value} of all whose name begins with `prefix`, by name."""
        rows = self._db.rows("select name, value from note where substr(name, 1, ?) = ? order by name", (len(prefix), prefix))
        return {name: json.loads(value) for name, value in rows}
