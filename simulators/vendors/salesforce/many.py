"""sObject collections: up to 200 records in one call, answered 200 with one result each, in request order, whatever became of them.

Each record is a savepoint of its own; with allOrNone the good ones are rolled back too and say so. A fault plan can fail single
records through `state.row_faults`. Source: reference 1.8, 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import Wire, json_bytes

from .errors import JSON, data_stem, entry
from .rows import external_column, picked, put, saved, shown, wire_of
from .state import Org
from .writing import Body, alter, insert, remove, row_by_id

RECORDS_MAX, READ_MAX = 200, 2_000
PASSING = ("", "locked", "throttled")
"""What the record of a call does not have to remember when another record was refused for good."""
ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
Result = dict[str, Any]
Work = Callable[[Body], Result]


class RolledBack(Exception):
    """Undo every record of the call."""


def create_many(system: System[Org], call: Call) -> Reply:
    def one(record: Body) -> Result:
        wire = typed(system, record)
        struck(system, wire, "")
        return saved(insert(system, call, wire, record))

    records, whole = envelope(call)
    return Reply(200, json_bytes(each(system, call, records, one, whole=whole)), JSON)


def update_many(system: System[Org], call: Call) -> Reply:
    def one(record: Body) -> Result:
        wire = typed(system, record)
        key = id_in(record)
        struck(system, wire, key)
        row = row_by_id(system, wire, key)
        return saved(alter(system, call, wire, row, {n: v for n, v in record.items() if n.lower() != "id"}))

    records, whole = envelope(call)
    return Reply(200, json_bytes(each(system, call, records, one, whole=whole)), JSON)


def upsert_many(system: System[Org], call: Call) -> Reply:
    """PATCH /composite/sobjects/X/Field: one object, each record named by that external id in its body."""
    named = wire_of(system, call, call.args[1])
    column = external_column(named, call.args[2])
    seen: set[str] = set()

    def one(record: Body) -> Result:
        if typed(system, record) is not named:
            raise Refusal("unknown_kind", f"all records of this call must be of type {named.name}")
        value = next((v for n, v in record.items() if n.lower() == column.wire.lower()), None)
        if not isinstance(value, str) or not value:
            raise Refusal("required", f"{column.wire} is missing", field=column.wire, got=[column.wire], kind=named.kind.name)
        if value in seen:
            raise Refusal("duplicate_key", f"Duplicate external id specified: {value}", kind=named.kind.name)
        seen.add(value)
        struck(system, named, value)
        body = {n: v for n, v in record.items() if n.lower() != column.wire.lower()}
        row, created = put(system, call, named, column, value=value, body=body)
        return saved(row, created=created)

    records, whole = envelope(call)
    return Reply(200, json_bytes(each(system, call, records, one, whole=whole)), JSON)


def delete_many(system: System[Org], call: Call) -> Reply:
    """DELETE /composite/sobjects?ids=a,b&allOrNone=false; the objects follow from the ids' prefixes."""
    ids = [text.strip() for text in call.query.get("ids", "").split(",") if text.strip()]
    check_count(len(ids), RECORDS_MAX)

    def one(record: Body) -> Result:
        wire = by_prefix(system, record["id"])
        struck(system, wire, record["id"])
        row = row_by_id(system, wire, record["id"])
        remove(system, call, wire, row)
        return saved(row)

    whole = call.query.get("allOrNone", "").lower() == "true"
    return Reply(200, json_bytes(each(system, call, [{"id": i} for i in ids], one, whole=whole)), JSON)


def read_many(system: System[Org], call: Call) -> Reply:
    """GET or POST /composite/sobjects/X with ids and fields: null where nothing was found."""
    wire = wire_of(system, call, call.args[1])
    ids, fields = wanted(call)
    out: list[Any] = []
    for id in ids:
        try:
            out.append(picked(wire, shown(wire, row_by_id(system, wire, id), data_stem(call)), fields))
        except Refusal as refusal:
            if refusal.code not in ("missing", "deleted", "wrong_id"):
                raise
            out.append(None)
    call.found = len(out)
    return Reply(200, json_bytes(out), JSON)


def wanted(call: Call) -> tuple[list[str], str]:
    if call.method == "GET":
        ids, fields = call.query.get("ids", "").split(","), call.query.get("fields", "").split(",")
    else:
        body = call.document()
        ids, fields = body.get("ids"), body.get("fields")  # type: ignore[assignment]
    for given in (ids, fields):
        if not isinstance(given, list) or not all(isinstance(x, str) for x in given) or not any(given):
            raise Refusal("bad_json", "ids and fields must be lists of texts, neither empty")
    check_count(len(ids), READ_MAX)
    return ids, ",".join(fields)


# -- one after the other ------------------------------------------------------------------------------
def each(system: System[Org], call: Call, records: list[Body], work: Work, *, whole: bool) -> list[Result]:
    """One result a record. With `whole`, one failure undoes all. What a record was refused for is told of the call."""
    results: list[Result] = []
    try:
        with system.store.atomic():
            for record in records:
                results.append(alone(system, call, record, work))
            if whole and not all(r["success"] for r in results):
                raise RolledBack
    except RolledBack:
        return [{"success": False, "errors": [ROLLED_BACK]} if r["success"] else r for r in results]
    return results


def alone(system: System[Org], call: Call, record: Body, work: Work) -> Result:
    try:
        with system.store.atomic():
            return work(record)
    except Refusal as refusal:
        if call.error in PASSING:
            call.error = refusal.code
        return {"success": False, "errors": [entry(system, in_collection(refusal), "statusCode")]}


def in_collection(refusal: Refusal) -> Refusal:
    """A record that is not there is a cross reference error here, not a missing resource."""
    if refusal.code == "missing":
        return Refusal("dangling", refusal.message, kind=refusal.kind)
    return refusal


def struck(system: System[Org], wire: Wire, key: str) -> None:
    """Let the fault plan fail this record."""
    for fault in system.state.row_faults:
        refusal = fault(wire.name, key)
        if refusal is not None:
            raise refusal


def envelope(call: Call) -> tuple[list[Body], bool]:
    """Records and allOrNone of a body. Raises Refusal 'bad_json' or 'too_many'; then nothing is done."""
    body = call.document()
    records, whole = body.get("records"), body.get("allOrNone", False)
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise Refusal("bad_json", "records must be a list of objects")
    if not isinstance(whole, bool):
        raise Refusal("bad_json", "allOrNone must be a boolean")
    check_count(len(records), RECORDS_MAX)
    return records, whole


def check_count(count: int, most: int) -> None:
    if count > most:
        raise Refusal("too_many", f"record limit reached. cannot submit more than {most} records into this call")


def typed(system: System[Org], record: Body) -> Wire:
    """The object a record says it is. Raises Refusal 'unknown_kind'."""
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    wire = system.wires.get(name.lower()) if isinstance(name, str) else None
    if wire is None:
        raise Refusal("unknown_kind", f"sObject type '{name}' is not supported." if name else "attributes.type is missing")
    return wire


def by_prefix(system: System[Org], id: str) -> Wire:
    for wire in system.wires.values():
        if id.startswith(wire.key_prefix):
            return wire
    raise Refusal("wrong_id", f"malformed id {id}", got=id)


def id_in(record: Body) -> str:
    given = next((v for n, v in record.items() if n.lower() == "id"), None)
    if not isinstance(given, str) or not given:
        raise Refusal("wrong_id", "Id not specified in an update call")
    return given
