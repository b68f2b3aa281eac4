"""The result of a rehearsal as data: what `verdict.json` and `run --json` say, and the exit code that goes with it."""

from __future__ import annotations

from typing import Any

import msgspec

EXIT_CODES = {"held": 0, "broken": 20, "unsettled": 21, "unknown": 22}
USAGE_EXIT_CODE = 2
# The worse verdict wins; a judge that failed is less certain than a broken promise that was seen.
GRAVITY = ("held", "unknown", "unsettled", "broken")


class Finding(msgspec.Struct, frozen=True):
    """What one judge found. `checked` counts the facts it looked at (at least 1); `witness` is empty when it held."""

    id: str
    verdict: str  # held | broken | unsettled | unknown
    checked: int
    witness: str = ""
    title: str = ""


class NotJudged(msgspec.Struct, frozen=True):
    """An invariant this run had no facts for, and why."""

    id: str
    why: str


class Judgement(msgspec.Struct, frozen=True):
    """All that the oracle says of one run. `kpis`: {name: {"value": number | None, "unit": text}}."""

    invariants: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    kpis: dict[str, dict[str, Any]]
    exceptions: dict[str, int]
    alerts: tuple[dict[str, Any] | str, ...]  # {at, code, system, flow, subject, since, cleared_at}, or a warning in words
    state: str  # digest.state
    story: dict[str, Any] = {}  # figures and series for the report
    sometimes: dict[str, int] = {}  # what is seldom needed, as the design counts it


class Verdict(msgspec.Struct, frozen=True):
    """One rehearsal, ready to be written. Times: simulated and wall seconds; `calls` counts requests vendors received."""

    scenario: str
    seed: int
    preset: str
    profiles: dict[str, str]
    design: str
    verdict: str
    exit_code: int
    simulated_seconds: float
    wall_seconds: float
    calls: int
    calls_per_second: float
    digest: dict[str, str]
    invariants: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    kpis: dict[str, dict[str, Any]]
    exceptions: dict[str, int]
    faults: tuple[dict[str, Any], ...]
    alerts: tuple[dict[str, Any] | str, ...]  # {at, code, system, flow, subject, since, cleared_at}, or a warning in words
    note: str = ""
    sometimes: dict[str, int] = {}
    strikes: dict[str, int] = {}  # {fault: how often it struck}


def worst(findings: tuple[Finding, ...]) -> str:
    """broken, else unsettled, else unknown (a judge failed), else held."""
    return max((f.verdict for f in findings), key=GRAVITY.index, default="unknown")
