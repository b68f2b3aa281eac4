"""Approved work becomes billing events: in approval order, once each, or an exception each."""

import msgspec
import pytest

from orchestrator.canonical.billing import BillRun
from orchestrator.canonical.work import Submission
from orchestrator.errors import Refused
from orchestrator.processes import billing, work
from orchestrator.processes.operations import Counter, FirmOperations
from tests.orchestrator.deals import MONDAY, REFERENCE, engagement, entry, expense
from tests.orchestrator.processes.house import keep
from tests.orchestrator.processes.systems import LOST

MINUTE_MS = 60_000


async def post(house, until=60, *, submission="8"):
    """One submission approved `until` minutes after MONDAY."""
    at = MONDAY + until * MINUTE_MS
    run = await house.engine.start(work.NAME, Submission("S-00042", submission, at), id=work.run_id("time", submission, at))
    await house.settle()
    return await house.state(run)


def operations(house):
    return FirmOperations(
        Counter(
            house.crm,
            house.sweeps,
            house.engine,
            house.book,
            house.desk,
            house.notes,
            REFERENCE,
            house.clock,
            lambda _notice: False,
        )
    )


def test_every_approved_entry_is_one_billing_event(tmp_path):
    """Posted under its own id, at the signed rate, and never a second time."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1), expense(2), entry(3, story="502")]
        states = [await post(house), await post(house, submission="9")]
        return states, {source: event.net for source, event in house.erp.work.items()}, house.erp.meet.calls

    states, posted, calls = keep(story, tmp_path / "db")
    assert states == ["done", "done"]
    assert posted == {"TE-1": 200_00, "EX-2": 50_00, "TE-3": 100_00}
    assert calls == ["post_time", "post_expense", "post_time"]


def test_work_approved_later_waits_for_its_own_hint(tmp_path):
    """A run decides what was approved up to its own instant; the rest is not forgotten."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1), entry(90)]
        await post(house, until=60)
        early = sorted(house.erp.work)
        await post(house, until=90, submission="9")
        return early, sorted(house.erp.work)

    assert keep(story, tmp_path / "db") == (["TE-1"], ["TE-1", "TE-90"])


def test_decisions_do_not_depend_on_which_hint_comes_first(tmp_path):
    """Under a cap, the entry approved first is billed, whoever's hint arrives first."""

    async def first_first(house):
        return await capped(house, [(10, "a"), (20, "b")])

    async def last_first(house):
        return await capped(house, [(20, "b"), (10, "a")])

    async def capped(house, order):
        await house.book.engage(engagement(cap=300_00))
        house.psa.works = [entry(10), entry(20), entry(15, minutes=30)]
        for until, submission in order:
            await post(house, until=until, submission=submission)
        return sorted(house.erp.work), [view.source for view in house.desk.find(state="open")]

    ended = [keep(story, tmp_path / name) for name, story in (("1", first_first), ("2", last_first))]
    assert ended == [(["TE-10", "TE-15"], ["TE-20"])] * 2


def test_a_parked_entry_holds_up_nobody(tmp_path):
    """One exception an entry, with amount and owner; the others are posted and the run is done."""

    async def story(house):
        await house.book.engage(engagement(cap=450_00))
        house.psa.works = [entry(1), entry(2), entry(3), expense(4), entry(5, story="999"), entry(6, person="P-9999")]
        state = await post(house)
        views = [(v.source, v.code, v.queue, v.amount_minor, v.kind) for v in house.desk.find(state="open")]
        return state, sorted(house.erp.work), views

    assert keep(story, tmp_path / "db") == (
        "done",
        ["EX-4", "TE-1", "TE-2"],
        [("TE-3", "CAP_EXCEEDED", "project-ops", 200_00, "item"), ("TE-5", "STORY_UNMAPPED", "project-ops", 0, "item"),
         ("TE-6", "CAP_EXCEEDED", "project-ops", 200_00, "item")],
    )  # fmt: skip


def test_an_unknown_person_is_set_aside_and_tried_again(tmp_path):
    """The ERP refuses one employee; after the clerk's fix the entry is posted and the exception resolved."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1, person="P-0099"), entry(2)]
        await post(house)
        item = house.desk.find(state="open")[0]
        house.erp.people.add("P-0099")
        house.desk.resubmit(item.id, by="clerk", note="hired")
        await operations(house).again(house.desk.get(item.id))
        await house.settle()
        return item.code, sorted(house.erp.work), house.desk.get(item.id).state

    assert keep(story, tmp_path / "db") == ("PERSON_UNKNOWN", ["TE-1", "TE-2"], "resolved")


def test_a_fix_that_is_none_reopens_the_same_exception(tmp_path):
    """Resubmitted without a fix, the entry is parked again under the exception it had."""

    async def story(house):
        await house.book.engage(engagement(cap=100_00))
        house.psa.works = [entry(1)]
        await post(house)
        item = house.desk.find(state="open")[0]
        for _ in range(2):
            house.desk.resubmit(item.id, by="clerk", note="again")
            await operations(house).again(house.desk.get(item.id))
            await house.settle()
        return [(view.id == item.id, view.state) for view in house.desk.find()], house.erp.work

    assert keep(story, tmp_path / "db") == ([(True, "open")], {})


def test_a_waived_entry_is_never_billed(tmp_path):
    """A write-off is final, and later hints do not bring the entry back."""

    async def story(house):
        await house.book.engage(engagement(cap=100_00))
        house.psa.works = [entry(1)]
        await post(house)
        item = house.desk.find(state="open")[0]
        view = house.desk.waive(item.id, by="clerk", roles=["clerk"], reason="small")
        await operations(house).written_off(view)
        await post(house, submission="9")
        return house.erp.work, [view.state for view in house.desk.find()]

    assert keep(story, tmp_path / "db") == ({}, ["waived"])


def test_late_work_of_a_closed_period_is_posted_on_the_next_open_day(tmp_path):
    """The work date stays what it was."""

    async def story(house):
        await house.book.engage(engagement())
        house.erp.shut = {"2026-01"}
        house.psa.works = [entry(1, on="2026-01-10")]
        await house.settle(24 * 21)
        await post(house, until=24 * 60 * 21)
        event = house.erp.work["TE-1"]
        return event.on, event.worked_on

    assert keep(story, tmp_path / "db") == ("2026-02-01", "2026-01-10")


def test_a_period_that_closes_while_we_post_moves_the_entry(tmp_path):
    """Refused for its period, the entry is dated anew and posted once."""

    async def story(house):
        await house.book.engage(engagement())
        house.erp.shut = {"2026-01"}
        house.psa.works = [entry(1)]
        state = await post(house)
        return state, house.erp.work["TE-1"].on, house.desk.find()

    assert keep(story, tmp_path / "db") == ("done", "2026-02-01", [])


def test_a_lost_reply_is_sent_again_under_the_same_id(tmp_path):
    """Unknown is no danger where the record carries our id."""

    async def story(house):
        await house.book.engage(engagement())
        house.erp.meet.coming["post_time"] = [LOST]
        house.psa.works = [entry(1)]
        state = await post(house)
        return state, len(house.erp.work), house.erp.meet.calls

    assert keep(story, tmp_path / "db") == ("done", 1, ["post_time", "post_time"])


def test_a_milestone_contract_bills_no_hours(tmp_path):
    """Time there is work, not a billing event."""

    async def story(house):
        made = engagement()
        fixed = msgspec.structs.replace(made, contract=msgspec.structs.replace(made.contract, type="milestone"))
        await house.book.engage(fixed)
        house.psa.works = [entry(1)]
        return await post(house), house.erp.work

    assert keep(story, tmp_path / "db") == ("done", {})


def test_work_of_an_undone_project_is_left_alone(tmp_path):
    """Without an active engagement there is nothing to bill to."""

    async def story(house):
        house.psa.works = [entry(1)]
        return await post(house), house.erp.work

    assert keep(story, tmp_path / "db") == ("done", {})


async def bill(house, number=1, cut_off=60):
    run = billing.run_id("S-00042", "2026-01", number)
    given = BillRun("S-00042", "US", "2026-01", number, MONDAY + cut_off * MINUTE_MS)
    await house.engine.start(billing.NAME, given, id=run)
    await house.settle()
    return await house.state(run)


def test_a_bill_holds_what_was_approved_by_the_cut_off(tmp_path):
    """Membership is by approval: work nobody told us of yet is fetched, decided and billed; later approvals wait."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1), expense(2), entry(90)]
        states = [await bill(house), await bill(house, number=2, cut_off=120)]
        return states, {key: invoice.net for key, invoice in house.erp.invoices.items()}, house.erp.billed

    states, invoices, billed = keep(story, tmp_path / "db")
    assert states == ["done", "done"]
    assert invoices == {"INV-S-00042-202601-1": 250_00, "INV-S-00042-202601-2": 200_00}
    assert billed == {"TE-1": "INV-S-00042-202601-1", "EX-2": "INV-S-00042-202601-1", "TE-90": "INV-S-00042-202601-2"}


def test_nothing_to_bill_is_no_invoice(tmp_path):
    """An invoice without lines is never made."""

    async def story(house):
        await house.book.engage(engagement())
        return await bill(house), house.erp.invoices

    assert keep(story, tmp_path / "db") == ("done", {})


def test_a_lost_transform_reply_is_found_by_our_key(tmp_path):
    """The invoice is looked up before anything is sent again; there is one."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1)]
        house.erp.meet.coming["create_work_invoice"] = [LOST]
        state = await bill(house)
        return state, list(house.erp.invoices), house.erp.meet.calls[-2:]

    assert keep(story, tmp_path / "db") == ("done", ["INV-S-00042-202601-1"], ["create_work_invoice", "find_work_invoice"])


def test_an_invoice_that_is_not_worth_its_work_is_the_platforms(tmp_path):
    """A call that succeeds can still make a wrong record."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1)]
        real = house.erp._invoice
        house.erp._invoice = lambda key, sow, net: real(key, sow, net + 1)
        state = await bill(house)
        return state, [(view.code, view.subject) for view in house.desk.find()]

    assert keep(story, tmp_path / "db") == ("parked", [("CHANGED", "INV-S-00042-202601-1")])


def test_a_billing_run_bills_every_project_of_its_entity(tmp_path):
    """The same order again is the same run; another cut-off is the next number."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1)]
        clerk = operations(house)
        ids = [await clerk.order_billing("US", "2026-01", MONDAY + cut * MINUTE_MS, "eva") for cut in (60, 60, 120)]
        await house.settle()
        return ids, await clerk.billing(ids[0]), list(house.erp.invoices)

    ids, seen, invoices = keep(story, tmp_path / "db")
    assert ids == ["billing-run:US:2026-01:1", "billing-run:US:2026-01:1", "billing-run:US:2026-01:2"]
    assert seen == {"id": ids[0], "state": "done", "ordered_by": "eva", "bills": {"bill:S-00042:2026-01:1": "done"}}
    assert invoices == ["INV-S-00042-202601-1"]


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_while_posting_and_billing_changes_nothing(tmp_path, after):
    """Killed at any commit of a run with cap, expense and invoice, the money is the same."""

    async def undisturbed(house):
        await prepared(house)
        await bill(house)
        return house.commits

    async def prepared(house):
        await house.book.engage(engagement(cap=450_00))
        house.psa.works = [entry(1), entry(2), entry(3), expense(4)]

    commits = keep(undisturbed, tmp_path / "whole")
    for number in range(3, commits, 4):

        async def story(house, number=number):
            await prepared(house)
            run = billing.run_id("S-00042", "2026-01", 1)
            given = BillRun("S-00042", "US", "2026-01", 1, MONDAY + 60 * MINUTE_MS)
            await house.engine.start(billing.NAME, given, id=run)
            house.crash_at, house.after, house.commits = number, after, 2
            await house.settle()
            net = [invoice.net for invoice in house.erp.invoices.values()]
            return (
                house.deaths,
                await house.state(run),
                net,
                sorted(house.erp.billed),
                [v.source for v in house.desk.find(state="open")],
            )

        ended = keep(story, tmp_path / f"{number}")
        assert ended == (1, "done", [450_00], ["EX-4", "TE-1", "TE-2"], ["TE-3"]), f"crash at commit {number}"


def test_a_refusal_of_one_entry_is_its_own(tmp_path):
    """The ERP refuses one report for a reason of its own; the others are posted."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1), expense(2), entry(3)]
        house.erp.meet.coming["post_expense"] = [Refused("VENDOR_REFUSED", "odd category")]
        state = await post(house)
        return state, sorted(house.erp.work), [(v.source, v.code) for v in house.desk.find()]

    assert keep(story, tmp_path / "db") == ("done", ["TE-1", "TE-3"], [("EX-2", "VENDOR_REFUSED")])
