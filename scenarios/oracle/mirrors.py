"""What the other systems show of the ERP: soon enough, never going back, and equal in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenarios.oracle.books import Row
from scenarios.oracle.completeness import NO_CLAIMS, is_open
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import Hours
from scenarios.oracle.trouble import allowance_ms, troubles
from scenarios.oracle.view import Contract, Invoice, View, when

MINUTE_MS = 60_000
LAG_MS_MAX, STRATEGIC_LAG_MS_MAX = 15 * MINUTE_MS, 5 * MINUTE_MS
SAME = {"paid_in_full": "paid", "partially_paid": "partially_paid", "partial": "partially_paid"}


def plain_status(status: Any) -> str:
    """A status without the vendor's way of writing it."""
    word = str(status or "").strip().lower().replace(" ", "_")
    return SAME.get(word, word)


def mirrored(view: View) -> Iterator[tuple[Contract, Invoice, str, Row]]:
    """(contract, invoice, mirror id, mirror row) for every invoice the CRM shows."""
    shown = {str(row.get("key")): (id, row) for id, row in view.books.live("crm", "invoice_mirror")}
    for contract in view.contracts.values():
        for invoice in contract.invoices:
            found = shown.get(str(invoice.row.get("external_id"))) or shown.get(str(invoice.row.get("number")))
            if found:
                yield contract, invoice, *found


def business_hours(view: View) -> Hours:
    entities = [e for e in dict.fromkeys(c.entity for c in view.contracts.values()) if e]
    return Hours(entities, view.trail.first_at, view.trail.last_at, troubles(view.trail, ("crm", "erp")))


def statuses(view: View) -> Facts:
    """INV-34: a status the ERP gave up is gone from the CRM soon after, and a new invoice is there as soon."""
    facts, hours = Facts(), business_hours(view)
    extra = allowance_ms(view.trail, ("crm", "erp"))
    shown = {invoice.id: id for _, invoice, id, _ in mirrored(view)}
    for contract in view.contracts.values():
        strategic = contract.account.get("segment") == "strategic"
        allowed = (STRATEGIC_LAG_MS_MAX if strategic else LAG_MS_MAX) + extra
        for invoice in contract.invoices:
            follow(view, facts, invoice, shown.get(invoice.id), lambda since, ms=allowed: hours.deadline(since, ms))
    if not facts.checked:
        raise CanNotJudge("no invoice was made")
    return facts


def follow(view: View, facts: Facts, invoice: Invoice, mirror: str | None, deadline: Any) -> None:
    """Judge every step of one invoice: each status must be followed in the CRM before its deadline."""
    truth = [(at, plain_status(value)) for at, value in view.books.timeline("erp", "invoice", invoice.id, "status")]
    copy = (
        [(at, plain_status(value)) for at, value in view.books.timeline("crm", "invoice_mirror", mirror, "status")]
        if mirror
        else []
    )
    for index, (at, status) in enumerate(truth):
        due = deadline(at)
        if due is None or due > view.trail.last_at:
            continue
        allowed = {later for _, later in truth[index:]}
        facts.checked += 1
        seen = next((moment for moment, value in copy if moment >= at and value in allowed), None)
        before = next((value for moment, value in reversed(copy) if moment < at), None)
        if before in allowed:
            continue
        if seen is None or seen > due:
            shown = f"shown only {when(seen)}" if seen else f"still shown as {before or 'nothing'}"
            facts.wrong.append(f"{invoice.name} became {status} {when(at)}; in the CRM it was due {when(due)}, {shown}")


def delivery_status(view: View) -> Facts:
    """INV-35: the account team sees a project active when it is, and an exception while it stands."""
    if not view.has_claims:
        raise CanNotJudge(NO_CLAIMS)
    facts = Facts()
    ended = {str(run.get("key")): run for run in view.trail.claims("runs") if str(run.get("process", "")).startswith("activate")}
    shown = {str(row.get("number")): (id, row) for id, row in view.books.live("crm", "sow")}
    for number, run in ended.items():
        if run.get("state") != "done" or not run.get("ended_at") or number not in shown:
            continue
        id, row = shown[number]
        changed = [at for at, value in view.books.timeline("crm", "sow", id, "delivery_status") if value == "Active"]
        first = changed[0] if changed else None
        facts.expect(
            row.get("delivery_status") == "Active" and first is not None and first <= int(run["ended_at"]) + LAG_MS_MAX,
            f"{number} was set up by {when(int(run['ended_at']))}; the CRM shows {row.get('delivery_status')} since {when(first)}",
        )
    return facts


def monotonic(view: View) -> Facts:
    """INV-37: a mirror never goes back to an older version of its source."""
    facts = Facts()
    for id, row in view.books.live("crm", "invoice_mirror"):
        held = 0
        for at, version in view.books.timeline("crm", "invoice_mirror", id, "source_version"):
            number = int(version or 0)
            facts.expect(number >= held, f"{row.get('key')} went back from version {held} to {number} {when(at)}")
            held = max(held, number)
    return facts


def convergence(view: View) -> Facts:
    """INV-38: in the end every mirrored field equals its source, but for subjects with an open exception."""
    facts = Facts()
    shown = {invoice.id: row for _, invoice, _, row in mirrored(view)}
    sows = {str(row.get("number")): row for _, row in view.books.live("crm", "sow")}
    for contract in view.contracts.values():
        if is_open(view, contract.number):
            continue
        for invoice in contract.invoices:
            row = shown.get(invoice.id)
            facts.expect(row is not None, f"{invoice.name} of {contract.number} is not in the CRM")
            if row is not None:
                compare(facts, f"{invoice.name} in the CRM", row, copied(invoice.row))
        if contract.invoices and contract.number in sows:
            billed = sum(int(i.row.get("net") or 0) for i in contract.invoices)
            compare(facts, f"{contract.number} in the CRM", sows[contract.number], {"billed_to_date": billed})
    references(view, facts)
    return facts


def copied(row: Row) -> dict[str, Any]:
    """The fields of an invoice that the CRM copies, as the ERP has them."""
    return {
        "number": row.get("number"),
        "status": plain_status(row.get("status")),
        "gross": row.get("gross"),
        "open": row.get("open_balance"),
        "due_on": row.get("due_on"),
    }


def compare(facts: Facts, where: str, row: Row, wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        got = plain_status(row.get(name)) if name == "status" else row.get(name)
        facts.expect(got == value, f"{where}: {name} is {got!r}, the ERP has {value!r}")


def references(view: View, facts: Facts) -> None:
    """The PSA's references to invoices carry the ERP's last status."""
    by_number = {str(i.row.get("number")): i for i in view.invoices.values()} | {
        str(i.row.get("external_id")): i for i in view.invoices.values()
    }
    for id, row in view.books.live("psa", "external_reference"):
        if row.get("service_model") != "invoice":
            continue
        invoice = by_number.get(str(row.get("service_model_ref")))
        facts.expect(
            invoice is not None, f"reference {id} in the PSA names invoice {row.get('service_model_ref')}, which does not exist"
        )
        if invoice is not None:
            seen = plain_status(row.get("status"))
            wanted = plain_status(invoice.row.get("status"))
            facts.expect(seen == wanted, f"{invoice.name} is {seen!r} in the PSA, {wanted!r} in the ERP")
