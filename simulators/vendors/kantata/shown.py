"""What a resource shows beyond its columns: attributes that need a second field, another row or the account's settings."""

from __future__ import annotations

from typing import Any

from simulators.domains import psa
from simulators.kernel.stages import System

from .state import Desk

ACTIVE = ("submitted", "approved")
SUBJECTS = {  # domain kind -> the vendor's class name, as external references write it
    "user": "User",
    "workspace": "Workspace",
    "story": "Story",
    "workspace_resource": "WorkspaceResource",
    "assignment": "Assignment",
    "time_entry": "TimeEntry",
    "timesheet_submission": "Submission",
    "expense": "Expense",
    "expense_submission": "Submission",
}


def text_of(id: Any) -> str | None:
    """Write an id, or nothing."""
    return None if id is None else str(id)


def of_user(system: System[Desk], row: Any) -> dict[str, Any]:
    """Show the account role."""
    return {"role_id": text_of(system.state.role_ids.get(row.role))}


def of_workspace(system: System[Desk], _row: Any) -> dict[str, Any]:
    """Show the account."""
    return {"account_id": system.settings.account_id}


def of_story(_system: System[Desk], row: Any) -> dict[str, Any]:
    """Show that nothing is archived here, and whether time may be booked."""
    return {"archived": False, "time_trackable": row.type != "milestone"}


def of_resource(system: System[Desk], row: Any) -> dict[str, Any]:
    """Show the role, which also labels a resource without a label."""
    return {"role_id": text_of(system.state.role_ids.get(row.role)), "label": row.label or row.role}


def of_time_entry(system: System[Desk], row: Any) -> dict[str, Any]:
    """Show the submission under way or approved; time on a project without approvals counts as approved."""
    return booked(system, row, "require_time_approvals")


def of_expense(system: System[Desk], row: Any) -> dict[str, Any]:
    """Show the report under way or approved; expenses on a project without approvals count as approved."""
    return booked(system, row, "require_expense_approvals")


def booked(system: System[Desk], row: Any, setting: str) -> dict[str, Any]:
    """Show what time entries and expenses have in common."""
    shown: dict[str, Any] = {"active_submission_id": text_of(row.submission_id) if row.state in ACTIVE else None}
    shown["is_invoiced"] = False
    shown["taxable"] = False
    if row.state != "approved":
        project = system.records.get(psa.WORKSPACE, row.workspace_id)
        shown["approved"] = not getattr(project, setting)
    return shown


def of_submission(_system: System[Desk], row: Any) -> dict[str, Any]:
    """Show the class and what may still be done."""
    waits = row.state == "submitted"
    return {
        "type": "TimesheetSubmission" if type(row).__name__ == "timesheet_submission" else "ExpenseReportSubmission",
        "resolution_description": row.comment if not waits else None,
        "current_resolution_description": row.comment if not waits else None,
        "permissions": {
            "can_cancel_submission": waits,
            "can_approve_submission": waits,
            "can_reject_submission": waits,
            "can_resubmit_submission": row.state in ("rejected", "cancelled"),
        },
    }


def of_reference(_system: System[Desk], row: Any) -> dict[str, Any]:
    """Show the class of the subject."""
    return {"subject_type": SUBJECTS[row.subject_type], "locked": False}
