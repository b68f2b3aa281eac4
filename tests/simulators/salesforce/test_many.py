from __future__ import annotations

from typing import Any

import pytest

from simulators.kernel.records import Refusal
from simulators.vendors.salesforce import SalesforceSettings
from tests.simulators.salesforce.conftest import OpenOrg
from tests.simulators.salesforce.org import DATA, Org

ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"


def account(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account"}, **fields}


def invoice(key: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Invoice__c"}, "Invoice_Key__c": key, **fields}


def outcome(answer: list[dict[str, Any]]) -> list[str]:
    """ok, or the status code of each result."""
    return ["ok" if r["success"] else r["errors"][0]["statusCode"] for r in answer]


# -- collections --------------------------------------------------------------------------------------
def test_each_record_of_a_collection_has_its_own_end(org: Org) -> None:
    """200 whatever becomes of them, results in request order; the key of an error is statusCode."""
    records = [account(Name="one"), account(Nme="x"), {"attributes": {"type": "Dog"}}, {"Name": "y"}, account(Name="two")]
    status, answer = org.post("/composite/sobjects", {"allOrNone": False, "records": records})
    assert (status, outcome(answer)) == (200, ["ok", "INVALID_FIELD", "INVALID_TYPE", "INVALID_TYPE", "ok"])
    assert set(answer[1]["errors"][0]) == {"statusCode", "message", "fields"}
    assert [r["Name"] for r in org.rows("SELECT Name FROM Account ORDER BY Name")] == ["one", "two"]


def test_all_or_none(org: Org) -> None:
    """With allOrNone one mistake undoes all; the innocent say so."""
    before = org.system.digest()
    status, answer = org.post(
        "/composite/sobjects", {"allOrNone": True, "records": [account(Name="one"), account(), account(Name="two")]}
    )
    assert (status, outcome(answer)) == (200, [ROLLED_BACK, "REQUIRED_FIELD_MISSING", ROLLED_BACK])
    assert org.system.digest() == before


def test_collections_update_by_id(org: Org) -> None:
    """Ids stand in the records; an unknown one is a cross reference error."""
    one, two = (org.made("Account", Name=n) for n in ("one", "two"))
    records = [
        account(id=one, Name="1"),
        account(Id=two[:15], Name="2"),
        account(Id="0015e0000000999AAA", Name="3"),
        account(Name="4"),
    ]
    status, answer = org.patch("/composite/sobjects", {"records": records})
    assert (status, outcome(answer)) == (200, ["ok", "ok", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"])
    assert [r["Name"] for r in org.rows("SELECT Name FROM Account ORDER BY Name")] == ["1", "2"]


def test_collections_delete_by_id(org: Org) -> None:
    """Ids of any objects in the query string; allOrNone there too."""
    one, two = org.made("Account", Name="one"), org.made("Product2", Name="two")
    status, answer = org.delete(f"/composite/sobjects?ids={one},0015e0000000999AAA,{two}&allOrNone=true")
    assert (status, outcome(answer)) == (200, [ROLLED_BACK, "INVALID_CROSS_REFERENCE_KEY", ROLLED_BACK])
    status, answer = org.delete(f"/composite/sobjects?ids={one},{two}")
    assert (status, outcome(answer)) == (200, ["ok", "ok"])


def test_collections_upsert_by_key(sold: Org) -> None:
    """created tells new from known; a missing and a repeated key fail alone; parents may be named by their keys."""
    parent = {"SOW__r": {"SOW_Number__c": "S-1"}}
    records = [
        invoice("INV-1", Gross__c=1.5, **parent),
        invoice("INV-9", Gross__c=2, **parent),
        invoice("INV-9", Gross__c=3),
        {"attributes": {"type": "Invoice__c"}, "Gross__c": 4},
        invoice("INV-8", SOW__r={"SOW_Number__c": "S-404"}),
    ]
    status, answer = sold.patch("/composite/sobjects/Invoice__c/Invoice_Key__c", {"allOrNone": False, "records": records})
    assert (status, [r.get("created") for r in answer]) == (200, [False, True, None, None, None])
    assert outcome(answer)[2:] == ["FIELD_CUSTOM_VALIDATION_EXCEPTION", "REQUIRED_FIELD_MISSING", "INVALID_FIELD"]
    found = sold.rows("SELECT Invoice_Key__c, Gross__c FROM Invoice__c ORDER BY Invoice_Key__c")
    assert [(r["Invoice_Key__c"], r["Gross__c"]) for r in found] == [("INV-1", 1.5), ("INV-2", 80.0), ("INV-9", 2.0)]


def test_a_fault_plan_can_fail_single_records(sold: Org) -> None:
    """row_faults fails the records it names, the others are saved: partial failure."""
    sold.system.state.row_faults.append(lambda _object, key: Refusal("locked", "locked") if key == "INV-8" else None)
    records = [invoice("INV-7"), invoice("INV-8"), invoice("INV-9")]
    _, answer = sold.patch("/composite/sobjects/Invoice__c/Invoice_Key__c", {"records": records})
    assert outcome(answer) == ["ok", "UNABLE_TO_LOCK_ROW", "ok"]


def test_collections_read_by_id(org: Org) -> None:
    """Null where there is nothing; by GET and by POST."""
    id = org.made("Account", Name="one")
    by_get = org.get(f"/composite/sobjects/Account?ids={id},0015e0000000999AAA&fields=Name")
    by_post = org.post("/composite/sobjects/Account", {"ids": [id, "0015e0000000999AAA"], "fields": ["Name"]})
    assert by_get == by_post
    assert (by_get[0], by_get[1][0]["Name"], by_get[1][1]) == (200, "one", None)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, "JSON_PARSER_ERROR"),
        ({"records": {}}, "JSON_PARSER_ERROR"),
        ({"records": [1]}, "JSON_PARSER_ERROR"),
        ({"records": [], "allOrNone": "yes"}, "JSON_PARSER_ERROR"),
        ({"records": [account(Name="x")] * 201}, "EXCEEDED_ID_LIMIT"),
    ],
)
def test_a_bad_collection_is_refused_whole(org: Org, body: Any, wanted: str) -> None:
    """An envelope that cannot be read, or more than 200 records: 400 and nothing is done."""
    before = org.system.digest()
    for method in ("POST", "PATCH"):
        status, answer, _ = org.ask(method, f"{DATA}/composite/sobjects", body)
        assert (status, answer[0]["errorCode"]) == (400, wanted)
    assert org.system.digest() == before


# -- composite ----------------------------------------------------------------------------------------
def part(method: str, path: str, reference: str, body: Any = None) -> dict[str, Any]:
    made = {"method": method, "url": DATA + path, "referenceId": reference}
    return made if body is None else {**made, "body": body}


CHAIN = [
    part("POST", "/sobjects/Account", "a", {"Name": "Acme"}),
    part("POST", "/sobjects/Contact", "c", {"LastName": "Ada", "AccountId": "@{a.id}"}),
    part("GET", "/query?q=SELECT+Id,Account.Name+FROM+Contact+WHERE+AccountId='@{a.id}'", "q"),
    part("PATCH", "/sobjects/Contact/@{q.records[0].Id}", "u", {"Title": "found as @{q.records[0].Account.Name}"}),
]


def test_parts_refer_to_earlier_parts(org: Org) -> None:
    """@{ref.path} is filled in, in addresses and in bodies; the whole counts as one call."""
    used = org.system.state.window.used
    status, answer = org.post("/composite", {"compositeRequest": CHAIN})
    found = answer["compositeResponse"]
    assert (status, [(r["referenceId"], r["httpStatusCode"]) for r in found]) == (
        200,
        [("a", 201), ("c", 201), ("q", 200), ("u", 204)],
    )
    assert found[0]["httpHeaders"]["Location"].endswith(found[0]["body"]["id"])
    assert (found[3]["body"], org.rows("SELECT Title FROM Contact")[0]["Title"]) == (None, "found as Acme")
    assert org.system.state.window.used == used + 2  # the composite and the question


def test_one_failure_undoes_a_composite(org: Org) -> None:
    """allOrNone: the culprit says why, all others that they were halted, and nothing is left."""
    before = org.system.digest()
    body = {"allOrNone": True, "compositeRequest": [*CHAIN[:2], part("POST", "/sobjects/Account", "bad", {}), *CHAIN[2:]]}
    status, answer = org.post("/composite", body)
    found = answer["compositeResponse"]
    codes = [r["body"][0]["errorCode"] for r in found]
    halted = "PROCESSING_HALTED"
    assert (status, codes) == (200, [halted, halted, "REQUIRED_FIELD_MISSING", halted, halted])
    assert {r["httpStatusCode"] for r in found} == {400}
    assert org.system.digest() == before


def test_without_all_or_none_only_dependents_stop(org: Org) -> None:
    """What refers to a failed part is halted, the rest is done."""
    requests = [part("POST", "/sobjects/Account", "a", {}), CHAIN[1], part("POST", "/sobjects/Account", "b", {"Name": "x"})]
    _, answer = org.post("/composite", {"compositeRequest": requests})
    assert [r["httpStatusCode"] for r in answer["compositeResponse"]] == [400, 400, 201]
    assert answer["compositeResponse"][1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize(
    "requests",
    [
        None, [], "x", [1], [{}], [{"method": "GET", "url": DATA + "/limits"}], [part("GET", "/limits", "1 2")],
        [part("GET", "/limits", "a"), part("GET", "/limits", "a")], [part("BREW", "/limits", "a")],
        [part("GET", "/limits", f"r{n}") for n in range(26)], [part("GET", "/query?q=x", f"r{n}") for n in range(6)],
        [{"method": "GET", "url": "limits", "referenceId": "a"}],
    ],
)  # fmt: skip
def test_a_bad_envelope_is_refused_whole(org: Org, requests: Any) -> None:
    """Missing or doubled references, too many parts, unknown methods: 400 at the top, nothing done."""
    status, answer = org.post("/composite", {"compositeRequest": requests})
    assert (status, answer[0]["errorCode"] in ("JSON_PARSER_ERROR", "INVALID_INPUT")) == (400, True)


@pytest.mark.parametrize("reference", ["@{x.id}", "@{a.nothing}", "@{a.id[0]}", "@{a", "@{a.errors[0]}"])
def test_a_reference_to_nothing_halts_its_part(org: Org, reference: str) -> None:
    """400 for that part alone."""
    requests = [CHAIN[0], part("POST", "/sobjects/Contact", "c", {"LastName": "x", "AccountId": reference})]
    _, answer = org.post("/composite", {"compositeRequest": requests})
    assert [r["httpStatusCode"] for r in answer["compositeResponse"]] == [201, 400]


def test_parts_cannot_nest_or_leave(org: Org) -> None:
    """No composite inside a composite, no login, no unknown version, no unknown path."""
    paths = ["/services/oauth2/token", DATA + "/composite", "/services/data/v99.0/limits", DATA + "/nothing", "/services/data"]
    requests = [{"method": "POST" if "o" in p[-4:] else "GET", "url": p, "referenceId": f"r{n}"} for n, p in enumerate(paths)]
    _, answer = org.post("/composite", {"compositeRequest": requests})
    assert all(r["httpStatusCode"] in (400, 404, 405) for r in answer["compositeResponse"][:4])


# -- batch --------------------------------------------------------------------------------------------
def test_a_batch_undoes_nothing_and_counts_each(org: Org) -> None:
    """Every part is done or fails alone; each counts as a call."""
    used = org.system.state.window.used
    requests = [
        {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {"Name": "one"}},
        {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {}},
        {"method": "GET", "url": "v67.0/query?q=SELECT+COUNT()+FROM+Account"},
    ]
    status, answer = org.post("/composite/batch", {"batchRequests": requests})
    assert (status, answer["hasErrors"], [r["statusCode"] for r in answer["results"]]) == (200, True, [201, 400, 200])
    assert answer["results"][2]["result"]["totalSize"] == 1
    assert org.system.state.window.used == used + 3


def test_a_batch_can_halt(org: Org) -> None:
    """haltOnError: what comes after a failure is 412 and not done."""
    requests = [
        {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": b} for b in ({"Name": "one"}, {}, {"Name": "two"})
    ]
    _, answer = org.post("/composite/batch", {"batchRequests": requests, "haltOnError": True})
    assert [r["statusCode"] for r in answer["results"]] == [201, 400, 412]
    assert answer["results"][2]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert org.query("SELECT COUNT() FROM Account")[1]["totalSize"] == 1


# -- allotment ------------------------------------------------------------------------------------------
def test_the_allotment_is_counted_shown_and_enforced(open_org: OpenOrg) -> None:
    """Every answer tells the usage; past the limit 403 without Retry-After; a day later calls are welcome again."""
    org = open_org(SalesforceSettings(daily_limit=3))
    for n in (1, 2, 3):
        status, answer, headers = org.ask("GET", f"{DATA}/limits")
        assert (status, headers[b"sforce-limit-info"], answer["DailyApiRequests"]["Remaining"]) == (
            200,
            b"api-usage=%d/3" % n,
            3 - n,
        )
    status, answer, headers = org.ask("GET", f"{DATA}/limits")
    assert (status, answer) == (403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
    assert b"retry-after" not in headers
    org.pass_time(86_400 + 300)
    org.token = org.sign_in()
    assert org.get("/limits")[0] == 200
