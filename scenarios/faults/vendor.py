"""Faults of a vendor's service: slow, throttling, out of calls, out of lanes, read-only, one region gone.

They hang on the hooks a mock system offers (`strikes`, `slowness`, windows, pools); what a refusal looks like is the vendor's own
business. A system that is gone altogether is `network.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenarios.faults.kinds import ALWAYS, HOUR_MS, MINUTE_MS, OFTEN, TIMES, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted

Strike = Callable[[Any, Any], Any]
TOKENS = ("token", "grant_token", "revoke")
READS = ("suiteql",)  # a question, though it is asked by POST
WORDS = {
    "F-02": ("unavailable", "the service is temporarily unavailable"),
    "F-04": ("throttled", "too many requests"),
    "F-10": ("unavailable", "this region is temporarily unavailable"),
    "F-11": ("read_only_mode", "the service is read-only during maintenance"),
    "F-27": ("locked", "unable to obtain exclusive access to this record"),
    "F-35": ("forbidden", "insufficient access rights"),
}


def refusing(fault: Planted, site: Site) -> Strike:
    """A strike that answers with the vendor's own words instead of going on."""
    code, message = WORDS[fault.fault.id]

    def strike(system: Any, call: Any) -> Any:
        if fault.is_on() and fault.fits(call.method, call.path, call.user) and fault.hits(f"{call.method} {call.path}"):
            return system.refuse(call, site.refusal(code, message))
        return None

    return strike


def is_write(call: Any) -> bool:
    """Does this call change records? A token is no record."""
    return call.method != "GET" and call.operation not in (*TOKENS, *READS)


def plant_brownout(fault: Planted, site: Site) -> None:
    """Service time grows by a factor; a share of the calls is answered 503 on arrival."""
    begin, end = fault.window
    system = site.systems[fault.fault.target]
    share = float(fault.parameter("errors"))
    failing = Planted(fault.fault.model_copy(update={"share": share}), fault.kind, fault.place, site, line=fault.line)
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


def plant_quota(fault: Planted, site: Site) -> None:
    """Somebody else makes every call the org is granted; at the window's end the vendor grants them anew."""
    system = site.systems[fault.fault.target]
    begin, end = fault.window

    def arriving(system: Any, call: Any) -> None:
        if fault.is_on() and "/data/" in call.path:
            system.state.window.fill(system.clock())
            fault.hits(f"{call.method} {call.path}")

    system.strikes["arrival"].append(arriving)
    fault.at(end, system.state.window.renew)
    assert begin < end, "a quota is gone for a while"


def plant_lanes(fault: Planted, site: Site) -> None:
    """Another integration holds all of the account's simultaneous requests but a few."""
    system = site.systems[fault.fault.target]
    pool = system.state.pool
    usual, left = pool.reserved, int(fault.parameter("left"))

    def crowd() -> None:
        pool.reserved = max(usual, pool.most - left)

    def leave() -> None:
        pool.reserved = usual

    def arriving(_system: Any, call: Any) -> None:
        if fault.is_on() and call.operation not in TOKENS and pool.held + pool.reserved >= pool.most:
            fault.struck(f"{call.method} {call.path}")  # the vendor refuses it itself, a moment later

    begin, end = fault.window
    fault.at(begin, crowd)
    fault.at(end, leave)
    system.strikes["arrival"].append(arriving)


def plant_region(fault: Planted, site: Site) -> None:
    """Records of one legal entity can neither be read nor written; questions over all entities are answered."""
    strike, entity = refusing(fault, site), str(fault.parameter("entity"))

    def gone(system: Any, call: Any) -> Any:
        return strike(system, call) if fault.is_on() and site.subsidiary_of(system, call) == entity else None

    site.systems[fault.fault.target].strikes["before"].append(gone)


def plant_read_only(fault: Planted, site: Site) -> None:
    """Reads are answered, writes are not, for people neither."""
    system = site.systems[fault.fault.target]
    begin, end = fault.window
    strike = refusing(fault, site)

    def close() -> None:
        system.closed_until = max(system.closed_until, end)

    fault.at(begin, close)
    system.strikes["before"].append(lambda system, call: strike(system, call) if is_write(call) else None)


ENTITY = Parameter("UK", "whose records are gone", words=("US", "UK", "DE", "NL", "AU", "SG"))
LEFT = Parameter(2, "simultaneous requests that are left to all others", 0, 100)
BROWNOUT = {"slowness": Parameter(20, "factor on service time", 1, 1000), "errors": Parameter(0.15, "share of 503", 0, 1)}
KINDS = (
    FaultKind("F-02", "brownout of the API: slow answers and some 503", "availability", plant_brownout, params=BROWNOUT, windowed=True,
              drawn=Drawn(share=ALWAYS, params={"slowness": (2, 20), "errors": (0.02, 0.3)})),
    FaultKind("F-04", "the vendor's own throttling answer", "availability", plant_throttle, params={"times": TIMES},
              drawn=Drawn(share=OFTEN)),
    FaultKind("F-05", "the day's calls are used up", "availability", plant_quota, ("crm",), windowed=True,
              drawn=Drawn((HOUR_MS, 8 * HOUR_MS), ALWAYS, down=True)),
    FaultKind("F-06", "another integration holds the account's lanes", "availability", plant_lanes, ("erp",), {"left": LEFT},
              windowed=True, drawn=Drawn((10 * MINUTE_MS, 6 * HOUR_MS), ALWAYS, {"left": (4, 1)})),
    FaultKind("F-10", "the records of one legal entity are gone", "availability", plant_region, ("erp",), {"entity": ENTITY},
              windowed=True, drawn=Drawn(share=ALWAYS)),
    FaultKind("F-11", "read-only maintenance: reads are answered, writes are not", "availability", plant_read_only, windowed=True,
              drawn=Drawn(share=ALWAYS, down=True)),
)  # fmt: skip
