"""A complete vendor room in miniature: a notice board with one kind. README.md of the kernel quotes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulators.behaviours.limits import Slots
from simulators.behaviours.passage import answer, deliver, perform, route, strike, take_time
from simulators.kernel.calls import Call, Outcome, Reply
from simulators.kernel.records import Field, Kind, Machine, Refusal
from simulators.kernel.room import Room
from simulators.kernel.stages import System
from simulators.kernel.wire import Codec, Column, Wire, json_bytes, scaled, unscaled

# -- domains/board.py: what a notice board is; no HTTP, no vendor ---------------------------------
OWNER = Kind("owner", (Field("name", required=True),), key="name")


def approve(records: Any, row: Any, values: dict[str, Any], user: str, at: int) -> Any:
    if row is None:
        raise Refusal("missing", "no such note")
    return records.change(NOTE, row, {"status": "posted", "posted_at": at, **values}, user)


NOTE = Kind(
    "note",
    (
        Field("number"),
        Field("title", required=True),
        Field("owner_id", "ref", to="owner", indexed=True),
        Field("status", "state"),
        Field("price", "money"),
        Field("posted_at", "instant"),
        Field("pinned", "flag"),
        Field("code", unique=True),
    ),
    machine=Machine("status", "draft", {"draft": ("posted",), "posted": ("gone",), "gone": ()}),
    key="number",
    verbs={"approve": approve},
)
KINDS = {k.name: k for k in (OWNER, NOTE)}

# -- vendors/board/wires.py: one line a field ------------------------------------------------------
TEXT, ID = Codec("string", accepts=(str,)), Codec("id")
MONEY = Codec("number", lambda v: unscaled(v, 2), lambda v: scaled(v, 2), sql="({0} / 100.0)", accepts=(int, float))
STATES = {"draft": "Draft", "posted": "Posted", "gone": "Gone"}
STATUS = Codec(
    "picklist", STATES.__getitem__, {v: k for k, v in STATES.items()}.__getitem__, ordered=False, values=tuple(STATES.values())
)
OWNERS = Wire("Owner", OWNER, (Column("Id", "id", ID, ""), Column("Name", "name", TEXT, required=True)))
NOTES = Wire(
    "Note",
    NOTE,
    (
        Column("Id", "id", ID, ""),
        Column("Number", "number", TEXT),
        Column("Title", "title", TEXT, required=True),
        Column("OwnerId", "owner_id", Codec("reference", accepts=(str,)), parent="Owner"),
        Column("Status", "status", STATUS),
        Column("Price", "price", MONEY),
        Column("Code", "code", TEXT),
        Column("Colour", "extra.colour", TEXT),
    ),
)

# -- vendors/board/room.py: numbers, errors, stages, handlers, routes --------------------------------
ERRORS = {
    "missing": 404,
    "deleted": 404,
    "no_route": 404,
    "no_method": 405,
    "stranger": 401,
    "throttled": 429,
    "unavailable": 503,
}
JSON = ((b"content-type", b"application/json"),)


@dataclass
class Board:
    """What this room remembers beside its records."""

    slots: Slots
    opened: list[str] = field(default_factory=list)


def refuse(_system: System[Board], call: Call, refusal: Refusal) -> Reply:
    named = call.wire.name_of(refusal.field) if call.wire else refusal.field
    status = refusal.status or ERRORS.get(refusal.code, 400)
    return Reply(status, json_bytes({"error": refusal.code, "message": refusal.message, "field": named}), JSON)


def identify(system: System[Board], call: Call) -> Outcome:
    call.user = call.header(b"authorization").removeprefix("Bearer ")
    return None if call.user else system.refuse(call, Refusal("stranger", "who are you?"))


def admit(system: System[Board], call: Call) -> Outcome:
    if not system.state.slots.take():
        return system.refuse(call, Refusal("throttled", "too many at once"))
    call.leaving.append(system.state.slots.leave)
    return None


def wire_of(system: System[Board], call: Call) -> Wire:
    wire = call.wire = system.wires.get(call.args[0].lower())
    if wire is None:
        raise Refusal("unknown_kind", f"no {call.args[0]}")
    return wire


def create(system: System[Board], call: Call) -> Reply:
    wire = wire_of(system, call)
    row = system.records.create(wire.kind, wire.decode(call.document(), "c"), call.user)
    return Reply(201, json_bytes(wire.encode(row)), JSON)


def read(system: System[Board], call: Call) -> Reply:
    wire = wire_of(system, call)
    return Reply(200, json_bytes(wire.encode(system.records.live(wire.kind, call.args[1]))), JSON)


def upsert(system: System[Board], call: Call) -> Reply:
    wire = wire_of(system, call)
    call.key = call.args[1]
    found = system.records.keyed(wire.kind, call.key)
    values = wire.decode(call.document(), "u" if found else "c")
    if found:
        row = system.records.change(wire.kind, found, values, call.user)
    else:
        row = system.records.create(wire.kind, {**values, wire.kind.key: call.key}, call.user)
    return Reply(200 if found else 201, json_bytes(wire.encode(row)), JSON)


def opened(_system: System[Board]) -> Board:
    return Board(Slots(15))


ROOM: Room[Board] = Room(
    vendor="board",
    domain="board",
    kinds=KINDS,
    wires=(OWNERS, NOTES),
    routes=(("POST", "/v1/{object}", create), ("GET", "/v1/{object}/{id}", read), ("PUT", "/v1/{object}/{key}", upsert)),
    stages=(route, strike("arrival"), identify, admit, take_time, strike("before"), perform, deliver, strike("after"), answer),
    ids=lambda kind, n: f"{kind.name[0]}{n:06d}",
    refuse=refuse,
    open=opened,
    body_bytes_max=100_000,
)
