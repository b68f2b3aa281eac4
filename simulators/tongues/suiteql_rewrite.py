"""One query on its way from Oracle's words to SQLite's: names resolved, dates made comparable, order made total.

The order of steps matters: `(+)` is understood only once columns are qualified; labels (BUILTIN.DF) must stay out of the schema,
or `SELECT *` would show them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp, transforms
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify import qualify

from simulators.kernel.records import Refusal

from .suiteql_schema import DATE, INSTANT, Node, Schema, Types, conjuncts, malformed, sources

TOP = re.compile(r"\A(\s*SELECT\s+(?:DISTINCT\s+)?)TOP\s+(\d+)\s", re.I)
OWN = ("TO_DATE", "TO_TIMESTAMP", "TO_TIMESTAMP_TZ", "TO_CHAR", "TRUNC", "ADD_MONTHS", "NVL2")
PLAIN = frozenset(
    ("NS_DF", "NS_INSTANT", "NS_SORTABLE", "NS_CHAR", "NS_CUT", "NS_ADD_MONTHS", "INSTR", "LTRIM", "RTRIM", "IFNULL")
)
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
LIMIT_MAX = 1_000_000


class SuiteQLDialect(Oracle):
    """Oracle, but the date functions stay calls by name: their formats are parameters here, and SQLite gets functions of our own."""

    class Parser(Oracle.Parser):  # type: ignore[misc,valid-type]
        """Without the functions that are ours."""

        FUNCTIONS = {name: build for name, build in Oracle.Parser.FUNCTIONS.items() if name not in OWN}  # noqa: RUF012 - sqlglot's way


class Rewriting:
    """A single use of the steps, in order; the tree changes as they go."""

    def __init__(self, schema: Schema, shape: str) -> None:
        self.schema = schema
        self.top = 0
        self.tree = self._parsed(shape)

    def result(self) -> tuple[str, tuple[str, ...]]:
        """(SQLite's text, output types). Raises Refusal 'malformed' or 'unknown_column'."""
        try:
            self._check_tables()
            self._limits()
            self._calls()
            self.tree = qualify(
                self.tree, schema=self._plain_schema(), dialect="oracle", quote_identifiers=True, validate_qualify_columns=True
            )
            for select in self.tree.find_all(exp.Select):
                transforms.eliminate_join_marks(select)
            self._narrow()
            self._dates()
            self._labels()
            types = self._output_types()
            self._hints()
            self._order()
            return self.tree.sql(dialect="sqlite", unsupported_level=sqlglot.ErrorLevel.RAISE), types
        except OptimizeError as error:
            raise Refusal("unknown_column", first_line(error), field="q") from error
        except (SqlglotError, RecursionError) as error:
            raise malformed(first_line(error)) from error

    # -- before names are resolved ----------------------------------------------------------------
    def _parsed(self, shape: str) -> exp.Query:
        found = TOP.match(shape)
        if found is not None:
            self.top = int(found[2][:9])
            shape = found[1] + shape[found.end() :]
        try:
            trees = sqlglot.parse(shape, dialect=SuiteQLDialect)
        except (SqlglotError, RecursionError, ValueError) as error:
            raise malformed(first_line(error)) from error
        tree = trees[0] if len(trees) == 1 else None
        if not isinstance(tree, exp.Query):  # `SELEC x` parses, as an alias
            raise malformed("Only one SELECT statement is allowed.")
        if tree.find(exp.Into, exp.Lock, exp.DML, exp.Command, exp.Pivot):
            raise malformed("Only SELECT is allowed.")
        return tree

    def _check_tables(self) -> None:
        named = {cte.alias.lower() for cte in self.tree.find_all(exp.CTE)}
        for table in self.tree.find_all(exp.Table):
            name = table.name.lower()
            if table.args.get("db") or (name not in named and name not in self.schema.tables and name != "dual"):
                raise Refusal("unknown_column", f"Record '{table.name}' was not found", field="q", got=table.name)
            if name == "dual":
                one = exp.select(exp.alias_(exp.Literal.string("X"), "dummy"))
                table.replace(one.subquery(table.alias or "dual"))

    def _limits(self) -> None:
        """ROWNUM <= n, TOP n and FETCH FIRST n become a limit; LIMIT itself is no word of SuiteQL's."""
        for limit in self.tree.find_all(exp.Limit):
            raise malformed(f"Unexpected {limit.key.upper()}.")
        for fetch in list(self.tree.find_all(exp.Fetch)):
            count = fetch.args.get("count")
            if not isinstance(count, exp.Literal) or count.is_string:
                raise malformed("FETCH FIRST wants a number.")
            owner = fetch.parent
            assert owner is not None
            owner.set("limit", exp.Limit(expression=count.copy()))
        for row in list(self.tree.find_all(exp.Pseudocolumn, exp.Column)):
            if row.name.upper() == "ROWNUM":
                self._rownum(row)
        if self.top:
            self.tree = self.tree.limit(min(self.top, LIMIT_MAX))

    def _rownum(self, row: Node) -> None:
        test, select = row.parent, row.find_ancestor(exp.Select)
        if not isinstance(test, (exp.LTE, exp.LT, exp.EQ)) or test.this is not row or select is None:
            raise malformed("ROWNUM is supported as ROWNUM <= n.")
        most = test.expression.copy()
        if isinstance(test, exp.LT):
            most = exp.Sub(this=most, expression=exp.Literal.number(1))
        test.replace(exp.true())
        select.set("limit", exp.Limit(expression=exp.cast(most, "INTEGER")))

    def _calls(self) -> None:
        """Oracle's and NetSuite's functions by our own names; one that nobody knows is refused here, not by the engine."""
        for dot in list(self.tree.find_all(exp.Dot)):
            call = dot.expression
            if dot.this.name.upper() != "BUILTIN" or not isinstance(call, exp.Anonymous):
                raise malformed(f"Unexpected {dot.sql()[:80]}.")
            if call.name.upper() not in ("DF", "CF") or len(call.expressions) != 1:
                raise malformed(f"BUILTIN.{call.name} is not supported here.")
            inner = call.expressions[0]
            dot.replace(exp.Anonymous(this="NS_DF", expressions=[inner.copy()]) if call.name.upper() == "DF" else inner.copy())
        for call in list(self.tree.find_all(exp.ToNumber)):
            call.replace(exp.cast(call.this.copy(), "REAL"))
        for word in list(self.tree.find_all(exp.CurrentTimestamp, exp.CurrentDate)):
            word.replace(exp.Placeholder(this="now"))
        for column in list(self.tree.find_all(exp.Column)):
            if column.name.upper() in ("SYSDATE", "SYSTIMESTAMP") and not column.table:
                column.replace(exp.Placeholder(this="now"))
        for call in list(self.tree.find_all(exp.Anonymous)):
            self._call(call)

    def _call(self, call: exp.Anonymous) -> None:
        name, given = call.name.upper(), call.expressions
        if name in ("TO_DATE", "TO_TIMESTAMP", "TO_TIMESTAMP_TZ", "TO_CHAR", "TRUNC", "ADD_MONTHS"):
            if not 1 <= len(given) <= 2:
                raise malformed(f"{name} takes one or two arguments.")
            second = given[1] if len(given) > 1 else exp.Placeholder(this="form") if name.startswith("TO_") else exp.null()
            if name == "TO_CHAR" and len(given) == 1:
                second = exp.null()
            call.set("this", RENAMED[name])
            call.set("expressions", [given[0], second])
        elif name == "NVL2" and len(given) == 3:
            test = exp.Not(this=exp.Is(this=given[0].copy(), expression=exp.null()))
            call.replace(exp.Case(ifs=[exp.If(this=test, true=given[1].copy())], default=given[2].copy()))
        elif name not in PLAIN:
            raise malformed(f"Function {call.name} is not supported here.")

    def _plain_schema(self) -> dict[str, object]:
        return {table: dict.fromkeys(columns, "TEXT") for table, columns in self.schema.tables.items()}

    # -- with names resolved ----------------------------------------------------------------------
    def _narrow(self) -> None:
        """A table whose type is asked for by constant becomes the narrower view: indexes then serve its joins."""
        for select in self.tree.find_all(exp.Select):
            found = {t.alias_or_name: t for t in sources(select) if isinstance(t, exp.Table)}
            said = self._constants(select, found)
            kinds = {alias: tests.get(self.schema.type_column, "") for alias, tests in said.items()}
            for alias, table in found.items():
                name = table.name.lower()
                kind = kinds.get(alias) or self._followed(select, alias, name, kinds)
                view = self.schema.variants.get(name, {}).get(kind, name)
                for tests, suffix in self.schema.facets.get(name, {}).items():
                    if all(said.get(alias, {}).get(column) == value for column, value in tests):
                        view += suffix
                        break
                if view != name:
                    table.set("this", exp.to_identifier(view, quoted=True))

    def _constants(self, select: exp.Select, found: Mapping[str, exp.Table]) -> dict[str, dict[str, str]]:
        said: dict[str, dict[str, str]] = {}
        for test in conjuncts(select):
            if (
                isinstance(test, exp.EQ)
                and isinstance(test.this, exp.Column)
                and isinstance(test.expression, exp.Literal)
                and test.this.table in found
            ):
                said.setdefault(test.this.table, {})[test.this.name.lower()] = test.expression.name
        return said

    def _followed(self, select: exp.Select, alias: str, name: str, kinds: Mapping[str, str]) -> str:
        column, _ = self.schema.followers.get(name, ("", ""))
        for test in conjuncts(select):
            if isinstance(test, exp.EQ) and isinstance(test.this, exp.Column) and isinstance(test.expression, exp.Column):
                for mine, other in ((test.this, test.expression), (test.expression, test.this)):
                    if mine.table == alias and mine.name.lower() == column and other.name.lower() == "id":
                        return kinds.get(other.table, "")
        return ""

    def _labels(self) -> None:
        for call in list(self.tree.find_all(exp.Anonymous)):
            if call.name.upper() != "NS_DF":
                continue
            inner = call.expressions[0]
            select = call.find_ancestor(exp.Select)
            if isinstance(inner, exp.Column) and select is not None and self._has_label(select, inner):
                inner.set("this", exp.to_identifier(inner.name.lower() + "__label", quoted=True))
            call.replace(inner.copy())

    def _has_label(self, select: exp.Select, column: exp.Column) -> bool:
        for source in sources(select):
            if source.alias_or_name == column.table and isinstance(source, exp.Table):
                return column.name.lower() in self.schema.labels.get(self.schema.base(source.name.lower()), frozenset())
        return False

    # -- types ------------------------------------------------------------------------------------
    def _type(self, node: Node, select: exp.Select) -> str:
        return Types(self.schema, self.tree).of(node, select)

    def _output_types(self) -> tuple[str, ...]:
        first = self.tree
        while isinstance(first, exp.SetOperation):
            first = first.left
        while isinstance(first, exp.Subquery):
            first = first.this
        assert isinstance(first, exp.Select)
        return tuple(self._type(projection, first) for projection in first.selects)

    # -- dates ------------------------------------------------------------------------------------
    def _dates(self) -> None:
        """Make both sides of a comparison one thing: ISO text beside a date column, ms beside an instant. Sums work on ms."""
        for select in list(self.tree.find_all(exp.Select)):
            for node in list(select.find_all(exp.Add, exp.Sub)):
                if node.find_ancestor(exp.Select) is select:
                    self._sum(node, select)
            for call in list(select.find_all(exp.Anonymous)):
                if call.name.upper() in ("NS_CUT", "NS_ADD_MONTHS") and call.find_ancestor(exp.Select) is select:
                    self._as_instant(call.expressions[0], select)
            for test in list(select.find_all(*COMPARISONS, exp.Between, exp.In)):
                if test.find_ancestor(exp.Select) is select:
                    self._compare(test, select)

    def _sum(self, node: Node, select: exp.Select) -> None:
        types = self._type(node.this, select), self._type(node.expression, select)
        if DATE not in types and INSTANT not in types:
            return
        for side, type_ in zip((node.this, node.expression), types, strict=True):
            if type_ in (DATE, INSTANT):
                self._as_instant(side, select)
            else:
                side.replace(exp.Mul(this=exp.paren(side.copy()), expression=exp.Literal.number(DAY_MS)))
        if types[0] in (DATE, INSTANT) and types[1] in (DATE, INSTANT):
            node.replace(exp.paren(exp.Div(this=exp.paren(node.copy()), expression=exp.Literal.number(f"{DAY_MS}.0"))))

    def _compare(self, node: Node, select: exp.Select) -> None:
        sides = [node.this, *(node.args.get(n) for n in ("expression", "low", "high")), *(node.expressions or ())]
        operands = [side for side in sides if side is not None]
        types = [self._type(side, select) for side in operands]
        if INSTANT in types and (
            DATE not in types or any(t == INSTANT and s.find(exp.Column) for s, t in zip(operands, types, strict=True))
        ):
            for side, type_ in zip(operands, types, strict=True):
                if type_ != INSTANT:
                    self._as_instant(side, select)
        elif DATE in types:
            for side, type_ in zip(operands, types, strict=True):
                if type_ == DATE or isinstance(side, exp.Null):
                    continue
                inner = side.copy() if type_ == INSTANT else instant_call(side.copy(), "form")
                side.replace(exp.Anonymous(this="NS_SORTABLE", expressions=[inner]))

    def _as_instant(self, side: Node, select: exp.Select) -> None:
        type_ = self._type(side, select)
        if type_ != INSTANT and not isinstance(side, exp.Null):
            side.replace(instant_call(side.copy(), "" if type_ == DATE else "form"))

    # -- plans ------------------------------------------------------------------------------------
    def _hints(self) -> None:
        """Say that "changed since" holds for few rows: a poll then goes by the index of changes, not by that of its order."""
        for select in self.tree.find_all(exp.Select):
            for test in list(conjuncts(select)):
                if (
                    isinstance(test, (exp.GT, exp.GTE))
                    and self._type(test.this, select) == INSTANT
                    and not test.expression.find(exp.Column)
                ):
                    test.replace(exp.Anonymous(this="LIKELIHOOD", expressions=[test.copy(), exp.Literal.number("0.001")]))

    # -- order ------------------------------------------------------------------------------------
    def _order(self) -> None:
        """Make the order total, or the planner would choose it: keys of the tables, the groups, or all outputs.

        SQLite reads a union view through its indexes only when the terms of the order stand among the outputs, so they are added
        there, behind those that are shown.
        """
        tree = self.tree
        held = list(tree.args["order"].expressions) if tree.args.get("order") is not None else []
        if not isinstance(tree, exp.Select) or tree.args.get("distinct"):
            held += [ordered(exp.Literal.number(i)) for i in range(1, len(tree.selects) + 1)]
        elif tree.args.get("group") is not None:
            held += [ordered(e.copy()) for e in tree.args["group"].expressions if not isinstance(e, exp.Literal)]
        elif not any(p.find(exp.AggFunc) for p in tree.selects):
            held += [ordered(exp.column(key, table=s.alias_or_name, quoted=True)) for s in sources(tree) if (key := self._key(s))]
            for place, term in enumerate(held):
                self._hide(tree, term, f"__k{place}")
        if held:
            tree.set("order", exp.Order(expressions=held))

    def _hide(self, select: exp.Select, term: exp.Ordered, name: str) -> None:
        """Put what the term orders by among the outputs, and order by that."""
        what = term.this
        if isinstance(what, exp.Literal):
            return
        if isinstance(what, exp.Column) and not what.table:
            what = next((p.this if isinstance(p, exp.Alias) else p for p in select.selects if p.alias_or_name == what.name), what)
        select.append("expressions", exp.alias_(what.copy(), name, quoted=True))
        term.set("this", exp.column(name, quoted=True))

    def _key(self, source: Node) -> str:
        return self.schema.keys.get(self.schema.base(source.name.lower()), "") if isinstance(source, exp.Table) else ""


def ordered(term: Node) -> exp.Ordered:
    return exp.Ordered(this=term, nulls_first=True)


RENAMED = {"TO_DATE": "NS_INSTANT", "TO_TIMESTAMP": "NS_INSTANT", "TO_TIMESTAMP_TZ": "NS_INSTANT", "TO_CHAR": "NS_CHAR", "TRUNC": "NS_CUT",
           "ADD_MONTHS": "NS_ADD_MONTHS"}  # fmt: skip
DAY_MS = 86_400_000


def instant_call(side: Node, form: str) -> exp.Anonymous:
    return exp.Anonymous(this="NS_INSTANT", expressions=[side, exp.Placeholder(this=form) if form else exp.null()])


def first_line(error: BaseException) -> str:
    text = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r":p\d+", "?", text)[:300]
