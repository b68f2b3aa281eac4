"""Credit memos: what a client is given back of a posted invoice, for a reason and with somebody's approval. The invoice is never edited.

A memo is applied to what is still open; what was paid already stays unapplied for the client (refunds are not modelled). It takes
the whole amount with its tax, and has no lines of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

from .invoice import INVOICE, PAID
from .period import demand_open
from .reference import SUBSIDIARY, moved, named, pointed
from .series import next_number

MEMOS_MAX = 1_000


def memo_is_final(_records: Records, before: Any, after: Any) -> None:
    if before is not None and (after.deleted or moved(before, after, *NAMES)):
        raise Refusal("frozen", "a posted credit memo is fixed", field="amount")


def memo_is_whole(records: Records, before: Any, after: Any) -> None:
    """A memo is above zero, no more than what its invoice has left to credit, and asked for and approved by two people."""
    if before is not None:
        return
    if after.amount <= 0 or after.applied < 0 or after.applied + after.unapplied != after.amount:
        raise Refusal(
            "bad_value", "a credit is above zero, and applied and unapplied make it up", field="amount", got=after.amount
        )
    invoice = pointed(records, INVOICE, after.invoice_id, "invoice_id")
    given = sum(other.amount for other in records.find(CREDIT, "invoice_id", invoice.id, MEMOS_MAX) if other.id != after.id)
    if given + after.amount > invoice.gross:
        raise Refusal("over_applied", f"{given} of {invoice.gross} are credited already", field="amount", got=after.amount)
    if not after.reason or not after.requested_by or not after.approved_by:
        raise Refusal("required", "a credit needs a reason, who asked and who approved", field="reason")
    if after.requested_by == after.approved_by:
        raise Refusal("forbidden", "nobody approves their own credit", field="approved_by", got=after.approved_by)


def issue(records: Records, _row: Any, values: dict[str, Any], user: str, at: int) -> Any:
    """Post a credit memo and apply it to its invoice's open balance.

    `values`: external_id, invoice_id (or its external id), amount (gross, minor units), reason, requested_by, approved_by, source, tran_date.
    """
    invoice = _invoice(records, values.get("invoice_id"))
    amount = values.get("amount")
    if type(amount) is not int:
        raise Refusal(
            "required" if amount is None else "wrong_type", "amount: whole minor units wanted", field="amount", got=amount
        )
    on = str(values.get("tran_date") or _day(at))
    demand_open(records, invoice.subsidiary_id, on)
    code = pointed(records, SUBSIDIARY, invoice.subsidiary_id, "subsidiary_id").code
    applied = min(amount, invoice.open_balance)
    made = {name: values.get(name) for name in ("external_id", "reason", "requested_by", "approved_by", "source")}
    memo = records.create(
        CREDIT,
        {**made, "number": f"CM{code}{next_number(records, f'credit-{code}', user):06d}", "invoice_id": invoice.id,
         "customer_id": invoice.customer_id, "subsidiary_id": invoice.subsidiary_id, "currency": invoice.currency, "tran_date": on,
         "amount": amount, "applied": applied, "unapplied": amount - applied},
        user,
    )  # fmt: skip
    if applied:
        left = invoice.open_balance - applied
        moved_to = {"credited": invoice.credited + applied, "open_balance": left, "status": PAID if not left else invoice.status}
        records.change(INVOICE, invoice, moved_to, user)
    return memo


def _invoice(records: Records, asked: Any) -> Any:
    if isinstance(asked, str):
        return named(records, INVOICE, "external_id", asked, "invoice_id")
    return pointed(records, INVOICE, asked, "invoice_id")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


CREDIT = Kind(
    "credit",
    (
        Field("external_id", indexed=True, unique=True),
        Field("number", required=True, indexed=True),
        Field("invoice_id", "ref", required=True, indexed=True, to="invoice"),
        Field("customer_id", "ref", required=True, to="customer"),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("currency", required=True),
        Field("tran_date", "date", required=True),
        Field("amount", "money", required=True),
        Field("applied", "money", default=0),
        Field("unapplied", "money", default=0),
        Field("reason"),
        Field("requested_by"),
        Field("approved_by"),
        Field("source", indexed=True),
    ),
    rules=(memo_is_final, memo_is_whole),
    key="external_id",
    verbs={"issue": issue},
)
NAMES = tuple(f.name for f in CREDIT.fields)
