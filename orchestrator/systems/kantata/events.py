"""The polled event feed: unordered, late, with duplicates, kept for nine days. An event is a hint to look at its subject.

There are no webhooks. The subject is asked for with the event, as it is now, so that an event that tells nothing new costs nothing
more. Source: Kantata OX API, Events (read), 2026-11.
"""

from __future__ import annotations

from orchestrator.ports import Hint
from orchestrator.systems.instants import millis
from orchestrator.systems.kantata.mapping import Envelope, EventRow, back_of

TYPES = "timesheet:updated,expense_report:updated,story:custom_field_value_created"


def hint_of(event: EventRow, page: Envelope) -> Hint | None:
    """Return the hint of one event; None when its subject is gone or has nothing for us."""
    subject, kind = str(event.subject_id or ""), event.event_type.partition(":")[0]
    if kind == "story":
        story = page.stories.get(subject)
        return None if story is None else Hint("milestone", story.workspace_id, story.id, millis(event.created_at))
    submissions = page.timesheet_submissions if kind == "timesheet" else page.expense_report_submissions
    row = submissions.get(subject)
    what = "time" if kind == "timesheet" else "expense"
    if row is None or row.status != "approved" or not row.resolved_at:
        return None if row is None else back_of(what, row)
    return Hint(what, row.workspace_id, row.id, millis(row.resolved_at))
