"""Verdicts and judgements to show: a run that held, and ways to spoil it."""

from __future__ import annotations

import msgspec

from scenarios.verdict import Finding, Judgement, NotJudged, Verdict

MARCH_31_MS = 1_774_915_200_000
HOUR_MS = 3_600_000
STORY = "The ERP is gone for three hours at month end."
IDS = ("INV-03", "INV-05", "INV-07", "INV-08", "INV-09", "INV-11", "INV-50")
FINDINGS = tuple(Finding(id, "held", 100 + n, "", f"promise number {n}") for n, id in enumerate(IDS))
NOT_JUDGED = (NotJudged("INV-51", "no system was down"),)
FAULT = {"id": "F-01", "target": "erp", "from": MARCH_31_MS + HOUR_MS, "to": MARCH_31_MS + 4 * HOUR_MS, "share": 1.0}
KPIS = {
    "setup_hours_p50": {"value": 0.25, "unit": "h"},
    "invoice_cycle_hours_p95": {"value": 30.517, "unit": "h"},
    "unbilled_approved_value": {"value": 0, "unit": "USD"},
    "another_value": {"value": 1234567.89, "unit": "USD"},
    "sync_lag_minutes_p95": {"value": 29.998, "unit": "min"},
    "touchless_share": {"value": 0.9111, "unit": "ratio"},
    "leakage_ratio": {"value": None, "unit": "ratio"},
}
TOTALS = {
    "deals": 45,
    "hours": 10627.75,
    "invoices": 92,
    "billed_usd": 3394210.54,
    "lost": {"items": 0, "hours": 0.0, "usd": 0},
    "doubled": {"items": 0, "usd": 0},
    "half_done": [],
    "set_aside": {"items": 11, "usd": 5227.47},
    "people_acts": 12274,
    "slips": {"rejected_timesheet": 75, "late_entry": 4},
}
TOLD = {
    "days": ["2026-03-30", "2026-03-31", "2026-04-01"],
    "series": {"backlog": [0, 12, 0], "unbilled": [5000.0, 645601.23, -0.0], "exceptions": [1, 2, 0], "invoices": [0, 13, 1]},
    "close_ups": [{"from": MARCH_31_MS, "step_ms": HOUR_MS, "backlog": [0, 4, 9, 12, 0], "unbilled": [1.0, 2.0, 3.0, 4.0, 0.0]}],
    "desks": {"CAP_EXCEEDED": "project-ops"},
    "strikes": {"F-01 erp": 321},
    "events": [{"at": MARCH_31_MS, "text": "13 invoices posted, USD 463,573"}],
    "totals": TOTALS,
    "from": MARCH_31_MS - 24 * HOUR_MS,
    "to": MARCH_31_MS + 48 * HOUR_MS,
}


def verdict_with(**changed) -> Verdict:
    """A verdict that held, with some fields changed."""
    held = Verdict(
        scenario="month-end",
        seed=7,
        preset="S",
        profiles={"crm": "salesforce", "psa": "kantata", "erp": "netsuite"},
        design="core",
        verdict="held",
        exit_code=0,
        simulated_seconds=259_200.0,
        wall_seconds=3.0,
        calls=90_368,
        calls_per_second=30_122.7,
        digest={"history": "a" * 64, "state": "b" * 64},
        invariants=FINDINGS,
        not_judged=NOT_JUDGED,
        kpis=KPIS,
        exceptions={"CAP_EXCEEDED": 11, "NEW_CODE": 2},
        faults=(FAULT,),
        alerts=(),
    )
    return msgspec.structs.replace(held, **changed)


def judgement_with(told=TOLD, **totals) -> Judgement:
    """The judgement that goes with it, with some totals changed."""
    story = {**told, "totals": {**told.get("totals", {}), **totals}} if told else {}
    return Judgement(FINDINGS, NOT_JUDGED, KPIS, {}, (), "b" * 64, story)


def findings_with(id: str, verdict: str, witness: str = "a witness") -> tuple[Finding, ...]:
    """The findings with one that did not hold."""
    return tuple(msgspec.structs.replace(f, verdict=verdict, witness=witness) if f.id == id else f for f in FINDINGS)


UNKNOWN = verdict_with(
    verdict="unknown",
    exit_code=22,
    simulated_seconds=0.0,
    wall_seconds=0.0,
    calls=0,
    calls_per_second=0.0,
    digest={"history": "", "state": ""},
    invariants=(),
    not_judged=(),
    kpis={},
    exceptions={},
    note="the harness failed, nothing is known about the design: RuntimeError: boom",
)
