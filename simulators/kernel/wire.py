"""One declaration per field: what the vendor calls it, how it is written, who may write it. Everything else is derived.

From a `Wire` come: encode (row to JSON), decode (body to domain values), describe, the names a query may use, and the SQL view
that SuiteQL sees. Drift is therefore an edit of the declaration: `rename`, `retype`, `remove`, `demand` return a new Wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from .records import WHOLE_MAX, Kind, Refusal, Row

JsonType = type
SHAPES_MAX, SHAPE_MAX = 1_024, 100  # shapes of bodies remembered, and names in one
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, OverflowError)


class Codec(NamedTuple):
    """How one type of value crosses the wire. `accepts` is exact: a bool is no int."""

    type: str  # the vendor's word, for describe
    encode: Callable[[Any], Any] | None = None  # domain -> JSON; None: the same
    decode: Callable[[Any], Any] | None = None  # JSON or query literal -> domain; None: the same
    sql: str = "{0}"  # domain column -> what a vendor view shows
    ordered: bool = True  # does the domain's order equal the vendor's?
    accepts: tuple[JsonType, ...] = ()  # JSON types taken; () takes any
    values: tuple[str, ...] = ()  # picklist


class Column(NamedTuple):
    """One vendor field. `field` is the domain's; "extra.X" lives in the free-form map."""

    wire: str
    field: str
    codec: Codec
    write: str = "cu"  # c: on create, u: on update, "": read-only
    required: bool = False
    parent: str = ""  # SOQL relationship name of a reference ("Account")


@dataclass(frozen=True, eq=False)
class Wire:
    """A vendor's object over a domain kind."""

    name: str
    kind: Kind
    columns: tuple[Column, ...]
    key_prefix: str = ""
    strict: bool = True  # unknown names are refused
    by_wire: dict[str, Column] = field(init=False)
    by_name: dict[str, Column] = field(init=False)  # lower-case
    by_field: dict[str, Column] = field(init=False)
    parents: dict[str, Column] = field(init=False)
    needed: tuple[str, ...] = field(init=False)
    reads: tuple[tuple[str, Callable[[Row], Any]], ...] = field(init=False)
    asides: tuple[str, ...] = field(init=False)  # fields in the free-form map
    shapes: dict[tuple[str, ...], tuple[tuple[str, Column], ...]] = field(init=False)  # (moment, *names of a body): its columns

    def __post_init__(self) -> None:
        unknown = [c.wire for c in self.columns if not c.field.startswith("extra.") and c.field not in self.kind.by_name]
        assert not unknown, f"{self.name}: no domain field behind {unknown}"
        derived = {
            "by_wire": {c.wire: c for c in self.columns},
            "by_name": {c.wire.lower(): c for c in self.columns},
            "by_field": {c.field: c for c in reversed(self.columns)},
            "parents": {c.parent.lower(): c for c in self.columns if c.parent},
            "needed": tuple(c.wire for c in self.columns if c.required),
            "reads": tuple((c.wire, reader(c)) for c in self.columns),
            "asides": tuple(c.field for c in self.columns if c.field.startswith("extra.")),
            "shapes": {},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    # -- rows -------------------------------------------------------------------------------------
    def encode(self, row: Row) -> dict[str, Any]:
        """The row as the vendor shows it: {vendor name: JSON value}, in the order declared."""
        return {name: read(row) for name, read in self.reads}

    def decode(self, body: Mapping[str, Any], moment: str) -> dict[str, Any]:
        """Domain values of a request body; `moment` is 'c' or 'u'. Raises Refusal naming the vendor's field."""
        shape = (moment, *body)
        columns = self.shapes.get(shape)
        if columns is None:
            values = self._decoded(body, moment)
            self._remember(shape)
        else:
            values = {column.field: take(column, body[name]) for name, column in columns}
        if moment == "c":
            absent = [n for n in self.needed if body.get(n) in (None, "")]
            if absent:
                raise Refusal("required", f"missing: {', '.join(absent)}", field=absent[0], got=absent, kind=self.kind.name)
        if self.asides:
            extra = {field[6:]: values.pop(field) for field in self.asides if field in values}
            if extra:
                values["extra"] = extra
        return values

    def _decoded(self, body: Mapping[str, Any], moment: str) -> dict[str, Any]:
        """Values by field, of a body whose names nobody has checked before."""
        values: dict[str, Any] = {}
        for name, given in body.items():
            column = self.by_wire.get(name) or self.by_name.get(name.lower())
            if column is None:
                if self.strict:
                    raise Refusal("unknown_field", f"no column {name} on {self.name}", field=name, kind=self.kind.name)
                continue
            if moment not in column.write:
                raise Refusal("read_only", f"{name} may not be written", field=column.wire, kind=self.kind.name)
            values[column.field] = take(column, given)
        return values

    def _remember(self, shape: tuple[str, ...]) -> None:
        """The columns behind the names of a body that was taken: the next one of that shape is not checked by name again."""
        if len(self.shapes) < SHAPES_MAX and len(shape) <= SHAPE_MAX:
            found = ((name, self.by_wire.get(name) or self.by_name.get(name.lower())) for name in shape[1:])
            self.shapes[shape] = tuple((name, column) for name, column in found if column is not None)

    def find(self, name: str) -> Column:
        """The column by its vendor name, whatever its case. Raises Refusal 'unknown_field'."""
        column = self.by_name.get(name.lower())
        if column is None:
            raise Refusal("unknown_field", f"No such column '{name}' on entity '{self.name}'", field=name, kind=self.kind.name)
        return column

    def name_of(self, domain_field: str) -> str:
        """The vendor's name of a domain field; a name that is none of ours stays as it is."""
        column = self.by_field.get(domain_field)
        return column.wire if column else domain_field

    # -- drift ------------------------------------------------------------------------------------
    def rename(self, old: str, new: str) -> Wire:
        return self._edit(old, lambda c: c._replace(wire=new))

    def retype(self, name: str, codec: Codec) -> Wire:
        return self._edit(name, lambda c: c._replace(codec=codec))

    def remove(self, name: str) -> Wire:
        assert name in self.by_wire, f"{self.name} has no {name}"
        return replace(self, columns=tuple(c for c in self.columns if c.wire != name))

    def demand(self, column: Column) -> Wire:
        return replace(self, columns=(*(c for c in self.columns if c.wire != column.wire), column._replace(required=True)))

    def _edit(self, name: str, edit: Callable[[Column], Column]) -> Wire:
        assert name in self.by_wire, f"{self.name} has no {name}"
        return replace(self, columns=tuple(edit(c) if c.wire == name else c for c in self.columns))

    # -- a view, for the tongue that is SQL itself ------------------------------------------------
    def view(self, name: str, constants: Mapping[str, str] | None = None) -> str:
        """SQL text of a view of live rows in the vendor's names; `constants` adds {alias: SQL expression over domain columns}."""
        shown = [f'{column_sql(c, "")} AS "{c.wire.lower()}"' for c in self.columns]
        shown += [f'{text} AS "{alias}"' for alias, text in (constants or {}).items()]
        return f'CREATE TEMP VIEW "{name}" AS SELECT {", ".join(shown)} FROM "{self.kind.table}" WHERE deleted = 0'


def take(column: Column, given: Any) -> Any:
    """A JSON value, or a literal of a query, as the domain's. Raises Refusal 'wrong_type' or 'bad_value' naming the vendor's field."""
    if given is None:
        return None
    _, _, decode, _, _, accepts, choices = column.codec
    if accepts and type(given) not in accepts:
        raise wrong(column, given)
    if choices and given not in choices:
        raise Refusal(
            "bad_value", f"{column.wire}: bad value for restricted picklist field: {given}", field=column.wire, got=given
        )
    try:
        value = decode(given) if decode else given
    except UNREADABLE as error:
        raise wrong(column, given) from error
    if type(value) is int and not -WHOLE_MAX <= value <= WHOLE_MAX:
        raise wrong(column, given)
    return value


def wrong(column: Column, given: Any) -> Refusal:
    return Refusal("wrong_type", f"{column.wire}: {column.codec.type} wanted, got {given!r}", field=column.wire, got=given)


def reader(column: Column) -> Callable[[Row], Any]:
    encode, name = column.codec.encode, column.field
    if name.startswith("extra."):
        key = name[6:]
        return lambda row: (row.extra or {}).get(key)
    get = attrgetter(name)
    if encode is None:
        return get
    return lambda row: None if (value := get(row)) is None else encode(value)


def column_sql(column: Column, alias: str, *, raw: bool = False) -> str:
    """SQL of a column: as a view shows it, or `raw`, as it is stored."""
    if column.field.startswith("extra."):
        return f"json_extract({alias}extra, '$.{column.field[6:]}')"
    at = f'{alias}"{column.field}"'
    return at if raw else column.codec.sql.format(at)


TENS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
ENCODER = msgspec.json.Encoder()
json_bytes = ENCODER.encode


def scaled(value: float | Decimal | str, places: int) -> int:
    """A decimal number as an integer of 10**-places, half up, read from its shortest text: 1.005 is 1.005, not 1.00499..."""
    if type(value) is int:
        return value * TENS[places]
    if type(value) is float:
        whole = round(value * TENS[places])
        if whole / TENS[places] == value:
            return whole
        value = repr(value)
    exact = Decimal(value)
    return int((exact * TENS[places]).quantize(Decimal(1), ROUND_HALF_UP))


def unscaled(value: int, places: int) -> float:
    """The number that JSON shows for an integer of 10**-places."""
    return value / TENS[places]
