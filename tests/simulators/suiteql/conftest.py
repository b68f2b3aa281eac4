"""One account with a known little firm in it, for all questions."""

from __future__ import annotations

import pytest

from tests.simulators.netsuite.account import Account


@pytest.fixture(scope="module")
def firm() -> Account:
    """Two customers, projects, orders; three time bills; two invoices, one paid in part; one expense."""
    account = Account()
    account.customer("C-US", email="ada@acme.example")
    account.customer("C-DE", "DE", "EUR")
    account.job("J-US", "C-US", startDate="2026-01-05", projectedEndDate="2026-06-30")
    account.job("J-DE", "C-DE")
    account.order("SO-US", "C-US", "J-US")
    account.order("SO-DE", "C-DE", "J-DE", "DE-S19", tranDate="2026-02-03")
    account.time("TE-1", "J-US")
    account.time("TE-2", "J-US", hours="0:15", rate=185.5555)
    account.time("TE-3", "J-DE", custcol_tax_code="DE-S19", memo="it's fine", tranDate="2026-02-02")
    account.expense("EX-1", "J-US")
    account.now += 3_600_000  # 13:00
    account.bill_job("INV-1", "J-US", ("TE-1",), ("EX-1",))
    account.now += 3_600_000  # 14:00
    account.bill_order("INV-2", 1, order="SO-DE", tranDate="2026-02-28")
    account.now += 3_600_000  # 15:00
    values = {"bank_ref": "BANK-1", "customer": "C-US", "amount": 100_000, "currency": "USD", "received_on": "2026-01-15"}
    account.act("receive", "payment", "BANK-1", **values, applications=[{"invoice": "INV-1", "amount": 100_000}])
    account.now += 3_600_000  # 16:00
    return account
