"""A parsed SOQL query and a schema -> a plan: bound SQL, how its columns nest into records, and the plans of its children.

A plan serves every query of its shape; what depends on the literals (LIMIT, OFFSET, ids, dates) is bound when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.kernel.wire import Wire

from .soql_conditions import Conditions
from .soql_outputs import Node, Outputs, shown_encoder
from .soql_schema import Child, Schema
from .soql_scope import AGGREGATES, Expression, Scope, canonical
from .soql_tree import Function, Hole, Path, Select
from .soql_values import Bind, Misfit, Moment

OFFSET_MAX = 2_000
FIELDS_MAX = 200
CHILDREN_MAX = 20
ROWS_MAX = 2**62
Rows = list[tuple[Any, ...]]
Ask = Callable[[str, list[Any]], Rows]


def no_parents(_literals: tuple[str, ...], _moment: Moment) -> str:
    """Stands where the ids of the parents go; `ChildPlan.run` puts them there."""
    return "[]"


@dataclass(frozen=True)
class ChildPlan:
    """A child sub-query. Its rows hold their own id and their parent's before all else; LIMIT and OFFSET count per parent."""

    relation: str
    plan: Plan

    def run(self, ask: Ask, literals: tuple[str, ...], moment: Moment, parents: list[str]) -> dict[str, Rows]:
        """Rows by the id of their parent."""
        ids, plan = json.dumps(parents), self.plan
        binds = [ids if bind is no_parents else bind(literals, moment) for bind in plan.binds]
        found: dict[str, Rows] = {}
        for row in ask(plan.text, binds):
            found.setdefault(row[1], []).append(row)
        start = whole(plan.offset, literals, "OFFSET") or 0
        most = whole(plan.limit, literals, "LIMIT")
        if not start and most is None:
            return found
        return {parent: rows[start : None if most is None else start + most] for parent, rows in found.items()}


@dataclass(frozen=True)
class Plan:
    """`count`: SELECT COUNT(), a number and no records. `grouped`: AggregateResult rows, no ids."""

    wire: Wire
    text: str
    binds: tuple[Bind, ...]
    node: Node
    count: bool = False
    grouped: bool = False
    fields_word: bool = False
    limit: Hole | None = None
    offset: Hole | None = None
    children: tuple[ChildPlan, ...] = ()

    def run(self, ask: Ask, literals: tuple[str, ...], moment: Moment) -> Rows:
        self.check(literals)
        return ask(self.text, [bind(literals, moment) for bind in self.binds])

    def check(self, literals: tuple[str, ...]) -> None:
        limit, offset = whole(self.limit, literals, "LIMIT"), whole(self.offset, literals, "OFFSET")
        if self.fields_word and (limit is None or limit > FIELDS_MAX):
            raise Misfit("malformed", f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_MAX}", 0)
        if offset is not None and offset > OFFSET_MAX:
            raise Misfit("query_range", f"Maximum SOQL offset allowed is {OFFSET_MAX}", self.offset.at if self.offset else 0)


def whole(hole: Hole | None, literals: tuple[str, ...], word: str) -> int | None:
    """The number behind LIMIT or OFFSET; a Misfit unless it is a whole number from 0."""
    if hole is None:
        return None
    if not literals[hole.place].isdigit():
        raise Misfit("malformed", f"{word} must be a whole number, got {literals[hole.place]}", hole.at)
    return min(int(literals[hole.place]), ROWS_MAX)


class Compiler:
    """Compiles one query; a new one for each, as it counts aliases."""

    def __init__(self, schema: Schema, *, with_deleted: bool = False) -> None:
        self.schema, self.with_deleted, self.scopes = schema, with_deleted, 0

    def compile(self, select: Select) -> Plan:
        return self.plan(select, self.scope(self.schema.object(select.source, select.at), select))

    def scope(self, wire: Wire, select: Select) -> Scope:
        self.scopes += 1
        return Scope(self.schema, wire, f"t{self.scopes}", select.alias)

    def plan(self, select: Select, scope: Scope, below: Child | None = None) -> Plan:
        if is_count(select):
            return self.counting(select, scope)
        if select.group or any(isinstance(i, Function) and i.name in AGGREGATES for i in select.items):
            if below is not None:
                raise Misfit("malformed", "only root queries support aggregate expressions", select.at)
            return self.aggregating(select, scope)
        return self.listing(select, scope, below)

    # -- plain rows ---------------------------------------------------------------------------------
    def listing(self, select: Select, scope: Scope, below: Child | None) -> Plan:
        if select.having is not None:
            raise Misfit("malformed", "HAVING needs GROUP BY", select.at)
        outputs, children = Outputs(scope), []
        via = scope.wire.find(below.column).field if below is not None else ""
        if via:
            outputs.columns.append(f'{scope.prefix}."{via}"')
        for item in select.items:
            if isinstance(item, Select):
                children.append(self.child(item, scope.wire, below))
            else:
                outputs.add(item)
        if len(children) > CHILDREN_MAX:
            raise Misfit("malformed", f"maximum {CHILDREN_MAX} child relationship sub-queries are allowed", select.at)
        binds: list[Bind] = []
        where = self.where(select, scope, binds)
        if via:
            where += f' AND {scope.prefix}."{via}" IN (SELECT value FROM json_each(?))'
            binds.append(no_parents)
        tail = order_text(select, scope, {}, f"{scope.prefix}.id") + ("" if via else limit_text(select, binds))
        text = f"SELECT {', '.join(outputs.columns)} FROM {table(scope)}{scope.joined()} WHERE {where}{tail}"
        return Plan(
            scope.wire, text, tuple(binds), outputs.node, fields_word=outputs.fields_word,
            limit=select.limit, offset=select.offset, children=tuple(children),
        )  # fmt: skip

    def child(self, select: Select, parent: Wire, below: Child | None) -> ChildPlan:
        if below is not None:
            raise Misfit("malformed", "SOQL statements cannot nest child sub-queries more than one level", select.at)
        found = self.schema.child(parent, select.source, select.at)
        wire = self.schema.wires[found.wire.lower()]
        return ChildPlan(found.relation, self.plan(select, self.scope(wire, select), found))

    def where(self, select: Select, scope: Scope, binds: list[Bind]) -> str:
        alive = "1" if self.with_deleted else f"{scope.prefix}.deleted = 0"
        if select.where is None:
            return alive
        return f"{alive} AND {Conditions(self.schema, scope, binds, self.inner).text(select.where)}"

    def inner(self, select: Select, binds: list[Bind]) -> tuple[str, Expression]:
        """The SELECT of a semi-join: one column, nothing but a WHERE."""
        wire = self.schema.object(select.source, select.at)
        scope = self.scope(wire, select)
        if len(select.items) != 1 or not isinstance(select.items[0], Path):
            raise Misfit("malformed", "semi join sub-selects must select exactly one field", select.at)
        if select.group or select.having or select.order or select.limit or select.offset:
            raise Misfit("malformed", "GROUP BY, ORDER BY, LIMIT and OFFSET are not allowed in semi join sub-selects", select.at)
        picked = scope.field(select.items[0])
        alive = f"{scope.prefix}.deleted = 0 AND {picked.raw} IS NOT NULL"
        if select.where is not None:
            alive += f" AND {Conditions(self.schema, scope, binds, None).text(select.where)}"
        return f"SELECT {picked.raw} FROM {table(scope)}{scope.joined()} WHERE {alive}", picked

    # -- numbers ------------------------------------------------------------------------------------
    def counting(self, select: Select, scope: Scope) -> Plan:
        if select.order or select.having:
            raise Misfit("malformed", "COUNT() takes neither ORDER BY nor HAVING", select.at)
        binds: list[Bind] = []
        where = self.where(select, scope, binds)
        rows = f"SELECT 1 FROM {table(scope)}{scope.joined()} WHERE {where}{limit_text(select, binds)}"
        text = f"SELECT COUNT(*) FROM ({rows})"
        return Plan(scope.wire, text, tuple(binds), Node("", 0, []), count=True, limit=select.limit, offset=select.offset)

    def aggregating(self, select: Select, scope: Scope) -> Plan:
        groups = {canonical(g, scope): scope.value(g) for g in select.group}
        node = Node("AggregateResult", -1, [])
        columns: list[str] = []
        named: dict[str, Expression] = {}
        for item in select.items:
            if isinstance(item, Select):
                raise Misfit("malformed", "aggregate queries take no child sub-queries", item.at)
            name, found, grouped = self.summed(item, scope, groups, sum(n.startswith("expr") for n, _, _ in node.entries))
            if name in (n for n, _, _ in node.entries):
                raise Misfit("malformed", f"duplicate alias: {name}", item.at)
            node.entries.append((name, len(columns), summary_encoder(found, grouped=grouped)))
            columns.append(found.shown if grouped and found.derived else found.raw)
            named[name.lower()] = found
        binds: list[Bind] = []
        where = self.where(select, scope, binds)
        by = ", ".join((g.shown if g.derived else g.raw) + g.fold for g in groups.values())
        having = ""
        if select.having is not None:
            having = f" HAVING {Conditions(self.schema, scope, binds, None).text(select.having)}"
        tail = order_text(select, scope, named, by) if groups else ""
        text = f"SELECT {', '.join(columns)} FROM {table(scope)}{scope.joined()} WHERE {where}"
        text += (f" GROUP BY {by}" if groups else "") + having + tail + limit_text(select, binds)
        return Plan(scope.wire, text, tuple(binds), node, grouped=True, limit=select.limit, offset=select.offset)

    def summed(
        self, item: Path | Function, scope: Scope, groups: dict[tuple[str, ...], Expression], nameless: int
    ) -> tuple[str, Expression, bool]:
        """Name, expression and is-it-a-group of one item of an aggregate SELECT."""
        spelled = canonical(item, scope)
        if spelled in groups:
            found = groups[spelled]
            plain = found.column.wire if found.column is not None else f"expr{nameless}"
            return item.alias or plain, found, True
        if isinstance(item, Path) or item.name not in AGGREGATES:
            name = ".".join(item.steps) if isinstance(item, Path) else item.name
            scope.value(item)
            raise Misfit("malformed", f"Field must be grouped or aggregated: {name}", item.at)
        return item.alias or f"expr{nameless}", scope.value(item), False


def is_count(select: Select) -> bool:
    first = select.items[0]
    return (
        len(select.items) == 1
        and isinstance(first, Function)
        and first.name == "COUNT"
        and first.path is None
        and not select.group
    )


def table(scope: Scope) -> str:
    return f'"{scope.wire.kind.table}" {scope.prefix}'


def order_text(select: Select, scope: Scope, named: dict[str, Expression], last: str) -> str:
    """ORDER BY, ending in `last` so that the planner never decides the order."""
    parts = []
    for rank in select.order:
        alias = rank.operand.steps[0].lower() if isinstance(rank.operand, Path) and len(rank.operand.steps) == 1 else ""
        found = named[alias] if alias in named else scope.value(rank.operand)
        if found.type == "textarea" and found.column is not None and not found.column.codec.ordered:
            raise Misfit("malformed", f"field '{found.column.wire}' can not be sorted in a query call", rank.operand.at)
        way, nulls = "DESC" if rank.descending else "ASC", "LAST" if rank.nulls_last else "FIRST"
        parts.append(f"{ranked(found)} {way} NULLS {nulls}")
    return " ORDER BY " + ", ".join([*parts, last])


def ranked(found: Expression) -> str:
    """What to sort by: a picklist goes by the order of its values, text without regard to case."""
    codec = found.column.codec if found.column is not None else None
    if codec is None or not codec.values or codec.decode is None or found.compared == found.raw:
        return found.compared + found.fold
    places = " ".join(f"WHEN '{codec.decode(label)}' THEN {n}" for n, label in enumerate(codec.values))
    return f"CASE {found.raw} {places} END"


def limit_text(select: Select, binds: list[Bind]) -> str:
    text = ""
    for word, hole in (("LIMIT", select.limit), ("OFFSET", select.offset)):
        if hole is not None:
            if hole.kind != "n":
                raise Misfit("malformed", f"{word} must be a whole number", hole.at)
            text += f" {word} ?"
            binds.append(count_bind(hole, word))
    if select.offset is not None and select.limit is None:
        return text.replace(" OFFSET", f" LIMIT {ROWS_MAX} OFFSET")
    return text


def count_bind(hole: Hole, word: str) -> Bind:
    def bind(literals: tuple[str, ...], _: Moment) -> int | None:
        return whole(hole, literals, word)

    return bind


def summary_encoder(found: Expression, *, grouped: bool) -> Callable[[Any], Any] | None:
    return shown_encoder(found) if grouped and found.derived else found.encode
