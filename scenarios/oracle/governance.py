"""Who may write what, and whether every billed line leads back to what was sold."""

from __future__ import annotations

from scenarios.oracle.books import Row
from scenarios.oracle.contract import Contract, Invoice, number_of
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.view import View

Mandate = dict[tuple[str, str], frozenset[str]]
ALL = frozenset({"*"})

# What the integration may write, by kind: architecture section 9. "*" is every field of the kind.
INTEGRATION: Mandate = {
    ("crm", "sow"): frozenset({"delivery_status", "project_code", "billed_to_date", "unbilled"}),
    ("crm", "invoice_mirror"): ALL,
    ("psa", "workspace"): ALL,
    ("psa", "story"): ALL,
    ("psa", "workspace_resource"): ALL,
    ("psa", "external_reference"): ALL,
    ("erp", "customer"): ALL,
    ("erp", "sales_order"): ALL,
    ("erp", "sales_order_line"): ALL,
    ("erp", "job"): ALL,
    ("erp", "time_bill"): ALL,
    ("erp", "expense_report"): ALL,
    ("erp", "expense_line"): ALL,
    ("erp", "invoice"): ALL,
    ("erp", "invoice_line"): ALL,
    ("erp", "number_series"): ALL,
}
# What a client accepts and what the ERP settles is nobody's to write for them; progress belongs to the project.
NEVER_BY_INTEGRATION: Mandate = {
    ("psa", "story"): frozenset({"accepted_at", "accepted_by"}),
    ("erp", "invoice"): frozenset({"paid", "sent_at"}),
}
NEVER_CHANGED_BY_INTEGRATION: Mandate = {
    ("psa", "story"): frozenset({"state"}),
    ("erp", "invoice"): frozenset({"status", "open_balance"}),
}
# What people own: deals in the CRM, work in the PSA, money received and periods in the ERP.
PEOPLE: Mandate = {
    ("crm", "account"): ALL,
    ("crm", "contact"): ALL,
    ("crm", "opportunity"): ALL,
    ("crm", "opportunity_line"): ALL,
    ("crm", "quote"): ALL,
    ("crm", "contract"): ALL,
    ("crm", "sow"): ALL,
    ("psa", "story"): ALL,
    ("psa", "assignment"): ALL,
    ("psa", "workspace_resource"): ALL,
    ("psa", "time_entry"): ALL,
    ("psa", "timesheet_submission"): ALL,
    ("psa", "expense"): ALL,
    ("psa", "expense_submission"): ALL,
    ("erp", "customer"): ALL,
    ("erp", "invoice"): frozenset({"status", "sent_at", "paid", "credited", "open_balance"}),
    ("erp", "credit"): ALL,
    ("erp", "payment"): ALL,
    ("erp", "payment_application"): ALL,
    ("erp", "employee"): frozenset({"inactive", "subsidiary_id"}),
    ("erp", "period"): frozenset({"state"}),
    ("erp", "number_series"): ALL,
}
# Mirrors are the orchestrator's: people read them.
NEVER_BY_PEOPLE: Mandate = {("crm", "sow"): INTEGRATION["crm", "sow"]}
SEED = "seed"


def ownership(view: View) -> Facts:
    """INV-39: every write was made by the field's owner, or by the integration where its mandate allows it."""
    facts = Facts()
    for (system, kind, by, op, fields), (count, first, last) in view.books.writers.items():
        if by == SEED and last <= view.trail.first_at:
            continue  # what stands in the systems before the story
        facts.checked += count
        wrong = trespass(view, (system, kind), by, op, fields)
        if wrong:
            facts.wrong.append(
                f"{by or 'nobody'} wrote {', '.join(sorted(wrong))} of {system} {kind} ({count} times, first {kind} {first})"
            )
    return facts


def trespass(view: View, key: tuple[str, str], by: str, op: str, fields: tuple[str, ...]) -> list[str]:
    """Fields among these that this writer may not write; all of them when nobody knows the writer."""
    if by in view.truth.people:
        allowed, barred = PEOPLE.get(key, frozenset[str]()), NEVER_BY_PEOPLE.get(key, frozenset[str]())
    elif by in view.integration_users:
        allowed, barred = INTEGRATION.get(key, frozenset[str]()), NEVER_BY_INTEGRATION.get(key, frozenset[str]())
        if op != "create":
            barred |= NEVER_CHANGED_BY_INTEGRATION.get(key, frozenset[str]())
    else:
        allowed, barred = frozenset[str](), frozenset[str]()
    if op == "delete" and not fields:
        return [] if "*" in allowed else ["the whole record"]
    return [f for f in fields if (f not in allowed and "*" not in allowed) or f in barred]


def lineage(view: View) -> Facts:
    """INV-41: each billed line leads to approved work or an accepted milestone, its contract and deal, under one correlation."""
    if not view.invoices:
        raise CanNotJudge("no invoice was made")
    facts = Facts()
    for invoice in view.strays.invoices:
        facts.expect(False, f"{invoice.name} leads to no statement of work")
    for _, line in view.books.live("erp", "invoice_line"):
        if str(line.get("invoice_id")) not in view.invoices:
            facts.expect(False, f"line {line.get('source')} belongs to no invoice")
    correlations = view.trail.traffic.correlations
    for contract in view.contracts.values():
        for invoice in contract.invoices:
            root = correlations.get(("erp", str(invoice.row.get("external_id"))), "")
            facts.expect(
                number_of(root) == contract.number or not view.has_claims,
                f"{invoice.name} of {contract.number} was made under correlation {root!r}",
            )
            for line in invoice.lines:
                broken = gap(view, contract, invoice, line)
                facts.expect(not broken, f"{invoice.name}, line {line.get('source')}: {broken}")
    return facts


def gap(view: View, contract: Contract, invoice: Invoice, line: Row) -> str:
    """Where the path from a line to its deal breaks, or ''."""
    source = str(line.get("source") or "")
    if source in view.milestones:
        if view.milestones[source][0].number != contract.number:
            return f"the milestone belongs to {view.milestones[source][0].number}"
        if str(invoice.row.get("order_id")) not in {id for id, _ in contract.orders}:
            return f"it was not made from the contract of {contract.number}"
    elif source in view.due:
        broken = work_gap(view, contract, source, line)
        if broken:
            return broken
    elif source not in view.given_back:
        return "no approved work and no milestone has this name"
    if not contract.sow or not contract.opportunity or not contract.orders:
        return f"{contract.number} was never sold, or has no contract in the ERP"
    account = view.account_of(invoice.row.get("customer_id"))
    return "" if account == contract.account.get("number") else f"its customer stands for {account or 'nobody'}"


def work_gap(view: View, contract: Contract, source: str, line: Row) -> str:
    """Where the path from a billed hour or expense to its project breaks, or ''."""
    if view.due[source].contract != contract.number:
        return f"the work belongs to {view.due[source].contract}"
    root = view.trail.traffic.correlations.get(("erp", source), "")
    if view.has_claims and number_of(root) != contract.number:
        return f"it was posted under correlation {root!r}"
    jobs = {id for id, _ in contract.jobs}
    for kind, name in (("time_bill", "time_bill_id"), ("expense_line", "expense_line_id")):
        if line.get(name) is not None:
            posted = view.books.row("erp", kind, line[name])
            if posted is None or str(posted.get("job_id")) not in jobs:
                return f"{kind} {line[name]} is not of a project of {contract.number}"
            if str(posted.get("invoice_id")) != str(line.get("invoice_id")):
                return f"{kind} {line[name]} is marked as billed on invoice {posted.get('invoice_id')}"
            told, true = view.matching.done_by(posted), (view.due[source].work.person, view.due[source].work.on)
            if told != true:
                return f"the ERP says it was done by {told[0] or 'nobody'} on {told[1]}, in truth by {true[0]} on {true[1]}"
    return ""
