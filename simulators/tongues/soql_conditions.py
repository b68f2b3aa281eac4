"""WHERE and HAVING of a SOQL query -> one SQL condition with binds, in the order in which the text asks for them.

Null follows the vendor, not SQL: `!=`, NOT and NOT IN keep rows whose field is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .soql_schema import Schema
from .soql_scope import Expression, Scope
from .soql_tree import Among, Compare, Condition, DateWord, Either, Every, Function, Hole, Not, Path, Select
from .soql_values import TEXTUAL, Bind, Misfit, bind_for, check_type, edges, pattern

MEMBERS_MAX = 4_000
SEMI_JOINS_MAX = 2
EQUALITY = {"=", "!="}
Inner: TypeAlias = Callable[[Select, "list[Bind]"], "tuple[str, Expression]"]


class Conditions:
    """Writes conditions of one scope; `inner` compiles the SELECT of a semi-join, `binds` collects what the SQL asks for."""

    def __init__(self, schema: Schema, scope: Scope, binds: list[Bind], inner: Inner | None) -> None:
        self.schema, self.scope, self.binds, self.inner = schema, scope, binds, inner
        self.semi_joins = 0

    def text(self, node: Condition, *, top: bool = True) -> str:
        """SQL for `node`; `top` is false below an OR or a NOT, where the vendor takes no semi-join."""
        if isinstance(node, Every):
            return "(" + " AND ".join(self.text(p, top=top) for p in node.parts) + ")"
        if isinstance(node, Either):
            return "(" + " OR ".join(self.text(p, top=False) for p in node.parts) + ")"
        if isinstance(node, Not):
            return f"NOT COALESCE({self.text(node.part, top=False)}, 0)"
        if isinstance(node, Among):
            return self.among(node, top=top)
        return self.compare(node)

    def compare(self, node: Compare) -> str:
        found, name = self.operand(node.operand)
        if node.value is None:
            if node.op not in EQUALITY:
                raise Misfit("query_filter", f"invalid operator on null for field '{name}'", node.operand.at)
            return f"{found.raw} IS {'NOT ' if node.op == '!=' else ''}NULL"
        if node.op == "like":
            return self.like(found, node, name)
        check_type(name, found.type, node.value, node.operand.at)
        if isinstance(node.value, DateWord):
            return self.ranged(found, node.op, node.value)
        if isinstance(node.value, bool):
            return self.flagged(found, node.op, value=node.value, name=name, at=node.operand.at)
        return self.measured(found, node.op, node.value)

    def operand(self, operand: Path | Function) -> tuple[Expression, str]:
        found = self.scope.value(operand)
        name = found.column.wire if found.column is not None else operand.steps[-1] if isinstance(operand, Path) else operand.name
        if found.type == "textarea" and found.column is not None and not found.column.codec.ordered:
            raise Misfit("query_field", f"field '{name}' can not be filtered in a query call", operand.at)
        return found, name

    def like(self, found: Expression, node: Compare, name: str) -> str:
        if found.type not in TEXTUAL - {"id", "reference"}:
            raise Misfit("query_filter", f"invalid operator on {found.type} field '{name}'", node.operand.at)
        assert isinstance(node.value, Hole)
        check_type(name, found.type, node.value, node.operand.at)
        index, at = node.value.place, node.value.at
        self.binds.append(lambda literals, _: pattern(literals[index], at))
        return f"{found.compared} LIKE ? ESCAPE '\\'"

    def ranged(self, found: Expression, op: str, word: DateWord) -> str:
        first, after = edges(word, found.type)
        if op in EQUALITY:
            self.binds += [first, after]
            inside = f"({found.raw} >= ? AND {found.raw} < ?)"
            return inside if op == "=" else f"NOT COALESCE({inside}, 0)"
        self.binds.append(first if op in ("<", ">=") else after)
        return f"{found.raw} {'<' if op in ('<', '<=') else '>='} ?"

    def flagged(self, found: Expression, op: str, *, value: bool, name: str, at: int) -> str:
        if op not in EQUALITY:
            raise Misfit("query_filter", f"invalid operator on boolean field '{name}'", at)
        number = int(value is (op == "="))
        return f"COALESCE({found.shown if found.derived else found.raw}, 0) = {number}"

    def measured(self, found: Expression, op: str, hole: Hole) -> str:
        if op in EQUALITY and not found.derived:
            self.binds.append(bind_for(found.column, found.type, hole))
            return (
                f"{found.raw} {'IS' if op == '=' else 'IS NOT'} ?{found.fold}" if op == "!=" else f"{found.raw} = ?{found.fold}"
            )
        self.binds.append(shown_bind(found, hole))
        operator = "IS NOT" if op == "!=" else op
        return f"{found.compared} {operator} ?{found.fold}"

    def among(self, node: Among, *, top: bool) -> str:
        found, name = self.operand(node.operand)
        if isinstance(node.values, Select):
            return self.semi_join(node, found, name, node.values, top=top)
        if len(node.values) > MEMBERS_MAX:
            raise Misfit("malformed", f"maximum number of values in a set is {MEMBERS_MAX}", node.operand.at)
        holes = [v for v in node.values if v is not None]
        for hole in holes:
            check_type(name, found.type, hole, node.operand.at)
        self.binds += [shown_bind(found, h) if found.derived else bind_for(found.column, found.type, h) for h in holes]
        parts = [f"{found.shown if found.derived else found.raw}{found.fold} IN ({', '.join('?' * len(holes))})"] if holes else []
        parts += [f"{found.raw} IS NULL"] if len(holes) < len(node.values) else []
        inside = "(" + " OR ".join(parts) + ")"
        return inside if node.within else f"NOT COALESCE({inside}, 0)"

    def semi_join(self, node: Among, found: Expression, name: str, select: Select, *, top: bool) -> str:
        at = node.operand.at
        if self.inner is None:
            raise Misfit("malformed", "Nesting of semi join sub-selects is not supported", at)
        if not top:
            raise Misfit(
                "malformed",
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions",
                at,
            )
        self.semi_joins += 1
        if self.semi_joins > SEMI_JOINS_MAX:
            raise Misfit("malformed", f"maximum {SEMI_JOINS_MAX} semi join sub-selects are allowed", at)
        text, picked = self.inner(select, self.binds)
        if found.type not in ("id", "reference") or picked.type not in ("id", "reference"):
            raise Misfit(
                "malformed",
                f"The left operand field in the where expression and the selected field of the sub-select must be ids: '{name}'",
                at,
            )
        return (
            f"{found.raw} {'IN' if node.within else 'NOT IN'} ({text})"
            if node.within
            else f"COALESCE({found.raw} NOT IN ({text}), 1)"
        )


def shown_bind(found: Expression, hole: Hole) -> Bind:
    """The literal as the vendor writes it, for comparisons with what he shows."""
    if found.compared == found.raw:
        return bind_for(found.column, found.type, hole)
    return bind_for(None, found.type, hole)
