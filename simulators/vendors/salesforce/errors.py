"""How a refusal is worded: shared code -> HTTP status, the vendor's errorCode and his sentence.

The body is always an array of {message, errorCode, fields?}; inside collections the key is statusCode and `fields` is always
there. Source: reference 1.3 (documentation for the HTTP classes, memory for exact sentences), 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import Wire, json_bytes

from .state import Org

JSON = ((b"content-type", b"application/json;charset=UTF-8"),)
GENERAL = (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
ERRORS = {
    "stranger": (401, "INVALID_SESSION_ID"),
    "forbidden": (403, "INSUFFICIENT_ACCESS_OR_READONLY"),
    "quota": (403, "REQUEST_LIMIT_EXCEEDED"),
    "throttled": (403, "REQUEST_LIMIT_EXCEEDED"),
    "locked": (400, "UNABLE_TO_LOCK_ROW"),
    "unavailable": (503, "SERVER_UNAVAILABLE"),
    "server_error": (500, "UNKNOWN_EXCEPTION"),
    "no_route": (404, "NOT_FOUND"),
    "no_method": (405, "METHOD_NOT_ALLOWED"),
    "missing": (404, "NOT_FOUND"),
    "deleted": (404, "ENTITY_IS_DELETED"),
    "unknown_kind": (400, "INVALID_TYPE"),
    "unknown_field": (400, "INVALID_FIELD"),
    "read_only": (400, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    "required": (400, "REQUIRED_FIELD_MISSING"),
    "wrong_type": (400, "JSON_PARSER_ERROR"),
    "bad_value": (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    "unknown_state": (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    "dangling": (400, "INVALID_CROSS_REFERENCE_KEY"),
    "foreign_key": (400, "INVALID_FIELD"),
    "wrong_id": (400, "MALFORMED_ID"),
    "duplicate": (400, "DUPLICATE_VALUE"),
    "several": (300, "DUPLICATE_EXTERNAL_ID"),  # in a collection; a single record answers 300 with addresses
    "read_only_mode": (503, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"),  # code: read; HTTP status: memory
    "precondition": (412, "PRECONDITION_FAILED"),
    "too_long": (400, "STRING_TOO_LONG"),
    "bad_email": (400, "INVALID_EMAIL_ADDRESS"),
    "out_of_range": (400, "NUMBER_OUTSIDE_VALID_RANGE"),
    "circle": (400, "CIRCULAR_DEPENDENCY"),
    "in_use": (400, "DELETE_FAILED"),
    "contradiction": (400, "FIELD_INTEGRITY_EXCEPTION"),
    "currency_mismatch": (400, "FIELD_INTEGRITY_EXCEPTION"),
    "currency_held": (400, "FIELD_INTEGRITY_EXCEPTION"),
    "malformed": (400, "MALFORMED_QUERY"),
    "query_field": (400, "INVALID_FIELD"),
    "query_type": (400, "INVALID_TYPE"),
    "query_filter": (400, "INVALID_QUERY_FILTER_OPERATOR"),
    "query_range": (400, "NUMBER_OUTSIDE_VALID_RANGE"),
    "cursor": (400, "INVALID_QUERY_LOCATOR"),
    "page": (400, "INVALID_QUERY_LOCATOR"),
    "replication_date": (400, "INVALID_REPLICATION_DATE"),
    "bad_json": (400, "JSON_PARSER_ERROR"),
    "too_many": (400, "EXCEEDED_ID_LIMIT"),
    "media_type": (415, "UNSUPPORTED_MEDIA_TYPE"),
    "too_large": (413, "REQUEST_TOO_LARGE"),
    "halted": (400, "PROCESSING_HALTED"),
    "envelope": (400, "INVALID_INPUT"),
}
NAMED = {
    "forbidden", "read_only", "required", "bad_value", "unknown_state", "illegal_transition", "frozen", "dangling", "wrong_id",
    "too_long", "bad_email", "out_of_range", "circle", "contradiction", "currency_mismatch", "currency_held",
}  # fmt: skip
UNEXPECTED = "An unexpected error occurred. Please include this ErrorId if you contact support: 1867530900-12345 (-1043200611)"
Word = Callable[[Refusal, "Wire | None", str], str]


def required(refusal: Refusal, _wire: Wire | None, name: str) -> str:
    names = refusal.got if isinstance(refusal.got, list) else [name]
    return f"Required fields are missing: [{', '.join(str(n) for n in names)}]"


def read_only(_refusal: Refusal, _wire: Wire | None, name: str) -> str:
    return (
        f"Unable to create/update fields: {name}. Please check the security settings of this field and verify that it is "
        "read/write for your profile or permission set."
    )


def unknown_field(refusal: Refusal, wire: Wire | None, _name: str) -> str:
    return f"No such column '{refusal.field}' on sobject of type {wire.name}" if wire is not None else refusal.message


def wrong_type(refusal: Refusal, wire: Wire | None, name: str) -> str:
    column = wire.by_wire.get(name) if wire is not None else None
    if column is None:
        return refusal.message
    return f"Cannot deserialize instance of {column.codec.type} from {json_token(refusal.got)} value {shown(refusal.got)}"


def json_token(got: Any) -> str:
    tokens = {
        str: "VALUE_STRING",
        bool: "VALUE_TRUE" if got else "VALUE_FALSE",
        int: "VALUE_NUMBER_INT",
        float: "VALUE_NUMBER_FLOAT",
    }
    return tokens.get(type(got), "START_ARRAY" if isinstance(got, list) else "START_OBJECT")


def shown(got: Any) -> str:
    return got if isinstance(got, str) else json_bytes(got).decode()


def duplicate(refusal: Refusal, _wire: Wire | None, name: str) -> str:
    return f"duplicate value found: {name} duplicates value on record with id: {str(refusal.got)[:15]}"


def transition(refusal: Refusal, wire: Wire | None, name: str) -> str:
    """The validation rule of the org, worded with the labels a person sees."""
    column = wire.by_wire.get(name) if wire is not None else None
    encode = column.codec.encode if column is not None and column.codec.values else None
    if encode is None or refusal.got is None:
        return refusal.message
    return f"{name}: a record in this state cannot become '{encode(refusal.got)}'. Follow the order of the process."


def bad_state(refusal: Refusal, _wire: Wire | None, name: str) -> str:
    return f"{name}: bad value for restricted picklist field: {refusal.got}"


def rephrased(refusal: Refusal, _wire: Wire | None, name: str) -> str:
    return refusal.message.replace(refusal.field, name, 1) if refusal.field else refusal.message


WORDS: dict[str, Word] = {
    "stranger": lambda *_: "Session expired or invalid",
    "quota": lambda *_: "TotalRequests Limit exceeded.",
    "throttled": lambda *_: "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    "locked": lambda r, *_: f"unable to obtain exclusive access to this record or 1 records: {r.got or ''}".rstrip(": "),
    "unavailable": lambda *_: "The server is temporarily unavailable. Please try again later.",
    "server_error": lambda *_: UNEXPECTED,
    "no_route": lambda *_: "The requested resource does not exist",
    "missing": lambda *_: "The requested resource does not exist",
    "deleted": lambda *_: "entity is deleted",
    "dangling": lambda *_: "invalid cross reference id",
    "too_many": lambda r, *_: r.message,
    "required": required,
    "read_only": read_only,
    "unknown_field": unknown_field,
    "wrong_type": wrong_type,
    "duplicate": duplicate,
    "illegal_transition": transition,
    "unknown_state": bad_state,
    "frozen": rephrased,
}


def entry(system: System[Org], refusal: Refusal, key: str = "errorCode") -> dict[str, Any]:
    """One error as the vendor writes it; `key` is statusCode inside collections."""
    wire = system.state.schema.by_kind.get(refusal.kind)
    name = wire.name_of(refusal.field) if wire is not None else refusal.field
    word = WORDS.get(refusal.code)
    made: dict[str, Any] = {
        "message": word(refusal, wire, name) if word is not None else refusal.message,
        key: ERRORS.get(refusal.code, GENERAL)[1],
    }
    fields = named_fields(refusal, name)
    if fields or key == "statusCode" or refusal.code == "duplicate":
        made["fields"] = fields
    return made


def named_fields(refusal: Refusal, name: str) -> list[str]:
    if refusal.code not in NAMED or not name or name == "id":
        return []
    return [str(n) for n in refusal.got] if refusal.code == "required" and isinstance(refusal.got, list) else [name]


def refuse(system: System[Org], call: Call, refusal: Refusal) -> Reply:
    """The vendor's answer to a refusal. Several rows under one external id answer 300 with their addresses."""
    if refusal.code == "several" and call.wire is not None:
        body = [f"{data_stem(call)}/sobjects/{call.wire.name}/{id}" for id in refusal.got]
        return Reply(300, json_bytes(body), JSON)
    if refusal.code == "no_method":
        return method_not_allowed(call, refusal)
    status = refusal.status or ERRORS.get(refusal.code, GENERAL)[0]
    return Reply(status, json_bytes([entry(system, refusal)]), JSON)


def method_not_allowed(call: Call, refusal: Refusal) -> Reply:
    allowed = ",".join(sorted(refusal.got))
    message = f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
    body = json_bytes([{"message": message, "errorCode": "METHOD_NOT_ALLOWED"}])
    return Reply(405, body, (*JSON, (b"allow", allowed.encode())))


def data_stem(call: Call) -> str:
    """/services/data/vNN.0 of this call."""
    return "/".join(call.path.split("/")[:4])
