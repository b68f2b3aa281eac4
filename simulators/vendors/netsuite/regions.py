"""Which subsidiary a call is about: by the record it names, or by what its body says. For outages that hit one region only."""

from __future__ import annotations

from typing import Any

import msgspec

from simulators.kernel.calls import Call
from simulators.kernel.records import Row

from .state import Account

POINTERS = {"customer": ("job", "customer"), "job": ("job",), "entity": ("customer", "job"), "parent": ("customer",)}


def subsidiary_of(system: Account, call: Call) -> str:
    """The external id of the subsidiary a record call is about, or '' when it is about none or nobody can tell."""
    record = system.state.types.get(call.args[0].lower()) if call.args else None
    if record is None:
        return ""
    found = of_row(system, named_row(system, record.kind, call.args[1])) if len(call.args) > 1 else ""
    return found or of_body(system, call)


def named_row(system: Account, kind: Any, key: str) -> Row:
    """The row that a path names by its id, or by `eid:` and our own."""
    if key[:4] == "eid:":
        return next(iter(system.records.find(kind, "external_id", key[4:], 1)), None) if "external_id" in kind.by_name else None
    return system.store.get(kind, int(key)) if key.isascii() and key.isdigit() and len(key) < 16 else None


def of_row(system: Account, row: Row) -> str:
    """By the row's own subsidiary, or that of its job or customer."""
    if row is None:
        return ""
    own = getattr(row, "subsidiary_id", None)
    if own is not None:
        return str(system.store.get(system.records.kinds["subsidiary"], own).external_id)
    for name in ("job", "customer"):
        at = getattr(row, f"{name}_id", None)
        if at is not None:
            return of_row(system, system.store.get(system.records.kinds[name], at))
    return ""


def of_body(system: Account, call: Call) -> str:
    try:
        body = msgspec.json.decode(call.body) if call.body else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if type(body) is not dict:
        return ""
    said = body.get("subsidiary")
    if type(said) is dict and said.get("externalId"):
        return str(said["externalId"])
    for name, kinds in POINTERS.items():
        given = body[name] if type(body.get(name)) is dict else {}
        key = f"eid:{given['externalId']}" if given.get("externalId") else str(given.get("id", ""))
        rows = (named_row(system, system.records.kinds[kind], key) for kind in kinds)
        found = next((row for row in rows if row is not None), None)
        if found is not None:
            return of_row(system, found)
    return ""
