"""Invoices: made by transform or on their own, posted at once, numbered without gaps, fixed afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.kernel.records import Refusal

from .account import RECORD, Account, eid


def invoice(account: Account, key: str, **query: Any) -> Any:
    return account.get(f"invoice/eid:{key}", **query)


def untouched(account: Account, refused: Any, code: str = "USER_ERROR") -> None:
    """The call was refused with that code, no invoice exists, nothing is marked."""
    assert refused.problem[:2] == (400, code), refused.body
    assert account.system.look("invoice") == account.system.look("invoice_line") == []
    assert not any(b["invoice_id"] for b in account.system.look("time_bill"))


def test_job_invoice_takes_exactly_the_ticked_work(work: Account) -> None:
    """job !transform/invoice bills what is ticked, at its rate, and marks it; the rest stays unbilled."""
    made = work.bill_job(time=("TE-2",), expenses=("EX-1",))
    assert (made.status, made.body) == (204, b"")
    record = invoice(work, "INV-S-00042-202601-1", expandSubResources="true")
    assert [(i["custcol_source"], i["quantity"], i["rate"], i["amount"]) for i in record["time"]["items"]] == [
        ("TE-2", 0.25, 185.5555, 46.39)
    ]
    assert [(i["custcol_source"], i["amount"], i["custcol_work_date"]) for i in record["expCost"]["items"]] == [
        ("EX-1", 84.55, "2026-01-09")
    ]
    assert (record["total"], record["custbody_sow"], record["job"]["externalId"]) == (130.94, "S-00042", "JOB-S-00042")
    bills = {b["external_id"]: b["invoice_id"] for b in work.system.look("time_bill")}
    assert bills == {"TE-1": None, "TE-2": int(made.id)}


def test_nothing_ticked_is_no_invoice(work: Account) -> None:
    """Unticked candidates are not billed, and an invoice without lines is refused."""
    untouched(work, work.bill_job())
    body = {"externalId": "INV-1", "time": {"items": [{"doc": eid("TE-1"), "apply": False}]}}
    untouched(work, work.call("POST", f"{RECORD}/job/eid:JOB-S-00042/!transform/invoice", body))


def test_work_is_billed_once(work: Account) -> None:
    """A billed time bill or expense is refused for a second invoice, and the number is not used up."""
    work.bill_job("INV-1", time=("TE-1",), expenses=("EX-1",))
    for again in (work.bill_job("INV-2", time=("TE-2", "TE-1")), work.bill_job("INV-2", expenses=("EX-1",))):
        assert again.problem[1] == "USER_ERROR"
    assert [i["number"] for i in work.system.look("invoice")] == ["INVUS000001"]
    work.bill_job("INV-3", time=("TE-2",))
    assert [i["number"] for i in work.system.look("invoice")] == ["INVUS000001", "INVUS000002"]


def test_same_work_twice_in_one_invoice_is_refused(work: Account) -> None:
    """A time bill listed twice is not billed twice."""
    untouched(work, work.bill_job(time=("TE-1", "TE-1")), "INVALID_CONTENT")


def test_work_of_another_project_is_refused(work: Account) -> None:
    """Only the project's own unbilled work may be ticked."""
    work.job("JOB-S-2")
    work.time("TE-9", "JOB-S-2")
    untouched(work, work.bill_job(time=("TE-9",)), "INVALID_CONTENT")


def test_unbillable_work_is_refused(work: Account) -> None:
    """What is not billable is not billed."""
    work.time("TE-9", isBillable=False)
    untouched(work, work.bill_job(time=("TE-9",)), "INVALID_CONTENT")


def test_work_without_tax_code_is_refused(work: Account) -> None:
    """No line is posted without a tax code."""
    work.time("TE-9", custcol_tax_code=None)
    untouched(work, work.bill_job(time=("TE-9",)))


def test_billed_time_is_fixed(work: Account) -> None:
    """A time bill that an invoice has taken is neither changed nor deleted; saying the same again is fine."""
    work.bill_job(time=("TE-1",))
    before = work.system.digest()
    assert work.put("timeBill", "TE-1", {"hours": "8:00"}).problem[1] == "USER_ERROR"
    assert work.call("DELETE", f"{RECORD}/timeBill/eid:TE-1").problem[1] == "USER_ERROR"
    assert work.put("timeBill", "TE-1", {"hours": "7:15"}).status == 204
    assert work.system.digest() == before


def test_billed_expense_is_fixed(work: Account) -> None:
    """So is an expense line, and the report it stands on."""
    work.bill_job(expenses=("EX-1",))
    before = work.system.digest()
    changed = {"expense": {"items": [{"line": 1, "amount": 99}]}}
    assert work.put("expenseReport", "EX-1", changed).problem[1] == "USER_ERROR"
    assert work.put("expenseReport", "EX-1", {"memo": "x"}).problem[1] == "USER_ERROR"
    assert work.call("DELETE", f"{RECORD}/expenseReport/eid:EX-1").problem[1] == "USER_ERROR"
    assert work.system.digest() == before


def test_chosen_order_lines_are_billed_once(project: Account) -> None:
    """salesOrder !transform/invoice?replace=item bills the listed lines; each line once."""
    assert project.bill_order("INV-S-00042-M2", 2).status == 204
    record = invoice(project, "INV-S-00042-M2", expandSubResources="true")
    assert [(i["custcol_source"], i["amount"]) for i in record["item"]["items"]] == [("S-00042-M2", 2000.2)]
    assert record["createdFrom"]["externalId"] == "SO-S-00042"
    assert project.bill_order("INV-X", 2).problem == (400, "USER_ERROR", "item.items[0].orderLine")
    assert project.bill_order("INV-X", 9).problem == (400, "INVALID_CONTENT", "item.items[0].orderLine")
    assert len(project.system.look("invoice")) == 1


def test_transform_without_replace_bills_all_that_is_left(project: Account) -> None:
    """As in NetSuite, an order's transform takes every line unless replace narrows it; not the unbillable ones."""
    project.bill_order("INV-1", 2)
    project.put("salesOrder", "SO-S-00042", {"item": {"items": [{"line": 1, "isBillable": False}]}})
    project.bill_order("INV-2")
    record = invoice(project, "INV-2", expandSubResources="true")
    assert [i["custcol_source"] for i in record["item"]["items"]] == ["S-00042-M3"]
    project.put("salesOrder", "SO-S-00042", {"item": {"items": [{"line": 1, "isBillable": True}]}})
    assert project.bill_order("INV-3").status == 204
    assert project.bill_order("INV-4").problem[1] == "USER_ERROR"


def test_invoiced_order_line_is_fixed(project: Account) -> None:
    """A billed line is not changed or removed, nor its order deleted."""
    project.bill_order("INV-1", 2)
    before = project.system.digest()
    assert project.put("salesOrder", "SO-S-00042", {"item": {"items": [{"line": 2, "amount": 1}]}}).problem[1] == "USER_ERROR"
    assert project.put("salesOrder", "SO-S-00042", {"item": {"items": [{"line": 1}]}}, replace="item").problem[1] == "USER_ERROR"
    assert project.call("DELETE", f"{RECORD}/salesOrder/eid:SO-S-00042").problem[1] == "USER_ERROR"
    assert project.system.digest() == before


def test_same_external_id_makes_one_invoice(work: Account) -> None:
    """The second transform with that external id is refused, and leaves the other work alone."""
    assert work.bill_job("INV-1", time=("TE-1",)).status == 204
    again = work.bill_job("INV-1", time=("TE-2",))
    assert again.problem == (400, "USER_ERROR", "externalId")
    assert work.system.row("time_bill", "TE-2").invoice_id is None


def test_posted_invoice_is_neither_changed_nor_deleted(work: Account) -> None:
    """Created means posted: no field of the document moves again over the API."""
    work.bill_job("INV-1", time=("TE-1",))
    before = work.system.digest()
    for body in ({"memo": "x"}, {"tranDate": "2026-02-01"}, {"dueDate": "2026-12-31"}, {"time": {"items": [{"doc": eid("TE-2"), "apply": True}]}},
                 {"item": {"items": [{"item": eid("ROLE-PM"), "amount": 1}]}}, {"externalId": "INV-2"}, {"otherRefNum": "x"}):  # fmt: skip
        assert work.call("PATCH", f"{RECORD}/invoice/eid:INV-1", body).problem[1] == "USER_ERROR", body
    for name in ("total", "status", "tranId", "amountRemaining", "custbody_version"):
        assert work.call("PATCH", f"{RECORD}/invoice/eid:INV-1", {name: 1}).problem == (400, "INVALID_CONTENT", name)
    assert work.call("DELETE", f"{RECORD}/invoice/eid:INV-1").problem[1] == "USER_ERROR"
    assert work.system.digest() == before


def test_invoice_upsert_is_idempotent(work: Account) -> None:
    """PUT invoice/eid: with the project as entity posts once; the same body again changes nothing, another is refused."""
    body = {"entity": eid("JOB-S-00042"), "tranDate": "2026-01-31", "time": {"items": [{"doc": eid("TE-1"), "apply": True}]}}
    assert work.put("invoice", "INV-1", body).status == 204
    before = work.system.digest()
    assert work.put("invoice", "INV-1", body).status == 204
    assert work.put("invoice", "INV-1", {**body, "tranDate": "2026-01-30"}).problem[1] == "USER_ERROR"
    assert work.system.digest() == before


def test_free_lines_need_a_tax_code_and_an_item(account: Account) -> None:
    """An invoice of its own states item, amount and tax code."""
    account.customer()
    line = {"item": eid("ROLE-PM"), "quantity": 2, "rate": 10.125, "custcol_tax_code": "US-NM", "custcol_source": "X-1"}
    for body in ({"item": {"items": [{**line, "custcol_tax_code": None}]}}, {"item": {"items": [{"amount": 5}]}}, {}):
        assert account.put("invoice", "INV-1", {"entity": eid("CUS-A-00042-US"), **body}).status == 400
    assert account.system.look("invoice") == []
    assert account.put("invoice", "INV-1", {"entity": eid("CUS-A-00042-US"), "item": {"items": [line]}}).status == 204
    assert [invoice(account, "INV-1")[k] for k in ("subtotal", "taxTotal", "total", "dueDate")] == [
        20.25,
        1.04,
        21.29,
        "2026-02-14",
    ]


def test_numbers_run_without_gaps_per_subsidiary(project: Account) -> None:
    """Each subsidiary has its own series; refused attempts leave no hole."""
    project.customer("CUS-B", "UK", "GBP")
    project.job("JOB-B", "CUS-B")
    for n in range(3):
        project.time(f"TE-B{n}", "JOB-B", custcol_tax_code="UK-S20")
        project.bill_job(f"INV-B{n}", "JOB-B", ())
        project.bill_job(f"INV-B{n}", "JOB-B", (f"TE-B{n}",))
        project.bill_order(f"INV-A{n}", n + 1)
    numbers = [i["number"] for i in project.system.look("invoice")]
    assert numbers == ["INVUK000001", "INVUS000001", "INVUK000002", "INVUS000002", "INVUK000003", "INVUS000003"]


@pytest.mark.parametrize("verbs", [("soft_close",), ("soft_close", "close")])
def test_closed_period_takes_no_posting(work: Account, verbs: tuple[str, ...]) -> None:
    """Invoices and time dated in a closed or soft closed period are refused; reopening lets them in."""
    for verb in verbs:
        work.act(verb, "period", "2026-01-US")
    refused = work.bill_job(time=("TE-1",))
    untouched(work, refused)
    assert "closed or locked accounting period" in refused.detail
    late = work.put("timeBill", "TE-9", {"tranDate": "2026-01-12", **time_without_date()})
    assert late.problem == (400, "USER_ERROR", "tranDate")
    assert work.put("timeBill", "TE-9", {"tranDate": "2026-02-01", **time_without_date()}).status == 204
    assert work.bill_job("INV-2", time=("TE-1",), tranDate="2026-02-01").status == 204
    work.act("reopen", "period", "2026-01-US")
    assert work.bill_job("INV-3", time=("TE-2",)).status == 204


def time_without_date() -> dict[str, Any]:
    return {"employee": eid("P-0007"), "customer": eid("JOB-S-00042"), "item": eid("ROLE-SENIOR"), "hours": "1:00", "rate": 10}


def test_closed_period_of_one_subsidiary_does_not_stop_another(work: Account) -> None:
    """Periods are closed per subsidiary."""
    work.act("soft_close", "period", "2026-01-UK")
    assert work.bill_job(time=("TE-1",)).status == 204


def test_period_that_was_never_set_up_is_closed(work: Account) -> None:
    """A date outside every period is refused like a closed one."""
    untouched(work, work.bill_job(time=("TE-1",), tranDate="2031-01-01"))


def test_period_moves_in_order(account: Account) -> None:
    """Open, soft closed, closed; closed only from soft closed; a controller reopens."""
    with pytest.raises(Refusal) as refused:
        account.act("close", "period", "2026-01-US")
    assert refused.value.code == "illegal_transition"
    assert account.system.row("period", "2026-01-US").state == "open"


def test_invoice_may_not_contradict_its_source(work: Account) -> None:
    """Customer, project, subsidiary and currency come from the source."""
    work.customer("CUS-C")
    untouched(work, work.bill_job(time=("TE-1",), entity=eid("CUS-C")), "INVALID_CONTENT")
    untouched(work, work.bill_job(time=("TE-1",), currency=eid("GBP")), "INVALID_CONTENT")


def test_transform_pairs_are_limited(work: Account) -> None:
    """Only salesOrder and job become invoices here; anything else is refused in words."""
    assert work.call("POST", f"{RECORD}/customer/eid:CUS-A-00042-US/!transform/invoice", {}).problem[1] == "INVALID_PARAMETER"
    assert work.call("POST", f"{RECORD}/job/eid:NOPE/!transform/invoice", {}).problem[:2] == (404, "NONEXISTENT_ID")
    assert work.call("POST", f"{RECORD}/job/eid:JOB-S-00042/!transform/unicorn", {}).status == 404


def test_sending_moves_version_and_modstamp(work: Account) -> None:
    """The AR clerk's `send` is visible to a poll: status, version and lastModifiedDate move."""
    work.bill_job("INV-1", time=("TE-1",))
    work.now += 5_000
    work.act("send", "invoice", "INV-1")
    record = invoice(work, "INV-1")
    assert [record[k] for k in ("custbody_ar_status", "custbody_version", "lastModifiedDate")] == [
        "sent",
        2,
        "2026-01-15T12:00:05Z",
    ]
    assert record["status"] == {"id": "A", "refName": "Open"}


def test_amounts_of_an_invoice_are_on_its_lines_too(work: Account) -> None:
    """Main line, lines and tax of transactionline sum to zero, as in NetSuite."""
    work.time("TE-9", custcol_tax_code="US-NM")
    work.bill_job("INV-1", time=("TE-1", "TE-9"), expenses=("EX-1",))
    rows = work.rows("SELECT SUM(tl.foreignamount) AS total, COUNT(*) AS n FROM transactionline tl JOIN transaction t ON t.id = tl.transaction "
                     "WHERE t.type = 'CustInvc'")  # fmt: skip
    assert rows == [{"total": "0", "n": "5"}]
