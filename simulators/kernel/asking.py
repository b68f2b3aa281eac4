"""Compile a Query (vendor names, holes) against wires to SQL with bound parameters.

A literal is decoded by its column's codec into the domain's value, so indexes on domain columns serve vendor questions; where
the vendor's order is not the domain's (a picklist), only equality is pushed down. Every plan without grouping ends in the id:
the order is never left to the planner, which differs between SQLite versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .conditions import Both, Compare, Condition, Hole, Not, Query
from .records import Refusal
from .wire import Column, Wire, column_sql, take

if TYPE_CHECKING:
    from simulators.stores.typed import TypedStore

FUNCTIONS = {"COUNT", "COUNT_DISTINCT", "SUM", "MIN", "MAX", "AVG"}
LIKE_ESCAPE = " ESCAPE '\\'"


class Plan(NamedTuple):
    """A compiled question. Rows come as (id, *outputs), outputs in domain values; `encoders` word them."""

    wire: Wire
    text: str  # SQL, for people too
    binds: tuple[tuple[Any, Column | None], ...]  # ((hole | constant, column), ...)
    names: tuple[tuple[str, ...], ...]  # output paths
    encoders: tuple[Callable[[Any], Any] | None, ...]  # one per output value, None: as is

    def run(self, store: TypedStore, literals: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Ask. Raises Refusal 'wrong_type' when a literal does not fit its column."""
        return store.select(self.text, [literal(bound, column, literals) for bound, column in self.binds])


def literal(bound: Any, column: Column | None, literals: Sequence[Any]) -> Any:
    value = literals[bound.at] if type(bound) is Hole else bound
    if column is None or value is None:
        return value
    if column.codec.values and value not in column.codec.values:
        return f"\x00{value}"  # an unknown picklist value matches nothing
    return take(column, value)


def is_function(item: Any) -> bool:
    """Is an item of a select list (function, path, alias), rather than a path?"""
    return len(item) == 3 and item[0] in FUNCTIONS and (item[1] is None or type(item[1]) is tuple)


class SqlCompiler:
    """One compiler a schema; `compile` is pure but for its own scratch, and plans must die with the wires."""

    def __init__(self, wires: Mapping[str, Wire]) -> None:
        self.wires = wires

    def compile(self, query: Query) -> Plan:
        """Raises Refusal 'unknown_kind', 'unknown_field', 'unknown_relation', 'unordered'."""
        self.wire = wire = named(self.wires, query.source)
        self.joins: dict[tuple[str, ...], tuple[str, Wire, str]] = {}
        self.binds: list[tuple[Any, Column | None]] = []
        aggregate = any(is_function(i) for i in query.select)
        out = ["NULL" if aggregate or query.group else "t.id"]
        names: list[tuple[str, ...]] = [("Id",)]
        encoders: list[Callable[[Any], Any] | None] = [None]
        for item in query.select:
            text, name, encode = self._output(item)
            out.append(text)
            names.append(name)
            encoders.append(encode)
        where = ["t.deleted = 0"]
        if query.where is not None:
            where.append(self._condition(query.where))
        tail = self._tail(query, aggregate=aggregate)
        joins = "".join(f' LEFT JOIN "{w.kind.table}" {alias} ON {alias}.id = {on}' for alias, w, on in self.joins.values())
        text = f'SELECT {", ".join(out)} FROM "{wire.kind.table}" t{joins} WHERE {" AND ".join(where)}{tail}'
        return Plan(wire, text, tuple(self.binds), tuple(names), tuple(encoders))

    def _tail(self, query: Query, *, aggregate: bool) -> str:
        tail = ""
        if query.group:
            tail += " GROUP BY " + ", ".join(self._at(p)[0] for p in query.group)
        order = [f"{self._ranked(p)} {'DESC' if d else 'ASC'} NULLS {'LAST' if last else 'FIRST'}" for p, d, last in query.order]
        if query.group:
            order += [self._at(p)[0] for p in query.group]
        elif not aggregate:
            order.append("t.id")
        if order:
            tail += " ORDER BY " + ", ".join(order)
        if query.limit is None and query.offset is not None:
            tail += " LIMIT -1"
        for word, bound in (("LIMIT", query.limit), ("OFFSET", query.offset)):
            if bound is not None:
                tail += f" {word} CAST(? AS INTEGER)"
                self.binds.append((bound, None))
        return tail

    def _ranked(self, path: tuple[str, ...]) -> str:
        at, _, fold = self._at(path)
        return at + fold

    def _at(self, path: tuple[str, ...]) -> tuple[str, Column, str]:
        """SQL of a path, its column, and how it compares: ' COLLATE NOCASE' or ''."""
        wire, alias = self.wire, "t"
        for depth, step in enumerate(path[:-1]):
            via = wire.parents.get(step.lower())
            if via is None:
                raise Refusal("unknown_relation", f"Didn't understand relationship '{step}' in field path", field=step)
            key = tuple(s.lower() for s in path[: depth + 1])
            wire = target(self.wires, wire, via)
            if key not in self.joins:
                self.joins[key] = (f"p{len(self.joins)}", wire, f'{alias}."{via.field}"')
            alias = self.joins[key][0]
        column = wire.find(path[-1])
        return column_sql(column, alias + ".", raw=True), column, " COLLATE NOCASE" if folds(wire, column) else ""

    def _output(self, item: Any) -> tuple[str, tuple[str, ...], Callable[[Any], Any] | None]:
        if not is_function(item):
            at, column, _ = self._at(item)
            return at, (*item[:-1], column.wire), column.codec.encode
        function, path, alias = item
        if path is None:
            return "COUNT(*)", (alias,), None
        at, column, _ = self._at(path)
        text = f"COUNT(DISTINCT {at})" if function == "COUNT_DISTINCT" else f"{function}({at})"
        return text, (alias,), None if function.startswith("COUNT") else column.codec.encode

    def _condition(self, node: Condition) -> str:
        if isinstance(node, Both):
            return "(" + f" {node.op.upper()} ".join(self._condition(p) for p in node.parts) + ")"
        if isinstance(node, Not):
            return f"NOT COALESCE({self._condition(node.part)}, 0)"  # NOT over NULL drops rows that the vendor returns
        return self._comparison(node)

    def _comparison(self, node: Compare) -> str:
        at, column, fold = self._at(node.path)
        if node.op == "in":
            self.binds += [(v, column) for v in node.value]
            return f"{at}{fold} IN ({', '.join('?' * len(node.value))})"
        if node.value is None:
            return f"{at} IS {'NOT ' if node.op == '!=' else ''}NULL"
        self.binds.append((node.value, column if node.op != "like" else None))
        if node.op == "like":
            return f"{at} LIKE ?{LIKE_ESCAPE}"
        if node.op == "!=":
            return f"{at} IS NOT ?{fold}"
        if node.op != "=" and not column.codec.ordered:
            raise Refusal("unordered", f"{column.wire} can not be compared with {node.op}", field=column.wire)
        return f"{at} {node.op} ?{fold}"


def folds(wire: Wire, column: Column) -> bool:
    """Free text compares without case; keys and indexed text compare exactly, or the index would not serve."""
    found = wire.kind.by_name.get(column.field)
    return found is not None and found.type == "text" and not wire.kind.is_indexed(column.field)


def named(wires: Mapping[str, Wire], name: str) -> Wire:
    """The wire of that vendor name, whatever its case. Raises Refusal 'unknown_kind'."""
    wire = wires.get(name.lower())
    if wire is None:
        raise Refusal("unknown_kind", f"sObject type '{name}' is not supported.", field=name)
    return wire


def target(wires: Mapping[str, Wire], wire: Wire, column: Column) -> Wire:
    """The wire that a reference column points at."""
    kind = wire.kind.by_name[column.field].to
    return next(w for w in wires.values() if w.kind.name == kind)
