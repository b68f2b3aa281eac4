"""Who may write which field: the ownership matrix as a guard in front of every write.

The matrix is data (`data/ownership.yaml`); adapters ask the guard with the domain's field names before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Values
from typing import Any

import msgspec

from orchestrator.errors import Refused

MODES = ("provision", "command", "mirror")


class Mapping(msgspec.Struct, frozen=True):
    """A fact of one system that could be shown in another: dotted system.kind[.field] names."""

    source: str
    target: str


class Guard(msgspec.Struct, frozen=True):
    """What the orchestrator may write: (system, kind) -> fields."""

    allowed: dict[tuple[str, str], frozenset[str]]
    modes: dict[tuple[str, str, str], str]

    @classmethod
    def of(cls, systems: dict[str, dict[str, dict[str, Any]]]) -> Guard:
        """Build the guard from the matrix {system: {kind: {orchestrator: {mode: [field, ...]}}}}."""
        modes = {
            (system, kind, field): mode
            for system, kinds in systems.items()
            for kind, row in kinds.items()
            for mode in MODES
            for field in row["orchestrator"].get(mode, ())
        }
        kinds = {(system, kind) for system, kind, _ in modes}
        return cls({at: frozenset(field for s, k, field in modes if (s, k) == at) for at in sorted(kinds)}, modes)

    def check(self, system: str, kind: str, fields: Iterable[str]) -> None:
        """Raise Refused("NOT_OWNER") when a field of this write is not the orchestrator's to write."""
        foreign = self.refused(system, kind, fields)
        if foreign:
            raise Refused(
                "NOT_OWNER", f"{system}.{kind}: {', '.join(foreign)} belongs to others; list it in ownership.yaml first"
            )

    def refused(self, system: str, kind: str, fields: Iterable[str]) -> list[str]:
        """Which of `fields` the orchestrator may not write, sorted."""
        allowed = self.allowed.get((system, kind), frozenset())
        return sorted(field for field in fields if field not in allowed)

    def keep(self, system: str, kind: str, values: Values[str, Any]) -> dict[str, Any]:
        """The part of `values` the orchestrator may write: what a mirror may show."""
        allowed = self.allowed.get((system, kind), frozenset())
        return {field: value for field, value in values.items() if field in allowed}
