"""SQLite in memory, or in a file when asked: one STRICT table a kind with real columns. The engine is the truth.

It knows kinds and rows, no rules and no vendor. A write and its entry in the change log are one transaction. In memory the engine is
told of committed writes many at once (`behind.py`), at the latest before SQL has to look; in a file, by the call that made them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import msgspec

from simulators.kernel.records import SQL_TYPES, Change, Field, Id, Kind, Refusal, Row

from .behind import Written
from .engine import OPEN_MAX, PUT_CHANGE, UNSTORABLE, Engine

LOG = (
    "CREATE TABLE IF NOT EXISTS change (seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, id ANY, op TEXT, version INTEGER,"
    ' by TEXT, "values" TEXT) STRICT'
)
NUMBERS = "CREATE TABLE IF NOT EXISTS number (kind TEXT PRIMARY KEY, n INTEGER) STRICT"
PUT_NUMBER = "INSERT INTO number VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET n = excluded.n"
LOOK_MAX = 100_000
NAMES_MAX = 1_024
FOUND_MIN = 3  # rows asked for at least: fewer came, and the answer is whole
UNASKABLE = (OverflowError, UnicodeEncodeError)

dump = msgspec.json.Encoder(order="sorted").encode
load = msgspec.json.Decoder().decode


class Snapshot(NamedTuple):
    """All rows and the log at one moment, and the number of the last id of each kind."""

    pages: bytes
    position: int
    numbers: dict[str, int]


class TypedStore(Engine):
    """The rows of one system. One writer: a system belongs to one loop, though it may be built on another thread."""

    def __init__(self, kinds: Mapping[str, Kind], id_type: str = "TEXT", path: str = ":memory:") -> None:
        super().__init__(kinds, SQL_TYPES | {"ref": id_type, "id": id_type}, path)
        self._views: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}  # of the columns of a SELECT
        self.run(LOG)
        self.run(NUMBERS)
        for kind in kinds.values():
            self._define(kind)
        self._settle()

    def _settle(self) -> None:
        """Read back what is kept beside the engine, because one writer need not ask it: the log's position and the id numbers."""
        self.position = self.run("SELECT COALESCE(MAX(seq), 0) FROM change").fetchone()[0]
        self.numbers: dict[str, int] = dict(self.run("SELECT kind, n FROM number").fetchall())

    def _define(self, kind: Kind) -> None:
        columns = ", ".join(self._column(c) for c in kind.columns)
        rowid = self.types["id"] == "INTEGER"
        self.run(f'CREATE TABLE IF NOT EXISTS "{kind.table}" ({columns}) STRICT' + ("" if rowid else ", WITHOUT ROWID"))
        for c in kind.columns:
            if kind.is_indexed(c.name) and c.name != "id":
                self.run(f'CREATE INDEX IF NOT EXISTS "{kind.table}_{c.name}" ON "{kind.table}" ("{c.name}")')
        names = ", ".join(f'"{n}"' for n in kind.names)
        self._sql[kind.name] = {
            "names": names,
            "get": f'SELECT {names} FROM "{kind.table}" WHERE id = ?',
            "new": f'INSERT INTO "{kind.table}" VALUES ({", ".join("?" * len(kind.names))})',
        }

    def _column(self, column: Field) -> str:
        return f'"{column.name}" {self.types[column.type]}' + (" PRIMARY KEY NOT NULL" if column.name == "id" else "")

    # -- rows -------------------------------------------------------------------------------------
    def _row(self, kind: Kind, values: tuple[Any, ...]) -> Row:
        for at in kind.documents:
            if values[at]:
                values = (*values[:at], load(values[at]), *values[at + 1 :])
        return kind.Row(*values)

    def get(self, kind: Kind, id: Id) -> Row:
        """The row, deleted or not, or None."""
        shelf = self.shelves[kind.name]
        row = shelf.rows.get(id)
        if row is not None:
            return row
        try:
            known = self._not_told(kind, id)
            if known is not None:
                return known.row
            if type(id) is not shelf.stored_as["id"]:  # the engine may find it all the same
                self.catch_up()
            values = self.do(self._sql[kind.name]["get"], (id,)).fetchone()
        except UNASKABLE:  # an id that no column can hold is nobody's
            return None
        if values is None:
            return None
        row = self._row(kind, values)
        shelf.keep(row)
        return row

    def _not_told(self, kind: Kind, id: Id) -> Written | None:
        """The newest write of that row that the engine does not know."""
        for write in self.writes[::-1]:
            if write.concerns(kind, id):
                return write
        held: dict[Id, Written] = self.behind.kinds[kind.name].rows
        return held.get(id)

    def find(self, kind: Kind, field: str, value: Any, limit: int = 3) -> list[Row]:
        """Live rows whose field equals value, ordered by id, at most `limit`."""
        shelf = self.shelves[kind.name]
        known = shelf.answered(field, value, limit)
        if known is not None:
            return known
        if self.writes and any(w.kind is kind and w.may_answer(field) for w in self.writes):
            self.begin()
        elif self.behind.log and (
            type(value) is not shelf.stored_as[field] or self.behind.kinds[kind.name].answers_anew(field, value)
        ):
            self.catch_up()
        most = max(limit, FOUND_MIN)
        try:
            found = self._asked(kind, field, value, most)
        except UNASKABLE:
            return []
        if len(found) < most:  # that is all there are
            for row in found:
                shelf.keep(row)
            shelf.answer(field, value, found)
        return found[:limit]

    def _asked(self, kind: Kind, field: str, value: Any, most: int) -> list[Row]:
        """The engine's answer, with the rows that it does not know as they are."""
        texts = self._sql[kind.name]
        text = texts.get(field)
        if text is None:
            assert field in kind.by_name, f"{kind.name} has no {field}"
            text = f'SELECT {texts["names"]} FROM "{kind.table}" WHERE "{field}" = ? AND deleted = 0 ORDER BY id LIMIT ?'
            texts[field] = text
        rows = self.do(text, (value, most)).fetchall()
        if not (self.writes or self.behind.log):
            return [self._row(kind, v) for v in rows]
        found: list[Row] = []
        for values in rows:
            known = self._not_told(kind, values[0])
            if known is None:
                found.append(self._row(kind, values))
            elif known.row.deleted or getattr(known.row, field) != value:  # and another may have been left out for it
                self.catch_up()
                return self._asked(kind, field, value, most)
            else:
                found.append(known.row)
        return found

    def matching(self, kind: Kind, equals: Mapping[str, Any], limit: int = LOOK_MAX) -> list[Row]:
        """Live rows in which every named field equals its value (None: is empty), ordered by id."""
        tests = "".join(f' AND "{n}" IS ?' for n in equals)
        text = f'SELECT {self._sql[kind.name]["names"]} FROM "{kind.table}" WHERE deleted = 0{tests} ORDER BY id LIMIT {limit}'
        try:
            found = self.run(text, tuple(equals.values())).fetchall()
        except UNSTORABLE as error:
            raise Refusal("wrong_type", f"{kind.name}: {error}", kind=kind.name) from error
        return [self._row(kind, v) for v in found]

    def number(self, kind: Kind) -> int:
        """The next number for an id of that kind, from 1. A rolled back number is not used again while the process lives."""
        n = self.numbers[kind.name] = self.numbers.get(kind.name, 0) + 1
        if self.durable:
            if self.depth:
                self.begin()
            self.run(PUT_NUMBER, (kind.name, n))
        return n

    def write(
        self, kind: Kind, row: Row, names: tuple[str, ...], change: tuple[int, str, Id, str, int, str, dict[str, Any]]
    ) -> None:
        """Insert a row, or update the fields named, as change[3] says, and log it. Raises Refusal 'wrong_type' or 'duplicate' for a value the column cannot hold."""
        if not self.depth:
            with self.atomic():
                self.write(kind, row, names, change)
            return
        shelf, new = self.shelves[kind.name], change[3] == "create"
        plan = shelf.plans.get(names) or shelf.plan(names)
        values = plan.read(row)
        if plan.documents:
            values = plan.with_texts(values)
        stored = shelf.as_stored(row, plan, values)
        at = self.position + 1
        if not self.begun:
            if self.durable or stored is None or (new and self.get(kind, row.id) is not None) or len(self.writes) >= OPEN_MAX:
                self.begin()
            else:
                entry = (at, *change[:6], dump(change[6]).decode())
                self.writes.append(Written(kind, stored, plan.names, values, new, entry))
        if self.begun:
            self._tell(kind, names, values, None if new else row.id)
            self.do(PUT_CHANGE, (at, *change[:6], dump(change[6]).decode()))
        self.position = at
        self.pending.append(Change(at, *change))
        if new:
            shelf.made(stored)
        else:
            shelf.moved(row.id, stored, names)

    # -- questions --------------------------------------------------------------------------------
    def select(self, text: str, binds: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Raises Refusal 'wrong_type' for a literal that SQLite cannot hold."""
        self.catch_up()
        try:
            return self.do(text, binds).fetchall()
        except UNASKABLE as error:
            raise Refusal("wrong_type", str(error)) from error

    def select_named(
        self, text: str, binds: Sequence[Any] | Mapping[str, Any], most: int
    ) -> tuple[list[tuple[Any, ...]], list[str]]:
        """At most `most` rows, and the lower-case names of their columns."""
        self.catch_up()
        cursor = self.do(text, binds)
        rows, names = cursor.fetchmany(most), self._names.get(text)
        if names is None:
            if len(self._names) >= NAMES_MAX:
                self._names.clear()
            names = self._names[text] = [d[0].lower() for d in cursor.description]
        return rows, names

    def since(self, seq: int, limit: int = -1) -> list[Change]:
        """The change log after `seq`, oldest first."""
        rows = self.run("SELECT * FROM change WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        return [Change._make((*r[:7], load(r[7]))) for r in rows]

    def define_views(self, texts: Mapping[str, str]) -> None:
        """Replace the vendor's views: {name: CREATE TEMP VIEW text}."""
        self._names.clear()
        for name in {**self._views, **texts}:
            self.run(f'DROP VIEW IF EXISTS temp."{name}"')
        for text in texts.values():
            self.run(text)
        self._views = dict(texts)

    # -- the whole --------------------------------------------------------------------------------
    def snapshot(self) -> Snapshot:
        assert not self.depth, "a snapshot inside a transaction would hold half of it"
        self.catch_up()
        pages = self.db.serialize()
        if self.durable:  # bytes 18 and 19 say "write-ahead log", which no database in memory can open
            pages = pages[:18] + b"\x01\x01" + pages[20:]
        return Snapshot(pages, self.position, dict(self.numbers))

    def restore(self, image: Snapshot) -> None:
        assert not self.depth, "deserialize is accepted inside a transaction and leaves it open: restore only between calls"
        self.behind.clear()
        if self.durable:
            with closing(sqlite3.connect(":memory:")) as held:
                held.deserialize(image.pages)
                held.backup(self.db)
        else:  # on a new connection: statements prepared before keep pointers into the schema that deserialize throws away
            self.db.close()
            self._open(":memory:")
            self.db.deserialize(image.pages)
        self._forget()
        self.position, self.numbers = image.position, dict(image.numbers)
        self.define_views(self._views)

    def wipe(self) -> None:
        """Forget every row, the log and the numbers of ids."""
        assert not self.depth, "wipe only between calls"
        self.behind.clear()
        with self.atomic():
            self.begin()
            for table in (*(k.table for k in self.kinds.values()), "change", "number"):
                self.run(f'DELETE FROM "{table}"')
        self._forget()
        self.position, self.numbers = 0, {}

    def _forget(self) -> None:
        for shelf in self.shelves.values():
            shelf.clear()

    def digest(self) -> str:
        """Hash of all rows in id order. (The image's bytes depend on the order of inserts; they are not a state.)"""
        state = hashlib.blake2b(digest_size=16)
        for name in sorted(self.kinds):
            state.update(name.encode())
            for row in self.run(f'SELECT {self._sql[name]["names"]} FROM "{self.kinds[name].table}" ORDER BY id'):
                state.update(dump(row))
        return state.hexdigest()

    def close(self) -> None:
        self.db.close()
