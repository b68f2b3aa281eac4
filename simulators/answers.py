"""What the control plane answers, declared: the shapes its OpenAPI promises, held against it by generated requests.

Declarations only. Handlers make their answers themselves, in ASCII; nothing here runs while one is served.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(Declared):
    """A question that was understood and refused. `field` and `kind` name what a refused act is about."""

    code: str
    message: str
    field: str | None = None
    kind: str | None = None


class Wrong(Declared):
    at: list[str]
    message: str


class Malformed(Declared):
    """A question that cannot be read."""

    code: str
    message: str
    errors: list[Wrong] = []


class KindShown(Declared):
    key: str
    fields: list[str]
    verbs: list[str]


class About(Declared):
    vendor: str
    domain: str
    position: int
    served: int
    in_flight: int
    clock: int
    digest: str
    kinds: dict[str, KindShown]


class Position(Declared):
    position: int


class Held(Declared):
    """A snapshot by name."""

    name: str
    position: int


class Acted(Declared):
    id: str
    key: str


class Seeded(Declared):
    rows: list[Acted]


class Seen(Declared):
    rows: list[dict[str, JsonValue]]


class CallShown(Declared):
    at: int
    ended_at: int
    method: str
    path: str
    operation: str
    user: str
    status: int
    error: str
    key: str
    body: str
    correlation: str
    effect: bool
    wait_ms: int
    in_flight: int
    found: int


class Calls(Declared):
    calls: list[CallShown]
    total: int


class ChangeShown(Declared):
    seq: int
    at: int
    kind: str
    id: str | int
    op: str
    version: int
    by: str
    values: dict[str, JsonValue]


class Changes(Declared):
    changes: list[ChangeShown]
    position: int


class FaultShown(Declared):
    id: str
    what: str
    share: float
    wait_ms: int
    begin: int
    end: int
    method: str
    path: str
    operation: str
    user: str


class Faults(Declared):
    faults: list[FaultShown]


WORDS = {
    404: "No snapshot of that name",
    409: "Refused; nothing has changed",
    411: "A body without a length",
    413: "A body that is too long",
    503: "The system is down",
}


def declared(model: type[BaseModel], *refusals: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: 200, its refusals, and what every route with a body may say."""
    known = (*refusals, *((411, 413) if body else ()))
    found: dict[int | str, dict[str, Any]] = {200: {"model": model}}
    found |= {status: {"model": Problem, "description": WORDS[status]} for status in known}
    return found | {422: {"model": Malformed, "description": "The question cannot be read"}}
