"""What a record type and a request body are to the handlers, and the plain way to write one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.kernel.records import Kind, Records, Row

from .state import Account

Item = dict[str, Any]


@dataclass
class Body:
    """A request body on its way in: domain values of its fields, its sublists as they came, who wrote it and how."""

    values: dict[str, Any]
    sublists: dict[str, list[Item]] = field(default_factory=dict)
    replace: frozenset[str] = frozenset()  # sublists to be replaced rather than merged
    strict: bool = False  # unknown names are errors
    user: str = ""


@dataclass(frozen=True)
class Sublist:
    """A nested collection: its name in the record, the wire of its lines, which rows they are, what numbers them in a URL."""

    name: str
    wire: str
    rows: Callable[[Records, Row], list[Row]]
    numbered: str = "line"


def make_plainly(system: Account, record: RecordType, body: Body) -> Row:
    return system.records.create(record.kind, body.values, body.user)


def change_plainly(system: Account, record: RecordType, row: Row, body: Body) -> Row:
    return system.records.change(record.kind, row, body.values, body.user)


def remove_plainly(system: Account, record: RecordType, row: Row, user: str) -> None:
    system.records.remove(record.kind, row, user)


@dataclass(frozen=True)
class RecordType:
    """A record of the REST service. `external`: the domain field that `eid:` names; `label`: the one shown as refName.

    `create`, `update` and `remove` are the domain's way, where it is not the plain one.
    """

    name: str
    kind: Kind
    label: str
    sublists: tuple[Sublist, ...] = ()
    create: Callable[[Account, RecordType, Body], Row] = make_plainly
    update: Callable[[Account, RecordType, Row, Body], Row] = change_plainly
    remove: Callable[[Account, RecordType, Row, str], None] = remove_plainly
    external: str = "external_id"
    virtual: tuple[str, ...] = ()  # sublists that are no kind of their own
    nested: frozenset[str] = field(init=False)  # names of all of them, lower-case

    def __post_init__(self) -> None:
        names = (*(s.name for s in self.sublists), *self.virtual)
        object.__setattr__(self, "nested", frozenset(name.lower() for name in names))

    def sublist(self, name: str) -> Sublist | None:
        return next((s for s in self.sublists if s.name.lower() == name.lower()), None)


def label_of(record: RecordType, row: Row) -> str:
    return str(getattr(row, record.label) or row.id)
