"""A request body as domain values: names checked, references resolved, sublists set apart. Nothing here changes a record."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from simulators.kernel.calls import Call
from simulators.kernel.records import Kind, Refusal, Row
from simulators.kernel.wire import Wire

from .codecs import Pointer
from .record_type import Body, Item, RecordType
from .shown import selects_of
from .state import Account

EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
SUBLIST_ITEMS_MAX = 10_000
PASSED_OVER = frozenset(("links", "id", "refname"))  # part of every answer, so they come back in read-modify-write
NOTHING: frozenset[str] = frozenset()
VALIDATION = b"x-netsuite-propertynamevalidation"


class Modes(NamedTuple):
    """How a request wants its property names checked."""

    strict: bool
    warn: bool


USUAL = Modes(strict=False, warn=True)


def modes_of(call: Call) -> Modes:
    given = call.header(VALIDATION).lower()
    if not given:
        return USUAL
    if given not in ("error", "warning", "ignore"):
        raise Refusal("header", "Invalid value of the header.", field="X-NetSuite-PropertyNameValidation", got=given)
    return Modes(given == "error", given == "warning")


def body_of(system: Account, call: Call, record: RecordType, moment: str) -> Body:
    """Read the request's body. Raises Refusal, naming the vendor's field."""
    modes = modes_of(call)
    asked = call.query.get("replace")
    replace = frozenset(name.strip().lower() for name in asked.split(",") if name.strip()) if asked else NOTHING
    document = call.document() if call.body.strip() else {}
    wire = system.wires[record.name.lower()]
    seen = wire.shapes.get((moment, *document))
    if seen is not None and len(seen) == len(document):  # a body of exactly these names was taken whole: fields, all known
        return Body(values_of(system, wire, document, moment), {}, replace, modes.strict, call.user)
    fields: Item = {}
    sublists: dict[str, list[Item]] = {}
    for name, given in document.items():
        low = name.lower()
        if low in PASSED_OVER:
            continue
        if low in record.nested:
            sublists[low] = items_of(name, given)
        else:
            fields[name] = given
    values = values_of(system, wire, known(wire, fields, modes, call), moment)
    return Body(values, sublists, replace, modes.strict, call.user)


def known(wire: Wire, fields: Item, modes: Modes, call: Call | None = None) -> Item:
    """The fields that the wire knows; the others are refused, warned of, or passed over, as the request wants."""
    names = wire.by_name
    unknown = [name for name in fields if name not in wire.by_wire and name.lower() not in names]
    if not unknown:
        return fields
    if modes.strict:
        raise Refusal("unknown_field", f"no {unknown[0]} on {wire.name}", field=unknown[0], got=unknown[0])
    if modes.warn and call is not None:
        call.leaving.append(
            warning("Unknown property: " + ", ".join(n for n in unknown if n.isascii() and n.isprintable())[:500])
        )
    return {name: given for name, given in fields.items() if name not in unknown}


def warning(text: str) -> Any:
    line = (b"warning", f'299 - "{text}"'.encode())

    def leave(_system: Account, _call: Call, reply: Any) -> Any:
        return reply._replace(headers=(*reply.headers, line)) if hasattr(reply, "headers") else None

    return leave


def items_of(name: str, given: Any) -> list[Item]:
    """The lines of a sublist. Raises Refusal 'wrong_type' unless it is {"items": [{..}, ..]}."""
    items = given.get("items", []) if type(given) is dict else None
    if type(items) is not list or len(items) > SUBLIST_ITEMS_MAX or not all(type(item) is dict for item in items):
        raise Refusal("wrong_type", f"{name}: a sublist with items is wanted", field=name, got=type(given).__name__)
    return items


def line_values(system: Account, sublist: str, item: Item, moment: str, *, strict: bool) -> Item:
    """Domain values of one sublist line, by the wire of that name."""
    wire = system.wires[sublist.lower()]
    plain = {name: given for name, given in item.items() if name.lower() not in PASSED_OVER}
    return values_of(system, wire, known(wire, plain, Modes(strict, warn=False)), moment)


def values_of(system: Account, wire: Wire, fields: Item, moment: str) -> Item:
    values = wire.decode(fields, moment)
    for field, value in list(values.items()):
        if value == "":
            values[field] = None  # empty text is no value, as in the database behind NetSuite
        elif type(value) is Pointer:
            values[field] = None
            place(system, wire, field, value, values)
    return cleaned(wire.kind, values, moment)


def place(system: Account, wire: Wire, field: str, pointer: Pointer, values: Item) -> None:
    """Put what the pointer points at into `values`: an id, a code, or for a project as entity both project and customer."""
    shape = selects_of(system, wire)[field]
    for name in shape.targets:
        record = system.state.types[name]
        row = pointed_at(system, record, pointer)
        if row is None:
            continue
        if name == shape.targets[0]:
            values[field] = getattr(row, shape.by)
        elif name == "job" and field == "customer_id":
            values.update(job_id=row.id, customer_id=row.customer_id)
        else:
            raise Refusal("bad_value", f"a {shape.targets[0]} is wanted, not a {record.name}", field=shape.name, got=pointer)
        return
    raise Refusal(
        "dangling", f"no {' or '.join(shape.targets)} {pointer.id or pointer.external_id}", field=shape.name, got=pointer
    )


def pointed_at(system: Account, record: RecordType, pointer: Pointer) -> Row:
    if pointer.external_id:
        return system.records.one(record.kind, record.external, pointer.external_id)
    row = system.records.get(record.kind, system.records.id_of(pointer.id))
    return None if row is None or row.deleted else row


def cleaned(kind: Kind, values: Item, moment: str) -> Item:
    """Null means: the default. On create it is as if it had not been said."""
    if moment == "c":
        if values.get("extra"):
            values["extra"] = {k: v for k, v in values["extra"].items() if v is not None}
        return {field: value for field, value in values.items() if value is not None}
    return {field: kind.by_name[field].default if value is None else value for field, value in values.items()}


def external_of(key: str) -> str:
    """The external id in `eid:X`. Raises Refusal 'malformed' for characters NetSuite does not take."""
    external = key[4:]
    if not EXTERNAL_ID.fullmatch(external):
        raise Refusal(
            "malformed", "Invalid external ID in the URL: letters, digits, underscore and hyphen only.", field="id", got=external
        )
    return external


def record_of(system: Account, name: str) -> RecordType:
    """The record type of that name, whatever its case. Raises Refusal 'unknown_kind'."""
    record = system.state.types.get(name.lower())
    if record is None or "-" in record.name:
        raise Refusal("unknown_kind", "no such record type", field=name, got=name)
    return record


def row_of(system: Account, record: RecordType, key: str) -> Row:
    """The live row of an id or `eid:X`. Raises Refusal 'missing', 'deleted', 'malformed'."""
    if key[:4] == "eid:":
        row = system.records.one(record.kind, record.external, external_of(key))
        if row is None:
            raise Refusal("missing", f"no {record.name} {key}", field="id", got=key)
        return row
    return system.records.live(record.kind, system.records.id_of(key))
