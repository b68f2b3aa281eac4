"""What the account calls its transactions, their lines, and time. `custbody_*` and `custcol_*` are this account's own fields."""

from __future__ import annotations

from simulators.domains.erp.credit import CREDIT
from simulators.domains.erp.expense import EXPENSE_LINE, EXPENSE_REPORT
from simulators.domains.erp.invoice import INVOICE as INVOICE_KIND
from simulators.domains.erp.invoice import INVOICE_LINE
from simulators.domains.erp.order import SALES_ORDER as ORDER_KIND
from simulators.domains.erp.order import SALES_ORDER_LINE
from simulators.domains.erp.payment import PAYMENT as PAYMENT_KIND
from simulators.domains.erp.payment import PAYMENT_APPLICATION
from simulators.domains.erp.time import TIME_BILL as TIME_KIND
from simulators.kernel.wire import Column, Wire

from .codecs import (
    DAY,
    FLAG,
    HOURS,
    INSTANT,
    INVOICE_STATUS,
    MONEY,
    ORDER_STATUS,
    PERCENT,
    QUANTITY,
    RATE,
    TEXT,
    WHOLE,
    free_list,
    select,
)  # fmt: skip
from .wires import CURRENCY_OF, EXTERNAL, ID, MODIFIED, SUBSIDIARY_OF, TAX_CODE_OF, TERM_OF

CREATED = Column("createdDate", "created_at", INSTANT, "")
ENTITY = Column("entity", "customer_id", select("customer", "job"), required=True)
TAX_CODE_COLUMN = Column("custcol_tax_code", "tax_code", TEXT)

SALES_ORDER = Wire(
    "salesOrder",
    ORDER_KIND,
    (
        ID, EXTERNAL,
        Column("tranId", "number", TEXT, ""),
        ENTITY,
        Column("job", "job_id", select("job")),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF),
        Column("currency", "currency", CURRENCY_OF),
        Column("terms", "terms_id", TERM_OF),
        Column("tranDate", "tran_date", DAY),
        Column("orderStatus", "status", ORDER_STATUS),
        Column("status", "status", ORDER_STATUS, ""),
        Column("otherRefNum", "extra.other_ref_num", TEXT),
        Column("startDate", "extra.start_on", DAY),
        Column("endDate", "extra.end_on", DAY),
        Column("memo", "memo", TEXT),
        Column("total", "total", MONEY, ""),
        Column("custbody_sow", "sow_number", TEXT),
        Column("custbody_contract_type", "contract_type", TEXT),
        Column("custbody_cap", "cap", MONEY),
        Column("custbody_tax_profile", "tax_profile", TEXT),
        Column("custbody_tax_code", "tax_code", TEXT),
        Column("custbody_version", "version", WHOLE, ""),
        MODIFIED, CREATED,
    ),
)  # fmt: skip
SALES_ORDER_ITEM = Wire(
    "salesOrder-item",
    SALES_ORDER_LINE,
    (
        Column("line", "line", WHOLE),
        Column("item", "item_id", select("serviceSaleItem"), required=True),
        Column("description", "description", TEXT),
        Column("quantity", "quantity", QUANTITY),
        Column("rate", "rate", RATE),
        Column("amount", "amount", MONEY),
        Column("custcol_line_key", "line_key", TEXT),
        TAX_CODE_COLUMN,
        Column("isBillable", "billable", FLAG),
        Column("custcol_invoiced", "invoiced", FLAG, ""),
    ),
)

INVOICE = Wire(
    "invoice",
    INVOICE_KIND,
    (
        ID, EXTERNAL,
        Column("tranId", "number", TEXT, ""),
        ENTITY,
        Column("job", "job_id", select("job")),
        Column("createdFrom", "order_id", select("salesOrder"), ""),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF),
        Column("currency", "currency", CURRENCY_OF),
        Column("terms", "terms_id", TERM_OF),
        Column("tranDate", "tran_date", DAY),
        Column("dueDate", "due_on", DAY),
        Column("postingPeriod", "period", select("accountingPeriod", by="name"), ""),
        Column("status", "status", INVOICE_STATUS, ""),
        Column("subtotal", "net", MONEY, ""),
        Column("taxTotal", "tax", MONEY, ""),
        Column("total", "gross", MONEY, ""),
        Column("amountPaid", "paid", MONEY, ""),
        Column("amountRemaining", "open_balance", MONEY, ""),
        Column("otherRefNum", "extra.other_ref_num", TEXT),
        Column("memo", "memo", TEXT),
        Column("custbody_sow", "sow_number", TEXT),
        Column("custbody_ar_status", "status", TEXT, ""),
        Column("custbody_sent_at", "sent_at", INSTANT, ""),
        Column("custbody_version", "version", WHOLE, ""),
        MODIFIED, CREATED,
    ),
)  # fmt: skip
LINE_COMMON = (
    Column("line", "line", WHOLE, ""),
    Column("amount", "net", MONEY),
    TAX_CODE_COLUMN,
    Column("taxRate1", "tax_rate_e3", PERCENT, ""),
    Column("tax1Amt", "tax", MONEY, ""),
    Column("custcol_source", "source", TEXT),
    Column("custcol_work_date", "work_date", DAY),
)
INVOICE_ITEM = Wire(
    "invoice-item",
    INVOICE_LINE,
    (
        Column("item", "item_id", select("serviceSaleItem"), required=True),
        Column("description", "description", TEXT),
        Column("quantity", "quantity", QUANTITY),
        Column("rate", "rate", RATE),
        Column("orderLine", "order_line", WHOLE, ""),
        *LINE_COMMON,
    ),
)
INVOICE_TIME = Wire(
    "invoice-time",
    INVOICE_LINE,
    (
        Column("doc", "time_bill_id", select("timeBill")),
        Column("item", "item_id", select("serviceSaleItem"), ""),
        Column("memo", "description", TEXT, ""),
        Column("quantity", "quantity", QUANTITY, ""),
        Column("rate", "rate", RATE, ""),
        *LINE_COMMON,
    ),
)
INVOICE_EXPENSE = Wire(
    "invoice-expCost",
    INVOICE_LINE,
    (Column("memo", "description", TEXT, ""), *LINE_COMMON),
)
INVOICE_TAX = Wire(
    "invoice-taxDetails",
    INVOICE_LINE,
    (
        Column("taxDetailsReference", "line", WHOLE, ""),
        Column("taxBasis", "net", MONEY, ""),
        Column("taxCode", "tax_code", TAX_CODE_OF, ""),
        Column("taxRate", "tax_rate_e3", PERCENT, ""),
        Column("taxAmount", "tax", MONEY, ""),
    ),
)

TIME_BILL = Wire(
    "timeBill",
    TIME_KIND,
    (
        ID, EXTERNAL,
        Column("employee", "employee_id", select("employee"), required=True),
        Column("customer", "job_id", select("job", "customer"), required=True),
        Column("item", "item_id", select("serviceSaleItem"), required=True),
        Column("hours", "minutes", HOURS, required=True),
        Column("tranDate", "tran_date", DAY, required=True),
        Column("isBillable", "billable", FLAG),
        Column("rate", "rate", RATE),
        Column("memo", "memo", TEXT),
        Column("approvalStatus", "extra.approval_status", free_list()),
        Column("timeType", "extra.time_type", free_list()),
        Column("overrideRate", "extra.override_rate", FLAG),
        Column("custcol_work_date", "work_date", DAY),
        TAX_CODE_COLUMN,
        Column("custcol_invoice", "invoice_id", select("invoice"), ""),
        MODIFIED, CREATED,
    ),
)  # fmt: skip

EXPENSE_REPORT_WIRE = Wire(
    "expenseReport",
    EXPENSE_REPORT,
    (
        ID, EXTERNAL,
        Column("tranId", "number", TEXT, ""),
        Column("entity", "employee_id", select("employee"), required=True),
        Column("tranDate", "tran_date", DAY),
        Column("custbody_work_date", "work_date", DAY),
        Column("expenseReportCurrency", "currency", CURRENCY_OF),
        Column("memo", "memo", TEXT),
        Column("total", "total", MONEY, ""),
        Column("custbody_version", "version", WHOLE, ""),
        MODIFIED, CREATED,
    ),
)  # fmt: skip
EXPENSE_REPORT_EXPENSE = Wire(
    "expenseReport-expense",
    EXPENSE_LINE,
    (
        Column("line", "line", WHOLE),
        Column("customer", "job_id", select("job", "customer"), required=True),
        Column("category", "category", free_list()),
        Column("amount", "amount", MONEY, required=True),
        Column("isBillable", "billable", FLAG),
        Column("memo", "memo", TEXT),
        TAX_CODE_COLUMN,
        Column("custcol_invoice", "invoice_id", select("invoice"), ""),
    ),
)

CUSTOMER_PAYMENT = Wire(
    "customerPayment",
    PAYMENT_KIND,
    (
        ID, EXTERNAL,
        Column("customer", "customer_id", select("customer"), required=True),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF),
        Column("currency", "currency", CURRENCY_OF),
        Column("payment", "amount", MONEY, required=True),
        Column("tranDate", "received_on", DAY),
        Column("checkNum", "bank_ref", TEXT),
        Column("memo", "memo", TEXT),
        Column("applied", "applied", MONEY, ""),
        Column("unapplied", "unapplied", MONEY, ""),
        Column("custbody_version", "version", WHOLE, ""),
        MODIFIED, CREATED,
    ),
)  # fmt: skip
CREDIT_MEMO = Wire(
    "creditMemo",
    CREDIT,
    (
        ID, EXTERNAL,
        Column("tranId", "number", TEXT, ""),
        Column("entity", "customer_id", select("customer"), ""),
        Column("createdFrom", "invoice_id", select("invoice"), ""),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF, ""),
        Column("currency", "currency", CURRENCY_OF, ""),
        Column("tranDate", "tran_date", DAY, ""),
        Column("total", "amount", MONEY, ""),
        Column("applied", "applied", MONEY, ""),
        Column("unapplied", "unapplied", MONEY, ""),
        Column("memo", "reason", TEXT, ""),
        Column("custbody_source", "source", TEXT, ""),
        Column("custbody_requested_by", "requested_by", TEXT, ""),
        Column("custbody_approved_by", "approved_by", TEXT, ""),
        Column("custbody_version", "version", WHOLE, ""),
        MODIFIED, CREATED,
    ),
)  # fmt: skip
CUSTOMER_PAYMENT_APPLY = Wire(
    "customerPayment-apply",
    PAYMENT_APPLICATION,
    (Column("doc", "invoice_id", select("invoice"), required=True), Column("amount", "amount", MONEY, required=True)),
)
