"""Who one deals with: the firm's own users and organization, customers' accounts and the people there."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal, Row

from .authorship import CREATED_BY, OWNER, authored, following, owned

LEVELS_MAX = 10
CHILDREN_MAX = 2_000

USER = Kind(
    "user",
    (Field("name", required=True), Field("email", unique=True), Field("active", "flag", default=1), CREATED_BY),
    key="email",
    derive=authored,
)

ORGANIZATION = Kind(
    "organization", (Field("name", required=True), Field("is_sandbox", "flag", default=0), CREATED_BY), derive=authored
)


def hierarchy_has_no_circle(records: Records, before: Row, after: Row) -> None:
    """An account is not its own ancestor, and no hierarchy is deeper than LEVELS_MAX."""
    if after.deleted or after.parent_id is None or (before is not None and before.parent_id == after.parent_id):
        return
    at = after.parent_id
    for _ in range(LEVELS_MAX):
        if at == after.id:
            raise Refusal("circle", "an account cannot be its own ancestor", field="parent_id", got=after.parent_id)
        above = records.get(ACCOUNT, at)
        if above is None or above.parent_id is None:
            return
        at = above.parent_id
    raise Refusal("circle", f"a hierarchy has at most {LEVELS_MAX} levels", field="parent_id", got=after.parent_id)


def deleting_takes_what_hangs_on_it(records: Records, before: Row, after: Row) -> None:
    """An account with a won deal stays; else its contacts and its deals go with it. Accounts below it stand for themselves then."""
    if before is None or not after.deleted:
        return
    for child in records.find(ACCOUNT, "parent_id", after.id, CHILDREN_MAX):
        records.change(ACCOUNT, child, {"parent_id": None}, after.changed_by)
    deals = records.find(records.kinds["opportunity"], "account_id", after.id, CHILDREN_MAX)
    won = [d.id for d in deals if d.stage == "closed_won"]
    if won:
        raise Refusal("in_use", f"account {after.number or after.id} has won deals", field="id", got=won)
    for deal in deals:
        records.remove(records.kinds["opportunity"], deal, after.changed_by)
    for contact in records.find(CONTACT, "account_id", after.id, CHILDREN_MAX):
        records.remove(CONTACT, contact, after.changed_by)


def merge(records: Records, row: Row, values: dict[str, Any], user: str, _at: int) -> Row:
    """Merge the account `values["loser"]` (its number) into this one: what hung on it hangs here, and it is gone.

    The surviving account keeps its own fields. Raises Refusal 'missing' for an account that is not there.
    """
    if row is None:
        raise Refusal("missing", "no such account", field="id")
    loser = records.named(ACCOUNT, str(values.get("loser")))
    if loser.id == row.id:
        raise Refusal("bad_value", "an account is not merged into itself", field="loser", got=loser.number)
    loser = records.change(ACCOUNT, loser, {"merged_into": row.id, "parent_id": None}, user)
    for name, link in (
        ("contact", "account_id"),
        ("opportunity", "account_id"),
        ("sow", "account_id"),
        ("contract", "account_id"),
        ("account", "parent_id"),
    ):
        for child in records.find(records.kinds[name], link, loser.id, CHILDREN_MAX):
            records.change(records.kinds[name], child, {link: None if child.id == row.id else row.id}, user)
    records.remove(ACCOUNT, loser, user)
    return records.live(ACCOUNT, row.id)


def is_merging(records: Records, before: Row, after: Row) -> bool:
    """Whether a record changes its account only because that account is being merged away."""
    left = None if before is None else records.get(ACCOUNT, before.account_id or "")
    return left is not None and left.merged_into is not None and bool(left.merged_into == after.account_id)


ACCOUNT = Kind(
    "account",
    (
        Field("name", required=True),
        Field("number"),
        Field("type"),
        Field("industry"),
        Field("segment"),  # strategic | standard
        Field("country"),
        Field("region"),
        Field("street"),
        Field("city"),
        Field("postal_code"),
        Field("tax_id"),
        Field("currency", default="USD"),
        Field("parent_id", "ref", indexed=True, to="account"),
        OWNER,
        Field("phone"),
        Field("website"),
        Field("merged_into", "ref", indexed=True, to="account"),
        CREATED_BY,
    ),
    rules=(hierarchy_has_no_circle, deleting_takes_what_hangs_on_it),
    key="number",
    verbs={"merge": merge},
    derive=following(authored, owned),
)

CONTACT = Kind(
    "contact",
    (
        Field("account_id", "ref", indexed=True, to="account"),
        Field("first_name"),
        Field("last_name", required=True),
        Field("email"),
        Field("phone"),
        Field("title"),
        OWNER,
        CREATED_BY,
    ),
    key="email",
    derive=following(authored, owned),
)
