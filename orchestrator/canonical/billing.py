"""Billing events and what the ERP made of them."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """One billing event: exactly one approved entry or expense, priced, coded and dated.

    `on` is the posting date (an open period), `worked_on` the true work date. `net` is minor units.
    """

    source: str
    kind: str
    sow: str
    person: str
    item: str
    line: str
    quantity: int
    minutes: int
    rate: int
    net: int
    currency: str
    tax_code: str
    on: str
    worked_on: str
    approved_at: int
    category: str = ""
    memo: str = ""


class Target(msgspec.Struct, frozen=True):
    """Where a SOW's billing events go in the ERP: external ids and the ids behind them."""

    sow: str
    entity: str
    customer: str
    job: str
    job_id: str
    order: str
    order_id: str


class Posted(msgspec.Struct, frozen=True, gc=False):
    """A billing event the ERP holds under its own `id`."""

    source: str
    id: str


class Invoice(msgspec.Struct, frozen=True):
    """One invoice as the ERP states it; amounts are minor units. `version` grows with every change in the ERP."""

    key: str
    id: str
    number: str
    sow: str
    status: str
    currency: str
    net: int
    gross: int
    open: int
    due_on: str
    version: int


class Billable(msgspec.Struct, frozen=True, gc=False):
    """A billing event the ERP holds under `id` and no invoice has taken yet."""

    source: str
    kind: str
    id: str
    net: int


class Bill(msgspec.Struct, frozen=True):
    """What a work invoice shall hold: the ERP ids of time bills and of expense reports, each with its source."""

    key: str
    on: str
    time: tuple[Posted, ...]
    expenses: tuple[Posted, ...]


class BillRun(msgspec.Struct, frozen=True):
    """One SOW's part of a billing run: everything approved up to `cut_off` (ms) and not invoiced yet."""

    sow: str
    entity: str
    period: str
    number: int
    cut_off: int


class EntityRun(msgspec.Struct, frozen=True):
    """A billing run as the clerk ordered it: one entity, one period such as "2026-03", one cut-off instant."""

    entity: str
    period: str
    cut_off: int
    number: int


class Totals(msgspec.Struct, frozen=True):
    """What one SOW has been billed (net) and what is accepted by the ERP but not invoiced yet, in minor units."""

    sow: str
    billed: int
    unbilled: int
    currency: str


class Period(msgspec.Struct, frozen=True):
    """One accounting period of one entity."""

    name: str
    start_on: str
    end_on: str
    open: bool
