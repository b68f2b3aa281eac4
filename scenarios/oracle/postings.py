"""What was posted: in an open period, at the rate in force; money received once, and given back within what was billed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from scenarios.oracle.books import Row
from scenarios.oracle.contract import money, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.view import View


def payments(view: View) -> Facts:
    """INV-06: a bank reference stands once in an entity's books, at the amount that the bank told."""
    facts = Facts()
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for _, row in view.books.live("erp", "payment"):
        entity = view.entities.get(str(row.get("subsidiary_id")), str(row.get("subsidiary_id")))
        found[str(row.get("bank_ref")), entity].append(row)
    for (reference, entity), rows in sorted(found.items()):
        told = ", ".join(f"{money(row.get('amount'), str(row.get('currency') or ''))} {when(row['_at'])}" for row in rows[:3])
        facts.expect(len(rows) == 1, f"payment {reference} stands {len(rows)} times in the books of {entity}: {told}")
    received = {reference: rows for (reference, _), rows in found.items()}
    for key, values in view.truth.payments.items():
        rows = received.get(str(values.get("bank_ref") or key), [])
        right = any(row.get("amount") == values.get("amount") for row in rows)
        facts.expect(right, f"payment {key} of {values.get('amount')} minor units was received, and the ERP does not show it so")
    return facts


def credits(view: View) -> Facts:
    """INV-27: credits of an invoice never pass its gross, each has a reason, and who approved is not who asked."""
    rows = list(view.books.live("erp", "credit"))
    if not rows:
        raise CanNotJudge("no credit memo was made")
    facts = Facts()
    given: dict[str, int] = defaultdict(int)
    for id, row in rows:
        name = str(row.get("external_id") or row.get("number") or id)
        amount, invoice = int(row.get("amount") or 0), view.invoices.get(str(row.get("invoice_id")))
        given[str(row.get("invoice_id"))] += amount
        facts.expect(
            invoice is not None and amount > 0, f"credit {name} of {amount} minor units is for no invoice, or for nothing"
        )
        absent = [field for field in ("reason", "approved_by") if not row.get(field)]
        facts.expect(not absent, f"credit {name} lacks {', '.join(absent)}")
        asked = row.get("requested_by") or row["_by"]
        facts.expect(asked != row.get("approved_by"), f"credit {name} was asked for and approved by {asked}")
    for id, amount in given.items():
        invoice = view.invoices.get(id)
        if invoice is not None:
            gross, currency = int(invoice.row.get("gross") or 0), str(invoice.row.get("currency") or "")
            told = f"{invoice.name} of {money(gross, currency)} was credited {money(amount, currency)}"
            facts.expect(amount <= gross, told)
    return facts


class Periods:
    """The accounting periods by name, with their days and states."""

    def __init__(self, view: View) -> None:
        self._states: dict[str, list[tuple[int, Any]]] = {}
        self._days: dict[str, tuple[str, str]] = {}
        for id, row in view.books.all("erp", "period"):
            name = str(row.get("name"))
            self._states[name] = view.books.timeline("erp", "period", id, "state")
            self._days[name] = (str(row.get("start_on")), str(row.get("end_on")))

    def __len__(self) -> int:
        return len(self._days)

    def wrong(self, name: str, day: str, at: int) -> str:
        """What is wrong with posting on a day into a period at an instant, or ''."""
        if name not in self._days:
            return f"into period {name}, which is not kept"
        first, last = self._days[name]
        if not first <= day <= last:
            return f"on {day} into period {name}"
        state = next((value for since, value in reversed(self._states[name]) if since <= at), "not yet open")
        return "" if state == "open" else f"on {day}, when period {name} was {state}"


def periods(view: View) -> Facts:
    """INV-32: every invoice, time bill and expense was posted on a day of a period that was open at that instant."""
    held, facts = Periods(view), Facts()
    if not len(held):
        raise CanNotJudge("the ERP keeps no periods")
    for invoice in view.invoices.values():
        wrong = held.wrong(str(invoice.row.get("period")), str(invoice.row.get("tran_date")), int(invoice.row["_at"]))
        facts.expect(not wrong, f"{invoice.name} was posted {when(invoice.row['_at'])} {wrong}")
    entity_of = {id: view.entities.get(str(row.get("subsidiary_id")), "") for id, row in view.books.all("erp", "job")}
    jobs = {str(row.get("report_id")): str(row.get("job_id")) for _, row in view.books.live("erp", "expense_line")}
    for kind in ("time_bill", "expense_report"):
        for id, row in view.books.live("erp", kind):
            job = str(row.get("job_id")) if kind == "time_bill" else jobs.get(id, "")
            day = str(row.get("tran_date"))
            wrong = held.wrong(f"{day[:7]}-{entity_of.get(job, '')}", day, int(row["_at"]))
            facts.expect(not wrong, f"{row.get('external_id') or f'{kind} {id}'} was posted {when(row['_at'])} {wrong}")
    return facts


def rates(view: View) -> Facts:
    """INV-33: an hour is posted and billed at the rate of its role line as it was signed."""
    facts = Facts()
    for id, source in view.matching.bills.items():
        row = view.books.row("erp", "time_bill", id)
        if row is not None:
            at_rate(view, facts, source, row.get("rate"), "posted")
    for source, found in view.billed.items():
        for invoice, line in found:
            at_rate(view, facts, source, line.get("rate"), f"billed on {invoice.name}")
    return facts


def at_rate(view: View, facts: Facts, source: str, rate: Any, what: str) -> None:
    """Judge the rate of one hour; other sources have none."""
    due = view.due_time.get(source)
    if due is None:
        return
    wanted = view.contracts[due.contract].rate(due.line_key)
    told = f"{source} of {due.contract}, {due.line_key} on {due.work.on}, was {what} at a rate of {rate}; {wanted} was signed"
    facts.expect(rate == wanted, f"{told} (ten-thousandths an hour)")
