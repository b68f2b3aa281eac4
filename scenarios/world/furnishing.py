"""What stands in the systems before a story: users, catalogue, entities, taxes, periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scenarios.firm import FirmSpec
from scenarios.firm.model import Plan
from scenarios.firm.reference import seed_rows
from simulators.registry import Refusal


def furnish(systems: Mapping[str, Any], spec: FirmSpec, plan: Plan, clock: Callable[[], int]) -> None:
    """Create the firm's reference data as user "seed"; each row refers to earlier ones only."""
    for name, system in systems.items():
        for kind, key, values in seed_rows(name, spec, plan):
            try:
                system.act("create", kind, key, values, user="seed", at=clock())
            except Refusal as refusal:
                raise RuntimeError(f"seeding {name} {kind} {key}: {refusal.code}: {refusal}") from refusal
