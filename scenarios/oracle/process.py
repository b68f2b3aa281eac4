"""How the work was done: legal moves, causes before effects, no second effect, patient retries, owned exceptions, no half set-up."""

from __future__ import annotations

import itertools
from typing import Any

from scenarios.oracle.completeness import NO_CLAIMS
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.mirrors import mirrored
from scenarios.oracle.traffic import ATTEMPTS_MAX, LANES
from scenarios.oracle.view import View, when

REPEATED = 10
CONFLICTS = frozenset({409, 422})
EXCEPTION_FIELDS = ("class", "code", "queue", "owner", "remediation", "due_at", "opened_at")
SETTLED = frozenset({"resolved", "waived"})
ENDED = frozenset({"done", "abandoned"})


def transitions(view: View) -> Facts:
    """INV-45: no system let an illegal move happen, and the orchestrator never tried one in a run without faults."""
    facts = Facts(checked=view.books.moves, wrong=list(view.books.illegal))
    if not view.trail.windows:
        facts.checked += view.trail.traffic.writes
        facts.wrong += [f"the orchestrator tried an illegal move: {tried}" for tried in view.trail.traffic.illegal]
    return facts


def causes(view: View) -> Facts:
    """INV-46: projects after the signature, invoices after their work is posted, mirrors after the ERP."""
    facts = Facts()
    for contract in view.contracts.values():
        signed = contract.signed_at
        for what, rows in (
            ("project in the ERP", contract.jobs),
            ("contract in the ERP", contract.orders),
            ("project in the PSA", contract.workspaces),
        ):
            for id, row in rows:
                ok = bool(signed) and int(row["_at"]) >= signed
                facts.expect(ok, f"{contract.number}: {what} {id} made {when(row['_at'])}, signed {when(signed)}")
    posted = {str(row.get("external_id")): int(row["_at"]) for _, row in view.books.live("erp", "time_bill")}
    for source, found in view.billed.items():
        if source in posted:
            for invoice, _ in found:
                facts.expect(int(invoice.row["_at"]) >= posted[source], f"{source} was on {invoice.name} before it was posted")
    for _, invoice, _, row in mirrored(view):
        facts.expect(int(row["_at"]) >= int(invoice.row["_at"]), f"{invoice.name} was in the CRM before it was in the ERP")
    return facts


def repetition(view: View) -> Facts:
    """INV-47: the same push again changes nothing; the same id with another subject is refused."""
    if not view.has_claims:
        raise CanNotJudge("the design has no intake that promises this")
    after = view.trail.after_quiet
    if not after.pushes:
        raise CanNotJudge("no push was recorded that could be sent again")
    facts = Facts()
    same, changed = after.pushes[:-1], after.pushes[-1]
    for push in same:
        facts.expect(200 <= push.outcome < 300, f"push {push.id} sent again was answered {push.outcome}; 2xx is right")
    facts.expect(
        changed.outcome in CONFLICTS,
        f"push {changed.id} with another subject was answered {changed.outcome}; 409 or 422 is right",
    )
    facts.expect(not after.changes, f"repeated pushes changed something: {'; '.join(after.changes[:3])}")
    facts.expect(not after.effects, f"repeated pushes caused writes: {'; '.join(after.effects[:3])}")
    return facts


def retries(view: View) -> Facts:
    """INV-48: refusals are not repeated, attempts and concurrency are bounded, told waits are kept."""
    traffic = view.trail.traffic
    facts = Facts(checked=traffic.writes, wrong=list(traffic.impatient))
    resubmitted = sorted(act.at for act in view.truth.desk)
    for (system, method, path, _), instants in traffic.refusals.items():
        for earlier, later in itertools.pairwise(instants):
            facts.expect(
                any(earlier < at <= later for at in resubmitted),
                f"{system} refused {method} {path} {when(earlier)} for good, and it was sent again {when(later)} with nothing mended",
            )
    for (system, method, path, _), instants in traffic.attempts.items():
        count = len(instants)
        facts.expect(
            count <= attempts_allowed(instants), f"{system} {method} {path} was tried {count} times since {when(instants[0])}"
        )
    for system, lanes in LANES.items():
        peak, at = traffic.peak.get(system, (0, 0))
        facts.expect(peak <= lanes, f"{system} saw {peak} calls at once {when(at)}; its limit is {lanes}")
    return facts


def attempts_allowed(instants: list[int]) -> int:
    """Twelve attempts, and one more for each half hour that the trouble lasted."""
    return ATTEMPTS_MAX + (instants[-1] - instants[0]) // 1_800_000


def exceptions(view: View) -> Facts:
    """INV-49: every exception has an owner, a remedy and a due time, is not left lying, and never stands twice."""
    if not view.has_claims:
        raise CanNotJudge(NO_CLAIMS)
    if not view.exceptions:
        raise CanNotJudge("no exception was opened")
    facts = Facts()
    open_now: dict[tuple[str, str, str], str] = {}
    for item in view.exceptions:
        name = f"exception {item.get('id')} {item.get('code')} of {item.get('subject')}"
        missing = [field for field in EXCEPTION_FIELDS if not item.get(field)]
        facts.expect(not missing, f"{name} lacks {', '.join(missing)}")
        judge_age(view, facts, item, name)
        key = (str(item.get("subject")), str(item.get("code")), str(item.get("source")))
        if item.get("state") not in SETTLED:
            facts.expect(key not in open_now, f"{name} stands open beside {open_now.get(key)}")
            open_now[key] = name
    return facts


def judge_age(view: View, facts: Facts, item: dict[str, Any], name: str) -> None:
    """Nothing lies past its due time at the end unless it was escalated."""
    due = int(item.get("due_at") or 0)
    if item.get("state") in SETTLED or due > view.trail.last_at:
        return
    facts.expect(bool(item.get("escalated_at")), f"{name} was due {when(due)} and still lies open without escalation")


def set_ups(view: View) -> Facts:
    """INV-50: every run is done, abandoned, or parked with its exception; an abandoned set-up leaves nothing live."""
    runs = view.trail.claims("runs")
    if not runs:
        raise CanNotJudge(NO_CLAIMS if not view.has_claims else "no run was made")
    parked = {str(e.get("run")) for e in view.exceptions if e.get("state") not in SETTLED}
    facts = Facts()
    for run in runs:
        state, name = run.get("state"), f"run {run.get('id')}"
        facts.checked += 1
        if state == "parked" and str(run.get("id")) not in parked:
            facts.wrong.append(f"{name} is parked and no exception stands for it")
        elif state == "stuck":
            facts.wrong.append(f"{name} is stuck: {run.get('detail')}")
        elif state not in ENDED and state != "parked" and not waits_for_people(run):
            facts.late.append(f"{name} did not come to an end: {state}, {run.get('detail')}")
        elif state == "abandoned" and str(run.get("process", "")).startswith("activate"):
            left = leftovers(view, str(run.get("key")))
            facts.expect(not left, f"{name} was abandoned and left {', '.join(left)}")
    return facts


def waits_for_people(run: dict[str, Any]) -> bool:
    """A run that waits for a signature is nobody's debt."""
    return run.get("state") == "waiting"


def leftovers(view: View, number: str) -> list[str]:
    contract = view.contracts.get(number)
    if contract is None:
        return []
    jobs = [f"job {id}" for id, row in contract.jobs if not row.get("inactive")]
    orders = [f"order {id}" for id, row in contract.orders if row.get("status") != "closed"]
    return jobs + orders + [f"workspace {id}" for id, row in contract.workspaces if not row.get("archived")]
