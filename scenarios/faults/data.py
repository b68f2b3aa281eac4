"""Faults of the data people enter: they act through the firm's actors, in the vendors' own screens, never on anybody's store.

A line of the plan says whom it may befall (`match: {key: S-0004*}`), in which window, and how many: `share` of those that could
be, or the `count` drawn first. The firm makes its plan as ever and afterwards lets these befall it (`scenarios/firm/mishaps.py`), so nobody
else's work moves. F-66 (a missing exchange rate) is not here: this firm posts in one currency a contract and converts nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from scenarios.faults.kinds import ALWAYS, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted
from scenarios.spec import Fault

COUNT = Parameter(0, "how many it befalls at most, drawn by lot; 0: as many as `share` says")
BY_LOT = Drawn(share=(0.02, 0.2))


def by_people(planted: Planted, site: Site) -> None:
    """Nothing is hung anywhere: people do it, and write it in the log before it reaches a system. One strike a thing it befalls, when it does."""
    for at, what in site.befallen.get(planted.place, ()):
        planted.at(at, partial(planted.struck, what))


def kind(id: str, title: str, target: str, **params: Parameter) -> FaultKind:
    """One data fault. None is drawn by a profile that promises equal money unless people mend it in full."""
    given = {"count": COUNT, **params}
    return FaultKind(
        id,
        title,
        "data",
        by_people,
        (target,),
        given,
        recoverable=id in MENDED,
        drawn=BY_LOT if id in MENDED else Drawn(share=ALWAYS),
    )


def words(default: str, meaning: str, *others: str) -> Parameter:
    """A parameter that is one of a few words."""
    return Parameter(default, meaning, words=(default, *others))


MENDED = frozenset({"F-53", "F-54", "F-55", "F-62", "F-63", "F-64", "F-65", "F-67", "F-68", "F-69", "F-70", "F-71"})
"""After these the money is that of a run without them, once clerks have done their work."""

KINDS: tuple[FaultKind, ...] = (
    kind("F-53", "a statement of work without its tax profile", "crm"),
    kind("F-54", "a statement of work of an entity nobody knows", "crm"),
    kind(
        "F-55",
        "a contract in a retired currency, or another than its deal and price book",
        "crm",
        mode=words("retired", "retired: a currency that is no more; book: another than the price book's", "book"),
    ),
    kind(
        "F-56",
        "an account is merged into another in the CRM",
        "crm",
        day=Parameter(40, "day of the run on which the steward merges", 3, 100),
    ),
    kind(
        "F-57",
        "a won deal is reopened or deleted",
        "crm",
        mode=words(
            "early", "early: before any work; late: after work was posted; deleted: before the signature", "late", "deleted"
        ),
        hours=Parameter(20, "hours after win and signature (early, deleted: after the win)", 0, 400),
    ),
    kind(
        "F-58",
        "a contract is amended after it was invoiced",
        "crm",
        mode=words(
            "cap", "cap: a higher cap; dates: a later end; entity: another seller, which cannot be applied", "dates", "entity"
        ),
        day=Parameter(52, "day of the run on which the client signs the change", 3, 100),
    ),
    kind(
        "F-59",
        "time is booked for days whose period is closed",
        "psa",
        days=Parameter(2, "working days after the close", 1, 10),
    ),
    kind(
        "F-60",
        "more work than the cap allows",
        "psa",
        part=Parameter(0.8, "cap over what will be worked", 0.1, 0.99),
        change_order=words("no", "yes: a change order raises the cap later; no: the rest is written off", "yes"),
        day=Parameter(70, "day of the run of the change order", 3, 100),
    ),
    kind(
        "F-61",
        "an approver withdraws an approval",
        "psa",
        mode=words("billed", "billed: after the invoice; posted: hours after the approval, before any invoice", "posted"),
        days=Parameter(4, "working days after the month end (billed)", 1, 15),
    ),
    kind("F-62", "a seller creates an account again under a similar name", "crm"),
    kind("F-63", "finance puts a customer on credit hold", "erp", day=Parameter(45, "day of the run", 3, 100)),
    kind("F-64", "a role line without a rate", "crm"),
    kind(
        "F-65",
        "time by a person who is not assigned, has left, or is of another entity",
        "psa",
        mode=words(
            "unassigned", "unassigned in the PSA; terminated, or moved to another entity, in the ERP", "terminated", "entity"
        ),
        day=Parameter(35, "day of the run (terminated, entity)", 3, 100),
    ),
    kind("F-67", "a tax id that cannot be right", "crm"),
    kind("F-68", "milestones that do not add up to the contract", "crm"),
    kind(
        "F-69",
        "account hierarchy: a circle, or a parent that goes away",
        "crm",
        mode=words("cycle", "cycle: a company above itself; orphan: the parent is deleted", "orphan"),
    ),
    kind("F-70", "names with every script, quote, comma and formula, and very long ones", "crm"),
    kind("F-71", "hours of nought, below nought, a billion, on days that are none", "psa"),
)
MISHAPS = {
    "F-53": "missing_tax_profile", "F-54": "missing_entity", "F-55": "odd_currency", "F-56": "merged_account", "F-57": "reopened_deal",
    "F-58": "amended", "F-59": "late_entry", "F-60": "over_cap", "F-61": "approval_withdrawn", "F-62": "duplicate_account",
    "F-63": "credit_hold", "F-64": "missing_rate", "F-65": "misplaced_person", "F-67": "bad_tax_id", "F-68": "wrong_schedule",
    "F-69": "odd_hierarchy", "F-70": "odd_names", "F-71": "extreme_values",
}  # fmt: skip


def afflictions(faults: tuple[Fault, ...]) -> list[dict[str, Any]]:
    """The data faults of a plan as the firm is told of them: by what befalls it, not by the catalogue's number."""
    params = {kind.id: {name: each.default for name, each in kind.params.items()} for kind in KINDS}
    return [
        {
            "name": MISHAPS[fault.id],
            "place": place if fault.place is None else fault.place,
            "share": fault.share,
            "since": fault.begin or 0,
            "until": fault.end or 0,
            "key": fault.match.key or "*",
            "params": {**params[fault.id], **fault.params},
        }
        for place, fault in enumerate(faults)
        if fault.id in MISHAPS
    ]
