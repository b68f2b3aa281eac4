"""The CRM's own rules, seen through the vendor: what may follow what, what is derived, what is fixed."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.domains.crm import KINDS
from simulators.domains.crm.deals import divided
from simulators.kernel.records import Refusal
from tests.simulators.salesforce.org import Org

STAGES = ("qualifying", "proposal", "negotiation", "closed_won", "closed_lost", "reopened")
LEGAL_STAGES = {
    ("qualifying", "proposal"), ("qualifying", "closed_lost"), ("proposal", "negotiation"), ("proposal", "closed_lost"),
    ("negotiation", "closed_won"), ("negotiation", "closed_lost"), ("closed_won", "reopened"), ("closed_lost", "reopened"),
    ("reopened", "proposal"), ("reopened", "negotiation"), ("reopened", "closed_won"), ("reopened", "closed_lost"),
}  # fmt: skip
STATES = ("draft", "in_approval", "approved", "sent", "signed", "cancelled")
LEGAL_STATES = {
    ("draft", "in_approval"), ("draft", "cancelled"), ("in_approval", "approved"), ("in_approval", "draft"), ("in_approval", "cancelled"),
    ("approved", "sent"), ("approved", "draft"), ("approved", "cancelled"), ("sent", "signed"), ("sent", "approved"), ("sent", "cancelled"),
}  # fmt: skip
LABELS = {
    "qualifying": "Qualification", "proposal": "Proposal/Price Quote", "negotiation": "Negotiation/Review", "closed_won": "Closed Won",
    "closed_lost": "Closed Lost", "reopened": "Reopened", "draft": "Draft", "in_approval": "In Approval", "approved": "Approved",
    "sent": "Sent", "signed": "Signed", "cancelled": "Cancelled",
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in STAGES for b in STAGES if a != b])
def test_deals_move_only_along_the_process(org: Org, before: str, after: str) -> None:
    """Every pair of stages: legal ones are saved, others refused as a validation rule, and then nothing has changed."""
    id = org.act("create", "opportunity", "O-1", name="x", close_on="2026-03-31", stage=before)
    state = org.system.digest()
    status, answer = org.patch(f"/sobjects/Opportunity/{id}", {"StageName": LABELS[after]})
    if (before, after) in LEGAL_STAGES:
        assert (status, org.shown("Opportunity", id)["StageName"]) == (204, LABELS[after])
    else:
        assert (status, answer[0]["errorCode"], answer[0]["fields"]) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", ["StageName"])
        assert LABELS[after] in answer[0]["message"]
        assert org.system.digest() == state


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in STATES for b in STATES if a != b])
def test_work_moves_only_along_the_process(org: Org, before: str, after: str) -> None:
    """Every pair of states of a statement of work, by a person: a move is done or refused whole."""
    org.act("create", "sow", "S-1", status=before)
    state = org.system.digest()
    if (before, after) in LEGAL_STATES:
        org.act("update", "sow", "S-1", status=after)
        assert org.system.row("sow", "S-1").status == after
        return
    with pytest.raises(Refusal) as refused:
        org.act("update", "sow", "S-1", status=after)
    assert refused.value.code == "illegal_transition"
    assert org.system.digest() == state


def test_a_win_is_stamped_and_derived(org: Org) -> None:
    """Closed Won sets probability, the flags and the instant of the win; reopening takes it back."""
    id = org.act("create", "opportunity", "O-1", name="x", close_on="2026-03-31", stage="negotiation")
    org.patch(f"/sobjects/Opportunity/{id}", {"StageName": "Closed Won"})
    won = org.shown("Opportunity", id)
    assert (won["IsWon"], won["IsClosed"], won["Probability"], won["ForecastCategoryName"]) == (True, True, 100, "Closed")
    assert won["Won_At__c"] == won["LastStageChangeDate"] == won["LastModifiedDate"]
    org.patch(f"/sobjects/Opportunity/{id}", {"StageName": "Reopened"})
    open_again = org.shown("Opportunity", id)
    assert (open_again["IsWon"], open_again["Won_At__c"]) == (False, None)


def test_an_invoiced_deal_stays_won(sold: Org) -> None:
    """Reopening is refused once an invoice of its work is mirrored."""
    with pytest.raises(Refusal) as refused:
        sold.act("update", "opportunity", "O-1", stage="reopened")
    assert refused.value.code == "illegal_transition"


def test_lines_make_the_amount(sold: Org) -> None:
    """The amount is the sum of the lines as they come, change and go; amounts written by hand are ignored, not refused."""
    id = sold.rows("SELECT Id FROM Opportunity WHERE Name = 'Alpha'")[0]["Id"]

    def amount() -> Any:
        return sold.shown("Opportunity", id)["Amount"]

    assert amount() == 1000.0
    assert sold.patch(f"/sobjects/Opportunity/{id}", {"Amount": 5, "NextStep": "call"})[0] == 204
    assert (amount(), sold.shown("Opportunity", id)["NextStep"]) == (1000.0, "call")
    sold.patch("/sobjects/OpportunityLineItem/Line_Key__c/S-1-R2", {"Quantity": 1.5})
    assert amount() == 1100.0
    sold.patch("/sobjects/OpportunityLineItem/Line_Key__c/S-1-R2", {"TotalPrice": 33.33})
    line = sold.get("/sobjects/OpportunityLineItem/Line_Key__c/S-1-R2")[1]
    assert (amount(), line["UnitPrice"], line["TotalPrice"]) == (833.33, 22.22, 33.33)
    sold.delete("/sobjects/OpportunityLineItem/Line_Key__c/S-1-R2")
    assert amount() == 800.0
    sold.delete("/sobjects/OpportunityLineItem/Line_Key__c/S-1-R1")
    assert (amount(), sold.shown("Opportunity", id)["HasOpportunityLineItem"]) == (800.0, False)
    sold.patch(f"/sobjects/Opportunity/{id}", {"Amount": 5})
    assert amount() == 5.0


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"UnitPrice": 1, "TotalPrice": 2}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"UnitPrice": None}, "REQUIRED_FIELD_MISSING"),
        ({"Quantity": 0}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"Quantity": None}, "REQUIRED_FIELD_MISSING"),
        ({"Product2": None}, "INVALID_FIELD"),
        ({"Opportunity": {"Opportunity_Number__c": "O-404"}}, "INVALID_FIELD"),
    ],
)
def test_a_line_is_priced_one_way(sold: Org, body: dict[str, Any], wanted: str) -> None:
    """A line has a quantity, a product with a price, and either UnitPrice or TotalPrice."""
    good = {
        "Opportunity": {"Opportunity_Number__c": "O-2"},
        "Product2": {"ProductCode": "ROLE-PM"},
        "Quantity": 2,
        "UnitPrice": 100,
    }
    before = sold.system.digest()
    status, answer = sold.post("/sobjects/OpportunityLineItem", {**good, **body})
    assert (status, answer[0]["errorCode"]) == (400, wanted)
    assert sold.system.digest() == before


def test_a_line_is_in_the_currency_of_its_deal(sold: Org) -> None:
    """A price in another currency is refused, and a deal with lines keeps its currency."""
    sold.act("update", "opportunity", "O-2", currency="EUR")
    entry = sold.rows("SELECT Id FROM PricebookEntry")[0]["Id"]
    deals = {r["Opportunity_Number__c"]: r["Id"] for r in sold.rows("SELECT Id, Opportunity_Number__c FROM Opportunity")}
    line = {"OpportunityId": deals["O-2"], "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 1}
    for status, answer in (
        sold.post("/sobjects/OpportunityLineItem", line),
        sold.patch(f"/sobjects/Opportunity/{deals['O-1']}", {"CurrencyIsoCode": "EUR"}),
    ):
        assert (status, answer[0]["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")


@pytest.mark.parametrize(
    ("value", "by", "whole"), [(5, 2, 3), (4, 3, 1), (-5, 2, -3), (7, -2, -4), (185_500 * 1_025, 10_000, 19_014)]
)
def test_totals_round_half_away_from_zero(value: int, by: int, whole: int) -> None:
    """10.25 hours at 18.55 are 190.14 (190.1375), and so on."""
    assert divided(value, by) == whole


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"type": "milestone"}, "frozen"),
        ({"cap": 1}, "frozen"),
        ({"number": "S-9"}, "frozen"),
        ({"terms_version": 3}, "illegal_transition"),
        ({"status": "draft"}, "illegal_transition"),
    ],
)
def test_signed_terms_are_fixed(sold: Org, values: dict[str, Any], code: str) -> None:
    """What was signed is not edited in place."""
    with pytest.raises(Refusal) as refused:
        sold.act("update", "sow", "S-1", **values)
    assert refused.value.code == code


def test_a_clerk_may_mend_signed_work_before_it_is_delivered(sold: Org) -> None:
    """A forgotten tax profile, contact or entity can be filled in after the signature, until the work is active."""
    sold.act("update", "sow", "S-1", tax_profile="EXEMPT", selling_entity="UK", currency="GBP", terms="NET45")
    sold.act("update", "sow", "S-1", delivery_status="Active")
    for name, value in (("tax_profile", "STANDARD"), ("selling_entity", "US"), ("currency", "USD")):
        with pytest.raises(Refusal) as refused:
            sold.act("update", "sow", "S-1", **{name: value})
        assert refused.value.code == "frozen"


def test_active_work_holds_its_deal(sold: Org) -> None:
    """While work is active its deal keeps account and amount, and neither deal nor work is deleted."""
    sold.act("update", "sow", "S-1", delivery_status="Active")
    before = sold.system.digest()
    for verb, kind, key, values in (
        ("update", "opportunity", "O-1", {"account_id": "A-3"}),
        (
            "create",
            "opportunity_line",
            "S-1-R9",
            {"opportunity_id": "O-1", "product_id": "ROLE-PM", "quantity": 100, "unit_price": 1},
        ),
        ("delete", "opportunity_line", "S-1-R1", {}),
        ("delete", "opportunity", "O-1", {}),
        ("delete", "sow", "S-1", {}),
    ):
        with pytest.raises(Refusal) as refused:
            sold.act(verb, kind, key, **values)
        assert refused.value.code in ("frozen", "in_use")
    assert sold.system.digest() == before


def test_unsigned_work_is_not_active(sold: Org) -> None:
    """Delivery of a draft is refused, over the API too."""
    status, answer = sold.patch("/sobjects/SOW__c/SOW_Number__c/S-2", {"Delivery_Status__c": "Active"})
    assert (status, answer[0]["errorCode"]) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")


def test_a_signature_has_an_instant(org: Org) -> None:
    """The instant the signer meant is kept; without one it is now."""
    org.act("create", "sow", "S-1", status="sent")
    org.act("create", "sow", "S-2", status="sent")
    org.act("update", "sow", "S-1", status="signed", signed_at=1_767_000_000_000)
    org.act("update", "sow", "S-2", status="signed")
    assert [org.system.row("sow", n).signed_at for n in ("S-1", "S-2")] == [1_767_000_000_000, org.now()]


def test_new_work_takes_account_and_currency_from_its_deal(sold: Org) -> None:
    """Unless told otherwise; a contradiction is a human slip that the org lets pass."""
    sold.act("create", "sow", "S-3", opportunity_id="O-3")
    sold.act("create", "sow", "S-4", opportunity_id="O-3", currency="GBP")
    rows = {
        r["SOW_Number__c"]: r
        for r in sold.rows("SELECT SOW_Number__c, Account__r.AccountNumber, CurrencyIsoCode, Name FROM SOW__c")
    }
    assert (rows["S-3"]["Account__r"]["AccountNumber"], rows["S-3"]["CurrencyIsoCode"], rows["S-3"]["Name"]) == (
        "A-2",
        "USD",
        "S-3",
    )
    assert rows["S-4"]["CurrencyIsoCode"] == "GBP"


def test_an_account_is_not_its_own_ancestor(sold: Org) -> None:
    """A circle in the hierarchy is CIRCULAR_DEPENDENCY."""
    ids = {r["AccountNumber"]: r["Id"] for r in sold.rows("SELECT Id, AccountNumber FROM Account")}
    status, answer = sold.patch(f"/sobjects/Account/{ids['A-1']}", {"ParentId": ids["A-2"]})
    assert (status, answer[0]["errorCode"]) == (400, "CIRCULAR_DEPENDENCY")


def test_deleting_an_account_takes_its_contacts_unless_a_deal_is_won(sold: Org) -> None:
    """Won deals hold an account; else contacts, deals and their lines go with it."""
    ids = {r["AccountNumber"]: r["Id"] for r in sold.rows("SELECT Id, AccountNumber FROM Account")}
    status, answer = sold.delete(f"/sobjects/Account/{ids['A-1']}")
    assert (status, answer[0]["errorCode"]) == (400, "DELETE_FAILED")
    assert sold.delete(f"/sobjects/Account/{ids['A-3']}")[0] == 204
    assert sold.query("SELECT COUNT() FROM Contact")[1]["totalSize"] == 1
    assert sold.query("SELECT COUNT() FROM Opportunity")[1]["totalSize"] == 4


def test_people_and_integration_leave_their_names(sold: Org) -> None:
    """The change log names who wrote; LastModifiedById and OwnerId are the ids of those users."""
    sold.patch("/sobjects/SOW__c/SOW_Number__c/S-1", {"Project_Code__c": "JOB-S-1"})
    last = sold.system.changes(sold.system.position - 1)[0]
    assert (last.kind, last.op, last.by, last.values) == (
        "sow",
        "update",
        "integration@rehearsal.example",
        {"project_code": "JOB-S-1"},
    )
    user = sold.rows("SELECT Id FROM User WHERE Username = 'integration@rehearsal.example'")[0]["Id"]
    mine = sold.rows(f"SELECT SOW_Number__c FROM SOW__c WHERE LastModifiedById = '{user}'")
    assert [r["SOW_Number__c"] for r in mine] == ["S-1"]


def test_every_kind_has_an_object(org: Org) -> None:
    """Nothing in the domain is invisible to the API."""
    assert {w.kind.name for w in org.system.wires.values()} == set(KINDS)
