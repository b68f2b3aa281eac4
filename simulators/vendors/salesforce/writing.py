"""From a request body to a committed row: the checks that every way of writing shares, whatever route brought it.

Order: names, permissions, parents by external id, ids that point at the wrong object, required fields, then the domain's rules.
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call
from simulators.kernel.records import Id, Refusal, Row
from simulators.kernel.stages import System
from simulators.kernel.wire import Column, Wire

from .errors import json_token
from .ids import BadId, long_id
from .objects import EXTERNAL_IDS, WIRES
from .state import Org

Body = dict[str, Any]
PRICES, EMPTY = ("UnitPrice", "TotalPrice"), (None, "")
EXTERNAL_KINDS = frozenset((w.kind.name, c.field) for w in WIRES for c in w.columns if (w.name, c.wire) in EXTERNAL_IDS)


def insert(system: System[Org], call: Call, wire: Wire, body: Body) -> Row:
    """Create a row from a body in the vendor's names. Raises Refusal."""
    call.wire = wire
    return system.records.create(wire.kind, prepared(system, call, wire, body, "c"), call.user)


def alter(system: System[Org], call: Call, wire: Wire, row: Row, body: Body) -> Row:
    """Write a body to a row; a save that changes nothing still moves the modstamp, as the vendor's does."""
    call.wire = wire
    return system.records.change(wire.kind, row, prepared(system, call, wire, body, "u"), call.user, touch=True)


def remove(system: System[Org], call: Call, wire: Wire, row: Row) -> None:
    call.wire = wire
    allowed = allowed_fields(system, call.user)
    if allowed is not None and f"{wire.name}.*" not in allowed:
        raise Refusal("forbidden", "insufficient access rights on object id", kind=wire.kind.name)
    system.records.remove(wire.kind, row, call.user)


def prepared(system: System[Org], call: Call, wire: Wire, body: Body, moment: str) -> dict[str, Any]:
    """Domain values of a body; `moment` is c or u. Raises Refusal, its `kind` naming the object."""
    try:
        allowed = allowed_fields(system, call.user)
        if allowed is not None:
            check_permissions(wire, body, allowed)
        given = read_body(system, wire, body, moment)
        values = wire.decode(given, moment)
    except Refusal as refusal:
        refusal.kind = refusal.kind or wire.kind.name
        raise misdirected(wire, refusal) from refusal
    for name in wire.kind.flags:
        if name in values and values[name] is None:
            values[name] = 0
    return values


def read_body(system: System[Org], wire: Wire, body: Body, moment: str) -> Body:
    """The body with {"Account": {"AccountNumber": "A-1"}} replaced by {"AccountId": ...}, and what declarations cannot say checked.

    That is: ids in bodies, emptied required fields, ids of another object, both prices of a line.
    """
    shape = (wire.name, moment, *body)
    demanded = system.state.plain.get(shape)
    if demanded is not None and not any(body[name] in EMPTY for name in demanded):
        return body
    given: Body = {}
    for name, value in body.items():
        if name == "attributes":
            continue
        via = wire.parents.get(name.lower()) if type(value) is dict else None
        if via is not None:
            given[via.wire] = parent_id(system, wire, via, value)
            continue
        column = wire.by_wire.get(name) or wire.by_name.get(name.lower())
        given[name] = value if column is None else checked(system, wire, column, value, moment)
    if wire.name == "OpportunityLineItem" and given.get("UnitPrice") is not None and given.get("TotalPrice") is not None:
        raise Refusal("contradiction", "specify either UnitPrice or TotalPrice, not both", field="TotalPrice")
    if is_plain(wire, body):
        columns = [wire.by_wire[name] for name in body] if moment == "u" else []
        system.state.keep_plain(shape, tuple(c.wire for c in columns if c.required))
    return given


def is_plain(wire: Wire, body: Body) -> bool:
    """Has a body of these names nothing to look at but fields that may not be emptied? Then the next one is not looked through."""
    columns = [wire.by_wire.get(name) for name in body]
    parents = any(name.lower() in wire.parents for name in body)
    return not parents and all(c and c.field != "id" and c.codec.type != "reference" and c.wire not in PRICES for c in columns)


def checked(system: System[Org], wire: Wire, column: Column, value: Any, moment: str) -> Any:
    """The value, or a Refusal; an empty reference is none."""
    if column.field == "id":
        raise Refusal("unknown_field", "The Id field should not be specified in the sobject data.", field="id", got="Id")
    if moment == "u" and column.required and value in (None, "") and column.write:
        raise Refusal("required", "a required field is emptied", field=column.wire, got=[column.wire])
    if column.codec.type == "reference" and type(value) is str and column.write:
        if not value:
            return None
        check_target(system, wire, column, value)
    return value


def misdirected(wire: Wire, refusal: Refusal) -> Refusal:
    """A reference that cannot be read is a malformed id in the vendor's words, not a parser error."""
    column = wire.by_wire.get(refusal.field)
    if refusal.code != "wrong_type" or column is None or column.codec.type != "reference" or not isinstance(refusal.got, str):
        return refusal
    return wrong_id(wire, column, refusal.got)


def wrong_id(wire: Wire, column: Column, got: str) -> Refusal:
    return Refusal(
        "wrong_id", f"{column.wire}: id value of incorrect type: {got}", field=column.wire, got=got, kind=wire.kind.name
    )


# -- parents by external id ---------------------------------------------------------------------------
def check_target(system: System[Org], wire: Wire, column: Column, value: str) -> None:
    above = system.state.schema.by_kind.get(wire.kind.by_name[column.field].to)
    if above is not None and not value.startswith(above.key_prefix):
        raise wrong_id(wire, column, value)


def parent_id(system: System[Org], wire: Wire, via: Column, named: Body) -> Id:
    """The id of the parent that `named` describes by one external id. Raises Refusal 'foreign_key'."""
    above = system.state.schema.by_kind[wire.kind.by_name[via.field].to]
    keys = [k for k in named if k != "attributes"]
    if len(keys) != 1:
        raise Refusal("foreign_key", f"{via.parent}: exactly one external id field names a parent, got {len(keys)}")
    column = above.by_name.get(keys[0].lower())
    value = named[keys[0]]
    if column is None or not is_external(above, column):
        raise Refusal("foreign_key", f"{keys[0]} is not an external id field of entity {above.name}")
    if not isinstance(value, str):
        raise Refusal("wrong_type", f"{keys[0]}: a text is wanted, got {json_token(value)}")
    found = system.records.find(above.kind, column.field, value, 2)
    if len(found) > 1:
        raise Refusal("duplicate", f"more than one record found for external id {value}", field=column.wire, got=found[0].id)
    if not found:
        raise Refusal("foreign_key", f"Foreign key external ID: {value} not found for field {column.wire} in entity {above.name}")
    id: Id = found[0].id
    return id


def is_external(wire: Wire, column: Column) -> bool:
    """May a record be named by this field? Asked by domain field, so that a renamed one stays what it was."""
    return (wire.kind.name, column.field) in EXTERNAL_KINDS


# -- who may write what ---------------------------------------------------------------------------------
def allowed_fields(system: System[Org], username: str) -> tuple[str, ...] | None:
    """What the user's profile lists; None: full access."""
    user = system.state.users.get(username.lower())
    return system.settings.profiles.get(user.profile) if user is not None and user.profile else None


def check_permissions(wire: Wire, given: Body, allowed: tuple[str, ...]) -> None:
    """Every field of a body must be listed, by itself or by `Object.*`."""
    if f"{wire.name}.*" in allowed:
        return
    for name in given:
        column = wire.by_name.get(name.lower()) or wire.parents.get(name.lower())
        if name != "attributes" and (column is None or f"{wire.name}.{column.wire}" not in allowed):
            message = f"insufficient access rights on {wire.name}.{name}"
            raise Refusal("forbidden", message, field=column.wire if column is not None else name, kind=wire.kind.name)


# -- rows by id -----------------------------------------------------------------------------------------
def row_by_id(system: System[Org], wire: Wire, key: str) -> Row:
    """The live row of a 15- or 18-character id. Raises Refusal: 'wrong_id' for another object's, 'missing', 'deleted'."""
    try:
        id = long_id(key)
    except BadId as error:
        raise Refusal("wrong_id", f"{wire.name} ID: id value of incorrect type: {key}", got=key, kind=wire.kind.name) from error
    if not id.startswith(wire.key_prefix):
        raise Refusal("wrong_id", f"{wire.name} ID: id value of incorrect type: {key}", got=key, kind=wire.kind.name)
    return system.records.live(wire.kind, id)
