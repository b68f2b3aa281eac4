"""Time entries and the timesheets that carry them to an approver.

A day has 24 hours for one person, whatever the projects; time goes on a task of its own project, never on a milestone,
never on an archived project; an entry is fixed from submission on (rejected ones may be corrected).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from simulators.kernel.records import Field, Kind, Records, Refusal

from . import approval
from .projects import STORY, live_row, moved, open_workspace

MINUTES_PER_DAY_MAX = 24 * 60


class Asks(Protocol):
    """A store that answers SQL: a sum over a day needs no rows."""

    def select(self, text: str, binds: Sequence[Any]) -> list[tuple[Any, ...]]: ...


def books_positive_time(records: Records, before: Any, after: Any) -> None:
    """Refuse no time, and more than a day has, summed over all projects of the person."""
    if after.minutes is None or after.minutes <= 0:
        raise Refusal("bad_value", "time must be more than zero", field="minutes", got=after.minutes)
    if after.deleted or not moved(before, after, "minutes", "performed_on", "user_id"):
        return
    if after.minutes + minutes_on(records, after.user_id, after.performed_on, after.id) > MINUTES_PER_DAY_MAX:
        raise Refusal("day_is_full", "a person books at most 24 hours a day", field="minutes", got=after.minutes)


def minutes_on(records: Records, user_id: Any, day: str, except_id: Any) -> int:
    """Return the minutes a person has booked on a day, other than in one entry."""
    return int(cast(Asks, records.store).select(MINUTES, (user_id, day, except_id))[0][0])


def books_on_a_task(records: Records, before: Any, after: Any) -> None:
    """Time goes on an open project, on a task of that project."""
    if moved(before, after, "workspace_id"):
        open_workspace(records, after.workspace_id)
    if after.story_id is None or not moved(before, after, "story_id", "workspace_id"):
        return
    story = live_row(records, STORY, after.story_id, "story_id")
    if story.workspace_id != after.workspace_id:
        raise Refusal("bad_value", "the task is of another project", field="story_id", got=after.story_id)
    if story.type == "milestone":
        raise Refusal("bad_value", "time is not booked on a milestone", field="story_id", got=after.story_id)


def timesheet() -> Kind:
    """Return the submission kind; entries and submissions name each other."""
    return TIMESHEET_SUBMISSION


TIME_ENTRY = Kind(
    "time_entry",
    (
        Field("workspace_id", "ref", required=True, indexed=True, to="workspace"),
        Field("story_id", "ref", to="story"),
        Field("user_id", "ref", required=True, indexed=True, to="user"),
        Field("performed_on", "date", required=True),
        Field("minutes", "int", required=True),
        Field("billable", "flag", default=1),
        Field("notes"),
        Field("rate", "rate"),
        Field("currency"),
        Field("state", "state"),
        Field("submission_id", "ref", indexed=True, to="timesheet_submission"),
        Field("approved_at", "instant", indexed=True),
        Field("approved_by", "ref", to="user"),
        Field("sequence", "int"),
    ),
    machine=approval.LINE_MACHINE,
    rules=(
        approval.dated("performed_on"),
        books_positive_time,
        books_on_a_task,
        approval.fixed_once_submitted(
            "workspace_id", "story_id", "user_id", "performed_on", "minutes", "billable", "notes", "rate", "currency", "sequence"
        ),
        approval.stays_when_decided,
        approval.moves_with_submission(timesheet),
    ),
)
TIMESHEET_SUBMISSION = approval.submission_kind(
    "timesheet_submission", approval.verbs_over(lambda: TIME_ENTRY, timesheet, "performed_on")
)
MINUTES = (
    f'SELECT COALESCE(SUM(minutes), 0) FROM "{TIME_ENTRY.table}" '
    "WHERE user_id = ? AND performed_on = ? AND deleted = 0 AND id IS NOT ?"
)
