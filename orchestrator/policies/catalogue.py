"""Exception codes: for each one who works it, what to do about it, how bad it is and how long it may stay open."""

from __future__ import annotations

import msgspec


class Entry(msgspec.Struct, frozen=True, rename={"kind": "class"}):
    """One code of the catalogue. `field` is the domain field to correct in `system`, "" when only the refusal tells."""

    code: str
    queue: str
    owner: str
    kind: str
    severity: str
    sla_hours: int
    remediation: str
    system: str = ""
    field: str = ""
    amount: bool = False


class Catalogue(msgspec.Struct, frozen=True):
    """Every known code."""

    entries: dict[str, Entry]

    def of(self, code: str) -> Entry:
        """The entry of `code`; a code nobody listed is the platform's to explain."""
        return self.entries.get(code) or self.entries["DEFECT"]
