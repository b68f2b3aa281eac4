"""Questions that integrations ask, with their answers: one row of the table a question."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.netsuite.account import Account

CORPUS: list[tuple[str, tuple[Any, ...], list[dict[str, str]]]] = [
    # plain reading
    ("SELECT externalid FROM customer", (), [{"externalid": "C-US"}, {"externalid": "C-DE"}]),
    ("select ExternalId, CompanyName as Name from Customer c where C.externalID = 'C-US'", (), [{"externalid": "C-US", "name": "Customer C-US"}]),
    ("SELECT email FROM customer ORDER BY externalid", (), [{}, {"email": "ada@acme.example"}]),
    ("SELECT COUNT(*) AS n FROM customer", (), [{"n": "2"}]),
    ("SELECT COUNT(email) n, COUNT(*) m FROM customer", (), [{"n": "1", "m": "2"}]),
    ("SELECT externalid FROM customer WHERE externalid = ?", ("C-DE",), [{"externalid": "C-DE"}]),
    ("SELECT externalid FROM customer WHERE externalid IN (?, ?) ORDER BY 1", ("C-DE", "C-US"), [{"externalid": "C-DE"}, {"externalid": "C-US"}]),
    ("SELECT DISTINCT currency.symbol FROM currency WHERE symbol LIKE '%U%' ORDER BY symbol DESC", (), [{"symbol": "USD"}, {"symbol": "EUR"}]),
    ("SELECT symbol FROM currency WHERE symbol NOT LIKE '%U%'", (), [{"symbol": "GBP"}]),
    ("SELECT memo FROM timebill WHERE memo = 'it''s fine'", (), [{"memo": "it's fine"}]),
    ("SELECT externalid FROM timebill WHERE memo IS NULL ORDER BY externalid DESC", (), [{"externalid": "TE-2"}, {"externalid": "TE-1"}]),
    ("SELECT hours, rate, isbillable FROM timebill WHERE externalid = 'TE-2'", (), [{"hours": "0.25", "rate": "185.5555", "isbillable": "T"}]),
    ("SELECT SUM(hours) AS h FROM timebill", (), [{"h": "14.75"}]),
    ("SELECT externalid FROM timebill WHERE hours > 0.25 AND hours <= 7.25 ORDER BY id", (), [{"externalid": "TE-1"}, {"externalid": "TE-3"}]),
    ("SELECT externalid /* why not */ FROM timebill -- all\n WHERE hours < 1", (), [{"externalid": "TE-2"}]),
    # labels and references
    ("SELECT BUILTIN.DF(subsidiary) AS s, BUILTIN.DF(currency) AS c FROM customer WHERE externalid='C-DE'", (), [{"s": "DE entity", "c": "EUR"}]),
    ("SELECT BUILTIN.DF(t.status) st, t.status FROM transaction t WHERE t.type = 'CustInvc' AND t.externalid = 'INV-1'", (),
     [{"st": "Invoice : Open", "status": "A"}]),
    ("SELECT BUILTIN.DF(status) st FROM transaction WHERE type = 'SalesOrd' AND externalid = 'SO-US'", (), [{"st": "Sales Order : Pending Billing"}]),
    ("SELECT BUILTIN.DF(tb.employee) e, BUILTIN.DF(tb.item) i FROM timebill tb WHERE tb.externalid = 'TE-1'", (), [{"e": "Ada Byron", "i": "ROLE-SENIOR"}]),
    ("SELECT BUILTIN.DF(t.entity) AS who FROM transaction t WHERE t.externalid = 'INV-2'", (), [{"who": "Customer C-DE"}]),
    ("SELECT BUILTIN.DF(companyname) n FROM customer WHERE externalid = 'C-US'", (), [{"n": "Customer C-US"}]),
    # transactions
    ("SELECT type, COUNT(*) n FROM transaction GROUP BY type ORDER BY type", (),
     [{"type": "CustInvc", "n": "2"}, {"type": "CustPymt", "n": "1"}, {"type": "ExpRept", "n": "1"}, {"type": "SalesOrd", "n": "2"}]),
    ("SELECT recordtype FROM transaction WHERE externalid = 'EX-1'", (), [{"recordtype": "expensereport"}]),
    ("SELECT tranid, foreigntotal, foreignamountunpaid, foreignamountpaid FROM transaction WHERE externalid = 'INV-1'", (),
     [{"tranid": "INVUS000001", "foreigntotal": "1425.8", "foreignamountunpaid": "425.8", "foreignamountpaid": "1000"}]),
    ("SELECT custbody_sow, custbody_ar_status, custbody_version, duedate FROM transaction WHERE type = 'CustInvc' ORDER BY externalid", (),
     [{"custbody_ar_status": "partially_paid", "custbody_version": "2", "duedate": "2026-03-02"},
      {"custbody_sow": "DE", "custbody_ar_status": "open", "custbody_version": "1", "duedate": "2026-03-30"}]),
    ("SELECT externalid FROM transaction WHERE type IN ('CustInvc', 'SalesOrd') AND trandate >= TO_DATE('2026-02-01', 'YYYY-MM-DD') ORDER BY 1", (),
     [{"externalid": "INV-2"}, {"externalid": "SO-DE"}]),
    ("SELECT externalid FROM transaction WHERE type = 'CustInvc' AND status = 'CustInvc:A' ORDER BY id", (), [{"externalid": "INV-1"}, {"externalid": "INV-2"}]),
    ("SELECT custbody_cap FROM transaction WHERE externalid = 'SO-US'", (), [{}]),
    ("SELECT posting, voided FROM transaction WHERE externalid = 'SO-US'", (), [{"posting": "F", "voided": "F"}]),
    # lines
    (("SELECT tl.custcol_source s, tl.netamount a, tl.quantity q FROM transactionline tl JOIN transaction t ON t.id = tl.transaction "
     "WHERE t.type = 'CustInvc' AND t.externalid = 'INV-1' AND tl.mainline = 'F' ORDER BY tl.linesequencenumber"), (),
     [{"s": "TE-1", "a": "-1341.25", "q": "-7.25"}, {"s": "EX-1", "a": "-84.55", "q": "-1"}]),
    (("SELECT -SUM(l.foreignamount) net FROM transactionline l, transaction t WHERE l.transaction = t.id AND t.externalid = 'INV-2' "
     "AND l.mainline = 'F' AND l.taxline = 'F'"), (), [{"net": "1000.1"}]),
    ("SELECT l.foreignamount tax FROM transactionline l JOIN transaction t ON l.transaction = t.id WHERE t.externalid = 'INV-2' AND l.taxline = 'T'", (),
     [{"tax": "-190.02"}]),
    (("SELECT l.custcol_line_key k, l.quantitybilled b FROM transactionline l JOIN transaction t ON t.id = l.transaction AND t.type = 'SalesOrd' "
     "WHERE t.externalid = 'SO-DE' AND l.mainline = 'F' ORDER BY k"), (),
     [{"k": "DE-M1", "b": "1"}, {"k": "DE-M2", "b": "0"}, {"k": "DE-M3", "b": "0"}]),
    ("SELECT BUILTIN.DF(tl.subsidiary) s FROM transactionline tl JOIN transaction t ON t.id = tl.transaction WHERE t.externalid='INV-1' AND tl.mainline='T'",
     (), [{"s": "US entity"}]),
    ("SELECT n.nexttype, n.foreignamount FROM nexttransactionlinelink n JOIN transaction t ON t.id = n.previousdoc WHERE t.externalid = 'INV-1'", (),
     [{"nexttype": "CustPymt", "foreignamount": "1000"}]),
    # joins
    ("SELECT t.externalid, c.companyname FROM transaction t JOIN customer c ON c.id = t.entity WHERE t.type = 'CustInvc' ORDER BY t.id", (),
     [{"externalid": "INV-1", "companyname": "Customer C-US"}, {"externalid": "INV-2", "companyname": "Customer C-DE"}]),
    ("SELECT c.externalid e, j.externalid j FROM customer c LEFT JOIN job j ON j.parent = c.id AND j.startdate IS NOT NULL ORDER BY e", (),
     [{"e": "C-DE"}, {"e": "C-US", "j": "J-US"}]),
    ("SELECT c.externalid e, NVL(j.externalid, '-') j FROM customer c, job j WHERE c.id = j.customer(+) AND j.startdate(+) IS NOT NULL ORDER BY e", (),
     [{"e": "C-DE", "j": "-"}, {"e": "C-US", "j": "J-US"}]),
    ("SELECT c.externalid FROM customer c WHERE EXISTS (SELECT 1 FROM job j WHERE j.parent = c.id AND j.startdate IS NOT NULL)", (), [{"externalid": "C-US"}]),
    ("SELECT externalid FROM customer WHERE id NOT IN (SELECT parent FROM job WHERE startdate IS NULL)", (), [{"externalid": "C-US"}]),
    ("WITH b AS (SELECT customer, SUM(hours) h FROM timebill GROUP BY customer) SELECT j.externalid, b.h FROM b JOIN job j ON j.id = b.customer ORDER BY 2", (),
     [{"externalid": "J-DE", "h": "7.25"}, {"externalid": "J-US", "h": "7.5"}]),
    ("SELECT x.n FROM (SELECT COUNT(*) n FROM job) x", (), [{"n": "2"}]),
    ("SELECT externalid FROM customer UNION SELECT externalid FROM job ORDER BY 1", (),
     [{"externalid": "C-DE"}, {"externalid": "C-US"}, {"externalid": "J-DE"}, {"externalid": "J-US"}]),
    # grouping
    (("SELECT c.companyname n, SUM(t.foreigntotal) total FROM transaction t JOIN customer c ON c.id = t.entity WHERE t.type='SalesOrd' "
     "GROUP BY c.companyname HAVING SUM(t.foreigntotal) > 1 ORDER BY n"), (),
     [{"n": "Customer C-DE", "total": "6000.6"}, {"n": "Customer C-US", "total": "6000.6"}]),
    ("SELECT TO_CHAR(trandate, 'YYYY-MM') m, COUNT(*) n FROM timebill GROUP BY TO_CHAR(trandate, 'YYYY-MM') ORDER BY m", (),
     [{"m": "2026-01", "n": "2"}, {"m": "2026-02", "n": "1"}]),
    ("SELECT MAX(lastmodifieddate) d, MIN(trandate) t FROM transaction WHERE type = 'CustInvc'", (), [{"d": "2026-01-15", "t": "2026-01-31"}]),
    ("SELECT ROUND(AVG(foreigntotal), 2) a FROM transaction WHERE type = 'CustInvc'", (), [{"a": "1307.96"}]),
    # limits
    ("SELECT externalid FROM timebill WHERE ROWNUM <= 2", (), [{"externalid": "TE-1"}, {"externalid": "TE-2"}]),
    ("SELECT externalid FROM timebill WHERE ROWNUM < 2", (), [{"externalid": "TE-1"}]),
    ("SELECT TOP 1 externalid FROM timebill ORDER BY externalid DESC", (), [{"externalid": "TE-3"}]),
    ("SELECT externalid FROM timebill ORDER BY externalid DESC FETCH FIRST 2 ROWS ONLY", (), [{"externalid": "TE-3"}, {"externalid": "TE-2"}]),
    # dates
    ("SELECT trandate, TO_CHAR(trandate, 'DD.MM.YYYY') d FROM timebill WHERE externalid = 'TE-3'", (), [{"trandate": "2026-02-02", "d": "02.02.2026"}]),
    ("SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') d FROM transaction WHERE externalid = 'INV-1'", (), [{"d": "2026-01-15 15:00:00"}]),
    ("SELECT TO_CHAR(lastmodifieddate, 'Mon DD, YYYY HH:MI AM') d FROM transaction WHERE externalid = 'INV-2'", (), [{"d": "Jan 15, 2026 02:00 PM"}]),
    ("SELECT externalid FROM timebill WHERE trandate = TO_DATE('02/02/2026', 'MM/DD/YYYY')", (), [{"externalid": "TE-3"}]),
    ("SELECT externalid FROM timebill WHERE trandate = '2026-02-02'", (), [{"externalid": "TE-3"}]),
    ("SELECT externalid FROM timebill WHERE trandate BETWEEN TO_DATE('2026-01-01','YYYY-MM-DD') AND TO_DATE('2026-01-12','YYYY-MM-DD') AND hours < 1", (),
     [{"externalid": "TE-2"}]),
    ("SELECT externalid FROM transaction WHERE type='CustInvc' AND lastmodifieddate >= TO_TIMESTAMP('2026-01-15 14:00:01', 'YYYY-MM-DD HH24:MI:SS')", (),
     [{"externalid": "INV-1"}]),
    ("SELECT externalid FROM transaction WHERE type='CustInvc' AND lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS') ORDER BY 1", ("2026-01-15 14:00:00",),
     [{"externalid": "INV-1"}, {"externalid": "INV-2"}]),
    ("SELECT externalid FROM transaction WHERE type='CustInvc' AND lastmodifieddate > SYSDATE - 1.5/24", (), [{"externalid": "INV-1"}]),
    ("SELECT duedate - trandate d FROM transaction WHERE externalid = 'INV-1'", (), [{"d": "30"}]),
    ("SELECT trandate + 1 d, TRUNC(trandate, 'MM') m, ADD_MONTHS(trandate, 1) n FROM transaction WHERE externalid = 'INV-1'", (),
     [{"d": "2026-02-01", "m": "2026-01-01", "n": "2026-02-28"}]),
    ("SELECT TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI') d FROM dual", (), [{"d": "2026-01-15 16:00"}]),
    ("SELECT externalid FROM transaction WHERE type = 'CustInvc' AND trandate > createddate AND trandate < TO_DATE('2026-02-01', 'YYYY-MM-DD')", (),
     [{"externalid": "INV-1"}]),
    ("SELECT periodname, closed, arlocked FROM accountingperiod WHERE periodname LIKE ? AND startdate <= TO_DATE('2026-01-10', 'YYYY-MM-DD') ORDER BY startdate",
     ("%-US",), [{"periodname": "2025-12-US", "closed": "F", "arlocked": "F"}, {"periodname": "2026-01-US", "closed": "F", "arlocked": "F"}]),
    # functions
    ("SELECT NVL(email, 'none') e, NVL2(email, 'y', 'n') y, COALESCE(email, externalid) x FROM customer ORDER BY id", (),
     [{"e": "ada@acme.example", "y": "y", "x": "ada@acme.example"}, {"e": "none", "y": "n", "x": "C-DE"}]),
    ("SELECT CASE WHEN hours > 1 THEN 'long' ELSE 'short' END c, DECODE(isbillable, 'T', 1, 0) b FROM timebill ORDER BY id", (),
     [{"c": "long", "b": "1"}, {"c": "short", "b": "1"}, {"c": "long", "b": "1"}]),
    ("SELECT UPPER(SUBSTR(externalid, 1, 1)) || '/' || LENGTH(externalid) x FROM job ORDER BY id", (), [{"x": "J/4"}, {"x": "J/4"}]),
    ("SELECT ROUND(10 / 4, 1) q, TO_NUMBER('1.50') n, ABS(-2) a FROM dual", (), [{"q": "2.5", "n": "1.5", "a": "2"}]),
    ("SELECT name, daysuntilnetdue d FROM term WHERE name = 'NET45'", (), [{"name": "NET45", "d": "45"}]),
    ("SELECT itemid, itemtype FROM item WHERE externalid = 'MILESTONE'", (), [{"itemid": "MILESTONE", "itemtype": "Service"}]),
    ("SELECT entityid FROM employee WHERE externalid = 'P-0007'", (), [{"entityid": "Ada Byron"}]),
    ("SELECT name, country FROM subsidiary WHERE currency = (SELECT id FROM currency WHERE symbol = 'GBP')", (), [{"name": "UK entity", "country": "GB"}]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "params", "rows"), CORPUS, ids=[str(n) for n in range(len(CORPUS))])
def test_answer(firm: Account, text: str, params: tuple[Any, ...], rows: list[dict[str, str]]) -> None:
    """The question is answered with these rows: text values, lower-case columns, nulls left out."""
    assert firm.rows(text, *params) == rows


@pytest.mark.parametrize(
    "text",
    ["", "SELEC id FROM customer", "SELECT", "SELECT id", "DELETE FROM customer", "UPDATE customer SET email = 'x'", "DROP TABLE customer_row",
     "SELECT 1; SELECT 2", "SELECT nope FROM customer", "SELECT c.nope FROM customer c", "SELECT x.id FROM customer c", "SELECT id FROM customer_row",
     "SELECT * FROM sqlite_master", "SELECT id FROM temp.customer", "SELECT load_extension('x') FROM customer", "SELECT zeroblob(5) FROM customer",
     "SELECT id FROM customer LIMIT 5", "SELECT id FROM customer WHERE ROWNUM > 5", "SELECT BUILTIN.NOPE(id) FROM customer", "SELECT id FROM customer WHERE",
     "SELECT id FROM customer WHERE externalid = 'open", "SELECT TO_DATE(id, 'QQ') FROM customer", "SELECT externalid FROM timebill WHERE trandate = 'soon'",
     "SELECT companyname__label FROM customer", "SELECT SUM(COUNT(id)) FROM customer", "SELECT id FROM customer GROUP BY", "SELECT id FROM customer ORDER BY 9",
     "SELECT subsidiary FROM transaction", "INSERT INTO customer (id) SELECT id FROM job", "PRAGMA table_info(customer)", "ATTACH DATABASE 'x' AS y",
     "SELECT id FROM customer WHERE id = ?", "((((", "\x00", "SELECT id FROM customer FOR UPDATE", "SELECT id FROM customer c JOIN job c ON 1 = 1"],
)  # fmt: skip
def test_unanswerable_question_is_refused(firm: Account, text: str) -> None:
    """400 INVALID_PARAMETER in the vendor's shape, and nothing changes."""
    before = firm.system.position
    found = firm.ask_sql(text)
    assert found.problem == (400, "INVALID_PARAMETER", "q" if "?" not in text else "params"), found.body
    assert firm.system.position == before


def test_header_is_demanded(firm: Account) -> None:
    """Without Prefer: transient a query is refused at that header."""
    for prefer in ("", "respond-sync", "transientish"):
        found = firm.call("POST", "/services/rest/query/v1/suiteql", {"q": "SELECT id FROM customer"}, prefer=prefer)
        assert found.problem == (400, "INVALID_HEADER", "Prefer")


def test_star_shows_columns_and_no_labels(firm: Account) -> None:
    """SELECT * is the table's own columns; the helpers of BUILTIN.DF stay hidden."""
    row = firm.rows("SELECT * FROM job WHERE externalid = 'J-US'")[0]
    assert {"id", "externalid", "parent", "customer", "subsidiary", "startdate", "isinactive", "lastmodifieddate"} <= set(row)
    assert not [name for name in row if "__" in name]


def test_pages_of_a_query_join_up(firm: Account) -> None:
    """limit and offset page through one order; totalResults counts all; every row has its own empty links."""
    seen = []
    for offset in (0, 4, 8):
        found = firm.call("POST", "/services/rest/query/v1/suiteql", {"q": "SELECT id, amount FROM (SELECT uniquekey id, netamount amount FROM transactionline) ORDER BY amount"},
                          query={"limit": 4, "offset": offset}, prefer="transient").json  # fmt: skip
        seen += found["items"]
        assert found["items"][0]["links"] == []
    assert (len({row["id"] for row in seen}), found["totalResults"], found["offset"]) == (12, found["totalResults"], 8)


def test_date_format_is_the_users() -> None:
    """Dates come out, and go in without TO_DATE, in the user's format; a date-time shows its date only."""
    account = Account(date_format="MM/DD/YYYY")
    account.customer()
    account.job(startDate="2026-01-05")
    assert account.rows("SELECT startdate, lastmodifieddate FROM job WHERE startdate = '01/05/2026'") == [
        {"startdate": "01/05/2026", "lastmodifieddate": "01/15/2026"}
    ]
