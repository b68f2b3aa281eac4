"""Who made a record and who owns it: two facts every CRM record carries beside its header."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Derive, Field, Records, Row

CREATED_BY = Field("created_by")
OWNER = Field("owner_id", "ref", indexed=True, to="user")


def authored(_records: Records, before: Row, values: dict[str, Any], by: str) -> dict[str, Any]:
    """Remember who created the record."""
    return {**values, "created_by": by} if before is None else values


def owned(records: Records, before: Row, values: dict[str, Any], by: str) -> dict[str, Any]:
    """A record nobody was given belongs to the user who made it; when that is no user, to the first one there is."""
    if before is not None or values.get("owner_id") is not None:
        return values
    user = records.kinds["user"]
    found = records.find(user, "email", by, 1) or records.find(user, "active", 1, 1)
    return {**values, "owner_id": found[0].id} if found else values


def following(*steps: Derive) -> Derive:
    """One derivation out of several, each seeing what the one before it made."""

    def derive(records: Records, before: Row, values: dict[str, Any], by: str) -> dict[str, Any]:
        for step in steps:
            values = step(records, before, values, by)
        return values

    return derive
