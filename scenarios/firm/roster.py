"""Who works here: consultants by entity and role, their expected hours a day, and the days they are away.

Pure: the same numbers and seed give the same people. Nothing here knows a project.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from scenarios.clock.calendar import is_working_day
from scenarios.clock.draws import integer, normal, u
from scenarios.firm.names import person_name
from scenarios.firm.quarter import Quarter
from scenarios.firm.spec import FirmSpec

T = TypeVar("T")
MAIL = "meridian.example"
DECIDERS = ("PM", "MANAGER", "DIRECTOR")
UTILISATION_MAX = 0.95


@dataclass(frozen=True, slots=True)
class Person:
    """One billable head. `hours_a_day` is what a working day brings on the average, before the month's factor."""

    number: str
    name: str
    email: str
    role: str
    entity: str
    hours_a_day: float
    away: frozenset[dt.date]


def parts(total: int, weights: Mapping[T, float]) -> dict[T, int]:
    """Share `total` in proportion to `weights` by largest remainder; ties go to the earlier name."""
    whole = sum(weights.values())
    shares = {name: total * weight / whole for name, weight in weights.items()}
    counts = {name: int(share) for name, share in shares.items()}
    order = sorted(shares, key=lambda name: counts[name] - shares[name])
    for name in order[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def heads_by_entity(spec: FirmSpec) -> dict[str, int]:
    """Return the head count of each entity of the preset; none is empty."""
    counts = parts(spec.heads, {code: float(entity.heads) for code, entity in spec.entities.items()})
    for code in counts:
        while counts[code] < 2:
            counts[code] += 1
            counts[max(counts, key=lambda name: counts[name])] -= 1
    return counts


def roster(spec: FirmSpec, seed: int, quarter: Quarter) -> list[Person]:
    """Return everybody, by number; an entity's people follow one another."""
    people: list[Person] = []
    for entity, heads in heads_by_entity(spec).items():
        for role, count in parts(heads, spec.roles.share).items():
            for _ in range(count):
                people.append(hire(spec, seed, quarter, number=len(people) + 1, entity=entity, role=role))
    return people


def hire(spec: FirmSpec, seed: int, quarter: Quarter, *, number: int, entity: str, role: str) -> Person:
    """Make person `number` of an entity in a role."""
    key = f"P-{number:04}"
    name = person_name(spec.entities[entity].locale, seed, key)
    aim = spec.roles.utilisation[role] * spec.people.utilisation_actual
    used = normal(aim, spec.people.utilisation_sd, seed, "utilisation", key)
    a_day = spec.people.hours_per_year / spec.people.days_per_year
    return Person(
        number=key,
        name=name,
        email=f"{key.lower()}@{entity.lower()}.{MAIL}",
        role=role,
        entity=entity,
        hours_a_day=a_day * min(max(used, 0.1), UTILISATION_MAX),
        away=leave(spec, seed, quarter, key=key, entity=entity),
    )


def leave(spec: FirmSpec, seed: int, quarter: Quarter, *, key: str, entity: str) -> frozenset[dt.date]:
    """Return the working days a person is away in the quarter: none, or one spell."""
    if u(seed, "leave", key) >= spec.people.leave_share or not spec.people.leave_days_max:
        return frozenset()
    place = spec.entities[entity].place
    day = quarter.first + dt.timedelta(days=integer(0, 75, seed, "leave from", key))
    left = integer(1, spec.people.leave_days_max, seed, "leave days", key)
    days = set()
    while left and day <= quarter.last:
        if is_working_day(day, place):
            days.add(day)
            left -= 1
        day += dt.timedelta(days=1)
    return frozenset(days)


def approvers(people: list[Person], entity: str) -> list[Person]:
    """Return those who may decide about others' time: of the entity if it has two, else of the firm; never empty."""
    deciders = [person for person in people if person.role in DECIDERS] or people
    local = [person for person in deciders if person.entity == entity]
    return local if len(local) > 1 else deciders


def clerk_mail(queue: str) -> str:
    """Return the name a queue's clerk works under."""
    return f"{queue}@group.{MAIL}"
