"""Nothing that a source says is left lying: what is old enough for every sweep to have met it was applied, or somebody has it."""

from __future__ import annotations

from scenarios.oracle.contract import when
from scenarios.oracle.facts import Facts
from scenarios.oracle.mirrors import mirrored, plain_status
from scenarios.oracle.view import View

SWEEP_MS = 60 * 60_000  # the slowest pace of any sweep: at night
OLD_MS = 2 * SWEEP_MS


def closure(view: View) -> Facts:
    """INV-14: sold deals, approved work, accepted milestones and invoice statuses older than two sweeps are applied or with people."""
    facts, edge = Facts(), view.trail.last_at - OLD_MS
    for contract in view.contracts.values():
        if contract.is_due and contract.due_since <= edge:
            done = contract.active_at is not None or has_exception(view, contract.number)
            close(view, facts, contract.number, f"{contract.number}, sold {when(contract.due_since)}", done=done)
    for item in view.due.values():
        if max(item.approved_at, item.work.decided_at) <= edge:
            done = item.source in view.arrived or item.source in view.set_aside or item.source in view.beyond_caps
            told = f"{item.source} of {item.contract}, approved {when(item.approved_at)}"
            close(view, facts, item.contract, told, done=done)
    for key, (contract, accepted_at, _) in view.milestones.items():
        if 0 < accepted_at <= edge:
            done = key in view.billed or has_exception(view, contract.number)
            close(view, facts, contract.number, f"{key}, accepted {when(accepted_at)}", done=done)
    statuses(view, facts, edge)
    return facts


def statuses(view: View, facts: Facts, edge: int) -> None:
    """The last status of each invoice that is old enough is what the CRM shows."""
    shown = {invoice.id: row for _, invoice, _, row in mirrored(view)}
    for contract in view.contracts.values():
        for invoice in contract.invoices:
            line = view.books.timeline("erp", "invoice", invoice.id, "status")
            since = line[-1][0] if line else int(invoice.row["_at"])
            if since > edge:
                continue
            wanted, row = plain_status(invoice.row.get("status")), shown.get(invoice.id)
            done = (row is not None and plain_status(row.get("status")) == wanted) or has_exception(view, contract.number)
            close(view, facts, contract.number, f"{invoice.name}, {wanted} since {when(since)}", done=done)


def close(view: View, facts: Facts, number: str, told: str, *, done: bool) -> None:
    """Judge one change of a source: applied, or under way in a run that was cut short, or lost."""
    facts.checked += 1
    if not done and number in view.under_way:
        facts.late.append(f"{told}: still under way when the run was ended")
    elif not done:
        facts.wrong.append(f"{told}: neither applied nor with anybody, two sweeps later")


def has_exception(view: View, number: str) -> bool:
    """Does a believable exception stand for this contract, or was one waived?"""
    return view.is_open(number) or any(
        str(e.get("subject")) == number and e.get("state") == "waived" and view.desk.get(str(e.get("id")))
        for e in view.exceptions
    )
