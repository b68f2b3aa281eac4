"""GET /sobjects/X/updated and /deleted: which records changed between two instants, to the minute, at most 30 days back.

Source: reference 1.4 (documentation for shapes and bounds), 2026-11-20.
"""

from __future__ import annotations

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import Wire, json_bytes

from .codecs import instant_ms, instant_text
from .errors import JSON
from .rows import wire_of
from .state import Org

MINUTE_MS, BACK_MS = 60_000, 30 * 86_400_000
IDS_MAX = 600_000


def updated(system: System[Org], call: Call) -> Reply:
    wire, start, end = span(system, call)
    text = f'SELECT id FROM "{wire.kind.table}" WHERE deleted = 0 AND changed_at >= ? AND changed_at < ? ORDER BY changed_at, id LIMIT ?'
    ids = [row[0] for row in system.store.select(text, (start, end, IDS_MAX))]
    call.found = len(ids)
    return Reply(200, json_bytes({"ids": ids, "latestDateCovered": instant_text(covered(system, end))}), JSON)


def deleted(system: System[Org], call: Call) -> Reply:
    wire, start, end = span(system, call)
    text = f'SELECT id, changed_at FROM "{wire.kind.table}" WHERE deleted = 1 AND changed_at >= ? AND changed_at < ? ORDER BY changed_at, id LIMIT ?'
    rows = system.store.select(text, (start, end, IDS_MAX))
    call.found = len(rows)
    document = {
        "deletedRecords": [{"id": id, "deletedDate": instant_text(at)} for id, at in rows],
        "earliestDateAvailable": instant_text(max(0, system.clock() - BACK_MS) // MINUTE_MS * MINUTE_MS),
        "latestDateCovered": instant_text(covered(system, end)),
    }
    return Reply(200, json_bytes(document), JSON)


def covered(system: System[Org], end: int) -> int:
    return min(end, system.clock() // MINUTE_MS * MINUTE_MS)


def span(system: System[Org], call: Call) -> tuple[Wire, int, int]:
    """Object, start and end (ms, whole minutes). Raises Refusal 'replication_date'."""
    wire = wire_of(system, call, call.args[1])
    start, end = (minute(call, name) for name in ("start", "end"))
    if end - start < MINUTE_MS:
        raise Refusal("replication_date", "The end date must be at least one minute after the start date")
    if start < system.clock() - BACK_MS:
        raise Refusal("replication_date", "The start date cannot be more than 30 days before the current date")
    return wire, start, end


def minute(call: Call, name: str) -> int:
    given = call.query.get(name)
    if given is None:
        raise Refusal("replication_date", f"The {name} parameter is required")
    try:
        at = instant_ms(given.replace(" ", "+"))  # a plus that was not encoded arrives as a blank
    except (ValueError, OverflowError) as error:
        raise Refusal("replication_date", f"Invalid dateTime: {given}") from error
    return at // MINUTE_MS * MINUTE_MS
