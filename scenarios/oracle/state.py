"""The business state of a run in rows that any vendor, engine or speed must give alike: no vendor ids, no instants."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from scenarios.oracle.contract import Contract, Due, Invoice
from scenarios.oracle.mirrors import mirrored, plain_status
from scenarios.oracle.view import View

Rows = dict[str, list[Any]]


def money_rows(view: View) -> Rows:
    """{row name: values}: contracts, billed lines, sums, tax, and what is set aside, keyed by business numbers."""
    rows: Rows = {}
    for contract in view.contracts.values():
        number = contract.number
        for id, order in contract.live_orders:
            entity = view.entities.get(str(order.get("subsidiary_id")), "")
            value = order_value(view, contract, id)
            put(rows, f"{number}|contract", [order.get("contract_type"), entity, order.get("currency"), value, order.get("cap")])
        for line, currency in ((line, i.row.get("currency")) for i in contract.invoices for line in i.lines):
            name = source_name(view, number, str(line.get("source") or ""))
            put(
                rows,
                name,
                [line.get("quantity"), line.get("rate"), line.get("net"), line.get("tax_code"), line.get("tax"), currency],
            )
        if contract.invoices:
            sums = [sum(int(i.row.get(n) or 0) for i in contract.invoices) for n in ("net", "tax", "gross")]
            put(rows, f"{number}|billed", sums)
    for source, item in view.set_aside.items():
        put(
            rows,
            f"{source_name(view, view.due[source].contract, source)}|aside",
            [item.get("code"), item.get("amount_minor")],
        )
    return rows


def order_value(view: View, contract: Contract, order_id: str) -> int:
    """The contract's value as the ERP has it: its schedule, or what was sold by the hour."""
    if contract.is_timed:
        return contract.value()
    return sum(int(row.get("amount") or 0) for row in view.order_lines.get(order_id, ()))


def put(rows: Rows, name: str, values: list[Any]) -> None:
    """Equal names get a number, so that nothing hides behind anything."""
    count, key = 1, name
    while key in rows:
        count += 1
        key = f"{name}#{count}"
    rows[key] = values


def source_name(view: View, number: str, source: str) -> str:
    """A billed source by what people did: person, contract, line, day and sequence; milestones by their own key."""
    due: Due | None = view.due.get(source)
    if due is None:
        return f"{number}|{source}"
    work = due.work
    return f"{number}|{due.line_key}|{work.person}|{work.on}|{work.sequence or work.amount}"


def state_digest(view: View) -> str:
    """SHA-256 over the sorted canonical rows: money, project codes, mirrored values, payments received."""
    rows: Rows = money_rows(view)
    received: dict[str, int] = {}
    numbers = {name: view.number_of_invoice(i) for i in view.invoices.values() for name in invoice_names(i)}
    for payment in view.truth.payments.values():
        for part in payment.get("applications", ()):
            number = numbers.get(str(part.get("invoice")), "?")
            received[number] = received.get(number, 0) + int(part.get("amount") or 0)
    for contract in view.contracts.values():
        put(rows, f"{contract.number}|projects", [bool(contract.live_jobs), bool(contract.live_workspaces)])
        put(rows, f"{contract.number}|received", [received.get(contract.number, 0)])
    shown: dict[str, list[list[Any]]] = {}
    for contract, _, _, row in mirrored(view):
        values = [plain_status(row.get("status")), row.get("gross"), row.get("open")]
        shown.setdefault(f"{contract.number}|mirrors", []).append(values)
    rows.update({name: sorted(values, key=str) for name, values in shown.items()})
    return hashlib.sha256(msgspec.json.encode(sorted(rows.items()))).hexdigest()


def invoice_names(invoice: Invoice) -> tuple[str, str]:
    """The names under which a payer may know an invoice."""
    return str(invoice.row.get("external_id")), str(invoice.row.get("number"))
