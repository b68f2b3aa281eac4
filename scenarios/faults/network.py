"""Faults between caller and vendor: the request is lost, the reply is lost, the reply is cut."""

from __future__ import annotations

from enum import Enum

from scenarios.faults.kinds import TIMES, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted


class Fate(Enum):
    """What becomes of one call on the network."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    REPLY_TRUNCATED = "reply truncated"
    REPLY_RESET = "reply reset"


FATES = {"F-07": Fate.REQUEST_LOST, "F-08": Fate.REPLY_LOST}


def fate_of(planted: list[Planted], method: str, path: str) -> Fate | None:
    """The first fault of the plan that strikes this call decides its fate; None lets it pass."""
    for fault in planted:
        if fault.is_on() and fault.fits(method, path) and fault.hits(f"{method} {path}"):
            return FATES.get(fault.fault.id) or cut(fault)
    return None


def cut(fault: Planted) -> Fate:
    return Fate.REPLY_RESET if fault.parameter("mode") == "reset" else Fate.REPLY_TRUNCATED


def on_the_wire(fault: Planted, site: Site) -> None:
    """The wire asks the fault of every call to its system."""
    site.wire.faults[fault.fault.target].append(fault)


CUT = Parameter("truncate", "half an answer, or none and a reset", words=("truncate", "reset"))
KINDS = (
    FaultKind("F-07", "the request is lost: nothing happens, the caller times out", "availability", on_the_wire, params={"times": TIMES}),
    FaultKind("F-08", "the reply is lost after the commit: the caller times out", "availability", on_the_wire, params={"times": TIMES}),
    FaultKind("F-09", "the connection breaks in the reply", "availability", on_the_wire, params={"times": TIMES, "mode": CUT}),
)  # fmt: skip
