"""A smaller story out of a larger one: deals and weeks of work taken out of a plan, and nothing else moved.

Everything is drawn by meaning, so what is left happens as it did before. Used by `rehearse shrink`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from scenarios.firm.model import Plan


def spared(plan: Plan, left_out: Collection[str]) -> Plan:
    """Return the plan without the deals and sheets named by `left_out` (SOW keys, sheet keys); unknown names do no harm."""
    if not left_out:
        return plan
    out = frozenset(left_out)
    deals = [deal for deal in plan.deals if deal.sow not in out]
    return replace(
        plan,
        deals=deals,
        sheets={
            sow: [sheet for sheet in sheets if sheet.key not in out] for sow, sheets in plan.sheets.items() if sow not in out
        },
        goals={sow: goals for sow, goals in plan.goals.items() if sow not in out},
        owners={sow: owner for sow, owner in plan.owners.items() if sow not in out},
        befallen=tuple(each for each in plan.befallen if not out.intersection(each.what.partition(" ")[2].split("|"))),
        partial_payers=plan.partial_payers - out,
        renamed=tuple(sow for sow in plan.renamed if sow not in out),
    )
