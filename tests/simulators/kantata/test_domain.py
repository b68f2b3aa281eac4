import pytest

from simulators.kernel.records import Refusal


def refused(account, work):
    """Run `work`, which must be refused and change nothing; return the code."""
    before = account.system.digest(), account.system.position
    with pytest.raises(Refusal) as caught:
        work()
    assert (account.system.digest(), account.system.position) == before
    return caught.value.code


def test_time_goes_from_draft_to_approved_by_its_timesheet(account):
    """An entry is submitted and approved with its submission, stamped with the instant the approver meant."""
    entry = account.book()
    sheet = account.submit([entry])
    account.now += 3_600_000
    account.decide("approve", sheet, at=account.now - 60_000)
    row = account.system.row("time_entry", f"id:{entry}")
    held = account.system.row("timesheet_submission", f"id:{sheet}")
    assert (row.state, row.approved_at, row.approved_by, row.changed_at) == (
        "approved",
        account.now - 60_000,
        int(account.people["P-0002"]),
        account.now,
    )
    assert (held.state, held.decided_at, held.approver_id) == ("approved", account.now - 60_000, int(account.people["P-0002"]))


def test_rejected_time_is_corrected_and_submitted_again(account):
    """A rejected entry may be edited, and a new submission takes it; the old one stays rejected."""
    entry = account.book()
    first = account.submit([entry])
    account.decide("reject", first)
    account.act("update", "time_entry", f"id:{entry}", {"minutes": 420})
    second = account.submit([entry])
    account.decide("approve", second)
    row = account.system.row("time_entry", f"id:{entry}")
    assert (row.state, row.minutes, row.submission_id) == ("approved", 420, int(second))
    assert account.system.row("timesheet_submission", f"id:{first}").state == "rejected"


def test_cancelled_timesheet_gives_its_entries_back(account):
    """Taking a submission back makes its entries drafts again."""
    entry = account.book()
    account.decide("cancel", account.submit([entry]), who="P-0001")
    assert account.system.row("time_entry", f"id:{entry}").state == "draft"


def test_nobody_approves_their_own_time(account):
    """The owner of a timesheet is refused as its approver."""
    sheet = account.submit([account.book()])
    assert refused(account, lambda: account.decide("approve", sheet, who="P-0001")) == "own_time"


def test_a_stranger_to_the_staff_list_approves_nothing(account):
    """Only people of the firm decide about submissions."""
    sheet = account.submit([account.book()])
    assert refused(account, lambda: account.decide("approve", sheet, who="nobody")) == "forbidden"


@pytest.mark.parametrize("change", [{"minutes": 1}, {"performed_on": "2026-01-06"}, {"billable": False}, {"notes": "x"}])
def test_approved_time_is_fixed(account, change):
    """Whatever is edited on an approved entry is refused."""
    entry = account.approved()
    assert refused(account, lambda: account.act("update", "time_entry", f"id:{entry}", change)) == "frozen"


def test_time_before_the_approver_is_fixed_too(account):
    """A submitted entry waits as it was submitted: neither edited nor deleted."""
    entry = account.book()
    account.submit([entry])
    assert refused(account, lambda: account.act("update", "time_entry", f"id:{entry}", {"minutes": 1})) == "frozen"
    assert refused(account, lambda: account.act("delete", "time_entry", f"id:{entry}", {})) == "frozen"


def test_approved_time_is_not_deleted_nor_recalled(account):
    """An approved entry neither goes back to draft nor away."""
    entry = account.approved()
    assert refused(account, lambda: account.act("delete", "time_entry", f"id:{entry}", {})) == "frozen"
    back = {"state": "draft"}
    assert refused(account, lambda: account.act("update", "time_entry", f"id:{entry}", back)) == "illegal_transition"


def test_there_is_no_way_around_the_approver(account):
    """An entry neither starts approved nor becomes so by an edit."""
    assert refused(account, lambda: account.book(state="approved")) == "illegal_transition"
    entry = account.book()
    jump = {"state": "submitted"}
    assert refused(account, lambda: account.act("update", "time_entry", f"id:{entry}", jump)) == "dangling"
    sheet = account.submit([entry])
    jump = {"state": "approved", "submission_id": f"id:{sheet}"}
    assert refused(account, lambda: account.act("update", "time_entry", f"id:{entry}", jump)) == "illegal_transition"


@pytest.mark.parametrize("minutes", [0, -15, 1441])
def test_an_entry_has_between_a_minute_and_a_day(account, minutes):
    """No time, negative time and more than 24 hours are refused."""
    assert refused(account, lambda: account.book(minutes=minutes)) in ("bad_value", "day_is_full")


def test_a_day_has_24_hours_over_all_entries(account):
    """The sum of a person's day counts; another person and another day do not."""
    account.book(minutes=1000)
    assert refused(account, lambda: account.book(minutes=441)) == "day_is_full"
    account.book(minutes=441, who="P-0002")
    account.book(minutes=441, day="2026-01-06")
    last = account.book(minutes=440)
    assert refused(account, lambda: account.act("update", "time_entry", f"id:{last}", {"minutes": 441})) == "day_is_full"


def test_nothing_is_booked_on_an_archived_project(account):
    """Time, expenses, tasks and resources are refused once the project is archived."""
    account.act("update", "workspace", f"id:{account.workspace}", {"archived": True})
    at = {"workspace_id": f"id:{account.workspace}"}
    assert refused(account, account.book) == "frozen"
    assert refused(account, account.spend) == "frozen"
    assert refused(account, lambda: account.act("create", "story", "", {**at, "title": "x"})) == "frozen"
    assert refused(account, lambda: account.act("create", "workspace_resource", "", {**at, "role": "ROLE-PM"})) == "frozen"


def test_no_time_on_a_milestone_nor_on_another_projects_task(account):
    """Time goes on a task of its own project."""
    stone = account.create("stories", "story", workspace_id=account.workspace, title="M1", story_type="milestone")
    other = account.create("workspaces", "workspace", title="S-00043 Other")
    foreign = account.create("stories", "story", workspace_id=other, title="T")
    assert refused(account, lambda: account.book(story_id=f"id:{stone}")) == "bad_value"
    assert refused(account, lambda: account.book(story_id=f"id:{foreign}")) == "bad_value"


def test_a_milestone_is_accepted_once_and_only_when_completed(account):
    """Acceptance follows completion, stands, and keeps the milestone closed."""
    stone = account.create("stories", "story", workspace_id=account.workspace, title="M1", story_type="milestone")
    accept = {"accepted_at": account.now, "accepted_by": "Ada"}
    assert refused(account, lambda: account.act("update", "story", f"id:{stone}", accept)) == "illegal_transition"
    account.act("update", "story", f"id:{stone}", {"state": "completed"})
    account.act("update", "story", f"id:{stone}", accept)
    for change in ({"accepted_at": None}, {"accepted_at": account.now + 1}, {"state": "started"}, {"accepted_by": "Bob"}):
        assert refused(account, lambda change=change: account.act("update", "story", f"id:{stone}", change)) == "frozen"
    assert refused(account, lambda: account.act("update", "story", f"id:{account.story}", accept)) == "bad_value"


def test_a_milestone_is_not_staffed(account):
    """Assignments go to tasks."""
    stone = account.create("stories", "story", workspace_id=account.workspace, title="M1", story_type="milestone")
    values = {"story_id": f"id:{stone}", "user_id": "P-0001"}
    assert refused(account, lambda: account.act("create", "assignment", "", values)) == "bad_value"
    account.act("create", "assignment", "", {**values, "story_id": f"id:{account.story}", "estimated_minutes": 600})


@pytest.mark.parametrize(
    ("lines", "code"),
    [([], "required"), (["id:1"], "dangling"), ([True], "wrong_type"), ("x", "required"), ([None], "wrong_type")],
)
def test_a_submission_needs_lines_that_are_there(account, lines, code):
    """No lines, unknown lines and lines that are no ids are refused whole."""
    assert refused(account, lambda: account.submit(lines)) == code


def test_a_submission_takes_no_line_twice_and_none_of_another_person(account):
    """A line goes into one submission, of its owner."""
    mine, theirs = account.book(), account.book(who="P-0003")
    assert refused(account, lambda: account.submit([mine, mine])) == "duplicate"
    assert refused(account, lambda: account.submit([mine, theirs])) == "bad_value"
    account.submit([mine])
    assert refused(account, lambda: account.submit([mine])) == "illegal_transition"


def test_expenses_go_the_same_way_and_need_their_receipt(account):
    """A report is approved by another person, and a large expense only with its receipt."""
    small, large = account.spend(), account.spend(200_00)
    account.decide("approve", account.submit([small], "expense_submission"), "expense_submission")
    assert account.system.row("expense", f"id:{small}").state == "approved"
    report = account.submit([large], "expense_submission")
    assert refused(account, lambda: account.decide("approve", report, "expense_submission")) == "receipt_missing"
    assert refused(account, lambda: account.decide("approve", report, "expense_submission", who="P-0001")) == "own_time"
    account.decide("reject", report, "expense_submission")
    account.act("update", "expense", f"id:{large}", {"receipt": "R-1"})
    account.decide("approve", account.submit([large], "expense_submission"), "expense_submission")


@pytest.mark.parametrize("values", [{"amount": 0}, {"amount": -1}, {"currency": ""}, {"spent_on": "soon"}])
def test_an_expense_has_a_positive_amount_a_currency_and_a_date(account, values):
    """What is spent is a real amount on a real day."""
    assert refused(account, lambda: account.spend(**values)) in ("bad_value", "required")


def test_a_made_decision_stands(account):
    """What was decided is not decided again, by anybody."""
    sheet = account.submit([account.book()])
    account.decide("approve", sheet)
    for verb in ("approve", "reject", "cancel"):
        assert refused(account, lambda verb=verb: account.decide(verb, sheet, who="P-0003")) in ("frozen", "illegal_transition")


def test_a_project_with_bookings_is_not_deleted(account):
    """Archive what has lines; delete only what is empty."""
    account.book()
    assert refused(account, lambda: account.act("delete", "story", f"id:{account.story}", {})) == "frozen"
    assert refused(account, lambda: account.act("delete", "workspace", f"id:{account.workspace}", {})) == "frozen"
