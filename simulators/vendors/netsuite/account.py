"""What the account says of itself: governance limits, server time, and the metadata catalog made from the wires."""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.wire import Column, Wire, json_bytes

from .codecs import iso
from .record_type import RecordType
from .shown import RECORD, self_link
from .state import Account
from .written import record_of

JSON = ((b"content-type", b"application/json; charset=UTF-8"),)
SCHEMA = ((b"content-type", b"application/schema+json; charset=UTF-8"),)
SWAGGER = ((b"content-type", b"application/swagger+json; charset=UTF-8"),)
JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean"}


def governance_limits(system: Account, _call: Call) -> Reply:
    """Source: Governance Limits endpoint (SuiteTalk REST help, as collected in SOURCES.md, read 2026-11)."""
    settings = system.settings
    own = settings.integration_limit
    body: dict[str, Any] = {
        "accountConcurrencyLimit": settings.concurrency_limit,
        "accountUnallocatedConcurrencyLimit": settings.concurrency_limit - own,
        "integrationLimitType": "integrationSpecific" if own else "accountLimit",
    }
    if own:
        body["integrationConcurrencyLimit"] = own
    return Reply(200, json_bytes(body), JSON)


def server_time(system: Account, _call: Call) -> Reply:
    return Reply(200, json_bytes({"serverTime": iso(system.clock())}), JSON)


def token_info(system: Account, call: Call) -> Reply:
    """Lives on the restlets host: who a TBA token stands for."""
    settings = system.settings
    body = {
        "companyName": settings.company,
        "companyId": settings.account_id,
        "roleName": "Integration",
        "roleId": "3",
        "userId": call.user,
    }
    return Reply(200, json_bytes(body), JSON)


def catalog(system: Account, call: Call) -> Reply:
    """The record types there are; OpenAPI when asked for it, `select=` narrows."""
    wanted = [name.strip() for name in call.query.get("select", "").split(",") if name.strip()]
    records = [record_of(system, name) for name in wanted] if wanted else list(system.state.types.values())
    records = [record for record in records if "-" not in record.name]
    if "swagger" in call.header(b"accept"):
        return Reply(200, json_bytes(openapi(system, call, records)), SWAGGER)
    here = f"{call.base}{RECORD}/metadata-catalog"
    items = [
        {"name": r.name, "links": [{"rel": "canonical", "href": f"{here}/{r.name}", "mediaType": "application/schema+json"}]}
        for r in records
    ]
    return Reply(200, json_bytes({"links": self_link(here), "items": items}), JSON)


def record_schema(system: Account, call: Call) -> Reply:
    record = record_of(system, call.args[0])
    if "swagger" in call.header(b"accept"):
        return Reply(200, json_bytes(openapi(system, call, [record])), SWAGGER)
    return Reply(200, json_bytes(schema_of(system, record)), SCHEMA)


def schema_of(system: Account, record: RecordType) -> dict[str, Any]:
    properties = {"links": {"type": "array", "readOnly": True}, **properties_of(system.wires[record.name.lower()])}
    for sublist in record.sublists:
        line = {"type": "object", "properties": properties_of(system.wires[sublist.wire.lower()])}
        properties[sublist.name] = {
            "type": "object",
            "properties": {"items": {"type": "array", "items": line}, "totalResults": {"type": "integer"}},
        }
    return {"$schema": "http://json-schema.org/draft-06/schema#", "type": "object", "title": record.name, "properties": properties,
            "x-ns-release": system.settings.release}  # fmt: skip


def properties_of(wire: Wire) -> dict[str, Any]:
    return {column.wire: property_of(wire, column) for column in wire.columns}


def property_of(wire: Wire, column: Column) -> dict[str, Any]:
    kind, _, rest = column.codec.type.partition(":")
    shown: dict[str, Any] = {"title": column.wire, "nullable": not column.required, "x-ns-filterable": kind != "enum"}
    if kind == "select":
        target = rest.partition(":")[0].split(",")[0]
        shown |= {
            "type": "object",
            "properties": {"id": {"type": "string"}, "refName": {"type": "string"}},
            "x-ns-reference": target,
        }
    elif kind in ("enum", "list"):
        shown |= {"type": "object", "properties": {"id": {"type": "string"}, "refName": {"type": "string"}}}
    else:
        shown["type"] = JSON_TYPES.get(kind, "string")
    if kind in ("date", "date-time"):
        shown["format"] = kind
    if not column.write:
        shown["readOnly"] = True
    if column.wire.startswith("cust") and "_" in column.wire:
        shown["x-ns-custom-field"] = True
    assert wire.by_wire[column.wire] is column
    return shown


def openapi(system: Account, call: Call, records: list[RecordType]) -> dict[str, Any]:
    methods = {"get": "Get record.", "patch": "Update record.", "put": "Insert or update record.", "delete": "Remove record."}
    paths = {
        f"/{r.name}/{{id}}": {m: {"tags": [r.name], "summary": text, "responses": {}} for m, text in methods.items()}
        for r in records
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": call.base + RECORD}],
        "paths": paths,
        "components": {"schemas": {r.name: schema_of(system, r) for r in records}},
    }


ROUTES = (
    ("GET", "/services/rest/system/v1/governanceLimits", governance_limits),
    ("GET", "/services/rest/system/v1/serverTime", server_time),
    ("GET", "/rest/tokeninfo", token_info),
    ("GET", RECORD + "/metadata-catalog", catalog),
    ("GET", RECORD + "/metadata-catalog/{record}", record_schema),
)
