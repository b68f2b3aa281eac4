"""The SuiteQL this adapter asks, and nothing else: every text in one place, with what its rows mean.

Dates are compared as TO_TIMESTAMP in UTC; values come back as text, absent when null. Source: SuiteQL (read), 2026-11.
"""

from __future__ import annotations

from datetime import UTC, datetime

INVOICES_SINCE = (
    "SELECT t.id, t.externalid, t.tranid, t.custbody_sow, t.custbody_ar_status, t.custbody_version, t.duedate, "
    "BUILTIN.DF(t.currency) AS currency, t.foreigntotal AS gross, t.foreignamountunpaid AS openbalance "
    "FROM transaction t WHERE t.type = 'CustInvc' AND t.lastmodifieddate >= {} ORDER BY t.id"
)
NETS = (
    "SELECT l.transaction AS id, SUM(- l.foreignamount) AS net FROM transactionline l "
    "WHERE l.mainline = 'F' AND l.taxline = 'F' AND l.transaction IN ({}) GROUP BY l.transaction"
)
CUSTOMERS_SINCE = (
    "SELECT c.externalid, c.companyname, c.creditholdoverride FROM customer c WHERE c.lastmodifieddate >= {} ORDER BY c.id"
)
CREDITS = "SELECT t.id FROM transaction t WHERE t.type = 'CustCred' AND t.custbody_source = ?"
PERIODS = (
    "SELECT p.periodname, p.startdate, p.enddate, p.closed, p.arlocked FROM accountingperiod p "
    "WHERE p.periodname LIKE ? ORDER BY p.startdate"
)
"""This account keeps a period a month and subsidiary, named 2026-01-US."""
CURRENCIES = "SELECT c.id, c.symbol FROM currency c"
TERMS = "SELECT t.id, t.name FROM term t"


def moment(instant: int) -> str:
    """A SuiteQL instant."""
    text = datetime.fromtimestamp(instant // 1000, UTC).isoformat(" ")[:19]
    return f"TO_TIMESTAMP('{text}', 'YYYY-MM-DD HH24:MI:SS')"


def holes(number: int) -> str:
    """That many bind marks."""
    return ", ".join("?" * number)
