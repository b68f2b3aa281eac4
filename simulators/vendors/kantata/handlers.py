"""Index, show, create, update and delete, the same for every resource; what differs is data, or one function in `bodies_of`."""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Handler, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System

from . import envelope, listing
from .adapting import ADAPT
from .bodies import document_of, object_of, objects_of
from .references import tie
from .resources import Resource
from .state import Desk
from .values import FLAG


def named(handler: Handler, name: str) -> Handler:
    """Give a handler the name that call records and fault plans know it by."""
    handler.__name__ = handler.__qualname__ = name
    return handler


def index(resource: Resource) -> Handler:
    """Build GET /{resource}."""

    def handler(system: System[Desk], call: Call) -> Reply:
        call.wire = system.wires[resource.key]
        rows, count = listing.page(system, resource, call)
        return envelope.reply(system, resource, call, rows, count)

    return named(handler, f"list_{resource.key}")


def show(resource: Resource) -> Handler:
    """Build GET /{resource}/{id}."""

    def handler(system: System[Desk], call: Call) -> Reply:
        call.wire = system.wires[resource.key]
        row = listing.one(system, resource, call, envelope.id_of(call))
        return envelope.reply(system, resource, call, [row], 1)

    return named(handler, f"show_{resource.one}")


def create(resource: Resource) -> Handler:
    """Build POST /{resource}: one object, or many, all or none. There is no idempotency: what comes twice is made twice."""

    def handler(system: System[Desk], call: Call) -> Reply:
        given = objects_of(call, resource.one, resource.key, resource.bulk_max)
        rows = [insert(system, resource, call, each) for each in given]
        call.key = str(rows[0].id)
        return envelope.reply(system, resource, call, rows, len(rows))

    return named(handler, f"create_{resource.one}")


def insert(system: System[Desk], resource: Resource, call: Call, given: dict[str, Any]) -> Any:
    """Create one row, with its external reference when the body brings one."""
    wire = call.wire = system.wires[resource.key]
    body, more = ADAPT[resource.key](system, call, dict(given), "c")
    row = system.records.create(resource.kind, wire.decode(writable(body, wire, "c"), "c") | more, call.user)
    if given.get("external_reference") is not None:
        tie(system, call, resource.kind, row.id, object_of(given, "external_reference"))
    return row


def update(resource: Resource) -> Handler:
    """Build PUT /{resource}/{id}."""

    def handler(system: System[Desk], call: Call) -> Reply:
        wire = call.wire = system.wires[resource.key]
        row = system.records.live(resource.kind, envelope.id_of(call))
        given = object_of(document_of(call), resource.one)
        body, more = ADAPT[resource.key](system, call, dict(given), "u")
        row = system.records.change(resource.kind, row, wire.decode(writable(body, wire, "u"), "u") | more, call.user)
        if given.get("external_reference") is not None:
            tie(system, call, resource.kind, row.id, object_of(given, "external_reference"))
        return envelope.reply(system, resource, call, [row], 1)

    return named(handler, f"update_{resource.one}")


def delete(resource: Resource) -> Handler:
    """Build DELETE /{resource}/{id}: final, 204."""

    def handler(system: System[Desk], call: Call) -> Reply:
        call.wire = system.wires[resource.key]
        system.records.remove(resource.kind, system.records.live(resource.kind, envelope.id_of(call)), call.user)
        return Reply(204)

    return named(handler, f"delete_{resource.one}")


def submit(resource: Resource) -> Handler:
    """Build POST of a submission: the lines are named in `line_item_ids`."""

    def handler(system: System[Desk], call: Call) -> Reply:
        wire = call.wire = system.wires[resource.key]
        given = object_of(document_of(call), resource.one)
        body, _ = ADAPT[resource.key](system, call, dict(given), "c")
        values = wire.decode(writable(body, wire, "c"), "c")
        lines = given.get("line_item_ids")
        if not isinstance(lines, list) or not lines:
            raise Refusal("required", "no lines", field="line_item_ids", got=["line_item_ids"])
        entries = [str(each) for each in lines if isinstance(each, (int, str))]
        made = resource.kind.verbs["submit"](system.records, None, values | {"entries": entries}, call.user, system.clock())
        call.key = str(made.id)
        return envelope.reply(system, resource, call, [made], 1)

    return named(handler, f"create_{resource.one}")


def decide(resource: Resource, verb: str) -> Handler:
    """Build PUT /{submissions}/{id}/approve, /reject or /cancel, with an optional `resolution.description`."""

    def handler(system: System[Desk], call: Call) -> Reply:
        call.wire = system.wires[resource.key]
        row = system.records.live(resource.kind, envelope.id_of(call))
        resolution = document_of(call).get("resolution")
        comment = resolution.get("description") if isinstance(resolution, dict) else None
        values = {"comment": comment} if isinstance(comment, str) else {}
        row = resource.kind.verbs[verb](system.records, row, values, call.user, system.clock())
        return envelope.reply(system, resource, call, [row], 1)

    return named(handler, f"{verb}_{resource.one}")


def writable(body: dict[str, Any], wire: Any, moment: str) -> dict[str, Any]:
    """Keep what may be written now: other attributes are dropped in silence, as Rails' strong parameters do."""
    kept = {}
    for name, given in body.items():
        column = wire.by_wire.get(name)
        if column is not None and moment in column.write and not (given is None and column.codec is FLAG):
            kept[name] = given
    return kept
