"""Paging, feeds of changed and deleted records, and what the org tells about itself."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from simulators.kernel.wire import Column
from simulators.vendors.salesforce.codecs import text
from simulators.vendors.salesforce.describing import season
from tests.simulators.salesforce.org import DATA, Org


def fill(org: Org, count: int) -> None:
    records = org.system.records
    kind = records.kinds["account"]
    org.system.transact(lambda: [records.create(kind, {"name": f"N{n:05d}"}, "seed") for n in range(count)])


# -- paging -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "sizes"), [(0, [2000, 500]), (300, [300] * 8 + [100]), (1, [200] * 12 + [100]), (9999, [2000, 500])]
)
def test_pages_follow_a_locator(org: Org, asked: int, sizes: list[int]) -> None:
    """Pages of 200 to 2,000 rows; each but the last names the next one; nothing is missing or twice."""
    fill(org, 2_500)
    status, page = org.query("SELECT Id, Name FROM Account ORDER BY Name", batch=asked)
    pages = [page]
    while not page["done"]:
        status, page = org.get(page["nextRecordsUrl"])
        assert status == 200
        pages.append(page)
    assert [len(p["records"]) for p in pages] == sizes
    assert {p["totalSize"] for p in pages} == {2_500}
    assert "nextRecordsUrl" not in pages[-1]
    assert [r["Name"] for p in pages for r in p["records"]] == [f"N{n:05d}" for n in range(2_500)]


def test_an_answer_stays_as_it_was_asked(org: Org) -> None:
    """Rows made or deleted between two pages change neither; a page can be asked again."""
    fill(org, 400)
    _, first = org.query("SELECT Id FROM Account ORDER BY Name", batch=200)
    org.delete(f"/sobjects/Account/{first['records'][0]['Id']}")
    fill(org, 10)
    again = [org.get(first["nextRecordsUrl"])[1] for _ in range(2)]
    assert again[0] == again[1]
    assert (len(again[0]["records"]), again[0]["totalSize"]) == (200, 400)


def test_a_locator_dies(org: Org) -> None:
    """After two days, and when it never lived: 400 INVALID_QUERY_LOCATOR."""
    fill(org, 300)
    _, page = org.query("SELECT Id FROM Account", batch=200)
    unknown = ["01g5e0000000099AAA-200", "nonsense", page["nextRecordsUrl"].rpartition("/")[2].replace("-200", "-900"), "-1"]
    for locator in unknown:
        status, answer = org.get(f"/query/{locator}")
        assert (status, answer) == (400, [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}])
    org.pass_time(2 * 86_400 + 1)
    org.token = org.sign_in()
    assert org.get(page["nextRecordsUrl"])[0] == 400


def test_a_question_must_be_asked(org: Org) -> None:
    """/query without q is refused."""
    for path in ("/query", "/query?q=", "/query?q=%20"):
        assert org.get(path)[0] == 400


# -- feeds --------------------------------------------------------------------------------------------
def span(path: str, start: str, end: str) -> str:
    return f"{path}?start={quote(start)}&end={quote(end)}"


def test_feeds_list_what_changed_and_what_went(org: Org) -> None:
    """Ids of live records changed in the minutes asked for, and of deleted ones with the instant they went."""
    kept, gone = org.made("Account", Name="kept"), org.made("Account", Name="gone")
    org.pass_time(120)
    org.delete(f"/sobjects/Account/{gone}")
    org.pass_time(120)
    whole = ("2026-01-05T09:00:00+00:00", "2026-01-05T10:00:00Z")
    status, answer = org.get(span("/sobjects/Account/updated/", *whole))
    assert (status, answer) == (200, {"ids": [kept], "latestDateCovered": "2026-01-05T09:04:00.000+0000"})
    status, answer = org.get(span("/sobjects/Account/deleted/", *whole))
    assert (status, [r["id"] for r in answer["deletedRecords"]]) == (200, [gone])
    assert answer["deletedRecords"][0]["deletedDate"].startswith("2026-01-05T09:02:")
    assert org.get(span("/sobjects/Account/updated", "2026-01-05T09:01:00Z", "2026-01-05T09:03:00Z"))[1]["ids"] == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-11-01T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("2026-01-05T09:00:00Z", "2026-01-05T09:00:30Z"),
        ("2026-01-05T09:00:00Z", "2026-01-05T08:00:00Z"),
        ("yesterday", "2026-01-05T08:00:00Z"),
        ("2026-01-05T09:00:00", "2026-01-05T10:00:00"),
    ],
)
def test_a_bad_span_is_refused(org: Org, start: str, end: str) -> None:
    """More than 30 days back, shorter than a minute, unreadable or without a zone: INVALID_REPLICATION_DATE."""
    for feed in ("updated", "deleted"):
        status, answer = org.get(span(f"/sobjects/Account/{feed}", start, end))
        assert (status, answer[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")
    assert org.get("/sobjects/Account/updated")[0] == 400


# -- describing ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "label"), [(64, "Summer '25"), (65, "Winter '26"), (66, "Spring '26"), (67, "Summer '26"), (68, "Winter '27")]
)
def test_three_releases_a_year(version: int, label: str) -> None:
    """Each version has the name of its release."""
    assert season(version) == label


def test_versions_need_nobody(org: Org) -> None:
    """The list of versions is open, ascending, and each address leads to its resources."""
    org.token, token = "", org.token
    status, listed = org.get("/services/data")
    assert (status, listed[-1]) == (200, {"label": "Summer '26", "url": DATA, "version": "67.0"})
    org.token = token
    assert org.get(listed[-1]["url"])[1]["sobjects"] == f"{DATA}/sobjects"


def test_every_object_describes_itself(org: Org) -> None:
    """Describe global lists every object; each describe names exactly the fields that a record shows."""
    _, listed = org.get("/sobjects")
    names = [o["name"] for o in listed["sobjects"]]
    assert names == [w.name for w in org.system.wires.values()]
    for name in names:
        status, found = org.get(f"/sobjects/{name}/describe")
        assert (status, [f["name"] for f in found["fields"]]) == (200, [c.wire for c in org.system.wires[name.lower()].columns])
        assert org.get(f"/sobjects/{name}")[1]["objectDescribe"]["keyPrefix"] == found["keyPrefix"]


def test_fields_tell_what_they_take(org: Org) -> None:
    """Type, length, scale, values, target and rights of a field follow from its declaration."""
    fields = {f["name"]: f for f in org.get("/sobjects/SOW__c/describe")[1]["fields"]}
    number, cap, profile, deal = (fields[n] for n in ("SOW_Number__c", "Cap__c", "Tax_Profile__c", "Opportunity__c"))
    assert (number["type"], number["length"], number["externalId"], number["unique"], number["nillable"]) == (
        "string",
        40,
        True,
        True,
        False,
    )
    assert (cap["type"], cap["precision"], cap["scale"]) == ("currency", 18, 2)
    assert [v["value"] for v in profile["picklistValues"]] == ["STANDARD", "REVERSE_CHARGE", "EXPORT", "EXEMPT"]
    assert (deal["referenceTo"], deal["relationshipName"]) == (["Opportunity"], "Opportunity__r")
    assert (fields["CreatedDate"]["createable"], fields["CreatedDate"]["updateable"]) == (False, False)
    children = org.get("/sobjects/Account/describe")[1]["childRelationships"]
    assert {c["relationshipName"]: c["childSObject"] for c in children}["Opportunities"] == "Opportunity"


# -- drift --------------------------------------------------------------------------------------------
def test_a_renamed_field_is_renamed_everywhere(sold: Org) -> None:
    """After a release renames a field, rows, queries, describe and writes know the new name only."""
    wire = sold.system.wires["sow__c"]
    sold.query("SELECT Cap__c FROM SOW__c")
    sold.system.adopt(wire.rename("Cap__c", "Not_To_Exceed__c"))
    assert sold.query("SELECT Cap__c FROM SOW__c")[0] == 400
    assert sold.rows("SELECT Not_To_Exceed__c FROM SOW__c WHERE SOW_Number__c = 'S-1'")[0]["Not_To_Exceed__c"] == 500.0
    assert sold.patch("/sobjects/SOW__c/SOW_Number__c/S-2", {"Cap__c": 1})[1][0]["errorCode"] == "INVALID_FIELD"
    assert sold.patch("/sobjects/SOW__c/SOW_Number__c/S-2", {"Not_To_Exceed__c": 1})[0] == 200


def test_a_demanded_field_is_demanded(sold: Org) -> None:
    """A field made required by a release is missing in every create until it is sent."""
    wire = sold.system.wires["sow__c"]
    sold.system.adopt(wire.demand(Column("Region__c", "extra.region", text("Region__c"))))
    assert sold.patch("/sobjects/SOW__c/SOW_Number__c/S-8", {})[1][0]["fields"] == ["Region__c"]
    assert sold.patch("/sobjects/SOW__c/SOW_Number__c/S-8", {"Region__c": "EMEA"})[0] == 201
    assert sold.rows("SELECT SOW_Number__c FROM SOW__c WHERE Region__c = 'EMEA'")[0]["SOW_Number__c"] == "S-8"


def test_a_snapshot_brings_everything_back(sold: Org) -> None:
    """After a restore rows, questions and ids go on where they stood."""
    image, before = sold.system.snapshot(), sold.system.digest()
    made = sold.made("Account", Name="later")
    sold.system.restore(image)
    assert sold.system.digest() == before
    assert sold.made("Account", Name="other") == made
    assert len(sold.rows("SELECT Id, LastModifiedById FROM SOW__c WHERE LastModifiedById != null")) == 2
