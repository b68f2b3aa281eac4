"""Is there a record of everything that touched money, in a chain nobody mended, with everybody acting within their authority?

The chain is computed again here, from the nine facts of each record, by this room's own few lines.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from scenarios.oracle.books import Row
from scenarios.oracle.completeness import NO_CLAIMS
from scenarios.oracle.contract import money, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.view import View

GENESIS = "0" * 64
NAMES = ("at", "actor", "action", "subject", "correlation", "reason", "before_hash", "after_hash", "prev_hash", "hash")
# kind of the ERP -> the actions of which one must have left a record when the integration made such a row
MAKING: dict[str, frozenset[str]] = {
    "customer": frozenset({"upsert_customer"}),
    "job": frozenset({"upsert_job"}),
    "sales_order": frozenset({"upsert_order"}),
    "time_bill": frozenset({"post_time"}),
    "expense_report": frozenset({"post_expense"}),
    "invoice": frozenset({"create_work_invoice", "create_milestone_invoice"}),
}
ONCE = frozenset({"create_work_invoice", "create_milestone_invoice"})
DECISIONS = {"waive": "exception.waived", "resubmit": "exception.resubmitted"}


def trail(view: View) -> Facts:
    """INV-40: the chain verifies, every financial record the integration made has its entry, every decision at the desk too."""
    claimed = (view.trail.evidence or {}).get("audit")
    if not isinstance(claimed, dict) or "records" not in claimed:
        raise CanNotJudge(NO_CLAIMS if not view.has_claims else "the design shows no audit records")
    records, facts = [dict(zip(NAMES, entry, strict=True)) for entry in claimed["records"]], Facts()
    chained(records, claimed, facts)
    covered(view, records, facts)
    decided(view, records, facts)
    return facts


def chained(records: list[Row], claimed: dict[str, Any], facts: Facts) -> None:
    """Each record follows from the one before, and the last is the head that was told."""
    before = GENESIS
    for number, record in enumerate(records, 1):
        told = f"audit record {number}, {record['action']} of {record['subject']} {when(record['at'])}"
        facts.expect(record["prev_hash"] == before, f"{told}, does not follow the one before it")
        facts.expect(digest(record) == record["hash"], f"{told}, is not what was chained")
        before = record["hash"]
    facts.expect(claimed.get("head") == before, f"the head of the audit is {claimed.get('head')}, its last record {before}")
    facts.expect(claimed.get("entries") == len(records), f"the audit counts {claimed.get('entries')}, {len(records)} are shown")


def digest(record: Row) -> str:
    """SHA-256 of a record's facts but its own hash, as a plain JSON array."""
    plain = json.dumps([record[name] for name in NAMES[:-1]], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def covered(view: View, records: list[Row], facts: Facts) -> None:
    """What the integration made in the ERP and what the audit says was made are the same things."""
    made = Counter((str(record["action"]), str(record["subject"])) for record in records)
    known: set[tuple[str, str]] = set()
    for kind, actions in MAKING.items():
        for _, row in view.books.all("erp", kind):
            name = row.get("external_id")
            if row["_by"] not in view.integration_users or not name:
                continue
            known.update((action, str(name)) for action in actions)
            count = sum(made[action, str(name)] for action in actions)
            enough = count == 1 if actions & ONCE else count >= 1
            facts.expect(enough, f"{kind} {name}, made {when(row['_at'])}, has {count} audit records")
    making = frozenset().union(*MAKING.values())
    for action, subject in made:
        if action in making:
            facts.expect((action, subject) in known, f"the audit says {action} of {subject}, which the ERP does not have")


def decided(view: View, records: list[Row], facts: Facts) -> None:
    """Each thing a clerk decided left a record about its subject."""
    told = Counter((str(record["action"]), str(record["subject"])) for record in records)
    done = Counter(
        (DECISIONS[act.verb], str(act.values.get("subject")))
        for act in view.truth.desk
        if act.kind == "exception" and act.verb in DECISIONS
    )
    for (action, subject), count in sorted(done.items()):
        facts.expect(
            told[action, subject] >= count,
            f"{count} times {action} of {subject} at the desk, {told[action, subject]} audit records",
        )


def authority(view: View) -> Facts:
    """INV-42: who wrote something off had the authority for its amount, and did not write off their own work."""
    facts = Facts()
    for act in view.truth.desk:
        if act.kind != "exception" or act.verb != "waive" or act.values.get("authority_minor") is None:
            continue
        due, limit = view.due.get(str(act.values.get("source") or "")), int(act.values["authority_minor"])
        amount, currency = (due.net or 0, due.currency) if due else (int(act.values.get("amount_minor") or 0), "")
        told = f"{act.who} wrote off {act.values.get('source') or act.values.get('subject')}, {money(amount, currency)}, {when(act.at)}"
        facts.expect(amount <= limit, f"{told}; their authority ends at {money(limit, currency)}")
        facts.expect(due is None or act.who != due.work.person, f"{told}; it was their own work")
    if not facts.checked:
        raise CanNotJudge("nobody wrote anything off")
    return facts
