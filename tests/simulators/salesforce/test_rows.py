from __future__ import annotations

from typing import Any

import pytest

from simulators.vendors.salesforce.ids import BadId, long_id, numbered, recased
from tests.simulators.salesforce.org import DATA, START, Org

NOT_FOUND = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1][0]["errorCode"]


# -- ids ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("short", "long"), [("001D000000K0fXO", "001D000000K0fXOIAZ"), ("00190000001pPvH", "00190000001pPvHAAU")]
)
def test_the_long_form_tells_capitals(short: str, long: str) -> None:
    """Vendor examples: 15 characters and their three more; a long id in wrong case is put right."""
    assert long_id(short) == long_id(long) == recased(long.lower()) == long


@pytest.mark.parametrize("text", ["", "001", "001D000000K0fX!", "001D000000K0fXOIA?", "x" * 19, "é" * 15])
def test_other_text_is_no_id(text: str) -> None:
    """Wrong lengths and characters are refused."""
    with pytest.raises(BadId):
        long_id(text)


def test_numbers_make_ids_that_sort() -> None:
    """The n-th id of a kind is valid, new, and greater than the one before it."""
    made = [numbered("001", n) for n in range(1, 4_000)]
    assert made == sorted(set(made))
    assert all(long_id(i[:15]) == i for i in made)


def test_short_and_long_ids_read_the_same_record(org: Org) -> None:
    """15 and 18 characters both work; another case of the short one is another id; the answer is long."""
    id = org.made("Account", Name="Acme")
    assert org.get(f"/sobjects/Account/{id[:15]}")[1]["Id"] == id
    assert org.get(f"/sobjects/Account/{id.lower()}")[0] == 200
    assert org.get(f"/sobjects/Account/{id[:15].swapcase()}") == (404, NOT_FOUND)


# -- create, read, update, delete -----------------------------------------------------------------------
def test_a_created_record_is_announced(org: Org) -> None:
    """201 with id and Location; the record reads back with type, address, audit fields and nulls for what is empty."""
    status, answer, headers = org.ask("POST", f"{DATA}/sobjects/Account/", {"Name": "  Acme ", "Phone": ""})
    at = f"{DATA}/sobjects/Account/{answer['id']}"
    assert (status, answer) == (201, {"id": answer["id"], "success": True, "errors": []})
    assert headers[b"location"].decode() == at
    found = org.shown("Account", answer["id"])
    assert found["attributes"] == {"type": "Account", "url": at}
    assert (found["Name"], found["Phone"], found["IsDeleted"]) == ("Acme", None, False)
    assert found["CreatedDate"][:16] == found["SystemModstamp"][:16] == "2026-01-05T09:00"
    assert found["CreatedDate"].endswith("+0000")
    assert found["OwnerId"] == found["CreatedById"] == found["LastModifiedById"]


def test_fields_can_be_picked(org: Org) -> None:
    """?fields= shows those in their order; an unknown one is refused."""
    id = org.made("Account", Name="Acme")
    found = org.get(f"/sobjects/Account/{id}?fields=name,AccountNumber")[1]
    assert list(found) == ["attributes", "Name", "AccountNumber", "Id"]
    assert code(org.get(f"/sobjects/Account/{id}?fields=Nme")) == (400, "INVALID_FIELD")


def test_an_update_answers_nothing_and_moves_the_stamp(org: Org) -> None:
    """204 and a later modstamp, also when nothing differs; what was not named stays."""
    id = org.made("Account", Name="Acme", Industry="Energy")
    stamps = [org.shown("Account", id)["SystemModstamp"]]
    for _ in range(2):
        org.pass_time(60)
        assert org.patch(f"/sobjects/Account/{id}", {"Name": "Acme 2"}) == (204, None)
        stamps.append(org.shown("Account", id)["SystemModstamp"])
    assert stamps == sorted(set(stamps))
    assert org.shown("Account", id)["Industry"] == "Energy"


def test_null_empties_a_field(org: Org) -> None:
    """A null or an empty text is no value; a required field cannot be emptied."""
    id = org.made("Account", Name="Acme", Industry="Energy")
    org.patch(f"/sobjects/Account/{id}", {"Industry": None})
    assert org.shown("Account", id)["Industry"] is None
    for empty in (None, ""):
        status, answer = org.patch(f"/sobjects/Account/{id}", {"Name": empty})
        assert (status, answer[0]["errorCode"], answer[0]["fields"]) == (400, "REQUIRED_FIELD_MISSING", ["Name"])


def test_a_deleted_record_is_gone_but_known(org: Org) -> None:
    """204; then reading is 404, writing ENTITY_IS_DELETED, and only queryAll still shows it."""
    id = org.made("Account", Name="Acme")
    assert org.delete(f"/sobjects/Account/{id}") == (204, None)
    assert org.get(f"/sobjects/Account/{id}") == (404, NOT_FOUND)
    assert code(org.patch(f"/sobjects/Account/{id}", {"Name": "x"})) == (404, "ENTITY_IS_DELETED")
    assert code(org.delete(f"/sobjects/Account/{id}")) == (404, "ENTITY_IS_DELETED")
    assert org.query("SELECT Id FROM Account")[1]["totalSize"] == 0
    found = org.get("/queryAll?q=SELECT+Id,IsDeleted+FROM+Account+WHERE+IsDeleted=true")[1]["records"]
    assert [(r["Id"], r["IsDeleted"]) for r in found] == [(id, True)]


@pytest.mark.parametrize(
    ("body", "wanted", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", ["Name", "StageName", "CloseDate"]),
        ({"Nme": "x"}, "INVALID_FIELD", None),
        ({"Id": "0065e0000000001AAA"}, "INVALID_FIELD", None),
        ({"CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
        ({"IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsWon"]),
        ({"StageName": "Wonn"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["StageName"]),
        ({"CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CurrencyIsoCode"]),
        ({"Name": "x" * 121}, "STRING_TOO_LONG", ["Name"]),
        ({"Name": 5}, "JSON_PARSER_ERROR", None),
        ({"Amount": "much"}, "JSON_PARSER_ERROR", None),
        ({"Amount": True}, "JSON_PARSER_ERROR", None),
        ({"Amount": 1e17}, "NUMBER_OUTSIDE_VALID_RANGE", ["Amount"]),
        ({"Probability": 101}, "NUMBER_OUTSIDE_VALID_RANGE", ["Probability"]),
        ({"CloseDate": "31.12.2026"}, "JSON_PARSER_ERROR", None),
        ({"CloseDate": "2026-02-30"}, "JSON_PARSER_ERROR", None),
        ({"AccountId": "nonsense"}, "MALFORMED_ID", ["AccountId"]),
        ({"AccountId": "0035e0000000001AAA"}, "MALFORMED_ID", ["AccountId"]),
        ({"AccountId": numbered("001", 999)}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
        ({"Account": {"AccountNumber": "A-404"}}, "INVALID_FIELD", None),
        ({"Account": {"Name": "Acme"}}, "INVALID_FIELD", None),
        ({"Account": {}}, "INVALID_FIELD", None),
        ({"Dog": {"Name": "x"}}, "INVALID_FIELD", None),
    ],
)
def test_a_bad_body_is_refused_and_changes_nothing(org: Org, body: dict[str, Any], wanted: str, fields: list[str] | None) -> None:
    """Each mistake has its code and names its fields; nothing is written."""
    good = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2026-03-31"}
    before = org.system.digest()
    status, answer = org.post("/sobjects/Opportunity", {**good, **body} if body else {})
    assert (status, answer[0]["errorCode"], answer[0].get("fields")) == (400, wanted, fields)
    assert org.system.digest() == before


def test_an_email_is_checked(org: Org) -> None:
    """INVALID_EMAIL_ADDRESS, with the address in the sentence."""
    _, answer = org.post("/sobjects/Contact", {"LastName": "x", "Email": "not an address"})
    assert answer == [
        {"message": "Email: invalid email address: not an address", "errorCode": "INVALID_EMAIL_ADDRESS", "fields": ["Email"]}
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"Name": NaN}', b'{"Name": "\\ud800"}'])
def test_a_body_that_is_no_object_is_a_parser_error(org: Org, body: bytes) -> None:
    """Malformed JSON of any sort is 400 JSON_PARSER_ERROR."""
    assert code(org.post("/sobjects/Account", body)) == (400, "JSON_PARSER_ERROR")


def test_a_record_can_name_its_parent_by_external_id(org: Org) -> None:
    """{"Account": {"AccountNumber": ...}} stands for AccountId, at create and at update."""
    first, second = (org.made("Account", Name=n, AccountNumber=n) for n in ("A-1", "A-2"))
    id = org.made("Contact", LastName="x", Account={"AccountNumber": "A-1"})
    assert org.shown("Contact", id)["AccountId"] == first
    org.patch(f"/sobjects/Contact/{id}", {"Account": {"AccountNumber": "A-2"}})
    assert org.shown("Contact", id)["AccountId"] == second


# -- by external id -----------------------------------------------------------------------------------
def test_upsert_creates_then_updates(org: Org) -> None:
    """201 created:true, then 200 created:false; up to v45 an update answers 204."""
    at = "/sobjects/Account/AccountNumber/A-1"
    status, answer = org.patch(at, {"Name": "Acme"})
    assert (status, answer) == (201, {"id": answer["id"], "success": True, "errors": [], "created": True})
    assert org.patch(at, {"Name": "Acme 2"}) == (200, {**answer, "created": False})
    assert org.patch("/services/data/v45.0" + at, {"Name": "Acme 3"}) == (204, None)
    assert org.get(at)[1]["Name"] == "Acme 3"


def test_upsert_of_several_writes_nothing(org: Org) -> None:
    """300 with the addresses of all that match; neither changes."""
    ids = [org.made("Account", Name=n, AccountNumber="A-1") for n in ("one", "two")]
    before = org.system.digest()
    status, answer = org.patch("/sobjects/Account/AccountNumber/A-1", {"Name": "three"})
    assert (status, answer) == (300, [f"{DATA}/sobjects/Account/{i}" for i in ids])
    assert org.get("/sobjects/Account/AccountNumber/A-1")[0] == 300
    assert org.system.digest() == before


def test_upsert_takes_its_key_from_the_path_only(org: Org) -> None:
    """The key in the body is refused; updateOnly makes nothing; a field that is no external id is 404."""
    assert code(org.patch("/sobjects/SOW__c/SOW_Number__c/S-1", {"SOW_Number__c": "S-1"}))[0] == 400
    assert org.patch("/sobjects/SOW__c/SOW_Number__c/S-1?updateOnly=true", {}) == (404, NOT_FOUND)
    status, answer = org.patch("/sobjects/SOW__c/Project_Code__c/P-1", {})
    assert (status, answer[0]["message"]) == (
        404,
        "Provided external ID field does not exist or is not accessible: Project_Code__c",
    )


@pytest.mark.parametrize(("path", "key"), [("A%2F1%20b", "A/1 b"), ("A+1", "A 1"), ("A%2B1", "A+1"), ("%C3%84-1", "Ä-1")])
def test_keys_are_decoded_once(org: Org, path: str, key: str) -> None:
    """Slashes, blanks and pluses in a key survive the path."""
    assert org.patch(f"/sobjects/Account/AccountNumber/{path}", {"Name": "x"})[0] == 201
    assert org.rows("SELECT AccountNumber FROM Account")[0]["AccountNumber"] == key


def test_records_are_read_and_deleted_by_key(org: Org) -> None:
    """GET and DELETE by external id; then 404."""
    org.patch("/sobjects/SOW__c/SOW_Number__c/S-1", {"Type__c": "tm"})
    assert org.get("/sobjects/SOW__c/SOW_Number__c/S-1")[1]["Type__c"] == "tm"
    assert org.delete("/sobjects/SOW__c/SOW_Number__c/S-1") == (204, None)
    assert org.get("/sobjects/SOW__c/SOW_Number__c/S-1") == (404, NOT_FOUND)


def test_a_unique_key_is_held_once(org: Org) -> None:
    """A second record with a unique external id is DUPLICATE_VALUE and names the holder."""
    id = org.made("SOW__c", SOW_Number__c="S-1")
    status, answer = org.post("/sobjects/SOW__c", {"SOW_Number__c": "S-1"})
    message = f"duplicate value found: SOW_Number__c duplicates value on record with id: {id[:15]}"
    assert (status, answer) == (400, [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}])


# -- paths and methods ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/services/data/v67.0/nothing", "/services/data/v67.0/sobjects/Nothing", "/services/data/v67.0/sobjects/Nothing/describe",
        "/services/data/v99.0/limits", "/services/data/67.0/limits", "/services/data/vx/limits", "/services/apexrest/x",
        "/services/data/v67.0/jobs/ingest", "/services/data/v67.0/sobjects/Account/a/b/c",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(org: Org, path: str) -> None:
    """Unknown paths, objects and versions answer the vendor's 404."""
    assert org.get(path) == (404, NOT_FOUND)


def test_a_retired_version_is_gone(org: Org) -> None:
    """A version older than the oldest served is 410."""
    assert org.get("/services/data/v20.0/limits")[0] == 410


def test_another_method_is_not_allowed(org: Org) -> None:
    """405 names the methods that are."""
    status, answer, headers = org.ask("PUT", f"{DATA}/sobjects/Account", {})
    assert (status, headers[b"allow"]) == (405, b"GET,POST")
    assert answer == [{"message": "HTTP Method 'PUT' not allowed. Allowed are GET,POST", "errorCode": "METHOD_NOT_ALLOWED"}]


def test_only_json_is_read(org: Org) -> None:
    """A body of another type is 415; a charset does no harm."""
    at = f"{DATA}/sobjects/Account"
    assert org.ask("POST", at, {"Name": "x"}, {"content-type": "text/plain"})[0] == 415
    assert org.ask("POST", at, {"Name": "x"}, {"content-type": "application/json; charset=UTF-8"})[0] == 201


def test_a_trailing_slash_changes_nothing(org: Org) -> None:
    """Clients write collections with and without one; there is never a redirect."""
    assert org.get("/limits/")[0] == org.get("/limits")[0] == 200
    assert org.now() - round(org.loop.now * 1000) == START
