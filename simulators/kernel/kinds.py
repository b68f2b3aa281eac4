"""Kinds of record, their fields and machines, and the refusal that every rule ends in. Declarations only; `records.py` acts on them.

SimulatorError
└── Refusal    what the world may do wrong: the caller is told, in the vendor's words, and nothing has changed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

if TYPE_CHECKING:
    from .records import Records

Id = str | int  # TEXT or INTEGER, the vendor decides
Row = Any  # an instance of Kind.Row: frozen, attribute access by domain field
Rule = Callable[["Records", Row, Row], None]  # (records, before | None, after): raises Refusal
Derive = Callable[
    ["Records", Row, dict[str, Any], str], dict[str, Any]
]  # (records, before | None, values, by) -> completed values
RuleT = TypeVar("RuleT", bound="Rule")
Verb = Callable[["Records", Row, dict[str, Any], str, int], Row]  # (records, row | None, values, user, at) -> row

SQL_TYPES = {
    "text": "TEXT",
    "state": "TEXT",
    "date": "TEXT",
    "json": "TEXT",
    "money": "INTEGER",  # minor units
    "quantity": "INTEGER",  # hundredths
    "rate": "INTEGER",  # ten-thousandths of a currency unit
    "int": "INTEGER",
    "instant": "INTEGER",  # ms since 1970, UTC
    "flag": "INTEGER",
}  # id and ref: TEXT or INTEGER, the vendor decides
WHOLE_MAX = 2**63 - 1
CHECKS_MAX = 4_096  # sets of fields moved that are remembered, of one kind


class SimulatorError(Exception):
    """Root of everything a simulator raises on purpose."""


class Refusal(SimulatorError):
    """The world's mistake, by a shared code. `field` is a domain or a vendor name, `kind` the domain kind it concerns.

    `got` is what came, `status` overrides the room's status for this code (0: the room decides).
    """

    def __init__(self, code: str, message: str, *, field: str = "", got: Any = None, status: int = 0, kind: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field, self.got, self.status, self.kind = code, message, field, got, status, kind


@dataclass(frozen=True)
class Field:
    """One domain field. `to` names the kind a ref points at; a ref with `to` must point at a live row."""

    name: str
    type: str = "text"
    required: bool = False
    indexed: bool = False
    unique: bool = False  # among live rows; a second one is Refusal "duplicate"
    default: Any = None
    to: str = ""


HEADER = (
    Field("id", "id"),
    Field("version", "int"),
    Field("created_at", "instant"),
    Field("changed_at", "instant", indexed=True),
    Field("changed_by"),
    Field("deleted", "flag", default=0),
    Field("extra", "json"),
)


@dataclass(frozen=True)
class Machine:
    """The states of one field and the moves between them. `entries`: states a record may be born in; () allows any."""

    field: str
    start: str
    moves: Mapping[str, tuple[str, ...]]
    entries: tuple[str, ...] = ()

    def check(self, before: str | None, after: str) -> None:
        """Raise Refusal 'unknown_state' or 'illegal_transition'; staying where one is is always allowed."""
        if after not in self.moves:
            raise Refusal("unknown_state", f"{after!r} is unknown; known: {', '.join(self.moves)}", field=self.field, got=after)
        if before is None:
            if self.entries and after not in self.entries:
                wanted = " or ".join(self.entries)
                raise Refusal("illegal_transition", f"begins as {wanted}, not {after}", field=self.field, got=after)
        elif before != after and after not in self.moves[before]:
            allowed = " or ".join(self.moves[before]) or "nothing"
            raise Refusal("illegal_transition", f"{before} may become {allowed}, not {after}", field=self.field, got=after)


def watching(*names: str) -> Callable[[RuleT], RuleT]:
    """Declare that a rule has nothing to say to a change that moves none of these fields; it is not asked then. 'deleted': to no change."""

    def mark(rule: RuleT) -> RuleT:
        rule.watches = frozenset(names)  # type: ignore[attr-defined]
        return rule

    return mark


class Checks(NamedTuple):
    """What has to be looked at when certain fields move: the parts of a kind that are about them."""

    required: tuple[str, ...]
    machine: Machine | None
    watched: tuple[Field, ...]
    rules: tuple[Rule, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of record. `key`: the natural business key's field; `verbs`: what people do beyond create, update, delete."""

    name: str
    fields: tuple[Field, ...]
    machine: Machine | None = None
    rules: tuple[Rule, ...] = ()
    key: str = ""
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    derive: Derive | None = None  # completes values before they are checked: what follows from them, what they may not move
    Row: type[Any] = field(init=False)
    columns: tuple[Field, ...] = field(init=False)
    names: tuple[str, ...] = field(init=False)
    by_name: dict[str, Field] = field(init=False)
    table: str = field(init=False)
    required: tuple[str, ...] = field(init=False)
    watched: tuple[Field, ...] = field(init=False)  # refs with a target, and unique fields: looked up when they move
    flags: tuple[str, ...] = field(init=False)
    documents: tuple[int, ...] = field(init=False)  # positions of json columns
    checks: dict[tuple[str, ...], Checks] = field(init=False)  # by the fields that move

    def __post_init__(self) -> None:
        columns = HEADER + self.fields
        by_name = {c.name: c for c in columns}
        assert len(by_name) == len(columns), f"{self.name}: a field is declared twice"
        assert not self.key or self.key in by_name, f"{self.name}: key {self.key} is no field"
        unknown = [c.name for c in self.fields if c.type not in SQL_TYPES and c.type not in ("id", "ref")]
        assert not unknown, f"{self.name}: unknown type of {unknown}"
        # Immutable, untracked by the collector, encodes as an array in C: cheap to share between live state and snapshots.
        row = msgspec.defstruct(self.name, [(c.name, Any, c.default) for c in columns], frozen=True, gc=False, array_like=True)
        derived = {
            "Row": row,
            "columns": columns,
            "by_name": by_name,
            "names": tuple(by_name),
            "table": self.name + "_row",  # a vendor view may be called `customer`; tables never are
            "required": tuple(c.name for c in self.fields if c.required),
            "watched": tuple(c for c in self.fields if c.to or c.unique),
            "flags": tuple(c.name for c in self.fields if c.type == "flag"),
            "documents": tuple(i for i, c in enumerate(columns) if c.type == "json"),
            "checks": {},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def checks_of(self, moved: tuple[str, ...]) -> Checks:
        """What a change of these fields is checked for; worked out once."""
        found = self.checks.get(moved)
        if found is None:
            machine = self.machine if self.machine and self.machine.field in moved else None
            rules = tuple(r for r in self.rules if not (w := getattr(r, "watches", None)) or not w.isdisjoint(moved))
            found = Checks(
                tuple(n for n in self.required if n in moved), machine, tuple(f for f in self.watched if f.name in moved), rules,
                tuple(n for n in self.flags if n in moved),
            )  # fmt: skip
            if len(self.checks) < CHECKS_MAX:
                self.checks[moved] = found
        return found

    def is_indexed(self, name: str) -> bool:
        """Keys, unique and indexed fields have an index, and compare exactly."""
        found = self.by_name[name]
        return found.indexed or found.unique or name == self.key

    def values(self, row: Any) -> dict[str, Any]:
        """Domain values of a row; flags as booleans, `extra` only when it holds something."""
        shown = {f.name: getattr(row, f.name) for f in self.fields}
        if row.extra:
            shown["extra"] = row.extra
        for name in self.flags:
            if shown.get(name) is not None:
                shown[name] = bool(shown[name])
        return shown
