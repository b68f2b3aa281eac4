"""Builders of canonical records for tests: a deal that passes every rule, and what it becomes."""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.canonical.contract import Contract
from orchestrator.canonical.deal import Deal, DealLine
from orchestrator.canonical.engagement import Engagement, Ref
from orchestrator.canonical.party import Address, Party
from orchestrator.canonical.work import Work
from orchestrator.policies.reference import Reference, load
from orchestrator.policies.validation import validate

REFERENCE: Reference = load()
OFFERING = next(iter(REFERENCE.offerings))
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MONDAY = 1_768_206_600_000
"""2026-01-12 08:30 UTC."""


def deal(**changes: Any) -> Deal:
    """A signed T&M deal of the US entity; `changes` replace fields."""
    whole = Deal(
        sow="S-00042",
        opportunity="O-00042",
        name="Payroll move",
        stage="closed_won",
        party=Party("A-00042", "Northwind Traders", Address("1 Main St", "Albany", "NY", "12207", "US"), "", "standard"),
        type="tm",
        entity="US",
        offering=OFFERING,
        tax_profile="STANDARD",
        currency="USD",
        amount=30_000_00,
        cap=None,
        terms="NET30",
        billing_email="ap@northwind.test",
        start_on="2026-01-05",
        end_on="2026-03-31",
        status="signed",
        signed_at=MONDAY,
        terms_version=1,
        sow_currency="USD",
        lines=(
            DealLine("S-00042-R1", "ROLE-SENIOR", 10_000, 2_000_000, 20_000_00, "", "Senior"),
            DealLine("S-00042-R2", "ROLE-ANALYST", 10_000, 1_000_000, 10_000_00, "", "Analyst"),
        ),
    )
    return msgspec.structs.replace(whole, **changes)


def milestone_deal(**changes: Any) -> Deal:
    """A signed milestone deal: two milestones that add up."""
    lines = (
        DealLine("S-00042-M1", "MILESTONE", 100, 400_000_000, 40_000_00, "2026-02-15", "Design"),
        DealLine("S-00042-M2", "MILESTONE", 100, 600_000_000, 60_000_00, "2026-03-15", "Launch"),
    )
    return deal(**{"type": "milestone", "lines": lines, "amount": 100_000_00, **changes})


def contract(**changes: Any) -> Contract:
    """The contract of `deal(**changes)`."""
    return validate(deal(**changes), REFERENCE)


def engagement(**changes: Any) -> Engagement:
    """The activated engagement of `deal(**changes)`: story 501 is R1, 502 is R2."""
    made = contract(**changes)
    stories = {str(501 + n): line.key for n, line in enumerate(made.lines)}
    return Engagement(made, Ref(made.customer.eid, "1"), Ref("SO-S-00042", "2"), Ref("JOB-S-00042", "3"), "41", stories)


def entry(number: int, **changes: Any) -> Work:
    """One approved hour of the senior, approved `number` minutes after MONDAY."""
    at = MONDAY + number * 60_000
    whole = Work(f"TE-{number}", "time", "501", "P-0007", "2026-01-12", 60, 0, "USD", at, f"sub{number}", changed_at=at)
    return msgspec.structs.replace(whole, **changes)


def expense(number: int, **changes: Any) -> Work:
    """One approved expense of 50.00, approved `number` minutes after MONDAY."""
    at = MONDAY + number * 60_000
    whole = Work(
        f"EX-{number}", "expense", "", "P-0007", "2026-01-12", 0, 50_00, "USD", at, f"sub{number}", "travel", changed_at=at
    )
    return msgspec.structs.replace(whole, **changes)
