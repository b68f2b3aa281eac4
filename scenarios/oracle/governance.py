"""Who may write what, and whether every billed line leads back to what was sold."""

from __future__ import annotations

from scenarios.oracle.books import Row
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.view import Contract, Invoice, View, number_of

# What the integration may write, by kind: architecture section 9. "*" is every field of the kind.
INTEGRATION: dict[tuple[str, str], frozenset[str]] = {
    ("crm", "sow"): frozenset({"delivery_status", "project_code", "billed_to_date", "unbilled"}),
    ("crm", "invoice_mirror"): frozenset("*"),
    ("psa", "workspace"): frozenset("*"),
    ("psa", "story"): frozenset("*"),
    ("psa", "workspace_resource"): frozenset("*"),
    ("psa", "external_reference"): frozenset("*"),
    ("erp", "customer"): frozenset("*"),
    ("erp", "sales_order"): frozenset("*"),
    ("erp", "sales_order_line"): frozenset("*"),
    ("erp", "job"): frozenset("*"),
    ("erp", "time_bill"): frozenset("*"),
    ("erp", "expense_report"): frozenset("*"),
    ("erp", "expense_line"): frozenset("*"),
    ("erp", "invoice"): frozenset("*"),
    ("erp", "invoice_line"): frozenset("*"),
    ("erp", "number_series"): frozenset("*"),
}
# What a client accepts and what the ERP settles is nobody's to write for them.
NEVER_BY_INTEGRATION = {
    ("psa", "story"): frozenset({"accepted_at", "accepted_by"}),
    ("erp", "invoice"): frozenset({"paid", "sent_at"}),
}
# Mirrors and facts of the orchestrator: people read them.
NEVER_BY_PEOPLE: dict[tuple[str, str], frozenset[str]] = {
    ("crm", "sow"): frozenset({"delivery_status", "project_code", "billed_to_date", "unbilled"}),
    ("crm", "invoice_mirror"): frozenset("*"),
    ("erp", "invoice_line"): frozenset("*"),
}
SYSTEM_USERS = frozenset({"system", ""})


def ownership(view: View) -> Facts:
    """INV-39: every write was made by the field's owner, or by the integration where its mandate allows it."""
    facts = Facts()
    for (system, kind, by, fields), (count, first, _) in view.books.writers.items():
        if by in SYSTEM_USERS or by.startswith("seed"):
            continue
        facts.checked += count
        wrong = trespass(system, kind, fields, by_person=by in view.truth.people)
        if wrong:
            facts.wrong.append(f"{by} wrote {', '.join(sorted(wrong))} of {system} {kind} ({count} times, first {kind} {first})")
    return facts


def trespass(system: str, kind: str, fields: tuple[str, ...], *, by_person: bool) -> list[str]:
    """Fields among these that this writer may not write."""
    key = (system, kind)
    if by_person:
        closed = NEVER_BY_PEOPLE.get(key, frozenset())
        return [f for f in fields if f in closed or "*" in closed]
    allowed = INTEGRATION.get(key, frozenset())
    barred = NEVER_BY_INTEGRATION.get(key, frozenset())
    return [f for f in fields if (f not in allowed and "*" not in allowed) or f in barred]


def lineage(view: View) -> Facts:
    """INV-41: each billed line leads to approved work or an accepted milestone, its contract and deal, under one correlation."""
    if not view.invoices:
        raise CanNotJudge("no invoice was made")
    facts = Facts()
    correlations = view.trail.traffic.correlations
    for contract in view.contracts.values():
        for invoice in contract.invoices:
            root = correlations.get(("erp", str(invoice.row.get("external_id"))), "")
            facts.expect(
                number_of(root) == contract.number, f"{invoice.name} of {contract.number} was made under correlation {root!r}"
            )
            for line in invoice.lines:
                broken = gap(view, contract, invoice, line)
                facts.expect(not broken, f"{invoice.name}, line {line.get('source')}: {broken}")
    return facts


def gap(view: View, contract: Contract, invoice: Invoice, line: Row) -> str:
    """Where the path from a line to its deal breaks, or ''."""
    source = str(line.get("source") or "")
    if source in view.milestones:
        if not contract.orders:
            return "there is no contract in the ERP"
    elif source in view.due:
        if view.due[source].contract != contract.number:
            return f"the work belongs to {view.due[source].contract}"
        root = view.trail.traffic.correlations.get(("erp", source), "")
        if number_of(root) != contract.number:
            return f"it was posted under correlation {root!r}"
    else:
        return "no approved work and no milestone has this name"
    if not contract.sow or not contract.opportunity:
        return f"{contract.number} was never sold"
    customer = view.books.row("erp", "customer", invoice.row.get("customer_id"))
    return "" if customer is not None else "its customer does not exist"
