"""Faults that an operator switches on from outside: outage, slowness, throttling, lost replies. Turned into strikes of a system.

What a fault matches is data; whether it hits is drawn by meaning (seed, fault, operation, how often). A campaign's own plan
lives elsewhere and adds its strikes beside these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from simulators.kernel.calls import LOST, Call, Later, Outcome, Strike
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System

POINTS = {"outage": "arrival", "throttle": "arrival", "slowness": "before", "lose": "after"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`what`: outage (503, people kept out too), slowness (`wait_ms` more), throttle (429, told `wait_ms`), lose (the reply, after the commit).

    Globs match the call; `share` of the matching calls are hit; [begin, end) in ms bounds it, end 0 meaning for ever.
    """

    id: str
    what: str
    share: float = 1.0
    wait_ms: int = 0
    begin: int = 0
    end: int = 0
    method: str = "*"
    path: str = "*"
    operation: str = "*"
    user: str = "*"

    def hits(self, system: System[Any], call: Call) -> bool:
        now = system.clock()
        if now < self.begin or (self.end and now >= self.end):
            return False
        pairs = ((call.method, self.method), (call.path, self.path), (call.operation, self.operation), (call.user, self.user))
        if not all(fnmatchcase(given, wanted) for given, wanted in pairs):
            return False
        return self.share >= 1 or system.draw(f"fault {self.id} {call.operation}") < self.share


class FaultBoard:
    """The faults an operator has switched on in one system; `put` replaces them all and leaves every other strike alone."""

    def __init__(self, system: System[Any]) -> None:
        self.system = system
        self.faults: tuple[Fault, ...] = ()
        self._placed: list[tuple[str, Strike]] = []
        self._closed_until = 0

    def put(self, faults: Iterable[Fault]) -> None:
        system = self.system
        for point, strike in self._placed:
            if strike in system.strikes[point]:
                system.strikes[point].remove(strike)
        if system.closed_until == self._closed_until:
            system.closed_until = 0
        self.faults = tuple(faults)
        self._placed = [(POINTS[fault.what], striking(fault)) for fault in self.faults]
        for point, strike in self._placed:
            system.strikes[point].append(strike)
        now = system.clock()
        ends = [f.end or 2**62 for f in self.faults if f.what == "outage" and f.begin <= now and (not f.end or f.end > now)]
        self._closed_until = max(ends, default=0)
        system.closed_until = max(system.closed_until, self._closed_until)


def striking(fault: Fault) -> Strike:
    """The strike that this fault is."""

    def strike(system: System[Any], call: Call) -> Outcome:
        if not fault.hits(system, call):
            return None
        if fault.what == "lose":
            return LOST
        if fault.what == "slowness":
            return Later(fault.wait_ms / 1000)
        if fault.what == "throttle":
            call.wait_ms = fault.wait_ms
            return system.refuse(call, Refusal("throttled", "too many requests", got=fault.wait_ms))
        return system.refuse(call, Refusal("unavailable", f"{system.room.vendor} is down for maintenance"))

    return strike
