"""The PSA port against Kantata's answers as its reference describes them."""

import pytest

from orchestrator.canonical.engagement import Ref, Story
from orchestrator.errors import BusinessException, Refused, Transient, Unknown
from orchestrator.ports import Hint, Shown
from orchestrator.processes.activation import demands_of, stories_of, workspace_of
from orchestrator.systems.kantata.client import Kantata
from tests.orchestrator.deals import REFERENCE, contract
from tests.orchestrator.systems.vendor import Vendor, in_turn, say
from tests.orchestrator.virtual import live

WORKSPACE = workspace_of(contract())
STORIES = stories_of(contract())
SUBMISSION = {
    "8": {"id": "8", "status": "approved", "workspace_id": "41", "current_resolution_created_at_date": "2026-01-12T08:30:00Z"}
}
ENTRY = {"id": "17", "workspace_id": "41", "story_id": "501", "user_id": "11", "date_performed": "2026-01-09", "time_in_minutes": 435,
         "billable": True, "approved": True, "notes": None, "currency": "USD", "active_submission_id": "8",
         "updated_at": "2026-01-12T08:30:01Z"}  # fmt: skip
EXPENSE = {"id": "3", "workspace_id": "41", "user_id": "11", "date": "2026-01-09", "amount_in_cents": 5000, "currency": "USD",
           "category": "Travel", "is_billable": True, "approved": True, "active_submission_id": "8", "updated_at": "2026-01-12T08:30:01Z"}  # fmt: skip
USERS = {"11": {"id": "11", "headline": "P-0007"}}


def page(key, *rows, pages=1, count=None, **more):
    return say(200, {
        "count": len(rows), "meta": {"count": len(rows) if count is None else count, "page_count": pages, "page_number": 1, "page_size": 200},
        "results": [{"key": key, "id": row["id"]} for row in rows], key: {row["id"]: row for row in rows}, **more,
    })  # fmt: skip


def with_psa(script, work):
    vendor = Vendor(script)

    async def main(loop):
        return await work(Kantata(vendor.link("psa", clock=loop.ms), REFERENCE.guard))

    return live(main), vendor


def test_a_workspace_is_found_by_its_whole_title():
    """The search is loose, the match is exact."""
    rows = page("workspaces", {"id": "40", "title": WORKSPACE.title + " 2"}, {"id": "41", "title": WORKSPACE.title})
    found, vendor = with_psa(lambda _asked: rows, lambda psa: psa.find_workspace(WORKSPACE))
    assert found == Ref("S-00042", "41")
    assert vendor.asked[0].query["search"] == "S-00042"


def test_two_workspaces_of_one_title_are_a_clerks_case():
    """Nobody chooses between twins."""
    rows = page("workspaces", {"id": "40", "title": WORKSPACE.title}, {"id": "41", "title": WORKSPACE.title})

    async def find(psa):
        with pytest.raises(BusinessException) as refused:
            await psa.find_workspace(WORKSPACE)
        return refused.value.code

    assert with_psa(lambda _asked: rows, find)[0] == "SEVERAL_MATCHES"


def test_a_workspace_asks_for_approvals():
    """Time and expenses of our projects need approval, or they would count as approved at once."""
    made = page("workspaces", {"id": "41", "title": WORKSPACE.title})
    ref, vendor = with_psa(lambda _asked: made, lambda psa: psa.create_workspace(WORKSPACE))
    body = vendor.asked[0].body["workspace"]
    assert ref == Ref("S-00042", "41")
    assert (body["title"], body["price_in_cents"], body["currency"], body["require_time_approvals"], body["require_expense_approvals"]) == (
        "S-00042 Payroll move", 30_000_00, "USD", True, True,
    )  # fmt: skip


def test_only_missing_stories_are_created():
    """A step that was cut off half way goes on where it stopped."""

    def script(asked):
        if asked.method == "GET":
            return page("stories", {"id": "501", "title": "S-00042-R1 Senior"})
        return page("stories", {"id": "502", "title": asked.body["story"]["title"]})

    made, vendor = with_psa(script, lambda psa: psa.create_stories("41", STORIES))
    assert made == {"501": "S-00042-R1", "502": "S-00042-R2"}
    assert [asked.body["story"]["title"] for asked in vendor.asked if asked.method == "POST"] == ["S-00042-R2 Analyst"]


def test_stories_are_found_only_when_all_are_there():
    """A probe that finds half says: not done."""
    half = page("stories", {"id": "501", "title": "S-00042-R1 Senior"})
    assert with_psa(lambda _asked: half, lambda psa: psa.find_stories("41", STORIES))[0] is None


@pytest.mark.parametrize("made", [0, 1])
def test_what_was_made_half_has_to_settle_before_it_is_asked_for(made):
    """Once one of several is made, a failure is unknown: a list that lags would not show it, and it would be made again."""
    answers = [page("stories")] + [page("stories", {"id": "501", "title": "x"})] * made + [say(503)]

    async def create(psa):
        try:
            await psa.create_stories("41", STORIES)
        except (Transient, Unknown) as error:
            return type(error)
        return None

    assert with_psa(in_turn(*answers), create)[0] is (Unknown if made else Transient)


def test_two_demands_of_one_label_are_a_clerks_case():
    """Nobody makes a third."""
    twice = page(
        "workspace_resources", {"id": "1", "label": "S-00042-R1 ROLE-SENIOR"}, {"id": "2", "label": "S-00042-R1 ROLE-SENIOR"}
    )

    async def find(psa):
        with pytest.raises(BusinessException) as refused:
            await psa.find_demands("41", demands_of(contract()))
        return refused.value.code

    assert with_psa(lambda _asked: twice, find)[0] == "SEVERAL_MATCHES"


def test_a_list_without_its_rows_is_asked_for_again():
    """Ids in `results` whose rows are not there: the answer is half of one."""
    bare = say(200, {"meta": {"count": 1, "page_count": 1}, "results": [{"key": "stories", "id": "501"}], "stories": {}})

    async def ask(psa):
        with pytest.raises(Transient):
            await psa.milestone("501")
        return True

    assert with_psa(lambda _asked: bare, ask)[0]


def test_demand_names_the_accounts_role():
    """Roles are the account's own list, asked once."""

    def script(asked):
        if asked.path.endswith("/roles"):
            return page("roles", {"id": "3", "name": "ROLE-SENIOR"}, {"id": "4", "name": "ROLE-ANALYST"})
        if asked.method == "GET":
            return page("workspace_resources")
        return page("workspace_resources", {"id": str(len(asked.body["workspace_resource"]["label"])), "label": "x"})

    _, vendor = with_psa(script, lambda psa: psa.create_demands("41", demands_of(contract())))
    posted = [asked.body["workspace_resource"] for asked in vendor.asked if asked.method == "POST"]
    assert [(body["role_id"], body["estimated_minutes"], body["label"]) for body in posted] == [
        ("3", 6000, "S-00042-R1 ROLE-SENIOR"), ("4", 6000, "S-00042-R2 ROLE-ANALYST"),
    ]  # fmt: skip


def test_work_is_approved_when_its_submission_is():
    """An entry has no approval instant of its own: it is its submission's; person and note come along."""

    def script(asked):
        if asked.path.endswith("time_entries"):
            return page("time_entries", ENTRY, users=USERS, timesheet_submissions=SUBMISSION)
        return page("expenses", EXPENSE, users=USERS, expense_report_submissions=SUBMISSION)

    works, vendor = with_psa(script, lambda psa: psa.approved_work("41", 1_768_206_600_000))
    assert [(w.source, w.person, w.minutes, w.amount, w.approved_at, w.submission) for w in works] == [
        ("TE-17", "P-0007", 435, 0, 1_768_206_600_000, "8"),
        ("EX-3", "P-0007", 0, 5000, 1_768_206_600_000, "8"),
    ]
    assert vendor.asked[0].query["updated_after"] == "2026-01-12T08:29:59Z"


@pytest.mark.parametrize("hole", [{"approved": False}, {"billable": False}, {"active_submission_id": None}])
def test_what_is_not_approved_and_billable_is_no_work(hole):
    """Anything less is left for later."""

    def script(asked):
        if asked.path.endswith("time_entries"):
            return page("time_entries", {**ENTRY, **hole}, users=USERS, timesheet_submissions=SUBMISSION)
        return page("expenses")

    assert with_psa(script, lambda psa: psa.approved_work("41", 0))[0] == []


def test_every_page_is_read():
    """The page count of the envelope says how far to go."""
    first = page("time_entries", ENTRY, pages=2, count=2, timesheet_submissions=SUBMISSION)
    second = page("time_entries", {**ENTRY, "id": "18"}, pages=2, count=2, timesheet_submissions=SUBMISSION)
    hints, vendor = with_psa(in_turn(first, second), lambda psa: psa.time_since(0))
    assert [hint.source for hint in hints] == ["TE-17", "TE-18"]
    assert [asked.query["page"] for asked in vendor.asked] == ["1", "2"]


def told(ids, count):
    """One of two pages, as the vendor counts them at that moment."""
    rows = ({**ENTRY, "id": id} for id in ids)
    return page("time_entries", *rows, pages=2, count=count, timesheet_submissions=SUBMISSION)


@pytest.mark.parametrize(
    ("first", "second"),
    [((["17", "18"], 4), (["20"], 4)), ((["17", "18"], 4), (["20"], 3)), ((["17", "18"], 3), (["19"], 4))],
)
def test_pages_that_moved_while_they_were_read_are_read_again(first, second):
    """A row that slid over the edge of a page would be missed: fewer rows than counted, or another count on another page."""
    answers = in_turn(told(*first), told(*second))

    async def ask(psa):
        with pytest.raises(Transient, match="moved"):
            await psa.time_since(0)

    with_psa(answers, ask)


def test_an_answer_of_endless_pages_ends_as_a_failed_question():
    """What a vendor answers is never a reason to stop the orchestrator."""

    async def ask(psa):
        with pytest.raises(Transient, match="more than"):
            await psa.time_since(0)

    with_psa(lambda _asked: page("time_entries", ENTRY, pages=10_000, count=10_000, timesheet_submissions=SUBMISSION), ask)


def test_the_feed_tells_of_approvals_and_acceptances_only():
    """Events about what is not approved, or is gone, are nothing to act on."""
    rows = [{"id": "1", "event_type": "timesheet:updated", "subject_id": 8, "created_at": "2026-01-12T08:31:00Z"},
            {"id": "2", "event_type": "timesheet:updated", "subject_id": 9, "created_at": "2026-01-12T08:31:00Z"},
            {"id": "3", "event_type": "timesheet:updated", "subject_id": 99, "created_at": "2026-01-12T08:31:00Z"},
            {"id": "4", "event_type": "story:custom_field_value_created", "subject_id": 501, "created_at": "2026-01-12T08:31:00Z"}]  # fmt: skip
    pending = {"9": {"id": "9", "status": "pending", "workspace_id": "41", "current_resolution_created_at_date": None}}
    story = {"501": {"id": "501", "title": "S-00042-M1 Design", "workspace_id": "41", "story_type": "milestone"}}
    answer = page("subscribed_events", *rows, timesheet_submissions={**SUBMISSION, **pending}, stories=story)
    hints, _ = with_psa(lambda _asked: answer, lambda psa: psa.feed(0))
    assert hints == [Hint("time", "41", "8", 1_768_206_600_000), Hint("milestone", "41", "501", 1_768_206_660_000)]


def test_a_milestone_is_seen_when_the_client_accepted_it():
    """Completion alone is not acceptance."""
    story = {"id": "501", "title": "S-00042-M1 Design", "workspace_id": "41", "story_type": "milestone", "state": "completed",
             "custom_field_value_ids": ["50111", "50112"]}  # fmt: skip
    values = {"50111": {"custom_field_name": "Accepted At", "subject_id": 501, "value": "2026-01-12T08:30:00Z"},
              "50112": {"custom_field_name": "Accepted By", "subject_id": 501, "value": "Mr. Client"}}  # fmt: skip
    seen, _ = with_psa(lambda _asked: page("stories", story, custom_field_values=values), lambda psa: psa.milestone("501"))
    assert (seen.line, seen.sow, seen.accepted_at, seen.accepted_by) == ("S-00042-M1", "S-00042", 1_768_206_600_000, "Mr. Client")
    blank, _ = with_psa(lambda _asked: page("stories", {**story, "custom_field_value_ids": []}), lambda psa: psa.milestone("501"))
    assert blank is None


def test_what_is_shown_can_be_read_back():
    """A reference written is the reference read: key, number, status and version."""
    shown = Shown("41", "invoice", "INV-S-00042-M1", "INVUS000001", "sent", 3)
    kept = []

    def script(asked):
        if asked.method == "POST":
            kept.append({"id": "5", **asked.body["external_reference"]})
        return page("external_references", *kept)

    async def both(psa):
        await psa.show(shown)
        return await psa.shown_on("41")

    found, vendor = with_psa(script, both)
    assert found == [shown]
    assert vendor.asked[0].path == "/api/v1/external_references/create_or_update"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (say(422, {"errors": [{"type": "validation", "message": "is invalid", "field": "title"}]}), Refused),
        (say(429, {"errors": [{"type": "system", "message": "slow down"}]}), Transient),
        (say(400, b"oops"), Transient),
        (say(504), Unknown),
        (say(200, b'{"results": [{"key": "stor'), Unknown),
    ],
)
def test_a_create_ends_as_what_is_sure(answer, kind):
    """A cut answer to a create is unknown: there may be a project now."""

    async def create(psa):
        try:
            await psa.create_workspace(WORKSPACE)
        except (Refused, Transient, Unknown) as error:
            return type(error)
        return None

    assert with_psa(lambda _asked: answer, create)[0] is kind


def test_stories_of_people_are_never_ours_to_touch():
    """The adapter asks the guard first: a field that is not listed stops the write."""
    closed = REFERENCE.guard.__class__.of({})

    async def main(loop):
        vendor = Vendor(lambda _asked: page("stories"))
        with pytest.raises(Refused):
            await Kantata(vendor.link("psa", clock=loop.ms), closed).create_stories(
                "41", (Story("k", "t", "task", "", "", True, False, 1),)
            )
        return vendor.asked

    assert live(main) == []
