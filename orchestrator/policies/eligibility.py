"""What approved work becomes: a billing event, or a parked one with its reason. Pure; decisions are made in approval order."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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
Seats = Collection[tuple[str, str]]
"""(story, person) of a project's assignments."""

MINUTES_MAX = 24 * 60
AMOUNT_MAX = 100_000_00
"""Minor units: an expense beyond it is a slip of the hand until somebody has looked."""


def in_order(works: Iterable[Work]) -> list[Work]:
    """Approval order: by instant, then by the PSA's id, so that every run decides alike."""
    return sorted(works, key=lambda work: (work.approved_at, work.kind, len(work.source), work.source))


def decide(engagement: Engagement, work: Work, used: int, on: str, seats: Seats = ()) -> Decision:
    """Price one piece of work against its contract. `used` is the net already billed or posted; `on` the posting date.

    An entry that would pass the cap is parked whole: never split, never cut. In a project that is staffed, time is billed of those who
    are assigned to the task; one that nobody staffed is open to all.
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
    if work.kind == "time" and not _is_seated(work, seats):
        why = f"{work.person} is not assigned to the task of {work.source}"
        return Parked(work.source, "PERSON_UNASSIGNED", why, event.net, work.approved_at, "assignment.user_id")
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
    if not 0 < work.minutes <= MINUTES_MAX:
        why = f"{work.source} has {work.minutes} minutes in {currency}"
        return Parked(work.source, "IMPLAUSIBLE", why, 0, work.approved_at, "time_entry.minutes")
    return None


def _is_seated(work: Work, seats: Seats) -> bool:
    return not seats or (work.story, work.person) in seats


def _unbillable_expense(work: Work, currency: str) -> Parked | None:
    if work.currency != currency:
        why = f"filed in {work.currency}, the contract is in {currency}"
        return Parked(work.source, "CURRENCY_MISMATCH", why, 0, work.approved_at, "expense.currency")
    if not 0 < work.amount <= AMOUNT_MAX:
        why = f"{work.source} is {work.amount} {currency} minor units"
        return Parked(work.source, "IMPLAUSIBLE", why, max(0, work.amount), work.approved_at, "expense.amount")
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
