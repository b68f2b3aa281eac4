"""Kantata OX (once Mavenlink): the PSA domain, spoken as JSON REST. Stages, routes, ids, and the ROOM itself."""

from __future__ import annotations

import hmac
from typing import Any

from simulators.behaviours.passage import answer, deliver, perform, route, strike, take_time
from simulators.domains import psa
from simulators.kernel.calls import Call, Handler, Lost, Outcome, Reply
from simulators.kernel.records import Kind, Refusal
from simulators.kernel.room import Room, Route
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from . import custom, feed, handlers
from .bodies import document_of
from .catalogue import RESOURCES
from .envelope import enveloped, id_of
from .errors import JSON, errors, refuse
from .references import create_or_update_external_reference
from .state import Desk, Settings, desk_of
from .wires import WIRES

ROOT = "/api/v1"
FIRST_IDS = {
    "user": 11_000_000,
    "workspace": 41_000_000,
    "story": 620_000_000,
    "workspace_resource": 34_000_000,
    "assignment": 150_000_000,
    "time_entry": 730_000_000,
    "timesheet_submission": 8_000_000,
    "expense": 19_000_000,
    "expense_submission": 8_500_000,
    "external_reference": 55_000_000,
}
SERVICE_MS = 180


# -- stages ---------------------------------------------------------------------------------------
def number(_system: System[Desk], call: Call) -> Outcome:
    """See to it that every answer is numbered, a refused one too."""
    call.leaving.append(stamp)
    return None


def identify(system: System[Desk], call: Call) -> Outcome:
    """Know the caller by bearer token. Tokens do not expire; they are revoked."""
    if call.handler is grant_token:
        return None
    scheme, _, token = call.header(b"authorization").partition(" ")
    user = system.state.sessions.get(token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        return system.refuse(call, Refusal("stranger", "no such token"))
    call.user = user
    return None


def admit(system: System[Desk], call: Call) -> Outcome:
    """Refuse calls over the window: 429, and no Retry-After."""
    if system.state.window.take(system.clock()):
        return None
    return system.refuse(call, Refusal("throttled", "too many requests"))


def stamp(system: System[Desk], _call: Call, reply: Reply | Lost | None) -> Reply | None:
    """Number the answer: x-request-id is on every response."""
    if not isinstance(reply, Reply):
        return None
    system.state.requests += 1
    name = b"%08x-%04x-4000-8000-%012x" % (system.seed & 0xFFFFFFFF, 0x6B74, system.state.requests)
    return Reply(reply.status, reply.body, (*reply.headers, (b"x-request-id", name)))


# -- handlers that are nobody else's --------------------------------------------------------------
def grant_token(system: System[Desk], call: Call) -> Reply:
    """POST /oauth/token: trade the authorization code for a token; it lives until revoked. (Path and fields: memory.)"""
    form = document_of(call)
    held = system.settings
    pairs = (("client_id", held.client_id), ("client_secret", held.client_secret), ("code", held.authorization_code))
    if form.get("grant_type") != "authorization_code":
        return errors(400, {"type": "oauth", "message": "unsupported_grant_type"})
    if not all(hmac.compare_digest(str(form.get(name, "")).encode(), wanted.encode()) for name, wanted in pairs):
        return errors(401, {"type": "oauth", "message": "Invalid OAuth 2 Request"})
    system.state.granted += 1
    token = f"kantata-{system.state.granted:08d}"
    system.state.sessions[token] = held.admins[0]
    return Reply(200, json_bytes({"access_token": token, "token_type": "bearer"}), JSON)


def list_roles(system: System[Desk], call: Call) -> Reply:
    """GET /roles: the account's roles, by name."""
    matching = call.query.get("matching", "").lower()
    found = {id: name for id, name in system.state.role_names.items() if matching in name.lower()}
    return roles(call, sorted(found, key=found.__getitem__), found)


def show_role(system: System[Desk], call: Call) -> Reply:
    """GET /roles/{id}."""
    id = id_of(call)
    if id not in system.state.role_names:
        raise Refusal("missing", "no such role")
    return roles(call, [id], system.state.role_names)


def roles(call: Call, ids: list[int], names: dict[int, str]) -> Reply:
    """Write roles; the account has few, so there is one page."""
    objects = {str(id): {"id": str(id), "name": names[id], "deleted_at": None} for id in ids}
    return enveloped(call, "roles", list(objects), {"roles": objects}, len(ids))


# -- routes ---------------------------------------------------------------------------------------
def routes() -> tuple[Route, ...]:
    """List every route; a path that ends in a word is also served with `.json`, an id strips it."""
    made: list[Route] = []

    def add(method: str, path: str, handler: Handler) -> None:
        made.append((method, ROOT + path, handler))
        if not path.endswith("}"):
            made.append((method, ROOT + path + ".json", handler))

    for resource in RESOURCES.values():
        at = "/" + resource.key
        add("GET", at, handlers.index(resource))
        if resource.key != "external_references":
            add("GET", at + "/{id}", handlers.show(resource))
        if resource.key.endswith("_submissions"):
            add("POST", at, handlers.submit(resource))
            for verb in ("approve", "reject", "cancel"):
                add("PUT", at + "/{id}/" + verb, handlers.decide(resource, verb))
        elif resource.key not in ("users", "external_references"):
            add("POST", at, handlers.create(resource))
            add("PUT", at + "/{id}", handlers.update(resource))
        if resource.key not in ("users", "assignments", "timesheet_submissions", "expense_report_submissions"):
            add("DELETE", at + "/{id}", handlers.delete(resource))
    add("POST", "/external_references/create_or_update", create_or_update_external_reference)
    add("GET", "/custom_fields", custom.list_custom_fields)
    add("GET", "/custom_field_values", custom.list_custom_field_values)
    add("GET", "/custom_field_values/{id}", custom.show_custom_field_value)
    add("POST", "/custom_field_values", custom.create_custom_field_value)
    add("GET", "/subscribed_events", feed.list_subscribed_events)
    add("GET", "/subscribed_events/event_types", feed.list_event_types)
    add("GET", "/roles", list_roles)
    add("GET", "/roles/{id}", show_role)
    made.append(("POST", "/oauth/token", grant_token))
    return tuple(made)


def id_for(kind: Kind, n: int) -> int:
    """Make the n-th id of a kind: a number of its own range."""
    return FIRST_IDS[kind.name] + n


def opened(system: System[Desk]) -> Desk:
    """Open the desk; index a person's day, which every booking asks for, and the log's instants, which the feed does."""
    system.store.run(f'CREATE INDEX IF NOT EXISTS time_entry_day ON "{psa.TIME_ENTRY.table}" (user_id, performed_on)')
    system.store.run("CREATE INDEX IF NOT EXISTS change_at ON change (at)")
    return desk_of(system.settings)


def adopt(_system: System[Any], _wires: Any) -> None:
    """Nothing is derived from the wires here: they are read at each call."""


STAGES = (
    number, route, strike("arrival"), identify, admit, take_time, strike("before"), perform, deliver, strike("after"), answer,
)  # fmt: skip
ROOM: Room[Desk] = Room(
    vendor="kantata",
    domain="psa",
    kinds=psa.KINDS,
    wires=WIRES,
    routes=routes(),
    stages=STAGES,
    ids=id_for,
    refuse=refuse,
    open=opened,
    adopt=adopt,
    id_type="INTEGER",
    settings=Settings,
    service_ms=SERVICE_MS,
)
