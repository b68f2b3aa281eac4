"""Faults inside a vendor: gone, slow and failing, throttling, locked records, a batch half refused, tokens revoked.

They hang on the hooks a mock system offers (`strikes`, `slowness`, `closed_until`, sessions, `row_faults`); what a refusal looks like
is the vendor's own business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from scenarios.faults.kinds import ALWAYS, HOUR_MS, LONG_MS, MINUTE_MS, OFTEN, TIMES, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted

Strike = Callable[[Any, Any], Any]
WORDS = {
    "F-02": ("unavailable", "the service is temporarily unavailable"),
    "F-04": ("throttled", "too many requests"),
    "F-20": ("locked", "unable to obtain exclusive access to this record"),
    "F-27": ("locked", "unable to obtain exclusive access to this record"),
}


def plant_outage(fault: Planted, site: Site) -> None:
    """Connections are refused; people find the UI gone until the window's end."""
    begin, end = fault.window
    system = site.systems[fault.fault.target]

    def close() -> None:
        system.closed_until = max(system.closed_until, end)
        fault.hits("outage begins")

    fault.at(begin, close)
    site.wire.gates[fault.fault.target].append(lambda _method, _path: begin <= fault.clock() < end)


def plant_brownout(fault: Planted, site: Site) -> None:
    """Service time grows by a factor; a share of the calls is answered 503 on arrival."""
    begin, end = fault.window
    system = site.systems[fault.fault.target]
    share = float(fault.parameter("errors"))
    failing = Planted(fault.fault.model_copy(update={"share": share}), fault.kind, fault.place, site)
    system.strikes["arrival"].append(refusing(failing, site))
    usual = system.slowness

    def slow_down() -> None:
        system.slowness = usual * float(fault.parameter("slowness"))

    def recover() -> None:
        system.slowness = usual

    fault.at(begin, slow_down)
    fault.at(end, recover)


def plant_throttle(fault: Planted, site: Site) -> None:
    site.systems[fault.fault.target].strikes["arrival"].append(refusing(fault, site))


def refusing(fault: Planted, site: Site) -> Strike:
    """A strike that answers with the vendor's own words instead of going on."""
    code, message = WORDS[fault.fault.id]

    def strike(system: Any, call: Any) -> Any:
        if fault.is_on() and fault.fits(call.method, call.path, call.user) and fault.hits(f"{call.method} {call.path}"):
            return system.refuse(call, site.refusal(code, message))
        return None

    return strike


def plant_lock(fault: Planted, site: Site) -> None:
    """A write meets a lock held by somebody else; nothing is written."""
    strike = refusing(fault, site)

    def lock(system: Any, call: Any) -> Any:
        writes = call.method != "GET" and "/oauth" not in call.path  # a token is no record
        return strike(system, call) if writes else None

    site.systems[fault.fault.target].strikes["before"].append(lock)


def plant_partial(fault: Planted, site: Site) -> None:
    """Of a batch, only the struck records fail, each with the vendor's own words."""
    code, message = WORDS[fault.fault.id]

    def fails(kind: str, key: str) -> Exception | None:
        if fault.is_on() and fault.fits_record(kind, key) and fault.hits(f"{kind} {key}"):
            return site.refusal(code, message)
        return None

    site.systems[fault.fault.target].state.row_faults.append(fails)


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


BROWNOUT = {"slowness": Parameter(20, "factor on service time", 1, 1000), "errors": Parameter(0.15, "share of 503", 0, 1)}
KINDS = (
    FaultKind("F-01", "hard outage: connections refused, the UI is gone too", "availability", plant_outage, windowed=True,
              drawn=Drawn((5 * MINUTE_MS, 6 * HOUR_MS), ALWAYS, down=True)),
    FaultKind("F-02", "brownout of the API: slow answers and some 503", "availability", plant_brownout, params=BROWNOUT, windowed=True,
              drawn=Drawn(share=ALWAYS, params={"slowness": (2, 20), "errors": (0.02, 0.3)})),
    FaultKind("F-04", "the vendor's own throttling answer", "availability", plant_throttle, params={"times": TIMES},
              drawn=Drawn(share=OFTEN)),
    FaultKind("F-20", "a batch of which some records fail", "delivery", plant_partial, ("crm",), {"times": TIMES}),
    FaultKind("F-27", "the record is locked by somebody else", "consistency", plant_lock, params={"times": TIMES}),
    FaultKind("F-34", "tokens expire in the middle of work", "consistency", plant_revocation, ("crm", "erp"),
              {"every_ms": Parameter(HOUR_MS, "between revocations, ms", 1000)},
              drawn=Drawn(LONG_MS, ALWAYS, {"every_ms": (2 * HOUR_MS, 10 * MINUTE_MS)})),
)  # fmt: skip
