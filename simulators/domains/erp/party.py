"""Whom and what an ERP bills for: customers (one an account and subsidiary) and jobs, the ERP's name for projects."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

from .reference import currency_exists, moved, pointed


def used_customer_keeps_its_books(records: Records, before: Any, after: Any) -> None:
    """Subsidiary and currency are fixed, and the record may not go, once anything hangs on the customer."""
    if before is None or not (after.deleted or moved(before, after, "subsidiary_id", "currency")):
        return
    if _any(records, after.id, ("job", "customer_id"), ("sales_order", "customer_id")):
        field = (*moved(before, after, "subsidiary_id", "currency"), "id")[0]
        raise Refusal("frozen", "the customer has projects or transactions", field=field)


def customer_fits(records: Records, before: Any, after: Any) -> None:
    """The customer lives, belongs to the same subsidiary, and deals in the same currency."""
    if not moved(before, after, "customer_id", "subsidiary_id", "currency"):
        return
    customer = pointed(records, CUSTOMER, after.customer_id, "customer_id")
    if before is None and customer.inactive:
        raise Refusal(
            "frozen", f"customer {customer.external_id or customer.id} is inactive", field="customer_id", got=customer.id
        )
    if customer.subsidiary_id != after.subsidiary_id:
        raise Refusal("bad_value", "the customer belongs to another subsidiary", field="subsidiary_id", got=after.subsidiary_id)
    if customer.currency != after.currency:
        raise Refusal("bad_value", f"the customer deals in {customer.currency}", field="currency", got=after.currency)


def dates_run_forward(_records: Records, _before: Any, after: Any) -> None:
    if after.start_on and after.end_on and after.start_on > after.end_on:
        raise Refusal("bad_value", "the project would end before it starts", field="end_on", got=after.end_on)


def used_job_keeps_its_customer(records: Records, before: Any, after: Any) -> None:
    if before is None or not (after.deleted or moved(before, after, "customer_id", "subsidiary_id", "currency")):
        return
    if _any(records, after.id, ("time_bill", "job_id"), ("expense_line", "job_id"), ("invoice", "job_id")):
        field = (*moved(before, after, "customer_id", "subsidiary_id", "currency"), "id")[0]
        raise Refusal("frozen", "the project has time or invoices", field=field)


def _any(records: Records, id: Any, *hangers: tuple[str, str]) -> bool:
    return any(records.find(records.kinds[kind], field, id, 1) for kind, field in hangers)


CUSTOMER = Kind(
    "customer",
    (
        Field("external_id", indexed=True, unique=True),
        Field("name", required=True),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("currency", required=True),
        Field("terms_id", "ref", to="term"),
        Field("email"),
        Field("street"),
        Field("city"),
        Field("region"),
        Field("postal_code"),
        Field("country"),
        Field("tax_id"),
        Field("credit_hold", "flag", default=0),  # shown to whoever asks; nothing is refused for it
        Field("inactive", "flag", default=0),
    ),
    rules=(currency_exists, used_customer_keeps_its_books),
    key="external_id",
)
JOB = Kind(
    "job",
    (
        Field("external_id", indexed=True, unique=True),
        Field("name", required=True),
        Field("customer_id", "ref", required=True, indexed=True, to="customer"),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("currency", required=True),
        Field("start_on", "date"),
        Field("end_on", "date"),
        Field("sow_number", indexed=True),
        Field("inactive", "flag", default=0),
    ),
    rules=(customer_fits, dates_run_forward, used_job_keeps_its_customer),
    key="external_id",
)
