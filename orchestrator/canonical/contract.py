"""The contract as validated at signing: the terms every later decision is made from."""

from __future__ import annotations

import msgspec

from orchestrator.canonical.party import Customer


class ContractLine(msgspec.Struct, frozen=True):
    """A role line (`item` ROLE-x, hours and rate) or a milestone (`item` MILESTONE, its amount)."""

    key: str
    item: str
    name: str
    quantity: int
    rate: int
    amount: int
    due_on: str = ""

    @property
    def is_milestone(self) -> bool:
        return self.item == "MILESTONE"


class Contract(msgspec.Struct, frozen=True):
    """Signed, validated terms. `value` and `cap` are minor units of `currency`; `tax_rate_e3` is percent x 1000."""

    sow: str
    opportunity: str
    name: str
    type: str
    entity: str
    currency: str
    value: int
    cap: int | None
    terms: str
    tax_profile: str
    tax_code: str
    start_on: str
    end_on: str
    template: str
    segment: str
    signed_at: int
    customer: Customer
    lines: tuple[ContractLine, ...] = ()
    terms_version: int = 1

    def line(self, key: str) -> ContractLine | None:
        return next((line for line in self.lines if line.key == key), None)
