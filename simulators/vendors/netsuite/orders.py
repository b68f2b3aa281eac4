"""Writing sales orders and expense reports: a heading, its lines, and the total that follows from them."""

from __future__ import annotations

from typing import Any

from simulators.domains.erp import expense, order
from simulators.domains.erp.reference import EMPLOYEE, SUBSIDIARY
from simulators.domains.erp.series import next_number
from simulators.kernel.records import Row

from .parties import inherit, today
from .record_type import Body, Item, RecordType
from .state import Account
from .sublists import merge


def create_order(system: Account, _record: RecordType, body: Body) -> Row:
    """A new order is approved at once: the account's default status is Pending Billing."""
    values = {"tran_date": today(system), "status": "open", **inherit(system, body.values, "terms_id")}
    values["number"] = f"SO{next_number(system.records, 'sales-order', body.user):06d}"
    closing = values["status"] == "closed"
    row = system.records.create(order.SALES_ORDER, {**values, "status": "open" if closing else values["status"]}, body.user)
    return settle_order(system, row, body, {"status": "closed"} if closing else {})


def update_order(system: Account, _record: RecordType, row: Row, body: Body) -> Row:
    """Fields first, but the status last: an order that is being closed may still change in the same breath."""
    last = {name: value for name, value in body.values.items() if name == "status"}
    first = {name: value for name, value in body.values.items() if name != "status"}
    return settle_order(system, system.records.change(order.SALES_ORDER, row, first, body.user), body, last)


def settle_order(system: Account, row: Row, body: Body, last: Item) -> Row:
    records = system.records

    def priced(values: Item, line: Row | None) -> Item:
        if line is None:
            return {**order.priced({"quantity": 100, **values}, row.currency), "order_id": row.id}
        if "amount" in values or not ({"rate", "quantity"} & values.keys()):
            return values
        return order.priced({"quantity": line.quantity, "rate": line.rate, **values}, row.currency)

    lines = order.order_lines(records, row.id)
    merge(system, body, ("item", "salesOrder-item"), lines, priced)
    row = order.settle_total(records, row, body.user)
    return records.change(order.SALES_ORDER, row, last, body.user) if last else row


def remove_order(system: Account, _record: RecordType, row: Row, user: str) -> None:
    for line in order.order_lines(system.records, row.id):
        system.records.remove(order.SALES_ORDER_LINE, line, user)
    system.records.remove(order.SALES_ORDER, row, user)


def create_expense(system: Account, _record: RecordType, body: Body) -> Row:
    values: dict[str, Any] = {"tran_date": today(system), **body.values}
    if values.get("currency") is None:
        employee = system.records.live(EMPLOYEE, values["employee_id"])
        values["currency"] = system.records.live(SUBSIDIARY, employee.subsidiary_id).currency
    values["number"] = f"ER{next_number(system.records, 'expense-report', body.user):06d}"
    return settle_expense(system, system.records.create(expense.EXPENSE_REPORT, values, body.user), body)


def update_expense(system: Account, _record: RecordType, row: Row, body: Body) -> Row:
    return settle_expense(system, system.records.change(expense.EXPENSE_REPORT, row, body.values, body.user), body)


def settle_expense(system: Account, row: Row, body: Body) -> Row:
    lines = expense.report_lines(system.records, row.id)
    merge(
        system,
        body,
        ("expense", "expenseReport-expense"),
        lines,
        lambda values, line: values if line else {**values, "report_id": row.id},
    )
    return expense.settle_total(system.records, row, body.user)


def remove_expense(system: Account, _record: RecordType, row: Row, user: str) -> None:
    for line in expense.report_lines(system.records, row.id):
        system.records.remove(expense.EXPENSE_LINE, line, user)
    system.records.remove(expense.EXPENSE_REPORT, row, user)
