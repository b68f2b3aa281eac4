"""Kantata's names for the PSA's facts: the envelope and its dictionaries as typed records, and both directions of translation.

`results` is the only ordered list; the dictionaries mix what was asked for and what was included. Ids are text. An entry has no
approval instant of its own: it is its submission's resolution. Source: Kantata OX API contract (read), 2026-11.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.engagement import Demand, Story, Workspace
from orchestrator.canonical.work import MilestoneSeen, Work
from orchestrator.ports import Hint, Shown
from orchestrator.systems.instants import millis

CREATOR_ROLE = "maven"
SERVICE, SYNCED, LINK = "netsuite", "successful", "erp:"
ACCEPTED_AT, ACCEPTED_BY = "Accepted At", "Accepted By"
BACK = "-back"
DECIDED_AGAINST = frozenset(("rejected", "cancelled"))
WORKSPACE_FIELDS = ("title", "currency", "price", "budgeted", "start_on", "due_on", "require_time_approvals", "description")
STORY_FIELDS = ("workspace_id", "title", "type", "start_on", "due_on", "billable", "fixed_fee", "estimate_minutes")
DEMAND_FIELDS = ("workspace_id", "role", "minutes", "label")
SHOWN_FIELDS = (
    "subject_type",
    "subject_id",
    "service_name",
    "service_model",
    "service_model_ref",
    "status",
    "sync_status",
    "link",
)

Body = dict[str, Any]


class Key(msgspec.Struct, gc=False):
    key: str
    id: str


class Meta(msgspec.Struct, frozen=True, gc=False):
    count: int | None = None
    page_count: int = 1
    page_number: int = 1


class UserRow(msgspec.Struct, gc=False):
    headline: str | None = None


class WorkspaceRow(msgspec.Struct, gc=False):
    id: str
    title: str = ""


class StoryRow(msgspec.Struct):
    id: str
    title: str = ""
    workspace_id: str = ""
    story_type: str = ""
    state: str = ""
    updated_at: str = ""
    custom_field_value_ids: list[str] = []


class ResourceRow(msgspec.Struct, gc=False):
    id: str
    label: str | None = None


class RoleRow(msgspec.Struct, gc=False):
    id: str
    name: str = ""


class SubmissionRow(msgspec.Struct, gc=False):
    id: str
    status: str = ""
    workspace_id: str = ""
    resolved_at: str | None = msgspec.field(default=None, name="current_resolution_created_at_date")
    time_entry_ids: list[str] = []
    expense_ids: list[str] = []


class AssignmentRow(msgspec.Struct, gc=False):
    id: str
    story_id: str = ""
    assignee_id: str = ""


class TimeRow(msgspec.Struct, gc=False):
    id: str
    workspace_id: str
    user_id: str
    date_performed: str
    time_in_minutes: int
    billable: bool
    approved: bool
    updated_at: str
    story_id: str | None = None
    notes: str | None = None
    currency: str | None = None
    active_submission_id: str | None = None


class ExpenseRow(msgspec.Struct, gc=False):
    id: str
    workspace_id: str
    user_id: str
    date: str
    amount_in_cents: int
    is_billable: bool
    approved: bool
    updated_at: str
    currency: str | None = None
    category: str | None = None
    notes: str | None = None
    active_submission_id: str | None = None


class ValueRow(msgspec.Struct, gc=False):
    custom_field_name: str
    subject_id: int | str
    value: Any = None


class ReferenceRow(msgspec.Struct, gc=False):
    id: str
    subject_id: int | str
    service_name: str
    service_model: str
    service_model_ref: str
    status: str | None = msgspec.field(default=None, name="external_status")
    link: str | None = msgspec.field(default=None, name="external_link")


class EventRow(msgspec.Struct, gc=False):
    id: str
    event_type: str
    created_at: str = ""
    subject_id: int | str | None = None


class Envelope(msgspec.Struct):
    """One answer; dictionaries that were not sent stay empty."""

    results: list[Key]
    meta: Meta = msgspec.field(default_factory=Meta)
    users: dict[str, UserRow] = {}
    workspaces: dict[str, WorkspaceRow] = {}
    stories: dict[str, StoryRow] = {}
    workspace_resources: dict[str, ResourceRow] = {}
    roles: dict[str, RoleRow] = {}
    assignments: dict[str, AssignmentRow] = {}
    time_entries: dict[str, TimeRow] = {}
    expenses: dict[str, ExpenseRow] = {}
    timesheet_submissions: dict[str, SubmissionRow] = {}
    expense_report_submissions: dict[str, SubmissionRow] = {}
    external_references: dict[str, ReferenceRow] = {}
    custom_field_values: dict[str, ValueRow] = {}
    subscribed_events: dict[str, EventRow] = {}


def workspace(given: Workspace) -> Body:
    body = {
        "title": given.title,
        "creator_role": CREATOR_ROLE,
        "description": given.description,
        "currency": given.currency,
        "price_in_cents": given.price,
        "budgeted": True,
        "start_date": given.start_on,
        "due_date": given.due_on,
        "require_time_approvals": True,
        "require_expense_approvals": True,
    }
    return {name: value for name, value in body.items() if value != ""}


def story(workspace: str, given: Story) -> Body:
    body = {
        "workspace_id": workspace,
        "title": given.title,
        "story_type": given.kind,
        "start_date": given.start_on,
        "due_date": given.due_on,
        "billable": given.billable,
        "fixed_fee": given.fixed_fee,
        "time_estimate_in_minutes": given.minutes,
    }
    return {name: value for name, value in body.items() if value != ""}


def demand(workspace: str, given: Demand, role_id: str) -> Body:
    return {"workspace_id": workspace, "role_id": role_id, "label": given.label, "estimated_minutes": given.minutes}


def reference(shown: Shown) -> Body:
    """One reference to an ERP record on a workspace. The vendor keeps one per object and service name, so the record is in the name."""
    return {
        "subject_type": "Workspace",
        "subject_id": shown.workspace,
        "service_name": service_name(shown),
        "service_model": shown.model,
        "service_model_ref": shown.ref,
        "status": SYNCED,
        "external_status": shown.status,
        "external_link": f"{LINK}{shown.model}/{shown.key}?version={shown.version}",
    }


def service_name(shown: Shown) -> str:
    return SERVICE if shown.model == "job" else f"{SERVICE}:{shown.key}"


def shown_of(row: ReferenceRow) -> Shown:
    key = row.service_name.partition(":")[2] or row.service_model_ref
    version = (row.link or "").rpartition("?version=")[2]
    return Shown(
        str(row.subject_id),
        row.service_model,
        key,
        row.service_model_ref,
        row.status or "",
        int(version) if version.isdecimal() else 0,
    )


def time_work(row: TimeRow, page: Envelope) -> Work | None:
    """An approved, billable entry; None while its approval cannot be seen."""
    submission = page.timesheet_submissions.get(row.active_submission_id or "")
    if not (row.approved and row.billable and submission and submission.resolved_at):
        return None
    return Work(
        source=refs.time(row.id),
        kind="time",
        story=row.story_id or "",
        person=_person(row.user_id, page),
        on=row.date_performed,
        minutes=row.time_in_minutes,
        amount=0,
        currency=row.currency or "",
        approved_at=millis(submission.resolved_at),
        submission=submission.id,
        note=row.notes or "",
        changed_at=millis(row.updated_at),
    )


def expense_work(row: ExpenseRow, page: Envelope) -> Work | None:
    """An approved, billable expense; None while its approval cannot be seen."""
    submission = page.expense_report_submissions.get(row.active_submission_id or "")
    if not (row.approved and row.is_billable and submission and submission.resolved_at):
        return None
    return Work(
        source=refs.expense(row.id),
        kind="expense",
        story="",
        person=_person(row.user_id, page),
        on=row.date,
        minutes=0,
        amount=row.amount_in_cents,
        currency=row.currency or "",
        approved_at=millis(submission.resolved_at),
        submission=submission.id,
        category=row.category or "",
        note=row.notes or "",
        changed_at=millis(row.updated_at),
    )


def seats_of(page: Envelope) -> list[tuple[str, str]]:
    """(story, person number) of every assignment of a page."""
    rows = (page.assignments[key.id] for key in page.results)
    return [(row.story_id, _person(row.assignee_id, page)) for row in rows]


def back_of(kind: str, row: SubmissionRow) -> Hint | None:
    """The hint that a submission is approved no more; None while it is under way or stands."""
    if row.status not in DECIDED_AGAINST or not row.resolved_at:
        return None
    return Hint(f"{kind}{BACK}", row.workspace_id, row.id, millis(row.resolved_at))


def _person(user_id: str, page: Envelope) -> str:
    user = page.users.get(user_id)
    return (user.headline or "") if user else ""


def milestone_of(row: StoryRow, page: Envelope) -> MilestoneSeen | None:
    """A milestone the client has accepted; None for anything else."""
    values = {
        value.custom_field_name: value.value
        for key in row.custom_field_value_ids
        if (value := page.custom_field_values.get(key)) is not None
    }
    accepted_at = values.get(ACCEPTED_AT)
    line = refs.line_in(row.title)
    if row.story_type != "milestone" or not accepted_at or not line:
        return None
    return MilestoneSeen(refs.sow_of_line(line), line, row.id, millis(accepted_at), values.get(ACCEPTED_BY) or "")


def hint_of_work(page: Envelope, resource: str, id: str) -> Hint | None:
    """The hint an approved entry or expense is: that its submission was approved."""
    if resource == "time_entries":
        row: TimeRow | ExpenseRow = page.time_entries[id]
        kind, billable, submissions = "time", page.time_entries[id].billable, page.timesheet_submissions
    else:
        row = page.expenses[id]
        kind, billable, submissions = "expense", page.expenses[id].is_billable, page.expense_report_submissions
    submission = submissions.get(row.active_submission_id or "")
    if not billable or submission is None or not submission.resolved_at:
        return None
    source = refs.time(id) if kind == "time" else refs.expense(id)
    return Hint(kind, row.workspace_id, submission.id, millis(submission.resolved_at), source)


def hint_of_story(row: StoryRow, page: Envelope) -> Hint | None:
    """The hint an accepted milestone is."""
    seen = milestone_of(row, page)
    return None if seen is None else Hint("milestone", row.workspace_id, row.id, seen.accepted_at)
