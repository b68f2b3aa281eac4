"""Hot questions go by an index, and are parsed once a shape."""

from __future__ import annotations

import pytest

from simulators.tongues.suiteql import SuiteQL
from tests.simulators.netsuite.account import Account

HOT = {
    "time bill by key": "SELECT id, hours FROM timebill WHERE externalid = 'TE-1'",
    "invoices changed since": "SELECT t.id, t.externalid, BUILTIN.DF(t.currency) AS currency FROM transaction t WHERE t.type = 'CustInvc' "
    "AND t.lastmodifieddate >= TO_TIMESTAMP('2026-01-15 12:00:00', 'YYYY-MM-DD HH24:MI:SS') ORDER BY t.id",
    "anything changed since": "SELECT id FROM transaction WHERE lastmodifieddate >= TO_DATE('2026-01-15', 'YYYY-MM-DD') ORDER BY lastmodifieddate",
    "customers changed since": "SELECT c.externalid FROM customer c WHERE c.lastmodifieddate >= SYSDATE - 1 ORDER BY c.id",
    "transaction by key": "SELECT id FROM transaction WHERE externalid = 'INV-1'",
    "invoice with customer": "SELECT c.email FROM transaction t JOIN customer c ON c.id = t.entity WHERE t.type = 'CustInvc' AND t.externalid = 'INV-1'",
    "lines of an invoice": "SELECT tl.netamount FROM transactionline tl JOIN transaction t ON t.id = tl.transaction "
    "WHERE t.type = 'CustInvc' AND t.externalid = 'INV-1'",
    "sum of an invoice's lines": "SELECT SUM(tl.netamount) FROM transactionline tl JOIN transaction t ON t.id = tl.transaction WHERE t.type = 'CustInvc' "
    "AND t.externalid = 'INV-1' AND tl.mainline = 'F' AND tl.taxline = 'F'",
    "sums by id": "SELECT l.transaction, SUM(l.foreignamount) FROM transactionline l WHERE l.mainline = 'F' AND l.taxline = 'F' "
    "AND l.transaction IN ('105', '125') GROUP BY l.transaction",
    "unbilled time of a project": "SELECT tb.externalid FROM timebill tb JOIN job j ON j.id = tb.customer WHERE j.externalid = 'J-US' "
    "AND tb.custcol_invoice IS NULL",
}
SMALL = ("accountingperiod", "currency", "subsidiary", "term")


@pytest.mark.parametrize("name", sorted(HOT))
def test_hot_question_scans_no_table(firm: Account, name: str) -> None:
    """SQLite's plan searches by index everywhere; what it scans is only its own intermediate result."""
    system = firm.system
    plan, binds = system.state.suiteql.ask(HOT[name], [], firm.now)
    steps = [row[3] for row in system.store.run("EXPLAIN QUERY PLAN " + plan.text, binds).fetchall()]
    inner = {step.split()[1] for step in steps if step.startswith(("CO-ROUTINE", "MATERIALIZE"))}
    scanned = [step for step in steps if step.startswith("SCAN") and step.split()[1] in ("t", "h", "r", "p", "a")]
    assert scanned == [], (steps, inner)


def test_one_parse_serves_every_literal(firm: Account) -> None:
    """Literals and parameters are lifted out: a thousand keys are one plan."""
    suiteql = firm.system.state.suiteql
    suiteql.plans.clear()
    for n in range(20):
        firm.rows(f"SELECT id FROM timebill WHERE externalid = 'TE-{n}' AND hours > {n}.5")
        firm.rows("SELECT id FROM timebill WHERE externalid = ?", f"TE-{n}")
    assert len(suiteql.plans) == 2


def test_plans_are_bounded(firm: Account) -> None:
    """However many shapes are asked, a bounded number of plans is kept: the one unused longest goes."""
    suiteql = SuiteQL(firm.system.state.suiteql.schema, shapes_max=3)
    for name in ("a", "b", "c", "a", "d"):
        suiteql.plan(f"SELECT id AS {name} FROM customer")
    assert [text.split()[3] for text in suiteql.plans] == ["c", "a", "d"]


def test_answers_die_with_the_next_change(firm: Account) -> None:
    """A page is served from the answer that was kept, and a change is seen at once."""
    text = "SELECT email FROM customer WHERE externalid = 'C-DE'"
    assert firm.rows(text) == [{}]
    firm.act("update", "customer", "C-DE", email="new@beta.example")
    assert firm.rows(text) == [{"email": "new@beta.example"}]
    firm.act("update", "customer", "C-DE", email=None)


def test_ids_compare_as_numbers_and_as_text(firm: Account) -> None:
    """An id that came as text, as SuiteQL gave it, finds its row; so does a number; so do computed columns."""
    id = firm.rows("SELECT id FROM transaction WHERE externalid = 'INV-1'")[0]["id"]
    for value in (id, int(id)):
        assert firm.rows("SELECT externalid FROM transaction WHERE id = ?", value) == [{"externalid": "INV-1"}]
        assert len(firm.rows("SELECT id FROM transactionline WHERE transaction = ?", value)) == 3
    for value in ("1425.8", 1425.8):
        assert firm.rows("SELECT externalid FROM transaction WHERE foreigntotal = ?", value) == [{"externalid": "INV-1"}]
        assert len(firm.rows("SELECT externalid FROM transaction WHERE type = 'CustInvc' AND foreigntotal >= ?", value)) == 1


TRICKY = (
    *HOT.values(),
    "SELECT 'it''s', id FROM customer",
    "SELECT id AS \"a 'b\" FROM customer WHERE externalid = 'X'",
    "SELECT id FROM customer WHERE externalid = 'a' -- 'b'",
    "SELECT id FROM customer WHERE externalid = 'a' /* ' */ AND id = 5",
    "SELECT id FROM customer WHERE id = 5 AND externalid = 'x'",
    "SELECT id FROM customer WHERE externalid = '--'",
    "SELECT id FROM transaction WHERE type = 'CustInvc' AND status = 'CustInvc:A'",
    "SELECT id FROM transaction WHERE type = 'SalesOrd' AND status = 'SalesOrd:A'",
    "SELECT id FROM customer WHERE externalid = '",
    "SELECT id FROM customer WHERE externalid = ''",
    "SELECT id FROM customer WHERE externalid = 'a'5 AND x = 'b'",
)


@pytest.mark.parametrize("text", TRICKY)
def test_a_text_lifted_by_its_quotes_reads_as_one_that_was_scanned(text: str, firm: Account) -> None:
    """The same shape and the same binds, the first time and again, for literals of every other value too."""
    suiteql = firm.system.state.suiteql
    for given in (text, text, text.replace("'a'", "'SalesOrd'"), text.replace("2026-01-15", "2027-02-16"), text):
        assert suiteql.lift_quoted(given) in (None, suiteql.lift(given, ()))


def test_a_poll_is_lifted_by_its_quotes(firm: Account) -> None:
    """What is asked every few minutes, with another instant each time, is not scanned again."""
    suiteql = firm.system.state.suiteql
    assert [suiteql.lift_quoted(HOT[name]) is None for name in ("invoices changed since", "anything changed since")] == [
        False,
        False,
    ]
    assert suiteql.lift_quoted("SELECT id FROM customer WHERE id = 5 AND externalid = 'x'") is None
