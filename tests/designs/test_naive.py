"""The plain integration: what it does in fair weather, and where it comes apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scenarios.designs import Naive
from scenarios.designs.calendar import Billing
from tests.designs.house import START, Vendors, access, play, push, serving, sow

PATH = "/intake"
HOUR = 3_600_000
RECORD = "services/rest/record/v1/"


def entry(id: str = "730", **said: object) -> dict[str, object]:
    return {
        "id": id, "workspace_id": "4", "user_id": "7", "story_id": "5", "time_in_minutes": 435, "date_performed": "2025-12-15",
        "active_submission_id": "9", **said,
    }  # fmt: skip


def expense() -> dict[str, object]:
    return {
        "id": "19", "workspace_id": "4", "user_id": "7", "amount_in_cents": 12345, "is_billable": True, "category": "Travel",
        "date": "2025-12-15",
    }  # fmt: skip


def told(vendors: Vendors, *pushes: str, hours: float = 0.0, calendar: tuple[Billing, ...] = ()) -> list[int]:
    """Push to a fresh integration, then let it serve; the answers."""

    async def story(clock):
        design = Naive(access(), path=PATH, calendar=calendar, send=vendors.send, clock=clock)
        answers = [await push(design.app, path) for path in pushes]
        await serving(design, hours)
        assert design.idle()
        return answers

    return play(story)


def test_a_signed_deal_is_set_up_before_the_push_is_answered():
    """200 means that customer, project, contract, workspace, task and demand stand."""
    vendors = Vendors()
    assert told(vendors, PATH) == [200]
    made = [vendors.made(part) for part in ("customer", "job", "salesOrder", "workspaces", "stories", "workspace_resources")]
    assert [len(each) for each in made] == [1] * 6
    assert made[2][0]["custbody_sow"] == "S-00001"
    assert made[2][0]["item"]["items"][0]["custcol_tax_code"] == "UK-S20"


def test_nothing_it_makes_has_an_external_id():
    """So nothing tells a repeated POST from a second record."""
    vendors = Vendors()
    told(vendors, PATH)
    assert not [body for _, body in vendors.posts if "externalId" in body]


@pytest.mark.parametrize("record", [sow(Status__c="Sent"), sow(Tax_Profile__c=None), sow(Selling_Entity__c="ENG")])
def test_a_deal_that_is_not_ready_or_fits_no_tax_rule_is_left_alone(record):
    """It is acknowledged, and nothing is made of it."""
    vendors = Vendors(record)
    assert told(vendors, PATH) == [200]
    assert vendors.made("customer") == vendors.made("workspaces") == []


def test_the_same_push_twice_makes_two_projects():
    """There is no inbox."""
    vendors = Vendors()
    assert told(vendors, PATH, PATH) == [200, 200]
    assert len(vendors.made("workspaces")) == len(vendors.made("salesOrder")) == 2


def test_a_lost_reply_makes_a_second_workspace():
    """Silence is answered by sending the same again."""
    vendors = Vendors()
    vendors.after["api/v1/workspaces"] = [TimeoutError("silence")]
    assert told(vendors, PATH) == [200]
    assert len(vendors.made("workspaces")) == 2


def test_a_vendor_that_stays_away_costs_the_push():
    """After three tries the push fails, and the CRM will send it again."""
    vendors = Vendors()
    vendors.fails[RECORD + "job"] = [ConnectionRefusedError("down")] * 3
    assert told(vendors, PATH, PATH) == [500, 200]


def test_another_path_is_nobodys():
    """The secret in the path is all there is to know the CRM by."""
    vendors = Vendors()
    assert told(vendors, "/elsewhere") == [404]
    assert not vendors.posts


def test_approved_work_is_posted_once_and_billed_on_the_day():
    """Each entry and expense becomes one time bill or report, and one line of the next invoice under its own source."""
    vendors = Vendors()
    vendors.lists |= {"time_entries": [entry()], "expenses": [expense()]}
    told(vendors, PATH, hours=3, calendar=(Billing(START + 2 * HOUR, "UK", "2025-12"),))
    assert len(vendors.made("timeBill")) == len(vendors.made("expenseReport")) == 1
    (invoice,) = vendors.made("invoice")
    lines = [(x["custcol_source"], x["quantity"], x.get("rate"), x.get("amount")) for x in invoice["item"]["items"]]
    assert lines == [("TE-730", 7.25, 150.0, None), ("EX-19", 1, None, 123.45)]
    assert invoice["tranDate"] == datetime.fromtimestamp(START / 1000, UTC).date().isoformat()


def test_what_goes_over_the_cap_is_left_out():
    """The cap holds; nobody is told of the rest."""
    vendors = Vendors(sow(Cap__c=1100.0))
    vendors.lists["time_entries"] = [entry(), entry("731")]
    told(vendors, PATH, hours=3, calendar=(Billing(START + 2 * HOUR, "UK", "2025-12"),))
    (invoice,) = vendors.made("invoice")
    assert [x["custcol_source"] for x in invoice["item"]["items"]] == ["TE-730"]


def test_a_lost_invoice_reply_bills_the_same_lines_again():
    """The invoice was made; its answer never came; it is made again."""
    vendors = Vendors()
    vendors.lists["time_entries"] = [entry()]
    vendors.after[RECORD + "job/2/!transform/invoice"] = [TimeoutError("silence")]
    told(vendors, PATH, hours=3, calendar=(Billing(START + 2 * HOUR, "UK", "2025-12"),))
    one, two = vendors.made("invoice")
    assert one == two


def test_a_late_billing_run_dates_the_invoice_in_its_own_period():
    """Two days into the new month the old one is billed under its last day."""
    vendors = Vendors()
    vendors.lists["time_entries"] = [entry()]
    told(vendors, PATH, hours=3, calendar=(Billing(START + 2 * HOUR, "UK", "2025-11"),))
    assert vendors.made("invoice")[0]["tranDate"] == "2025-11-30"
