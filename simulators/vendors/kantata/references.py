"""External references: written by `create_or_update`, by the object they hang on and the service that ties it.

The documentation asks for one reference per object and `service_name`; a second write with the same name updates the first.
Source: Kantata OX Swagger mirror, external_references and the inline `external_reference` of creates (read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from simulators.domains import psa
from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Kind, Refusal
from simulators.kernel.stages import System

from .bodies import document_of, object_of
from .catalogue import RESOURCES
from .envelope import reply
from .filters import whole
from .state import Desk

TIED_MAX = 1000
ATTRIBUTES = (
    "service_name",
    "service_model",
    "service_model_ref",
    "status",
    "external_status",
    "external_message",
    "external_link",
)
NEEDED = ("service_name", "service_model", "service_model_ref")
SUBJECTS: dict[str, tuple[Kind, ...]] = {
    "Assignment": (psa.ASSIGNMENT,),
    "Expense": (psa.EXPENSE,),
    "ExpenseReportSubmission": (psa.EXPENSE_SUBMISSION,),
    "Story": (psa.STORY,),
    "Submission": (psa.TIMESHEET_SUBMISSION, psa.EXPENSE_SUBMISSION),
    "TimeEntry": (psa.TIME_ENTRY,),
    "TimesheetSubmission": (psa.TIMESHEET_SUBMISSION,),
    "User": (psa.USER,),
    "Workspace": (psa.WORKSPACE,),
    "WorkspaceResource": (psa.WORKSPACE_RESOURCE,),
}


def create_or_update_external_reference(system: System[Desk], call: Call) -> Reply:
    """POST /external_references/create_or_update."""
    resource = RESOURCES["external_references"]
    call.wire = system.wires[resource.key]
    given = object_of(document_of(call), "external_reference")
    absent = [name for name in ("subject_type", "subject_id") if given.get(name) in (None, "")]
    if absent:
        raise Refusal("required", "no subject", field=absent[0], got=absent)
    kind, id = subject_of(system, given)
    row = tie(system, call, kind, id, given)
    call.key = str(row.service_model_ref)
    return reply(system, resource, call, [row], 1)


def subject_of(system: System[Desk], given: dict[str, Any]) -> tuple[Kind, int]:
    """Return kind and id of a subject. Raises Refusal."""
    kinds = SUBJECTS.get(str(given["subject_type"]))
    if kinds is None:
        raise Refusal("bad_value", f"one of {', '.join(SUBJECTS)}", field="subject_type", got=given["subject_type"])
    id = whole(str(given["subject_id"]))
    for kind in kinds:
        row = system.records.get(kind, id)
        if row is not None and not row.deleted:
            return kind, id
    raise Refusal("dangling", "no such subject", field="subject_id", got=given["subject_id"])


def tie(system: System[Desk], call: Call, kind: Kind, subject_id: Any, given: dict[str, Any]) -> Any:
    """Create the reference, or update the one that is there. Raises Refusal."""
    wire = system.wires["external_references"]
    absent = [name for name in NEEDED if given.get(name) in (None, "")]
    if absent:
        raise Refusal("required", "missing", field=absent[0], got=absent)
    values = wire.decode({name: given[name] for name in ATTRIBUTES if given.get(name) is not None}, "u")
    values["synced_at"] = system.clock()
    held = [
        row
        for row in system.records.find(psa.EXTERNAL_REFERENCE, "subject_id", subject_id, TIED_MAX)
        if row.subject_type == kind.name and same_tie(system, row, values)
    ]
    if held:
        return system.records.change(psa.EXTERNAL_REFERENCE, held[0], values, call.user)
    values |= {"subject_type": kind.name, "subject_id": subject_id}
    return system.records.create(psa.EXTERNAL_REFERENCE, values, call.user)


def same_tie(system: System[Desk], row: Any, values: dict[str, Any]) -> bool:
    """Say whether a reference is the one a write means."""
    if row.service_name != values["service_name"]:
        return False
    if system.settings.unique_service_name:
        return True
    return bool((row.service_model, row.service_model_ref) == (values["service_model"], values["service_model_ref"]))
