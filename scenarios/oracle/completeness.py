"""Nothing lost: every win set up, every approved hour and expense billed or set aside, every event accounted for."""

from __future__ import annotations

from collections import Counter

from scenarios.oracle.contract import Contract, Due, Invoice, money, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import Span, overlap_ms
from scenarios.oracle.trouble import troubles
from scenarios.oracle.view import DEFECT, View

HOUR_MS = 3_600_000
SETUP_MS_MAX = 4 * HOUR_MS
NO_CLAIMS = "the design gives no evidence of its own"
CONFLICTS = frozenset({409, 422})
UNREADABLE = "unreadable"  # the inbox's topic of what was refused as no message at all
RESTORED = "F-81"
POISON = "F-19"  # a push nobody can read may be taken and set aside
ENDS = ("applied", "deduplicated", "superseded", "quarantined", "parked")


def wins(view: View) -> Facts:
    """INV-07: every won and signed deal is set up in time, but for the time it stood in an exception or a system was away."""
    facts = Facts()
    away = troubles(view.trail)
    for contract in view.contracts.values():
        if not contract.is_due:
            continue
        since, active = contract.due_since, contract.active_at
        until = view.trail.last_at if active is None else active
        late = until - since - overlap_ms((since, until), [*away, *exception_spans(view, contract.number)])
        told = f"{contract.number} was won {when(contract.won_at)}, signed {when(contract.signed_at)}"
        how = (
            f"never set up ({missing(contract)} missing), with no exception to show for it"
            if active is None
            else f"set up only {when(active)}, {late / HOUR_MS:.1f} h later"
        )
        facts.expect(late <= SETUP_MS_MAX, f"{told} and {how}")
    return facts


def missing(contract: Contract) -> str:
    """What an unfinished set-up lacks."""
    parts = {"contract": contract.live_orders, "ERP project": contract.live_jobs, "PSA project": contract.live_workspaces}
    return ", ".join([name for name, rows in parts.items() if not rows] + [f"task {key}" for key in contract.missing_stories])


def exception_spans(view: View, number: str) -> list[Span]:
    """When a contract stood with people: from an exception's opening to the last thing a clerk did to it.

    An exception no clerk ever saw excuses time only while it is open and too young for that. An operator who sends everything on as it
    is has seen it too: until then it waited for its owner.
    """
    spans = []
    for claimed in view.exceptions:
        if str(claimed.get("subject")) != number or not claimed.get("opened_at"):
            continue
        opened, acts = int(claimed["opened_at"]), [act.at for act in view.desk.get(str(claimed.get("id")), [])]
        sent_on = view.trail.sent_on.get(f"{claimed.get('code')} {number}", [])
        acts += [at for at in sent_on if opened <= at <= int(claimed.get("resolved_at") or view.trail.last_at)]
        if claimed.get("state") not in ("resolved", "waived") and view.is_believable(claimed):
            spans.append((opened, view.trail.last_at))
        elif acts and claimed.get("code") != DEFECT:
            spans.append((opened, max(acts)))
    return spans


def orphans(view: View) -> Facts:
    """INV-08: every live project has its contract and customer, and every active contract both its projects."""
    facts = Facts()
    for name, rows in (("order", view.strays.orders), ("job", view.strays.jobs), ("workspace", view.strays.workspaces)):
        for id, row in rows:
            facts.expect(False, f"{name} {id} {row.get('title') or row.get('name') or ''} names no statement of work")
    for contract in view.contracts.values():
        orders, jobs, spaces = contract.live_orders, contract.live_jobs, contract.live_workspaces
        if not (orders or jobs or spaces):
            continue
        facts.expect(bool(contract.sow), f"{contract.number} has projects, and nobody ever drew up such a statement of work")
        whole = bool(orders) and bool(jobs) and bool(spaces)
        facts.expect(
            whole or view.is_open(contract.number),
            f"{contract.number} is half there: {len(orders)} contracts and {len(jobs)} projects in the ERP, {len(spaces)} in the PSA",
        )
        for _, row in [*jobs, *orders]:
            customer = view.books.row("erp", "customer", row.get("customer_id"))
            there = customer is not None and not customer.get("inactive")
            facts.expect(there, f"{row.get('external_id') or contract.number} has no live customer")
    return facts


def hours(view: View) -> Facts:
    """INV-09: approved billable time = billed + parked + written off, and nothing else is billed."""
    return partition(view, view.due_time, "TE-")


def expenses(view: View) -> Facts:
    """INV-11: the same for approved billable expenses."""
    return partition(view, view.due_expenses, "EX-")


def partition(view: View, due: dict[str, Due], prefix: str) -> Facts:
    """Judge each due source once, and each billed line once: approved, and by the cut-off of its run.

    Without claims, what lies beyond the cap of its contract counts as set aside. Work the PSA took after the entity's last
    billing run (an outage held the approval up) is nobody's debt. Open work of a run that was cut short is unsettled.
    """
    facts = Facts()
    last_run: dict[str, int] = {}
    for (entity, _), cuts in view.cut_offs.items():
        last_run[entity] = max(last_run.get(entity, 0), *cuts)
    lost = {item.source for item in view.lost}
    for source, item in due.items():
        entity = view.contracts[item.contract].entity
        if source in lost and entity in last_run and item.work.decided_at > last_run[entity]:
            continue
        told = f"{source} of {item.contract}, {item.work.person} on {item.work.on}, {money(item.net, item.currency)}, approved {when(item.approved_at)}"
        facts.checked += 1
        if source in view.billed and source in view.set_aside:
            facts.wrong.append(f"{told}: billed and set aside at once")
        elif source in lost and item.contract in view.under_way:
            facts.late.append(f"{told}: still under way when the run was ended")
        elif source in lost:
            facts.wrong.append(f"{told}: neither billed nor in anybody's queue")
    for source, found in view.billed.items():
        if source.startswith(prefix):
            for invoice, _ in found:
                facts.expect(*was_ripe(view, source, due.get(source), invoice))
    return facts


def was_ripe(view: View, source: str, item: Due | None, invoice: Invoice) -> tuple[bool, str]:
    """Was this source approved billable work, and by the cut-off of the run that billed it?"""
    if item is None and source in view.truth.withdrawn:
        at = view.truth.withdrawn[source]
        return (
            source in view.given_back,
            f"{source} on {invoice.name} is billed, its approval fell {when(at)}, and nobody credits it",
        )
    if item is None:
        return False, f"{source} on {invoice.name} is billed, though it was not approved as billable work"
    cut_off = view.cut_off_of(invoice, view.contracts[item.contract].entity)
    ripe = cut_off is None or item.approved_at <= cut_off
    return ripe, f"{source} on {invoice.name} was approved {when(item.approved_at)}, after the cut-off {when(cut_off)}"


def billed_amounts(view: View) -> Facts:
    """INV-10: each billed line of approved work is exactly the sold rate times the approved hours, expenses at cost."""
    facts = Facts()
    for source, found in view.billed.items():
        item = view.due.get(source)
        if item is None:
            continue
        for invoice, line in found:
            net = int(line.get("net") or 0)
            excess = "" if item.net is None else f", {money(net - item.net, item.currency)} too much"
            facts.expect(
                net == item.net,
                f"{source} of {item.contract} is worth {money(item.net, item.currency)} and billed at "
                f"{money(net, item.currency)} on {invoice.name}{excess}",
            )
    return facts


def events(view: View) -> Facts:
    """INV-12: accepted events = applied + deduplicated + superseded + quarantined + parked, none pending."""
    facts = Facts()
    refused = Counter(p.system for p in view.trail.pushes if p.outcome in CONFLICTS)
    refused.update({system: count[0] for (fault, system), count in view.trail.strikes.items() if fault == POISON})
    refused[UNREADABLE] = sum(1 for p in view.trail.pushes if p.outcome == 400)
    for topic, counts in inbox(view).items():
        settled = sum(int(counts.get(n, 0)) for n in (*ENDS, "pending"))
        accepted = int(counts.get("accepted", 0))
        facts.expect(accepted == settled, f"topic {topic}: {accepted} accepted, {settled} accounted for: {counts}")
        facts.expect(
            int(counts.get("quarantined", 0)) <= refused[topic_system(topic)],
            f"topic {topic}: {counts.get('quarantined')} events quarantined, {refused[topic_system(topic)]} were refused",
        )
        facts.checked += 1
        if counts.get("pending"):
            facts.late.append(f"topic {topic}: {counts['pending']} events are still pending")
    return facts


def is_forgotten(view: View, at: int) -> bool:
    """Whether an older copy of the store came back that can not know of this instant."""
    return any(w.fault == RESTORED and w.begin <= at < w.end for w in view.trail.windows)


def queues(view: View) -> Facts:
    """INV-13: what vendors saw taken is what the inbox says it took, neither less nor more; the outbox keeps nothing back."""
    topics = inbox(view)
    facts = Facts()
    taken = Counter(p.system for p in view.trail.pushes if 200 <= p.outcome < 300 or p.outcome in CONFLICTS)
    unclear = Counter(p.system for p in view.trail.pushes if p.outcome == 0 or p.outcome >= 500)
    forgotten = Counter(p.system for p in view.trail.pushes if p.outcome == 200 and is_forgotten(view, p.at))
    claimed: Counter[str] = Counter()
    for topic, counts in topics.items():
        claimed[topic_system(topic)] += int(counts.get("accepted", 0))
    claimed.pop(UNREADABLE, None)  # nobody was told that these were taken
    for system in sorted(taken.keys() | claimed.keys()):
        least, most = taken[system] - forgotten[system], taken[system] + unclear[system]
        facts.expect(
            least <= claimed[system] <= most,
            f"{system}: {least} pushes were answered as taken and {most - least} unclear, the inbox knows of {claimed[system]}",
        )
    outbox = (view.trail.evidence or {}).get("outbox")
    if isinstance(outbox, dict):
        letters = [str(letter.get("id")) for letter in view.trail.claims("published")]
        facts.expect(
            int(outbox.get("sent", 0)) == len(letters) == len(set(letters)),
            f"the outbox counts {outbox.get('sent')} events sent, {len(set(letters))} different ones are listed",
        )
        facts.checked += 1
        if outbox.get("pending"):
            facts.late.append(f"{outbox['pending']} domain events were never sent")
        told_once(view, facts)
    return facts


def told_once(view: View, facts: Facts) -> None:
    """Nobody is told twice: one activation a contract, and no more invoices announced than it has."""
    told = Counter((str(letter.get("type")), str(letter.get("subject"))) for letter in view.trail.claims("published"))
    for (type_, subject), times in told.items():
        contract = view.contracts.get(subject)
        if type_.startswith("project.activated"):
            facts.expect(times == 1, f"{subject} was announced as active {times} times")
        elif type_.startswith("invoice.created"):
            there = len(contract.invoices) if contract else 0
            facts.expect(times <= there, f"{subject} has {there} invoices, {times} were announced")


def inbox(view: View) -> dict[str, dict[str, int]]:
    """The claimed inbox counts by topic. Raises CanNotJudge without claims."""
    if not view.has_claims:
        raise CanNotJudge(NO_CLAIMS)
    found = (view.trail.evidence or {}).get("inbox")
    return found if isinstance(found, dict) else {}


def topic_system(topic: str) -> str:
    """Whose topic it is; what nobody could read may be anybody's."""
    return topic.split(".", maxsplit=1)[0].split(":", maxsplit=1)[0]
