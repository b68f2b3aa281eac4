"""What was sold, as the CRM tells it: nothing is checked yet, so every field may be missing."""

from __future__ import annotations

import msgspec

from orchestrator.canonical.party import Party


class DealLine(msgspec.Struct, frozen=True):
    """One sold line: hours of a role at a rate, or a milestone at its amount. `key` is S-00042-R1 or S-00042-M1."""

    key: str
    item: str
    quantity: int
    rate: int
    amount: int
    service_on: str = ""
    description: str = ""


class Deal(msgspec.Struct, frozen=True):
    """One opportunity with its SOW. Amounts are minor units of `currency`; `signed_at` is 0 while unsigned.

    `amount` is what the lines add up to, `value` what the client signed for (None: not told).
    """

    sow: str
    opportunity: str
    name: str
    stage: str
    party: Party
    type: str
    entity: str
    offering: str
    tax_profile: str
    currency: str
    amount: int
    cap: int | None
    terms: str
    billing_email: str
    start_on: str
    end_on: str
    status: str
    signed_at: int
    terms_version: int = 0
    sow_currency: str = ""
    value: int | None = None
    lines: tuple[DealLine, ...] = ()


class Won(msgspec.Struct, frozen=True):
    """The hint that starts an activation: the deal itself is always read again."""

    sow: str


class SoldSignal(msgspec.Struct, frozen=True):
    """One row of the CRM's change sweep: what a lost push would have told. `stage` is "" when the deal is gone.

    `moved_at` is when deal or SOW last moved.
    """

    sow: str
    stage: str
    status: str
    signed_at: int
    terms_version: int = 0
    moved_at: int = 0
