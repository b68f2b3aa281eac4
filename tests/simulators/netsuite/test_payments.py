"""Payments: booked by the AR clerk or over the API, applied to open invoices, never beyond."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.kernel.records import Refusal

from .account import RECORD, Account, eid


@pytest.fixture
def billed(work: Account) -> Account:
    """Two invoices of one customer: 1341.25 and 46.39."""
    work.bill_job("INV-1", time=("TE-1",))
    work.bill_job("INV-2", time=("TE-2",))
    return work


def receive(account: Account, ref: str, amount: int, *applications: tuple[str, int], **more: Any) -> str:
    values = {"bank_ref": ref, "customer": "CUS-A-00042-US", "amount": amount, "currency": "USD", "received_on": "2026-01-15",
              "applications": [{"invoice": i, "amount": a} for i, a in applications], **more}  # fmt: skip
    return account.act("receive", "payment", ref, **values)


def state(account: Account, key: str) -> tuple[str, int, int]:
    row = account.system.row("invoice", key)
    return row.status, row.paid, row.open_balance


def test_partial_payment_and_the_rest(billed: Account) -> None:
    """Balance and status follow each application; paid off means Paid In Full."""
    billed.act("send", "invoice", "INV-1")
    receive(billed, "BANK-1", 100_000, ("INV-1", 100_000))
    assert state(billed, "INV-1") == ("partially_paid", 100_000, 34_125)
    billed.now += 1000
    receive(billed, "BANK-2", 40_000, ("INV-1", 34_125), ("INV-2", 4_639))
    assert (state(billed, "INV-1"), state(billed, "INV-2")) == (("paid", 134_125, 0), ("paid", 4_639, 0))
    assert billed.get("invoice/eid:INV-1")["status"] == {"id": "B", "refName": "Paid In Full"}
    rows = billed.rows("SELECT tranid, foreigntotal, foreignpaymentamountused AS used, foreignpaymentamountunused AS unused FROM transaction "
                       "WHERE type = 'CustPymt' ORDER BY tranid")  # fmt: skip
    assert rows[1] == {"tranid": "BANK-2", "foreigntotal": "400", "used": "387.64", "unused": "12.36"}


@pytest.mark.parametrize(
    ("code", "ref", "amount", "applications", "more"),
    [
        ("over_applied", "B", 200_000, (("INV-1", 134_126),), {}),
        ("over_applied", "B", 100, (("INV-1", 101),), {}),
        ("over_applied", "B", 200_000, (("INV-1", 100_000), ("INV-1", 34_126)), {}),
        ("bad_value", "B", 0, (), {}),
        ("bad_value", "B", 100, (("INV-1", -5),), {}),
        ("bad_value", "B", 100, (), {"currency": "GBP"}),
        ("dangling", "B", 100, (("INV-9", 5),), {}),
        ("dangling", "B", 100, (), {"customer": "CUS-NOPE"}),
        ("bad_value", "B", 100, (("INV-1", 5),), {"customer": "CUS-OTHER"}),
        ("closed_period", "B", 100, (), {"received_on": "2031-01-01"}),
        ("required", "B", 100, (), {"bank_ref": None}),
    ],
)
def test_impossible_payment_is_refused_whole(
    billed: Account, code: str, ref: str, amount: int, applications: Any, more: dict[str, Any]
) -> None:
    """Too much, the wrong currency, customer, invoice or period: refused, and nothing has moved."""
    billed.customer("CUS-OTHER")
    before = billed.system.digest()
    with pytest.raises(Refusal) as refused:
        receive(billed, ref, amount, *applications, **more)
    assert refused.value.code == code
    assert billed.system.digest() == before


def test_bank_reference_is_booked_once_a_subsidiary(billed: Account) -> None:
    """The same bank reference twice is refused, in another subsidiary it is another payment."""
    receive(billed, "BANK-1", 100)
    with pytest.raises(Refusal) as refused:
        receive(billed, "BANK-1", 100)
    assert refused.value.code == "duplicate"
    billed.customer("CUS-B", "UK", "GBP")
    receive(billed, "BANK-1", 100, customer="CUS-B", currency="GBP")
    assert len(billed.system.look("payment")) == 2


def test_payment_over_the_api_is_the_same_verb(billed: Account) -> None:
    """customerPayment with apply lines books and applies; a second PUT of it changes nothing; a change is refused."""
    body = {"customer": eid("CUS-A-00042-US"), "payment": 100.5, "tranDate": "2026-01-20",
            "apply": {"items": [{"doc": eid("INV-1"), "apply": True, "amount": 90.25}, {"doc": eid("INV-2"), "apply": False, "amount": 1}]}}  # fmt: skip
    assert billed.put("customerPayment", "PAY-1", body).status == 204
    assert state(billed, "INV-1") == ("partially_paid", 9_025, 125_100)
    before = billed.system.digest()
    assert billed.put("customerPayment", "PAY-1", body).status == 204
    assert billed.put("customerPayment", "PAY-1", {"payment": 1}).problem[1] == "USER_ERROR"
    assert billed.call("DELETE", f"{RECORD}/customerPayment/eid:PAY-1").problem[1] == "USER_ERROR"
    assert billed.system.digest() == before
    shown = billed.get("customerPayment/eid:PAY-1", expandSubResources="true")
    assert [shown[k] for k in ("payment", "applied", "unapplied", "checkNum")] == [100.5, 90.25, 10.25, "PAY-1"]
    assert [line["amount"] for line in shown["apply"]["items"]] == [90.25]


def test_over_application_over_the_api_is_worded_by_the_vendor(billed: Account) -> None:
    """More than is due is a USER_ERROR, and no payment is left behind."""
    body = {"customer": eid("CUS-A-00042-US"), "payment": 9999, "apply": {"items": [{"doc": eid("INV-2"), "amount": 46.4}]}}
    assert billed.put("customerPayment", "PAY-1", body).problem[1] == "USER_ERROR"
    assert billed.system.look("payment") == []


def test_dispute_blocks_payment_until_resolved(billed: Account) -> None:
    """A disputed invoice is resolved before it is paid."""
    billed.act("send", "invoice", "INV-1")
    billed.act("dispute", "invoice", "INV-1")
    with pytest.raises(Refusal) as refused:
        receive(billed, "BANK-1", 100, ("INV-1", 100))
    assert refused.value.code == "illegal_transition"
    billed.act("resolve", "invoice", "INV-1")
    receive(billed, "BANK-1", 100, ("INV-1", 100))
    assert state(billed, "INV-1")[0] == "partially_paid"


def test_paid_invoice_can_still_be_marked_sent(billed: Account) -> None:
    """A clerk who is slower than the payer loses nothing: the sending is noted, the status stays paid."""
    receive(billed, "BANK-1", 4_639, ("INV-2", 4_639))
    billed.act("send", "invoice", "INV-2")
    row = billed.system.row("invoice", "INV-2")
    assert (row.status, row.sent_at) == ("paid", billed.now)


def test_unknown_invoice_cannot_be_sent(billed: Account) -> None:
    """A verb on a record that is not there is refused."""
    with pytest.raises(Refusal) as refused:
        billed.act("send", "invoice", "INV-9")
    assert refused.value.code == "missing"
