"""What an event says about its subject before and after, rebuilt from the change log when asked for.

Payloads are objects in the vendor's attributes; before a creation and after a deletion they are empty; changes are
`{attribute: {"from", "to"}}`. An event about a custom field's value carries that value.
Source: mavenlink_gem, subscribed_events/diff.rb and its spec (read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from simulators.domains import psa
from simulators.kernel.stages import System
from simulators.stores.typed import load

from . import envelope
from .catalogue import RESOURCE_OF_KIND
from .custom import BY_ID, value_of
from .event import Event
from .state import Desk

INDEX = "CREATE INDEX IF NOT EXISTS change_of_subject ON change (kind, id, seq)"  # made when first asked: writes stay cheap
PAST = 'SELECT seq, at, op, version, "values" FROM change WHERE kind = ? AND id = ? AND seq <= ? ORDER BY seq'
OPTIONAL = ("previous_payload", "current_payload", "payload_changes")


def payloads(system: System[Desk], event: Event, optional: set[str]) -> dict[str, Any]:
    """Return the payloads asked for."""
    asked = [name for name in OPTIONAL if name in optional]
    if not asked:
        return {}
    system.store.run(INDEX)
    previous, current = versions(system, event)
    changes = {
        name: {"from": previous.get(name), "to": current.get(name)}
        for name in {**previous, **current}
        if previous.get(name) != current.get(name)
    }
    made = {"previous_payload": previous, "current_payload": current, "payload_changes": changes}
    return {name: made[name] for name in asked}


def versions(system: System[Desk], event: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the subject as it was shown before the event's change, and after it."""
    held: dict[str, Any] = {}
    shown: list[dict[str, Any]] = [{}, {}]
    for seq, at, op, version, values in system.store.select(PAST, (event.kind, event.subject, event.seq)):
        held |= {"created_at": at} if op == "create" else {}
        before = dict(held)
        held |= {"changed_at": at, "version": version, **load(values)}
        if seq == event.seq:
            shown = [shown_of(system, event, before) if op != "create" else {}, {}]
            shown[1] = shown_of(system, event, held) if op != "delete" else {}
    return shown[0], shown[1]


def shown_of(system: System[Desk], event: Event, values: dict[str, Any]) -> dict[str, Any]:
    """Write a past state of the subject, or of one of its custom fields, as the vendor shows it."""
    resource = RESOURCE_OF_KIND[event.kind]
    row = resource.kind.Row(id=event.subject, **values)
    if not event.field:
        return envelope.shown(system, resource, row)
    each = BY_ID[event.field]
    return value_of(row, each) if getattr(row, each.field) is not None else {}


def people(system: System[Desk], users: list[str]) -> dict[str, int]:
    """Return user ids of those who are on the staff list, by number or email."""
    found = {}
    for user in sorted(set(users)):
        row = system.records.one(psa.USER, "number", user) or system.records.one(psa.USER, "email", user)
        if row is not None:
            found[user] = row.id
    return found
