"""What a query may name: objects, fields, the way up to parents and the way down to children. Derived from the room's wires."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from simulators.kernel.records import Refusal
from simulators.kernel.wire import Column, Wire

from .soql_values import Misfit

HINT_FIELD = "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
HINT_RELATION = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. "
)
HINT_OBJECT = "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
LOOK = "Please reference your WSDL or the describe call for the appropriate names."


class Child(NamedTuple):
    """A relationship seen from above: Account.Opportunities is Opportunity by AccountId."""

    parent: str
    relation: str
    wire: str
    column: str
    cascades: bool = False


@dataclass(frozen=True)
class Schema:
    wires: dict[str, Wire]  # by lower-case name
    children: tuple[Child, ...]
    by_kind: dict[str, Wire] = field(default_factory=dict)
    below: dict[tuple[str, str], Child] = field(default_factory=dict)

    @classmethod
    def of(cls, wires: Iterable[Wire], children: tuple[Child, ...]) -> Schema:
        held = {w.name.lower(): w for w in wires}
        below = {(c.parent, c.relation.lower()): c for c in children if c.parent.lower() in held and c.wire.lower() in held}
        return cls(held, children, {w.kind.name: w for w in held.values()}, below)

    def object(self, name: str, at: int) -> Wire:
        wire = self.wires.get(name.lower())
        if wire is None:
            raise Misfit("query_type", f"sObject type '{name}' is not supported. {HINT_OBJECT}{LOOK}", at)
        return wire

    def column(self, wire: Wire, name: str, at: int) -> Column:
        try:
            return wire.find(name)
        except Refusal as error:
            raise Misfit("query_field", f"No such column '{name}' on entity '{wire.name}'. {HINT_FIELD}{LOOK}", at) from error

    def parent(self, wire: Wire, relation: str, at: int) -> tuple[Column, Wire]:
        """The reference field behind a relationship name, and the object it points at."""
        via = wire.parents.get(relation.lower())
        above = self.by_kind.get(wire.kind.by_name[via.field].to) if via is not None else None
        if via is None or above is None:
            raise Misfit("query_field", f"Didn't understand relationship '{relation}' in field path. {HINT_RELATION}{LOOK}", at)
        return via, above

    def child(self, wire: Wire, relation: str, at: int) -> Child:
        found = self.below.get((wire.name, relation.lower()))
        if found is None:
            message = f"Didn't understand relationship '{relation}' in FROM part of query call. {HINT_RELATION}{LOOK}"
            raise Misfit("query_type", message, at)
        return found
