"""The vendors there are, by name, and the one way to open a system of theirs.

A literal table of modules, each exporting ROOM: a vendor is imported when it is asked for, because a parser generator or a SQL
translator should cost only those who use it.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from simulators.behaviours.staleness import Replica
from simulators.kernel.calls import Dispatch
from simulators.kernel.records import Refusal, SimulatorError
from simulators.kernel.room import Room
from simulators.kernel.stages import System
from simulators.stores.typed import TypedStore

__all__ = ["DOMAINS", "VENDORS", "Dispatch", "Refusal", "Replica", "UnknownVendor", "furnish", "open_system", "room_of"]

VENDORS = {
    "salesforce": "simulators.vendors.salesforce",
    "kantata": "simulators.vendors.kantata",
    "netsuite": "simulators.vendors.netsuite",
}
DOMAINS = {"salesforce": "crm", "kantata": "psa", "netsuite": "erp"}


class UnknownVendor(SimulatorError):
    """Nobody of that name is modelled. `nearest` holds names that look alike."""

    def __init__(self, name: str) -> None:
        self.name, self.nearest = name, get_close_matches(name, VENDORS)
        known = ", ".join(self.nearest or VENDORS)
        super().__init__(f"no vendor {name!r} is modelled; did you mean {known}?")


def room_of(vendor: str) -> Room[Any]:
    """The vendor's room. Raises UnknownVendor."""
    module = VENDORS.get(vendor)
    if module is None:
        raise UnknownVendor(vendor)
    room: Room[Any] = import_module(module).ROOM
    assert room.vendor == vendor, f"{module} exports the room of {room.vendor}"
    return room


def open_system(vendor: str, *, clock: Callable[[], int], seed: int, settings: Any = None, path: str = ":memory:") -> System[Any]:
    """Open a vendor's system on an empty store, or on what the file at `path` holds. Raises UnknownVendor."""
    room = room_of(vendor)
    return furnish(room, clock=clock, seed=seed, settings=settings, path=path)


def furnish(room: Room[Any], *, clock: Callable[[], int], seed: int, settings: Any = None, path: str = ":memory:") -> System[Any]:
    """As `open_system`, for a room that stands in no table."""
    return System(room, TypedStore(room.kinds, room.id_type, path), clock, seed=seed, settings=settings)
