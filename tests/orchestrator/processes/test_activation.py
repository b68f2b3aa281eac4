"""From a won and signed deal to a project in three systems: nothing before the signature, nothing twice, nothing left behind."""

import msgspec
import pytest

from orchestrator.canonical.deal import Won
from orchestrator.errors import Refused
from orchestrator.processes.activation import NAME, run_id
from tests.orchestrator.deals import DAY_MS, deal, milestone_deal
from tests.orchestrator.processes.house import keep
from tests.orchestrator.processes.systems import DOWN, LOST, LOST_BEFORE

RUN = run_id("S-00042")
UNSIGNED = deal(status="sent", signed_at=0)


async def start(house, given=None):
    house.crm.deals["S-00042"] = given or deal()
    await house.engine.start(NAME, Won("S-00042"), id=RUN)
    await house.settle()


def created(house):
    """What stands in the ERP and the PSA."""
    return sorted(house.erp.records), sorted(house.psa.workspaces.values())


WHOLE = (["CUS-A-00042-US", "JOB-S-00042", "SO-S-00042"], ["S-00042 Payroll move"])


def test_a_signed_deal_becomes_one_project_everywhere(tmp_path):
    """Customer, project and contract in the ERP; workspace, stories and demand in the PSA; active in the CRM."""

    async def story(house):
        await start(house)
        assert await house.state(RUN) == "done"
        assert created(house) == WHOLE
        assert house.psa.stories["41"] == {"501": "S-00042-R1", "502": "S-00042-R2"}
        assert list(house.psa.demands["41"].values()) == ["S-00042-R1 ROLE-SENIOR", "S-00042-R2 ROLE-ANALYST"]
        assert (house.crm.delivery["S-00042"], house.crm.codes["S-00042"]) == (["Requested", "Active"], "JOB-S-00042")
        assert house.names.id_of("S-00042", system="psa", type="workspace") == "41"
        return (await house.book.engagement("S-00042")).job.key

    assert keep(story, tmp_path / "db") == "JOB-S-00042"


def test_a_milestone_contract_needs_no_demand(tmp_path):
    """One story a milestone, no hours."""

    async def story(house):
        await start(house, milestone_deal())
        return house.psa.stories["41"], house.psa.demands

    assert keep(story, tmp_path / "db") == ({"501": "S-00042-M1", "502": "S-00042-M2"}, {})


def test_nothing_is_created_before_the_signature(tmp_path):
    """A won deal waits; the signature lets it go on, and the deal is read again."""

    async def story(house):
        await start(house, UNSIGNED)
        before = created(house), house.crm.delivery.copy()
        house.crm.deals["S-00042"] = deal()
        await house.engine.signal(RUN, "signed", id="1")
        await house.settle()
        return before, created(house)

    before, after = keep(story, tmp_path / "db")
    assert before == (([], []), {})
    assert after == WHOLE


def test_a_signature_that_never_comes_ends_the_run(tmp_path):
    """After thirty days the run gives up and has nothing to undo."""

    async def story(house):
        await start(house, UNSIGNED)
        await house.settle(31 * DAY_MS / 3_600_000)
        return await house.state(RUN), created(house)

    assert keep(story, tmp_path / "db") == ("abandoned", ([], []))


@pytest.mark.parametrize("stage", ["closed_lost", "reopened", "negotiation"])
def test_a_deal_that_is_no_longer_won_is_left_alone(tmp_path, stage):
    """The hint said won; the deal itself says otherwise."""

    async def story(house):
        await start(house, deal(stage=stage))
        return await house.state(RUN), created(house)

    assert keep(story, tmp_path / "db") == ("abandoned", ([], []))


def test_a_slip_goes_to_a_clerk_and_comes_back(tmp_path):
    """Missing tax profile: an exception with its owner, an Exception in the CRM, and after the fix one project."""

    async def story(house):
        await start(house, deal(tax_profile=""))
        parked = house.desk.find(state="open")
        shown = list(house.crm.delivery["S-00042"])
        house.crm.deals["S-00042"] = deal()
        house.desk.resubmit(parked[0].id, by="clerk", note="set")
        await house.engine.resubmit(RUN, by="clerk")
        await house.settle()
        return (
            [(view.code, view.queue, view.subject) for view in parked],
            shown,
            created(house),
            house.crm.delivery["S-00042"][-1],
        )

    parked, shown, after, last = keep(story, tmp_path / "db")
    assert parked == [("TAX_PROFILE_MISSING", "sales-ops", "S-00042")]
    assert (shown, after, last) == (["Exception"], WHOLE, "Active")


def test_a_set_up_that_is_sent_on_and_refused_again_is_shown_as_an_exception_again(tmp_path):
    """Stopped by a slip, sent on, stopped by a right that is missing: the CRM shows Requested only while nobody has to do anything."""

    async def story(house):
        await start(house, deal(tax_profile=""))
        house.crm.deals["S-00042"] = deal()
        house.erp.meet.coming["upsert_customer"] = [Refused("FORBIDDEN", "no", system="erp")]
        await house.engine.resubmit(RUN, by="clerk")
        await house.settle()
        parked, shown = await house.state(RUN), list(house.crm.delivery["S-00042"])
        await house.engine.resubmit(RUN, by="clerk")
        await house.settle()
        return parked, shown, house.crm.delivery["S-00042"][-1]

    assert keep(story, tmp_path / "db") == ("parked", ["Exception", "Requested", "Exception"], "Active")


def test_a_deal_that_may_not_be_read_is_shown_as_an_exception_too(tmp_path):
    """The right to read is gone, the right to write is not: the account team sees that somebody has to act."""

    async def story(house):
        house.crm.meet.coming["read_deal"] = [Refused("FORBIDDEN", "no", system="crm")]
        await start(house)
        return await house.state(RUN), house.crm.delivery

    assert keep(story, tmp_path / "db") == ("parked", {"S-00042": ["Exception"]})


def test_an_abandoned_set_up_leaves_nothing_live(tmp_path):
    """Refused half way and given up: workspace archived, order closed, project inactive; the shared customer stays."""

    async def story(house):
        house.psa.meet.coming["create_stories"] = [Refused("VENDOR_REFUSED", "no")]
        await start(house)
        await house.engine.abandon(RUN, reason="client left", by="clerk")
        await house.settle()
        return await house.state(RUN), house.psa.archived, house.erp.closed, house.crm.delivery["S-00042"][-1]

    assert keep(story, tmp_path / "db") == ("abandoned", ["41"], ["SO-S-00042", "JOB-S-00042"], "Exception")


@pytest.mark.parametrize("mishap", [LOST, LOST_BEFORE, DOWN])
@pytest.mark.parametrize(
    "method", ["upsert_customer", "upsert_job", "upsert_order", "create_workspace", "create_stories", "create_demands", "show"]
)
def test_a_lost_reply_never_makes_a_second_record(tmp_path, method, mishap):
    """Whatever is lost on whichever step, there is one of everything in the end."""

    async def story(house):
        system = house.erp if method.startswith("upsert") else house.psa
        system.meet.coming[method] = [mishap]
        await start(house)
        await house.settle()
        return await house.state(RUN), created(house), len(house.psa.stories["41"]), len(house.psa.demands["41"])

    assert keep(story, tmp_path / "db") == ("done", WHOLE, 2, 2)


@pytest.mark.parametrize("lagging", [None, deal(stage="Negotiation/Review")])
def test_a_reading_that_lags_behind_the_news_is_made_once_more(tmp_path, lagging):
    """Told that it is won, and not shown so: a replica may be behind. Minutes later it is read again."""

    async def story(house):
        if lagging is not None:
            house.crm.deals["S-00042"] = lagging
        await house.engine.start(NAME, Won("S-00042"), id=RUN)
        await house.settle(60 / 3600)
        house.crm.deals["S-00042"] = deal()
        await house.settle()
        return await house.state(RUN), created(house)

    assert keep(story, tmp_path / "db") == ("done", WHOLE)


def test_a_signature_that_is_told_before_it_is_shown_is_waited_for(tmp_path):
    """The signal came; the reading still shows an unsigned SOW, and shows it signed a minute later."""

    async def story(house):
        await start(house, UNSIGNED)
        await house.engine.signal(RUN, "signed", {"version": "1"}, id="signed:1")
        await house.settle(60 / 3600)
        house.crm.deals["S-00042"] = deal()
        await house.settle()
        return await house.state(RUN), created(house)

    assert keep(story, tmp_path / "db") == ("done", WHOLE)


def test_a_lost_workspace_is_looked_up_only_after_it_could_have_landed(tmp_path):
    """The probe waits longer than the vendor's longest time-out."""

    async def story(house):
        house.psa.meet.coming["create_workspace"] = [LOST]
        house.crm.deals["S-00042"] = deal()
        await house.engine.start(NAME, Won("S-00042"), id=RUN)
        await house.settle(180 / 3600)
        early = list(house.psa.meet.calls)
        await house.settle(1)
        return early.count("find_workspace"), house.psa.meet.calls.count("find_workspace"), len(house.psa.workspaces)

    assert keep(story, tmp_path / "db") == (0, 1, 1)


def test_the_same_hint_twice_is_one_run(tmp_path):
    """Started ten times, done once."""

    async def story(house):
        house.crm.deals["S-00042"] = deal()
        for _ in range(10):
            await house.engine.start(NAME, Won("S-00042"), id=RUN)
        await house.settle()
        return house.psa.meet.calls.count("create_workspace"), len(await house.engine.runs())

    assert keep(story, tmp_path / "db") == (1, 1)


def test_a_crash_at_any_commit_changes_nothing(tmp_path):
    """Killed before or after each commit and opened again, the result is the same."""

    async def undisturbed(house):
        await start(house)
        return house.commits

    commits = keep(undisturbed, tmp_path / "whole")

    for number in range(2, commits + 1, 3):
        for after in (False, True):

            async def story(house, number=number, after=after):
                house.crm.deals["S-00042"] = deal()
                await house.engine.start(NAME, Won("S-00042"), id=RUN)
                house.crash_at, house.after, house.commits = number, after, 1
                await house.settle(3)
                return (
                    house.deaths,
                    await house.state(RUN),
                    created(house),
                    len(house.psa.stories["41"]),
                    house.crm.delivery["S-00042"][-1],
                )

            ended = keep(story, tmp_path / f"{number}{after}")
            assert ended == (1, "done", WHOLE, 2, "Active"), f"crash {'after' if after else 'before'} commit {number}"


def test_what_is_created_is_what_was_signed(tmp_path):
    """The deal is read again after the signature: the terms are those of then."""

    async def story(house):
        await start(house, UNSIGNED)
        house.crm.deals["S-00042"] = msgspec.structs.replace(deal(), cap=12_345_00)
        await house.engine.signal(RUN, "signed", id="1")
        await house.settle()
        return house.erp.records["SO-S-00042"].cap

    assert keep(story, tmp_path / "db") == 12_345_00
