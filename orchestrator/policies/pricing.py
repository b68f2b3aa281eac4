"""What one piece of approved work is worth: hours at the signed rate, expenses at cost."""

from __future__ import annotations

from orchestrator.canonical.billing import Event
from orchestrator.canonical.contract import Contract, ContractLine
from orchestrator.canonical.money import DIGITS, RATE_UNIT, net, quantity_of_minutes
from orchestrator.canonical.work import Work

ONE = 100
"""A quantity of one, in hundredths."""


def priced(contract: Contract, work: Work, line: ContractLine | None, on: str) -> Event:
    """Price `work` under `contract`; `line` is the sold role line of a time entry, None for an expense."""
    if line is not None:
        quantity, rate, item, key = quantity_of_minutes(work.minutes), line.rate, line.item, line.key
        worth = net(quantity, rate, contract.currency)
    else:
        quantity, rate, item, key = ONE, work.amount * RATE_UNIT // 10 ** DIGITS[contract.currency], "EXPENSE", ""
        worth = work.amount
    return Event(
        source=work.source,
        kind=work.kind,
        sow=contract.sow,
        person=work.person,
        item=item,
        line=key,
        quantity=quantity,
        minutes=work.minutes,
        rate=rate,
        net=worth,
        currency=contract.currency,
        tax_code=contract.tax_code,
        on=on,
        worked_on=work.on,
        approved_at=work.approved_at,
        category=work.category,
        memo=work.note,
    )
