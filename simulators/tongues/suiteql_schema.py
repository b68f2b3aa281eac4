"""What SuiteQL may ask about, and what type an expression over it has. Data and pure functions; nothing here changes a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from simulators.kernel.records import Refusal

Node = Any  # a node of sqlglot's tree; its own classes are the only types it has
Facet = tuple[tuple[str, str], ...]
DATE, INSTANT, TEXT, NUMBER = "date", "instant", "text", "number"
INSTANT_CALLS = ("NS_INSTANT", "NS_CUT", "NS_ADD_MONTHS")


@dataclass(frozen=True)
class Schema:
    """Tables in lower case: {table: {column: type}}. `variants`: {table: {constant of its type column: narrower view}}.

    `labels`: {table: {column with a label column `<column>__label` in the view}}; `keys`: a column that makes a table's order total.
    `followers`: {table: (its column that names a row of ..., that table)}: a narrowed table narrows those that hang on it.
    `facets`: {table: {((column, constant), ..): suffix of the view that holds only such rows}}.
    """

    tables: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    type_column: str = "type"
    followers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    facets: Mapping[str, Mapping[Facet, str]] = field(default_factory=dict)

    def constants(self) -> frozenset[str]:
        """Literals that decide which view is read: they stay in a query's shape."""
        codes = {code for codes in self.variants.values() for code in codes}
        return frozenset(codes | {value for facet in self.facets.values() for test in facet for _, value in test})

    def base(self, view: str) -> str:
        """The table that a view, perhaps a narrowed one, stands for."""
        return view if view in self.tables else view.partition("_")[0]


def malformed(message: str) -> Refusal:
    return Refusal("malformed", f"Invalid search query. Detailed unprocessed description follows. {message}", field="q")


def sources(select: exp.Select) -> list[Node]:
    start = select.args.get("from_") or select.args.get("from")
    return ([start.this] if start is not None else []) + [join.this for join in select.args.get("joins") or ()]


def conjuncts(select: exp.Select) -> Iterator[Node]:
    """What must hold for a row of the result: the AND-ed tests of WHERE and of inner joins."""
    where = select.args.get("where")
    tests = [where.this] if where is not None else []
    tests += [j.args["on"] for j in select.args.get("joins") or () if j.args.get("on") is not None and not j.side]
    while tests:
        test = tests.pop()
        if isinstance(test, exp.And):
            tests += [test.this, test.expression]
        elif isinstance(test, exp.Paren):
            tests.append(test.this)
        else:
            yield test


class Types:
    """What type an expression of a query has: date (ISO text), instant (ms), text, number, or '' when nothing is known."""

    def __init__(self, schema: Schema, tree: Node) -> None:
        self.schema, self.tree = schema, tree

    def of(self, node: Node | None, select: exp.Select) -> str:
        if isinstance(node, (exp.Alias, exp.Paren, exp.Min, exp.Max, exp.Coalesce)):
            return self.of(node.this, select)
        if isinstance(node, exp.Column):
            return self._of_column(node, select)
        if isinstance(node, exp.Case):
            return self.of(node.args["ifs"][0].args["true"], select)
        if isinstance(node, exp.Placeholder):
            return INSTANT if node.name == "now" else TEXT
        if isinstance(node, exp.Anonymous):
            return INSTANT if node.name.upper() in INSTANT_CALLS else TEXT
        if isinstance(node, (exp.Add, exp.Sub)):
            left, right = self.of(node.this, select), self.of(node.expression, select)
            if DATE in (left, right) or INSTANT in (left, right):
                return NUMBER if left in (DATE, INSTANT) and right in (DATE, INSTANT) else INSTANT
            return NUMBER
        return ""

    def _of_column(self, column: exp.Column, select: exp.Select) -> str:
        at: exp.Select | None = select
        while at is not None:  # a correlated column belongs to a query further out
            for source in sources(at):
                if source.alias_or_name == column.table:
                    return self._of_source(source, column.name.lower(), at)
            at = at.find_ancestor(exp.Select)
        return ""

    def _of_source(self, source: Node, name: str, select: exp.Select) -> str:
        if isinstance(source, exp.Table):
            columns = self.schema.tables.get(self.schema.base(source.name.lower()))
            if columns is not None:
                return columns.get(name, "")
            inner: Node | None = next((c.this for c in self.tree.find_all(exp.CTE) if c.alias == source.name), None)
        else:
            inner = source.this if isinstance(source, exp.Subquery) else None
        while isinstance(inner, exp.SetOperation):
            inner = inner.left
        if not isinstance(inner, exp.Select) or inner is select:
            return ""
        return next((self.of(p, inner) for p in inner.selects if p.alias_or_name.lower() == name), "")
