"""Nothing lost: every win set up, every approved hour and expense billed or set aside, every event accounted for."""

from __future__ import annotations

from collections import Counter, defaultdict

from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import overlap_ms
from scenarios.oracle.money import CURRENCY
from scenarios.oracle.trouble import troubles
from scenarios.oracle.view import Contract, Due, View, money, when

HOUR_MS = 3_600_000
SETUP_MS_MAX = 4 * HOUR_MS
NO_CLAIMS = "the design gives no evidence of its own"


def wins(view: View) -> Facts:
    """INV-07: every won and signed deal is set up in time, or stands in an exception."""
    facts = Facts()
    for contract in view.contracts.values():
        if not contract.is_due:
            continue
        since, active = max(contract.won_at, contract.signed_at), active_at(contract)
        excused = overlap_ms(
            (since, active or view.trail.last_at), [*troubles(view.trail), *exception_spans(view, contract.number)]
        )
        facts.checked += 1
        told = f"{contract.number} was won {when(contract.won_at)}, signed {when(contract.signed_at)}"
        if active is None:
            if not is_open(view, contract.number) and view.trail.last_at - since - excused > SETUP_MS_MAX:
                facts.wrong.append(f"{told} and was never set up, with no exception to show for it")
        elif active - since - excused > SETUP_MS_MAX:
            facts.wrong.append(f"{told} and set up only {when(active)}, {(active - since - excused) / HOUR_MS:.1f} h later")
    return facts


def active_at(contract: Contract) -> int | None:
    """When both projects stood: the later of the first live job and workspace."""
    jobs = [int(row["_at"]) for _, row in contract.jobs if not row.get("inactive")]
    spaces = [int(row["_at"]) for _, row in contract.workspaces if not row.get("archived")]
    return max(min(jobs), min(spaces)) if jobs and spaces else None


def exception_spans(view: View, number: str) -> list[tuple[int, int]]:
    """When an exception of this contract stood open, as claimed and as mended by somebody's act in the CRM or at the desk."""
    return [
        (int(e["opened_at"]), int(e.get("resolved_at") or view.trail.last_at))
        for e in view.exceptions
        if str(e.get("subject")) == number and e.get("opened_at")
    ]


def is_open(view: View, number: str) -> bool:
    return any(str(e.get("subject")) == number and e.get("state") in ("open", "resubmitted") for e in view.exceptions)


def orphans(view: View) -> Facts:
    """INV-08: every live project has its contract and customer, and every active contract both its projects."""
    facts = Facts()
    for contract in view.contracts.values():
        orders = [row for _, row in contract.orders if row.get("status") != "closed"]
        jobs = [row for _, row in contract.jobs if not row.get("inactive")]
        spaces = [row for _, row in contract.workspaces if not row.get("archived")]
        if not (orders or jobs or spaces):
            continue
        whole = bool(orders) and bool(jobs) and bool(spaces)
        excused = is_open(view, contract.number)
        facts.expect(
            whole or excused,
            f"{contract.number} is half there: {len(orders)} contracts and {len(jobs)} projects in the ERP, {len(spaces)} in the PSA",
        )
        for job in jobs:
            customer = view.books.row("erp", "customer", job.get("customer_id"))
            facts.expect(customer is not None, f"project {job.get('external_id')} has no customer")
    return facts


def hours(view: View) -> Facts:
    """INV-09: approved billable time = billed + parked + written off, and nothing else is billed."""
    return partition(view, view.due_time, "TE-")


def expenses(view: View) -> Facts:
    """INV-11: the same for approved billable expenses."""
    if not view.due_expenses:
        raise CanNotJudge("no billable expense was approved")
    return partition(view, view.due_expenses, "EX-")


def partition(view: View, due: dict[str, Due], prefix: str) -> Facts:
    """Judge each source once. Without claims, what lies beyond the cap of its contract counts as set aside."""
    facts = Facts()
    beyond = {} if view.has_claims else beyond_caps(view)
    for source, item in due.items():
        billed, aside = source in view.billed, source in view.set_aside or source in beyond
        facts.checked += 1
        told = f"{source} of {item.contract}, {item.work.person} on {item.work.on}, {money(item.net, item.currency)}, approved {when(item.approved_at)}"
        if billed and source in view.set_aside:
            facts.wrong.append(f"{told}: billed and set aside at once")
        elif not billed and not aside:
            facts.wrong.append(f"{told}: neither billed nor in anybody's queue")
    for source, found in view.billed.items():
        if source.startswith(prefix):
            facts.expect(source in due, f"{source} on {found[0][0].name} is billed, though it was not approved as billable work")
    return facts


def beyond_caps(view: View) -> dict[str, int]:
    """{source: amount} of due work that does not fit under its cap, whichever of it the design chose to leave out."""
    by_contract: dict[str, list[Due]] = defaultdict(list)
    for item in view.due.values():
        by_contract[item.contract].append(item)
    found: dict[str, int] = {}
    for number, items in by_contract.items():
        cap = view.contracts[number].sow.get("cap")
        if not cap:
            continue
        room = int(cap) - sum(item.net or 0 for item in items if item.source in view.billed)
        found.update({i.source: i.net or 0 for i in items if i.source not in view.billed and (i.net or 0) > room})
    return found


def billed_amounts(view: View) -> Facts:
    """INV-10: per contract, what was billed is exactly the sold rate times the approved hours, and the expenses at cost."""
    facts = Facts()
    for contract in view.contracts.values():
        lines = [
            line for invoice in contract.invoices for line in invoice.lines if str(line.get("source", ""))[:3] in ("TE-", "EX-")
        ]
        if not lines:
            continue
        known = [(line, view.due[str(line["source"])]) for line in lines if str(line["source"]) in view.due]
        wrong = [(line, item) for line, item in known if line.get("net") != item.net]
        billed, wanted = sum(int(line.get("net") or 0) for line, _ in known), sum(item.net or 0 for _, item in known)
        currency = CURRENCY.get(contract.entity, "")
        first = f"; first: {wrong[0][1].source} billed {wrong[0][0].get('net')}, sold {wrong[0][1].net}" if wrong else ""
        facts.expect(
            not wrong and billed == wanted,
            f"{contract.number}: billed {money(billed, currency)} for work worth {money(wanted, currency)}{first}",
        )
    return facts


def events(view: View) -> Facts:
    """INV-12: accepted events = applied + deduplicated + superseded + quarantined + parked, none pending."""
    topics = inbox(view)
    facts = Facts()
    for topic, counts in topics.items():
        settled = sum(
            int(counts.get(n, 0)) for n in ("applied", "deduplicated", "superseded", "quarantined", "parked", "pending")
        )
        accepted = int(counts.get("accepted", 0))
        facts.checked += accepted
        if accepted != settled:
            facts.wrong.append(f"topic {topic}: {accepted} accepted, {settled} accounted for: {counts}")
        if counts.get("pending"):
            facts.late.append(f"topic {topic}: {counts['pending']} events are still pending")
    return facts


def queues(view: View) -> Facts:
    """INV-13: what vendors saw accepted is what the inbox says it took, and the outbox keeps nothing back."""
    topics = inbox(view)
    taken = Counter(p.system for p in view.trail.pushes if 200 <= p.outcome < 300)
    facts = Facts()
    for system, count in taken.items():
        claimed = sum(int(c.get("accepted", 0)) for topic, c in topics.items() if topic_system(topic) == system)
        facts.checked += count
        if count > claimed:
            facts.wrong.append(f"{system}: {count} pushes were acknowledged, the inbox knows of {claimed}")
    outbox = (view.trail.evidence or {}).get("outbox", {})
    facts.checked += 1
    if outbox.get("pending"):
        facts.late.append(f"{outbox['pending']} domain events were never sent")
    return facts


def inbox(view: View) -> dict[str, dict[str, int]]:
    """The claimed inbox counts by topic. Raises CanNotJudge without claims."""
    if not view.has_claims:
        raise CanNotJudge(NO_CLAIMS)
    found = (view.trail.evidence or {}).get("inbox")
    return found if isinstance(found, dict) else {}


def topic_system(topic: str) -> str:
    return topic.split(".", maxsplit=1)[0].split(":", maxsplit=1)[0]
