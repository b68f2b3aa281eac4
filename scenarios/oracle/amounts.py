"""Money to the cent: caps, milestones, schedules, arithmetic, tax codes and amounts, currencies, what is still owed."""

from __future__ import annotations

from collections import defaultdict

from scenarios.oracle.books import Row
from scenarios.oracle.contract import Contract, money, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.money import CURRENCY, RATES_E3, net_of, taxes
from scenarios.oracle.view import View


def cap(view: View) -> Facts:
    """INV-15: what is billed, or posted to be billed, under a cap never passes it."""
    facts = Facts()
    for contract in view.contracts.values():
        limit = contract.sow.get("cap")
        if not contract.is_timed or limit is None or not (contract.invoices or contract.jobs):
            continue
        lines = [line for invoice in contract.invoices for line in invoice.lines]
        sources = {str(line.get("source")) for line in lines}
        posted = sum(
            item.net or 0
            for item in view.due_by_contract.get(contract.number, ())
            if item.source in view.posted and item.source not in sources
        )
        billed = sum(int(line.get("net") or 0) for line in lines) + (posted if view.has_claims else 0)
        currency = CURRENCY.get(contract.entity, "")
        facts.expect(
            billed <= int(limit),
            f"{contract.number} is billed {money(billed, currency)}, its cap is {money(int(limit), currency)}",
        )
    return facts


def milestones(view: View) -> Facts:
    """INV-16: a milestone is billed once, at its amount, only after the client accepted it, and not forgotten then."""
    facts = Facts()
    for key, (contract, accepted_at, amount) in view.milestones.items():
        found = view.billed.get(key, [])
        if not found and not accepted_at:
            continue
        currency = CURRENCY.get(contract.entity, "")
        for invoice, line in found:
            facts.expect(
                bool(accepted_at) and int(invoice.row["_at"]) >= accepted_at,
                f"{key} was billed {when(invoice.row['_at'])} by {invoice.name}, accepted {when(accepted_at)}",
            )
            net = int(line.get("net") or 0)
            facts.expect(net == amount, f"{key} was sold at {money(amount, currency)} and billed at {money(net, currency)}")
        facts.expect(len(found) <= 1, f"{key} was billed {len(found)} times: {', '.join(i.name for i, _ in found)}")
        if not found:
            forgotten(
                view, facts, contract, f"{key}, {money(amount, currency)}, was accepted {when(accepted_at)} and never billed"
            )
    return facts


def forgotten(view: View, facts: Facts, contract: Contract, told: str) -> None:
    """An accepted milestone without an invoice: lost, still under way, or with people."""
    facts.checked += 1
    if contract.number in view.under_way:
        facts.late.append(told)
    elif not view.is_open(contract.number):
        facts.wrong.append(told)


def schedules(view: View) -> Facts:
    """INV-17: the lines of a fixed-fee contract add up to what was sold, line by line."""
    facts = Facts()
    for contract in view.contracts.values():
        if contract.sow.get("type") != "milestone":
            continue
        currency = CURRENCY.get(contract.entity, "")
        sold = int(contract.sow.get("amount") or contract.value())
        for id, _ in contract.live_orders:
            lines = view.order_lines.get(id, [])
            total = sum(int(row.get("amount") or 0) for row in lines)
            facts.expect(
                total == sold,
                f"{contract.number} was sold at {money(sold, currency)}, its schedule adds up to {money(total, currency)}",
            )
            for row in lines:
                key, amount = str(row.get("line_key") or ""), row.get("amount")
                meant = view.milestones.get(key)
                if key:
                    facts.expect(
                        meant is not None and meant[2] == amount,
                        f"{key} was sold at {money(meant[2] if meant else 0, currency)}, its schedule line says {amount}",
                    )
    return facts


def arithmetic(view: View) -> Facts:
    """INV-20: line = quantity x rate, invoice = sum of lines, gross = net + tax."""
    facts = Facts()
    for invoice in view.invoices.values():
        row = invoice.row
        facts.expect(bool(invoice.lines), f"{invoice.name} was posted without a line")
        for line in invoice.lines:
            net, rate = int(line.get("net") or 0), line.get("rate")
            if rate is not None:
                wanted = net_of(int(line.get("quantity") or 0), int(rate))
                facts.expect(
                    net == wanted, f"{invoice.name} line {line.get('source')}: net {net} is not quantity x rate = {wanted}"
                )
        net, tax = sum(int(x.get("net") or 0) for x in invoice.lines), sum(int(x.get("tax") or 0) for x in invoice.lines)
        facts.expect(row.get("net") == net, f"{invoice.name}: net {row.get('net')} is not the sum of its lines {net}")
        facts.expect(row.get("tax") == tax, f"{invoice.name}: tax {row.get('tax')} is not the sum of its lines {tax}")
        facts.expect(row.get("gross") == net + tax, f"{invoice.name}: gross {row.get('gross')} is not net plus tax {net + tax}")
    return facts


def codes(view: View) -> Facts:
    """INV-21: every line carries the one tax code that entity, customer and profile allow."""
    facts = Facts()
    for contract in view.contracts.values():
        for invoice in contract.invoices:
            for line in invoice.lines:
                code = line.get("tax_code")
                facts.expect(
                    code is not None and code == contract.tax_code,
                    f"{invoice.name} of {contract.number} taxes {line.get('source')} as {code}; {contract.tax_code} is right "
                    f"({contract.entity}, customer in {contract.account.get('country')}, profile {contract.sow.get('tax_profile')})",
                )
    return facts


def tax_amounts(view: View) -> Facts:
    """INV-22: tax to the cent by the entity's own rounding, computed again from net and the right rate."""
    facts = Facts()
    for invoice in view.invoices.values():
        entity = view.entities.get(str(invoice.row.get("subsidiary_id")), "")
        coded = [(int(line.get("net") or 0), str(line.get("tax_code"))) for line in invoice.lines]
        if entity not in CURRENCY or any(code not in RATES_E3 for _, code in coded):
            facts.expect(
                False, f"{invoice.name}: entity {entity!r} or a tax code is unknown: {sorted({code for _, code in coded})}"
            )
            continue
        for line, wanted in zip(invoice.lines, taxes(entity, coded), strict=True):
            tax, stated = int(line.get("tax") or 0), line.get("tax_rate_e3")
            facts.expect(
                tax == wanted and stated in (None, RATES_E3[str(line.get("tax_code"))]),
                f"{invoice.name} line {line.get('source')}: tax {tax} at rate {stated}, by the rounding of {entity} {wanted}",
            )
    return facts


def minor_units(view: View) -> Facts:
    """INV-23: amounts are whole minor units of a currency that the entity keeps its books in."""
    facts = Facts()
    for invoice in view.invoices.values():
        entity = view.entities.get(str(invoice.row.get("subsidiary_id")), "")
        currency = invoice.row.get("currency")
        facts.expect(currency == CURRENCY.get(entity), f"{invoice.name} of {entity or 'no entity'} is in {currency}")
        rows: list[tuple[str, Row, tuple[str, ...]]] = [
            (invoice.name, invoice.row, ("net", "tax", "gross", "paid", "open_balance"))
        ]
        rows += [(f"{invoice.name} {line.get('source')}", line, ("net", "tax")) for line in invoice.lines]
        for name, row, fields in rows:
            odd = [f"{field} is {row.get(field)!r}" for field in fields if type(row.get(field)) is not int]
            facts.expect(not odd, f"{name}: {', '.join(odd)}, no whole number of minor units")
    return facts


def currencies(view: View) -> Facts:
    """INV-24: an invoice is in its contract's currency, and so is the contract in the ERP."""
    facts = Facts()
    for contract in view.contracts.values():
        if not contract.sow:
            continue
        wanted = contract.sow.get("currency")
        for id, order in contract.orders:
            facts.expect(
                order.get("currency") == wanted, f"{contract.number} is in {wanted}, its order {id} in {order.get('currency')}"
            )
        for name, rows in (("project", contract.jobs), ("workspace", contract.workspaces)):
            for id, row in rows:
                currency = row.get("currency")
                facts.expect(currency == wanted, f"{contract.number} is in {wanted}, its {name} {id} in {currency}")
        for invoice in contract.invoices:
            facts.expect(
                invoice.row.get("currency") == wanted,
                f"{contract.number} is in {wanted}, {invoice.name} in {invoice.row.get('currency')}",
            )
    return facts


def receivable(view: View) -> Facts:
    """INV-26: gross = paid + credited + open, open is never negative, paid is what was applied, no payment is applied beyond itself."""
    if not view.invoices:
        raise CanNotJudge("no invoice was made")
    applied: dict[str, int] = defaultdict(int)
    used: dict[str, int] = defaultdict(int)
    for _, row in view.books.live("erp", "payment_application"):
        applied[str(row.get("invoice_id"))] += int(row.get("amount") or 0)
        used[str(row.get("payment_id"))] += int(row.get("amount") or 0)
    credited: dict[str, int] = defaultdict(int)
    for _, row in view.books.live("erp", "credit"):
        credited[str(row.get("invoice_id"))] += int(row.get("applied") or 0)
    facts = Facts()
    for invoice in view.invoices.values():
        row = invoice.row
        gross, paid, owed = int(row.get("gross") or 0), int(row.get("paid") or 0), int(row.get("open_balance") or 0)
        given = credited.get(invoice.id, 0)
        told = f"paid {paid} plus credited {given} plus open {owed}"
        facts.expect(gross == paid + given + owed, f"{invoice.name}: gross {gross} is not {told}")
        facts.expect(owed >= 0, f"{invoice.name}: open balance {owed} is negative")
        facts.expect(paid == applied.pop(invoice.id, 0), f"{invoice.name}: paid {paid} is not what payments were applied to it")
        settled = row.get("status") == "paid"
        facts.expect(settled == (owed == 0 and gross > 0), f"{invoice.name}: status {row.get('status')} with {owed} open")
    for id, amount in applied.items():
        facts.expect(not amount, f"{amount} minor units are applied to invoice {id}, which does not exist")
    for id, row in view.books.live("erp", "payment"):
        amount, name = int(row.get("amount") or 0), row.get("bank_ref") or id
        parts = (int(row.get("applied") or 0), int(row.get("unapplied") or 0))
        facts.expect(sum(parts) == amount and used[id] == parts[0], f"payment {name} of {amount}: {parts}, applied {used[id]}")
    return facts
