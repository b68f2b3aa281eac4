"""Statements of work and framework contracts: what was promised, under which terms, and whether it is signed.

The organization that delivers writes only the mirror fields of a statement of work (`delivery_status`, `project_code`,
`billed_to_date`, `unbilled`); people write the rest.
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal, Row

from .authorship import CREATED_BY, OWNER, authored, following, owned
from .deals import moved
from .parties import is_merging

SIGNED_TERMS = ("number", "type", "cap", "value", "signed_at")
DELIVERED_TERMS = (
    "opportunity_id", "account_id", "selling_entity", "tax_profile", "currency", "service_offering", "start_on", "end_on",
)  # fmt: skip
DELIVERY = ("Requested", "Active", "Exception")


def what_the_deal_says(records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """A new statement of work takes account and currency from its deal, and its name from its number, unless told otherwise."""
    if before is not None:
        return values
    made = {"name": values.get("number"), **values}
    deal = records.get(records.kinds["opportunity"], values.get("opportunity_id") or "")
    if deal is not None:
        made["account_id"] = made.get("account_id") or deal.account_id
        made["currency"] = made.get("currency") or deal.currency
    return made


def signed_when(records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """A signature without an instant happened now."""
    becomes = values.get("status") == "signed" and (before is None or before.status != "signed")
    if not becomes or values.get("signed_at") is not None or (before is not None and before.signed_at is not None):
        return values
    return {**values, "signed_at": records.clock()}


def versioned(_records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """Terms always have a version: an emptied one stays as it was."""
    if values.get("terms_version", 1) is not None:
        return values
    return {**values, "terms_version": 1 if before is None else before.terms_version}


def signed_terms_are_fixed(_records: Records, before: Row, after: Row) -> None:
    """What was signed changes only with a new version of the terms; the number never."""
    if before is None or after.deleted or before.status != "signed":
        return
    changed = moved(before, after, *SIGNED_TERMS)
    amended = after.terms_version == before.terms_version + 1
    if changed and (changed[0] == "number" or not amended):
        raise Refusal("frozen", f"{changed[0]} was signed; raise a change order", field=changed[0])


def delivered_terms_are_fixed(records: Records, before: Row, after: Row) -> None:
    """Parties, entity, tax, currency and dates do not move while the work is active."""
    if before is None or after.deleted or before.delivery_status != "Active":
        return
    changed = moved(before, after, *DELIVERED_TERMS)
    if changed == ["account_id"] and is_merging(records, before, after):
        return
    if changed and (changed[0] == "currency" or after.terms_version != before.terms_version + 1):
        raise Refusal("frozen", f"{changed[0]} is fixed while work is active; raise a change order", field=changed[0])


def nothing_is_delivered_unsigned(_records: Records, _before: Row, after: Row) -> None:
    if after.delivery_status == "Active" and after.status != "signed" and not after.deleted:
        raise Refusal("illegal_transition", "work is active only once it is signed", field="delivery_status", got="Active")


def versions_follow_each_other(_records: Records, before: Row, after: Row) -> None:
    if before is not None and after.terms_version not in (before.terms_version, before.terms_version + 1):
        raise Refusal(
            "illegal_transition", "versions of terms follow each other by one", field="terms_version", got=after.terms_version
        )


def signed_work_stays(_records: Records, before: Row, after: Row) -> None:
    if before is not None and after.deleted and after.delivery_status == "Active":
        raise Refusal("in_use", f"{after.number} is under delivery", field="id", got=[after.id])


SOW = Kind(
    "sow",
    (
        Field("number", required=True, unique=True),
        Field("name"),
        Field("opportunity_id", "ref", indexed=True, to="opportunity"),
        Field("account_id", "ref", indexed=True, to="account"),
        Field("type"),  # tm | milestone
        Field("selling_entity"),
        Field("service_offering"),
        Field("tax_profile"),  # STANDARD | REVERSE_CHARGE | EXPORT | EXEMPT; a missing one is a human slip
        Field("cap", "money"),
        Field("value", "money"),  # what the client signed for; the lines of the deal say the same in parts
        Field("currency"),
        Field("terms"),  # NET30 | NET45 | NET60 | DUE
        Field("billing_contact_id", "ref", to="contact"),
        Field("start_on", "date"),
        Field("end_on", "date"),
        Field("status", "state", indexed=True),
        Field("signed_at", "instant"),
        Field("terms_version", "int", default=1),
        Field("delivery_status"),
        Field("project_code"),
        Field("billed_to_date", "money"),
        Field("unbilled", "money"),
        OWNER,
        CREATED_BY,
    ),
    machine=Machine(
        "status",
        "draft",
        {
            "draft": ("in_approval", "cancelled"),
            "in_approval": ("approved", "draft", "cancelled"),
            "approved": ("sent", "draft", "cancelled"),
            "sent": ("signed", "approved", "cancelled"),
            "signed": (),
            "cancelled": (),
        },
    ),
    rules=(
        signed_terms_are_fixed, delivered_terms_are_fixed, nothing_is_delivered_unsigned, versions_follow_each_other, signed_work_stays,
    ),
    key="number",
    derive=following(authored, owned, what_the_deal_says, signed_when, versioned),
)  # fmt: skip

CONTRACT = Kind(
    "contract",
    (
        Field("account_id", "ref", required=True, indexed=True, to="account"),
        Field("status", "state"),
        Field("start_on", "date"),
        Field("term_months", "int"),
        OWNER,
        CREATED_BY,
    ),
    machine=Machine(
        "status",
        "draft",
        {"draft": ("in_approval", "activated"), "in_approval": ("draft", "activated"), "activated": ()},
        entries=("draft", "in_approval"),
    ),
    derive=following(authored, owned),
)
