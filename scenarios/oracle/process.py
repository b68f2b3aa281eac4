"""How the work was done: legal moves, causes before effects, no second effect, patient retries, owned exceptions, no half set-up."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

from scenarios.oracle.completeness import CONFLICTS, NO_CLAIMS, missing
from scenarios.oracle.contract import number_of, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import Span, overlap_ms
from scenarios.oracle.identity import by_number
from scenarios.oracle.mirrors import FAR, mirrored, standing
from scenarios.oracle.traffic import ATTEMPTS_MAX, LANES, Series
from scenarios.oracle.trouble import core_down, troubles
from scenarios.oracle.view import SETTLED, View

HOUR_MS = 3_600_000
ESCALATION_MS_MAX = HOUR_MS  # how long after its due time an exception may wait to be escalated
EXCEPTION_FIELDS = ("class", "code", "queue", "owner", "remediation", "due_at", "opened_at")
TRIAL_MS = 4 * 60_000
ENDED = frozenset({"done", "abandoned"})


def transitions(view: View) -> Facts:
    """INV-45: no system let an illegal move happen, and the orchestrator never tried one in a run without faults."""
    facts = Facts(checked=view.books.moves, wrong=list(view.books.illegal))
    if not view.trail.windows:
        facts.checked += view.trail.traffic.writes
        facts.wrong += [f"the orchestrator tried an illegal move: {tried}" for tried in view.trail.traffic.illegal]
    return facts


def causes(view: View) -> Facts:
    """INV-46: projects after deal and signature, postings after approval, invoices after postings, mirrors after the ERP."""
    facts = Facts()
    for contract in view.contracts.values():
        signed = contract.due_since if contract.won_at and contract.signed_at else 0
        for what, rows in (
            ("project in the ERP", contract.jobs),
            ("contract in the ERP", contract.orders),
            ("project in the PSA", contract.workspaces),
        ):
            for id, row in rows:
                ok = bool(signed) and int(row["_at"]) >= signed
                facts.expect(ok, f"{contract.number}: {what} {id} made {when(row['_at'])}, won and signed {when(signed)}")
    for source, item in view.due.items():
        if source in view.posted:
            at = view.posted[source]
            facts.expect(at >= item.approved_at, f"{source} was posted {when(at)}, approved {when(item.approved_at)}")
    for source, found in view.billed.items():
        if source in view.posted:
            for invoice, _ in found:
                at = int(invoice.row["_at"])
                facts.expect(at >= view.posted[source], f"{source} was on {invoice.name} before it was posted")
    shown_early(view, facts)
    undone_backwards(view, facts)
    return facts


def undone_backwards(view: View, facts: Facts) -> None:
    """What a set-up made goes in the reverse order of its making: no project of an open contract is closed before it."""
    chain = (("psa", "workspace"), ("erp", "sales_order"), ("erp", "job"))
    ends = [{number: max(one.end for one in lives) for number, lives in by_number(view, *each).items()} for each in chain]
    for (first, earlier), (then, later) in itertools.pairwise(zip(chain, ends, strict=True)):
        for number, end in later.items():
            if end < FAR and number in earlier:
                told = f"{number}: its {then[1]} was given up {when(end)}, while its {first[1]} still stood"
                facts.expect(earlier[number] <= end, told)


def shown_early(view: View, facts: Facts) -> None:
    """No mirror shows an invoice's status before the ERP had it, and no project is Active before it is there."""
    for _, invoice, mirror, _ in mirrored(view):
        truth = standing(view.books.timeline("erp", "invoice", invoice.id, "status"), FAR)
        for shown in standing(view.books.timeline("crm", "invoice_mirror", mirror, "status"), FAR):
            first = next((s.begin for s in truth if s.status == shown.status), FAR)
            facts.expect(
                shown.begin >= first,
                f"{invoice.name} was {shown.status} in the CRM {when(shown.begin)}, before the ERP had it so",
            )
    for id, row in view.books.live("crm", "sow"):
        contract = view.contracts.get(str(row.get("number")))
        line = view.books.timeline("crm", "sow", id, "delivery_status")
        active = next((at for at, value in line if value == "Active"), None)
        if contract is not None and active is not None:
            made = [min((int(r["_at"]) for _, r in rows), default=FAR) for rows in (contract.jobs, contract.workspaces)]
            facts.expect(
                active >= max(made), f"{contract.number} was Active in the CRM {when(active)}, before its projects stood"
            )


def repetition(view: View) -> Facts:
    """INV-47: the same push again changes nothing; the same id with another subject is refused."""
    if not view.has_claims:
        raise CanNotJudge("the design has no intake that promises this")
    after = view.trail.after_quiet
    if not after.pushes:
        raise CanNotJudge("no push was recorded that could be sent again")
    facts = Facts()
    # The world sends the changed one last, under the id of the first; with nothing else to name it sends none.
    has_changed = len(after.pushes) > 1 and after.pushes[-1].id == after.pushes[0].id
    same = after.pushes[:-1] if has_changed else after.pushes
    for push in same:
        facts.expect(200 <= push.outcome < 300, f"push {push.id} sent again was answered {push.outcome}; 2xx is right")
    if has_changed:
        changed = after.pushes[-1]
        facts.expect(
            changed.outcome in CONFLICTS,
            f"push {changed.id} with another subject was answered {changed.outcome}; 409 or 422 is right",
        )
    changes = after.changes + ([] if after.people else after.copies)
    facts.expect(not changes, f"repeated pushes changed something: {'; '.join(changes[:3])}")
    facts.expect(bool(after.people) or not after.effects, f"repeated pushes caused writes: {'; '.join(after.effects[:3])}")
    return facts


def retries(view: View) -> Facts:
    """INV-48: refusals are not repeated before a clerk mended something, tries and concurrency are bounded, told waits kept.

    A try is counted since the last success or the last time a clerk sent the same contract on. An operator who sends things on as they
    are asks for the same refusal again: that is the operator's doing.
    """
    traffic = view.trail.traffic
    facts = Facts(checked=traffic.writes, wrong=list(traffic.impatient))
    mended = sent_again(view)
    for (system, method, path, _), series in traffic.all_refusals():
        for earlier, later in itertools.pairwise(series.at):
            if not any(earlier < at <= later for at in mended_for(mended, series)):
                facts.wrong.append(
                    f"{system} refused {method} {path} {when(earlier)} for good, and it was sent again {when(later)} with nothing mended"
                )
    for (system, method, path, _), series in traffic.all_attempts():
        tries = longest(hasty(series.at, troubles(view.trail, (system,))), mended_for(mended, series))
        if tries > ATTEMPTS_MAX:
            facts.wrong.append(f"{system} {method} {path} was tried {tries} times in a row since {when(series.at[0])}")
    for system, lanes in LANES.items():
        peak, at = traffic.peak.get(system, (0, 0))
        if peak > lanes:
            facts.wrong.append(f"{system} saw {peak} calls at once {when(at)}; its limit is {lanes}")
    return facts


def sent_again(view: View) -> dict[str, list[int]]:
    """{contract: when a clerk or an operator sent something of it on}."""
    found: dict[str, list[int]] = defaultdict(list)
    told = [
        (str(a.values.get("source") or a.values.get("subject") or ""), a.at) for a in view.truth.desk if a.kind == "exception"
    ]
    told += [(case.partition(" ")[2], at) for case, instants in view.trail.sent_on.items() for at in instants]
    for subject, at in told:
        due = view.due.get(subject)
        found[due.contract if due else number_of(subject)].append(at)
    return found


def hasty(instants: list[int], away: list[Span]) -> list[int]:
    """The tries without the trials: one every few minutes, while a system is known to be away, is how its return is noticed."""
    found = instants[:1]
    for before, at in itertools.pairwise(instants):
        if at - before < TRIAL_MS or not any(begin <= at < end for begin, end in away):
            found.append(at)
    return found


def mended_for(mended: dict[str, list[int]], series: Series) -> list[int]:
    """When clerks sent on what these calls were for; calls that name no contract may be for any."""
    number = number_of(series.correlation)
    return mended.get(number, []) if number else sorted(at for instants in mended.values() for at in instants)


def longest(instants: list[int], breaks: list[int]) -> int:
    """The most instants with no break among them."""
    best = run = 0
    before = instants[0] if instants else 0
    for at in instants:
        run = 1 if any(before < cut <= at for cut in breaks) else run + 1
        best, before = max(best, run), at
    return best


def exceptions(view: View) -> Facts:
    """INV-49: every exception has an owner, a remedy and a due time, is not left lying, never stands twice, and is told of."""
    if not view.has_claims:
        raise CanNotJudge(NO_CLAIMS)
    facts = Facts()
    spans: dict[tuple[str, str, str], list[tuple[int, int, str]]] = defaultdict(list)
    for item in view.exceptions:
        name = f"exception {item.get('id')} {item.get('code')} of {item.get('subject')}"
        absent = [field for field in EXCEPTION_FIELDS if not item.get(field)]
        facts.expect(not absent, f"{name} lacks {', '.join(absent)}")
        judge_age(view, facts, item, name)
        waived = any(act.verb == "waive" for act in view.desk.get(str(item.get("id")), ()))
        facts.expect(item.get("state") != "waived" or waived, f"{name} is waived, and no clerk waived it")
        end = int(item.get("resolved_at") or view.trail.last_at) if item.get("state") in SETTLED else FAR
        key = (str(item.get("subject")), str(item.get("code")), str(item.get("source")))
        spans[key].append((int(item.get("opened_at") or 0), end, name))
    for held in spans.values():
        for (_, end, one), (begin, _, two) in itertools.pairwise(sorted(held)):
            facts.expect(begin >= end, f"{two} was opened while {one} stood open")
    known = {str(item.get("id")) for item in view.exceptions}
    for id, acts in view.desk.items():
        facts.expect(id in known, f"{acts[0].who} worked exception {id} {when(acts[0].at)}; the evidence does not know it")
    return facts


def judge_age(view: View, facts: Facts, item: dict[str, Any], name: str) -> None:
    """Nothing lies past its due time unless it was escalated; the clock stands still while the orchestrator itself is down."""
    due, escalated = int(item.get("due_at") or 0), item.get("escalated_at")
    end = int(item.get("resolved_at") or view.trail.last_at) if item.get("state") in SETTLED else view.trail.last_at
    told = min(end, int(escalated or end))
    in_time = told - overlap_ms((due, max(due, told)), core_down(view.trail)) <= due + ESCALATION_MS_MAX
    facts.expect(in_time, f"{name} was due {when(due)}, lay open until {when(end)}, escalated {when(escalated)}")


def set_ups(view: View) -> Facts:
    """INV-50: every run is done, abandoned, or parked with its exception; a set-up is there as a whole or not at all."""
    runs = view.trail.claims("runs")
    if not runs:
        raise CanNotJudge(NO_CLAIMS if not view.has_claims else "no run was made")
    parked = {str(e.get("run")) for e in view.exceptions if e.get("state") not in SETTLED and view.is_believable(e)}
    facts = Facts()
    for run in runs:
        state, name = run.get("state"), f"run {run.get('id')}"
        is_set_up = str(run.get("process", "")).startswith("activate")
        facts.checked += 1
        if state == "parked":
            if str(run.get("id")) not in parked:
                facts.wrong.append(f"{name} is parked and no exception stands for it")
        elif state == "stuck":
            facts.wrong.append(f"{name} is stuck: {run.get('detail')}")
        elif state not in ENDED and not (state == "waiting" and is_set_up and waits_for_people(view, str(run.get("key")))):
            facts.late.append(f"{name} did not come to an end: {state}, {run.get('detail')}")
        elif state in ENDED and is_set_up:
            left = half(view, str(run.get("key")), done=state == "done")
            if left:
                facts.wrong.append(f"{name} is {state}, and {left}")
    return facts


def waits_for_people(view: View, number: str) -> bool:
    """A set-up that waits for a win or a signature that never came is nobody's debt."""
    contract = view.contracts.get(number)
    return contract is None or not contract.is_due


def half(view: View, number: str, *, done: bool) -> str:
    """What speaks against the end of a set-up: parts that are missing, or parts that were left behind."""
    contract = view.contracts.get(number)
    if contract is None:
        return f"nobody knows {number}" if done else ""
    if done:
        absent = missing(contract) if contract.is_due else ""
        return f"{absent} missing" if absent else ""
    left = [f"job {id}" for id, _ in contract.live_jobs] + [f"order {id}" for id, _ in contract.live_orders]
    left += [f"workspace {id}" for id, _ in contract.live_workspaces]
    return f"{', '.join(left)} left" if left else ""
