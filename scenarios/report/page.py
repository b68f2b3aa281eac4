"""The page of one rehearsal, `report.html`: one file that opens offline, prints, and is safe to mail.

The first screen is the controller's: what happened, and what it meant in money and hours. It must not judge: every figure
comes from the verdict or the oracle's story. It is a pure function of what is reproducible, so that the page of a replay is
the same page; wall-clock figures stay in verdict.json. The way in is `report_page`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scenarios.report import figures, words
from scenarios.report.claims import Claim, claims, headline, promises
from scenarios.report.figures import clean, one_line
from scenarios.report.timelines import Drawing, drawings
from scenarios.verdict import Finding, Judgement, NotJudged, Verdict

TEMPLATES = Path(__file__).parent / "templates"
STORY_LENGTH_MAX = 2_000
WITNESS_LENGTH_MAX = 720
NAME_LENGTH_MAX = 120
LINE_LENGTH_MAX = 240
FINDINGS_MAX = 80
EVENTS_MAX = 80
ROWS_MAX = 40


@dataclass(frozen=True)
class KpiRow:
    name: str
    value: float | None
    text: str
    meaning: str


@dataclass(frozen=True)
class ExceptionRow:
    code: str
    meaning: str
    desk: str
    count: int


@dataclass(frozen=True)
class FaultRow:
    id: str
    title: str
    when: str
    share: str
    settings: str
    struck: str


@dataclass(frozen=True)
class Page:
    """What the template shows. Texts are cut and clean but not escaped: the template escapes everything."""

    story: str
    verdict: Verdict
    word: str
    headline: str
    promises: str
    note: str
    claims: tuple[Claim, ...]
    scope: str
    failed: tuple[Finding, ...]
    held: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    drawings: tuple[Drawing, ...]
    kpis: tuple[KpiRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    slips: str
    faults: tuple[FaultRow, ...]
    events: tuple[tuple[str, str], ...]
    systems: str
    by: str
    judged: int

    @property
    def is_known(self) -> bool:
        return self.verdict.verdict != "unknown"


def report_page(story: str, verdict: Verdict, judgement: Judgement | None) -> str:
    """Return the page as HTML text. An unknown verdict is said in words and shows no figures."""
    made = page_of(story, bounded(verdict), judgement)
    # Cleaned as a whole too: nothing that a browser would obey, and nothing that UTF-8 can not carry, leaves this room.
    return clean(environment().get_template("page.html").render(page=made, figures=figures))


def environment() -> Environment:
    """Templates that escape all they are given, and fail on a name they are not given."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page_of(story: str, verdict: Verdict, judgement: Judgement | None) -> Page:
    """Everything the page says, as data."""
    is_known = verdict.verdict != "unknown" and judgement is not None
    told: dict[str, Any] = judgement.story if judgement is not None and is_known else {}
    totals = told.get("totals") or {}
    made = claims(totals, verdict.invariants, unbilled_usd=unbilled(verdict)) if totals else ()
    said = headline(verdict, made)
    findings = sorted(verdict.invariants, key=lambda f: (gravity(f), f.id))
    return Page(
        story=one_line(story, STORY_LENGTH_MAX),
        verdict=verdict,
        word=words.VERDICTS.get(verdict.verdict, verdict.verdict),
        headline=said,
        promises=kept_line(verdict, said),
        note=verdict.note,
        claims=made,
        scope=scope(totals, told) if totals else "",
        failed=tuple(f for f in findings[:FINDINGS_MAX] if f.verdict != "held"),
        held=tuple(f for f in findings[:FINDINGS_MAX] if f.verdict == "held"),
        not_judged=verdict.not_judged,
        drawings=drawings(told, verdict) if is_known else (),
        kpis=kpi_rows(verdict) if is_known else (),
        exceptions=exception_rows(verdict, told) if is_known else (),
        slips=slips(totals),
        faults=fault_rows(verdict, told),
        events=events(told),
        systems=figures.listed(
            [f"{words.vendor_name(name)} as {words.SYSTEMS.get(part, part)}" for part, name in verdict.profiles.items()]
        ),
        by=words.DESIGNS.get(verdict.design, verdict.design),
        judged=sum(f.checked for f in verdict.invariants),
    )


def kept_line(verdict: Verdict, said: str) -> str:
    """How many promises were kept, unless the headline already says it."""
    line = promises(verdict) if verdict.invariants else ""
    return "Not kept:" if line.lower() in said.lower() and verdict.verdict != "held" else line


def unbilled(verdict: Verdict) -> float:
    """USD due and not billed at the end; 0 when nobody measured it."""
    return float(verdict.kpis.get("unbilled_approved_value", {}).get("value") or 0)


def bounded(verdict: Verdict) -> Verdict:
    """The verdict with every text that the page shows cut to a length, so that the page stays small whatever a run says."""
    return msgspec.structs.replace(
        verdict,
        scenario=one_line(verdict.scenario, NAME_LENGTH_MAX),
        preset=one_line(verdict.preset, NAME_LENGTH_MAX),
        design=one_line(verdict.design, NAME_LENGTH_MAX),
        note=one_line(verdict.note, WITNESS_LENGTH_MAX),
        profiles={p: one_line(name, NAME_LENGTH_MAX) for p, name in verdict.profiles.items()},
        digest={one_line(k, NAME_LENGTH_MAX): one_line(d, NAME_LENGTH_MAX) for k, d in verdict.digest.items()},
        invariants=tuple(bounded_finding(f) for f in verdict.invariants),
        not_judged=tuple(
            NotJudged(one_line(n.id, NAME_LENGTH_MAX), one_line(n.why, LINE_LENGTH_MAX))
            for n in verdict.not_judged[:FINDINGS_MAX]
        ),
        alerts=tuple(one_line(alert_text(alert), LINE_LENGTH_MAX) for alert in verdict.alerts[:ROWS_MAX]),
    )


def alert_text(alert: dict[str, Any] | str) -> str:
    """A warning as it is, an alert in words."""
    if isinstance(alert, str):
        return alert
    words = str(alert.get("code") or "alert").replace("_", " ")
    where = f"{str(alert.get('system') or '').upper()} {alert.get('flow') or ''}".strip()
    at, since = (f"{figures.moment(int(alert.get(name) or 0)):%d %b %H:%M}" for name in ("at", "since"))
    return f"{at} {words} ({where}): {alert.get('subject') or ''}, since {since}"


def bounded_finding(finding: Finding) -> Finding:
    return msgspec.structs.replace(
        finding,
        id=one_line(finding.id, NAME_LENGTH_MAX),
        title=one_line(finding.title, NAME_LENGTH_MAX),
        witness=one_line(finding.witness, WITNESS_LENGTH_MAX),
    )


def gravity(finding: Finding) -> int:
    """Broken first, held last."""
    order = ("broken", "unsettled", "unknown", "held")
    return order.index(finding.verdict) if finding.verdict in order else 0


def scope(totals: dict[str, Any], told: dict[str, Any]) -> str:
    """What the firm did, in one sentence."""
    begin, end = int(told.get("from") or 0), int(told.get("to") or 0)
    time = f"Between {figures.day_text(begin)} and {figures.day_text(end)} the firm" if begin and end else "The firm"
    return (
        f"{time} won and signed {figures.counted(int(totals.get('deals') or 0), 'deal')} and approved"
        f" {figures.hours(float(totals.get('hours') or 0))} of billable work;"
        f" the ERP holds {figures.counted(int(totals.get('invoices') or 0), 'invoice')}"
        f" worth {figures.usd(float(totals.get('billed_usd') or 0))} before tax."
        f" People did {int(totals.get('people_acts') or 0):,} things in the three systems, slips included."
    )


def kpi_rows(verdict: Verdict) -> tuple[KpiRow, ...]:
    rows = []
    for name, kpi in list(verdict.kpis.items())[:ROWS_MAX]:
        known = words.KPIS.get(name) or words.Figure(one_line(name, LINE_LENGTH_MAX), "")
        rows.append(KpiRow(known.name, kpi.get("value"), figures.figure(kpi), known.meaning))
    return tuple(rows)


def exception_rows(verdict: Verdict, told: dict[str, Any]) -> tuple[ExceptionRow, ...]:
    """Cases by code, most frequent first; the desk is the one the design itself named."""
    desks = told.get("desks") or {}
    ordered = sorted(verdict.exceptions.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        ExceptionRow(one_line(code, 80), words.EXCEPTIONS.get(code, ""), one_line(str(desks.get(code) or ""), 80), count)
        for code, count in ordered[:ROWS_MAX]
    )


def slips(totals: dict[str, Any]) -> str:
    """Mistakes people were made to make, most frequent first."""
    found = sorted((totals.get("slips") or {}).items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{one_line(name.replace('_', ' '), 60)} {count:,}" for name, count in found[:ROWS_MAX])


def fault_rows(verdict: Verdict, told: dict[str, Any]) -> tuple[FaultRow, ...]:
    """The plan of faults, and how often each struck where the run says it."""
    struck = told.get("strikes") or {}
    rows = []
    for fault in verdict.faults[:ROWS_MAX]:
        id, system = str(fault.get("id")), str(fault.get("target"))
        set_as = {**{k: v for k, v in (fault.get("match") or {}).items() if v is not None}, **(fault.get("params") or {})}
        rows.append(
            FaultRow(
                one_line(id, 20),
                words.fault_title(id, system),
                figures.window_text(fault.get("from"), fault.get("to")),
                f"{100 * float(fault.get('share') or 0):g}%",
                one_line(", ".join(f"{name} {value}" for name, value in set_as.items()), LINE_LENGTH_MAX),
                f"{struck[f'{id} {system}']:,}" if f"{id} {system}" in struck else figures.NOTHING,
            )
        )
    return tuple(rows)


def events(told: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(instant, text) of what was worth a line."""
    listed = told.get("events") or []
    return tuple((figures.minute_text(int(e["at"])), one_line(str(e["text"]), LINE_LENGTH_MAX)) for e in listed[:EVENTS_MAX])
