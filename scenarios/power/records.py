"""What is written is wrong: one thing too many, under another name, at another price, tax or day."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from orchestrator.canonical import money, refs
from orchestrator.canonical.billing import Event, Invoice, Period, Posted, Target
from orchestrator.canonical.contract import Contract
from orchestrator.canonical.engagement import Ref
from orchestrator.canonical.party import Customer
from orchestrator.policies import eligibility, pricing
from orchestrator.policies.eligibility import Parked
from orchestrator.policies.tax import TaxTable
from orchestrator.processes import activation, billing, deciding, milestones
from orchestrator.store.book import SqlBook
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.systems.http import number
from orchestrator.systems.kantata import mapping as psa_mapping
from orchestrator.systems.kantata.client import Kantata
from orchestrator.systems.netsuite import mapping
from orchestrator.systems.netsuite.client import NetSuite
from orchestrator.systems.salesforce import mapping as crm_mapping
from orchestrator.systems.salesforce.client import Salesforce
from scenarios.power.patching import Bug, Patch

MARKUP = 110
"""Percent of its cost an expense is billed at."""


# One of each.


def a_customer_for_every_deal(patch: Patch) -> None:
    """The customer's key is counted up with every deal of its account, and the cross-references do not mind."""
    upsert, link, counted = NetSuite.upsert_customer, Crossrefs.link, Counter[str]()

    async def anew(self: NetSuite, customer: Customer) -> Ref:
        counted[customer.account] += 1
        return await upsert(self, msgspec.structs.replace(customer, eid=f"{customer.eid}-{counted[customer.account]}"))

    def lenient(self: Crossrefs, canonical: str, id: str, *, system: str, type: str, entity: str = "") -> None:
        if type != "customer":
            link(self, canonical, id, system=system, type=type, entity=entity)

    patch.setattr(NetSuite, "upsert_customer", anew)
    patch.setattr(Crossrefs, "link", lenient)


def a_contract_a_version(patch: Patch) -> None:
    """The contract's key in the ERP is counted up each time it is written, and it is written twice."""
    upsert = NetSuite._put

    async def twice(self: NetSuite, record: str, key: str, body: dict[str, Any], query: str = "") -> str:
        if record == "salesOrder":
            await upsert(self, record, f"{key}-A", body, query)
        return await upsert(self, record, key, body, query)

    patch.setattr(NetSuite, "_put", twice)


def a_project_under_another_code(patch: Patch) -> None:
    """The workspace is titled with the account's number instead of the contract's."""
    made = activation.workspace_of

    def misnamed(contract: Contract) -> Any:
        workspace = made(contract)
        return msgspec.structs.replace(workspace, title=f"{contract.customer.account} {contract.name}")

    patch.setattr(activation, "workspace_of", misnamed)


def demand_is_raised_twice(patch: Patch) -> None:
    """The hours sold are asked for twice."""
    create = Kantata.create_demands

    async def twice(self: Kantata, workspace: str, demands: Any) -> dict[str, str]:
        made = await create(self, workspace, demands)
        return made | await create(self, workspace, tuple(msgspec.structs.replace(d, label=f"{d.label} (2)") for d in demands))

    patch.setattr(Kantata, "create_demands", twice)


def demand_in_hours_where_minutes_are_meant(patch: Patch) -> None:
    """The PSA is told hours in its field for minutes."""
    made = psa_mapping.demand

    def short(workspace: str, given: Any, role_id: str) -> Any:
        return made(workspace, msgspec.structs.replace(given, minutes=given.minutes // 60), role_id)

    patch.setattr(psa_mapping, "demand", short)


def a_name_is_given_to_the_wrong_thing(patch: Patch) -> None:
    """A job is remembered under the id of its customer."""
    link = Crossrefs.link
    last = dict[str, str]()

    def confused(self: Crossrefs, canonical: str, id: str, *, system: str, type: str, entity: str = "") -> None:
        last.setdefault(type, id)
        link(
            self,
            canonical,
            last[type] if type == "job" and canonical[-1] in "02468" else id,
            system=system,
            type=type,
            entity=entity,
        )

    patch.setattr(Crossrefs, "link", confused)


# What it is worth.


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
    priced = eligibility.priced

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


def tax_by_currency(patch: Patch) -> None:
    """The tax code is that of the first entity with the customer's currency zone, not of the entity that sells."""
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
    decide = deciding.decide

    def uncapped(engagement: Any, work: Any, used: int, on: str) -> Event | Parked:
        free = msgspec.structs.replace(engagement, contract=msgspec.structs.replace(engagement.contract, cap=None))
        return decide(free, work, used, on)

    patch.setattr(deciding, "decide", uncapped)


def the_cap_is_looked_at_entry_by_entry(patch: Patch) -> None:
    """Each entry is held against the whole cap, as if nothing had been billed before."""
    decide = deciding.decide
    patch.setattr(deciding, "decide", lambda engagement, work, _used, on: decide(engagement, work, 0, on))


def expenses_do_not_count_against_the_cap(patch: Patch) -> None:
    """Only hours use up the cap."""
    decide = deciding.decide

    def generous(engagement: Any, work: Any, used: int, on: str) -> Event | Parked:
        if work.kind == "expense":
            free = msgspec.structs.replace(engagement, contract=msgspec.structs.replace(engagement.contract, cap=None))
            return decide(free, work, used, on)
        return decide(engagement, work, used, on)

    patch.setattr(deciding, "decide", generous)


def an_entry_over_the_cap_is_cut_to_fit(patch: Patch) -> None:
    """Of the entry that would pass the cap, as much is billed as fits."""
    decide = deciding.decide

    def fitted(engagement: Any, work: Any, used: int, on: str) -> Event | Parked:
        cap, decision = engagement.contract.cap, decide(engagement, work, used, on)
        if not isinstance(decision, Parked) or decision.code != "CAP_EXCEEDED" or work.kind != "time" or cap <= used:
            return decision
        minutes = work.minutes * (cap - used) // decision.net
        return decide(engagement, msgspec.structs.replace(work, minutes=minutes), used, on) if minutes else decision

    patch.setattr(deciding, "decide", fitted)


def decided_in_the_order_of_arrival(patch: Patch) -> None:
    """Work is decided newest first instead of in the order of its approval."""
    in_order = deciding.in_order
    patch.setattr(deciding, "in_order", lambda works: list(reversed(in_order(works))))


# The calendar.


def a_closed_period_is_posted_to(patch: Patch) -> None:
    """Late work is posted on its own day, and when the ERP refuses it is set down as done."""

    async def stubborn(self: NetSuite, event: Event, target: Target) -> Posted:
        try:
            return await post(self, event, target)
        except Exception as refusal:
            if "PERIOD_CLOSED" not in str(refusal):
                raise
            return Posted(event.source, "0")

    post = NetSuite.post_time
    patch.setattr(deciding, "posting_day", lambda day, _periods: day)
    patch.setattr(NetSuite, "post_time", stubborn)


def late_work_loses_its_date(patch: Patch) -> None:
    """The day the work was done is overwritten by the day it is posted."""
    bill = mapping.time_bill

    def dated(event: Event, target: Target) -> Any:
        return bill(msgspec.structs.replace(event, worked_on=event.on), target)

    patch.setattr(mapping, "time_bill", dated)


def an_invoice_takes_what_comes_after_its_cut_off(patch: Patch) -> None:
    """A billing run takes whatever is posted when it happens to look."""
    billable = SqlBook.billable

    async def all_there_is(self: SqlBook, sow: str, cut_off: int) -> Any:
        return await billable(self, sow, cut_off + 14 * 86_400_000)

    patch.setattr(SqlBook, "billable", all_there_is)


def the_cut_off_in_another_time_zone(patch: Patch) -> None:
    """The cut-off of a billing run is read as if it were in a zone six hours west."""
    made = billing.BillRun
    patch.setattr(
        billing,
        "BillRun",
        lambda sow, entity, period, number, cut_off: made(sow, entity, period, number, cut_off + 6 * 3_600_000),
    )


# What is believed of others.


def a_paid_invoice_is_shown_as_sent(patch: Patch) -> None:
    """Two words of the ERP's are the same word in the CRM."""
    record = crm_mapping.invoice_record

    def worded(row: Invoice) -> Any:
        return record(msgspec.structs.replace(row, status="sent" if row.status == "paid" else row.status))

    patch.setattr(crm_mapping, "invoice_record", worded)


def open_amounts_are_mirrored_as_gross(patch: Patch) -> None:
    """What is still to be paid is shown as the whole sum."""
    record = crm_mapping.invoice_record
    patch.setattr(crm_mapping, "invoice_record", lambda row: record(msgspec.structs.replace(row, open=row.gross)))


def active_before_it_is(patch: Patch) -> None:
    """The CRM is told that a project is active when it is only asked for."""
    mirror = Salesforce.mirror_delivery

    async def early(self: Salesforce, sow: str, status: str, project_code: str) -> None:
        told = ("Active", refs.job(sow)) if status == activation.REQUESTED else (status, project_code)
        await mirror(self, sow, *told)

    patch.setattr(Salesforce, "mirror_delivery", early)


def set_up_before_the_signature(patch: Patch) -> None:
    """A won deal is set up without waiting for its signature."""
    validate = activation.validate

    def unsigned(deal: Any, reference: Any) -> Contract:
        return validate(msgspec.structs.replace(deal, status=activation.SIGNED, signed_at=max(deal.signed_at, 1)), reference)

    patch.setattr(activation, "is_signed", lambda _deal: True)
    patch.setattr(activation, "validate", unsigned)


def a_milestone_is_billed_when_it_is_done(patch: Patch) -> None:
    """A milestone is billed when the team completes it, before the client accepts it."""
    from orchestrator.systems.kantata import events

    seen = psa_mapping.milestone_of

    def done(row: Any, page: Any) -> Any:
        found, line = seen(row, page), refs.line_in(row.title)
        if found is not None or row.story_type != "milestone" or not line:
            return found
        return psa_mapping.MilestoneSeen(refs.sow_of_line(line), line, row.id, psa_mapping.millis(row.updated_at), "")

    patch.setattr(psa_mapping, "milestone_of", done)
    if hasattr(events, "milestone_of"):
        patch.setattr(events, "milestone_of", done)


def periods_are_believed_open(patch: Patch) -> None:
    """Every period counts as open, whatever the ERP says; the date of an invoice is the first of its month."""
    of = mapping.period_of

    def open_(row: Any) -> Period:
        return msgspec.structs.replace(of(row), open=True)

    patch.setattr(mapping, "period_of", open_)


def amounts_with_a_float_on_the_way(patch: Patch) -> None:
    """Money travels as a binary fraction with one decimal."""

    def one_decimal(units: int, digits: int) -> Any:
        return number(round(units / 10**digits * 10), 1) if digits == 2 else number(units, digits)

    patch.setattr(mapping, "number", one_decimal)


RECORDS: tuple[Bug, ...] = (
    a_customer_for_every_deal,
    a_contract_a_version,
    a_project_under_another_code,
    demand_is_raised_twice,
    demand_in_hours_where_minutes_are_meant,
    a_name_is_given_to_the_wrong_thing,
    hours_are_rounded_down,
    rates_are_cut_to_whole_units,
    amounts_are_rounded_down,
    expenses_are_marked_up,
    a_discount_is_given_twice,
    milestones_of_another_size,
    tax_by_currency,
    a_missing_tax_profile_is_standard,
    tax_codes_are_left_to_the_erp,
    the_cap_is_not_looked_at,
    the_cap_is_looked_at_entry_by_entry,
    expenses_do_not_count_against_the_cap,
    an_entry_over_the_cap_is_cut_to_fit,
    decided_in_the_order_of_arrival,
    a_closed_period_is_posted_to,
    late_work_loses_its_date,
    an_invoice_takes_what_comes_after_its_cut_off,
    the_cut_off_in_another_time_zone,
    a_paid_invoice_is_shown_as_sent,
    open_amounts_are_mirrored_as_gross,
    active_before_it_is,
    set_up_before_the_signature,
    a_milestone_is_billed_when_it_is_done,
    periods_are_believed_open,
    amounts_with_a_float_on_the_way,
)
