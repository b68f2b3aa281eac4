"""The SELECT list of plain rows -> SQL columns, and the tree of records that they fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .soql_scope import Expression, Scope
from .soql_tree import Function, Path
from .soql_values import Misfit


@dataclass
class Node:
    """One record in the answer: its type, where its id stands in a row, and its fields and parents in select order."""

    type: str
    id_index: int
    entries: list[tuple[str, int | Node, Callable[[Any], Any] | None]]


class Outputs:
    """The SELECT list of plain rows, and the tree of records that it fills. The first column is always the row's own id."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.columns = scope, [f"{scope.prefix}.id"]
        self.node = Node(scope.wire.name, 0, [])
        self.nodes: dict[tuple[str, ...], Node] = {}
        self.fields_word = False

    def add(self, item: Path | Function) -> None:
        if isinstance(item, Function):
            if item.name == "FIELDS":
                return self.expand(item)
            raise Misfit("malformed", f"{item.name} is not supported in the SELECT of plain rows", item.at)
        if item.alias:
            raise Misfit("malformed", "only aggregate expressions use field aliasing", item.at)
        return self.put(item)

    def put(self, item: Path) -> None:
        steps = self.scope.steps(item)
        found = self.scope.field(item)
        assert found.column is not None
        node = self.node
        for depth in range(1, len(steps)):
            node = self.above(node, steps[:depth], item.at)
        name = found.column.wire
        if any(n == name and isinstance(i, int) for n, i, _ in node.entries):
            raise Misfit("malformed", f"duplicate field selected: {'.'.join(item.steps)}", item.at)
        node.entries.append((name, len(self.columns), shown_encoder(found) if found.derived else found.encode))
        self.columns.append(found.shown if found.derived else found.raw)

    def above(self, node: Node, relations: tuple[str, ...], at: int) -> Node:
        key = tuple(r.lower() for r in relations)
        held = self.nodes.get(key)
        if held is None:
            alias, wire, _ = self.scope.joins[key]
            under = self.scope.joins[key[:-1]][1] if len(key) > 1 else self.scope.wire
            via, _above = self.scope.schema.parent(under, relations[-1], at)
            held = self.nodes[key] = Node(wire.name, len(self.columns), [])
            self.columns.append(f"{alias}.id")
            node.entries.append((via.parent, held, None))
        return held

    def expand(self, call: Function) -> None:
        word = call.path.steps[0].upper() if call.path is not None else ""
        if word not in ("ALL", "STANDARD", "CUSTOM"):
            raise Misfit("malformed", f"unexpected token: '{word}'", call.at)
        self.fields_word = True
        for column in self.scope.wire.columns:
            custom = column.wire.endswith("__c")
            if word == "ALL" or custom == (word == "CUSTOM"):
                self.put(Path((column.wire,), call.at))


def shown_encoder(found: Expression) -> Callable[[Any], Any] | None:
    """How a value goes out that SQL has already turned into what the vendor shows."""
    return bool if found.type == "boolean" else None
