"""The vendor's envelope: ordered `results`, and dictionaries by id for what was asked and what was included.

Ids of records an object belongs to are always shown; lists of ids appear only when the association is included.
Source: mavenlink/brainstem, presenter_collection and presenter (read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from . import custom
from .catalogue import RESOURCE_OF_KIND, RESOURCES
from .errors import JSON
from .filters import whole
from .listing import columns, per_page, to_i
from .resources import Association, Resource
from .state import Desk

INCLUDED_MAX = 10_000
Objects = dict[str, dict[str, Any]]


def reply(system: System[Desk], resource: Resource, call: Call, rows: list[Any], count: int) -> Reply:
    """Answer rows of a resource with everything that was included."""
    if call.method == "GET":
        call.found = len(rows)  # a write is no read, though it answers what it wrote
    objects = {str(row.id): shown(system, resource, row) for row in rows}
    held: dict[str, Objects] = {resource.key: objects}
    for name in call.query.get("include", "").split(","):
        association = resource.associations.get(name.strip())
        if association is not None:
            side_load(system, association, rows, held, objects)
        elif name.strip() == "subject" and resource.key == "external_references":
            with_subjects(system, rows, held)
        elif name.strip() == "custom_field_values" and resource.key in custom.SUBJECTS:
            custom.side_load(system, resource, rows, held)
    return enveloped(call, resource.key, [str(row.id) for row in rows], held, count)


def enveloped(call: Call, key: str, ids: list[str], held: dict[str, Objects], count: int) -> Reply:
    """Wrap ordered ids and dictionaries."""
    size = per_page(call)
    meta = {
        "count": count,
        "page_count": -(-count // size),
        "page_number": to_i(call.query.get("page"), 1) if count else 0,
        "page_size": size,
    }
    body = {"count": count, "results": [{"key": key, "id": id} for id in ids], **held, "meta": meta}
    return Reply(200, json_bytes(body), JSON)


def shown(system: System[Desk], resource: Resource, row: Any) -> dict[str, Any]:
    """Show one row."""
    return system.wires[resource.key].encode(row) | resource.more(system, row)


def side_load(
    system: System[Desk], association: Association, rows: list[Any], held: dict[str, Objects], objects: Objects
) -> None:
    """Load an association of the page into its dictionary, and name the ids on the objects."""
    target = RESOURCES[association.key]
    bucket = held.setdefault(target.key, {})
    if association.field:
        found = by_ids(system, target, [getattr(row, association.field) for row in rows])
        for row in rows:
            id = getattr(row, association.field)
            objects[str(row.id)].setdefault(association.id_name, None if id is None else str(id))
    else:
        found = by_link(system, target, association, [row.id for row in rows])
        for row in rows:
            objects[str(row.id)][association.id_name] = [str(r.id) for r in found if getattr(r, association.link) == row.id]
    for row in found:
        bucket.setdefault(str(row.id), shown(system, target, row))


def by_ids(system: System[Desk], target: Resource, ids: list[Any]) -> list[Any]:
    """Return the live rows of these ids, in id order."""
    wanted = sorted({id for id in ids if id is not None})
    return load(system, target, f"t.id IN ({', '.join('?' * len(wanted))})", wanted) if wanted else []


def by_link(system: System[Desk], target: Resource, association: Association, ids: list[Any]) -> list[Any]:
    """Return the live rows that name one of these ids, in id order."""
    test = f'{association.test} AND t."{association.link}" IN ({", ".join("?" * len(ids))})'
    return load(system, target, test, ids) if ids else []


def load(system: System[Desk], target: Resource, test: str, binds: list[Any]) -> list[Any]:
    """Run a bounded SELECT over a resource's table."""
    kind = target.kind
    text = f'SELECT {columns(kind.names)} FROM "{kind.table}" t WHERE t.deleted = 0 AND {test} ORDER BY t.id LIMIT {INCLUDED_MAX}'
    return [kind.Row(*values) for values in system.store.select(text, binds)]


def with_subjects(system: System[Desk], rows: list[Any], held: dict[str, Objects]) -> None:
    """Name and load what external references hang on; the subject of another kind sits in another dictionary."""
    for row in rows:
        target = RESOURCE_OF_KIND[row.subject_type]
        held["external_references"][str(row.id)]["subject_ref"] = {"key": target.key, "id": str(row.subject_id)}
        bucket = held.setdefault(target.key, {})
        for subject in by_ids(system, target, [row.subject_id]):
            bucket.setdefault(str(subject.id), shown(system, target, subject))


def id_of(call: Call) -> int:
    """Return the id in the path, with or without `.json`."""
    return whole(call.args[0].removesuffix(".json"))
