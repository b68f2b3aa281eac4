"""Committed writes that the engine has not been told of: a store in memory tells it of many at once, before SQL has to look.

A row written twice is told once. Which questions by one field these rows could answer anew is known by value, so that the others
need no telling. Nothing here decides: a write comes here only when the engine would take it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from simulators.kernel.records import Id, Kind, Row

BEHIND_MAX = 512  # entries of the log; one more, and the engine is told
Text = Callable[[Kind, tuple[str, ...]], str]
Many = Callable[[str, list[Any]], Any]


class Written(NamedTuple):
    """One write: the row as the engine will give it back, the fields written and their values as the engine takes them."""

    kind: Kind
    row: Row
    names: tuple[str, ...]
    values: Sequence[Any]
    new: bool
    entry: tuple[Any, ...]  # its line in the change log

    def concerns(self, kind: Kind, id: Id) -> bool:
        return self.kind is kind and bool(self.row.id == id)

    def may_answer(self, field: str) -> bool:
        """May this write have made the row an answer to a question by that field?"""
        return self.new or field in self.names or "deleted" in self.names


class Held:
    """The rows of one kind that are behind."""

    __slots__ = ("kind", "order", "read", "rows", "values")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.rows: dict[Id, Written] = {}
        self.order: list[Written] = []
        self.read: dict[str, int] = {}  # by field: how many of `order` are in `values`
        self.values: dict[str, set[Any]] = {}

    def add(self, write: Written) -> None:
        id = write.row.id
        known = self.rows.get(id)
        self.rows[id] = write if known is None else merged(known, write)
        self.order.append(write)

    def answers_anew(self, field: str, value: Any) -> bool:
        """May a row that is behind have become an answer to this question?"""
        values = self.values.setdefault(field, set())
        for write in self.order[self.read.get(field, 0) :]:
            if write.may_answer(field):
                values.add(getattr(write.row, field))
        self.read[field] = len(self.order)
        return value in values

    def clear(self) -> None:
        self.rows.clear()
        self.order.clear()
        self.read.clear()
        self.values.clear()


def merged(first: Written, then: Written) -> Written:
    """Two writes of one row as one."""
    if first.names == then.names and not first.new:
        return then
    values = {**dict(zip(first.names, first.values, strict=True)), **dict(zip(then.names, then.values, strict=True))}
    names = first.names if first.new else tuple(values)
    return Written(then.kind, then.row, names, tuple(values.values()), first.new, then.entry)


class Behind:
    """What the engine of one store has to be told."""

    __slots__ = ("kinds", "log")

    def __init__(self, kinds: list[Kind]) -> None:
        self.kinds = {kind.name: Held(kind) for kind in kinds}
        self.log: list[tuple[Any, ...]] = []

    def add(self, writes: list[Written]) -> None:
        for write in writes:
            self.kinds[write.kind.name].add(write)
            self.log.append(write.entry)

    def tell(self, many: Many, insert: Callable[[Kind], str], update: Text, put_change: str) -> None:
        """Give everything to the engine, inside a transaction that the caller holds."""
        for held in self.kinds.values():
            if not held.rows:
                continue
            new: list[Sequence[Any]] = []
            moved: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
            for id, write in held.rows.items():
                if write.new:
                    new.append(write.values)
                else:
                    moved.setdefault(write.names, []).append((*write.values, id))
            if new:
                many(insert(held.kind), new)
            for names, values in moved.items():
                many(update(held.kind, names), values)
        many(put_change, self.log)
        self.clear()

    def clear(self) -> None:
        for held in self.kinds.values():
            if held.rows:
                held.clear()
        self.log.clear()
