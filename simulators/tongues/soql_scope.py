"""One FROM of a query: which table stands for it, which parents are joined, and what each named field is in SQL.

An `Expression` has two faces. `raw` is the stored value, compared with decoded literals so that the domain's indexes serve;
`shown` is what the vendor shows (a picklist's label, a derived flag) and is used where the stored order or value is not his.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simulators.kernel.wire import Column, Wire, column_sql

from .soql_schema import Schema
from .soql_tree import Function, Path
from .soql_values import NUMERIC, TEXTUAL, Misfit

LEVELS_MAX = 5
AGGREGATES = {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"}
CALENDAR = {
    "CALENDAR_YEAR": "CAST(strftime('%Y', {0}) AS INTEGER)",
    "CALENDAR_QUARTER": "((CAST(strftime('%m', {0}) AS INTEGER) + 2) / 3)",
    "CALENDAR_MONTH": "CAST(strftime('%m', {0}) AS INTEGER)",
    "DAY_ONLY": "strftime('%Y-%m-%d', {0})",
}


class Expression(NamedTuple):
    raw: str
    shown: str
    type: str
    column: Column | None = None
    exact: bool = True  # False: text compared without regard to case
    derived: bool = False  # the vendor shows a computation over the stored value
    encode: Callable[[Any], Any] | None = None

    @property
    def compared(self) -> str:
        """The face to compare and sort by when the stored order is not the vendor's."""
        plain = self.column is None or (self.column.codec.ordered and not self.derived)
        return self.raw if plain else self.shown

    @property
    def fold(self) -> str:
        return "" if self.exact else " COLLATE NOCASE"


class Scope:
    """The tables of one SELECT. `prefix` keeps aliases of nested SELECTs apart."""

    def __init__(self, schema: Schema, wire: Wire, prefix: str, alias: str = "") -> None:
        self.schema, self.wire, self.prefix, self.alias = schema, wire, prefix, alias
        self.joins: dict[tuple[str, ...], tuple[str, Wire, str]] = {}  # relations -> (alias, object, ON)

    def steps(self, path: Path) -> tuple[str, ...]:
        """The path without a leading alias or name of the object itself."""
        first = path.steps[0].lower()
        own = first == self.alias.lower() or (first == self.wire.name.lower() and first not in self.wire.parents)
        return path.steps[1:] if own and len(path.steps) > 1 else path.steps

    def find(self, path: Path) -> tuple[str, Wire, Column]:
        """Table alias, object and column at the end of a path; parents on the way are joined."""
        steps = self.steps(path)
        if len(steps) > LEVELS_MAX + 1:
            raise Misfit("malformed", f"SOQL statements cannot query parent relationships more than {LEVELS_MAX} levels", path.at)
        wire, alias = self.wire, self.prefix
        for depth, step in enumerate(steps[:-1]):
            via, above = self.schema.parent(wire, step, path.at)
            key = tuple(s.lower() for s in steps[: depth + 1])
            if key not in self.joins:
                joined = f"{self.prefix}p{len(self.joins)}"
                self.joins[key] = (joined, above, f'{joined}.id = {alias}."{via.field}"')
            alias, wire = self.joins[key][0], above
        return alias, wire, self.schema.column(wire, steps[-1], path.at)

    def field(self, path: Path) -> Expression:
        alias, wire, column = self.find(path)
        codec = column.codec
        raw = column_sql(column, f"{alias}.", raw=True)
        held = wire.kind.by_name.get(column.field)
        exact = codec.type not in TEXTUAL - {"id", "reference"} or (held is not None and wire.kind.is_indexed(column.field))
        derived = codec.decode is None and codec.sql != "{0}"
        exact = exact or bool(codec.values and codec.decode)
        return Expression(raw, codec.sql.format(raw), codec.type, column, exact, derived, codec.encode)

    def value(self, operand: Path | Function) -> Expression:
        return self.field(operand) if isinstance(operand, Path) else self.function(operand)

    def function(self, call: Function) -> Expression:
        if call.name in CALENDAR and call.path is not None:
            return self.calendar(call, self.field(call.path))
        if call.name not in AGGREGATES:
            raise Misfit("malformed", f"unexpected token: '{call.name}'", call.at)
        if call.path is None:
            if call.name != "COUNT":
                raise Misfit("malformed", f"Invalid field for aggregate function {call.name}", call.at)
            return Expression("COUNT(*)", "COUNT(*)", "int")
        return self.aggregate(call, self.field(call.path))

    def calendar(self, call: Function, inner: Expression) -> Expression:
        if inner.type not in ("date", "datetime"):
            raise Misfit("query_field", f"{call.name} needs a date or a dateTime field", call.at)
        at = inner.raw if inner.type == "date" else f"{inner.raw} / 1000, 'unixepoch'"
        text = CALENDAR[call.name].format(at)
        return Expression(text, text, "date" if call.name == "DAY_ONLY" else "int")

    def aggregate(self, call: Function, inner: Expression) -> Expression:
        name = inner.column.wire if inner.column is not None else call.name
        if call.name in ("SUM", "AVG") and inner.type not in NUMERIC:
            raise Misfit("malformed", f"field {name} does not support aggregate operator {call.name}", call.at)
        if call.name in ("MIN", "MAX") and inner.type == "boolean":
            raise Misfit("malformed", f"field {name} does not support aggregate operator {call.name}", call.at)
        if call.name in ("COUNT", "COUNT_DISTINCT"):
            text = f"COUNT(DISTINCT {inner.raw})" if call.name == "COUNT_DISTINCT" else f"COUNT({inner.raw})"
            return Expression(text, text, "int")
        text = f"{call.name}({inner.compared})"
        encode = inner.encode if inner.compared == inner.raw else None
        return Expression(text, text, inner.type, inner.column if inner.type in NUMERIC else None, encode=encode)

    def joined(self) -> str:
        return "".join(f' LEFT JOIN "{wire.kind.table}" {alias} ON {on}' for alias, wire, on in self.joins.values())


def canonical(operand: Path | Function, scope: Scope) -> tuple[str, ...]:
    """A spelling by which two mentions of the same field or function are known to be the same."""
    if isinstance(operand, Path):
        return tuple(s.lower() for s in scope.steps(operand))
    return (f"{operand.name}()", *(canonical(operand.path, scope) if operand.path is not None else ()))
