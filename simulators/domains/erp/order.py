"""Sales orders: the contract as finance knows it, with its lines. A line is invoiced once; a closed order is fixed."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal

from .arithmetic import net_of
from .party import JOB, customer_fits
from .reference import TAX_CODE, moved, named, pointed

CONTRACT_TYPES = ("tm", "milestone")


def order_is_well_formed(records: Records, before: Any, after: Any) -> None:
    if after.contract_type is not None and after.contract_type not in CONTRACT_TYPES:
        raise Refusal("bad_value", f"contract type {after.contract_type!r}", field="contract_type", got=after.contract_type)
    if after.cap is not None and after.cap < 0:
        raise Refusal("bad_value", "a cap is not negative", field="cap", got=after.cap)
    if after.tax_code is not None and moved(before, after, "tax_code"):
        named(records, TAX_CODE, "code", after.tax_code, "tax_code")


def job_is_the_customers(records: Records, before: Any, after: Any) -> None:
    if after.job_id is None or not moved(before, after, "job_id", "customer_id"):
        return
    job = pointed(records, JOB, after.job_id, "job_id")
    if job.customer_id != after.customer_id:
        raise Refusal("bad_value", "the project belongs to another customer", field="job_id", got=after.job_id)


def closed_order_is_fixed(_records: Records, before: Any, after: Any) -> None:
    if before is not None and before.status == "closed" and (after.deleted or moved(before, after, *FIXED_WHEN_CLOSED)):
        raise Refusal("frozen", "the order is closed", field="status")


def billed_order_stays(records: Records, before: Any, after: Any) -> None:
    """An order with an invoiced line keeps customer, subsidiary and currency, and may not be deleted."""
    if before is None or not (after.deleted or moved(before, after, "customer_id", "subsidiary_id", "currency")):
        return
    if any(line.invoiced for line in order_lines(records, after.id)):
        raise Refusal("frozen", "lines of the order are invoiced", field="customer_id")


def line_is_well_formed(records: Records, before: Any, after: Any) -> None:
    if after.deleted:
        return
    if after.tax_code is not None and moved(before, after, "tax_code"):
        named(records, TAX_CODE, "code", after.tax_code, "tax_code")
    if after.quantity < 0 or (after.rate or 0) < 0 or after.amount < 0:
        raise Refusal("bad_value", "quantity, rate and amount are not negative", field="amount", got=after.amount)


def invoiced_line_is_fixed(_records: Records, before: Any, after: Any) -> None:
    if before is not None and before.invoiced and (after.deleted or moved(before, after, *LINE_NAMES)):
        raise Refusal("frozen", f"line {before.line} is invoiced", field="invoiced")


def line_of_a_closed_order_is_fixed(records: Records, _before: Any, after: Any) -> None:
    order = records.get(SALES_ORDER, after.order_id)
    if order is None:
        raise Refusal("dangling", f"no order {after.order_id}", field="order_id", got=after.order_id)
    if order.status == "closed":
        raise Refusal("frozen", "the order is closed", field="status")


def order_lines(records: Records, order_id: Any) -> list[Any]:
    return sorted(records.find(SALES_ORDER_LINE, "order_id", order_id, LINES_MAX), key=lambda row: int(row.line))


def priced(values: dict[str, Any], currency: str) -> dict[str, Any]:
    """Give a line its amount: the one stated, else quantity x rate. Raises Refusal 'required' when neither is there."""
    if values.get("amount") is not None:
        return values
    if values.get("rate") is None:
        raise Refusal("required", "a line needs an amount, or a rate", field="amount")
    return {**values, "amount": net_of(values.get("quantity") or 0, values["rate"], currency)}


def settle_total(records: Records, order: Any, by: str) -> Any:
    """Make the order's total the sum of its lines."""
    return records.change(SALES_ORDER, order, {"total": sum(line.amount for line in order_lines(records, order.id))}, by)


LINES_MAX = 1000
FIXED_WHEN_CLOSED = ("customer_id", "job_id", "subsidiary_id", "currency", "terms_id", "tran_date", "contract_type", "cap", "tax_code",
                     "tax_profile", "sow_number", "total")  # fmt: skip
SALES_ORDER = Kind(
    "sales_order",
    (
        Field("external_id", indexed=True, unique=True),
        Field("number", indexed=True),
        Field("customer_id", "ref", required=True, indexed=True, to="customer"),
        Field("job_id", "ref", to="job"),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("currency", required=True),
        Field("terms_id", "ref", to="term"),
        Field("tran_date", "date", required=True),
        Field("status", "state"),
        Field("contract_type"),
        Field("cap", "money"),
        Field("tax_code"),
        Field("tax_profile"),
        Field("sow_number", indexed=True),
        Field("memo"),
        Field("total", "money", default=0),
    ),
    machine=Machine(
        "status", "pending", {"pending": ("open", "closed"), "open": ("closed",), "closed": ()}, entries=("pending", "open")
    ),
    rules=(customer_fits, order_is_well_formed, job_is_the_customers, closed_order_is_fixed, billed_order_stays),
    key="external_id",
)
SALES_ORDER_LINE = Kind(
    "sales_order_line",
    (
        Field("order_id", "ref", required=True, indexed=True, to="sales_order"),
        Field("line", "int", required=True),
        Field("item_id", "ref", required=True, to="item"),
        Field("line_key", indexed=True),
        Field("description"),
        Field("quantity", "quantity", default=100),
        Field("rate", "rate"),
        Field("amount", "money", default=0),
        Field("tax_code"),
        Field("billable", "flag", default=1),
        Field("invoiced", "flag", default=0),
        Field("invoice_id", "ref", to="invoice"),
    ),
    rules=(line_is_well_formed, line_of_a_closed_order_is_fixed, invoiced_line_is_fixed),
)
LINE_NAMES = tuple(f.name for f in SALES_ORDER_LINE.fields)
