"""A row as the record service shows it: links, references, enumerations, sublists. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simulators.domains.erp.party import CUSTOMER
from simulators.kernel.calls import Call
from simulators.kernel.records import Kind, Row
from simulators.kernel.wire import Column, Wire, reader

from .record_type import RecordType, Sublist, label_of
from .state import Account
from .wires import ADDRESS

RECORD = "/services/rest/record/v1"


class Shape(NamedTuple):
    """How one column is shown. `targets`: the record types a reference may point at; `by`: the field it holds."""

    name: str
    read: Callable[[Row], Any]
    targets: tuple[str, ...]
    by: str
    simple: bool  # an enumeration: an object, or its id alone on request


class View(NamedTuple):
    """What the caller asked to see."""

    fields: frozenset[str] | None
    expand: bool
    simple_enums: bool


def view_of(call: Call) -> View:
    query = call.query
    fields = frozenset(name.strip().lower() for name in query["fields"].split(",")) if query.get("fields") else None
    return View(fields, query.get("expandSubResources") == "true", query.get("simpleEnumFormat") == "true")


def shape_of(column: Column) -> Shape:
    kind, _, rest = column.codec.type.partition(":")
    if kind != "select":
        return Shape(column.wire, reader(column), (), "", kind in ("enum", "list"))
    targets, _, by = rest.rpartition(":")
    return Shape(column.wire, reader(column), tuple(t.lower() for t in targets.split(",")), by, simple=False)


def shapes_of(system: Account, wire: Wire) -> tuple[Shape, ...]:
    """The wire's columns prepared for showing; kept until the wires change."""
    held: dict[str, tuple[Shape, ...]] = system.state.shapes
    found = held.get(wire.name)
    if found is None:
        found = held[wire.name] = tuple(shape_of(c) for c in wire.columns)
    return found


def selects_of(system: Account, wire: Wire) -> dict[str, Shape]:
    """The wire's references by domain field; kept until the wires change."""
    held: dict[str, dict[str, Shape]] = system.state.selects
    found = held.get(wire.name)
    if found is None:
        found = held[wire.name] = {c.field: s for c, s in zip(wire.columns, shapes_of(system, wire), strict=True) if s.targets}
    return found


def target_of(system: Account, shape: Shape, value: Any) -> tuple[RecordType, Row] | None:
    """The record that a reference points at. A reference that takes several types holds the id of the first."""
    record = system.state.types[shape.targets[0]]
    row = system.records.get(record.kind, value) if shape.by == "id" else first(system, record.kind, shape.by, value)
    return None if row is None else (record, row)


def first(system: Account, kind: Kind, field: str, value: Any) -> Row:
    found = system.records.find(kind, field, value, 1)
    return found[0] if found else None


def address(call: Call, record: RecordType, row: Row) -> str:
    return f"{call.base}{RECORD}/{record.name}/{row.id}"


def self_link(href: str) -> list[dict[str, str]]:
    return [{"rel": "self", "href": href}]


def reference(system: Account, call: Call, shape: Shape, value: Any) -> dict[str, Any]:
    """A select field: id, refName and the way to the record."""
    found = target_of(system, shape, value)
    if found is None:
        return {"links": [], "id": str(value)}
    record, row = found
    shown: dict[str, Any] = {"links": self_link(address(call, record, row)), "id": str(row.id)}
    if getattr(row, "external_id", None):
        shown["externalId"] = row.external_id
    shown["refName"] = label_of(record, row)
    return shown


def fields_of(system: Account, call: Call, wire: Wire, row: Row, view: View) -> dict[str, Any]:
    """The columns that hold something, in the order declared."""
    shown: dict[str, Any] = {}
    for shape in shapes_of(system, wire):
        if view.fields is not None and shape.name.lower() not in view.fields:
            continue
        value = shape.read(row)
        if value is None:
            continue
        if shape.targets:
            value = reference(system, call, shape, value)
        elif shape.simple and view.simple_enums:
            value = value["id"]
        shown[shape.name] = value
    return shown


def shown_record(system: Account, call: Call, record: RecordType, row: Row) -> dict[str, Any]:
    """The whole record; sublists as links, or expanded on request."""
    view, here = view_of(call), address(call, record, row)
    shown = {"links": self_link(here), **fields_of(system, call, system.wires[record.name.lower()], row, view)}
    if view.fields is None or "refname" in view.fields:
        shown["refName"] = label_of(record, row)
    for sublist in record.sublists:
        if view.fields is None or sublist.name.lower() in view.fields:
            shown[sublist.name] = shown_sublist(system, call, sublist, (here, row), view)
    if record.kind is CUSTOMER and (view.fields is None or "addressbook" in view.fields):
        shown["addressBook"] = address_book(here, row, expand=view.expand)
    return shown


def shown_sublist(system: Account, call: Call, sublist: Sublist, of: tuple[str, Row], view: View) -> dict[str, Any]:
    here, row = of
    links = self_link(f"{here}/{sublist.name}")
    if not view.expand:
        return {"links": links}
    items = [shown_line(system, call, sublist, (here, line), view) for line in sublist.rows(system.records, row)]
    return {"links": links, "count": len(items), "hasMore": False, "items": items, "offset": 0, "totalResults": len(items)}


def shown_line(system: Account, call: Call, sublist: Sublist, of: tuple[str, Row], view: View) -> dict[str, Any]:
    here, line = of
    wire = system.wires[sublist.wire.lower()]
    shown = fields_of(system, call, wire, line, view._replace(fields=None))
    links = self_link(f"{here}/{sublist.name}/{getattr(line, sublist.numbered)}")
    if sublist.name in APPLIED:
        return {"links": links, "apply": True, **shown}
    return {"links": links, **shown}


APPLIED = ("time", "expCost", "apply")  # sublists of candidates, in which the lines that count are ticked


def address_book(here: str, customer: Row, *, expand: bool) -> dict[str, Any]:
    """The customer's one address, as the sublist and subrecord it is in NetSuite."""
    links = self_link(f"{here}/addressBook")
    if not expand:
        return {"links": links}
    at = {name: getattr(customer, field) for name, field in ADDRESS.items() if getattr(customer, field) is not None}
    at |= (customer.extra or {}).get("address_aside", {})
    if "country" in at:
        at["country"] = {"id": at["country"], "refName": at["country"]}
    line = {"links": self_link(f"{here}/addressBook/1"), "id": 1, "defaultBilling": True, "addressBookAddress": at}
    items = [line] if at else []
    return {"links": links, "count": len(items), "hasMore": False, "items": items, "offset": 0, "totalResults": len(items)}
