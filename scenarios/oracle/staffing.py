"""Whether delivery was told of the people that were sold."""

from __future__ import annotations

from collections import Counter

from scenarios.oracle.contract import Contract
from scenarios.oracle.facts import Facts
from scenarios.oracle.view import View

ROLE = "ROLE-"


def demand(view: View) -> Facts:
    """INV-36: by contract and role, the minutes asked for in the PSA by the integration are the hours sold, no more and no less."""
    facts = Facts()
    asked: dict[str, Counter[str]] = {}
    for _, row in view.books.live("psa", "workspace_resource"):
        if row["_by"] in view.integration_users:
            asked.setdefault(str(row.get("workspace_id")), Counter())[str(row.get("role"))] += int(row.get("minutes") or 0)
    for contract in view.contracts.values():
        spaces = [id for id, _ in contract.live_workspaces]
        if not spaces or not contract.sow or (contract.active_at is None and is_excused(view, contract)):
            continue
        sold = sold_minutes(contract)
        got: Counter[str] = sum((asked.get(id, Counter()) for id in spaces), Counter())
        for role in sorted(sold.keys() | got.keys()):
            facts.expect(
                got[role] == sold[role],
                f"{contract.number} was sold with {sold[role] / 60:g} h of {role}, the PSA is asked for {got[role] / 60:g} h"
                f" (in {len(spaces)} workspaces)",
            )
    return facts


def sold_minutes(contract: Contract) -> Counter[str]:
    """{role: minutes} of a contract by the hour; nothing of one by milestones."""
    sold: Counter[str] = Counter()
    for line in contract.lines.values():
        if str(line.get("product_id") or "").startswith(ROLE):
            sold[str(line["product_id"])] += int(line.get("quantity") or 0) * 60 // 100
    return sold


def is_excused(view: View, contract: Contract) -> bool:
    """Is its set-up with people, or still under way?"""
    return view.is_open(contract.number) or contract.number in view.under_way
