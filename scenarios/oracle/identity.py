"""One thing of each: customers, contracts, projects, cross-references, invoices."""

from __future__ import annotations

from collections import defaultdict

from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.view import CUSTOMER, View, money, when


def customers(view: View) -> Facts:
    """INV-01: at most one live customer per account and entity."""
    names = {str(row.get("name")): number for number, row in view.truth.accounts.items()}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id, row in view.books.live("erp", "customer"):
        if row.get("inactive"):
            continue
        match = CUSTOMER.search(str(row.get("external_id") or ""))
        account = match[1] if match else names.get(str(row.get("name")), f"? {row.get('name')}")
        entity = view.entities.get(str(row.get("subsidiary_id")), "?")
        found[account, entity].append(f"customer {id} made {when(row['_at'])}")
    facts = Facts()
    for (account, entity), held in sorted(found.items()):
        facts.expect(len(held) == 1, f"account {account} has {len(held)} customers in {entity}: {', '.join(held)}")
    return facts


def contracts(view: View) -> Facts:
    """INV-02: at most one live contract in the ERP per statement of work."""
    facts = Facts()
    for contract in view.contracts.values():
        live = [
            f"{row.get('external_id') or id} made {when(row['_at'])}"
            for id, row in contract.orders
            if row.get("status") != "closed"
        ]
        if live:
            facts.expect(len(live) == 1, f"{contract.number} has {len(live)} contracts in the ERP: {', '.join(live)}")
    return facts


def projects(view: View) -> Facts:
    """INV-03: at most one project per contract in ERP and PSA each, under the same code."""
    facts = Facts()
    for contract in view.contracts.values():
        jobs = [f"{row.get('external_id') or id} made {when(row['_at'])}" for id, row in contract.jobs if not row.get("inactive")]
        spaces = [f"workspace {id} made {when(row['_at'])}" for id, row in contract.workspaces if not row.get("archived")]
        if jobs or spaces:
            facts.expect(len(jobs) <= 1, f"{contract.number} has {len(jobs)} projects in the ERP: {', '.join(jobs)}")
            facts.expect(len(spaces) <= 1, f"{contract.number} has {len(spaces)} projects in the PSA: {', '.join(spaces)}")
    return facts


def crossrefs(view: View) -> Facts:
    """INV-04: at any instant an id means one thing, and one thing has one id in each system (and entity)."""
    claimed = view.trail.claims("crossrefs")
    if not claimed:
        raise CanNotJudge("the design keeps no cross-references")
    facts = Facts()
    forward: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    backward: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for ref in claimed:
        backward[str(ref["system"]), str(ref["type"]), str(ref["id"])].append(ref)
        forward[str(ref["system"]), str(ref["type"]), str(ref.get("entity") or ""), str(ref["canonical"])].append(ref)
    for what, groups, differ in (("id", backward, "canonical"), ("record", forward, "id")):
        for key, refs in groups.items():
            clash = next((f"{a[differ]} and {b[differ]}" for n, a in enumerate(refs) for b in refs[n + 1 :] if overlap(a, b)), "")
            facts.expect(not clash, f"{what} {' '.join(key)} means {clash} at one instant")
    return facts


def overlap(one: dict[str, object], two: dict[str, object]) -> bool:
    """Do two validity intervals share an instant?"""
    ends = [float(str(r["valid_to"])) if r.get("valid_to") is not None else float("inf") for r in (one, two)]
    begins = [float(str(r.get("valid_from") or 0)) for r in (one, two)]
    return begins[0] < ends[1] and begins[1] < ends[0]


def invoices(view: View) -> Facts:
    """INV-05: nothing is billed twice: each source on one line, each contract, period and number on one invoice."""
    facts = Facts()
    for source, found in view.billed.items():
        if not source:
            facts.wrong += [
                f"{i.name} has a line without a source: {money(line.get('net'), i.row.get('currency', ''))}"
                for i, line in found[:3]
            ]
            continue
        told = ", ".join(f"{invoice.name} posted {when(invoice.row['_at'])}" for invoice, _ in found[:3])
        amount = money(sum(int(line.get("net") or 0) for _, line in found[1:]), str(found[0][0].row.get("currency", "")))
        facts.expect(len(found) == 1, f"{source} is billed {len(found)} times, {amount} too much: {told}")
    for (external, entity), held in repeated_external_ids(view).items():
        facts.expect(len(held) == 1, f"{entity} has {len(held)} invoices called {external}: {', '.join(held)}")
    return facts


def repeated_external_ids(view: View) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for invoice in view.invoices.values():
        external = invoice.row.get("external_id")
        if external:
            found[str(external), view.entities.get(str(invoice.row.get("subsidiary_id")), "?")].append(invoice.name)
    return found
