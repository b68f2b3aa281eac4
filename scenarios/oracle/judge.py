"""All judges in one table, each with the sentence it stands for. A judge that crashes is unknown, never held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from scenarios.oracle import (
    alarms,
    amounts,
    audit,
    closure,
    completeness,
    governance,
    identity,
    mirrors,
    postings,
    process,
    secrecy,
    staffing,
    twin,
)
from scenarios.oracle.alarms import alerts
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.kpis import kpis
from scenarios.oracle.state import state_digest
from scenarios.oracle.story import story
from scenarios.oracle.trail import Trail
from scenarios.oracle.view import View
from scenarios.verdict import Finding, Judgement, NotJudged

Judge = Callable[[View], Facts]
TwinJudge = Callable[[View, Any], Facts]

JUDGES: tuple[tuple[str, str, Judge], ...] = (
    ("INV-01", "one customer per account and entity", identity.customers),
    ("INV-02", "one contract per statement of work", identity.contracts),
    ("INV-03", "one project per contract in ERP and PSA", identity.projects),
    ("INV-04", "an id means one thing at a time", identity.crossrefs),
    ("INV-05", "nothing is billed twice", identity.invoices),
    ("INV-06", "a payment stands once", postings.payments),
    ("INV-07", "no won deal is lost", completeness.wins),
    ("INV-08", "no project without contract and customer", completeness.orphans),
    ("INV-09", "every approved hour is billed or set aside", completeness.hours),
    ("INV-10", "billed is sold rate times approved hours", completeness.billed_amounts),
    ("INV-11", "every approved expense is billed or set aside", completeness.expenses),
    ("INV-12", "every event is accounted for", completeness.events),
    ("INV-13", "queues keep what they took", completeness.queues),
    ("INV-14", "nothing a source says is left lying", closure.closure),
    ("INV-15", "no cap is passed", amounts.cap),
    ("INV-16", "milestones once, after acceptance", amounts.milestones),
    ("INV-17", "schedules add up to the contract", amounts.schedules),
    ("INV-20", "lines and invoices add up", amounts.arithmetic),
    ("INV-21", "the right tax code on every line", amounts.codes),
    ("INV-22", "tax to the cent", amounts.tax_amounts),
    ("INV-23", "whole minor units", amounts.minor_units),
    ("INV-24", "one currency per contract", amounts.currencies),
    ("INV-26", "gross is paid, credited or open", amounts.receivable),
    ("INV-27", "credits within what was billed", postings.credits),
    ("INV-32", "posted into open periods", postings.periods),
    ("INV-33", "at the rate that was signed", postings.rates),
    ("INV-34", "the CRM shows invoice status in time", mirrors.statuses),
    ("INV-35", "the CRM shows delivery status in time", mirrors.delivery_status),
    ("INV-36", "delivery is asked for what was sold", staffing.demand),
    ("INV-37", "mirrors never go back", mirrors.monotonic),
    ("INV-38", "all mirrors agree in the end", mirrors.convergence),
    ("INV-39", "only owners write", governance.ownership),
    ("INV-40", "a record of everything that touched money", audit.trail),
    ("INV-41", "every line leads back to a deal", governance.lineage),
    ("INV-42", "written off within one's authority", audit.authority),
    ("INV-43", "no secret and no person where none belongs", secrecy.secrecy),
    ("INV-45", "no illegal move", process.transitions),
    ("INV-46", "causes before effects", process.causes),
    ("INV-47", "the same push again changes nothing", process.repetition),
    ("INV-48", "patient retries", process.retries),
    ("INV-49", "every exception is owned", process.exceptions),
    ("INV-50", "no half set-up", process.set_ups),
    ("INV-55", "told in time, and not for nothing", alarms.alarms),
)
ELSEWHERE: tuple[tuple[str, str], ...] = (
    ("INV-52", "one run can not be compared with itself: `rehearse replay` and `rehearse suite` run it again"),
)
TWIN_JUDGES: tuple[tuple[str, str, TwinJudge], ...] = (
    ("INV-51", "an outage's backlog drains in its bound", twin.recovery),
    ("INV-56", "the same money as without faults", twin.equal_money),
)


def judge(trail: Trail, twin_facts: Any) -> Judgement:
    """Judge one run; `twin_facts` are those of its fault-free twin, None when the run has no faults."""
    view = View(trail)
    findings: list[Finding] = []
    missing: list[NotJudged] = []
    for id, title, look in JUDGES:
        weigh(id, title, lambda look=look: look(view), findings, missing)  # type: ignore[misc]
    for id, title, compare in TWIN_JUDGES:
        weigh(id, title, lambda compare=compare: compare(view, twin_facts), findings, missing)  # type: ignore[misc]
    missing += [NotJudged(id, why) for id, why in ELSEWHERE]
    codes = Counter(str(item.get("code")) for item in view.exceptions)
    return Judgement(
        tuple(findings),
        tuple(missing),
        kpis(view),
        dict(sorted(codes.items())),
        alerts(view),
        state_digest(view),
        story(view),
        sometimes(view),
    )


def sometimes(view: View) -> dict[str, int]:
    """{what: how often} the design says it needed what is seldom needed; empty without evidence."""
    told = (view.trail.evidence or {}).get("counters")
    return {str(name): int(count) for name, count in sorted(told.items())} if isinstance(told, dict) else {}


def weigh(id: str, title: str, look: Callable[[], Facts], findings: list[Finding], missing: list[NotJudged]) -> None:
    """Run one judge and file what it says."""
    try:
        facts = look()
    except CanNotJudge as reason:
        missing.append(NotJudged(id, str(reason)))
        return
    except Exception as error:
        findings.append(Finding(id, "unknown", 0, f"the judge failed: {type(error).__name__}: {error}", title))
        return
    if not facts.checked and not facts.wrong:
        missing.append(NotJudged(id, "the run holds no facts for it"))
        return
    findings.append(Finding(id, facts.verdict, facts.checked, facts.witness, title))
