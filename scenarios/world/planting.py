"""Hang an explicit fault plan on the hooks of wire and systems, and tell the history what may strike when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scenarios.errors import UsageError
from scenarios.faults.kinds import Site
from scenarios.faults.plan import FAULTS
from scenarios.faults.planted import Planted
from scenarios.history import Record, Window
from scenarios.resolve import Rehearsal
from scenarios.wire import Wire
from scenarios.world.accounts import feed_fault, subsidiary_code
from simulators.registry import Dispatch, Refusal, Replica


def plant(
    rehearsal: Rehearsal,
    systems: Mapping[str, Any],
    wire: Wire,
    clock: Callable[[], int],
    take: Callable[[Record], None],
    **core: Any,
) -> None:
    """Plant every fault of the plan; `core`: machine, desk, sent, push and befallen of `Site`. Call once, in the running loop, before anybody acts."""
    site = Site(
        rehearsal.seed,
        clock,
        take,
        systems,
        wire,
        **core,
        refusal=Refusal,
        dispatch=Dispatch,
        feed_fault=feed_fault,
        subsidiary_of=subsidiary_code,
        replica_of=Replica,
    )
    for number, fault in enumerate(rehearsal.scenario.faults):
        take(Window(clock(), fault.id, fault.target, fault.begin or 0, fault.end or 0, fault.share))
        kind = FAULTS[fault.id]
        if fault.target == "core" and site.machine is None:
            raise UsageError(f"{fault.id} strikes the orchestrator; the design {rehearsal.scenario.design} has none")
        place = number if fault.place is None else fault.place
        kind.plant(Planted(fault, kind, place, site, line=number), site)
