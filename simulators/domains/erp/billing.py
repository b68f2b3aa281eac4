"""How an invoice comes to be: from chosen lines of an order, from time and expenses of a job, or from free lines.

Pure of vendors: a caller says what applies, this file checks that it may, sums, taxes, numbers, posts and marks the sources.
The way in is `raise_invoice`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from simulators.kernel.records import Kind, Records, Refusal

from .arithmetic import hours_of, line_taxes, net_of
from .expense import EXPENSE_LINE, EXPENSE_REPORT, report_lines
from .invoice import INVOICE, INVOICE_LINE, OPEN, PAID, number_text
from .order import SALES_ORDER_LINE
from .party import CUSTOMER, JOB
from .period import demand_open
from .reference import ITEM, SUBSIDIARY, TAX_CODE, TERM, named, pointed
from .series import next_number
from .time import TIME_BILL

HUNDRED = 100  # a quantity of one


@dataclass(frozen=True)
class Draft:
    """A line before it is posted. `net` None means quantity x rate; `origin` is the source record's kind and id."""

    source: str | None
    item_id: Any
    description: str | None
    quantity: int
    rate: int | None
    net: int | None
    tax_code: str | None
    work_date: str | None = None
    origin: tuple[Kind, Any] | None = None
    order_line: int | None = None


@dataclass(frozen=True)
class Heading:
    """What an invoice says above its lines."""

    customer: Any
    tran_date: str
    currency: str
    external_id: str | None = None
    job: Any = None
    order: Any = None
    due_on: str | None = None
    terms_id: Any = None
    memo: str | None = None
    sow_number: str | None = None
    extra: dict[str, Any] | None = None


def heading_of_job(records: Records, job: Any, tran_date: str) -> Heading:
    customer = pointed(records, CUSTOMER, job.customer_id, "customer_id")
    return Heading(customer, tran_date, job.currency, job=job, terms_id=customer.terms_id, sow_number=job.sow_number)


def heading_of_order(records: Records, order: Any, tran_date: str) -> Heading:
    if order.status != "open":
        raise Refusal("frozen", f"the order is {order.status}", field="status", got=order.status)
    customer = pointed(records, CUSTOMER, order.customer_id, "customer_id")
    job = None if order.job_id is None else pointed(records, JOB, order.job_id, "job_id")
    terms = order.terms_id if order.terms_id is not None else customer.terms_id
    return Heading(customer, tran_date, order.currency, job=job, order=order, terms_id=terms, sow_number=order.sow_number)


def time_draft(records: Records, bill: Any, job: Any) -> Draft:
    """The invoice line of a time bill of that job. Raises Refusal when it may not be billed on this invoice."""
    _demand_billable(bill.job_id, bill.billable, bill.invoice_id, job, bill.external_id or bill.id)
    item = pointed(records, ITEM, bill.item_id, "item_id")
    return Draft(bill.external_id or str(bill.id), bill.item_id, bill.memo or item.name, hours_of(bill.minutes), bill.rate, None,
                 bill.tax_code, bill.work_date or bill.tran_date, (TIME_BILL, bill.id))  # fmt: skip


def expense_draft(records: Records, line: Any, job: Any) -> Draft:
    """The invoice line of one expense line of that job, at cost."""
    report = pointed(records, EXPENSE_REPORT, line.report_id, "report_id")
    name = report.external_id or str(report.id)
    several = len(report_lines(records, report.id)) > 1
    _demand_billable(line.job_id, line.billable, line.invoice_id, job, f"{name} line {line.line}")
    item = records.one(ITEM, "external_id", "EXPENSE")
    return Draft(f"{name}-{line.line}" if several else name, item.id if item else None, line.memo or line.category, HUNDRED, None,
                 line.amount, line.tax_code, report.work_date or report.tran_date, (EXPENSE_LINE, line.id))  # fmt: skip


def order_draft(line: Any, order: Any) -> Draft:
    """The invoice line of one order line, whole: part billing is not modelled."""
    if line.order_id != order.id:
        raise Refusal("dangling", f"line {line.line} is not of this order", field="order_id", got=line.order_id)
    if line.invoiced:
        raise Refusal("frozen", f"line {line.line} of the order is already invoiced", field="invoiced", got=line.line)
    source = line.line_key or f"{order.external_id or order.id}-{line.line}"
    return Draft(source, line.item_id, line.description, line.quantity, line.rate, line.amount, line.tax_code or order.tax_code,
                 origin=(SALES_ORDER_LINE, line.id), order_line=line.line)  # fmt: skip


def raise_invoice(records: Records, heading: Heading, drafts: list[Draft], by: str) -> Any:
    """Post an invoice and mark its sources; all or nothing in the caller's transaction.

    Raises Refusal: 'empty' without lines, 'closed_period', 'required' for a line without tax code, 'duplicate' for its external id,
    and what the rules of invoice and sources say.
    """
    if not drafts:
        raise Refusal("empty", "an invoice needs at least one line", field="item")
    if heading.external_id and records.find(INVOICE, "external_id", heading.external_id, 1):
        raise Refusal("duplicate", f"invoice {heading.external_id} exists", field="external_id", got=heading.external_id)
    subsidiary = pointed(records, SUBSIDIARY, heading.customer.subsidiary_id, "subsidiary_id")
    period = demand_open(records, subsidiary.id, heading.tran_date)
    if heading.order is not None and heading.order.subsidiary_id != subsidiary.id:
        raise Refusal("bad_value", "the order belongs to another subsidiary", field="subsidiary_id")
    lines = _summed(records, drafts, heading.currency, subsidiary.rounding)
    number = number_text(subsidiary.code, next_number(records, f"invoice-{subsidiary.code}", by))
    invoice = records.create(INVOICE, _header(records, heading, period, number, lines), by)
    for values in lines:
        records.create(INVOICE_LINE, {**values, "invoice_id": invoice.id}, by)
    for draft in drafts:
        _mark(records, draft, invoice.id, by)
    return invoice


def _demand_billable(job_id: Any, billable: Any, invoice_id: Any, job: Any, name: Any) -> None:
    if job_id != job.id:
        raise Refusal("dangling", f"{name} belongs to another project", field="job_id", got=job_id)
    if not billable:
        raise Refusal("bad_value", f"{name} is not billable", field="billable", got=name)
    if invoice_id is not None:
        raise Refusal("frozen", f"{name} is already invoiced", field="invoice_id", got=invoice_id)


def _summed(records: Records, drafts: list[Draft], currency: str, rounding: str) -> list[dict[str, Any]]:
    taxed: list[tuple[int, str, int]] = []
    for draft in drafts:
        if draft.tax_code is None:
            raise Refusal("required", f"line {draft.source} has no tax code", field="tax_code")
        net = net_of(draft.quantity, draft.rate or 0, currency) if draft.net is None else draft.net
        taxed.append((net, draft.tax_code, named(records, TAX_CODE, "code", draft.tax_code, "tax_code").rate_percent_e3))
    taxes = line_taxes(taxed, rounding)
    return [_line(n, *each) for n, each in enumerate(zip(drafts, taxed, taxes, strict=True), 1)]


def _line(number: int, draft: Draft, taxed: tuple[int, str, int], tax: int) -> dict[str, Any]:
    values = {"line": number, "source": draft.source, "item_id": draft.item_id, "description": draft.description, "quantity": draft.quantity,
              "rate": draft.rate, "net": taxed[0], "tax_code": taxed[1], "tax_rate_e3": taxed[2], "tax": tax, "work_date": draft.work_date, "order_line": draft.order_line}  # fmt: skip
    if draft.origin is not None:
        values[f"{ORIGIN_FIELDS[draft.origin[0].name]}"] = draft.origin[1]
    return values


ORIGIN_FIELDS = {"time_bill": "time_bill_id", "expense_line": "expense_line_id", "sales_order_line": "order_line_id"}


def _header(records: Records, heading: Heading, period: Any, number: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    net, tax = sum(line["net"] for line in lines), sum(line["tax"] for line in lines)
    return {
        "external_id": heading.external_id, "number": number, "customer_id": heading.customer.id,
        "job_id": heading.job and heading.job.id, "order_id": heading.order and heading.order.id, "subsidiary_id": heading.customer.subsidiary_id,
        "currency": heading.currency, "terms_id": heading.terms_id, "tran_date": heading.tran_date,
        "due_on": heading.due_on or due_on(records, heading.terms_id, heading.tran_date), "period": period.name,
        "status": PAID if net + tax == 0 else OPEN, "net": net, "tax": tax, "gross": net + tax, "paid": 0, "open_balance": net + tax,
        "memo": heading.memo, "sow_number": heading.sow_number, "lines": len(lines), "extra": heading.extra,
    }  # fmt: skip


def due_on(records: Records, terms_id: Any, tran_date: str) -> str:
    days = 0 if terms_id is None else pointed(records, TERM, terms_id, "terms_id").days
    return (date.fromisoformat(tran_date) + timedelta(days=days)).isoformat()


def _mark(records: Records, draft: Draft, invoice_id: Any, by: str) -> None:
    if draft.origin is None:
        return
    kind, id = draft.origin
    taken: dict[str, Any] = {"invoice_id": invoice_id} | ({"invoiced": 1} if kind is SALES_ORDER_LINE else {})
    records.change(kind, records.live(kind, id), taken, by)


def retold(heading: Heading, **said: Any) -> Heading:
    """The heading with what the caller overrides; None leaves the default."""
    return replace(heading, **{name: value for name, value in said.items() if value is not None})
