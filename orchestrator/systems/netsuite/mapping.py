"""NetSuite's names for the ERP's facts: canonical records into request bodies, answers and SuiteQL rows into canonical records.

`custentity_*`, `custbody_*` and `custcol_*` are fields of this account. References are written by external id where the firm has
one. Source: REST record browser 2026.1 (read), 2026-11.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.billing import Bill, Event, Invoice, Period, Posted, Target
from orchestrator.canonical.contract import Contract, ContractLine
from orchestrator.canonical.engagement import Ref
from orchestrator.canonical.money import DIGITS
from orchestrator.canonical.party import Customer
from orchestrator.ports import Renamed
from orchestrator.systems.http import exact, number

Body = dict[str, Any]

CUSTOMER_FIELDS = ("external_id", "name", "subsidiary_id", "currency", "terms_id", "email", "street", "city", "region",
                   "postal_code", "country", "tax_id")  # fmt: skip
JOB_FIELDS = ("external_id", "name", "customer_id", "subsidiary_id", "currency", "start_on", "end_on", "sow_number")
ORDER_FIELDS = ("external_id", "customer_id", "job_id", "subsidiary_id", "currency", "terms_id", "tran_date", "status",
                "contract_type", "cap", "tax_code", "tax_profile", "sow_number", "lines")  # fmt: skip
TIME_FIELDS = ("external_id", "employee_id", "job_id", "item_id", "minutes", "tran_date", "work_date", "rate", "billable",
               "tax_code", "memo")  # fmt: skip
EXPENSE_FIELDS = ("external_id", "employee_id", "tran_date", "work_date", "currency", "lines")
INVOICE_FIELDS = ("external_id", "tran_date", "lines")
ORDER_OPEN, ORDER_CLOSED = {"id": "F"}, {"id": "H"}
HOLD_ON = "ON"
NAME_MAX = 83
"""The longest companyName NetSuite takes (memory)."""


def by_key(key: str) -> Body:
    return {"externalId": key}


def by_id(id: str) -> Body:
    return {"id": id}


def customer(given: Customer, currency_id: str, terms_id: str) -> Body:
    address = given.address
    return {
        "companyName": given.name[:NAME_MAX],
        "isPerson": False,
        "email": given.email,
        "subsidiary": by_key(refs.subsidiary(given.entity)),
        "currency": by_id(currency_id),
        "terms": by_id(terms_id),
        "custentity_tax_id": given.tax_id,
        "custentity_account": given.account,
        "addressBook": {
            "items": [
                {
                    "defaultBilling": True,
                    "addressBookAddress": {
                        "addr1": address.street,
                        "city": address.city,
                        "state": address.region,
                        "zip": address.postal_code,
                        "country": {"id": address.country},
                    },
                }
            ]
        },
    }


def job(contract: Contract, parent: Ref, currency_id: str) -> Body:
    body = {
        "companyName": f"{contract.sow} {contract.name}"[:NAME_MAX],
        "parent": by_id(parent.id),
        "subsidiary": by_key(refs.subsidiary(contract.entity)),
        "currency": by_id(currency_id),
        "startDate": contract.start_on,
        "projectedEndDate": contract.end_on,
        "custentity_sow": contract.sow,
    }
    return {name: value for name, value in body.items() if value != ""}


def order(contract: Contract, customer: Ref, job: Ref, *, currency_id: str, terms_id: str) -> Body:
    """The contract: its milestones are billed from here, its role lines only state what was sold."""
    digits = DIGITS[contract.currency]
    body: Body = {
        "entity": by_id(customer.id),
        "job": by_id(job.id),
        "subsidiary": by_key(refs.subsidiary(contract.entity)),
        "currency": by_id(currency_id),
        "terms": by_id(terms_id),
        "orderStatus": ORDER_OPEN,
        "custbody_sow": contract.sow,
        "custbody_contract_type": contract.type,
        "custbody_tax_profile": contract.tax_profile,
        "custbody_tax_code": contract.tax_code,
        "item": {"items": [_order_line(n, line, contract) for n, line in enumerate(contract.lines, start=1)]},
    }
    if contract.start_on:
        body["tranDate"] = contract.start_on
    if contract.cap is not None:
        body["custbody_cap"] = number(contract.cap, digits)
    return body


def _order_line(position: int, line: ContractLine, contract: Contract) -> Body:
    return {
        "line": position,
        "item": by_key(line.item),
        "description": line.name,
        "quantity": number(line.quantity, 2),
        "rate": number(line.rate, 4),
        "amount": number(line.amount, DIGITS[contract.currency]),
        "custcol_line_key": line.key,
        "custcol_tax_code": contract.tax_code,
        "isBillable": line.is_milestone,
    }


def time_bill(event: Event, target: Target) -> Body:
    return {
        "employee": by_key(event.person),
        "customer": by_id(target.job_id),
        "item": by_key(event.item),
        "hours": f"{event.minutes // 60}:{event.minutes % 60:02d}",
        "tranDate": event.on,
        "isBillable": True,
        "rate": number(event.rate, 4),
        "memo": event.memo,
        "custcol_work_date": event.worked_on,
        "custcol_tax_code": event.tax_code,
    }


def expense_report(event: Event, target: Target, currency_id: str) -> Body:
    return {
        "entity": by_key(event.person),
        "tranDate": event.on,
        "custbody_work_date": event.worked_on,
        "expenseReportCurrency": by_id(currency_id),
        "expense": {
            "items": [
                {
                    "line": 1,
                    "customer": by_id(target.job_id),
                    "category": {"id": event.category or "other"},
                    "amount": number(event.net, DIGITS[event.currency]),
                    "isBillable": True,
                    "memo": event.memo,
                    "custcol_tax_code": event.tax_code,
                }
            ]
        },
    }


def work_invoice(bill: Bill) -> Body:
    """The time bills and expenses a job's invoice takes; nothing else is applied."""
    return {
        "externalId": bill.key,
        "tranDate": bill.on,
        "time": {"items": [_applied(posted) for posted in bill.time]},
        "expCost": {"items": [_applied(posted) for posted in bill.expenses]},
    }


def _applied(posted: Posted) -> Body:
    return {"doc": by_id(posted.id), "apply": True}


def milestone_invoice(milestone: str, on: str, line: int) -> Body:
    """One line of an order, whole."""
    return {"externalId": refs.milestone_invoice(milestone), "tranDate": on, "item": {"items": [{"orderLine": line}]}}


def invoice_of(record: Body) -> Invoice:
    """One invoice record as the record service tells it."""
    currency = record["currency"]["refName"]
    digits = DIGITS[currency]
    return Invoice(
        key=record["externalId"],
        id=record["id"],
        number=record["tranId"],
        sow=record.get("custbody_sow") or refs.sow_in(record["externalId"]),
        status=record["custbody_ar_status"],
        currency=currency,
        net=exact(record["subtotal"], digits),
        gross=exact(record["total"], digits),
        open=exact(record["amountRemaining"], digits),
        due_on=record.get("dueDate") or "",
        version=int(record["custbody_version"]),
    )


def invoice_row(row: dict[str, str]) -> Invoice:
    """One invoice as SuiteQL tells it: every value is text, absent when null; its net is asked of its lines."""
    digits = DIGITS[row["currency"]]
    return Invoice(
        key=row["externalid"],
        id=row["id"],
        number=row["tranid"],
        sow=row.get("custbody_sow") or refs.sow_in(row["externalid"]),
        status=row["custbody_ar_status"],
        currency=row["currency"],
        net=0,
        gross=exact(row["gross"], digits),
        open=exact(row["openbalance"], digits),
        due_on=row.get("duedate", ""),
        version=int(row["custbody_version"]),
    )


def with_net(invoice: Invoice, net: str) -> Invoice:
    return msgspec.structs.replace(invoice, net=exact(net, DIGITS[invoice.currency]))


def period_of(row: dict[str, str]) -> Period:
    return Period(row["periodname"], row["startdate"], row["enddate"], row["closed"] != "T" and row["arlocked"] != "T")


def renamed_of(row: dict[str, str]) -> Renamed | None:
    """The account and name of a billing customer; None for customers that are not ours."""
    prefix, _, rest = row.get("externalid", "").partition("-")
    account = rest.rpartition("-")[0]
    held = row.get("creditholdoverride") == HOLD_ON
    return Renamed(account, row.get("companyname", ""), row["externalid"], held=held) if prefix == "CUS" and account else None
