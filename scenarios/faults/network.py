"""Faults between caller and vendor: no connection, no request, no answer, half an answer, an answer that takes for ever."""

from __future__ import annotations

import socket
import ssl
from enum import Enum

from scenarios.faults.kinds import ALWAYS, HOUR_MS, MINUTE_MS, TIMES, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted


class Fate(Enum):
    """What becomes of one call on the network."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    REPLY_TRUNCATED = "reply truncated"
    REPLY_RESET = "reply reset"
    REPLY_DRIPS = "reply drips"


FATES = {"F-07": Fate.REQUEST_LOST, "F-08": Fate.REPLY_LOST, "F-13": Fate.REPLY_DRIPS}


def fate_of(planted: list[Planted], method: str, path: str) -> tuple[Fate, Planted] | None:
    """The first fault of the plan that strikes this call decides its fate; None lets it pass."""
    for fault in planted:
        if fault.is_on() and fault.fits(method, path) and fault.hits(f"{method} {path}"):
            return FATES.get(fault.fault.id) or cut(fault), fault
    return None


def cut(fault: Planted) -> Fate:
    return Fate.REPLY_RESET if fault.parameter("mode") == "reset" else Fate.REPLY_TRUNCATED


def on_the_wire(fault: Planted, site: Site) -> None:
    """The wire asks the fault of every call to its system."""
    site.wire.faults[fault.fault.target].append(fault)


def plant_outage(fault: Planted, site: Site) -> None:
    """Connections are refused; people find the UI gone until the window's end."""
    begin, end = fault.window
    system = site.systems[fault.fault.target]

    def close() -> None:
        system.closed_until = max(system.closed_until, end)
        fault.struck("outage begins")

    def gate(_method: str, _path: str) -> OSError | None:
        return ConnectionRefusedError("connection refused") if begin <= fault.clock() < end else None

    fault.at(begin, close)
    site.wire.gates[fault.fault.target].append(gate)


def plant_flapping(fault: Planted, site: Site) -> None:
    """Away and back in turn, beginning with away. People, who try again, do not notice."""
    begin, _ = fault.window
    every_ms = int(fault.parameter("every_ms"))

    def gate(method: str, path: str) -> OSError | None:
        away = fault.is_on() and (fault.clock() - begin) // every_ms % 2 == 0
        return ConnectionRefusedError("connection refused") if away and fault.hits(f"{method} {path}") else None

    site.wire.gates[fault.fault.target].append(gate)


def plant_no_trust(fault: Planted, site: Site) -> None:
    """The name is not found, or the certificate is no longer good: nothing is ever sent. People's browsers hold older ones."""
    by_name = fault.parameter("mode") == "dns"

    def gate(method: str, path: str) -> OSError | None:
        if not (fault.is_on() and fault.fits(method, path) and fault.hits(f"{method} {path}")):
            return None
        if by_name:
            return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ssl.SSLCertVerificationError(1, "certificate verify failed: certificate has expired")

    site.wire.gates[fault.fault.target].append(gate)


CUT = Parameter("truncate", "half an answer, or none and a reset", words=("truncate", "reset"))
BROKEN = Parameter("certificate", "an expired certificate, or a name that is not found", words=("certificate", "dns"))
SWING = Parameter(90_000, "how long it is away, and then back, ms", 1_000, HOUR_MS)
DRIP = Parameter(15 * MINUTE_MS, "until the last byte, ms", 1_000, HOUR_MS)
KINDS = (
    FaultKind("F-01", "hard outage: connections refused, the UI is gone too", "availability", plant_outage, windowed=True,
              drawn=Drawn((5 * MINUTE_MS, 6 * HOUR_MS), ALWAYS, down=True)),
    FaultKind("F-03", "away and back every 90 seconds", "availability", plant_flapping, params={"every_ms": SWING}, windowed=True,
              drawn=Drawn(share=ALWAYS, params={"every_ms": (20_000, 3 * MINUTE_MS)}, down=True)),
    FaultKind("F-07", "the request is lost: nothing happens, the caller times out", "availability", on_the_wire, params={"times": TIMES}),
    FaultKind("F-08", "the reply is lost after the commit: the caller times out", "availability", on_the_wire, params={"times": TIMES}),
    FaultKind("F-09", "the connection breaks in the reply", "availability", on_the_wire, params={"times": TIMES, "mode": CUT}),
    FaultKind("F-12", "no TLS or no name: the certificate has expired, DNS finds nothing", "availability", plant_no_trust,
              params={"mode": BROKEN}, windowed=True, drawn=Drawn(share=ALWAYS, down=True)),
    FaultKind("F-13", "the answer drips in slower than any deadline", "availability", on_the_wire,
              params={"times": TIMES, "lasts_ms": DRIP}),
)  # fmt: skip
