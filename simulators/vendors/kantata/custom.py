"""Custom fields: the account's own attributes on stories and users, and the values in them.

This account has three: on stories `Accepted At` (text: ISO 8601 instant) and `Accepted By` (the client's name), which carry
the client's acceptance of a milestone; on users `Employee Number`. They are domain fields, so a value has no row of its
own: its id is made of the subject's and the field's, and it counts as updated whenever its subject is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulators.domains import psa
from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Kind, Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from . import filters as f
from . import values as v
from .bodies import objects_of
from .errors import JSON
from .listing import limits, per_page, to_i
from .resources import Resource
from .state import Desk

PER_SUBJECT = 100  # value id = subject id * 100 + field id
VALUES_MAX = 100
SUBJECTS = {"stories": "Story", "users": "User"}
KINDS: dict[str, Kind] = {"Story": psa.STORY, "User": psa.USER}


class CustomField(NamedTuple):
    """One field: its id in the account, its name, whose it is, the domain field behind it, and how it is written."""

    id: int
    name: str
    subject: str
    field: str
    codec: Any
    writable: bool


FIELDS = (
    CustomField(11, "Accepted At", "Story", "accepted_at", v.INSTANT, writable=True),
    CustomField(12, "Accepted By", "Story", "accepted_by", v.TEXT, writable=True),
    CustomField(21, "Employee Number", "User", "number", v.TEXT, writable=False),
)
BY_ID = {each.id: each for each in FIELDS}


def list_custom_fields(_system: System[Desk], call: Call) -> Reply:
    """GET /custom_fields: what fields there are."""
    wanted = call.query.get("subject_type")
    found = [each for each in FIELDS if wanted in (None, "", each.subject)]
    shown = {
        str(each.id): {
            "id": str(each.id),
            "name": each.name,
            "subject_type": each.subject,
            "value_type": "string",
            "required": False,
        }
        for each in found
    }
    return wrapped(call, "custom_fields", [str(each.id) for each in found], {"custom_fields": shown}, len(found))


def list_custom_field_values(system: System[Desk], call: Call) -> Reply:
    """GET /custom_field_values: values of one subject type, oldest subject first; empty fields have no value."""
    subject = call.query.get("subject_type", "")
    if subject not in KINDS:
        raise Refusal("malformed", f"subject_type must be one of {', '.join(KINDS)}")
    kind = KINDS[subject]
    wanted = [each for each in FIELDS if each.subject == subject and picked(call, each)]
    tests, binds = ["t.deleted = 0"], list[Any]()
    given = {"created_after": ("created_at", ">"), "created_before": ("created_at", "<")}
    given |= {"updated_after": ("changed_at", ">"), "updated_before": ("changed_at", "<")}
    for name, (column, sign) in given.items():
        if call.query.get(name):
            tests.append(f't."{column}" {sign} ?')
            binds.append(f.instant_of(call.query[name]))
    for name, column in (("with_subject_id", "t.id"),):
        if call.query.get(name):
            found = f.within(column, [f.whole(part) for part in f.listed(call.query[name])])
            assert found is not None
            tests.append(found[0])
            binds.extend(found[1])
    return paged(system, call, kind, wanted, (tests, binds))


def paged(system: System[Desk], call: Call, kind: Kind, wanted: list[CustomField], asked: tuple[list[str], list[Any]]) -> Reply:
    """Page over (subject, field) pairs by one UNION, in subject and field order."""
    tests, binds = asked
    parts = [
        f'SELECT t.id AS subject, {each.id} AS field FROM "{kind.table}" t '
        f'WHERE {" AND ".join(tests)} AND t."{each.field}" IS NOT NULL'
        for each in wanted
    ]
    if not parts:
        return wrapped(call, "custom_field_values", [], {"custom_field_values": {}}, 0)
    union = " UNION ALL ".join(parts)
    limit, offset = limits(call)
    every = binds * len(parts)
    pairs = system.store.select(f"{union} ORDER BY subject, field LIMIT {limit} OFFSET {offset}", every)
    count = system.store.select(f"SELECT COUNT(*) FROM ({union})", every)[0][0]
    shown = {}
    for subject, field in pairs:
        made = value_of(system.records.get(kind, subject), BY_ID[field])
        shown[made["id"]] = made
    call.found = len(shown)
    return wrapped(call, "custom_field_values", list(shown), {"custom_field_values": shown}, count)


def picked(call: Call, each: CustomField) -> bool:
    """Say whether `with_custom_field_id` leaves this field in."""
    ids = call.query.get("with_custom_field_id")
    return not ids or str(each.id) in f.listed(ids)


def show_custom_field_value(system: System[Desk], call: Call) -> Reply:
    """GET /custom_field_values/{id}."""
    subject, field = divmod(f.whole(call.args[0].removesuffix(".json")), PER_SUBJECT)
    each = BY_ID.get(field)
    row = system.records.get(KINDS[each.subject], subject) if each else None
    if each is None or row is None or row.deleted or getattr(row, each.field) is None:
        raise Refusal("missing", "no such value")
    made = value_of(row, each)
    return wrapped(call, "custom_field_values", [made["id"]], {"custom_field_values": {made["id"]: made}}, 1)


def create_custom_field_value(system: System[Desk], call: Call) -> Reply:
    """POST /custom_field_values: one, or up to 100; a value that is there is replaced."""
    shown = {}
    for given in objects_of(call, "custom_field_value", "custom_field_values", VALUES_MAX):
        made = put(system, call, given)
        shown[made["id"]] = made
    return wrapped(call, "custom_field_values", list(shown), {"custom_field_values": shown}, len(shown))


def put(system: System[Desk], call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """Write one value into its subject. Raises Refusal."""
    absent = [name for name in ("subject_type", "subject_id", "custom_field_id") if given.get(name) in (None, "")]
    if absent or "value" not in given:
        missing = absent or ["value"]
        raise Refusal("required", "missing", field=missing[0], got=missing)
    each = BY_ID.get(f.whole(str(given["custom_field_id"])))
    if each is None or each.subject != given["subject_type"]:
        raise Refusal("dangling", "no such field", field="custom_field_id")
    row = system.records.get(KINDS[each.subject], f.whole(str(given["subject_id"])))
    if row is None or row.deleted:
        raise Refusal("dangling", "no such subject", field="subject_id")
    if not each.writable:
        raise Refusal("forbidden", "the field is read-only")
    try:
        value = None if given["value"] is None else each.codec.decode(given["value"])
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise Refusal("wrong_type", "value", field="value") from error
    row = system.records.change(KINDS[each.subject], row, {each.field: value}, call.user)
    return value_of(row, each)


def value_of(row: Any, each: CustomField) -> dict[str, Any]:
    """Show a value."""
    held = getattr(row, each.field)
    written = held if held is None or each.codec.encode is None else each.codec.encode(held)
    return {
        "id": str(row.id * PER_SUBJECT + each.id),
        "custom_field_id": str(each.id),
        "custom_field_name": each.name,
        "subject_type": each.subject,
        "subject_id": row.id,
        "type": "string",
        "value": written,
        "display_value": written,
        "created_at": v.instant(row.created_at),
        "updated_at": v.instant(row.changed_at),
    }


def side_load(_system: System[Desk], resource: Resource, rows: list[Any], held: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Load the values of a page of stories or users, and name their ids."""
    bucket = held.setdefault("custom_field_values", {})
    for row in rows:
        made = [
            value_of(row, each)
            for each in FIELDS
            if each.subject == SUBJECTS[resource.key] and getattr(row, each.field) is not None
        ]
        bucket.update({value["id"]: value for value in made})
        held[resource.key][str(row.id)]["custom_field_value_ids"] = [value["id"] for value in made]


def wrapped(call: Call, key: str, ids: list[str], held: dict[str, Any], count: int) -> Reply:
    """Wrap in the vendor's envelope."""
    size = per_page(call)
    number = to_i(call.query.get("page"), 1) if count else 0
    meta = {"count": count, "page_count": -(-count // size), "page_number": number, "page_size": size}
    body = {"count": count, "results": [{"key": key, "id": id} for id in ids], **held, "meta": meta}
    return Reply(200, json_bytes(body), JSON)
