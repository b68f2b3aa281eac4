"""How a refusal is worded: `{"errors": [{"type", "message", "field"?}]}`.

Types: `oauth` (no valid token), `syntax` (the wrapping key is missing), `system` (request or platform), `validation` (a
value; names its field). Statuses the contract declares are 400, 401, 403, 404, 422 and 503; 429 stands in prose only,
without Retry-After. Source: Kantata OX API documentation, Errors and Rate Limits, by the api-evangelist/mavenlink digest;
`syntax`: mavenlink_gem, external_reference_spec.rb (both read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

JSON = ((b"content-type", b"application/json; charset=utf-8"),)
SYSTEM = {
    "forbidden": (403, "You are not authorized to perform this action"),
    "no_route": (404, "Not Found"),
    "no_method": (404, "Not Found"),
    "missing": (404, "The resource could not be found"),
    "deleted": (404, "The resource could not be found"),
    "throttled": (429, "Too many requests. Please retry your request after a small delay"),
    "quota": (429, "Too many requests. Please retry your request after a small delay"),
    "unavailable": (503, "Service is unavailable"),
    "read_only_mode": (503, "Service is in read-only mode"),
    "server_error": (500, "Internal Server Error"),
    "bad_json": (400, "There was a problem in the request body"),
    "malformed": (400, ""),  # "" lets the refusal speak
    "page": (400, ""),
    "header": (400, ""),
    "unordered": (400, ""),
    "too_many": (400, ""),
    "too_large": (413, "Request Entity Too Large"),
    "locked": (503, "The resource is being changed by another request"),  # the contract knows no 409
}
VALIDATION = {
    "required": "{label} can't be blank",
    "wrong_type": "{label} is invalid",
    "bad_value": "{label} is invalid: {text}",
    "unknown_state": "{label} is not included in the list",
    "dangling": "{label} could not be found",
    "duplicate": "{label} has already been taken",
    "illegal_transition": "{label} cannot be changed: {text}",
    "frozen": "{label} cannot be changed: {text}",
    "own_time": "You cannot approve or reject your own submission",
    "day_is_full": "{label} must not exceed 24 hours per day",
    "receipt_missing": "{label} must be attached before approval",
}


def refuse(_system: System[Any], call: Call, refusal: Refusal) -> Reply:
    """Word a refusal; what has no words of its own is a validation error about its field."""
    if refusal.code == "stranger":
        return errors(401, {"type": "oauth", "message": "Invalid OAuth 2 Request"})
    if refusal.code == "missing_parameters":
        return errors(400, {"type": "syntax", "message": f"Missing required parameters: {refusal.message}"})
    if refusal.code in SYSTEM:
        status, text = SYSTEM[refusal.code]
        return errors(refusal.status or status, {"type": "system", "message": text or refusal.message})
    names = refusal.got if refusal.code == "required" and isinstance(refusal.got, list) else [refusal.field or "base"]
    return errors(refusal.status or 422, *(invalid(call, refusal, name) for name in names))


def invalid(call: Call, refusal: Refusal, name: str) -> dict[str, str]:
    """Word one field's validation error in the vendor's name for it."""
    wire = call.wire
    if wire is not None and name not in wire.by_wire and (not refusal.kind or refusal.kind == wire.kind.name):
        name = wire.name_of(name)
    label = name.replace("_", " ").capitalize()
    text = VALIDATION.get(refusal.code, "{text}").format(label=label, text=refusal.message)
    return {"type": "validation", "message": text, "field": name}


def errors(status: int, *entries: dict[str, str]) -> Reply:
    """Wrap error objects."""
    return Reply(status, json_bytes({"errors": entries}), JSON)
