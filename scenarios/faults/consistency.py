"""Faults of concurrency and consistency: locks, changed records, lagging replicas, wrong clocks, moving pages, lost rights.

They hang on a mock system's `strikes`, sessions, cursors, `row_faults` and clock. Nothing here edits a record, except F-28, which
changes one as a person would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from scenarios.faults.kinds import ALWAYS, HOUR_MS, LONG_MS, MINUTE_MS, TIMES, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted
from scenarios.faults.vendor import TOKENS, is_write, refusing

LISTS = {"crm": ("query", "query_all"), "psa": ("list_",), "erp": ("suiteql", "list_records")}
EVENTS = "list_subscribed_events"  # a log of its own, with its own lag
LOCKED = ("locked", "unable to obtain exclusive access to this record")


def is_list(target: str, call: Any) -> bool:
    """Is this a question over many records?"""
    return bool(call.operation.startswith(LISTS[target])) and call.operation != EVENTS


def plant_partial(fault: Planted, site: Site) -> None:
    """Of a batch, only the struck records fail, each with the vendor's own words."""
    site.systems[fault.fault.target].state.row_faults.append(row_fault(fault, lambda: site.refusal(*LOCKED)))


def row_fault(fault: Planted, refusal: Callable[[], Exception]) -> Callable[[str, str], Exception | None]:
    def fails(kind: str, key: str) -> Exception | None:
        return refusal() if fault.is_on() and fault.fits_record(kind, key) and fault.hits(f"{kind} {key}") else None

    return fails


def plant_job(fault: Planted, site: Site) -> None:
    """A job that was accepted fails when it is due, or never ends."""
    fate = str(fault.parameter("mode"))

    def due(job: Any) -> str:
        return fate if fault.is_on() and fault.hits(f"job {job.id}") else ""

    site.systems[fault.fault.target].state.jobs.faults.append(due)


def plant_lock(fault: Planted, site: Site) -> None:
    """A write meets a lock held by somebody else; nothing is written."""
    strike = refusing(fault, site)
    before = site.systems[fault.fault.target].strikes["before"]
    before.append(lambda system, call: strike(system, call) if call.method != "GET" and call.operation not in TOKENS else None)


def plant_stale(fault: Planted, site: Site) -> None:
    """While a write is under way somebody else saves the same record: the write meets another version and is refused."""

    def meet(system: Any, call: Any) -> Any:
        if not (is_write(call) and fault.is_on() and fault.fits(call.method, call.path, call.user)):
            return None
        named = existing(system, call)
        if named is None or not fault.hits(f"{call.method} {call.path}"):
            return None
        kind, row = named
        system.transact(lambda: system.records.change(kind, row, {}, "somebody else", touch=True))
        return system.refuse(call, site.refusal("locked", "the record has been changed"))

    site.systems[fault.fault.target].strikes["before"].append(meet)


def existing(system: Any, call: Any) -> tuple[Any, Any] | None:
    """The kind and row that a write names, when it is there already."""
    record = system.state.types.get(call.args[0].lower()) if len(call.args) > 1 else None
    if record is None:
        return None
    key = call.args[1]
    if key[:4] == "eid:":
        found = system.records.find(record.kind, "external_id", key[4:], 1)
        return (record.kind, found[0]) if found else None
    row = system.store.get(record.kind, int(key)) if key.isascii() and key.isdigit() and len(key) < 16 else None
    return (record.kind, row) if row is not None else None


def plant_replica(fault: Planted, site: Site) -> None:
    """Questions over many records are answered by a replica that lags; a record asked for by its id is up to date."""
    target = fault.fault.target
    system = site.systems[target]
    replica = site.replica_of(system, int(fault.parameter("lag_ms")))

    def lag(_system: Any, call: Any) -> None:
        asks = is_list(target, call) and fault.is_on() and fault.fits(call.method, call.path, call.user)
        if asks and replica.lags() and fault.hits(f"{call.method} {call.path}"):
            call.handler = replica.stale(call.handler)

    system.strikes["before"].append(lag)


def plant_skew(fault: Planted, site: Site) -> None:
    """The system's clock is wrong: its stamps, its tokens' ages, what it calls now. The history keeps the true instants."""
    system = site.systems[fault.fault.target]
    skew_ms = int(fault.parameter("skew_ms"))
    true = system.clock

    def wrong() -> int:
        return int(true()) + (skew_ms if fault.is_on() else 0)

    system.clock = system.records.clock = wrong
    for name, stamps in (("on_call", ("at", "ended_at")), ("on_change", ("at",)), ("on_push", ("at",))):
        told = getattr(system, name)
        if told is not None:
            setattr(system, name, righted(told, stamps, lambda: wrong() - int(true())))

    def first(_system: Any, _call: Any) -> None:
        if fault.is_on() and not fault.times:
            fault.struck("the clock is wrong")

    system.strikes["arrival"].append(first)


def righted(told: Callable[[Any], None], stamps: tuple[str, ...], off_by: Callable[[], int]) -> Callable[[Any], None]:
    """A listener that hears true instants."""

    def hear(record: Any) -> None:
        true = {name: getattr(record, name) - off_by() for name in stamps}
        told(record._replace(**true) if hasattr(record, "_replace") else replaced(record, true))

    return hear


def replaced(record: Any, values: dict[str, int]) -> Any:
    return type(record)(**{name: values.get(name, getattr(record, name)) for name in record.__struct_fields__})


def plant_shift(fault: Planted, site: Site) -> None:
    """Pages are short, and rows come or go between one page and the next: what follows moves by so many places."""
    rows = int(fault.parameter("rows"))
    moved = int(fault.parameter("moved")) * (1 if fault.parameter("mode") == "gone" else -1)

    def shift(_system: Any, call: Any) -> None:
        query = call.query
        asks = call.operation.startswith("list_") and "only" not in query and "offset" not in query
        if not (asks and fault.is_on() and fault.fits(call.method, call.path, call.user)):
            return
        page = query.get("page", "1")
        query["per_page"] = str(rows)
        if page.isdigit() and int(page) > 1 and fault.hits(f"{call.method} {call.path} page {page}"):
            query["limit"], query["offset"] = str(rows), str(max(0, rows * (int(page) - 1) + moved))

    site.systems[fault.fault.target].strikes["before"].append(shift)


def plant_cursor(fault: Planted, site: Site) -> None:
    """Pages of a query are short, and the vendor forgets its locators while somebody is reading."""
    system = site.systems[fault.fault.target]
    rows = int(fault.parameter("rows"))

    def forget(system: Any, call: Any) -> None:
        system.state.batch_rows = rows if fault.is_on() else 0
        if fault.is_on() and call.operation == "query_more" and fault.hits(f"{call.method} {call.path}"):
            system.state.cursors.clear()

    system.strikes["before"].append(forget)


def plant_several(fault: Planted, site: Site) -> None:
    """Two records carry one external id: neither is written, whether asked for alone or in a batch."""
    system = site.systems[fault.fault.target]
    twins = ["0000000000000AAAAA", "0000000000000BBBBB"]

    def refusal() -> Exception:
        return site.refusal("several", "several records have this external id", got=twins)

    alone = row_fault(fault, refusal)

    def strike(system: Any, call: Any) -> Any:
        if call.operation != "upsert":
            return None
        wire = system.wires.get(call.args[1].lower())
        found = None if wire is None else alone(wire.name, call.args[-1])
        call.wire = wire
        return system.refuse(call, found) if found is not None else None

    system.strikes["before"].append(strike)
    system.state.row_faults.append(alone)


def plant_revocation(fault: Planted, site: Site) -> None:
    """Every so often all sessions end, whatever their age."""
    every_s = float(fault.parameter("every_ms")) / 1000
    loop, system = asyncio.get_running_loop(), site.systems[fault.fault.target]

    def revoke() -> None:
        if fault.is_on() and fault.hits("sessions revoked"):
            sessions = system.state.sessions
            (getattr(sessions, "revoke_all", None) or sessions.clear)()
        if fault.fault.end is None or fault.clock() < fault.fault.end:
            loop.call_later(every_s, revoke)

    loop.call_later(every_s, revoke)


def plant_no_rights(fault: Planted, site: Site) -> None:
    """The integration's role has lost a right: every such call is forbidden until somebody gives it back."""
    strike = refusing(fault, site)
    before = site.systems[fault.fault.target].strikes["before"]
    before.append(lambda system, call: strike(system, call) if call.operation not in TOKENS else None)


FATE = Parameter("fail", "it fails late, or never ends", words=("fail", "never"))
LAG = Parameter(MINUTE_MS, "how far the replica is behind, ms", 1, HOUR_MS)
SKEW = Parameter(7 * MINUTE_MS, "how far the clock is ahead; below 0 behind, ms", -HOUR_MS, HOUR_MS)
ROWS = Parameter(10, "rows a page has at most", 1, 1000)
MOVED = {"rows": ROWS, "moved": Parameter(1, "places that the following rows move by", 1, 1000),
         "mode": Parameter("gone", "rows of earlier pages are gone, or new ones came", words=("gone", "new"))}  # fmt: skip
KINDS = (
    FaultKind("F-20", "a batch of which some records fail", "delivery", plant_partial, ("crm",), {"times": TIMES}),
    FaultKind("F-21", "a job that was accepted fails late or never ends", "delivery", plant_job, ("erp",), {"mode": FATE, "times": TIMES},
              recoverable=False),  # no process of this firm calls a vendor asynchronously: in a storm it would strike nobody
    FaultKind("F-27", "the record is locked by somebody else", "consistency", plant_lock, params={"times": TIMES}),
    FaultKind("F-28", "somebody else has changed the record meanwhile", "consistency", plant_stale, ("erp",), {"times": TIMES}),
    FaultKind("F-29", "lists and queries lag behind writes", "consistency", plant_replica, params={"lag_ms": LAG},
              drawn=Drawn(LONG_MS, (0.3, 1.0), {"lag_ms": (1_000, 3 * MINUTE_MS)})),
    FaultKind("F-30", "the system's clock is minutes wrong", "consistency", plant_skew, params={"skew_ms": SKEW},
              drawn=Drawn(LONG_MS, ALWAYS, {"skew_ms": (-7 * MINUTE_MS, 7 * MINUTE_MS)})),
    FaultKind("F-31", "rows come and go while pages are read", "consistency", plant_shift, ("psa",), MOVED,
              drawn=Drawn(LONG_MS, params={"rows": (50, 5)})),
    FaultKind("F-32", "the cursor expires while pages are read", "consistency", plant_cursor, ("crm",), {"rows": ROWS, "times": TIMES},
              drawn=Drawn(LONG_MS, params={"rows": (50, 2)})),
    FaultKind("F-33", "several records have one external id", "consistency", plant_several, ("crm",), {"times": TIMES}),
    FaultKind("F-34", "tokens expire in the middle of work", "consistency", plant_revocation, ("crm", "erp"),
              {"every_ms": Parameter(HOUR_MS, "between revocations, ms", 1000)},
              drawn=Drawn(LONG_MS, ALWAYS, {"every_ms": (2 * HOUR_MS, 10 * MINUTE_MS)})),
    FaultKind("F-35", "a right is taken away: forbidden", "consistency", plant_no_rights, windowed=True, params={"times": TIMES},
              drawn=Drawn(share=ALWAYS)),
)  # fmt: skip
