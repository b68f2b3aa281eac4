"""Expenses and the reports that carry them to an approver: the rules of time entries, in money."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

from . import approval
from .projects import moved, open_workspace

RECEIPT_FROM_MINOR = 75_00


def spends_positive_money(_records: Records, _before: Any, after: Any) -> None:
    """An expense has a positive amount in a currency."""
    if after.amount is None or after.amount <= 0:
        raise Refusal("bad_value", "an amount is more than zero", field="amount", got=after.amount)
    if not after.currency:
        raise Refusal("required", "an amount needs its currency", field="currency")


def spent_on_an_open_project(records: Records, before: Any, after: Any) -> None:
    """An expense goes on an open project."""
    if moved(before, after, "workspace_id"):
        open_workspace(records, after.workspace_id)


def approved_with_receipt(_records: Records, _before: Any, after: Any) -> None:
    """Nothing from the limit on is approved without its receipt."""
    if after.state == "approved" and after.amount >= RECEIPT_FROM_MINOR and not after.receipt:
        raise Refusal("receipt_missing", f"a receipt is needed from {RECEIPT_FROM_MINOR} minor units on", field="receipt")


def report() -> Kind:
    """Return the submission kind; expenses and submissions name each other."""
    return EXPENSE_SUBMISSION


EXPENSE = Kind(
    "expense",
    (
        Field("workspace_id", "ref", required=True, indexed=True, to="workspace"),
        Field("user_id", "ref", required=True, indexed=True, to="user"),
        Field("spent_on", "date", required=True),
        Field("amount", "money", required=True),
        Field("currency", default="USD"),
        Field("category"),
        Field("billable", "flag", default=1),
        Field("reimbursable", "flag", default=0),
        Field("state", "state"),
        Field("submission_id", "ref", indexed=True, to="expense_submission"),
        Field("approved_at", "instant", indexed=True),
        Field("approved_by", "ref", to="user"),
        Field("receipt"),
        Field("notes"),
    ),
    machine=approval.LINE_MACHINE,
    rules=(
        approval.dated("spent_on"),
        spends_positive_money,
        spent_on_an_open_project,
        approval.fixed_once_submitted(
            "workspace_id",
            "user_id",
            "spent_on",
            "amount",
            "currency",
            "category",
            "billable",
            "reimbursable",
            "receipt",
            "notes",
        ),
        approval.stays_when_decided,
        approved_with_receipt,
        approval.moves_with_submission(report),
    ),
)
EXPENSE_SUBMISSION = approval.submission_kind("expense_submission", approval.verbs_over(lambda: EXPENSE, report, "spent_on"))
