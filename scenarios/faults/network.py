"""Faults between caller and vendor: the request is lost, the reply is lost, the reply is cut."""

from __future__ import annotations

from enum import Enum

from scenarios.faults.plan import parameter
from scenarios.faults.planted import Planted


class Fate(Enum):
    """What becomes of one call on the network."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    REPLY_TRUNCATED = "reply truncated"
    REPLY_RESET = "reply reset"


FATES = {"F-07": Fate.REQUEST_LOST, "F-08": Fate.REPLY_LOST}
NETWORK = ("F-07", "F-08", "F-09")


def fate_of(planted: list[Planted], method: str, path: str) -> Fate | None:
    """The first fault of the plan that strikes this call decides its fate; None lets it pass."""
    for fault in planted:
        if fault.is_on() and fault.fits(method, path) and fault.hits(f"{method} {path}"):
            return FATES.get(fault.fault.id) or cut(fault)
    return None


def cut(fault: Planted) -> Fate:
    return Fate.REPLY_RESET if parameter(fault.fault, "mode") == "reset" else Fate.REPLY_TRUNCATED
