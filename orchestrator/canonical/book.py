"""What the orchestrator's own book tells and is told."""

from __future__ import annotations

import msgspec

from orchestrator.canonical.billing import Totals


class Workload(msgspec.Struct, frozen=True):
    """What the book knows of a SOW before new work is decided. `used` is the net that counts against the cap."""

    since: int
    used: int
    again: tuple[str, ...] = ()


class ItemException(msgspec.Struct, frozen=True):
    """One refusal about one thing that must not hold up others. `source` is the refused record's key; `amount` minor units."""

    sow: str
    source: str
    code: str
    why: str
    amount: int
    currency: str
    field: str = ""
    approved_at: int = 0
    invoice: str = ""


class Standing(msgspec.Struct, frozen=True):
    """What became of one piece of work. `invoice` is "" while no invoice holds it; `code` CREDITED once it was given back."""

    source: str
    state: str
    net: int
    currency: str
    invoice: str = ""
    code: str = ""


class TotalsRow(msgspec.Struct, frozen=True):
    """A SOW's totals and the state of the book they were counted at."""

    totals: Totals
    state: int
