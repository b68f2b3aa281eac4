"""Hang an explicit fault plan on the hooks of wire and systems, and tell the history what may strike when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scenarios.faults.delivery import DELIVERY, delivery_hook
from scenarios.faults.network import NETWORK
from scenarios.faults.plan import FAULTS, parameter
from scenarios.faults.planted import Planted
from scenarios.faults.vendor import VENDOR, plant_vendor
from scenarios.history import Record, Strike, Window
from scenarios.resolve import Rehearsal
from scenarios.wire import Wire
from scenarios.world.accounts import feed_fault
from simulators.registry import Dispatch, Refusal

FAR_MS = 2**52


def plant(
    rehearsal: Rehearsal, systems: Mapping[str, Any], wire: Wire, clock: Callable[[], int], take: Callable[[Record], None]
) -> None:
    """Plant every fault of the plan. Call once, in the running loop, before anybody acts."""
    pushed: dict[str, list[Planted]] = {}
    for place, fault in enumerate(rehearsal.scenario.faults):
        take(Window(clock(), fault.id, fault.target, fault.begin or 0, fault.end or 0, fault.share))
        planted = Planted(fault, place, rehearsal.seed, clock, take)
        system = systems[fault.target]
        if fault.id in NETWORK:
            wire.faults[fault.target].append(planted)
        elif fault.id in VENDOR:
            plant_vendor(planted, system, Refusal)
        elif fault.target == "psa":
            bend_feed(planted, system, take)
        elif fault.id in DELIVERY:
            pushed.setdefault(fault.target, []).append(planted)
    for target, faults in pushed.items():
        systems[target].delivery.append(delivery_hook(faults, Dispatch))


def bend_feed(planted: Planted, system: Any, take: Callable[[Record], None]) -> None:
    """A polled feed misbehaves by numbers of its own: omitted, late and shuffled, or forgotten early."""
    fault = planted.fault
    begin, end = fault.begin or 0, fault.end or FAR_MS
    values: dict[str, Any] = {}
    if fault.id == "F-18":
        values["omit_share"] = fault.share
    elif fault.id == "F-16":
        values |= {"lag_ms_max": int(parameter(fault, "delay_ms_max")), "shuffled": True}
    elif fault.id == "F-23":
        values["retention_ms"] = int(parameter(fault, "retention_ms"))
    assert values, f"{fault.id} ({FAULTS[fault.id].title}) can not bend a feed"
    system.state.feed_faults.append(feed_fault(f"{fault.id}-{planted.place}", begin, end, values))
    take(Strike(planted.clock(), fault.id, fault.target, "the feed is bent"))


def outages(rehearsal: Rehearsal, clock: Callable[[], int]) -> Callable[[str], bool]:
    """Which systems refuse connections now (F-01)."""
    windows = [(f.target, f.begin or 0, f.end or 0) for f in rehearsal.scenario.faults if f.id == "F-01"]
    if not windows:
        return lambda _system: False

    def down(system: str) -> bool:
        now = clock()
        return any(target == system and begin <= now < end for target, begin, end in windows)

    return down
