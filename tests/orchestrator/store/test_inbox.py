"""Each notice is kept once, every one is counted, and a full inbox takes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.canonical.events import Notice
from orchestrator.errors import Full
from orchestrator.store.database import Database
from orchestrator.store.inbox import STATES, Inbox


class Clock:
    def __init__(self):
        self.now = 1_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inbox(clock):
    return Inbox(Database(":memory:"), clock, pending_max=5)


def won(id="n1", subject="O-00001", version="v1", **body):
    return Notice(id, "opportunity", subject, version, body)


def counted(inbox):
    return {state: number for state, number in inbox.counts()["opportunity"].items() if number}


def test_same_sender_id_is_taken_once(inbox):
    """A redelivery is counted as a duplicate."""
    assert [inbox.accept("crm", [won()])[0] for _ in range(3)] == ["accepted", "deduplicated", "deduplicated"]
    assert counted(inbox) == {"accepted": 3, "deduplicated": 2, "pending": 1}


def test_same_content_under_a_new_id_is_taken_once(inbox):
    """F-15: the business key (topic, subject, version) dedupes too."""
    assert [inbox.accept("crm", [won(id)])[0] for id in ("n1", "n2")] == ["accepted", "deduplicated"]


def test_same_id_with_newer_values_is_a_duplicate(inbox):
    """The push is only a hint: a retry that carries newer values says nothing new."""
    inbox.accept("crm", [won(stage="Closed Won")])
    assert inbox.accept("crm", [won(version="v2", stage="Closed Won", amount=2)]) == ["deduplicated"]


def test_same_id_naming_another_record_is_a_conflict(inbox):
    """It is quarantined with its reason, once; the first notice is not touched."""
    inbox.accept("crm", [won()])
    assert [inbox.accept("crm", [won(subject="O-00002")])[0] for _ in range(2)] == ["conflict", "conflict"]
    assert counted(inbox) == {"accepted": 3, "pending": 1, "quarantined": 1, "deduplicated": 1}


def test_ids_of_different_senders_do_not_meet(inbox):
    """The sender's id is unique to the sender."""
    assert inbox.accept("crm", [won()]) == ["accepted"]
    assert inbox.accept("psa", [Notice("n1", "time", "S-00001", "v1")]) == ["accepted"]


def test_newer_version_supersedes_a_pending_one(inbox):
    """Only the newest hint of a subject is handed on."""
    inbox.accept("crm", [won("n1", version="v1")])
    inbox.accept("crm", [won("n2", version="v2")])
    assert [waiting.notice.id for waiting in inbox.due()] == ["n2"]
    assert counted(inbox) == {"accepted": 2, "superseded": 1, "pending": 1}


def test_a_notice_without_version_is_not_deduplicated_by_content(inbox):
    """It does not say which state it saw: a second one may be news."""
    assert [inbox.accept("psa", [won(id, version="")])[0] for id in ("n1", "n2")] == ["accepted", "accepted"]


def test_one_message_with_the_same_record_twice_is_judged_in_turn(inbox):
    """Within one message the rules are the same as between two."""
    notices = [won("n1"), won("n1"), won("n2"), won("n1", subject="O-00002")]
    assert inbox.accept("crm", notices) == ["accepted", "deduplicated", "deduplicated", "conflict"]


def test_full_inbox_takes_nothing_and_loses_nothing(inbox):
    """Past the bound the whole message is pushed back; duplicates of what is kept are still welcome afterwards."""
    inbox.accept("crm", [won(f"n{n}", f"O-{n}") for n in range(4)])
    with pytest.raises(Full):
        inbox.accept("crm", [won(f"m{n}", f"P-{n}") for n in range(2)])
    assert counted(inbox) == {"accepted": 4, "pending": 4}


def test_applied_notice_names_its_run_and_is_not_due_again(inbox):
    """Handed on: settled with the run's id."""
    inbox.accept("crm", [won()])
    inbox.applied(inbox.due()[0].seq, "activate:S-00001")
    assert (inbox.due(), counted(inbox)) == ([], {"accepted": 1, "applied": 1})


def test_a_notice_put_off_is_due_later(inbox, clock):
    """Trying again is a row with a time, and is counted."""
    inbox.accept("crm", [won()])
    inbox.later(inbox.due()[0].seq, clock.now + 500)
    assert (inbox.due(), inbox.next_due()) == ([], 1_500)
    clock.now += 500
    assert inbox.due()[0].tries == 1


def test_parked_notice_comes_back_on_release(inbox):
    """What nobody could handle waits for a person."""
    inbox.accept("crm", [won()])
    inbox.parked(inbox.due()[0].seq, "no such SOW")
    assert counted(inbox) == {"accepted": 1, "parked": 1}
    assert (inbox.release("crm", "n1"), inbox.release("crm", "n1")) == (True, False)
    assert len(inbox.due()) == 1


def test_unreadable_bytes_are_quarantined_once(inbox):
    """With the reason and the beginning of the body."""
    assert [inbox.quarantine("crm", "opportunity", "no XML", b"<a" * 9_000) for _ in range(2)] == [True, False]
    assert counted(inbox) == {"accepted": 2, "quarantined": 1, "deduplicated": 1}


def test_forgetting_keeps_the_counts(inbox, clock):
    """Retention deletes rows, not the sums."""
    inbox.accept("crm", [won("n1"), won("n2", "O-2")])
    for waiting in inbox.due():
        inbox.applied(waiting.seq, "r")
    clock.now += 10_000
    before = counted(inbox)
    assert inbox.forget(clock.now) == 2
    assert counted(inbox) == before == {"accepted": 2, "applied": 2}


ACTS = st.lists(
    st.tuples(st.sampled_from(["accept", "apply", "park", "release"]), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)),
    max_size=30,
)


@given(ACTS)
def test_every_accepted_notice_is_accounted_for(acts):
    """INV-12: accepted = applied + deduplicated + superseded + quarantined + parked + pending, and no content is applied twice."""
    inbox, applied = Inbox(Database(":memory:"), Clock(), pending_max=100), []
    for act, id, subject, version in acts:
        due = inbox.due(1)
        if act == "accept":
            inbox.accept("crm", [won(f"n{id}", f"O-{subject}", f"v{version}")])
        elif act == "apply" and due:
            inbox.applied(due[0].seq, "r")
            applied.append((due[0].notice.subject, due[0].notice.version))
        elif act == "park" and due:
            inbox.parked(due[0].seq, "why")
        elif act == "release":
            inbox.release("crm", f"n{id}")
    counts = inbox.counts().get("opportunity", dict.fromkeys(("accepted", *STATES), 0))
    assert counts["accepted"] == sum(counts[state] for state in STATES)
    assert len(applied) == len(set(applied))
