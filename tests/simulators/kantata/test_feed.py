import pytest

from simulators.vendors.kantata import FeedFault, Settings

from .account import START, Account

LAG = 90_000
FAIR = Settings(feed_duplicate_share=0.0)


@pytest.fixture
def fair() -> Account:
    """An account whose feed tells nothing twice on its own."""
    return Account(FAIR)


def told(account, **query):
    """Read all pages of the feed; return [(type, subject id)] in the order told."""
    seen, page = [], 1
    while True:
        got = account.get("/subscribed_events", per_page=50, page=page, **query).json
        seen += [got["subscribed_events"][each["id"]] for each in got["results"]]
        page += 1
        if page > got["meta"]["page_count"]:
            return seen


def test_an_approval_is_told_of_the_timesheet_and_of_its_time(fair):
    """One decision makes several events, each after a lag of its own."""
    entry = fair.book()
    sheet = fair.submit([entry])
    fair.now += 3_600_000
    fair.decide("approve", sheet)
    assert told(fair, created_after="2026-01-01T10:00:00Z") == []
    fair.now += LAG
    events = told(fair, created_after="2026-01-01T09:59:59Z")
    assert {(each["event_type"], each["subject_type"], each["subject_id"]) for each in events} == {
        ("timesheet:updated", "TimesheetSubmission", int(sheet)),
        ("time_entry:updated", "TimeEntry", int(entry)),
    }
    assert {each["subject_changed_at"] for each in events} == {"2026-01-01T10:00:00Z"}
    assert {each["user_id"] for each in events} == {int(fair.people["P-0002"])}
    assert all(each["created_at"] > "2026-01-01T10:00:00Z" for each in events)


def test_polls_by_watermark_see_every_event_once(fair):
    """Whoever asks from the last created_at it saw on, misses nothing and reads nothing twice."""
    entries = [fair.book(day=f"2026-01-{n:02d}") for n in range(5, 25)]
    seen, mark = [], "2025-12-31T00:00:00Z"
    for _ in range(12):
        fair.now += 20_000
        fair.act("update", "time_entry", f"id:{entries[0]}", {"notes": str(fair.now)})
        batch = told(fair, created_after=mark, event_types="time_entry:created")
        seen += [str(each["subject_id"]) for each in batch]
        mark = max([mark, *(each["created_at"] for each in batch)])
    assert sorted(seen) == sorted(entries)


def test_events_come_out_of_the_order_of_their_changes(fair):
    """The feed's order is that of generation, not of what happened."""
    for n in range(30):
        fair.book(day=f"2026-02-{n % 28 + 1:02d}", minutes=10)
        fair.now += 5_000
    fair.now += LAG
    events = told(fair, order="created_at:asc", event_types="time_entry:created")
    assert len(events) == 30
    assert [each["created_at"] for each in events] == sorted(each["created_at"] for each in events)
    changed = [each["subject_changed_at"] for each in events]
    assert changed != sorted(changed)
    newest = told(fair, event_types="time_entry:created")
    assert [each["created_at"] for each in newest] == sorted((each["created_at"] for each in newest), reverse=True)


def test_some_events_are_told_twice_even_on_a_fair_day():
    """A duplicate has an id of its own and the same subject."""
    account = Account(Settings(feed_duplicate_share=1.0))
    entry = account.book()
    account.now += 2 * LAG
    events = told(account, event_types="time_entry:created")
    assert [each["subject_id"] for each in events] == [int(entry)] * 2
    assert len({each["id"] for each in events}) == 2


def test_the_feed_forgets_after_nine_days(fair):
    """What is older than the retention is not told, whatever is asked."""
    fair.book()
    fair.now += 9 * 86_400_000
    recent = fair.book(day="2026-01-09")
    fair.now += LAG
    events = told(fair, created_after="2025-01-01T00:00:00Z")
    assert {each["subject_id"] for each in events} == {int(recent)}


def test_a_short_memory_is_a_fault_of_its_window(fair):
    """For as long as the fault holds, no event older than an hour can be read; afterwards all are there again."""
    fair.system.state.feed_faults.append(FeedFault("F-23", START + 7_000_000, START + 8_000_000, retention_ms=3_600_000))
    fair.book()
    fair.now = START + 7_500_000
    assert told(fair) == []
    fair.now = START + 8_000_000
    assert len(told(fair, event_types="time_entry:created")) == 1


def test_omitted_events_never_come_back(fair):
    """A share of the changes of a window is never told, not even after it; the draw is the same at every reading."""
    fair.system.state.feed_faults.append(FeedFault("F-17", START, START + 60_000, omit_share=0.5))
    for n in range(40):
        fair.book(day=f"2026-02-{n % 28 + 1:02d}", minutes=10)
    fair.now += 60_000
    late = fair.book(day="2026-03-01")
    fair.now += LAG
    first = [each["id"] for each in told(fair, event_types="time_entry:created")]
    again = [each["id"] for each in told(fair, event_types="time_entry:created")]
    assert first == again
    assert 10 <= len(first) <= 31
    assert int(late) in {each["subject_id"] for each in told(fair)}


def test_a_flood_of_duplicates_is_a_fault_of_its_window(fair):
    """Every change of the window is told twice."""
    fair.system.state.feed_faults.append(FeedFault("F-15", START, START + 1, duplicate_share=1.0))
    for n in range(10):
        fair.book(day=f"2026-02-{n + 1:02d}")
    fair.now += 2 * LAG
    assert len(told(fair, event_types="time_entry:created")) == 20


def test_a_shuffled_feed_keeps_its_pages_complete(fair):
    """The order is arbitrary but the same for all pages: nothing is lost between them."""
    for n in range(28):
        fair.book(day=f"2026-02-{n + 1:02d}")
    fair.now += LAG
    plain = [each["id"] for each in told(fair)]
    fair.system.state.feed_faults.append(FeedFault("F-16", START, START + 10 * LAG, shuffled=True))
    mixed = [each["id"] for each in told(fair)]
    assert sorted(plain) == sorted(mixed)
    assert plain != mixed


def test_filters_of_the_feed(fair):
    """Types, subjects and the most recent one per subject narrow the feed."""
    entry, other = fair.book(), fair.book(day="2026-01-06")
    fair.now += 1000
    fair.act("update", "time_entry", f"id:{entry}", {"notes": "a"})
    fair.act("delete", "time_entry", f"id:{other}", {})
    fair.now += LAG
    assert len(told(fair, event_types="time_entry:created,time_entry:deleted")) == 3
    assert len(told(fair, subject_type="TimeEntry", subject_id=entry)) == 2
    recent = told(fair, subject_type="TimeEntry", most_recent="true")
    assert {(each["event_type"], each["subject_id"]) for each in recent} == {
        ("time_entry:updated", int(entry)),
        ("time_entry:deleted", int(other)),
    }
    one = told(fair, only=recent[0]["id"])
    assert [each["id"] for each in one] == [recent[0]["id"]]
    assert told(fair, created_before="2026-01-01T09:00:00Z") == []
    for bad in ({"subject_id": entry}, {"most_recent": "true", "most_recent_by_event_type": "true"}, {"created_after": "soon"}):
        assert fair.get("/subscribed_events", **bad).status == 400


def test_subjects_ride_along_unless_they_are_gone(fair):
    """`include=subject` names and loads the subject; a deleted one is null."""
    entry, gone = fair.book(), fair.book(day="2026-01-06")
    fair.act("delete", "time_entry", f"id:{gone}", {})
    fair.now += LAG
    got = fair.get("/subscribed_events", event_types="time_entry:created", include="subject").json
    refs = {each["subject_id"]: each["subject_ref"] for each in got["subscribed_events"].values()}
    assert refs == {int(entry): {"key": "time_entries", "id": entry}, int(gone): None}
    assert list(got["time_entries"]) == [entry]


def test_payloads_tell_before_and_after(fair):
    """Payloads are optional fields, objects as the vendor showed them at that time; later changes do not show."""
    entry = fair.book(notes="a")
    fair.now += 1000
    fair.act("update", "time_entry", f"id:{entry}", {"notes": "b", "minutes": 60})
    shown = fair.get(f"/time_entries/{entry}").json["time_entries"][entry]
    fair.now += 1000
    fair.submit([entry])
    fair.now += LAG
    asked = {"optional_fields": "previous_payload,current_payload,payload_changes", "subject_type": "TimeEntry"}
    created, updated, submitted = sorted(told(fair, **asked), key=lambda each: each["subject_changed_at"])
    assert (created["previous_payload"], created["current_payload"]["notes"]) == ({}, "a")
    assert updated["previous_payload"] == created["current_payload"]
    assert updated["current_payload"] == shown
    assert updated["payload_changes"] == {
        "notes": {"from": "a", "to": "b"},
        "time_in_minutes": {"from": 480, "to": 60},
        "updated_at": {"from": "2026-01-01T09:00:00Z", "to": "2026-01-01T09:00:01Z"},
    }
    assert submitted["current_payload"]["active_submission_id"]
    assert "current_payload" not in told(fair)[0]


def test_after_a_deletion_there_is_no_current_payload(fair):
    """What is gone has only a before."""
    entry = fair.book(notes="a")
    fair.act("delete", "time_entry", f"id:{entry}", {})
    fair.now += LAG
    event = told(fair, event_types="time_entry:deleted", optional_fields="previous_payload,current_payload")[0]
    assert (event["previous_payload"]["notes"], event["current_payload"]) == ("a", {})


def test_an_acceptance_is_told_as_custom_field_values(fair):
    """The client's acceptance of a milestone makes events of its own beside story:updated, one a field."""
    stone = fair.create("stories", "story", workspace_id=fair.workspace, title="M1", story_type="milestone", state="completed")
    fair.now += 1000
    fair.act("update", "story", f"id:{stone}", {"accepted_at": fair.now, "accepted_by": "Ada"})
    fair.now += LAG
    events = told(fair, subject_type="Story", subject_id=stone, optional_fields="current_payload")
    assert sorted(each["event_type"] for each in events) == [
        "story:created", "story:custom_field_value_created", "story:custom_field_value_created", "story:updated",
    ]  # fmt: skip
    values = [each["current_payload"] for each in events if each["event_type"] == "story:custom_field_value_created"]
    assert {each["custom_field_name"]: each["value"] for each in values} == {
        "Accepted At": "2026-01-01T09:00:01Z",
        "Accepted By": "Ada",
    }


def test_late_events_are_a_fault_of_its_window(fair):
    """Changes of the window are told up to so much later, and out of their order all the more."""
    fair.system.state.feed_faults.append(FeedFault("F-16", START, START + 60_000, lag_ms_max=7_200_000))
    for n in range(20):
        fair.book(day=f"2026-02-{n + 1:02d}")
        fair.now += 1000
    fair.now += LAG
    assert len(told(fair, event_types="time_entry:created")) < 20
    fair.now += 7_200_000
    assert len(told(fair, event_types="time_entry:created")) == 20


def test_only_administrators_read_the_feed():
    """Another token gets 403."""
    account = Account(Settings(tokens={"kantata-token": "P-0001@firm.test"}))
    got = account.get("/subscribed_events")
    assert (got.status, got.errors[0]["type"]) == (403, "system")


def test_the_catalogue_of_events(fair):
    """Types and their fields can be asked for; references make no events."""
    got = fair.get("/subscribed_events/event_types").json
    assert "timesheet:updated" in got["subscribed_event_types"]
    assert not [name for name in got["subscribed_event_types"] if "reference" in name]
    assert set(got["subscribed_event_type_schemas"]) <= set(got["subscribed_event_types"])
    assert got["subscribed_event_type_schemas"]["expense_report:updated"]["fields"]["status"]["type"] == "string"


def test_the_feed_survives_a_restored_snapshot(fair):
    """After a restore the feed tells of the restored changes only."""
    fair.book()
    image = fair.system.snapshot()
    fair.now += LAG
    before = fair.get("/subscribed_events").body
    fair.book(day="2026-01-06")
    fair.system.restore(image)
    assert fair.get("/subscribed_events").body == before
