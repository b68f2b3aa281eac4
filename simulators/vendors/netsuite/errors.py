"""Refusals in NetSuite's words: one body for all, `o:errorDetails`, and the pointer that says what was wrong.

Source: REST Web Services error handling, as collected in the room's SOURCES.md (read 2026-11).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulators.kernel.calls import Call, Headers, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.wire import json_bytes

from .state import Account

ERROR: Headers = ((b"content-type", b"application/vnd.oracle.resource+json; type=error; charset=UTF-8"),)
ACCESS = "Error while accessing a resource. "
RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10."


class Wording(NamedTuple):
    """Status, o:errorCode, and how the message begins; `{0}` is the vendor's field, `{1}` what came, `{2}` the domain's sentence."""

    status: int
    code: str
    text: str


GENERAL = Wording(400, "USER_ERROR", ACCESS + "{2}.")
WORDS = {
    "stranger": Wording(401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > "
                        "Users/Roles > User Management > View Login Audit Trail."),
    "forbidden": Wording(403, "INSUFFICIENT_PERMISSION", "Permission Violation: The role assigned to you does not have permission to {2}."),
    "throttled": Wording(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
    "quota": Wording(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
    "locked": Wording(409, "RCRD_HAS_BEEN_CHANGED", "Record has been changed. The record was modified by another request while yours was "
                      "being processed."),
    "unavailable": Wording(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable."),
    "read_only_mode": Wording(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable for changes."),
    "server_error": Wording(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: {1}"),
    "no_route": Wording(404, "NOT_FOUND", "Invalid URL. The requested resource does not exist."),
    "no_method": Wording(405, "METHOD_NOT_ALLOWED", "Method is not allowed for this resource. {2}"),
    "unknown_kind": Wording(404, "NOT_FOUND", "Record type '{1}' does not exist."),
    "missing": Wording(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."),
    "deleted": Wording(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."),
    "unknown_field": Wording(400, "INVALID_CONTENT", "Invalid content in the request body. Unknown property: {0}."),
    "read_only": Wording(400, "INVALID_CONTENT", ACCESS + "The field {0} is read-only."),
    "wrong_type": Wording(400, "INVALID_CONTENT", ACCESS + "Invalid value for the field {0}."),
    "dangling": Wording(400, "INVALID_CONTENT", ACCESS + "Invalid Field Value {1} for the following field: {0}."),
    "bad_value": Wording(400, "INVALID_CONTENT", ACCESS + "Invalid Field Value {1} for the following field: {0}. {2}."),
    "unknown_state": Wording(400, "INVALID_CONTENT", ACCESS + "Invalid Field Value {1} for the following field: {0}."),
    "bad_json": Wording(400, "INVALID_CONTENT", "Invalid content in the request body. The JSON could not be read."),
    "too_large": Wording(413, "REQUEST_SIZE_EXCEEDED", "The request exceeds the maximum size."),
    "required": Wording(400, "USER_ERROR", ACCESS + "Please enter value(s) for: {0}"),
    "duplicate": Wording(400, "USER_ERROR", ACCESS + "This record already exists ({0})."),
    "several": Wording(400, "USER_ERROR", ACCESS + "More than one record matches {1}."),
    "frozen": Wording(400, "USER_ERROR", ACCESS + "You cannot make this change: {2}."),
    "illegal_transition": Wording(400, "USER_ERROR", ACCESS + "You cannot make this change to {0}."),
    "closed_period": Wording(400, "USER_ERROR", ACCESS + "The transaction date falls in a closed or locked accounting period: {2}."),
    "over_applied": Wording(400, "USER_ERROR", ACCESS + "The amount applied exceeds the amount due or the payment."),
    "empty": Wording(400, "USER_ERROR", ACCESS + "You must enter at least one line item for this transaction."),
    "malformed": Wording(400, "INVALID_PARAMETER", "{2}"),
    "unknown_column": Wording(400, "INVALID_PARAMETER", "Invalid search query. Detailed unprocessed description follows. {2}."),
    "page": Wording(400, "INVALID_PARAMETER", "{2}"),
    "header": Wording(400, "INVALID_HEADER", "{2}"),
    "idempotency": Wording(400, "IDEMPOTENCY_ERROR", "{2}"),
    "content_type": Wording(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported content type: {1}."),
}  # fmt: skip
TITLES = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 413: "Request Entity Too Large",
          415: "Unsupported Media Type", 500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip
SECTIONS = {
    400: "4.1",
    401: "4.2",
    403: "4.4",
    404: "4.5",
    405: "4.6",
    409: "4.10",
    413: "4.14",
    415: "4.16",
    429: "4",
    500: "5.1",
    503: "5.4",
}
POINTERS = {"header": "o:errorHeader", "page": "o:errorQueryParam", "malformed": "o:errorQueryParam", "no_route": "o:errorUrl",
            "unknown_kind": "o:errorUrl", "missing": "o:errorUrl", "deleted": "o:errorUrl", "no_method": "o:errorUrl"}  # fmt: skip
CHALLENGE = b'Bearer realm="%s", error="invalid_token", error_description="The access token is invalid or has expired."'


def refuse(system: Account, call: Call, refusal: Refusal) -> Reply:
    """The vendor's answer to a refusal. Throttling carries no Retry-After; NetSuite documents none."""
    wording = WORDS.get(refusal.code, GENERAL)
    status = refusal.status or wording.status
    detail: dict[str, Any] = {"detail": sentence(call, wording, refusal), "o:errorCode": wording.code}
    point_at(call, refusal, detail)
    body: dict[str, Any] = {
        "type": RFC + SECTIONS.get(status, "4.1"),
        "title": "Conflict"
        if refusal.code == "idempotency"
        else TITLES.get(status, "Bad Request"),  # a 429 too is a "Bad Request"
        "status": status,
        "o:errorDetails": [detail],
    }
    headers = ERROR
    if status == 429:
        body["o:errorCode"] = "USER_ERROR"
    if status == 401:
        headers = (*ERROR, (b"www-authenticate", CHALLENGE % system.settings.account_id.encode()))
    if refusal.code == "no_method" and refusal.got and type(refusal.got) is tuple:
        headers = (*ERROR, (b"allow", ", ".join(refusal.got).encode()))
    if refusal.code == "idempotency":
        headers = (*ERROR, (b"location", str(refusal.got).encode()))
    return Reply(status, json_bytes(body), headers)


def sentence(call: Call, wording: Wording, refusal: Refusal) -> str:
    return wording.text.format(named(call, refusal), shown(refusal.got), refusal.message)


def shown(got: Any) -> str:
    text = str(got.id or got.external_id) if hasattr(got, "external_id") else str(got)
    return text if len(text) <= 200 else text[:200] + "..."


def named(call: Call, refusal: Refusal) -> str:
    """The field in the vendor's word: a domain field is looked up in the wire of the call."""
    field = refusal.field
    wire = call.wire
    return wire.name_of(field) if wire is not None and (not refusal.kind or refusal.kind == wire.kind.name) else field


def point_at(call: Call, refusal: Refusal, detail: dict[str, Any]) -> None:
    if refusal.code in ("no_route", "unknown_kind", "missing", "deleted", "no_method"):
        detail["o:errorUrl"] = call.path
    elif refusal.field:
        detail[POINTERS.get(refusal.code, "o:errorPath")] = named(call, refusal)
