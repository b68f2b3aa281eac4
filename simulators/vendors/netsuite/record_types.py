"""The record types of this account, as one literal table."""

from __future__ import annotations

from simulators.domains.erp import credit, expense, invoice, order, party, payment, period, reference, time
from simulators.kernel.records import Records, Refusal, Row

from .invoices import LINES_MAX, create_invoice, update_invoice
from .orders import create_expense, create_order, remove_expense, remove_order, update_expense, update_order
from .parties import create_customer, create_job, update_customer
from .payments import create_payment, update_payment
from .record_type import Body, RecordType, Sublist
from .state import Account


def lines_of(records: Records, row: Row) -> list[Row]:
    return sorted(records.find(invoice.INVOICE_LINE, "invoice_id", row.id, LINES_MAX), key=lambda line: int(line.line))


def item_lines(records: Records, row: Row) -> list[Row]:
    return [line for line in lines_of(records, row) if line.time_bill_id is None and line.expense_line_id is None]


def time_lines(records: Records, row: Row) -> list[Row]:
    return [line for line in lines_of(records, row) if line.time_bill_id is not None]


def expense_lines(records: Records, row: Row) -> list[Row]:
    return [line for line in lines_of(records, row) if line.expense_line_id is not None]


def applications(records: Records, row: Row) -> list[Row]:
    return records.find(payment.PAYMENT_APPLICATION, "payment_id", row.id, LINES_MAX)


def issued_by_people(_system: Account, _record: RecordType, _body: Body) -> Row:
    """Credit memos are made by people at the screen; over REST they are read only here."""
    raise Refusal("forbidden", "credit memos are issued in the user interface")


RECORD_TYPES = (
    RecordType("customer", party.CUSTOMER, "name", create=create_customer, update=update_customer, virtual=("addressBook",)),
    RecordType("job", party.JOB, "name", create=create_job),
    RecordType("employee", reference.EMPLOYEE, "name"),
    RecordType("serviceSaleItem", reference.ITEM, "name"),
    RecordType("timeBill", time.TIME_BILL, "external_id"),
    RecordType(
        "salesOrder",
        order.SALES_ORDER,
        "number",
        sublists=(Sublist("item", "salesOrder-item", lambda records, row: order.order_lines(records, row.id)),),
        create=create_order,
        update=update_order,
        remove=remove_order,
    ),
    RecordType(
        "expenseReport",
        expense.EXPENSE_REPORT,
        "number",
        sublists=(Sublist("expense", "expenseReport-expense", lambda records, row: expense.report_lines(records, row.id)),),
        create=create_expense,
        update=update_expense,
        remove=remove_expense,
    ),
    RecordType(
        "invoice",
        invoice.INVOICE,
        "number",
        sublists=(
            Sublist("item", "invoice-item", item_lines),
            Sublist("time", "invoice-time", time_lines),
            Sublist("expCost", "invoice-expCost", expense_lines),
            Sublist("taxDetails", "invoice-taxDetails", lines_of),
        ),
        create=create_invoice,
        update=update_invoice,
    ),
    RecordType(
        "customerPayment",
        payment.PAYMENT,
        "bank_ref",
        sublists=(Sublist("apply", "customerPayment-apply", applications, "invoice_id"),),
        create=create_payment,
        update=update_payment,
    ),
    RecordType("creditMemo", credit.CREDIT, "number", create=issued_by_people),
    RecordType("subsidiary", reference.SUBSIDIARY, "name"),
    RecordType("currency", reference.CURRENCY, "code", external="code"),
    RecordType("term", reference.TERM, "code", external="code"),
    RecordType("taxCode", reference.TAX_CODE, "code", external="code"),
    RecordType("accountingPeriod", period.PERIOD, "name", external="name"),
)
