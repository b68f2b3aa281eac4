"""Faults of what a vendor pushes or shows in its feed: twice, again under a new id, out of order, hours late, never.

One hook a system asks every delivery fault of the plan in turn, so that a message may be late *and* come twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenarios.clock.draws import u
from scenarios.faults.kinds import ALWAYS, HOUR_MS, LONG_MS, MINUTE_MS, OFTEN, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted

LATE = ("F-16", "F-17", "F-25")
Dispatch = Callable[[int, str], Any]  # (delay_ms, new id or "") -> the vendor's own dispatch


def delivery_hook(faults: list[Planted], dispatch: Dispatch) -> Callable[[Any], list[Any] | None]:
    """What becomes of one message: None leaves it alone, a list holds its deliveries, an empty list drops it."""

    def bend(message: Any) -> list[Any] | None:
        struck = [f for f in faults if f.is_on() and fits(f, message.topic, message.subject) and f.hits(message.id)]
        if not struck:
            return None
        if any(f.fault.id == "F-18" for f in struck):
            return []
        late = sum(delay_of(f, message.id) for f in struck if f.fault.id in LATE)
        sent = [dispatch(late, "")]
        for fault in struck:
            if fault.fault.id in ("F-14", "F-15"):
                again = late + int(fault.parameter("delay_ms"))
                sent.append(dispatch(again, renumbered(message.id) if fault.fault.id == "F-15" else ""))
        return sent

    return bend


def fits(fault: Planted, topic: str, subject: str) -> bool:
    """Does the fault match this message? F-25 holds back one topic."""
    return fault.fits_record(topic, subject) and (fault.fault.id != "F-25" or fault.parameter("topic") == topic)


def delay_of(fault: Planted, what: str) -> int:
    """How late this fault makes this message, in ms; drawn by meaning when the fault shuffles."""
    if fault.fault.id in ("F-17", "F-25"):
        return int(fault.parameter("delay_ms"))
    longest = int(fault.parameter("delay_ms_max"))
    return int(u(fault.seed, "shuffle", fault.place, what) * longest)


def renumbered(id: str) -> str:
    """Another id of the same shape, the same for the same id."""
    return f"{id[:4]}R{id[5:]}" if len(id) > 5 else f"{id}R"


def on_pushes(fault: Planted, site: Site) -> None:
    """Bend what the system pushes; on a system that is polled, its feed."""
    target = fault.fault.target
    if target == "psa":
        bend_feed(fault, site)
        return
    if target not in site.pushed:
        site.pushed[target] = []
        site.systems[target].delivery.append(delivery_hook(site.pushed[target], site.dispatch))
    site.pushed[target].append(fault)


def bend_feed(fault: Planted, site: Site) -> None:
    """A polled feed misbehaves by numbers of its own: omitted, late and shuffled, or forgotten early."""
    values: dict[str, Any] = {}
    if fault.fault.id == "F-18":
        values["omit_share"] = fault.fault.share
    elif fault.fault.id == "F-16":
        values |= {"lag_ms_max": int(fault.parameter("delay_ms_max")), "shuffled": True}
    elif fault.fault.id == "F-23":
        values["retention_ms"] = int(fault.parameter("retention_ms"))
    assert values, f"{fault.fault.id} ({fault.kind.title}) can not bend a feed"
    bent = site.feed_fault(f"{fault.fault.id}-{fault.place}", *fault.window, values)
    system = site.systems["psa"]
    system.state.feed_faults.append(bent)
    told: list[int] = []

    def reading(_system: Any, call: Any) -> None:
        hour = fault.clock() // HOUR_MS
        if call.operation == "list_subscribed_events" and fault.is_on() and hour not in told[-1:]:
            told.append(hour)
            fault.struck("the feed is read, bent")  # once an hour: a strike a poll would fill the history

    system.strikes["before"].append(reading)


KINDS = (
    FaultKind("F-14", "the same push twice", "delivery", on_pushes, ("crm",), {"delay_ms": Parameter(30_000, "until the repeat, ms")},
              drawn=Drawn(LONG_MS, OFTEN, {"delay_ms": (1_000, HOUR_MS)})),
    FaultKind("F-15", "the same content as a new push with a new id", "delivery", on_pushes, ("crm",),
              {"delay_ms": Parameter(45_000, "until the repeat, ms")}, drawn=Drawn(LONG_MS, OFTEN, {"delay_ms": (1_000, HOUR_MS)})),
    FaultKind("F-16", "pushes or feed entries out of order", "delivery", on_pushes, ("crm", "psa"),
              {"delay_ms_max": Parameter(2 * HOUR_MS, "longest delay, ms")},
              drawn=Drawn(LONG_MS, OFTEN, {"delay_ms_max": (MINUTE_MS, 4 * HOUR_MS)})),
    FaultKind("F-17", "the first delivery comes hours late", "delivery", on_pushes, ("crm",),
              {"delay_ms": Parameter(4 * HOUR_MS, "delay, ms")}, drawn=Drawn(LONG_MS, OFTEN, {"delay_ms": (HOUR_MS, 8 * HOUR_MS)})),
    FaultKind("F-18", "pushes or feed entries that never come", "delivery", on_pushes, ("crm", "psa"),
              drawn=Drawn(LONG_MS, OFTEN)),
    FaultKind("F-25", "one topic comes hours after the other: the signature before the win", "delivery", on_pushes, ("crm",),
              {"topic": Parameter("opportunity_won", "which comes late", words=("opportunity_won", "sow_signed")),
               "delay_ms": Parameter(8 * HOUR_MS, "delay, ms")},
              drawn=Drawn(LONG_MS, ALWAYS, {"delay_ms": (HOUR_MS, 12 * HOUR_MS)})),
    FaultKind("F-23", "the feed forgets early", "delivery", on_pushes, ("psa",), windowed=True,
              params={"retention_ms": Parameter(HOUR_MS, "age of the oldest event that can be read, ms", 1)},
              drawn=Drawn(LONG_MS, ALWAYS, {"retention_ms": (HOUR_MS, MINUTE_MS)})),
)  # fmt: skip
