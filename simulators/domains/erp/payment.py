"""Customer payments and what they are applied to. Money beyond an invoice's open balance stays unapplied; it is never over-applied."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

from .invoice import INVOICE, PAID, PARTIALLY_PAID
from .party import CUSTOMER
from .period import demand_open
from .reference import currency_exists, moved, named, pointed


def amounts_agree(_records: Records, _before: Any, after: Any) -> None:
    if after.amount <= 0:
        raise Refusal("bad_value", "a payment is above zero", field="amount", got=after.amount)
    if after.applied < 0 or after.unapplied < 0 or after.applied + after.unapplied != after.amount:
        raise Refusal("bad_value", "applied and unapplied make up the payment", field="applied", got=after.applied)


def bank_reference_is_new(records: Records, before: Any, after: Any) -> None:
    if before is not None:
        return
    for other in records.find(PAYMENT, "bank_ref", after.bank_ref, 100):
        if other.id != after.id and other.subsidiary_id == after.subsidiary_id:
            raise Refusal("duplicate", f"bank reference {after.bank_ref} is booked", field="bank_ref", got=after.bank_ref)


def booked_is_final(_records: Records, before: Any, after: Any) -> None:
    if before is not None and (after.deleted or moved(before, after, *NAMES)):
        raise Refusal("frozen", "a booked payment is fixed", field="amount")


def payer_agrees(records: Records, before: Any, after: Any) -> None:
    customer = pointed(records, CUSTOMER, after.customer_id, "customer_id")
    if before is None and (customer.subsidiary_id != after.subsidiary_id or customer.currency != after.currency):
        raise Refusal("bad_value", f"the customer deals in {customer.currency}", field="currency", got=after.currency)


def books_into_an_open_period(records: Records, before: Any, after: Any) -> None:
    if before is None:
        demand_open(records, after.subsidiary_id, after.received_on, "received_on")


def application_is_final(_records: Records, before: Any, _after: Any) -> None:
    if before is not None:
        raise Refusal("frozen", "an application is fixed", field="amount")


def receive(records: Records, _row: Any, values: dict[str, Any], user: str, _at: int) -> Any:
    """Book a payment and apply it.

    `values`: bank_ref, amount, currency, received_on, customer (external id) or customer_id, applications [{invoice: external id |
    invoice_id, amount}], memo, external_id. Raises Refusal when an application exceeds the invoice's open balance or the payment.
    """
    customer = _customer(records, values)
    wanted = [(_invoice(records, a), _amount(a)) for a in values.get("applications") or ()]
    applied = sum(amount for _, amount in wanted)
    if applied > _whole(values, "amount"):
        raise Refusal("over_applied", "more is applied than was received", field="applications", got=applied)
    payment = records.create(
        PAYMENT,
        {"bank_ref": values.get("bank_ref"), "external_id": values.get("external_id"), "customer_id": customer.id,
         "subsidiary_id": customer.subsidiary_id, "currency": values.get("currency") or customer.currency, "amount": values["amount"],
         "received_on": values.get("received_on"), "applied": applied, "unapplied": values["amount"] - applied, "memo": values.get("memo")},
        user,
    )  # fmt: skip
    for invoice, amount in wanted:
        apply(records, payment, invoice, amount, user)
    return payment


def apply(records: Records, payment: Any, invoice: Any, amount: int, user: str) -> None:
    """Apply `amount` of the payment to the invoice, moving its balance and status."""
    invoice = records.live(INVOICE, invoice.id)  # the same invoice may stand twice in one payment
    if invoice.customer_id != payment.customer_id:
        raise Refusal("bad_value", "the invoice is another customer's", field="applications", got=invoice.external_id)
    if invoice.currency != payment.currency:
        raise Refusal("bad_value", f"the invoice is in {invoice.currency}", field="currency", got=payment.currency)
    if amount > invoice.open_balance:
        raise Refusal(
            "over_applied", f"{amount} exceeds the open balance {invoice.open_balance}", field="applications", got=amount
        )
    left = invoice.open_balance - amount
    records.change(
        INVOICE, invoice, {"paid": invoice.paid + amount, "open_balance": left, "status": PARTIALLY_PAID if left else PAID}, user
    )
    records.create(PAYMENT_APPLICATION, {"payment_id": payment.id, "invoice_id": invoice.id, "amount": amount}, user)


def _whole(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    if type(value) is not int:
        raise Refusal(
            "required" if value is None else "wrong_type",
            f"{name}: whole minor units wanted, got {value!r}",
            field=name,
            got=value,
        )
    return value


def _amount(application: dict[str, Any]) -> int:
    amount = _whole(application, "amount")
    if amount <= 0:
        raise Refusal("bad_value", "an application is above zero", field="applications", got=amount)
    return amount


def _customer(records: Records, values: dict[str, Any]) -> Any:
    if values.get("customer_id") is not None:
        return pointed(records, CUSTOMER, values["customer_id"], "customer_id")
    return named(records, CUSTOMER, "external_id", values.get("customer"), "customer")


def _invoice(records: Records, application: dict[str, Any]) -> Any:
    if application.get("invoice_id") is not None:
        return pointed(records, INVOICE, application["invoice_id"], "applications")
    return named(records, INVOICE, "external_id", application.get("invoice"), "applications")


PAYMENT = Kind(
    "payment",
    (
        Field("bank_ref", required=True, indexed=True),
        Field("external_id", indexed=True, unique=True),
        Field("customer_id", "ref", required=True, indexed=True, to="customer"),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("currency", required=True),
        Field("amount", "money", required=True),
        Field("received_on", "date", required=True),
        Field("applied", "money", default=0),
        Field("unapplied", "money", default=0),
        Field("memo"),
    ),
    rules=(booked_is_final, currency_exists, amounts_agree, payer_agrees, bank_reference_is_new, books_into_an_open_period),
    key="bank_ref",
    verbs={"receive": receive},
)
NAMES = tuple(f.name for f in PAYMENT.fields)
PAYMENT_APPLICATION = Kind(
    "payment_application",
    (
        Field("payment_id", "ref", required=True, indexed=True, to="payment"),
        Field("invoice_id", "ref", required=True, indexed=True, to="invoice"),
        Field("amount", "money", required=True),
    ),
    rules=(application_is_final,),
)
