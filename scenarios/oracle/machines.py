"""The oracle's own copy of the state machines (domain.md section 3): it checks what the systems let happen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """`moves` maps a state to those it may become; `starts` are the states a record may be born in."""

    field: str
    starts: tuple[str, ...]
    moves: dict[str, tuple[str, ...]]

    def allows(self, before: str | None, after: str | None) -> bool:
        """Was this move legal? Writing the same state again is no move."""
        if before is None:
            return after in self.starts
        return after == before or after in self.moves.get(before, ())


MACHINES: dict[tuple[str, str], Machine] = {
    ("crm", "opportunity"): Machine(
        "stage",
        ("qualifying",),
        {
            "qualifying": ("proposal", "closed_lost"),
            "proposal": ("negotiation", "closed_lost"),
            "negotiation": ("closed_won", "closed_lost"),
            "closed_won": ("reopened",),
            "closed_lost": ("reopened",),
            "reopened": ("proposal", "negotiation", "closed_won", "closed_lost"),
        },
    ),
    ("crm", "sow"): Machine(
        "status",
        ("draft",),
        {
            "draft": ("in_approval", "cancelled"),
            "in_approval": ("approved", "draft", "cancelled"),
            "approved": ("sent", "draft", "cancelled"),
            "sent": ("signed", "draft", "cancelled"),
            "signed": (),
        },
    ),
    ("psa", "time_entry"): Machine(
        "state",
        ("draft",),
        {
            "draft": ("submitted",),
            "submitted": ("approved", "rejected", "draft"),
            "rejected": ("draft",),
            "approved": ("rejected",),
        },
    ),
    ("psa", "expense"): Machine(
        "state",
        ("draft",),
        {
            "draft": ("submitted",),
            "submitted": ("approved", "rejected", "draft"),
            "rejected": ("draft",),
            "approved": ("rejected",),
        },
    ),
    ("psa", "timesheet_submission"): Machine(
        "state", ("submitted",), {"submitted": ("approved", "rejected", "cancelled"), "approved": ("rejected",)}
    ),
    ("psa", "expense_submission"): Machine(
        "state", ("submitted",), {"submitted": ("approved", "rejected", "cancelled"), "approved": ("rejected",)}
    ),
    ("psa", "story"): Machine(
        "state", ("not_started",), {"not_started": ("started", "completed"), "started": ("completed",), "completed": ("started",)}
    ),
    ("erp", "sales_order"): Machine("status", ("pending", "open"), {"pending": ("open", "closed"), "open": ("closed",)}),
    ("erp", "invoice"): Machine(
        "status",
        ("open",),
        {
            "open": ("sent", "disputed"),
            "sent": ("partially_paid", "paid", "disputed"),
            "partially_paid": ("paid",),
            "disputed": ("sent", "open"),
        },
    ),
    ("erp", "period"): Machine(
        "state", ("open",), {"open": ("soft_closed",), "soft_closed": ("closed", "open"), "closed": ("open",)}
    ),
}


@dataclass(frozen=True)
class Frozen:
    """Fields that stand for good once `field` is in one of `states`; with no states, from the beginning."""

    fields: frozenset[str]
    field: str = ""
    states: frozenset[str] = frozenset()

    def holds(self, state: str | None) -> bool:
        """Is a record in this state closed to edits of these fields?"""
        return not self.states or state in self.states


APPROVED = frozenset({"approved"})
FROZEN: dict[tuple[str, str], Frozen] = {
    ("psa", "time_entry"): Frozen(
        frozenset({"workspace_id", "story_id", "user_id", "performed_on", "minutes", "billable", "rate"}), "state", APPROVED
    ),
    ("psa", "expense"): Frozen(
        frozenset({"workspace_id", "user_id", "spent_on", "amount", "currency", "billable"}), "state", APPROVED
    ),
    ("erp", "invoice"): Frozen(
        frozenset({"number", "customer_id", "subsidiary_id", "currency", "tran_date", "net", "tax", "gross"})
    ),
    ("erp", "invoice_line"): Frozen(frozenset({"invoice_id", "source", "quantity", "rate", "net", "tax_code", "tax"})),
    ("erp", "payment"): Frozen(frozenset({"bank_ref", "customer_id", "currency", "amount"})),
    ("erp", "credit"): Frozen(frozenset({"invoice_id", "amount", "reason", "requested_by", "approved_by"})),
    ("erp", "payment_application"): Frozen(frozenset({"payment_id", "invoice_id", "amount"})),
}
