"""The polled event feed: unordered, with duplicates, kept for nine days. An event is a hint that work or a milestone may be ready.

There are no webhooks. Source: Kantata OX API, Events (read), 2026-11.
"""

from __future__ import annotations

from typing import Any

from orchestrator.ports import Hint
from orchestrator.systems.instants import millis
from orchestrator.systems.kantata.mapping import EventRow

KINDS = {"time_entry:updated": "time", "expense:updated": "expense", "story:updated": "milestone"}
TYPES = ",".join(KINDS)


def hint_of(event: EventRow) -> Hint | None:
    """Return the hint of one event; None when it tells nothing we act on."""
    kind = KINDS.get(event.event_type)
    payload: dict[str, Any] = event.current_payload if isinstance(event.current_payload, dict) else {}
    if kind is None or not payload.get("workspace_id"):
        return None
    if kind != "milestone" and not payload.get("approved"):
        return None
    if kind == "milestone" and payload.get("story_type") != "milestone":
        return None
    subject = event.subject_id if kind == "milestone" else payload.get("active_submission_id") or event.subject_id
    return Hint(event.id, kind, str(payload["workspace_id"]), str(subject or ""), millis(event.created_at))
