"""One thing of each: customers, contracts, projects, cross-references, invoices. Judged at every instant, not only at the end."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from scenarios.oracle.books import Row
from scenarios.oracle.contract import Invoice, money, number_of, number_of_row, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.view import CUSTOMER, View

FAR = 2**62
DAY_MS = 86_400_000
DEAD: dict[str, tuple[str, Any]] = {
    "customer": ("inactive", True),
    "sales_order": ("status", "closed"),
    "job": ("inactive", True),
    "workspace": ("archived", True),
}
SEQUENCE = re.compile(r"^INV-(S-\d+)-(?:(\d{6})-(\d+)|(M\d+))$")


class Life(NamedTuple):
    """How long a record was in use, and what a person calls it."""

    begin: int
    end: int
    name: str


def life(view: View, system: str, kind: str, id: str, row: Row) -> Life:
    """From its creation to the change that closed, archived or deleted it."""
    field, dead = DEAD[kind]
    end = int(row["_changed"]) if "_deleted" in row else FAR
    if row.get(field) == dead:
        for at, value in reversed(view.books.timeline(system, kind, id, field)):
            if value != dead:
                break
            end = min(end, at)
    return Life(int(row["_at"]), end, f"{row.get('external_id') or f'{kind} {id}'} made {when(row['_at'])}")


def together(lives: Iterable[Life]) -> list[Life]:
    """The most that were in use at one instant."""
    held, best = sorted(lives), list[Life]()
    for one in held:
        at_once = [other for other in held if other.begin <= one.begin < max(other.end, other.begin + 1)]
        if len(at_once) > len(best):
            best = at_once
    return best


def customers(view: View) -> Facts:
    """INV-01: at most one live customer per account and entity."""
    used = {
        str(row.get("customer_id")): contract.account.get("number")
        for contract in view.contracts.values()
        for _, row in [*contract.jobs, *contract.orders]
    }
    found: dict[tuple[str, str], list[Life]] = defaultdict(list)
    for id, row in view.books.all("erp", "customer"):
        match = CUSTOMER.search(str(row.get("external_id") or ""))
        account = match[1] if match else str(used.get(id) or view.account_of(id) or f"? {row.get('name')}")
        entity = view.entities.get(str(row.get("subsidiary_id")), "?")
        found[account, entity].append(life(view, "erp", "customer", id, row))
    facts = Facts()
    for (account, entity), lives in sorted(found.items()):
        facts.expect(*only_one(lives, f"account {account} has", f"customers in {entity}"))
    return facts


def contracts(view: View) -> Facts:
    """INV-02: at most one live contract in the ERP per statement of work."""
    facts = Facts()
    for number, lives in by_number(view, "erp", "sales_order").items():
        facts.expect(*only_one(lives, f"{number} has", "contracts in the ERP"))
    return facts


def projects(view: View) -> Facts:
    """INV-03: at most one project per contract in ERP and PSA each, under the same code."""
    facts = Facts()
    for system, kind in (("erp", "job"), ("psa", "workspace")):
        for number, lives in by_number(view, system, kind).items():
            facts.expect(*only_one(lives, f"{number} has", f"projects in the {system.upper()}"))
    for contract in view.contracts.values():
        codes = [str(row["external_id"]) for _, row in contract.jobs if row.get("external_id")]
        codes += [str(row["name"]) for _, row in contract.jobs if row.get("name")]
        for code in [*codes, *(str(row.get("title")) for _, row in contract.workspaces)]:
            facts.expect(number_of(code) == contract.number, f"a project of {contract.number} is called {code!r}")
    return facts


def only_one(lives: list[Life], subject: str, what: str) -> tuple[bool, str]:
    held = together(lives)
    return len(held) <= 1, f"{subject} {len(held)} {what} at once: {', '.join(one.name for one in held[:4])}"


def by_number(view: View, system: str, kind: str) -> dict[str, list[Life]]:
    """{SOW: lives of its records}, deleted ones too; records that name no SOW are INV-08's."""
    found: dict[str, list[Life]] = defaultdict(list)
    for id, row in view.books.all(system, kind):
        number = number_of(row.get("title")) if kind == "workspace" else number_of_row(row)
        if number:
            found[number].append(life(view, system, kind, id, row))
    return found


def crossrefs(view: View) -> Facts:
    """INV-04: at any instant an id means one thing, one thing has one id in each system (and entity), and the thing is there."""
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
    for ref in claimed:
        if ref.get("valid_to") is None and str(ref["type"]) in DEAD:
            row = view.books.row(str(ref["system"]), str(ref["type"]), ref["id"])
            meant = canonical(view, str(ref["type"]), str(ref["id"]), row)
            name = f"{ref['system']} {ref['type']} {ref['id']}"
            claimed_as = view.truth.master_of(str(ref["canonical"])) if ref["type"] == "customer" else ref["canonical"]
            facts.expect(meant == claimed_as, f"{name} is known as {ref['canonical']}; in truth it is {meant or 'nothing'}")
    return facts


def canonical(view: View, kind: str, id: str, row: Row | None) -> str:
    """The business number that a record bears."""
    if row is None:
        return ""
    if kind == "customer":
        return view.account_of(id)
    return number_of(row.get("title")) if kind == "workspace" else number_of_row(row)


def overlap(one: dict[str, object], two: dict[str, object]) -> bool:
    """Do two validity intervals share an instant?"""
    ends = [float(str(r["valid_to"])) if r.get("valid_to") is not None else float("inf") for r in (one, two)]
    begins = [float(str(r.get("valid_from") or 0)) for r in (one, two)]
    return begins[0] < ends[1] and begins[1] < ends[0]


def invoices(view: View) -> Facts:
    """INV-05: nothing is billed twice: each source on one line, each contract, period, kind and sequence on one invoice."""
    facts = Facts()
    for source, found in view.billed.items():
        if not source:
            for invoice, line in found:
                amount = money(line.get("net"), invoice.row.get("currency", ""))
                facts.expect(False, f"{invoice.name} has a line without a source: {amount}")
            continue
        told = ", ".join(f"{invoice.name} posted {when(invoice.row['_at'])}" for invoice, _ in found[:3])
        amount = money(sum(int(line.get("net") or 0) for _, line in found[1:]), str(found[0][0].row.get("currency", "")))
        facts.expect(len(found) == 1, f"{source} is billed {len(found)} times, {amount} too much: {told}")
    for what, held in slots(view).items():
        names = ", ".join(f"{i.name} posted {when(i.row['_at'])}" for i in held[:4])
        facts.expect(len(held) == 1, f"{' '.join(what)} has {len(held)} invoices: {names}")
    return facts


def slots(view: View) -> dict[tuple[str, ...], list[Invoice]]:
    """{(contract, period, kind, sequence): invoices}; where a design names no sequence, work billed on one day is one turn."""
    found: dict[tuple[str, ...], list[Invoice]] = defaultdict(list)
    for invoice in view.invoices.values():
        external = str(invoice.row.get("external_id") or "")
        named = SEQUENCE.match(external)
        sources = sorted(str(line.get("source") or "") for line in invoice.lines)
        number = view.number_of_invoice(invoice)
        if named:
            slot = (named[1], named[2] or "", "work" if named[3] else "milestone", named[3] or named[4])
        elif sources and sources[0] in view.milestones:
            slot = (number, "", "milestone", sources[0].rsplit("-", 1)[-1])
        else:
            slot = (number, str(invoice.row.get("period")), "work", f"of day {int(invoice.row['_at']) // DAY_MS}")
        found[slot].append(invoice)
    return found
