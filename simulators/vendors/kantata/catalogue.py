"""Every resource of the room as data: which filters, which orders, what can be included, what is hidden by default.

Names, defaults and limits: Source: Kantata OX Swagger mirror (api-evangelist/mavenlink, openapi/*, read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from simulators.domains import psa
from simulators.kernel.records import Kind

from . import filters as f
from .resources import (
    FREE_OF_APPROVAL,
    REFERENCES,
    STAMPS,
    STATUSES,
    STORY,
    USER,
    WORKSPACE,
    Association,
    Resource,
    archived_projects,
    common,
    own_reports,
    ties,
    unarchived_assignments,
    unless,
    unnamed_resources,
)
from .shown import of_expense, of_reference, of_resource, of_story, of_submission, of_time_entry, of_user, of_workspace


def submissions(key: str, kind: Kind, lines: str, line_ids: str, **more: Any) -> Resource:
    """Build the resource of timesheets or of expense reports."""
    one = key.removesuffix("s")
    return Resource(
        key=key,
        one=one,
        kind=kind,
        filters={
            **common(kind),
            "active": f.when_true("t.state IN ('submitted', 'approved')"),
            "not_cancelled": f.when_true("t.state <> 'cancelled'"),
            "statuses": f.by_words("state", STATUSES),
            "user_ids": f.by_ids("user_id"),
            "workspace_id": f.by_id("workspace_id"),
            "workspace_ids": f.by_ids("workspace_id"),
            **more.pop("filters", {}),
        },
        orders={**STAMPS, "date": 't."start_on"', "status": 't."state"', "title": 't."title"'},
        associations={
            "user": USER,
            "workspace": WORKSPACE,
            lines: Association(lines, line_ids, link="submission_id"),
            "external_references": ties(kind),
        },
        more=of_submission,
        **more,
    )


RESOURCES = {
    resource.key: resource
    for resource in (
        Resource(
            key="users",
            one="user",
            subject="User",
            kind=psa.USER,
            filters={
                **common(psa.USER),
                "by_email_address": f.by_text("email"),
                "by_email_addresses": lambda text: f.within('t."email"', list(f.listed(text))),
                "by_full_name": lambda text: ('instr(lower(t."full_name"), lower(?)) > 0', [text]),
            },
            orders={"alphabetical": 't."full_name"'},
            order="alphabetical:asc",
            search=("full_name", "email"),
            associations={"external_references": ties(psa.USER)},
            more=of_user,
        ),
        Resource(
            key="workspaces",
            one="workspace",
            subject="Workspace",
            kind=psa.WORKSPACE,
            filters={
                **common(psa.WORKSPACE),
                "budgeted": f.by_truth("budgeted"),
                "require_time_approvals": f.by_truth("require_time_approvals"),
                "requiring_expense_approval": f.by_truth("require_expense_approvals"),
                "start_date_after": f.on_day("start_on", ">"),
                "start_date_before": f.on_day("start_on", "<"),
                "due_date_after": f.on_day("due_on", ">"),
                "due_date_before": f.on_day("due_on", "<"),
                "except": lambda text: (f"NOT ({f.by_ids('id')(text)[0]})", f.by_ids("id")(text)[1]),  # type: ignore[index]
            },
            orders={
                **STAMPS,
                "title": 't."title"',
                "start_date": 't."start_on"',
                "due_date": 't."due_on"',
                "price": 't."price"',
                "status": 't."status"',
            },
            search=("title", "description"),
            associations={
                "external_references": ties(psa.WORKSPACE),
                "workspace_resources": Association(
                    "workspace_resources", "workspace_resource_ids", link="workspace_id", test="t.user_id IS NOT NULL"
                ),
                "workspace_resources_with_unnamed": Association(
                    "workspace_resources", "workspace_resources_with_unnamed_ids", link="workspace_id"
                ),
                "timesheet_submissions": Association(
                    "timesheet_submissions", "timesheet_submission_ids", link="workspace_id", test="t.state = 'submitted'"
                ),
            },
            hidden=archived_projects,
            more=of_workspace,
        ),
        Resource(
            key="stories",
            one="story",
            subject="Story",
            kind=psa.STORY,
            filters={
                **common(psa.STORY),
                "workspace_id": f.by_id("workspace_id"),
                "with_projects": f.by_ids("workspace_id"),
                "story_type": f.by_text("type"),
                "story_types": lambda text: f.within('t."type"', list(f.listed(text))),
                "by_status": f.by_words("state", {"not started": "not_started", "started": "started", "completed": "completed"}),
                "completed": f.when_true("t.state = 'completed'"),
                "uncompleted": f.when_true("t.state <> 'completed'"),
                "with_parent_id": f.by_id("parent_id"),
                "parents_only": f.when_true("t.parent_id IS NULL"),
                "due_after": f.on_day("due_on", ">"),
                "due_before": f.on_day("due_on", "<"),
                "due_on": f.on_day("due_on"),
                "due_between": f.between_days("due_on"),
                "starting_between": f.between_days("start_on"),
            },
            orders={**STAMPS, "due_date": 't."due_on"', "start_date": 't."start_on"', "position": "t.id"},
            search=("title", "description"),
            associations={
                "workspace": WORKSPACE,
                "parent": Association("stories", "parent_id", field="parent_id"),
                "sub_stories": Association("stories", "sub_story_ids", link="parent_id"),
                "current_assignments": Association("assignments", "current_assignment_ids", link="story_id"),
                "external_references": ties(psa.STORY),
            },
            hidden=unless("show_from_archived_workspaces"),
            more=of_story,
            bulk_max=300,
        ),
        Resource(
            key="workspace_resources",
            one="workspace_resource",
            subject="WorkspaceResource",
            kind=psa.WORKSPACE_RESOURCE,
            filters={
                **common(psa.WORKSPACE_RESOURCE),
                "workspace_id": f.by_id("workspace_id"),
                "user_id": f.by_id("user_id"),
            },
            orders=STAMPS,
            associations={"user": USER, "workspace": WORKSPACE, "external_references": ties(psa.WORKSPACE_RESOURCE)},
            hidden=unnamed_resources,
            more=of_resource,
            bulk_max=200,
        ),
        Resource(
            key="assignments",
            one="assignment",
            subject="Assignment",
            kind=psa.ASSIGNMENT,
            filters={
                **common(psa.ASSIGNMENT),
                "story_id": f.by_id("story_id"),
                "assignee_id": f.by_id("user_id"),
                "workspace_id": lambda text: (
                    f't.story_id IN (SELECT id FROM "{psa.STORY.table}" WHERE workspace_id = ?)',
                    [f.whole(text)],
                ),
                "uncurrent": f.when_true("0"),
            },
            orders=STAMPS,
            order="created_at:desc",
            associations={
                "assignee": Association("users", "assignee_id", field="user_id"),
                "story": STORY,
                "external_references": ties(psa.ASSIGNMENT),
            },
            hidden=unarchived_assignments,
            more=lambda _system, _row: {"current": True},
            bulk_max=1,
        ),
        Resource(
            key="time_entries",
            one="time_entry",
            subject="TimeEntry",
            kind=psa.TIME_ENTRY,
            filters={
                **common(psa.TIME_ENTRY),
                "workspace_id": f.by_id("workspace_id"),
                "workspace_ids": f.by_ids("workspace_id"),
                "approved": f.when_present(f"(t.state = 'approved' OR {FREE_OF_APPROVAL.format('require_time_approvals')})"),
                "invoiced": f.when_present("0"),
                "uninvoiced": f.when_present("1"),
                "billable": f.by_truth("billable"),
                "date_performed_between": f.between_days("performed_on"),
                "created_by": f.by_id("user_id"),
                "with_user_ids": f.by_ids("user_id"),
                "in_active_submission": f.when_true(
                    "t.state IN ('submitted', 'approved')", "t.state NOT IN ('submitted', 'approved')"
                ),
                "with_timesheet_id": lambda text: (
                    "t.submission_id = ? AND t.state IN ('submitted', 'approved')",
                    [f.whole(text)],
                ),
                "with_recent_timesheet_ids": f.by_ids("submission_id"),
            },
            orders={**STAMPS, "date_performed": 't."performed_on"'},
            order="date_performed:desc",
            presence=frozenset({"approved", "invoiced", "uninvoiced"}),
            associations={
                "workspace": WORKSPACE,
                "story": STORY,
                "user": USER,
                "active_submission": Association("timesheet_submissions", "active_submission_id", field="submission_id"),
                "recent_submission": Association("timesheet_submissions", "recent_submission_id", field="submission_id"),
                "external_references": ties(psa.TIME_ENTRY),
            },
            hidden=unless("from_archived_workspaces"),
            more=of_time_entry,
        ),
        Resource(
            key="expenses",
            one="expense",
            subject="Expense",
            kind=psa.EXPENSE,
            filters={
                **common(psa.EXPENSE),
                "workspace_id": f.by_id("workspace_id"),
                "approved": f.when_present(f"(t.state = 'approved' OR {FREE_OF_APPROVAL.format('require_expense_approvals')})"),
                "invoiced": f.when_present("0"),
                "uninvoiced": f.when_present("1"),
                "submitted": f.when_true("t.state IN ('submitted', 'approved')"),
                "unsubmitted": f.when_true("t.state NOT IN ('submitted', 'approved')"),
                "reimbursable": f.by_truth("reimbursable"),
                "date_expensed_between": f.between_days("spent_on"),
                "created_by": f.by_id("user_id"),
                "with_expense_report_id": lambda text: (
                    "t.submission_id = ? AND t.state IN ('submitted', 'approved')",
                    [f.whole(text)],
                ),
                "with_recent_expense_report_ids": f.by_ids("submission_id"),
            },
            orders={
                **STAMPS,
                "date": 't."spent_on"',
                "amount": 't."amount"',
                "category": 't."category"',
                "notes": 't."notes"',
            },
            order="date:desc",
            presence=frozenset({"approved", "invoiced", "uninvoiced"}),
            associations={
                "workspace": WORKSPACE,
                "user": USER,
                "active_submission": Association("expense_report_submissions", "active_submission_id", field="submission_id"),
                "recent_submission": Association("expense_report_submissions", "recent_submission_id", field="submission_id"),
                "external_references": ties(psa.EXPENSE),
            },
            hidden=unless("from_archived_workspaces"),
            more=of_expense,
        ),
        submissions(
            "timesheet_submissions",
            psa.TIMESHEET_SUBMISSION,
            "time_entries",
            "time_entry_ids",
            subject="TimesheetSubmission",
            order="date:desc",
            filters={
                "start_date": f.on_day("start_on"),
                "end_date": f.on_day("end_on"),
                "start_date_after": f.on_day("start_on", ">="),
            },
        ),
        submissions(
            "expense_report_submissions",
            psa.EXPENSE_SUBMISSION,
            "expenses",
            "expense_ids",
            subject="ExpenseReportSubmission",
            order="created_at:desc",
            hidden=own_reports,
        ),
        Resource(
            key="external_references",
            one="external_reference",
            subject="ExternalReference",
            kind=REFERENCES,
            filters={
                **f.stamped(),
                "subject_id": f.by_id("subject_id"),
                "service_name": f.by_text("service_name"),
                "service_model": f.by_text("service_model"),
                "service_model_ref": f.by_text("service_model_ref"),
                "status": f.by_text("sync_status"),
                "external_status": f.by_text("status"),
                "external_message": f.by_text("message"),
                "last_synced_after": f.compared("synced_at", ">"),
                "last_synced_before": f.compared("synced_at", "<"),
            },
            orders={**STAMPS, "last_synced_at": 't."synced_at"'},
            order="last_synced_at:desc",
            more=of_reference,
            demanded=("subject_type",),
        ),
    )
}
KINDS_BY_SUBJECT = {resource.subject: resource for resource in RESOURCES.values()} | {
    "Submission": RESOURCES["timesheet_submissions"]
}
RESOURCE_OF_KIND = {resource.kind.name: resource for resource in RESOURCES.values()}
