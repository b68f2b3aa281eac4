"""The schema moves under a running system: names, types and demands change for records, filters and SuiteQL at once."""

from __future__ import annotations

from simulators.kernel.wire import Column
from simulators.vendors.netsuite.codecs import TEXT
from simulators.vendors.netsuite.wires import CUSTOMER
from simulators.vendors.netsuite.wires_transactions import TIME_BILL

from .account import RECORD, SUITEQL, Account, time_body


def test_renamed_field_is_new_everywhere(project: Account) -> None:
    """The old name is unknown to bodies and queries, the new one shows what was written before."""
    project.time()
    project.system.adopt(TIME_BILL.rename("custcol_work_date", "custcol_day_worked"))
    assert project.get("timeBill/eid:TE-1")["custcol_day_worked"] == "2026-01-12"
    assert project.rows("SELECT custcol_day_worked FROM timebill") == [{"custcol_day_worked": "2026-01-12"}]
    old = project.call("POST", SUITEQL, {"q": "SELECT custcol_work_date FROM timebill"}, prefer="transient")
    assert old.problem[1] == "INVALID_PARAMETER"
    strict = {"x_netsuite_propertynamevalidation": "error"}
    assert project.call("PUT", f"{RECORD}/timeBill/eid:TE-2", time_body(), **strict).problem == (
        400,
        "INVALID_CONTENT",
        "custcol_work_date",
    )


def test_newly_demanded_field_is_asked_for(account: Account) -> None:
    """A customization makes a field mandatory: creates without it fail, old records stay."""
    account.customer("C-1")
    account.system.adopt(CUSTOMER.demand(Column("custentity_region", "extra.region", TEXT)))
    body = {"companyName": "x", "subsidiary": {"externalId": "SUB-US"}}
    assert account.put("customer", "C-2", body).problem == (400, "USER_ERROR", "custentity_region")
    assert account.put("customer", "C-2", {**body, "custentity_region": "EMEA"}).status == 204
    assert account.rows("SELECT externalid, custentity_region FROM customer") == [
        {"externalid": "C-1"}, {"externalid": "C-2", "custentity_region": "EMEA"}]  # fmt: skip


def test_removed_field_is_gone(account: Account) -> None:
    """A removed field is neither shown nor taken."""
    account.customer("C-1", email="a@b.example")
    account.system.adopt(CUSTOMER.remove("email"))
    assert "email" not in account.get("customer/eid:C-1")
    assert account.call("GET", f"{RECORD}/customer", query={"q": "email EMPTY"}).problem == (400, "INVALID_PARAMETER", "q")


def test_restored_snapshot_answers_as_before(project: Account) -> None:
    """After a restore, ids, numbers, views and plans go on where the snapshot stood."""
    image = project.system.snapshot()
    project.time("TE-1")
    project.bill_job("INV-1", time=("TE-1",))
    first = project.get("invoice/eid:INV-1")
    project.system.restore(image)
    assert project.rows("SELECT COUNT(*) n FROM timebill") == [{"n": "0"}]
    project.time("TE-1")
    project.bill_job("INV-1", time=("TE-1",))
    assert project.get("invoice/eid:INV-1") == first


def test_metadata_catalog_follows_the_wires(account: Account) -> None:
    """The catalog lists the record types; a record's JSON Schema names its fields, read-only and references among them."""
    names = [item["name"] for item in account.get("metadata-catalog")["items"]]
    assert {"customer", "job", "salesOrder", "invoice", "timeBill", "expenseReport", "customerPayment"} <= set(names)
    schema = account.call("GET", f"{RECORD}/metadata-catalog/invoice", accept="application/schema+json").json
    assert schema["properties"]["total"]["readOnly"] is True
    assert schema["properties"]["entity"]["x-ns-reference"] == "customer"
    assert "custcol_source" in schema["properties"]["time"]["properties"]["items"]["items"]["properties"]
    account.system.adopt(CUSTOMER.remove("email"))
    assert "email" not in account.get("metadata-catalog/customer")["properties"]
    api = account.call(
        "GET", f"{RECORD}/metadata-catalog", query={"select": "customer,job"}, accept="application/swagger+json"
    ).json
    assert sorted(api["components"]["schemas"]) == ["customer", "job"]
