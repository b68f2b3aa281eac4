"""The exceptions desk: one live exception per trouble, decided by whom may, in step with its run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from orchestrator.errors import Conflict, Denied, Missing
from orchestrator.policies.reference import load
from orchestrator.store.audit import Audit
from orchestrator.store.database import Database
from orchestrator.store.desk import HOUR_MS, Desk, Ticket


class Clock:
    def __init__(self):
        self.now = 1_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def audit(clock):
    return Audit(Database(":memory:"), clock)


@pytest.fixture
def desk(audit, clock):
    return Desk(audit._db, clock, catalogue=load().catalogue, audit=audit, limits={"clerk": 10_000, "controller": 1_000_000})


CAP = Ticket("CAP_EXCEEDED", "S-00001", "over", "TE-7", amount_minor=50_000, currency="USD", run="time:1")


def run(state, code="", run="r1", key="S-00001", **facts):
    return SimpleNamespace(
        id=run, key=key, state=state, detail={"code": code, "why": "because", "facts": facts, "undoing": False}
    )


def states(desk):
    return [(view.subject, view.code, view.state) for view in desk.find()]


def test_exception_has_class_owner_remediation_and_due_time(desk, clock):
    """INV-49: everything a clerk needs comes from the catalogue and the refusal."""
    view = desk.get(desk.open(CAP))
    assert (view.klass, view.queue, view.owner) == ("business", "project-ops", "Project Operations")
    assert (view.source, view.amount_minor, view.currency, view.run) == ("TE-7", 50_000, "USD", "time:1")
    assert view.remediation
    assert view.due_at == clock.now + 48 * HOUR_MS


def test_unknown_code_is_the_platform_s_to_explain(desk):
    """No exception is without an owner."""
    view = desk.get(desk.open(Ticket("NOBODY_KNOWS", "x")))
    assert (view.code, view.queue) == ("NOBODY_KNOWS", "platform")


def test_same_subject_and_code_is_never_open_twice(desk):
    """Opening again gives the same exception."""
    assert desk.open(CAP) == desk.open(CAP)
    assert states(desk) == [("S-00001", "CAP_EXCEEDED", "open")]


def test_resubmitted_exception_that_fails_again_is_reopened(desk):
    """Its history tells both attempts; it is not a new one."""
    id = desk.open(CAP)
    desk.resubmit(id, by="ann", note="cap raised")
    assert desk.open(CAP) == id
    assert [line["act"] for line in desk.history(id)] == ["opened", "resubmitted", "reopened"]
    assert desk.get(id).state == "open"


def test_waiver_needs_authority_over_the_amount(desk):
    """Above the limit of all the roles: denied, still open; a higher role may."""
    id = desk.open(CAP)
    for roles in ((), ("reader",), ("clerk",)):
        with pytest.raises(Denied):
            desk.waive(id, by="ann", roles=roles, reason="goodwill")
    assert desk.waive(id, by="carl", roles=("clerk", "controller"), reason="goodwill").state == "waived"


def test_decided_exception_cannot_be_decided_again(desk):
    """A double click is a conflict; an unknown id is missing."""
    id = desk.open(CAP)
    desk.waive(id, by="carl", roles=("controller",), reason="x")
    with pytest.raises(Conflict):
        desk.resubmit(id, by="ann", note="")
    with pytest.raises(Missing):
        desk.resubmit("X-99999", by="ann", note="")


def test_operators_acts_are_audited_with_their_reason(desk, audit):
    """One record an act, in the same transaction; opening by the orchestrator is no operator's act."""
    id = desk.open(CAP)
    desk.resubmit(id, by="ann", note="fixed")
    desk.open(CAP)
    desk.waive(id, by="carl", roles=("controller",), reason="write-off")
    acts = [(record.actor, record.action, record.reason) for record in audit.of("S-00001")]
    assert acts == [("ann", "exception.resubmitted", "fixed"), ("carl", "exception.waived", "write-off")]
    assert audit.verify() is None


def test_parked_run_is_on_the_desk_and_leaves_it_when_it_goes_on(desk):
    """Parked opens, going on resolves."""
    desk.follow(run("parked", "TAX_PROFILE_MISSING"))
    id = desk.find()[0].id
    desk.resubmit(id, by="ann", note="set")
    desk.follow(run("retrying"))
    assert desk.get(id).state == "resubmitted"
    desk.follow(run("waiting"))
    assert (desk.get(id).state, desk.get(id).by) == ("resolved", "orchestrator")


def test_run_that_parks_for_another_reason_moves_on(desk):
    """The first cause is fixed, the second is new."""
    desk.follow(run("parked", "TAX_PROFILE_MISSING"))
    desk.resubmit(desk.find()[0].id, by="ann", note="set")
    desk.follow(run("parked", "TERMS_MISSING"))
    assert [(code, state) for _, code, state in states(desk)] == [("TAX_PROFILE_MISSING", "resolved"), ("TERMS_MISSING", "open")]


def test_two_runs_with_the_same_trouble_are_decided_one_by_one(desk):
    """The second one's subject is its own run, so that each can be resubmitted."""
    desk.follow(run("parked", "VENDOR_REFUSED", run="r1"))
    desk.follow(run("parked", "VENDOR_REFUSED", run="r2"))
    assert [(view.subject, view.run) for view in desk.find()] == [("S-00001", "r1"), ("r2", "r2")]


def test_following_a_parked_run_twice_changes_nothing(desk):
    """Start-up follows every parked run again."""
    for _ in range(3):
        desk.follow(run("parked", "TERMS_MISSING", source="S-1", amount_minor=5, currency="EUR"))
    assert len(desk.find()) == 1
    assert [line["act"] for line in desk.history(desk.find()[0].id)] == ["opened"]


def test_item_exceptions_outlive_the_run_that_opened_them(desk):
    """One entry set aside stays on the desk when its run is done; the thing itself settles it."""
    id = desk.open(CAP)
    desk.follow(run("done", run="time:1"))
    assert desk.get(id).state == "open"
    assert desk.settle("S-00001", "CAP_EXCEEDED", source="TE-7", note="posted") == 1
    assert desk.get(id).state == "resolved"


def test_overdue_exception_is_escalated_once(desk, clock):
    """INV-49: none is older than its due time without escalation."""
    id = desk.open(CAP)
    assert (desk.escalate(), desk.next_due()) == ([], desk.get(id).due_at)
    clock.now = desk.get(id).due_at
    assert (desk.escalate(), desk.escalate(), desk.next_due()) == ([id], [], None)
    assert desk.get(id).escalated_at == clock.now


def test_stuck_run_is_the_platform_s_exception(desk):
    """A run whose code does not match its journal does not die silently."""
    desk.follow(SimpleNamespace(id="r1", key="S-00001", state="stuck", detail={"why": "entry 3"}))
    assert [(view.code, view.queue, view.why) for view in desk.find()] == [("DEFECT", "platform", "entry 3")]


def test_lists_are_filtered_by_queue_and_state(desk):
    """A clerk sees her own queue."""
    desk.open(CAP)
    desk.open(Ticket("TERMS_MISSING", "S-00002"))
    assert [view.subject for view in desk.find(queue="sales-ops", state="open")] == ["S-00002"]
    assert desk.counts() == {"project-ops": 1, "sales-ops": 1}
