"""The engine, its transactions, and when it is told of a write: at once, or many committed ones later.

A transaction begins without the engine. It gets one of the engine's, brought to the same point with its savepoints, when SQL has to
look, when a write only the engine can judge comes, or when it grows long; otherwise its writes are left behind for later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from simulators.kernel.records import Change, Id, Kind, Refusal

from .behind import BEHIND_MAX, Behind, Written
from .shelf import Shelf

PUT_CHANGE = "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
OPEN_MAX = 64  # writes of an open transaction that the engine has not been told of
UNSTORABLE = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError, UnicodeEncodeError)


class Atomic:
    """All or nothing, and it nests: a transaction outside, savepoints inside. `changes`: what was written, once it is left well."""

    __slots__ = ("changes", "mark", "store")

    def __init__(self, store: Engine) -> None:
        self.store = store
        self.changes: list[Change] = []

    def __enter__(self) -> Self:
        store = self.store
        if not store.depth:
            store.pending = []
        elif store.begun:
            store.do(f"SAVEPOINT s{store.depth}")
        self.mark = len(store.pending)
        store.marks.append(self.mark)
        store.depth += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        store = self.store
        store.marks.pop()
        store.depth -= 1
        depth, done = store.depth, kind is None
        if done:
            self.changes = store.pending[self.mark :] if self.mark else store.pending
        else:
            store.take_back(self.mark)
        if store.begun:
            store.end(depth, done=done)
        elif store.writes and not depth:
            store.leave_behind()


class Engine:
    """SQLite on one connection. `position`: seq of the newest change."""

    def __init__(self, kinds: Mapping[str, Kind], types: dict[str, str], path: str) -> None:
        self.kinds, self.types, self.depth, self.durable = kinds, types, 0, path != ":memory:"
        self.begun = False  # the engine's transaction: a call that writes nothing needs none
        self.pending: list[Change] = []  # written by the transaction that is open
        self.writes: list[Written] = []  # the same, while the engine has no transaction
        self.marks: list[int] = []  # of the transactions that are open: where each begins among them
        self.behind = Behind(list(kinds.values()))
        self.shelves = {kind.name: Shelf(kind, types) for kind in kinds.values()}
        self.position = 0
        self._sql: dict[str, dict[Any, str]] = {}
        self._open(path)

    def _open(self, path: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, cached_statements=512, check_same_thread=False)
        self.do = self.db.cursor().execute  # one cursor for what is fetched at once: a new one a statement costs a third of it
        for pragma in (
            "temp_store = memory",
            "secure_delete = off",
            f"synchronous = {'normal' if self.durable else 'off'}",
            f"journal_mode = {'wal' if self.durable else 'memory'}",
        ):
            self.do(f"PRAGMA {pragma}")

    def run(self, text: str, binds: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Any SQL, on a cursor of its own."""
        self.catch_up()
        return self.db.execute(text, binds)

    def atomic(self) -> Atomic:
        """A transaction, or a savepoint when one is open: `with store.atomic() as done: ...`, then `done.changes`."""
        return Atomic(self)

    def begin(self) -> None:
        """Open the engine's transaction, if it is not open, and bring it to where this one stands, savepoints and all."""
        if self.begun:
            return
        self._tell_behind()
        self.do("BEGIN")
        self.begun = True
        level, levels = 1, len(self.marks)
        for place, write in enumerate(self.writes):
            while level < levels and self.marks[level] <= place:
                self.do(f"SAVEPOINT s{level}")
                level += 1
            self._tell(write.kind, write.names, write.values, None if write.new else write.row.id)
            self.do(PUT_CHANGE, write.entry)
        for later in range(level, levels):
            self.do(f"SAVEPOINT s{later}")
        self.writes = []

    def end(self, depth: int, *, done: bool) -> None:
        """End the engine's transaction, or its savepoint of that depth."""
        if depth:
            if not done:
                self.do(f"ROLLBACK TO s{depth}")
            self.do(f"RELEASE s{depth}")
        else:
            self.begun = False
            self.do("COMMIT" if done else "ROLLBACK")

    def leave_behind(self) -> None:
        """The writes of the transaction are committed: the engine hears of them later."""
        self.behind.add(self.writes)
        self.writes = []
        if len(self.behind.log) > BEHIND_MAX:
            self._tell_behind()

    def catch_up(self) -> None:
        """Tell the engine everything: SQL is about to look."""
        if self.writes:
            self.begin()
        elif self.behind.log:
            self._tell_behind()

    def _tell_behind(self) -> None:
        if self.behind.log:
            self.do("BEGIN")
            self.behind.tell(self.db.executemany, lambda kind: self._sql[kind.name]["new"], self._update, PUT_CHANGE)
            self.do("COMMIT")

    def take_back(self, mark: int) -> None:
        """Forget what the transaction wrote after `mark`; the engine does the same, if it knows."""
        del self.writes[mark:]
        for change in self.pending[mark:]:
            self.shelves[change.kind].clear()
        self.position -= len(self.pending) - mark
        del self.pending[mark:]

    def _tell(self, kind: Kind, names: tuple[str, ...], values: Sequence[Any], id: Id | None) -> None:
        """Insert a row, or update that of `id`. Raises Refusal."""
        try:
            if id is None:
                self.do(self._sql[kind.name]["new"], values)
            else:
                self.do(self._update(kind, names), (*values, id))
        except UNSTORABLE as error:
            code = "duplicate" if "UNIQUE" in str(error) else "wrong_type"
            raise Refusal(code, f"{kind.name}: {error}", kind=kind.name) from error

    def _update(self, kind: Kind, moved: tuple[str, ...]) -> str:
        texts = self._sql[kind.name]
        text = texts.get(moved)
        if text is None:
            sets = ", ".join(f'"{n}" = ?' for n in moved)
            text = texts[moved] = f'UPDATE "{kind.table}" SET {sets} WHERE id = ?'
        return text
