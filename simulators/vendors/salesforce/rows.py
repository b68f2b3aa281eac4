"""Single records: create, read, update, delete by id, and read, upsert, delete by external id.

Upsert answers 201 when it created, 200 with created:false when it updated (204 up to v45), 300 when several rows match and
nothing was written. Source: reference 1.4, 2026-11-20.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal, Row
from simulators.kernel.stages import System
from simulators.kernel.wire import Column, Wire, json_bytes

from .errors import JSON, data_stem
from .state import Org
from .writing import Body, alter, insert, is_external, remove, row_by_id

CREATED_FLAG_SINCE = 46


def wire_of(system: System[Org], call: Call, name: str) -> Wire:
    """The object of a path step. Raises Refusal 'no_route' for an unknown one."""
    wire = call.wire = system.wires.get(name.lower())
    if wire is None:
        raise Refusal("no_route", "The requested resource does not exist", got=name)
    return wire


def version_of(call: Call) -> int:
    return int(call.args[0][1:].partition(".")[0])


def shown(wire: Wire, row: Row, stem: str) -> dict[str, Any]:
    """A record as the vendor shows it. Booleans are never null."""
    made = {"attributes": {"type": wire.name, "url": f"{stem}/sobjects/{wire.name}/{row.id}"}, **wire.encode(row)}
    if "HasOpportunityLineItem" in made:
        made["HasOpportunityLineItem"] = bool(made["HasOpportunityLineItem"])
    return made


def picked(wire: Wire, record: dict[str, Any], fields: str) -> dict[str, Any]:
    """The record reduced to `fields`, in their order, and its id."""
    columns = [wire.find(name.strip()) for name in fields.split(",") if name.strip()]
    return {"attributes": record["attributes"], **{c.wire: record[c.wire] for c in columns}, "Id": record["Id"]}


def saved(row: Row, **more: Any) -> dict[str, Any]:
    return {"id": row.id, "success": True, "errors": [], **more}


# -- by id --------------------------------------------------------------------------------------------
def create(system: System[Org], call: Call) -> Reply:
    wire = wire_of(system, call, call.args[1])
    row = insert(system, call, wire, call.document())
    call.key = key_of(wire, row)
    return Reply(201, json_bytes(saved(row)), (*JSON, location(call, wire, row)))


def location(call: Call, wire: Wire, row: Row) -> tuple[bytes, bytes]:
    return b"location", f"{data_stem(call)}/sobjects/{wire.name}/{row.id}".encode()


def key_of(wire: Wire, row: Row) -> str:
    """The business key of a row, or its id, for the record of the call."""
    return str(getattr(row, wire.kind.key, None) or row.id) if wire.kind.key else str(row.id)


def read(system: System[Org], call: Call) -> Reply:
    wire = wire_of(system, call, call.args[1])
    try:
        row = row_by_id(system, wire, call.args[2])
    except Refusal as refusal:
        if refusal.code in ("wrong_id", "deleted"):  # a read does not tell a recycled record from one that never was
            raise Refusal("missing", "The requested resource does not exist", kind=wire.kind.name) from refusal
        raise
    return answered(call, wire, row)


def answered(call: Call, wire: Wire, row: Row) -> Reply:
    call.key, call.found = key_of(wire, row), 1
    record = shown(wire, row, data_stem(call))
    fields = call.query.get("fields")
    return Reply(200, json_bytes(picked(wire, record, fields) if fields else record), JSON)


def update(system: System[Org], call: Call) -> Reply:
    wire = wire_of(system, call, call.args[1])
    row = alter(system, call, wire, row_by_id(system, wire, call.args[2]), call.document())
    call.key = key_of(wire, row)
    return Reply(204)


def delete(system: System[Org], call: Call) -> Reply:
    wire = wire_of(system, call, call.args[1])
    row = row_by_id(system, wire, call.args[2])
    call.key = key_of(wire, row)
    remove(system, call, wire, row)
    return Reply(204)


# -- by external id -----------------------------------------------------------------------------------
def external(system: System[Org], call: Call) -> tuple[Wire, Column, str]:
    """Object, field and value of a path by external id. The value is read from the raw path: %2B is a plus, + a blank."""
    wire = wire_of(system, call, call.args[1])
    column = external_column(wire, call.args[2])
    call.key = unquote_plus(call.path.rstrip("/").rpartition("/")[2])
    return wire, column, call.key


def external_column(wire: Wire, name: str) -> Column:
    """Raises Refusal 'missing', as the vendor words a field that names no record."""
    column = wire.by_name.get(name.lower())
    if column is None or not (is_external(wire, column) or column.field == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal("no_external_id", message, status=404, kind=wire.kind.name)
    return column


def row_by_key(system: System[Org], wire: Wire, column: Column, value: str) -> Row:
    """The one live row, or None. Raises Refusal 'several'."""
    if column.field == "id":
        return row_by_id(system, wire, value)
    return system.records.one(wire.kind, column.field, value)


def read_by_key(system: System[Org], call: Call) -> Reply:
    wire, column, value = external(system, call)
    row = row_by_key(system, wire, column, value)
    if row is None:
        raise Refusal("missing", "The requested resource does not exist", kind=wire.kind.name)
    return answered(call, wire, row)


def upsert(system: System[Org], call: Call) -> Reply:
    wire, column, value = external(system, call)
    may_create = call.query.get("updateOnly", "").lower() != "true"
    row, created = put(system, call, wire, column, value=value, body=call.document(), may_create=may_create)
    if created:
        return Reply(201, json_bytes(saved(row, created=True)), (*JSON, location(call, wire, row)))
    if version_of(call) < CREATED_FLAG_SINCE:
        return Reply(204)
    return Reply(200, json_bytes(saved(row, created=False)), JSON)


def put(
    system: System[Org], call: Call, wire: Wire, column: Column, *, value: str, body: Body, may_create: bool = True
) -> tuple[Row, bool]:
    """Update the row with that external id, or create it: (row, was it created). Raises Refusal."""
    named = column.wire.lower()
    if named in [name.lower() for name in body]:
        message = f"The {column.wire} field should not be specified in the sobject data."
        raise Refusal("key_in_body", message, field=column.wire, kind=wire.kind.name)
    row = row_by_key(system, wire, column, value)
    if row is not None:
        return alter(system, call, wire, row, body), False
    if not may_create:
        raise Refusal("missing", "The requested resource does not exist", kind=wire.kind.name)
    return insert(system, call, wire, {**body, column.wire: value}), True


def delete_by_key(system: System[Org], call: Call) -> Reply:
    wire, column, value = external(system, call)
    row = row_by_key(system, wire, column, value)
    if row is None:
        raise Refusal("missing", "The requested resource does not exist", kind=wire.kind.name)
    remove(system, call, wire, row)
    return Reply(204)


def create_by_id_route(system: System[Org], call: Call) -> Reply:
    """POST /sobjects/X/Id creates, as the documentation of upsert says; any other field is no resource."""
    if call.args[2].lower() != "id":
        raise Refusal("no_route", "The requested resource does not exist")
    return create(system, call)
