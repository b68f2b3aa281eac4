"""Writing customer payments: what the bank sent, and the invoices it is applied to."""

from __future__ import annotations

from typing import Any

from simulators.domains.erp import payment
from simulators.kernel.records import Refusal, Row

from .parties import today
from .record_type import Body, RecordType
from .state import Account
from .sublists import worded


def create_payment(system: Account, _record: RecordType, body: Body) -> Row:
    """Book and apply in one go. The bank's reference is checkNum, or else the external id."""
    values: dict[str, Any] = {"received_on": today(system), **body.values}
    values["bank_ref"] = values.get("bank_ref") or values.get("external_id")
    if not values["bank_ref"]:
        raise Refusal("required", "a payment needs the bank's reference", field="checkNum")
    customer = system.records.live(system.state.types["customer"].kind, values["customer_id"])
    if values.get("subsidiary_id") not in (None, customer.subsidiary_id):
        raise Refusal("bad_value", "the customer belongs to another subsidiary", field="subsidiary", got=values["subsidiary_id"])
    values["applications"] = [
        line
        for place, item in enumerate(body.sublists.get("apply", []))
        if (line := application(system, item, place, strict=body.strict))
    ]
    return payment.receive(system.records, None, values, body.user, system.clock())


def application(system: Account, item: dict[str, Any], place: int, *, strict: bool) -> dict[str, Any] | None:
    ticked = item.get("apply", True)
    if type(ticked) is not bool:
        raise Refusal("wrong_type", "apply is true or false", field=f"apply.items[{place}].apply", got=ticked)
    if not ticked:
        return None
    plain = {name: given for name, given in item.items() if name not in ("apply", "line", "due", "total")}
    return worded(system, "customerPayment-apply", plain, ("apply", place), moment="c", strict=strict)


def update_payment(system: Account, _record: RecordType, row: Row, body: Body) -> Row:
    """A booked payment: saying again what it says is no change; anything else is refused."""
    if any(body.sublists.values()):
        there = {a.invoice_id: a.amount for a in system.records.find(payment.PAYMENT_APPLICATION, "payment_id", row.id, 1000)}
        wanted = [
            application(system, item, place, strict=body.strict) for place, item in enumerate(body.sublists.get("apply", []))
        ]
        if {w["invoice_id"]: w["amount"] for w in wanted if w} != there:
            raise Refusal("frozen", "a booked payment is fixed", field="apply", got=len(wanted))
    return system.records.change(payment.PAYMENT, row, body.values, body.user)
