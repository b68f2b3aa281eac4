"""Rows of one kind kept at hand beside the engine: what was read or written last, by id and by the fields it was asked for.

The engine stays the truth; a shelf only spares asking it again. It holds a row exactly as the engine would give it back: documents
are read from what was written, and a row with a value that the engine would turn into another is not kept. The store tells it of
every write, and clears it when one is taken back. Rows are frozen, and their documents are not to be changed by who reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from simulators.kernel.records import WHOLE_MAX, Id, Kind, Row

ROWS_MAX = 32_768  # rows, and answers of one field; beyond it everything is forgotten and read again
ANSWER_MAX = 256  # ids of one answer
WHOLE_MIN = -WHOLE_MAX - 1
STORED_AS = {"TEXT": str, "INTEGER": int}

dump = msgspec.json.Encoder(order="sorted").encode
load = msgspec.json.Decoder().decode


class Fit(NamedTuple):
    """Places among the values of a write: those that come back otherwise, texts and whole numbers, whose values have to be looked at."""

    differing: tuple[int, ...]
    texts: tuple[int, ...]
    wholes: tuple[int, ...]


class Plan:
    """How these fields of a kind are written: worked out once for all writes of the same."""

    __slots__ = ("documents", "fits", "names", "read")

    def __init__(self, names: tuple[str, ...], documents: tuple[str, ...]) -> None:
        self.names = names
        self.documents = tuple((at, name) for at, name in enumerate(names) if name in documents)
        self.fits: dict[tuple[type[Any], ...], Fit | None] = {}  # by types of values; None: only the engine can tell
        first = attrgetter(*names)
        self.read: Callable[[Row], tuple[Any, ...]] = first if len(names) > 1 else lambda row: (first(row),)

    def with_texts(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Documents as text. An empty one is NULL, never '': json_extract('') raises, only when asked."""
        written = list(values)
        for at, _ in self.documents:
            held = written[at]
            written[at] = dump(held).decode() if held else None
        return tuple(written)


class Shelf:
    """The rows of one kind, and the ids that a question by one field was answered with, live rows only, in id order."""

    __slots__ = ("answers", "documents", "kind", "plans", "rows", "stored_as")

    def __init__(self, kind: Kind, types: dict[str, str]) -> None:
        self.kind, self.documents = kind, tuple(kind.names[at] for at in kind.documents)
        self.stored_as: dict[str, type[Any]] = {c.name: STORED_AS[types[c.type]] for c in kind.columns}
        self.plans: dict[tuple[str, ...], Plan] = {}  # by the fields of a write
        self.rows: dict[Id, Row] = {}
        self.answers: dict[str, dict[Any, tuple[Id, ...]]] = {}

    def clear(self) -> None:
        self.rows.clear()
        self.answers.clear()

    def keep(self, row: Row) -> None:
        """Keep a row that the engine gave."""
        if len(self.rows) >= ROWS_MAX:
            self.clear()
        self.rows[row.id] = row

    def answered(self, field: str, value: Any, limit: int) -> list[Row] | None:
        """The answer to a question asked before, or None: ask the engine."""
        held = self.answers.get(field)
        ids = held.get(value) if held is not None and type(value) is self.stored_as[field] else None
        if ids is None:
            return None
        rows = self.rows
        return [rows[id] for id in ids[:limit]]

    def answer(self, field: str, value: Any, found: list[Row]) -> None:
        """Remember all rows that answer a question, if each of them is kept."""
        if type(value) is not self.stored_as[field] or len(found) > ANSWER_MAX:
            return
        rows = self.rows
        for row in found:
            if row.id not in rows:
                return
        held = self.answers.setdefault(field, {})
        if len(held) >= ROWS_MAX:
            held.clear()
        held[value] = tuple([row.id for row in found])

    def made(self, stored: Row | None) -> None:
        """A row was inserted; None: only the engine can tell how it looks."""
        if stored is None:
            self.answers.clear()
            return
        if len(self.rows) >= ROWS_MAX:
            self.clear()
        self.rows[stored.id] = stored
        for field in self.answers:
            self._joins(field, stored)

    def moved(self, id: Id, stored: Row | None, names: tuple[str, ...]) -> None:
        """Fields of a row were written; `deleted` among them concerns every answer."""
        if stored is None:
            self.clear()
            return
        before = self.rows.get(id)
        self.rows[id] = stored
        for field in self.answers if "deleted" in names else [n for n in names if n in self.answers]:
            if before is not None:  # no answer names a row that is not kept
                self._leaves(field, getattr(before, field), id)
            self._joins(field, stored)

    def _leaves(self, field: str, value: Any, id: Id) -> None:
        held = self.answers[field]
        ids = held.get(value)
        if ids is not None:
            held[value] = tuple([one for one in ids if one != id])

    def _joins(self, field: str, row: Row) -> None:
        """An answer names every row there is: a new one takes its place in it."""
        held, value = self.answers[field], getattr(row, field)
        ids = held.get(value)
        if ids is None or row.deleted:
            return
        if len(ids) < ANSWER_MAX:
            held[value] = tuple(sorted({*ids, row.id}))
        else:
            del held[value]

    def plan(self, names: tuple[str, ...]) -> Plan:
        """The plan for a write of these fields, made and kept."""
        made = self.plans[names] = Plan(names, self.documents)
        return made

    def as_stored(self, row: Row, plan: Plan, values: tuple[Any, ...]) -> Row | None:
        """The row as the engine will give it back, apart from what the writer holds; None when only the engine can tell."""
        types = tuple(map(type, values))
        try:
            fit = plan.fits[types]
        except KeyError:
            fit = plan.fits[types] = self._fit(plan.names, types)
        if fit is None:
            return None
        differing, texts, wholes = fit
        for at in texts:
            if not values[at].isascii() and not encodable(values[at]):
                return None
        for at in wholes:
            if not WHOLE_MIN <= values[at] <= WHOLE_MAX:
                return None
        for _, name in plan.documents:
            if getattr(row, name) == {}:
                row = msgspec.structs.replace(row, **{name: None})
        if not differing:
            return row
        names = plan.names
        mended = {names[at]: int(given) if type(given := values[at]) is bool else load(given) for at in differing}
        return msgspec.structs.replace(row, **mended)

    def _fit(self, names: tuple[str, ...], types: tuple[type[Any], ...]) -> Fit | None:
        """Places of values that come back otherwise: documents, which were texts on the way, and flags, which are numbers."""
        places: list[int] = []
        for at, (name, given) in enumerate(zip(names, types, strict=True)):
            if (given is bool and self.stored_as[name] is int) or (given is str and name in self.documents):
                places.append(at)
            elif given is not type(None) and given is not self.stored_as[name]:
                return None
        texts = tuple(at for at, given in enumerate(types) if given is str)
        return Fit(tuple(places), texts, tuple(at for at, given in enumerate(types) if given is int))


def encodable(text: str) -> bool:
    """Half a surrogate pair is no text for the engine."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
