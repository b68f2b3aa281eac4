"""What this face answers, declared: the shapes its OpenAPI promises, held against it by generated requests.

Declarations only: handlers make their answers themselves, and nothing here runs while one is served.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class FieldProblem(Declared):
    field: str
    problem: str


class ProblemShown(Declared):
    """The one shape of everything that goes wrong."""

    code: str
    klass: Literal["request", "technical"] = Field(alias="class")
    retryable: bool
    owner: str
    remediation: str
    detail: str | list[FieldProblem]


class ExceptionShown(Declared):
    id: str
    kind: Literal["run", "item", "inbox"]
    klass: str = Field(alias="class")
    code: str
    subject: str
    source: str
    amount_minor: int | None
    currency: str | None
    queue: str
    owner: str
    severity: str
    remediation: str
    why: str
    run: str
    opened_at: int
    due_at: int
    state: Literal["open", "resubmitted", "resolved", "waived"]
    escalated_at: int | None
    resolved_at: int | None
    by: str | None
    facts: dict[str, JsonValue]


class Act(Declared):
    at: int
    actor: str
    act: str
    note: str | None


class ExceptionTold(ExceptionShown):
    history: list[Act]


class Ordered(Declared):
    id: str


class BillingShown(Declared):
    id: str
    state: str
    ordered_by: str | None = None
    bills: dict[str, str] = {}


class RunTold(Declared):
    id: str
    process: str
    version: int
    key: str
    state: str
    detail: JsonValue
    correlation: str
    started_at: int
    ended_at: int | None


class RunShown(RunTold):
    wake_at: int | None
    result: JsonValue


class Name(Declared):
    canonical: str
    system: str
    type: str
    entity: str
    id: str
    valid_from: int
    valid_to: int | None


class Event(Declared):
    id: str
    type: str
    subject: str
    at: int


class AuditShown(Declared):
    at: int
    actor: str
    action: str
    subject: str
    correlation: str
    reason: str
    before_hash: str
    after_hash: str
    prev_hash: str
    hash: str


class Lineage(Declared):
    key: str
    root: str
    names: list[Name]
    runs: list[RunTold]
    exceptions: list[ExceptionShown]
    events: list[Event]
    audit: list[AuditShown]


class FigureShown(Declared):
    value: int | float | dict[str, int] | None
    unit: str


class Late(Declared):
    code: str
    system: str
    flow: str
    subject: str
    since: int


class Figures(Declared):
    kpis: dict[str, FigureShown]
    alerts: list[Late]
    exceptions_open: dict[str, int]


class Backlog(Declared):
    inbox: int
    exceptions: dict[str, int]


class Health(Declared):
    status: Literal["ok", "degraded"]
    systems: dict[str, dict[str, JsonValue]]
    backlog: Backlog


class Chain(Declared):
    entries: int
    head: str
    records: list[list[int | str]]


class Evidence(Declared):
    runs: list[RunTold]
    exceptions: list[dict[str, JsonValue]]
    inbox: dict[str, dict[str, int]]
    outbox: dict[str, int]
    crossrefs: list[Name]
    published: list[Event]
    audit: Chain
    alerts: list[dict[str, JsonValue]]
    counters: dict[str, int]


WORDS = {
    400: "The body cannot be read",
    401: "No token this orchestrator knows",
    403: "No role or authority for it",
    404: "No such thing",
    409: "The thing is in another state than the request assumes",
    413: "The body is too long",
    422: "A field is wrong",
    429: "Too often; come back later",
    503: "A bound is reached: nothing was taken, come again",
}
ASKING = (401, 403, 413, 422, 429)
DECIDING = (400, *ASKING)


def declared(*refusals: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, all in the one shape."""
    return {status: {"model": ProblemShown, "description": WORDS[status]} for status in sorted(refusals)}


def plain(media_type: str, words: str) -> dict[str, Any]:
    """An answer in text."""
    return {"description": words, "content": {media_type: {"schema": {"type": "string"}}}}
