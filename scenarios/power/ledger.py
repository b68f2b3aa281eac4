"""The systems themselves at fault: an ERP whose own customising is broken. No orchestrator can do this, and the oracle must see it.

Here a rule of a system's domain is switched off or an amount is computed wrongly, because some invariants guard against what only
the system that keeps the books can get wrong. `off` replaces the code of a rule, since kinds hold their rules by reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from scenarios.power.patching import Bug, Patch
from simulators.domains.erp import arithmetic, billing, invoice, payment, period
from simulators.kernel.kinds import Machine


def off(patch: Patch, rule: Callable[..., None]) -> None:
    """Let a rule of three arguments pass everything."""

    def passes(_records: Any, _before: Any, _after: Any) -> None:
        return None

    patch.setattr(rule, "__code__", passes.__code__)


def the_erp_rounds_tax_line_by_line(patch: Patch) -> None:
    """Tax is rounded on each line where the entity rounds it on the invoice."""
    patch.setattr(billing, "line_taxes", lambda lines, _rounding: arithmetic.line_taxes(lines, arithmetic.LINE))


def the_erp_rounds_tax_down(patch: Patch) -> None:
    """Tax loses its fraction of a cent."""
    patch.setattr(arithmetic, "tax_of", lambda net, rate_e3: net * rate_e3 // arithmetic.TAX_RATE_ONE)


def the_erp_loses_a_cent_a_line(patch: Patch) -> None:
    """A line is worth a cent less than its hours at its rate."""
    net_of = arithmetic.net_of
    patch.setattr(billing, "net_of", lambda quantity, rate, currency: max(net_of(quantity, rate, currency) - 1, 0))


def the_erp_keeps_half_a_cent(patch: Patch) -> None:
    """Amounts of a line are kept with a fraction of a minor unit."""
    taxes = arithmetic.line_taxes
    patch.setattr(billing, "line_taxes", lambda lines, rounding: [tax + 0.5 for tax in taxes(lines, rounding)])
    off(patch, invoice.sums_agree)


def a_payment_leaves_the_balance_open(patch: Patch) -> None:
    """A payment is applied, and the invoice's open balance stays what it was."""

    def applied(records: Any, paid: Any, about: Any, amount: int, user: str) -> None:
        about = records.live(invoice.INVOICE, about.id)
        records.change(invoice.INVOICE, about, {"paid": about.paid + amount, "status": invoice.PARTIALLY_PAID}, user)
        records.create(payment.PAYMENT_APPLICATION, {"payment_id": paid.id, "invoice_id": about.id, "amount": amount}, user)

    patch.setattr(payment, "apply", applied)
    off(patch, invoice.sums_agree)


def a_payment_is_booked_twice(patch: Patch) -> None:
    """The bank's reference is not looked at, and what was received is booked a second time, on account."""
    customer = payment._customer

    def twice(records: Any, values: dict[str, Any]) -> Any:
        found = customer(records, values)
        booked = {
            "bank_ref": values.get("bank_ref"), "customer_id": found.id, "subsidiary_id": found.subsidiary_id, "currency": found.currency,
            "amount": values["amount"], "received_on": values.get("received_on"), "applied": 0, "unapplied": values["amount"],
        }  # fmt: skip
        records.create(payment.PAYMENT, booked, "bank import")
        return found

    patch.setattr(payment, "_customer", twice)
    off(patch, payment.bank_reference_is_new)


def invoices_move_as_they_like(patch: Patch) -> None:
    """A sent invoice can become open again: the states of the ERP have no order, and sending takes it back."""

    def any_move(_self: Machine, _before: str | None, _after: str) -> None:
        return None

    def takes_back(records: Any, row: Any, _values: dict[str, Any], user: str, at: int) -> Any:
        sent = records.change(invoice.INVOICE, row, {"status": "sent", "sent_at": at}, user)
        return records.change(invoice.INVOICE, sent, {"status": "open"}, user)

    patch.setattr(Machine, "check", any_move)
    patch.setitem(cast("dict[str, Any]", invoice.INVOICE.verbs), "send", takes_back)


def the_erp_posts_into_closed_periods(patch: Patch) -> None:
    """No period is ever closed to a posting."""

    def any_period(records: Any, subsidiary_id: Any, day: str, _field: str = "tran_date") -> Any:
        return period_of(records, subsidiary_id, day)

    period_of = period.period_of
    for module in (billing, invoice, payment):
        patch.setattr(module, "demand_open", any_period)


LEDGER: tuple[Bug, ...] = (
    the_erp_rounds_tax_line_by_line,
    the_erp_rounds_tax_down,
    the_erp_loses_a_cent_a_line,
    the_erp_keeps_half_a_cent,
    a_payment_leaves_the_balance_open,
    a_payment_is_booked_twice,
    invoices_move_as_they_like,
    the_erp_posts_into_closed_periods,
)
