"""What people change their minds about, against the mock vendors: deals, terms, approvals, accounts, credit."""

from tests.orchestrator.flow.stage import SOW, play
from tests.orchestrator.flow.test_flow import activated, bill, sow_of

CLERK = "clerk@northgate.test"
NAMES = {
    "number": "A-00042",
    "name": "Northwind",
    "segment": "standard",
    "country": "US",
    "region": "NM",
    "city": "Taos",
    "currency": "USD",
}


def stage_of(stage, name):
    stage.act("crm", "update", "opportunity", "O-00042", {"stage": name})


async def codes(stage):
    return [(item["code"], item["subject"]) for item in await stage.open_exceptions()]


def test_a_deal_reopened_before_any_work_is_undone(tmp_path):
    """Order, project and workspace go; the customer stays; nothing is left for a clerk."""

    async def story(stage):
        await activated(stage)
        stage_of(stage, "reopened")
        await stage.pass_hours(2)
        assert stage.rows("erp", "sales_order")[0]["status"] == "closed"
        assert stage.rows("erp", "job")[0]["inactive"]
        assert stage.rows("psa", "workspace")[0]["archived"]
        assert not stage.rows("erp", "customer")[0]["inactive"]
        assert sow_of(stage)["delivery_status"] == "Exception"
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def test_a_deal_reopened_after_work_stands_still_until_it_is_won_again(tmp_path):
    """Work was approved: an exception, nothing undone, nothing billed; once the deal is won again everything goes on."""

    async def story(stage):
        await activated(stage)
        stage.book(5, "2026-01-05")
        await stage.pass_hours(1)
        stage_of(stage, "reopened")
        await stage.pass_hours(2)
        (item,) = await stage.open_exceptions()
        assert (item["code"], item["subject"]) == ("DEAL_REOPENED", SOW)
        await bill(stage)
        assert stage.rows("erp", "invoice") == []
        stage_of(stage, "closed_won")
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "won again"})
        await stage.pass_hours(2)
        assert len(stage.rows("erp", "invoice")) == 1
        assert not stage.rows("erp", "job")[0]["inactive"]
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def test_a_deal_deleted_before_its_signature_leaves_nothing(tmp_path):
    """The set-up that waits for the signature ends."""

    async def story(stage):
        stage.sell(signed=False)
        await stage.pass_hours(1)
        stage.act("crm", "delete", "opportunity", "O-00042", {})
        await stage.pass_hours(2)
        (run,) = await stage.desk("GET", f"/runs?key={SOW}")
        assert run["state"] == "abandoned"
        return stage.count(customer="erp", job="erp", workspace="psa")

    assert play(story, tmp_path / "db") == {"customer": 0, "job": 0, "workspace": 0}


def test_a_higher_cap_lets_go_what_the_old_one_held_back(tmp_path):
    """The amendment reaches the ERP, what was set aside is posted and billed, its exception is resolved."""

    async def story(stage):
        await activated(stage, cap=1_200_00)
        stage.book(5, "2026-01-05")
        stage.book(5, "2026-01-05")
        await stage.pass_hours(1)
        assert [code for code, _ in await codes(stage)] == ["CAP_EXCEEDED"]
        stage.act("crm", "update", "sow", SOW, {"cap": 5_000_00, "terms_version": 2})
        await stage.pass_hours(2)
        assert stage.rows("erp", "sales_order")[0]["cap"] == 5_000_00
        assert len(stage.rows("erp", "time_bill")) == 2
        await bill(stage)
        assert stage.rows("erp", "invoice")[0]["net"] == 2_000_00
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def test_terms_that_cannot_be_applied_forward_are_a_persons_case(tmp_path):
    """A cap below what is posted: an exception with its owner; the old cap holds in the ERP; a further version ends it."""

    async def story(stage):
        await activated(stage, cap=2_000_00)
        stage.book(5, "2026-01-05")
        await stage.pass_hours(1)
        stage.act("crm", "update", "sow", SOW, {"cap": 500_00, "terms_version": 2})
        await stage.pass_hours(2)
        (item,) = await stage.open_exceptions()
        assert (item["code"], item["queue"]) == ("AMENDMENT_UNSUPPORTED", "sales-ops")
        assert stage.rows("erp", "sales_order")[0]["cap"] == 2_000_00
        stage.act("crm", "update", "sow", SOW, {"cap": 2_500_00, "terms_version": 3})
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "raised"})
        await stage.pass_hours(2)
        assert stage.rows("erp", "sales_order")[0]["cap"] == 2_500_00
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def withdraw(stage):
    submission = stage.rows("psa", "timesheet_submission")[0]
    stage.act("psa", "withdraw", "timesheet_submission", f"id:{submission['id']}", {}, user="P-0008")


def test_an_approval_withdrawn_before_the_invoice_is_taken_back(tmp_path):
    """The time bill goes, nothing is billed, nobody is asked."""

    async def story(stage):
        await activated(stage)
        stage.book(5, "2026-01-05")
        await stage.pass_hours(1)
        assert len(stage.rows("erp", "time_bill")) == 1
        withdraw(stage)
        await stage.pass_hours(2)
        assert stage.rows("erp", "time_bill") == []
        await bill(stage)
        assert stage.rows("erp", "invoice") == []
        assert sow_of(stage)["unbilled"] == 0
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def test_an_approval_withdrawn_after_the_invoice_is_credited(tmp_path):
    """The invoice is not edited: finance makes a credit memo, and only then is the exception resolved; the CRM shows what is open."""

    async def story(stage):
        await activated(stage)
        stage.book(5, "2026-01-05")
        stage.book(2, "2026-01-05", line="R2")
        await stage.pass_hours(1)
        await bill(stage)
        invoice = stage.rows("erp", "invoice")[0]
        withdraw(stage)
        await stage.pass_hours(2)
        (item,) = await stage.open_exceptions()
        assert (item["code"], item["amount_minor"], item["facts"]["invoice"]) == (
            "APPROVAL_WITHDRAWN",
            100_000,
            invoice["external_id"],
        )
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "not yet credited"})
        await stage.pass_hours(1)
        assert [code for code, _ in await codes(stage)] == ["APPROVAL_WITHDRAWN"]
        credit = {"external_id": f"CR-{item['source']}", "invoice_id": invoice["external_id"], "amount": 105_125, "source": item["source"],
                  "reason": "approval withdrawn", "requested_by": CLERK, "approved_by": "controller"}  # fmt: skip
        stage.act("erp", "issue", "credit", "", credit, user="ar")
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "credited"})
        await stage.pass_hours(2)
        after = stage.rows("erp", "invoice")[0]
        assert (after["net"], after["credited"], after["open_balance"]) == (invoice["net"], 105_125, invoice["gross"] - 105_125)
        assert stage.rows("crm", "invoice_mirror")[0]["open"] == after["open_balance"]
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def test_an_account_opened_again_stops_before_anything_is_made(tmp_path):
    """The same tax id under another number is a steward's case; after the merge the set-up goes on with the first account."""

    async def story(stage):
        stage.act(
            "crm", "create", "account", "A-00007", {**NAMES, "number": "A-00007", "name": "NORTHWIND.", "tax_id": "12-3456789"}
        )
        stage.sell(signed=False)
        stage.act("crm", "update", "account", "A-00042", {"tax_id": "12-3456789"})
        stage.sign()
        await stage.pass_hours(1)
        (item,) = await stage.open_exceptions()
        assert item["code"] == "DUPLICATE_ACCOUNT"
        assert stage.count(customer="erp", job="erp") == {"customer": 0, "job": 0}
        stage.act("crm", "merge", "account", "A-00007", {"loser": "A-00042"})
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "merged"})
        await stage.pass_hours(1)
        return await codes(stage), [row["external_id"] for row in stage.rows("erp", "customer")]

    assert play(story, tmp_path / "db") == ([], ["CUS-A-00007-US"])


def test_a_merged_account_keeps_its_customer(tmp_path):
    """The next contract of the surviving account is billed to the customer that the merged one had; its past stays known."""

    async def story(stage):
        await activated(stage)
        stage.act("crm", "create", "account", "A-00007", {**NAMES, "number": "A-00007"})
        stage.act("crm", "merge", "account", "A-00007", {"loser": "A-00042"})
        deal = {"number": "O-00043", "name": "Second", "account_id": "A-00007", "stage": "qualifying", "currency": "USD",
                "close_on": "2026-01-05"}  # fmt: skip
        stage.act("crm", "create", "opportunity", "O-00043", deal)
        line = {"opportunity_id": "O-00043", "product_id": "ROLE-SENIOR", "line_key": "S-00043-R1", "quantity": 100, "unit_price": 2_000_000,
                "total_price": 20_000, "service_on": "2026-02-15", "description": "R1"}  # fmt: skip
        stage.act("crm", "create", "opportunity_line", "S-00043-R1", line)
        terms = {"number": "S-00043", "opportunity_id": "O-00043", "account_id": "A-00007", "type": "tm", "selling_entity": "US",
                 "service_offering": "advisory", "tax_profile": "STANDARD", "currency": "USD", "terms": "NET30",
                 "billing_contact_id": "ap@northwind.test", "start_on": "2026-01-05", "end_on": "2026-03-31"}  # fmt: skip
        stage.act("crm", "create", "sow", "S-00043", terms)
        for name in ("proposal", "negotiation", "closed_won"):
            stage.act("crm", "update", "opportunity", "O-00043", {"stage": name})
        for status in ("in_approval", "approved", "sent"):
            stage.act("crm", "update", "sow", "S-00043", {"status": status})
        stage.act("crm", "update", "sow", "S-00043", {"status": "signed", "signed_at": stage.loop.clock()})
        await stage.pass_hours(1)
        customers = {row["external_id"] for row in stage.rows("erp", "customer")}
        owners = {row["customer_id"] for row in stage.rows("erp", "job")}
        names = [ref["canonical"] for ref in (await stage.desk("GET", "/evidence"))["crossrefs"] if ref["type"] == "customer"]
        return await codes(stage), customers, len(owners), names

    assert play(story, tmp_path / "db") == ([], {"CUS-A-00042-US"}, 1, ["A-00042", "A-00007"])


def test_a_customer_on_hold_is_told_of_and_billed_all_the_same(tmp_path):
    """By policy neither project nor billing stops; finance has an exception while the hold stands."""

    async def story(stage):
        await activated(stage)
        stage.act("erp", "update", "customer", "CUS-A-00042-US", {"credit_hold": True}, user="ar")
        stage.book(5, "2026-01-05")
        await stage.pass_hours(5)
        assert await codes(stage) == [("CREDIT_HOLD", "CUS-A-00042-US")]
        await bill(stage)
        assert len(stage.rows("erp", "invoice")) == 1
        stage.act("erp", "update", "customer", "CUS-A-00042-US", {"credit_hold": False}, user="ar")
        await stage.pass_hours(5)
        return await codes(stage)

    assert play(story, tmp_path / "db") == []


def test_time_of_people_who_are_not_assigned_is_set_aside(tmp_path):
    """In a staffed project only those on the task are billed; once assigned, the entry is posted."""

    async def story(stage):
        await activated(stage)
        tasks = {row["title"][:10]: row["id"] for row in stage.rows("psa", "story")}
        stage.act(
            "psa", "create", "assignment", "", {"story_id": f"id:{tasks[f'{SOW}-R2'[:10]]}", "user_id": "P-0007"}, user="P-0008"
        )
        task = next(row["id"] for row in stage.rows("psa", "story") if row["title"].startswith(f"{SOW}-R1"))
        stage.act("psa", "create", "assignment", "", {"story_id": f"id:{task}", "user_id": "P-0008"}, user="P-0008")
        stage.book(5, "2026-01-05")
        await stage.pass_hours(1)
        (item,) = await stage.open_exceptions()
        assert (item["code"], item["amount_minor"]) == ("PERSON_UNASSIGNED", 100_000)
        stage.act("psa", "create", "assignment", "", {"story_id": f"id:{task}", "user_id": "P-0007"}, user="P-0008")
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "assigned"})
        await stage.pass_hours(1)
        assert len(stage.rows("erp", "time_bill")) == 1
        return await codes(stage)

    assert play(story, tmp_path / "db") == []
