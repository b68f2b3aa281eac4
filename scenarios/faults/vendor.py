"""Faults inside a vendor: gone, slow and failing, throttling, locked records, a batch half refused, tokens revoked.

They hang on the hooks a mock system offers (`strikes`, `slowness`, `closed_until`, sessions, `row_faults`); what a refusal looks like
is the vendor's own business. `refusal(code, message)` makes the shared refusal that a room words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from scenarios.faults.plan import parameter
from scenarios.faults.planted import Planted

Refusal = Callable[[str, str], Exception]
VENDOR = ("F-01", "F-02", "F-04", "F-20", "F-27", "F-34")
WORDS = {
    "F-02": ("unavailable", "the service is temporarily unavailable"),
    "F-04": ("throttled", "too many requests"),
    "F-20": ("locked", "unable to obtain exclusive access to this record"),
    "F-27": ("locked", "unable to obtain exclusive access to this record"),
}


def plant_vendor(fault: Planted, system: Any, refusal: Refusal) -> None:
    """Hang one fault of the plan on a system. F-01's refused connections are the wire's; here the UI closes."""
    PLANTERS[fault.fault.id](fault, system, refusal)


def plant_outage(fault: Planted, system: Any, _refusal: Refusal) -> None:
    """At the window's begin, people find the UI gone until its end."""
    begin, end = window(fault)

    def close() -> None:
        system.closed_until = max(system.closed_until, end)
        fault.hits("outage begins")

    at(fault, begin, close)


def plant_brownout(fault: Planted, system: Any, refusal: Refusal) -> None:
    """Service time grows by a factor; a share of the calls is answered 503 on arrival."""
    begin, end = window(fault)
    share = float(parameter(fault.fault, "errors"))
    failing = Planted(fault.fault.model_copy(update={"share": share}), fault.place, fault.seed, fault.clock, fault.record)
    system.strikes["arrival"].append(refusing(failing, refusal))
    usual = system.slowness

    def slow_down() -> None:
        system.slowness = usual * float(parameter(fault.fault, "slowness"))

    def recover() -> None:
        system.slowness = usual

    at(fault, begin, slow_down)
    at(fault, end, recover)


def plant_throttle(fault: Planted, system: Any, refusal: Refusal) -> None:
    system.strikes["arrival"].append(refusing(fault, refusal))


def refusing(fault: Planted, refusal: Refusal) -> Callable[[Any, Any], Any]:
    """A strike that answers with the vendor's own words instead of going on."""
    code, message = WORDS[fault.fault.id]

    def strike(system: Any, call: Any) -> Any:
        if fault.is_on() and fault.fits(call.method, call.path, call.user) and fault.hits(f"{call.method} {call.path}"):
            return system.refuse(call, refusal(code, message))
        return None

    return strike


def plant_lock(fault: Planted, system: Any, refusal: Refusal) -> None:
    """A write meets a lock held by somebody else; nothing is written."""
    strike = refusing(fault, refusal)

    def lock(system: Any, call: Any) -> Any:
        writes = call.method != "GET" and "/oauth" not in call.path  # a token is no record
        return strike(system, call) if writes else None

    system.strikes["before"].append(lock)


def plant_partial(fault: Planted, system: Any, refusal: Refusal) -> None:
    """Of a batch, only the struck records fail, each with the vendor's own words."""
    code, message = WORDS[fault.fault.id]

    def fails(kind: str, key: str) -> Exception | None:
        if fault.is_on() and fault.fits_record(kind, key) and fault.hits(f"{kind} {key}"):
            return refusal(code, message)
        return None

    system.state.row_faults.append(fails)


def plant_revocation(fault: Planted, system: Any, _refusal: Refusal) -> None:
    """Every so often all sessions end, whatever their age."""
    every_s = float(parameter(fault.fault, "every_ms")) / 1000
    loop = asyncio.get_running_loop()

    def revoke() -> None:
        if fault.is_on() and fault.hits("sessions revoked"):
            sessions = system.state.sessions
            (getattr(sessions, "revoke_all", None) or sessions.clear)()
        if fault.fault.end is None or fault.clock() < fault.fault.end:
            loop.call_later(every_s, revoke)

    loop.call_later(every_s, revoke)


def window(fault: Planted) -> tuple[int, int]:
    begin, end = fault.fault.begin, fault.fault.end
    assert begin is not None, f"{fault.fault.id} is a windowed fault"
    assert end is not None, f"{fault.fault.id} is a windowed fault"
    return begin, end


def at(fault: Planted, instant: int, do: Callable[[], None]) -> None:
    """Do something at an instant of the simulated calendar, at once when it is past."""
    asyncio.get_running_loop().call_later(max(0, instant - fault.clock()) / 1000, do)


PLANTERS: dict[str, Callable[[Planted, Any, Refusal], None]] = {
    "F-01": plant_outage,
    "F-02": plant_brownout,
    "F-04": plant_throttle,
    "F-20": plant_partial,
    "F-27": plant_lock,
    "F-34": plant_revocation,
}
