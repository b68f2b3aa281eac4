"""Workspaces (projects), their stories (tasks and milestones), planned resources and assignments.

Rules: nothing is added to an archived workspace; a story's parent lives in its workspace; a milestone is accepted by the
client only after it was completed, once, and an accepted milestone neither reopens nor changes its acceptance; a
milestone is never staffed; nobody is assigned beyond a live story.
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal, Rule

LINES = {"workspace": ("story", "time_entry", "expense", "workspace_resource"), "story": ("time_entry", "assignment")}
STORY_TYPES = ("task", "milestone", "deliverable", "issue")
TITLE_CHARS_MAX = 255


def titled(_records: Records, _before: Any, after: Any) -> None:
    """Refuse a blank or endless title."""
    if not after.title.strip():
        raise Refusal("required", "a title is needed", field="title")
    if len(after.title) > TITLE_CHARS_MAX:
        raise Refusal("bad_value", f"a title has at most {TITLE_CHARS_MAX} characters", field="title", got=len(after.title))


def dates_in_order(_records: Records, _before: Any, after: Any) -> None:
    """Refuse a due date before the start date."""
    if after.start_on and after.due_on and after.due_on < after.start_on:
        raise Refusal("bad_value", "due before start", field="due_on", got=after.due_on)


def nothing_hangs_on_it(kind: str) -> Rule:
    """Build the rule that a row with booked, planned or nested rows is not deleted; archive it instead."""
    link = f"{kind}_id"

    def rule(records: Records, _before: Any, after: Any) -> None:
        if not after.deleted:
            return
        for name in LINES[kind]:
            if records.find(records.kinds[name], link, after.id, 1):
                raise Refusal("frozen", f"a {kind} with a {name} is not deleted; archive it", field="id", got=after.id)

    return rule


def price_is_not_negative(_records: Records, _before: Any, after: Any) -> None:
    """Refuse a negative price."""
    if after.price is not None and after.price < 0:
        raise Refusal("bad_value", "a price is not negative", field="price", got=after.price)


WORKSPACE = Kind(
    "workspace",
    (
        Field("title", required=True, indexed=True),
        Field("currency", default="USD"),
        Field("price", "money"),
        Field("budgeted", "flag", default=1),
        Field("start_on", "date"),
        Field("due_on", "date"),
        Field("status", default="Not Started"),
        Field("archived", "flag", default=0, indexed=True),
        Field("require_time_approvals", "flag", default=1),
        Field("require_expense_approvals", "flag", default=1),
        Field("description"),
    ),
    rules=(titled, dates_in_order, price_is_not_negative, nothing_hangs_on_it("workspace")),
)


def live_row(records: Records, kind: Kind, id: Any, field: str) -> Any:
    """Return the live row that `field` points at; refuse a dangling reference."""
    row = None if id is None else records.get(kind, id)
    if row is None or row.deleted:
        raise Refusal("dangling", f"no {kind.name} {id}", field=field, got=id)
    return row


def moved(before: Any, after: Any, *fields: str) -> bool:
    """Say whether the row is new or one of `fields` differs."""
    return before is None or any(getattr(before, name) != getattr(after, name) for name in fields)


def open_workspace(records: Records, id: Any) -> Any:
    """Return the workspace; refuse a missing or an archived one."""
    row = live_row(records, WORKSPACE, id, "workspace_id")
    if row.archived:
        raise Refusal("frozen", "the project is archived", field="workspace_id", got=id)
    return row


def in_open_workspace(records: Records, before: Any, after: Any) -> None:
    """A new row, or one that changes hands, belongs to a workspace that is not archived."""
    if moved(before, after, "workspace_id"):
        open_workspace(records, after.workspace_id)


def parent_is_in_workspace(records: Records, before: Any, after: Any) -> None:
    """A sub-story lives in the workspace of its parent and is not its own parent."""
    if after.parent_id is None or not moved(before, after, "parent_id", "workspace_id"):
        return
    parent = live_row(records, STORY, after.parent_id, "parent_id")
    if parent.workspace_id != after.workspace_id or parent.id == after.id:
        raise Refusal("bad_value", "the parent task is of another project", field="parent_id", got=after.parent_id)


def type_is_known(_records: Records, _before: Any, after: Any) -> None:
    """Refuse a type of story that does not exist."""
    if after.type not in STORY_TYPES:
        raise Refusal("bad_value", f"type must be one of {', '.join(STORY_TYPES)}", field="type", got=after.type)


def acceptance_follows_completion(_records: Records, _before: Any, after: Any) -> None:
    """Only a completed milestone is accepted."""
    if after.accepted_at is None and after.accepted_by is None:
        return
    if after.type != "milestone":
        raise Refusal("bad_value", "only a milestone is accepted by the client", field="accepted_at")
    if after.state != "completed":
        raise Refusal(
            "illegal_transition", "a milestone is accepted after it was completed", field="accepted_at", got=after.state
        )


def accepted_is_final(_records: Records, before: Any, after: Any) -> None:
    """An acceptance stands: no other instant, no other name, no reopening, no other fee, no other project."""
    if before is None or before.accepted_at is None:
        return
    for name in ("accepted_at", "state", "type", "workspace_id", "budget"):
        if getattr(before, name) != getattr(after, name):
            raise Refusal("frozen", f"{name} of an accepted milestone is fixed", field=name)
    if before.accepted_by is not None and before.accepted_by != after.accepted_by:
        raise Refusal("frozen", "accepted_by of an accepted milestone is fixed", field="accepted_by")


STORY = Kind(
    "story",
    (
        Field("workspace_id", "ref", required=True, indexed=True, to="workspace"),
        Field("parent_id", "ref", to="story"),
        Field("title", required=True, indexed=True),
        Field("type", default="task"),
        Field("state", "state"),
        Field("start_on", "date"),
        Field("due_on", "date"),
        Field("billable", "flag", default=1),
        Field("fixed_fee", "flag", default=0),
        Field("estimate_minutes", "int"),
        Field("budget", "money"),
        Field("description"),
        Field("accepted_at", "instant", indexed=True),
        Field("accepted_by"),
    ),
    machine=Machine(
        "state",
        "not_started",
        {
            "not_started": ("started", "completed"),
            "started": ("not_started", "completed"),
            "completed": ("started",),
        },
    ),
    rules=(
        in_open_workspace,
        titled,
        type_is_known,
        dates_in_order,
        parent_is_in_workspace,
        accepted_is_final,
        acceptance_follows_completion,
        nothing_hangs_on_it("story"),
    ),
)


def has_role_or_user(_records: Records, _before: Any, after: Any) -> None:
    """A resource is a role to fill or a named person; minutes are not negative."""
    if not after.role and after.user_id is None:
        raise Refusal("required", "a resource needs a role or a user", field="role")
    if after.minutes is not None and after.minutes < 0:
        raise Refusal("bad_value", "minutes are not negative", field="minutes", got=after.minutes)


WORKSPACE_RESOURCE = Kind(
    "workspace_resource",
    (
        Field("workspace_id", "ref", required=True, indexed=True, to="workspace"),
        Field("role"),
        Field("minutes", "int"),
        Field("user_id", "ref", to="user"),
        Field("label"),
    ),
    rules=(in_open_workspace, has_role_or_user),
)


def staffs_a_task(records: Records, before: Any, after: Any) -> None:
    """An assignment joins a person with a task of an open project, never with a milestone."""
    if moved(before, after, "story_id"):
        story = live_row(records, STORY, after.story_id, "story_id")
        if story.type == "milestone":
            raise Refusal("bad_value", "a milestone is not staffed", field="story_id", got=after.story_id)
        open_workspace(records, story.workspace_id)


ASSIGNMENT = Kind(
    "assignment",
    (
        Field("story_id", "ref", required=True, indexed=True, to="story"),
        Field("user_id", "ref", required=True, indexed=True, to="user"),
        Field("estimated_minutes", "int"),
    ),
    rules=(staffs_a_task,),
)
