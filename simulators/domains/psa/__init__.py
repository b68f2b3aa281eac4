"""What a PSA is: projects, tasks and milestones, staffing, time, expenses, approvals. No HTTP, no vendor.

The way in is `KINDS`; the meaning of a refused move is the `Refusal` code that a rule raises. Own codes beside the shared
ones: `own_time` (somebody decides about their own lines), `day_is_full` (more than 24 hours a day), `receipt_missing`.
"""

from __future__ import annotations

from .expenses import EXPENSE, EXPENSE_SUBMISSION
from .people import USER
from .projects import ASSIGNMENT, STORY, WORKSPACE, WORKSPACE_RESOURCE
from .references import EXTERNAL_REFERENCE
from .time import TIME_ENTRY, TIMESHEET_SUBMISSION

KINDS = {
    kind.name: kind
    for kind in (
        USER,
        WORKSPACE,
        STORY,
        WORKSPACE_RESOURCE,
        ASSIGNMENT,
        TIME_ENTRY,
        TIMESHEET_SUBMISSION,
        EXPENSE,
        EXPENSE_SUBMISSION,
        EXTERNAL_REFERENCE,
    )
}

__all__ = [
    "ASSIGNMENT",
    "EXPENSE",
    "EXPENSE_SUBMISSION",
    "EXTERNAL_REFERENCE",
    "KINDS",
    "STORY",
    "TIMESHEET_SUBMISSION",
    "TIME_ENTRY",
    "USER",
    "WORKSPACE",
    "WORKSPACE_RESOURCE",
]
