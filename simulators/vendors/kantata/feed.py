"""The event feed: polled, kept for nine days, late, unordered, sometimes twice. There are no webhooks.

Events are read off the change log, never stored: an event's lag, its duplicate and its omission are drawn by meaning
(seed, what, number of the change), so that two readings tell the same story. `created_at` is when the event was generated;
nothing is shown before that instant.
Source: developer.kantata.com, Events and Event Types; Subscribed Events reference (both read 2026-11-20).
"""

from __future__ import annotations

from functools import lru_cache

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from . import envelope, payloads
from . import filters as f
from . import values as v
from .catalogue import RESOURCE_OF_KIND
from .custom import FIELDS
from .errors import JSON
from .event import Event, share
from .listing import limits
from .state import Desk

SPOKEN = {"timesheet_submission": "timesheet", "expense_submission": "expense_report"}
SILENT = {"external_reference"}  # no such event in the vendor's catalogue
HAPPENED = {"create": "created", "update": "updated", "delete": "deleted"}
NEVER_DELETED = {"timesheet_submission", "expense_submission"}
VALUE_CREATED = "story:custom_field_value_created"
EVENT_TYPES = tuple(
    sorted(
        [
            f"{SPOKEN.get(kind, kind)}:{word}"
            for kind in RESOURCE_OF_KIND
            if kind not in SILENT
            for word in HAPPENED.values()
            if not (word == "deleted" and kind in NEVER_DELETED)
        ]
        + [VALUE_CREATED]
    )
)
IDS_PER_CHANGE = 10
LOG = "SELECT seq, at, kind, id, op, by, CASE WHEN kind = 'story' THEN \"values\" END FROM change WHERE at > ? AND at < ? AND kind IN ({}) ORDER BY seq"

LOGS = [LOG.format(", ".join("?" * n)) for n in range(len(RESOURCE_OF_KIND) + 1)]  # by how many kinds are asked for


def list_subscribed_events(system: System[Desk], call: Call) -> Reply:
    """GET /subscribed_events."""
    if call.user not in system.settings.admins:
        raise Refusal("forbidden", "only account administrators read events")
    if call.query.get("most_recent") in f.TRUE and call.query.get("most_recent_by_event_type") in f.TRUE:
        raise Refusal("malformed", "most_recent cannot be combined with most_recent_by_event_type")
    found = wanted(system, call)
    if not found:
        return written(system, call, found, 0)
    found = ordered(system, call, most_recent(call, found))
    limit, offset = limits(call)
    shown = found if call.query.get("only") else found[offset : offset + limit]
    return written(system, call, shown, len(found))


def list_event_types(system: System[Desk], _call: Call) -> Reply:
    """GET /subscribed_events/event_types: the types, and the fields of each."""
    schemas = {}
    for kind, resource in RESOURCE_OF_KIND.items():
        fields = {c.wire: {"name": c.wire, "type": c.codec.type} for c in system.wires[resource.key].columns}
        for name in EVENT_TYPES:
            if name.partition(":")[0] == SPOKEN.get(kind, kind):
                schemas[name] = {"name": name, "description": f"{resource.subject}: {name}", "fields": fields}
    return Reply(200, json_bytes({"subscribed_event_types": EVENT_TYPES, "subscribed_event_type_schemas": schemas}), JSON)


def wanted(system: System[Desk], call: Call) -> list[Event]:
    """Return the events in the asked span that pass the filters, in order of change."""
    query, now = call.query, system.clock()
    oldest = now - retention_ms(system, now)
    since = max(oldest, f.instant_of(query["created_after"]) if query.get("created_after") else oldest)
    until = min(now + 1, f.instant_of(query["created_before"]) if query.get("created_before") else now + 1)
    types, kinds = types_in(query.get("event_types", ""))
    only, subjects = ({f.whole(each) for each in f.listed(query[n])} if query.get(n) else set() for n in ("only", "subject_id"))
    if subjects and not query.get("subject_type"):
        raise Refusal("malformed", "subject_id needs a subject_type")
    return [
        each
        for each in events(system, since, until, kinds)
        if since < each.created_at < until
        and (not types or each.type in types)
        and (not only or each.id in only)
        and (not subjects or each.subject in subjects)
        and query.get("subject_type") in (None, "", RESOURCE_OF_KIND[each.kind].subject)
    ]


def retention_ms(system: System[Desk], now: int) -> int:
    """Return how far back the feed reads at this instant."""
    faulty = [fault.retention_ms for fault in system.state.feed_faults if fault.retention_ms is not None and fault.holds(now)]
    return min([int(system.settings.feed_retention_ms), *faulty])


@lru_cache(maxsize=64)
def types_in(listed: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the types listed, and the kinds that such events are about; no types means every kind."""
    types = frozenset(f.listed(listed))
    prefixes = {name.partition(":")[0] for name in types}
    told = (kind for kind in RESOURCE_OF_KIND if kind not in SILENT)
    return types, tuple(kind for kind in told if not types or SPOKEN.get(kind, kind) in prefixes)


def events(system: System[Desk], since: int, until: int, kinds: tuple[str, ...]) -> list[Event]:
    """Make the events of every change to these kinds that could have been told between two instants."""
    lag = system.settings.feed_lag_ms_max + max((fault.lag_ms_max for fault in system.state.feed_faults), default=0)
    made: list[Event] = []
    for seq, at, kind, id, op, by, values in system.store.select(LOGS[len(kinds)], (since - 2 * lag, until, *kinds)):
        if op == "delete" and kind in NEVER_DELETED:
            continue
        event = Event(seq * IDS_PER_CHANGE, f"{SPOKEN.get(kind, kind)}:{HAPPENED[op]}", at, at, seq, kind, id, by)
        made.extend(told(system, event))
        for n, field in enumerate(fields_set(values), 1) if values else ():
            made.extend(told(system, event._replace(id=event.id + 2 * n, type=VALUE_CREATED, field=field)))
    return made


def fields_set(values: str) -> list[int]:
    """Return the custom fields that a story's change gave a value; an empty one is written as null."""
    filled = [each for each in FIELDS if f'"{each.field}":' in values and f'"{each.field}":null' not in values]
    return [each.id for each in filled if each.subject == "Story"]


def told(system: System[Desk], event: Event) -> list[Event]:
    """Give the event its lag, leave it out, or tell it twice. A duplicate has its own id."""
    seed, lag = system.seed, system.settings.feed_lag_ms_max
    faults = [fault for fault in system.state.feed_faults if fault.holds(event.changed_at)]
    if any(share(seed, "omit", fault.id, event.id) < fault.omit_share for fault in faults):
        return []
    late = lag * share(seed, "lag", event.id) + sum(
        fault.lag_ms_max * share(seed, "late", fault.id, event.id) for fault in faults
    )
    out = [event._replace(created_at=event.changed_at + round(late))]
    twice = share(seed, "twice", event.id) < system.settings.feed_duplicate_share
    if twice or any(share(seed, "twice", fault.id, event.id) < fault.duplicate_share for fault in faults):
        later = out[0].created_at + round(lag * share(seed, "again", event.id))
        out.append(event._replace(id=event.id + 1, created_at=later))
    return out


def most_recent(call: Call, found: list[Event]) -> list[Event]:
    """Keep the last event of each subject, or of each subject and type, when asked."""
    if call.query.get("most_recent") in f.TRUE:
        return list({(each.kind, each.subject): each for each in found}.values())
    if call.query.get("most_recent_by_event_type") in f.TRUE:
        return list({(each.kind, each.subject, each.type): each for each in found}.values())
    return found


def ordered(system: System[Desk], call: Call, found: list[Event]) -> list[Event]:
    """Order by creation, newest first unless asked; a shuffled feed keeps one arbitrary order for all pages."""
    now = system.clock()
    shuffling = [fault for fault in system.state.feed_faults if fault.shuffled and fault.holds(now)]
    if shuffling:
        return sorted(found, key=lambda each: share(system.seed, "shuffle", shuffling[0].id, each.id))
    found = sorted(found, key=lambda each: each.id)
    return sorted(found, key=lambda each: each.created_at, reverse=call.query.get("order") != "created_at:asc")


def written(system: System[Desk], call: Call, found: list[Event], count: int) -> Reply:
    """Write events, with payloads and subjects when asked."""
    if not found:
        call.found = 0
        return envelope.enveloped(call, "subscribed_events", [], {"subscribed_events": {}}, count)
    people = payloads.people(system, [each.by for each in found])
    optional = set(f.listed(call.query.get("optional_fields", "")))
    objects = {
        str(each.id): {
            "id": str(each.id),
            "account_id": system.settings.account_id,
            "event_type": each.type,
            "subject_type": RESOURCE_OF_KIND[each.kind].subject,
            "subject_id": each.subject,
            "user_id": people.get(each.by),
            "created_at": v.instant(each.created_at),
            "subject_changed_at": v.instant(each.changed_at),
            **(payloads.payloads(system, each, optional) if optional else {}),
        }
        for each in found
    }
    held: dict[str, envelope.Objects] = {"subscribed_events": objects}
    if "subject" in call.query.get("include", "").split(","):
        with_subjects(system, found, held)
    call.found = len(found)
    return envelope.enveloped(call, "subscribed_events", [str(each.id) for each in found], held, count)


def with_subjects(system: System[Desk], found: list[Event], held: dict[str, envelope.Objects]) -> None:
    """Name and load subjects; one that is gone is null."""
    for kind in sorted({each.kind for each in found}):
        target = RESOURCE_OF_KIND[kind]
        bucket = held.setdefault(target.key, {})
        for row in envelope.by_ids(system, target, [each.subject for each in found if each.kind == kind]):
            bucket[str(row.id)] = envelope.shown(system, target, row)
        for each in found:
            if each.kind == kind:
                alive = str(each.subject) in bucket
                ref = {"key": target.key, "id": str(each.subject)} if alive else None
                held["subscribed_events"][str(each.id)]["subject_ref"] = ref
