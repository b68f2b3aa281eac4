"""The business state of a run in rows that any vendor, engine or speed must give alike: no vendor ids, no instants."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from scenarios.oracle.mirrors import mirrored, plain_status
from scenarios.oracle.view import Contract, Due, View

Rows = dict[str, list[Any]]


def money_rows(view: View) -> Rows:
    """{row name: values}: contracts, billed lines, sums, tax, and what is set aside, keyed by business numbers."""
    rows: Rows = {}
    for contract in view.contracts.values():
        number = contract.number
        for id, order in contract.orders:
            if order.get("status") != "closed":
                entity = view.entities.get(str(order.get("subsidiary_id")), "")
                put(
                    rows,
                    f"{number}|contract",
                    [
                        order.get("contract_type"),
                        entity,
                        order.get("currency"),
                        order_value(view, contract, id),
                        order.get("cap"),
                    ],
                )
        for line, currency in ((line, i.row.get("currency")) for i in contract.invoices for line in i.lines):
            name = source_name(view, number, str(line.get("source") or ""))
            put(
                rows,
                name,
                [line.get("quantity"), line.get("rate"), line.get("net"), line.get("tax_code"), line.get("tax"), currency],
            )
        if contract.invoices:
            sums = [sum(int(i.row.get(n) or 0) for i in contract.invoices) for n in ("net", "tax", "gross")]
            put(rows, f"{number}|billed", [len(contract.invoices), *sums])
    for source, item in view.set_aside.items():
        put(
            rows,
            f"{source_name(view, view.due[source].contract, source)}|aside",
            [item.get("code"), item.get("state"), item.get("amount_minor")],
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
    for contract in view.contracts.values():
        live = [any(not r.get("inactive") for _, r in contract.jobs), any(not r.get("archived") for _, r in contract.workspaces)]
        put(rows, f"{contract.number}|projects", live)
    for contract, invoice, _, row in mirrored(view):
        name = f"{contract.number}|mirror|{invoice.row.get('external_id')!s}"
        put(rows, name, [plain_status(row.get("status")), row.get("gross"), row.get("open")])
    for reference, payment in view.truth.payments.items():
        put(rows, f"payment|{reference}", [payment.get("amount"), payment.get("currency")])
    return hashlib.sha256(msgspec.json.encode(sorted(rows.items()))).hexdigest()
