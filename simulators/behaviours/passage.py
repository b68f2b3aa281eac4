"""The stages every room shares: route, strike, take time, perform, deliver, answer. Mechanism only; the numbers are the room's."""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Later, Outcome, Reply, Stage
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System


def route(system: System[Any], call: Call) -> Outcome:
    """Find the handler; unknown paths are the room's to word ('no_route'; 'no_method' with the allowed ones in `got`)."""
    handler, args = system.paths.match(call.method, call.path)
    if handler is None:
        return system.refuse(call, Refusal("no_method" if args else "no_route", call.path, got=tuple(args)))
    call.handler, call.args = handler, list(args)
    return None


def strike(point: str) -> Stage:
    """Let the fault plan hit at `point`: 'arrival', 'before' (the commit) or 'after' it. Delays add up; the first answer wins."""

    def stage(system: System[Any], call: Call) -> Outcome:
        strikes = system.strikes[point]
        if not strikes:
            return None
        seconds = 0.0
        for hit in strikes:
            outcome = hit(system, call)
            if type(outcome) is Later:
                seconds += outcome.seconds
                outcome = outcome.then
            if outcome is not None:
                return outcome if not seconds else Later(seconds, outcome)  # type: ignore[arg-type]
        return Later(seconds) if seconds else None

    stage.__name__ = f"strike_{point}"
    return stage


def take_time(system: System[Any], call: Call) -> Outcome:
    """Service time, half to one and a half of the mean, drawn by meaning (seed, vendor, operation, n-th of it), never by order."""
    mean_s = system.service_ms * system.slowness / 1000
    if not mean_s:
        return None
    return Later(round(mean_s * (0.5 + system.draw(call.operation)), 6))


def perform(system: System[Any], call: Call) -> Outcome:
    """Run the handler as one transaction: this is the commit point. The reply is kept, for later stages to lose or garble."""
    handler = call.handler
    assert handler is not None
    try:
        if call.method == "GET":
            call.reply = handler(system, call)
        else:
            with system.store.atomic() as done:
                call.reply = handler(system, call)
            call.changes = done.changes
    except Refusal as refusal:
        call.reply = system.refuse(call, refusal)
    return None


def deliver(system: System[Any], call: Call) -> Outcome:
    """Tell the world and the room's subscribers what the transaction changed; what they do with it is their own, later, event."""
    if call.changes:
        system.settle(call.changes)
    return None


def answer(_system: System[Any], call: Call) -> Reply | None:
    return call.reply
