"""Turn a body into what the wire can decode: defaults the vendor fills in, and attributes that name rows of other kinds.

Each function takes (system, call, body, moment) and gives (body, domain values beside it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.domains import psa
from simulators.kernel.calls import Call
from simulators.kernel.records import Kind, Refusal
from simulators.kernel.stages import System

from .filters import whole
from .state import Desk

Adapted = tuple[dict[str, Any], dict[str, Any]]


def plainly(_system: System[Desk], _call: Call, body: dict[str, Any], _moment: str) -> Adapted:
    """Leave a body as it is."""
    return body, {}


def row_of(system: System[Desk], kind: Kind, given: Any) -> Any:
    """Return the live row an id in a body names, or None."""
    id = whole(str(given)) if isinstance(given, (int, str)) and not isinstance(given, bool) else -1
    row = system.records.get(kind, id)
    return None if row is None or row.deleted else row


def caller(system: System[Desk], call: Call) -> Any:
    """Return the id of the person the token speaks for, or None when it is nobody on the staff list."""
    row = system.records.one(psa.USER, "email", call.user) or system.records.one(psa.USER, "number", call.user)
    return row.id if row else None


def workspace(_system: System[Desk], _call: Call, body: dict[str, Any], _moment: str) -> Adapted:
    """Cents win over units when both are given."""
    if body.get("price_in_cents") is not None:
        body.pop("price", None)
    return body, {}


def story(_system: System[Desk], _call: Call, body: dict[str, Any], _moment: str) -> Adapted:
    """`status` wins over `state` when both are given."""
    if body.get("status") is not None:
        body.pop("state", None)
    return body, {}


def workspace_resource(system: System[Desk], _call: Call, body: dict[str, Any], moment: str) -> Adapted:
    """A role is named by id; a named person without one works in their own role."""
    more: dict[str, Any] = {}
    if body.get("role_id") not in (None, ""):
        role = system.state.role_names.get(whole(str(body["role_id"])))
        if role is None:
            raise Refusal("dangling", "no such role", field="role_id", got=body["role_id"])
        more["role"] = role
    elif moment == "c":
        person = row_of(system, psa.USER, body.get("user_id"))
        if person is None and body.get("user_id") in (None, ""):
            raise Refusal("required", "role", field="role_id", got=["role_id"])
        if person is not None:
            more["role"] = person.role
    return body, more


def assignment(system: System[Desk], _call: Call, body: dict[str, Any], _moment: str) -> Adapted:
    """`resource_id` wins over `assignee_id`; an unnamed resource cannot be assigned here."""
    if body.get("resource_id") not in (None, ""):
        resource = row_of(system, psa.WORKSPACE_RESOURCE, body["resource_id"])
        if resource is None or resource.user_id is None:
            raise Refusal("dangling", "no such named resource", field="resource_id", got=body["resource_id"])
        body["assignee_id"] = resource.user_id
    return body, {}


def time_entry(system: System[Desk], call: Call, body: dict[str, Any], moment: str) -> Adapted:
    """Mine unless said otherwise, billable as its task, in the project's currency."""
    if moment == "c":
        if body.get("user_id") in (None, ""):
            body["user_id"] = caller(system, call)
        if body.get("billable") is None:
            task = row_of(system, psa.STORY, body.get("story_id"))
            body["billable"] = bool(task.billable) if task else True
        in_currency_of_project(system, body)
    return body, {}


def expense(system: System[Desk], call: Call, body: dict[str, Any], moment: str) -> Adapted:
    """Mine unless said otherwise, in the project's currency."""
    if moment == "c":
        if body.get("user_id") in (None, ""):
            body["user_id"] = caller(system, call)
        in_currency_of_project(system, body)
    return body, {}


def submission(system: System[Desk], call: Call, body: dict[str, Any], _moment: str) -> Adapted:
    """Mine unless submitted on behalf of another."""
    if body.get("user_id") in (None, ""):
        body["user_id"] = caller(system, call)
    return body, {}


def in_currency_of_project(system: System[Desk], body: dict[str, Any]) -> None:
    """Fill in the currency of the project."""
    if body.get("currency") in (None, ""):
        project = row_of(system, psa.WORKSPACE, body.get("workspace_id"))
        if project is not None:
            body["currency"] = project.currency


ADAPT: dict[str, Callable[[System[Desk], Call, dict[str, Any], str], Adapted]] = {
    "workspaces": workspace,
    "stories": story,
    "workspace_resources": workspace_resource,
    "assignments": assignment,
    "time_entries": time_entry,
    "expenses": expense,
    "timesheet_submissions": submission,
    "expense_report_submissions": submission,
    "external_references": plainly,
}
