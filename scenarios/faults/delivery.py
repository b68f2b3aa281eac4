"""Faults of what a vendor pushes or shows in its feed: twice, again under a new id, out of order, hours late, never.

One hook a system asks every delivery fault of the plan in turn, so that a message may be late *and* come twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenarios.clock.draws import u
from scenarios.faults.plan import parameter
from scenarios.faults.planted import Planted

DELIVERY = ("F-14", "F-15", "F-16", "F-17", "F-18")
Dispatch = Callable[[int, str], Any]  # (delay_ms, new id or "") -> the vendor's own dispatch


def delivery_hook(faults: list[Planted], dispatch: Dispatch) -> Callable[[Any], list[Any] | None]:
    """What becomes of one message: None leaves it alone, a list holds its deliveries, an empty list drops it."""

    def bend(message: Any) -> list[Any] | None:
        struck = [f for f in faults if f.is_on() and f.fits_record(message.topic, message.subject) and f.hits(message.id)]
        if not struck:
            return None
        if any(f.fault.id == "F-18" for f in struck):
            return []
        late = sum(delay_of(f, message.id) for f in struck if f.fault.id in ("F-16", "F-17"))
        sent = [dispatch(late, "")]
        for fault in struck:
            if fault.fault.id in ("F-14", "F-15"):
                again = late + int(parameter(fault.fault, "delay_ms"))
                sent.append(dispatch(again, renumbered(message.id) if fault.fault.id == "F-15" else ""))
        return sent

    return bend


def delay_of(fault: Planted, what: str) -> int:
    """How late this fault makes this message, in ms; drawn by meaning when the fault shuffles."""
    if fault.fault.id == "F-17":
        return int(parameter(fault.fault, "delay_ms"))
    longest = int(parameter(fault.fault, "delay_ms_max"))
    return int(u(fault.seed, "shuffle", fault.place, what) * longest)


def renumbered(id: str) -> str:
    """Another id of the same shape, the same for the same id."""
    return f"{id[:4]}R{id[5:]}" if len(id) > 5 else f"{id}R"
