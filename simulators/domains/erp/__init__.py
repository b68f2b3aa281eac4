"""What an ERP is: parties, orders, time, expenses, invoices, payments, and the periods they are posted in. No HTTP, no vendor.

One entity family a file; `KINDS` is the whole. Read `billing.py` for how an invoice comes to be and `arithmetic.py` for its sums.
"""

from __future__ import annotations

from .credit import CREDIT
from .expense import EXPENSE_LINE, EXPENSE_REPORT
from .invoice import INVOICE, INVOICE_LINE
from .order import SALES_ORDER, SALES_ORDER_LINE
from .party import CUSTOMER, JOB
from .payment import PAYMENT, PAYMENT_APPLICATION
from .period import PERIOD
from .reference import CURRENCY, EMPLOYEE, ITEM, SUBSIDIARY, TAX_CODE, TERM
from .series import SERIES
from .time import TIME_BILL

KINDS = {
    kind.name: kind
    for kind in (
        CURRENCY,
        SUBSIDIARY,
        TERM,
        ITEM,
        TAX_CODE,
        EMPLOYEE,
        PERIOD,
        CUSTOMER,
        JOB,
        SALES_ORDER,
        SALES_ORDER_LINE,
        TIME_BILL,
        EXPENSE_REPORT,
        EXPENSE_LINE,
        INVOICE,
        INVOICE_LINE,
        PAYMENT,
        PAYMENT_APPLICATION,
        CREDIT,
        SERIES,
    )
}

__all__ = ["KINDS"]
