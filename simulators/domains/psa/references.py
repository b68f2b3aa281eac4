"""References to records of other systems: which object of ours is which object of theirs, and how it stands over there.

`status` is the state of the other system's record (an invoice's "Open"); `sync_status` says how the tie itself fares.
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

STATUSES = ("pending", "successful", "failed")


def status_is_known(_records: Records, _before: Any, after: Any) -> None:
    """Refuse a state of the tie that does not exist."""
    if after.sync_status not in STATUSES:
        raise Refusal("bad_value", f"must be one of {', '.join(STATUSES)}", field="sync_status", got=after.sync_status)


def subject_exists(records: Records, before: Any, after: Any) -> None:
    """A new tie hangs on a live record."""
    kind = records.kinds.get(after.subject_type)
    if kind is None or kind is EXTERNAL_REFERENCE:
        raise Refusal("bad_value", f"{after.subject_type} carries no references", field="subject_type", got=after.subject_type)
    if before is None:
        row = records.get(kind, after.subject_id)
        if row is None or row.deleted:
            raise Refusal("dangling", f"no {kind.name} {after.subject_id}", field="subject_id", got=after.subject_id)


EXTERNAL_REFERENCE = Kind(
    "external_reference",
    (
        Field("subject_type", required=True),
        Field("subject_id", "id", required=True, indexed=True),
        Field("service_name", required=True),
        Field("service_model", required=True),
        Field("service_model_ref", required=True, indexed=True),
        Field("status"),
        Field("sync_status", default="successful"),
        Field("message"),
        Field("link"),
        Field("synced_at", "instant"),
    ),
    rules=(status_is_known, subject_exists),
)
