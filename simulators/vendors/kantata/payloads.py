"""What an event says about its subject before and after, rebuilt from the change log when asked for."""

from __future__ import annotations

from typing import Any

from simulators.domains import psa
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes
from simulators.stores.typed import load

from .catalogue import RESOURCE_OF_KIND
from .state import Desk

INDEX = "CREATE INDEX IF NOT EXISTS change_of_subject ON change (kind, id, seq)"  # made when first asked: writes stay cheap
PAST = 'SELECT seq, "values" FROM change WHERE kind = ? AND id = ? AND seq <= ? ORDER BY seq'
OPTIONAL = ("previous_payload", "current_payload", "payload_changes")


def payloads(system: System[Desk], kind: str, subject: int, seq: int, optional: set[str]) -> dict[str, str]:
    """Return the asked payloads as JSON text: attributes in the vendor's names."""
    asked = [name for name in OPTIONAL if name in optional]
    if not asked:
        return {}
    system.store.run(INDEX)
    before: dict[str, Any] = {}
    moved: dict[str, Any] = {}
    for at, values in system.store.select(PAST, (kind, subject, seq)):
        if at == seq:
            moved = load(values)
        else:
            before |= load(values)
    previous = spoken(system, kind, before)
    current = spoken(system, kind, before | moved)
    changes = {name: [previous.get(name), value] for name, value in current.items() if previous.get(name) != value}
    made = {"previous_payload": previous, "current_payload": current, "payload_changes": changes}
    return {name: json_bytes(made[name]).decode() for name in asked}


def spoken(system: System[Desk], kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Write domain values under the vendor's names."""
    out = {}
    for column in system.wires[RESOURCE_OF_KIND[kind].key].columns:
        if column.field in values:
            value = values[column.field]
            encode = column.codec.encode
            out[column.wire] = value if value is None or encode is None else encode(value)
    return out


def people(system: System[Desk], users: list[str]) -> dict[str, int]:
    """Return user ids of those who are on the staff list, by number or email."""
    found = {}
    for user in sorted(set(users)):
        row = system.records.one(psa.USER, "number", user) or system.records.one(psa.USER, "email", user)
        if row is not None:
            found[user] = row.id
    return found
