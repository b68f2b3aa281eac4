"""A vendor room: everything that makes one vendor differ from the next, as one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .calls import Call, Handler, Reply, Stage
from .records import Id, Kind, Refusal
from .wire import Wire

if TYPE_CHECKING:
    from .stages import System

StateT = TypeVar("StateT")
Route = tuple[str, str, Handler]  # (method, "/path/{step}", handler)


def keep(_system: System[Any], _wires: Mapping[str, Wire]) -> None:
    """Nothing follows from the wires in this room."""


def done(_system: System[Any]) -> None:
    """Nothing is under way that is the room's own."""


@dataclass(frozen=True, kw_only=True)
class Room(Generic[StateT]):
    """See README.md of this folder for how to declare one.

    `ids` makes the n-th id of a kind (n counts from 1): a pure function, so that a restored snapshot goes on where it stood.
    `open` runs once, with records, wires and settings in place, and returns the room's own state; it may seed rows inside
    `system.transact`, but only a system that is new: `system.position == 0` (a store in a file keeps its rows). `close` runs
    before a reset and at the end: cancel tasks and timers of the room's own there. `adopt` runs after `open`, after each drift and after a restore: drop plans, caches and views there.
    """

    vendor: str
    domain: str  # crm | psa | erp
    kinds: Mapping[str, Kind]
    wires: tuple[Wire, ...]
    routes: tuple[Route, ...]
    stages: tuple[Stage, ...]
    ids: Callable[[Kind, int], Id]
    refuse: Callable[[System[StateT], Call, Refusal], Reply]
    open: Callable[[System[StateT]], StateT]
    adopt: Callable[[System[StateT], Mapping[str, Wire]], None] = keep
    close: Callable[[System[StateT]], None] = done
    id_type: str = "TEXT"  # TEXT | INTEGER
    settings: type[Any] = dict
    service_ms: int = 0  # mean service time of a call
    body_bytes_max: int = 16 * 1024 * 1024
