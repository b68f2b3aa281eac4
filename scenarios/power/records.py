"""What is written is wrong: one thing too many, under another name, on another day, shown as something else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.billing import BillRun, Event, Invoice, Period, Posted, Target
from orchestrator.canonical.contract import Contract
from orchestrator.canonical.engagement import Ref
from orchestrator.canonical.party import Customer
from orchestrator.canonical.work import MilestoneSeen
from orchestrator.policies.validation import SIGNED, validate
from orchestrator.processes import activation, billing, deciding
from orchestrator.store.book import SqlBook
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.systems.http import number
from orchestrator.systems.instants import millis
from orchestrator.systems.kantata import mapping as psa_mapping
from orchestrator.systems.kantata.client import Kantata
from orchestrator.systems.netsuite import mapping
from orchestrator.systems.netsuite.client import NetSuite
from orchestrator.systems.salesforce import mapping as crm_mapping
from orchestrator.systems.salesforce.client import Salesforce
from scenarios.power.patching import Bug, Patch

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

    async def twice(self: NetSuite, record: str, key: str, body: dict[str, Any], *, entity: str, query: str = "") -> str:
        if record == "salesOrder":
            await upsert(self, record, f"{key}-A", body, entity=entity, query=query)
        return await upsert(self, record, key, body, entity=entity, query=query)

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
    made = BillRun
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
    validate_deal = validate

    def unsigned(deal: Any, reference: Any) -> Contract:
        return validate_deal(msgspec.structs.replace(deal, status=SIGNED, signed_at=max(deal.signed_at, 1)), reference)

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
        return MilestoneSeen(refs.sow_of_line(line), line, row.id, millis(row.updated_at), "")

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
