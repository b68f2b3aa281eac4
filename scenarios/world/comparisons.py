"""The comparison designs of a run: told of the same accounts as the orchestrator, and of the firm's calendar.

They have no desk and give no evidence. What they may draw, they draw by meaning from the run's seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenarios.clock.calendar import at_local, is_working_day, local
from scenarios.clock.draws import u
from scenarios.designs import Manual, Naive
from scenarios.designs.calendar import Billing
from scenarios.designs.vendors import Access
from scenarios.firm import FirmSpec
from scenarios.firm.model import Plan
from scenarios.firm.quarter import close_of, hour_of, name_of
from scenarios.resolve import Rehearsal
from scenarios.world import accounts

DAY_MS = 86_400_000


def open_design(
    rehearsal: Rehearsal,
    spec: FirmSpec,
    plan: Plan,
    send: Any,
    clock: Callable[[], int],
    places: accounts.Places = accounts.NOWHERE,
) -> Any:
    """The design the scenario names, `naive` or `manual`."""
    about = access(places)
    if rehearsal.scenario.design == "naive":
        runs = billing_runs(spec, plan, spec.billing.run_days, spec.billing.run_hour)
        return Naive(about, path=accounts.INTAKE_PATH, calendar=runs, send=send, clock=clock)

    def draw(*words: str | int) -> float:
        return u(rehearsal.seed, "by hand", *words)

    return Manual(about, calendar=month_ends(spec, plan), office=office_of(spec), draw=draw, send=send, clock=clock)


def access(places: accounts.Places) -> Access:
    return Access(
        dict(places.bases),
        accounts.CONSUMER_KEY,
        accounts.CONSUMER_SECRET,
        accounts.PSA_TOKEN,
        accounts.CLIENT,
        accounts.CERTIFICATE,
        accounts.private_pem(),
    )


def billing_runs(spec: FirmSpec, plan: Plan, offsets: Any, hour: float) -> tuple[Billing, ...]:
    """Every entity's billing instants of the quarter: that hour, local, of WD+offset."""
    return tuple(
        Billing(hour_of(close_of(month, offset, entity.place), hour, entity.place), code, name_of(month))
        for month in plan.quarter.months
        for code, entity in spec.entities.items()
        for offset in offsets
    )


def month_ends(spec: FirmSpec, plan: Plan) -> tuple[Billing, ...]:
    """When people who bill by hand begin: the afternoon of WD+2, once everything is approved."""
    return billing_runs(spec, plan, (2,), 13.0)


def office_of(spec: FirmSpec) -> Callable[[str, int], int]:
    """Return `office(entity, instant)`: the instant itself while an entity's finance people are at work, else the next morning."""

    def office(entity: str, at: int) -> int:
        place = spec.entities[entity].place
        opens, closes = 9, 17
        there = local(at, place.zone)
        if is_working_day(there.date(), place) and opens <= there.hour < closes:
            return at
        day = there.date() if there.hour < opens else local(at + DAY_MS, place.zone).date()
        while not is_working_day(day, place):
            day = local(at_local(day, 12, zone=place.zone) + DAY_MS, place.zone).date()
        return at_local(day, opens, zone=place.zone)

    return office
