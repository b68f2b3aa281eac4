"""The business flow against the mock vendors: every story ends with one of everything, whatever was lost on the way."""

import pytest

from tests.orchestrator.flow.stage import DAY_MS, SOW, play

SET_UP = {"customer": "erp", "job": "erp", "sales_order": "erp", "workspace": "psa"}
ONE = dict.fromkeys(SET_UP, 1)
MILESTONES = (("M1", "MILESTONE", 100, 400_000_000, 4_000_000), ("M2", "MILESTONE", 100, 600_000_000, 6_000_000))
WORK = 1_000_00


def sow_of(stage):
    return stage.rows("crm", "sow")[0]


async def activated(stage, **sow):
    stage.sell(**sow)
    await stage.pass_hours(1)
    assert sow_of(stage)["delivery_status"] == "Active"


class Strike:
    """Trouble for the first request that `once` picks."""

    def __init__(self, once, fate):
        self.once, self.fate, self.struck = once, fate, False

    def __call__(self, request):
        if self.struck or not self.once(request):
            return None
        self.struck = True
        return self.fate


async def bill(stage, period="2026-01"):
    await stage.desk("POST", "/billing-runs", {"entity": "US", "period": period, "cut_off": stage.loop.clock()})
    await stage.pass_hours(1)


def test_a_sold_deal_lives_through_to_payment(tmp_path):
    """Set-up, hours, an expense, an invoice with tax, a payment, and every status back in CRM and PSA."""

    async def story(stage):
        await activated(stage)
        stage.book(5, "2026-01-05", expense=50_00)
        stage.book(3, "2026-01-05", line="R2")
        await stage.pass_hours(2)
        assert [row["external_id"][:3] for row in stage.rows("erp", "time_bill")] == ["TE-", "TE-"]
        shown = sow_of(stage)
        assert (shown["billed_to_date"], shown["unbilled"], shown["project_code"]) == (0, 135_000, "JOB-S-00042")
        await bill(stage)
        invoice = stage.rows("erp", "invoice")[0]
        assert (invoice["external_id"], invoice["net"], invoice["tax"]) == ("INV-S-00042-202601-1", 135_000, 6_919)
        stage.act("erp", "send", "invoice", invoice["external_id"], user="ar")
        payment = {"bank_ref": "B-1", "customer": "CUS-A-00042-US", "amount": 100_000, "currency": "USD", "received_on": "2026-01-05",
                   "applications": [{"invoice": invoice["external_id"], "amount": 100_000}]}  # fmt: skip
        stage.act("erp", "receive", "payment", "B-1", payment, user="ar")
        await stage.pass_hours(1)
        mirror, tie = stage.rows("crm", "invoice_mirror")[0], stage.rows("psa", "external_reference", service_model="invoice")[0]
        assert (mirror["status"], mirror["gross"], mirror["open"]) == ("Partially Paid", 141_919, 41_919)
        assert (tie["status"], tie["service_model_ref"]) == ("partially_paid", invoice["number"])
        shown = sow_of(stage)
        assert (shown["billed_to_date"], shown["unbilled"]) == (135_000, 0)
        assert stage.orchestrator.idle()
        return await stage.open_exceptions()

    assert play(story, tmp_path / "db") == []


def test_milestones_are_billed_when_they_are_accepted(tmp_path):
    """Completion is not acceptance; acceptance bills that line, at once and once."""

    async def story(stage):
        await activated(stage, lines=MILESTONES, type="milestone")
        story = next(row for row in stage.rows("psa", "story") if row["title"].startswith(f"{SOW}-M1"))
        for state in ("started", "completed"):
            stage.act("psa", "update", "story", f"id:{story['id']}", {"state": state}, user="P-0008")
        await stage.pass_hours(2)
        before = stage.count(invoice="erp")
        accepted = {"accepted_at": stage.loop.clock(), "accepted_by": "client"}
        stage.act("psa", "update", "story", f"id:{story['id']}", accepted, user="P-0008")
        await stage.pass_hours(3)
        return before, [(row["external_id"], row["net"]) for row in stage.rows("erp", "invoice")]

    assert play(story, tmp_path / "db") == ({"invoice": 0}, [("INV-S-00042-M1", 4_000_000)])


@pytest.mark.parametrize("fate", ["lost request", "lost reply", "cut reply", "refused"])
@pytest.mark.parametrize(
    "where", ["/workspaces", "/stories", "/workspace_resources", "/job/eid:", "/salesOrder/eid:", "/SOW_Number__c/"]
)
def test_whatever_is_lost_in_set_up_there_is_one_project(tmp_path, where, fate):
    """Creates are looked up after settling, upserts are sent again."""

    async def story(stage):
        stage.trouble = Strike(lambda request: where in request.url and request.method != "GET", fate)
        stage.sell()
        await stage.pass_hours(2)
        assert stage.trouble.struck
        return stage.count(**SET_UP), stage.count(story="psa", workspace_resource="psa"), sow_of(stage)["delivery_status"]

    assert play(story, tmp_path / "db") == (ONE, {"story": 2, "workspace_resource": 2}, "Active")


@pytest.mark.parametrize("fate", ["lost request", "lost reply", "cut reply", "refused"])
@pytest.mark.parametrize("where", ["!transform/invoice", "/timeBill/eid:", "/expenseReport/eid:"])
def test_whatever_is_lost_in_billing_there_is_one_invoice(tmp_path, where, fate):
    """Found again by our external id; no hour twice, no hour lost."""

    async def story(stage):
        await activated(stage)
        stage.trouble = Strike(lambda request: where in request.url, fate)
        stage.book(5, "2026-01-05", expense=50_00)
        await stage.pass_hours(2)
        await bill(stage)
        await stage.pass_hours(1)
        assert stage.trouble.struck
        return [row["net"] for row in stage.rows("erp", "invoice")], stage.count(time_bill="erp", expense_report="erp")

    assert play(story, tmp_path / "db") == ([105_000], {"time_bill": 1, "expense_report": 1})


def test_pushes_that_come_twice_or_not_at_all_make_one_project(tmp_path):
    """Deaf while the deal is won and signed, told again later by the vendor and found by the sweep."""

    async def story(stage):
        stage.deaf = True
        stage.sell()
        await stage.pass_hours(0.2)
        stage.deaf = False
        await stage.pass_hours(3)
        stage.act("crm", "update", "opportunity", "O-00042", {"stage": "closed_won"})
        await stage.pass_hours(1)
        return stage.count(**SET_UP), sow_of(stage)["delivery_status"]

    assert play(story, tmp_path / "db") == (ONE, "Active")


def test_a_signature_after_the_win_lets_set_up_begin(tmp_path):
    """Nothing stands anywhere before it."""

    async def story(stage):
        stage.sell(signed=False)
        await stage.pass_hours(30)
        before = stage.count(**SET_UP)
        stage.sign()
        await stage.pass_hours(1)
        return before, stage.count(**SET_UP)

    assert play(story, tmp_path / "db") == (dict.fromkeys(SET_UP, 0), ONE)


def test_a_clerk_fixes_the_crm_and_resubmits(tmp_path):
    """The exception names owner and field; the fix is made in the CRM's own screen."""

    async def story(stage):
        stage.sell(tax_profile=None)
        await stage.pass_hours(1)
        (item,) = await stage.open_exceptions()
        shown = sow_of(stage)["delivery_status"]
        stage.act("crm", "update", "sow", SOW, {"tax_profile": "STANDARD"}, user=SOW)
        await stage.desk("POST", f"/exceptions/{item['id']}/resubmit", {"note": "set"})
        await stage.pass_hours(1)
        return (item["code"], item["queue"], item["subject"]), shown, sow_of(stage)["delivery_status"], stage.count(**SET_UP)

    wanted = (("TAX_PROFILE_MISSING", "sales-ops", SOW), "Exception", "Active", ONE)
    assert play(story, tmp_path / "db") == wanted


def test_the_cap_parks_and_the_clerk_writes_off(tmp_path):
    """The entry over the cap waits alone; the rest is billed; a write-off is no invoice line."""

    async def story(stage):
        await activated(stage, cap=1_300_00)
        stage.book(5, "2026-01-05")
        await stage.pass_hours(1)
        stage.book(4, "2026-01-05", line="R2")
        stage.book(3, "2026-01-05", line="R2")
        await stage.pass_hours(1)
        (item,) = await stage.open_exceptions()
        await stage.desk("POST", f"/exceptions/{item['id']}/waive", {"reason": "goodwill"})
        await bill(stage)
        return (
            item["code"],
            item["amount_minor"],
            [row["net"] for row in stage.rows("erp", "invoice")],
            await stage.open_exceptions(),
        )

    assert play(story, tmp_path / "db") == ("CAP_EXCEEDED", 400_00, [1_300_00], [])


def test_late_work_of_a_closed_month_is_billed_in_the_next(tmp_path):
    """Posted on the first open day, under its own work date."""

    async def story(stage):
        await activated(stage)
        await stage.pass_hours(24 * 32)
        for verb in ("soft_close", "close"):
            stage.act("erp", verb, "period", "2026-01-US", user="controller")
        stage.book(5, "2026-01-20")
        await stage.pass_hours(2)
        (row,) = stage.rows("erp", "time_bill")
        return row["tran_date"], row["work_date"]

    assert play(story, tmp_path / "db") == ("2026-02-01", "2026-01-20")


def test_an_outage_of_the_erp_loses_nothing(tmp_path):
    """Hours approved while the ERP is down are posted when it is back, once; the breaker spares it in between."""

    async def story(stage):
        await activated(stage)
        stage.trouble = lambda request: "refused" if "erp" in request.url else None
        stage.sent.clear()
        for _ in range(3):
            stage.book(1, "2026-01-05")
            await stage.pass_hours(2)
        tried = sum(system == "erp" for system, _, _ in stage.sent)
        stage.trouble = lambda _request: None
        await stage.pass_hours(1)
        return stage.count(time_bill="erp"), tried < 120, stage.orchestrator.idle(), await stage.open_exceptions()

    assert play(story, tmp_path / "db") == ({"time_bill": 3}, True, True, [])


def test_a_customers_new_name_stays_where_it_is(tmp_path):
    """The ERP's clerk renames the customer; the account keeps the CRM's name."""

    async def story(stage):
        await activated(stage)
        stage.act("erp", "update", "customer", "CUS-A-00042-US", {"name": "Northwind plc"}, user="ar")
        await stage.pass_hours(2)
        return stage.rows("crm", "account")[0]["name"], await stage.open_exceptions()

    assert play(story, tmp_path / "db") == ("Northwind", [])


@pytest.mark.parametrize("seconds", [1, 2, 3, 4, 5, 7, 9, 12, 20, 200])
def test_a_crash_in_the_middle_of_set_up_is_healed(tmp_path, seconds):
    """Killed at some instant of the set-up and opened again: one project, active."""

    async def story(stage):
        stage.sell()
        await stage.pass_hours(seconds / 3600)
        await stage.crash()
        await stage.pass_hours(2)
        return stage.count(**SET_UP), stage.count(story="psa", workspace_resource="psa"), sow_of(stage)["delivery_status"]

    assert play(story, tmp_path / "db") == (ONE, {"story": 2, "workspace_resource": 2}, "Active")


@pytest.mark.parametrize("minutes", [0.05, 0.1, 5, 12, 31])
def test_a_crash_while_work_is_on_its_way_loses_none(tmp_path, minutes):
    """Killed between approval and invoice: every hour is on one invoice."""

    async def story(stage):
        await activated(stage)
        stage.book(5, "2026-01-05", expense=50_00)
        await stage.pass_hours(minutes / 60)
        await stage.crash()
        await stage.desk("POST", "/billing-runs", {"entity": "US", "period": "2026-01", "cut_off": stage.loop.clock()})
        await stage.pass_hours(0.001)
        await stage.crash()
        await stage.pass_hours(2)
        return [row["net"] for row in stage.rows("erp", "invoice")], stage.count(time_bill="erp", expense_report="erp")

    assert play(story, tmp_path / "db") == ([105_000], {"time_bill": 1, "expense_report": 1})


def test_a_signature_that_never_comes_is_given_up(tmp_path):
    """After thirty days nothing was created and the run has ended."""

    async def story(stage):
        stage.sell(signed=False)
        await stage.pass_hours(31 * DAY_MS / 3_600_000)
        evidence = await stage.desk("GET", "/evidence")
        return stage.count(**SET_UP), [run["state"] for run in evidence["runs"] if run["process"] == "activate-project"]

    assert play(story, tmp_path / "db") == (dict.fromkeys(SET_UP, 0), ["abandoned"])


def test_the_erp_is_asked_in_every_hour_of_the_night(tmp_path):
    """Before the first bill and with nobody at work, so that an outage of two hours is told of before it is over."""

    async def story(stage):
        await activated(stage)
        asked = []
        for _ in range(30):
            stage.sent.clear()
            await stage.pass_hours(1)
            asked.append(any(system == "erp" and path.endswith("/suiteql") for system, _, path in stage.sent))
        return asked

    assert play(story, tmp_path / "db") == [True] * 30
