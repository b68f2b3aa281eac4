"""What a resource is: its filters, orders, inclusions, and what it hides unless asked; and the parts many resources share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.domains import psa
from simulators.kernel.calls import Call
from simulators.kernel.records import Kind
from simulators.kernel.stages import System

from . import filters as f
from .filters import Condition, Filter
from .state import Desk

Hidden = Callable[[System[Desk], Call], list[Condition]]
Shown = Callable[[System[Desk], Any], dict[str, Any]]


@dataclass(frozen=True)
class Association:
    """What `include` can load: by a field of the row (`field`), or the rows whose `link` names the row."""

    key: str  # resource
    id_name: str  # the attribute that carries the id or ids
    field: str = ""
    link: str = ""
    test: str = "1"  # SQL over t, for `link`


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource. `presence`: filters that count when given without a value. `hidden`: conditions unless asked otherwise."""

    key: str
    one: str
    subject: str  # the vendor's class name
    kind: Kind
    filters: Mapping[str, Filter]
    orders: Mapping[str, str]
    order: str = "updated_at:desc"
    presence: frozenset[str] = frozenset()
    search: tuple[str, ...] = ()
    associations: Mapping[str, Association] = field(default_factory=dict)
    hidden: Hidden = lambda _system, _call: []
    more: Shown = lambda _system, _row: {}
    bulk_max: int = 100
    demanded: tuple[str, ...] = ()  # parameters an index cannot do without


REFERENCES = psa.EXTERNAL_REFERENCE
ARCHIVED = f't.workspace_id IN (SELECT id FROM "{psa.WORKSPACE.table}" WHERE archived = 1)'
FREE_OF_APPROVAL = f't.workspace_id IN (SELECT id FROM "{psa.WORKSPACE.table}" WHERE {{}} = 0)'
STAMPS = {"created_at": 't."created_at"', "updated_at": 't."changed_at"'}
STATUSES = {"new": "submitted", "pending": "submitted", "approved": "approved", "rejected": "rejected", "cancelled": "cancelled"}
USER = Association("users", "user_id", field="user_id")
WORKSPACE = Association("workspaces", "workspace_id", field="workspace_id")
STORY = Association("stories", "story_id", field="story_id")


def ties(kind: Kind) -> Association:
    """Give the association to external references of a kind."""
    return Association("external_references", "external_reference_ids", link="subject_id", test=f"t.subject_type = '{kind.name}'")


def common(kind: Kind) -> dict[str, Filter]:
    """Give the filters that every resource with a table has."""
    return {**f.stamped(), **f.referenced(kind, REFERENCES)}


def archived_projects(_system: System[Desk], call: Call) -> list[Condition]:
    """Hide archived projects unless asked for."""
    wanted = call.query.get("archived", "include" if call.query.get("include_archived") in f.TRUE else "exclude")
    return [{"only": ("t.archived = 1", []), "include": None}.get(wanted, ("t.archived = 0", []))]


def unless(parameter: str) -> Hidden:
    """Hide what belongs to archived projects unless `parameter` is true."""
    return lambda _system, call: [] if call.query.get(parameter) in f.TRUE else [(f"NOT {ARCHIVED}", [])]


def unnamed_resources(system: System[Desk], call: Call) -> list[Condition]:
    """Hide roles nobody fills unless asked for; `role_id` needs the account's roles."""
    asked: list[Condition] = []
    if call.query.get("only_unnamed") in f.TRUE:
        asked.append(("t.user_id IS NULL", []))
    elif call.query.get("include_unnamed") not in f.TRUE:
        asked.append(("t.user_id IS NOT NULL", []))
    if call.query.get("role_id"):
        asked.append(("t.role = ?", [system.state.role_names.get(f.whole(call.query["role_id"]), "")]))
    return asked


def own_reports(_system: System[Desk], call: Call) -> list[Condition]:
    """Show the caller's own expense reports unless `all_on_account` is true."""
    if call.query.get("all_on_account") in f.TRUE:
        return []
    return [(f't.user_id IN (SELECT id FROM "{psa.USER.table}" WHERE email = ? OR number = ?)', [call.user, call.user])]


def unarchived_assignments(_system: System[Desk], call: Call) -> list[Condition]:
    """Hide assignments in archived projects unless `in_unarchived_workspaces` is false."""
    if call.query.get("in_unarchived_workspaces") in f.FALSE:
        return []
    stories = f'SELECT t.id FROM "{psa.STORY.table}" t WHERE NOT {ARCHIVED}'
    return [(f"t.story_id IN ({stories})", [])]
