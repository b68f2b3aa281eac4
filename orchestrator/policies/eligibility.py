"""What approved work becomes: a billing event, or a parked one with its reason. Pure; decisions are made in approval order."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from orchestrator.canonical.billing import Event
from orchestrator.canonical.contract import ContractLine
from orchestrator.canonical.engagement import Engagement
from orchestrator.canonical.work import Work
from orchestrator.policies.pricing import priced


class Parked(msgspec.Struct, frozen=True):
    """Work that may not be billed as it is; `net` is what waits, 0 when it cannot be priced."""

    source: str
    code: str
    why: str
    net: int
    approved_at: int
    field: str = ""


Decision = Event | Parked


def in_order(works: Iterable[Work]) -> list[Work]:
    """Approval order: by instant, then by the PSA's id, so that every run decides alike."""
    return sorted(works, key=lambda work: (work.approved_at, work.kind, len(work.source), work.source))


def decide(engagement: Engagement, work: Work, used: int, on: str) -> Decision:
    """Price one piece of work against its contract. `used` is the net already billed or posted; `on` the posting date.

    An entry that would pass the cap is parked whole: never split, never cut.
    """
    contract = engagement.contract
    line = None
    if work.kind == "time":
        line = contract.line(engagement.stories.get(work.story, ""))
        refusal = _unpriceable(work, line, contract.currency)
    else:
        refusal = _unbillable_expense(work, contract.currency)
    if refusal is not None:
        return refusal
    event = priced(contract, work, line, on)
    if contract.cap is not None and used + event.net > contract.cap:
        why = f"{event.net} on top of {used} would pass the cap of {contract.cap} {contract.currency} minor units"
        return Parked(work.source, "CAP_EXCEEDED", why, event.net, work.approved_at, "sow.cap")
    return event


def _unpriceable(work: Work, line: ContractLine | None, currency: str) -> Parked | None:
    if line is None:
        return Parked(
            work.source,
            "STORY_UNMAPPED",
            f"story {work.story or '-'} stands for no line of the contract",
            0,
            work.approved_at,
            "time_entry.story_id",
        )
    if line.is_milestone or line.rate <= 0:
        return Parked(
            work.source, "RATE_MISSING", f"line {line.key} has no hourly rate", 0, work.approved_at, "opportunity_line.unit_price"
        )
    if not work.person:
        return Parked(
            work.source,
            "PERSON_UNKNOWN",
            f"the person of {work.source} has no number",
            0,
            work.approved_at,
            "employee.external_id",
        )
    if work.minutes <= 0:
        return Parked(
            work.source,
            "RATE_MISSING",
            f"{work.source} has {work.minutes} minutes in {currency}",
            0,
            work.approved_at,
            "time_entry.minutes",
        )
    return None


def _unbillable_expense(work: Work, currency: str) -> Parked | None:
    if work.currency != currency:
        why = f"filed in {work.currency}, the contract is in {currency}"
        return Parked(work.source, "CURRENCY_MISMATCH", why, 0, work.approved_at, "expense.currency")
    if not work.person:
        return Parked(
            work.source,
            "PERSON_UNKNOWN",
            f"the person of {work.source} has no number",
            work.amount,
            work.approved_at,
            "employee.external_id",
        )
    return None
