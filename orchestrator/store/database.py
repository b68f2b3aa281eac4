"""One SQLite file, one process: opening, migrating, and the one way to write.

The file is locked for as long as it is open, so that a second process is refused at start instead of
corrupting an order. Where a lock is worth nothing (a network disk, a program that was paused while another took over), the fence
holds: each opening takes the next token, and who holds an older one can not write any more. WAL with synchronous NORMAL: a process crash loses nothing, a power cut may lose the last
commits but never tears one; `synchronous="full"` closes that too, at a third of the speed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib import resources
from typing import Any

from orchestrator.errors import StoreError, StoreLocked, StoreTaken

Statement = tuple[str, Sequence[Any]]
Row = tuple[Any, ...]
IN_MEMORY = (":memory:", "")
_FENCE = "select token from fence"


class Database:
    """The orchestrator's file. Not for use by two threads."""

    def __init__(self, path: str, *, synchronous: str = "normal") -> None:
        if synchronous not in ("normal", "full"):
            raise StoreError(f"synchronous must be normal or full, got {synchronous!r}")
        self.path, self.commits = path, 0
        self._connection = _opened(path, synchronous)
        self._execute, self._in_memory = self._connection.execute, path in IN_MEMORY
        self.migrate()
        self.take_over()

    def commit(self, *statements: Statement) -> int:
        """Write all statements in one durable transaction; rows the last one touched. There is no other way to write.

        In memory a statement alone is a transaction by itself: SQLite opens and commits it (half the price), and nobody can come
        between it and the look at the fence. Raises StoreTaken when another program has opened the store since.
        """
        execute = self._execute
        if len(statements) == 1 and self._in_memory:
            self.check_fence()
            cursor = execute(*statements[0])
            self.commits += 1
            return cursor.rowcount
        execute("begin immediate")
        try:
            if execute(_FENCE).fetchone()[0] != self._token:
                raise StoreTaken(self.path)
            for sql, arguments in statements:
                cursor = execute(sql, arguments)
            execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                execute("rollback")
            raise
        self.commits += 1
        return cursor.rowcount

    def take_over(self) -> None:
        """Become the only one who may write: whoever opened the store before is refused from now on."""
        self._execute("update fence set token = token + 1")
        self._token = self._execute(_FENCE).fetchone()[0]

    def check_fence(self) -> None:
        """Raise StoreTaken when somebody else has opened the store since: ask before anything is done that can not be taken back."""
        if self._execute(_FENCE).fetchone()[0] != self._token:
            raise StoreTaken(self.path)

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return self._execute(sql, arguments).fetchall()

    def row(self, sql: str, arguments: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        found: Row | None = self._execute(sql, arguments).fetchone()
        return found

    def close(self) -> None:
        """Release the file; committed work stays."""
        self._connection.close()

    def migrate(self) -> None:
        """Bring the file to the newest schema, one transaction a migration. Raises StoreError for a newer file."""
        scripts = _scripts()
        found, *_ = self.row("pragma user_version") or (0,)
        if found > len(scripts):
            raise StoreError(f"store {self.path} has schema {found}, this program knows {len(scripts)}: start a newer program")
        for number, script in enumerate(scripts[found:], start=found + 1):
            self._connection.executescript(f"begin immediate;\n{script}\npragma user_version = {number};\ncommit;")


def _opened(path: str, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0, cached_statements=256)
    try:
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("pragma journal_mode = wal")
        connection.execute(f"pragma synchronous = {synchronous}")
        connection.execute("begin immediate")
        connection.execute("commit")
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            raise StoreLocked(path) from error
        raise StoreError(f"store {path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StoreError(f"store {path} is no store of ours: {error}; move it away or restore a copy") from error
    return connection


def _scripts() -> list[str]:
    """Migration n is the file whose name starts with its four-digit number; the numbers have no gap."""
    folder = resources.files("orchestrator.store") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    assert [int(f.name[:4]) for f in files] == list(range(1, len(files) + 1)), "migration numbers have a gap"
    return [f.read_text(encoding="utf-8") for f in files]
