"""The record service: create, read, change, upsert, delete, transform, and the ways into sublists. A file of short handlers."""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal, Row
from simulators.kernel.wire import json_bytes

from .invoices import TRANSFORMS
from .jobs import may_run_later
from .record_type import Body, RecordType, Sublist
from .shown import (
    RECORD,
    address,
    address_book,
    self_link,
    shapes_of,
    shown_line,
    shown_record,
    shown_sublist,
    target_of,
    view_of,
)  # fmt: skip
from .state import Account
from .written import body_of, external_of, record_of, row_of

SINGULAR = ((b"content-type", b"application/vnd.oracle.resource+json; type=singular; charset=UTF-8"),)
COLLECTION = ((b"content-type", b"application/vnd.oracle.resource+json; type=collection; charset=UTF-8"),)
MEDIA = ("application/json", "application/vnd.oracle.resource+json", "application/x-www-form-urlencoded")


def addressed(system: Account, call: Call) -> RecordType:
    """The record type in the path; refusals from here on speak its field names."""
    record = record_of(system, call.args[0])
    call.wire = system.wires[record.name.lower()]
    if len(call.args) > 1 and call.args[1][:4] == "eid:":
        call.key = call.args[1][4:]
    return record


def writable(system: Account, call: Call) -> RecordType:
    record = addressed(system, call)
    if record.name in system.settings.forbidden_records:
        raise Refusal("forbidden", f"change records of type {record.name}", got=record.name)
    media = call.header(b"content-type").partition(";")[0].strip().lower()
    if call.body and media and media not in MEDIA:
        raise Refusal("content_type", "JSON is wanted", got=media)
    return record


def located(call: Call, record: RecordType, row: Row) -> Reply:
    """204 and where the record is."""
    call.key = getattr(row, record.external, None) or str(row.id)
    return Reply(204, b"", ((b"location", address(call, record, row).encode()),))


@may_run_later
def create_record(system: Account, call: Call) -> Reply:
    record = writable(system, call)
    body = body_of(system, call, record, "c")
    call.key = body.values.get("external_id") or ""
    return located(call, record, record.create(system, record, body))


@may_run_later
def read_record(system: Account, call: Call) -> Reply:
    record = addressed(system, call)
    row = row_of(system, record, call.args[1])
    call.found = 1
    return Reply(200, json_bytes(shown_record(system, call, record, row)), SINGULAR)


@may_run_later
def change_record(system: Account, call: Call) -> Reply:
    record = writable(system, call)
    row = row_of(system, record, call.args[1])
    call.key = getattr(row, record.external, None) or call.args[1]
    return located(call, record, record.update(system, record, row, body_of(system, call, record, "u")))


@may_run_later
def upsert_record(system: Account, call: Call) -> Reply:
    """PUT eid:X creates or changes; 204 and Location either way. PUT is valid only with an external id."""
    record = writable(system, call)
    key = call.args[1]
    if key[:4] != "eid:" or record.external != "external_id":
        raise Refusal("no_method", "PUT is valid only with an external ID (eid:...).")
    external = call.key = external_of(key)
    row = system.records.one(record.kind, "external_id", external)
    body = body_of(system, call, record, "c" if row is None else "u")
    if body.values.get("external_id") not in (None, external):
        raise Refusal(
            "bad_value", "the body names another external ID than the URL", field="externalId", got=body.values["external_id"]
        )
    if row is None:
        return located(call, record, record.create(system, record, with_external(body, external)))
    body.values.pop("external_id", None)
    return located(call, record, record.update(system, record, row, body))


def with_external(body: Body, external: str) -> Body:
    body.values["external_id"] = external
    return body


@may_run_later
def delete_record(system: Account, call: Call) -> Reply:
    record = writable(system, call)
    row = row_of(system, record, call.args[1])
    call.key = getattr(row, record.external, None) or call.args[1]
    record.remove(system, record, row, call.user)
    return Reply(204)


@may_run_later
def transform_record(system: Account, call: Call) -> Reply:
    """POST /{source}/{id}/!transform/{target}: 204 and where the new record is."""
    source, target = writable(system, call), record_of(system, call.args[2])
    make = TRANSFORMS.get((source.name.lower(), target.name.lower()))
    if make is None:
        raise Refusal("malformed", f"{source.name} can not be transformed to {target.name} here.", field="id", got=target.name)
    row = row_of(system, source, call.args[1])
    call.wire = system.wires[target.name.lower()]
    body = body_of(system, call, target, "u")  # nothing is required: the source says it
    written_on_create(system, target, body)
    call.key = body.values.get("external_id") or ""
    return located(call, target, make(system, row, body))


def written_on_create(system: Account, target: RecordType, body: Body) -> None:
    external = body.values.get("external_id")
    if external and system.records.find(target.kind, "external_id", external, 1):
        raise Refusal("duplicate", f"{target.name} {external} exists", field="externalId", got=external)


def read_part(system: Account, call: Call) -> Reply:
    """A sublist of a record, or the record that one of its select fields points at."""
    record = addressed(system, call)
    row, name = row_of(system, record, call.args[1]), call.args[2]
    call.found = 1
    here = address(call, record, row)
    sublist = record.sublist(name)
    if sublist is not None:
        return Reply(200, json_bytes(sublist_page(system, call, sublist, here, row)), COLLECTION)
    if record.name == "customer" and name.lower() == "addressbook":
        return Reply(200, json_bytes(address_book(here, row, expand=True)), COLLECTION)
    return followed(system, call, record, row)


def followed(system: Account, call: Call, record: RecordType, row: Row) -> Reply:
    name = call.args[2].lower()
    shape = next((s for s in shapes_of(system, system.wires[record.name.lower()]) if s.name.lower() == name and s.targets), None)
    value = None if shape is None else shape.read(row)
    found = None if shape is None or value is None else target_of(system, shape, value)
    if found is None:
        raise Refusal("no_route", f"{record.name} has no sublist or reference {call.args[2]}", got=call.args[2])
    return Reply(200, json_bytes(shown_record(system, call, *found)), SINGULAR)


def sublist_page(system: Account, call: Call, sublist: Sublist, here: str, row: Row) -> dict[str, Any]:
    """Links to the lines; the lines themselves on request."""
    view = view_of(call)
    if view.expand:
        return shown_sublist(system, call, sublist, (here, row), view)
    lines = sublist.rows(system.records, row)
    items = [{"links": self_link(f"{here}/{sublist.name}/{getattr(line, sublist.numbered)}")} for line in lines]
    return {"links": self_link(f"{here}/{sublist.name}"), "count": len(items), "hasMore": False, "items": items, "offset": 0,
            "totalResults": len(items)}  # fmt: skip


def read_line(system: Account, call: Call) -> Reply:
    record = addressed(system, call)
    row = row_of(system, record, call.args[1])
    sublist = record.sublist(call.args[2])
    if sublist is None:
        raise Refusal("no_route", f"{record.name} has no sublist {call.args[2]}", got=call.args[2])
    for line in sublist.rows(system.records, row):
        if str(getattr(line, sublist.numbered)) == call.args[3]:
            shown = shown_line(system, call, sublist, (address(call, record, row), line), view_of(call))
            return Reply(200, json_bytes(shown), SINGULAR)
    raise Refusal("missing", f"no line {call.args[3]}", field="id", got=call.args[3])


ROUTES = (
    ("POST", RECORD + "/{record}", create_record),
    ("GET", RECORD + "/{record}/{id}", read_record),
    ("PATCH", RECORD + "/{record}/{id}", change_record),
    ("PUT", RECORD + "/{record}/{id}", upsert_record),
    ("DELETE", RECORD + "/{record}/{id}", delete_record),
    ("POST", RECORD + "/{record}/{id}/!transform/{target}", transform_record),
    ("GET", RECORD + "/{record}/{id}/{part}", read_part),
    ("GET", RECORD + "/{record}/{id}/{part}/{line}", read_line),
)
