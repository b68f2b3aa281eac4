"""When month-end billing is due: handed in by the world, which knows the firm's working days."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Billing:
    """Bill an entity's work of a period ("2026-03") at an instant (ms)."""

    at: int
    entity: str
    period: str
