"""The record service: what is taken, what is answered, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .account import HOST, RECORD, Account, eid, time_body

BASE = f"https://{HOST}{RECORD}"


def test_put_with_an_external_id_creates_and_then_updates(account: Account) -> None:
    """PUT eid: answers 204 and a Location both times, and makes one record."""
    first = account.put("customer", "CUS-1", {"companyName": "Acme", "subsidiary": eid("SUB-US")})
    again = account.put("customer", "CUS-1", {"companyName": "Acme Ltd", "subsidiary": eid("SUB-US")})
    assert (first.status, again.status, first.body) == (204, 204, b"")
    assert first.headers["location"] == again.headers["location"] == f"{BASE}/customer/{first.id}"
    assert account.get("customer/eid:CUS-1")["companyName"] == "Acme Ltd"
    assert account.get("customer")["totalResults"] == 1


def test_same_put_again_changes_nothing(project: Account) -> None:
    """Sending the same body again writes no change: the version stays."""
    project.time()
    before = project.system.position
    assert project.put("timeBill", "TE-1", time_body()).status == 204
    assert project.put("salesOrder", "SO-S-00042", {"custbody_sow": "S-00042"}).status == 204
    assert project.system.position == before


def test_put_needs_an_external_id(project: Account) -> None:
    """PUT is valid only with an external id."""
    assert project.call("PUT", f"{RECORD}/customer/127", {"companyName": "x"}).problem[:2] == (405, "METHOD_NOT_ALLOWED")


def test_post_answers_where_the_record_is(account: Account) -> None:
    """POST answers 204, no body, and the new record's address."""
    made = account.call(
        "POST", f"{RECORD}/customer", {"companyName": "Acme", "subsidiary": {"id": account.system.row("subsidiary", "SUB-US").id}}
    )
    assert (made.status, made.body) == (204, b"")
    assert account.get(f"customer/{made.id}")["currency"]["refName"] == "USD"


def test_same_external_id_twice_is_refused(account: Account) -> None:
    """A POST with an external id that is held answers 400 USER_ERROR and creates nothing."""
    body = {"externalId": "CUS-1", "companyName": "Acme", "subsidiary": eid("SUB-US")}
    assert account.call("POST", f"{RECORD}/customer", body).status == 204
    again = account.call("POST", f"{RECORD}/customer", body)
    assert again.problem == (400, "USER_ERROR", "externalId")
    assert account.get("customer")["totalResults"] == 1


@pytest.mark.parametrize("said", [{"externalId": "SUB-US"}, "id", "number", "text", "eid:SUB-US"])
def test_references_come_in_any_spelling(account: Account, said: Any) -> None:
    """A select field takes {id}, {externalId}, a bare id, as text or number."""
    id = account.system.row("subsidiary", "SUB-US").id
    said = {"id": {"id": str(id)}, "number": {"id": id}, "text": str(id)}.get(said, said) if isinstance(said, str) else said
    assert account.put("customer", "C-1", {"companyName": "Acme", "subsidiary": said}).status == 204
    shown = account.get("customer/eid:C-1")["subsidiary"]
    assert shown == {
        "links": [{"rel": "self", "href": f"{BASE}/subsidiary/{id}"}],
        "id": str(id),
        "externalId": "SUB-US",
        "refName": "US entity",
    }


def test_reference_to_nothing_is_refused_at_its_field(account: Account) -> None:
    """A reference that points nowhere is INVALID_CONTENT with the field's path."""
    found = account.put("customer", "C-1", {"companyName": "Acme", "subsidiary": {"id": "9"}})
    assert found.problem == (400, "INVALID_CONTENT", "subsidiary")
    assert found.detail == "Error while accessing a resource. Invalid Field Value 9 for the following field: subsidiary."
    assert account.system.look("customer") == []


def test_mandatory_field_is_asked_for(account: Account) -> None:
    """A missing mandatory field is a USER_ERROR that names it."""
    found = account.put("customer", "C-1", {"subsidiary": eid("SUB-US")})
    assert found.problem == (400, "USER_ERROR", "companyName")
    assert found.detail == "Error while accessing a resource. Please enter value(s) for: companyName"


def test_unknown_property_is_an_error_a_warning_or_nothing(account: Account) -> None:
    """X-NetSuite-PropertyNameValidation decides; the default warns in a header and goes on."""
    body = {"companyName": "Acme", "subsidiary": eid("SUB-US"), "nope": 1}
    path = f"{RECORD}/customer/eid:C-1"
    strict = account.call("PUT", path, body, x_netsuite_propertynamevalidation="error")
    assert strict.problem == (400, "INVALID_CONTENT", "nope")
    assert account.system.look("customer") == []
    warned = account.call("PUT", path, body)
    assert (warned.status, warned.headers["warning"]) == (204, '299 - "Unknown property: nope"')
    assert "warning" not in account.call("PUT", path, body, x_netsuite_propertynamevalidation="ignore").headers
    assert "warning" in account.call("PUT", path, body).headers, "a body of the same names is no better known"
    assert account.call("PUT", path, body, x_netsuite_propertynamevalidation="maybe").problem[1] == "INVALID_HEADER"


def test_patch_by_external_id_changes_only_what_it_says(project: Account) -> None:
    """PATCH eid: changes one field, answers 204 with Location, and moves lastModifiedDate."""
    project.now += 60_000
    found = project.call("PATCH", f"{RECORD}/job/eid:JOB-S-00042", {"isInactive": True})
    assert (found.status, found.headers["location"].startswith(f"{BASE}/job/")) == (204, True)
    record = project.get("job/eid:JOB-S-00042")
    assert (record["isInactive"], record["custentity_sow"], record["lastModifiedDate"]) == (
        True,
        "S-00042",
        "2026-01-15T12:01:00Z",
    )


def test_null_clears_a_field(project: Account) -> None:
    """PATCH with null empties an optional field and refuses for a mandatory one."""
    project.call("PATCH", f"{RECORD}/customer/eid:CUS-A-00042-US", {"terms": None})
    assert "terms" not in project.get("customer/eid:CUS-A-00042-US")
    assert project.call("PATCH", f"{RECORD}/customer/eid:CUS-A-00042-US", {"companyName": None}).problem[1] == "USER_ERROR"


def test_missing_and_deleted_records_are_nonexistent(project: Account) -> None:
    """404 NONEXISTENT_ID for an id nobody has, an external id nobody has, and a deleted record."""
    project.time()
    assert project.call("DELETE", f"{RECORD}/timeBill/eid:TE-1").status == 204
    for key in ("eid:TE-1", "99999999", "eid:NOPE", "abc", "-1", "1" * 30):
        assert project.call("GET", f"{RECORD}/timeBill/{key}").problem[:2] == (404, "NONEXISTENT_ID"), key


def test_unknown_record_type_path_and_method(account: Account) -> None:
    """Each has its own answer in the vendor's shape."""
    assert account.call("GET", f"{RECORD}/unicorn/1").problem == (404, "NOT_FOUND", f"{RECORD}/unicorn/1")
    assert account.call("GET", f"{RECORD}/salesOrder-item/1").status == 404
    assert account.call("GET", "/services/rest/nothing").problem[:2] == (404, "NOT_FOUND")
    found = account.call("PUT", f"{RECORD}/customer", {})
    assert (found.status, "POST" in found.headers["allow"]) == (405, True)


def test_record_names_and_slashes_are_taken_loosely(project: Account) -> None:
    """Lower-case record names and a trailing slash work; answers use the camel-case name."""
    found = project.call("GET", f"{RECORD}/salesorder/eid:SO-S-00042/")
    assert found.json["links"][0]["href"].startswith(f"{BASE}/salesOrder/")


@pytest.mark.parametrize("key", ["a|b", "a b", "ä", "a.b", "x" * 300])
def test_external_ids_have_an_alphabet(account: Account, key: str) -> None:
    """Letters, digits, underscore and hyphen only."""
    assert account.put("customer", key, {"companyName": "x", "subsidiary": eid("SUB-US")}).problem[:2] == (
        400,
        "INVALID_PARAMETER",
    )


def test_fields_and_enums_are_shown_as_asked(project: Account) -> None:
    """`fields` narrows, simpleEnumFormat flattens, sublists are links until expanded."""
    record = project.get("salesOrder/eid:SO-S-00042", fields="total,orderStatus", simpleEnumFormat="true")
    assert {k: v for k, v in record.items() if k != "links"} == {"total": 6000.6, "orderStatus": "F"}
    whole = project.get("salesOrder/eid:SO-S-00042")
    assert whole["orderStatus"] == {"id": "F", "refName": "Pending Billing"}
    assert list(whole["item"]) == ["links"]


def test_sublist_and_its_lines_have_addresses(project: Account) -> None:
    """/item links its lines, expands on request, and each line can be read alone."""
    page = project.get("salesOrder/eid:SO-S-00042/item")
    assert (page["totalResults"], list(page["items"][0])) == (3, ["links"])
    line = project.get(page["items"][1]["links"][0]["href"].partition("/v1/")[2])
    assert (line["line"], line["amount"], line["custcol_line_key"]) == (2, 2000.2, "S-00042-M2")
    assert project.get("salesOrder/eid:SO-S-00042/item", expandSubResources="true")["items"][1]["amount"] == 2000.2
    assert project.call("GET", f"{RECORD}/salesOrder/eid:SO-S-00042/item/9").status == 404


def test_select_field_can_be_followed(project: Account) -> None:
    """/{record}/{id}/{selectField} answers the record it points at."""
    assert project.get("salesOrder/eid:SO-S-00042/entity")["externalId"] == "CUS-A-00042-US"
    assert project.call("GET", f"{RECORD}/salesOrder/eid:SO-S-00042/total").status == 404


def test_address_book_is_a_sublist_with_a_subrecord(account: Account) -> None:
    """The billing address goes in and comes out as addressBook, and what we do not model is kept."""
    address = {"addr1": "1 Main St", "addr2": "Suite 5", "city": "Hilo", "state": "HI", "zip": "96720", "country": {"id": "US"}}
    account.customer("C-1", addressBook={"items": [{"defaultBilling": True, "addressBookAddress": address}]})
    shown = account.get("customer/eid:C-1", expandSubResources="true")["addressBook"]["items"][0]["addressBookAddress"]
    assert shown == {**address, "country": {"id": "US", "refName": "US"}}
    row = account.system.row("customer", "C-1")
    assert (row.street, row.region, row.country) == ("1 Main St", "HI", "US")


def test_lines_without_a_key_are_added(project: Account) -> None:
    """Keyed lines are updated, unkeyed ones appended: the trap of a second PUT."""
    line = {"item": eid("MILESTONE"), "amount": 1.5, "custcol_tax_code": "US-00"}
    project.put("salesOrder", "SO-S-00042", {"item": {"items": [{"line": 2, "amount": 5}, line]}})
    items = project.get("salesOrder/eid:SO-S-00042", expandSubResources="true")["item"]["items"]
    assert [(i["line"], i["amount"]) for i in items] == [(1, 1000.1), (2, 5.0), (3, 3000.3), (4, 1.5)]
    assert project.get("salesOrder/eid:SO-S-00042")["total"] == 4006.9


def test_replace_removes_the_lines_not_listed(project: Account) -> None:
    """?replace=item keeps matching keys, removes the others, adds the rest."""
    project.put(
        "salesOrder", "SO-S-00042", {"item": {"items": [{"line": 3}, {"item": eid("MILESTONE"), "amount": 7}]}}, replace="item"
    )
    items = project.get("salesOrder/eid:SO-S-00042", expandSubResources="true")["item"]["items"]
    assert [(i["line"], i["amount"]) for i in items] == [(3, 3000.3), (4, 7.0)]


def test_refused_line_names_its_place_and_changes_nothing(project: Account) -> None:
    """A bad line is pointed at inside the sublist, and the whole request is undone."""
    before = project.system.digest()
    bad = {"memo": "x", "item": {"items": [{"line": 1, "amount": 9}, {"line": 2, "item": {"id": "1"}}]}}
    assert project.put("salesOrder", "SO-S-00042", bad).problem == (400, "INVALID_CONTENT", "item.items[1].item")
    assert project.system.digest() == before


def test_amount_follows_quantity_and_rate(project: Account) -> None:
    """A line without amount is quantity x rate; a change of either recomputes."""
    project.put(
        "salesOrder", "SO-S-00042", {"item": {"items": [{"item": eid("ROLE-SENIOR"), "quantity": 7.25, "rate": 185.5555}]}}
    )
    project.put("salesOrder", "SO-S-00042", {"item": {"items": [{"line": 4, "quantity": 0.5}]}})
    items = project.get("salesOrder/eid:SO-S-00042", expandSubResources="true")["item"]["items"]
    assert (items[3]["amount"], items[3]["rate"]) == (92.78, 185.5555)


def test_closed_order_is_fixed(project: Account) -> None:
    """An order may be closed, and not changed or opened after."""
    assert project.put("salesOrder", "SO-S-00042", {"orderStatus": {"id": "H"}}).status == 204
    assert project.put("salesOrder", "SO-S-00042", {"memo": "x", "custbody_cap": 5}).problem[1] == "USER_ERROR"
    assert project.put("salesOrder", "SO-S-00042", {"orderStatus": {"id": "F"}}).problem[1] == "USER_ERROR"
    assert project.bill_order("INV-1", 1).problem[1] == "USER_ERROR"


def test_lists_are_the_administrators(account: Account) -> None:
    """Subsidiaries, currencies, terms, tax codes and periods may be read, and are not changed by the integration's role."""
    assert account.get("currency")["totalResults"] == 3
    assert account.get("accountingPeriod/eid:2026-01-US")["closed"] is False
    for record in ("subsidiary", "currency", "term", "taxCode", "accountingPeriod"):
        assert account.call("POST", f"{RECORD}/{record}", {"name": "x"}).problem[:2] == (403, "INSUFFICIENT_PERMISSION"), record


def test_subsidiary_and_currency_must_agree(account: Account) -> None:
    """A project's subsidiary and currency are its customer's; an order's project is its customer's."""
    account.customer()
    account.customer("CUS-B", "UK", "GBP")
    assert (
        account.put("job", "J-1", {"companyName": "x", "parent": eid("CUS-B"), "subsidiary": eid("SUB-US")}).problem[1]
        == "INVALID_CONTENT"
    )
    assert (
        account.put("job", "J-1", {"companyName": "x", "parent": eid("CUS-B"), "currency": eid("USD")}).problem[2] == "currency"
    )
    account.job("J-B", "CUS-B")
    assert account.put("salesOrder", "O-1", {"entity": eid("CUS-A-00042-US"), "job": eid("J-B")}).status == 400
    assert account.system.look("sales_order") == []


def test_entity_may_be_the_project(project: Account) -> None:
    """An order or invoice for a project says so in `entity`; customer and project follow."""
    assert project.put("salesOrder", "SO-2", {"entity": eid("JOB-S-00042")}).status == 204
    row = project.system.row("sales_order", "SO-2")
    assert (row.job_id, row.customer_id) == (
        project.system.row("job", "JOB-S-00042").id,
        project.system.row("customer", "CUS-A-00042-US").id,
    )


def test_used_customer_keeps_subsidiary_and_stays(project: Account) -> None:
    """Nothing that hangs on a customer is pulled away from under it."""
    path = f"{RECORD}/customer/eid:CUS-A-00042-US"
    assert project.call("PATCH", path, {"subsidiary": eid("SUB-UK"), "currency": eid("GBP")}).problem[1] == "USER_ERROR"
    assert project.call("DELETE", path).problem[1] == "USER_ERROR"
    assert project.call("PATCH", path, {"companyName": "Renamed"}).status == 204


def test_ids_are_unique_across_transactions_and_entities(work: Account) -> None:
    """Internal ids of all transactions are one series, those of all entities too."""
    ids = [
        row["id"]
        for kind in ("sales_order", "expense_report", "customer", "job", "time_bill", "employee")
        for row in work.system.look(kind)
    ]
    assert len(set(ids)) == len(ids)
