"""What is sold and what it costs is wrong: hours, rates, amounts, tax, the cap."""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.canonical import money
from orchestrator.canonical.billing import Event, Target
from orchestrator.canonical.contract import Contract
from orchestrator.policies import eligibility, pricing
from orchestrator.policies.eligibility import Parked, decide, in_order
from orchestrator.policies.pricing import priced
from orchestrator.policies.tax import TaxTable
from orchestrator.processes import deciding, milestones
from orchestrator.systems.netsuite import mapping
from scenarios.power.patching import Bug, Patch

MARKUP = 110
"""Percent of its cost an expense is billed at."""


def hours_are_rounded_down(patch: Patch) -> None:
    """Minutes become whole half hours, the rest is dropped."""
    bill = mapping.time_bill

    def short(event: Event, target: Target) -> Any:
        return bill(msgspec.structs.replace(event, minutes=event.minutes // 30 * 30), target)

    patch.setattr(mapping, "time_bill", short)


def rates_are_cut_to_whole_units(patch: Patch) -> None:
    """The signed rate loses what comes after the decimal point."""
    bill = mapping.time_bill

    def cut(event: Event, target: Target) -> Any:
        return bill(msgspec.structs.replace(event, rate=event.rate // 10_000 * 10_000), target)

    patch.setattr(mapping, "time_bill", cut)


def amounts_are_rounded_down(patch: Patch) -> None:
    """What work is worth is cut, not rounded: the orchestrator's own sums fall behind the ERP's."""

    def cut(quantity: int, rate: int, currency: str) -> int:
        return quantity * rate * int(10 ** money.DIGITS[currency]) // 1_000_000

    patch.setattr(pricing, "net", cut)


def expenses_are_marked_up(patch: Patch) -> None:
    """Expenses are billed at cost and a tenth."""
    report = mapping.expense_report

    def dearer(event: Event, target: Target, currency_id: str) -> Any:
        return report(msgspec.structs.replace(event, net=event.net * MARKUP // 100), target, currency_id)

    patch.setattr(mapping, "expense_report", dearer)


def a_discount_is_given_twice(patch: Patch) -> None:
    """The discount that is in the signed rate already is taken off once more."""

    def cheaper(contract: Contract, work: Any, line: Any, on: str) -> Event:
        event = priced(contract, work, line, on)
        rate = event.rate * 95 // 100 if line is not None else event.rate
        worth = money.net(event.quantity, rate, event.currency) if line is not None else event.net
        return msgspec.structs.replace(event, rate=rate, net=worth)

    patch.setattr(eligibility, "priced", cheaper)


def milestones_of_another_size(patch: Patch) -> None:
    """Milestones are written into the contract in equal parts, whatever was sold."""
    line_of = mapping._order_line

    def equal(position: int, line: Any, contract: Contract) -> Any:
        if not line.is_milestone:
            return line_of(position, line, contract)
        share = contract.value // len(contract.lines)
        return line_of(position, msgspec.structs.replace(line, amount=share, rate=share * 100), contract)

    patch.setattr(mapping, "_order_line", equal)
    patch.setattr(milestones, "check", lambda _invoice, _net: None)


# Tax and currency.


def the_wrong_row_of_the_tax_table(patch: Patch) -> None:
    """The rule that fits is found, and another one of the same entity is taken: the first, or the last when the first would be right."""
    decide = TaxTable.decide

    def by_country(self: TaxTable, entity: str, country: str, region: str, tax_id: str, profile: str) -> Any:
        rule = decide(self, entity, country, region, tax_id, profile)
        home = self.rules[entity][0]
        return home if rule.code != home.code else self.rules[entity][-1]

    patch.setattr(TaxTable, "decide", by_country)


def a_missing_tax_profile_is_standard(patch: Patch) -> None:
    """A deal without a tax profile is taken as a standard one, or as the first row of the table."""
    decide = TaxTable.decide

    def lenient(self: TaxTable, entity: str, country: str, region: str, tax_id: str, profile: str) -> Any:
        if profile:
            return decide(self, entity, country, region, tax_id, profile)
        return self.rules[entity][0]

    patch.setattr(TaxTable, "decide", lenient)


def tax_codes_are_left_to_the_erp(patch: Patch) -> None:
    """Posted time carries no tax code of its own."""
    bill = mapping.time_bill

    def bare(event: Event, target: Target) -> Any:
        body = dict(bill(event, target))
        body["custcol_tax_code"] = "DE-S19" if not event.tax_code.startswith("DE") else "US-00"
        return body

    patch.setattr(mapping, "time_bill", bare)


# The cap.


def the_cap_is_not_looked_at(patch: Patch) -> None:
    """Approved work is billed whatever the contract's cap."""

    def uncapped(engagement: Any, work: Any, used: int, on: str) -> Event | Parked:
        free = msgspec.structs.replace(engagement, contract=msgspec.structs.replace(engagement.contract, cap=None))
        return decide(free, work, used, on)

    patch.setattr(deciding, "decide", uncapped)


def the_cap_is_looked_at_entry_by_entry(patch: Patch) -> None:
    """Each entry is held against the whole cap, as if nothing had been billed before."""
    patch.setattr(deciding, "decide", lambda engagement, work, _used, on: decide(engagement, work, 0, on))


def expenses_do_not_count_against_the_cap(patch: Patch) -> None:
    """Only hours use up the cap."""

    def generous(engagement: Any, work: Any, used: int, on: str) -> Event | Parked:
        if work.kind == "expense":
            free = msgspec.structs.replace(engagement, contract=msgspec.structs.replace(engagement.contract, cap=None))
            return decide(free, work, used, on)
        return decide(engagement, work, used, on)

    patch.setattr(deciding, "decide", generous)


def an_entry_over_the_cap_is_cut_to_fit(patch: Patch) -> None:
    """Of the entry that would pass the cap, as much is billed as fits."""

    def fitted(engagement: Any, work: Any, used: int, on: str) -> Event | Parked:
        cap, decision = engagement.contract.cap, decide(engagement, work, used, on)
        if not isinstance(decision, Parked) or decision.code != "CAP_EXCEEDED" or work.kind != "time" or cap <= used:
            return decision
        minutes = work.minutes * (cap - used) // decision.net
        return decide(engagement, msgspec.structs.replace(work, minutes=minutes), used, on) if minutes else decision

    patch.setattr(deciding, "decide", fitted)


def decided_in_the_order_of_arrival(patch: Patch) -> None:
    """Work is decided newest first instead of in the order of its approval."""
    patch.setattr(deciding, "in_order", lambda works: list(reversed(in_order(works))))


PRICES: tuple[Bug, ...] = (
    hours_are_rounded_down,
    rates_are_cut_to_whole_units,
    amounts_are_rounded_down,
    expenses_are_marked_up,
    a_discount_is_given_twice,
    milestones_of_another_size,
    the_wrong_row_of_the_tax_table,
    a_missing_tax_profile_is_standard,
    tax_codes_are_left_to_the_erp,
    the_cap_is_not_looked_at,
    the_cap_is_looked_at_entry_by_entry,
    expenses_do_not_count_against_the_cap,
    an_entry_over_the_cap_is_cut_to_fit,
    decided_in_the_order_of_arrival,
)
