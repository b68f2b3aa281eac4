"""Invoices: created means posted. What may still move is what happens to a posted invoice: sent, disputed, paid.

How an invoice comes to be (sources, sums, numbers) is in `billing.py`; this file holds the kinds, the moves and the rules.
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal

from .party import CUSTOMER
from .period import demand_open
from .reference import SUBSIDIARY, moved, pointed
from .series import last_number

OPEN, SENT, PARTIALLY_PAID, PAID, DISPUTED = "open", "sent", "partially_paid", "paid", "disputed"
LIVES_ON = ("status", "paid", "credited", "open_balance", "sent_at")  # the only fields of a posted invoice that move


def number_text(code: str, number: int) -> str:
    return f"INV{code}{number:06d}"


def posted_is_final(_records: Records, before: Any, after: Any) -> None:
    if before is None:
        return
    if after.deleted:
        raise Refusal("frozen", "a posted invoice is not deleted; raise a credit memo", field="id", got=before.id)
    fixed = moved(before, after, *(f.name for f in INVOICE.fields if f.name not in LIVES_ON))
    if fixed or before.extra != after.extra:
        raise Refusal(
            "frozen", f"{(*fixed, 'extra')[0]} of a posted invoice is fixed; raise a credit memo", field=(*fixed, "memo")[0]
        )


def posts_into_an_open_period(records: Records, before: Any, after: Any) -> None:
    if before is None and demand_open(records, after.subsidiary_id, after.tran_date).name != after.period:
        raise Refusal("bad_value", "the posting period is that of the transaction date", field="period", got=after.period)


def number_is_the_next_of_its_subsidiary(records: Records, before: Any, after: Any) -> None:
    if before is not None:
        return
    code = pointed(records, SUBSIDIARY, after.subsidiary_id, "subsidiary_id").code
    taken = records.find(INVOICE, "number", after.number, 1)
    if taken or after.number != number_text(code, last_number(records, f"invoice-{code}")):
        raise Refusal("bad_value", "invoice numbers run without gap or repetition", field="number", got=after.number)


def sums_agree(_records: Records, _before: Any, after: Any) -> None:
    owed = after.gross - after.paid - after.credited
    if after.gross != after.net + after.tax or after.open_balance != owed or owed < 0:
        raise Refusal(
            "bad_value",
            "gross = net + tax, and open = gross - paid - credited, never below zero",
            field="open_balance",
            got=after.open_balance,
        )
    if (after.status == PAID) != (after.open_balance == 0):
        raise Refusal("bad_value", "an invoice is paid exactly when nothing is open", field="status", got=after.status)


def parties_agree(records: Records, before: Any, after: Any) -> None:
    if before is not None:
        return
    customer = pointed(records, CUSTOMER, after.customer_id, "customer_id")
    if customer.subsidiary_id != after.subsidiary_id:
        raise Refusal("bad_value", "the customer belongs to another subsidiary", field="subsidiary_id", got=after.subsidiary_id)
    if customer.currency != after.currency:
        raise Refusal("bad_value", f"the customer deals in {customer.currency}", field="currency", got=after.currency)


def lines_are_fixed(records: Records, before: Any, after: Any) -> None:
    if before is not None:
        raise Refusal(
            "frozen", "lines of a posted invoice are fixed; raise a credit memo", field="invoice_id", got=after.invoice_id
        )
    invoice = pointed(records, INVOICE, after.invoice_id, "invoice_id")
    if invoice.version > 1 or not 0 < after.line <= invoice.lines:
        raise Refusal("frozen", "lines are posted with their invoice", field="invoice_id", got=after.invoice_id)


def there(row: Any) -> Any:
    if row is None:
        raise Refusal("missing", "no such invoice", field="id")
    return row


def send(records: Records, row: Any, _values: dict[str, Any], user: str, at: int) -> Any:
    """Mark as sent to the customer. Sending again changes nothing but is no error; a settled invoice keeps its status."""
    if there(row).sent_at is not None:
        return row
    status = SENT if row.status in (OPEN, SENT) else row.status
    return records.change(INVOICE, row, {"status": status, "sent_at": at}, user)


def dispute(records: Records, row: Any, _values: dict[str, Any], user: str, _at: int) -> Any:
    return records.change(INVOICE, there(row), {"status": DISPUTED}, user)


def resolve(records: Records, row: Any, _values: dict[str, Any], user: str, _at: int) -> Any:
    """End a dispute in the firm's favour: the invoice is due again."""
    return records.change(INVOICE, there(row), {"status": SENT}, user)


INVOICE = Kind(
    "invoice",
    (
        Field("external_id", indexed=True, unique=True),
        Field("number", required=True, indexed=True),
        Field("customer_id", "ref", required=True, indexed=True, to="customer"),
        Field("job_id", "ref", indexed=True, to="job"),
        Field("order_id", "ref", indexed=True, to="sales_order"),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("currency", required=True),
        Field("terms_id", "ref", to="term"),
        Field("tran_date", "date", required=True, indexed=True),
        Field("due_on", "date"),
        Field("period", required=True),
        Field("status", "state"),
        Field("net", "money", default=0),
        Field("tax", "money", default=0),
        Field("gross", "money", default=0),
        Field("paid", "money", default=0),
        Field("credited", "money", default=0),
        Field("open_balance", "money", default=0),
        Field("sent_at", "instant"),
        Field("memo"),
        Field("sow_number", indexed=True),
        Field("lines", "int", default=0),
    ),
    machine=Machine(
        "status",
        OPEN,
        {
            OPEN: (SENT, PARTIALLY_PAID, PAID, DISPUTED),
            SENT: (PARTIALLY_PAID, PAID, DISPUTED),
            PARTIALLY_PAID: (PAID,),
            PAID: (),
            DISPUTED: (SENT,),
        },
        entries=(OPEN, PAID),
    ),
    rules=(posts_into_an_open_period, parties_agree, number_is_the_next_of_its_subsidiary, posted_is_final, sums_agree),
    key="external_id",
    verbs={"send": send, "dispute": dispute, "resolve": resolve},
)
INVOICE_LINE = Kind(
    "invoice_line",
    (
        Field("invoice_id", "ref", required=True, indexed=True, to="invoice"),
        Field("line", "int", required=True),
        Field("source", indexed=True),
        Field("item_id", "ref", to="item"),
        Field("description"),
        Field("quantity", "quantity", default=100),
        Field("rate", "rate"),
        Field("net", "money", required=True),
        Field("tax_code", required=True),
        Field("tax_rate_e3", "int", default=0),
        Field("tax", "money", default=0),
        Field("work_date", "date"),
        Field("time_bill_id", "ref", to="time_bill"),
        Field("expense_line_id", "ref", to="expense_line"),
        Field("order_line_id", "ref", to="sales_order_line"),
        Field("order_line", "int"),
    ),
    rules=(lines_are_fixed,),
)
