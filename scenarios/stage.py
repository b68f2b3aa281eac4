"""What `--faults` says about a rehearsal: a profile, one fault of the catalogue alone, or a file. The plan becomes part of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from scenarios.clock.calendar import local_date
from scenarios.errors import UsageError, nearest
from scenarios.faults.plan import FAULTS
from scenarios.faults.profiles import PROFILES, Stage, alone, faults_of
from scenarios.faults.singles import single, singles
from scenarios.firm.quarter import begin_of, close_of, end_of, hour_of, is_working, quarter_from
from scenarios.firm.reference import QUEUES
from scenarios.firm.spec import FirmMistakes, FirmSpec, load_firm
from scenarios.loading import load_faults
from scenarios.resolve import Rehearsal
from scenarios.spec import Fault

FAULT_ID = re.compile(r"[Ff]-\d+")
ROUNDS_LEFT = 4  # of every queue of clerks, after the last fault: what was parked can be sent on
BUSY_HOURS = (10.0, 15.0)  # of the first two days, when the opening wave is won and set up


def with_faults(rehearsal: Rehearsal, said: str) -> Rehearsal:
    """Return the rehearsal with the plan that `--faults SAID` means. Raises UsageError or Mistakes."""
    return replace(rehearsal, scenario=rehearsal.scenario.model_copy(update={"faults": plan_of(rehearsal, said)}))


def plan_of(rehearsal: Rehearsal, said: str) -> tuple[Fault, ...]:
    """The explicit list, made before the run from the rehearsal's own seed."""
    if said in PROFILES:
        return faults_of(said, rehearsal.seed, stage_of(rehearsal))
    if FAULT_ID.fullmatch(said):
        id = said.upper()
        if id not in FAULTS:
            raise UsageError(f"--faults got {said!r}; {nearest(id, FAULTS)}")
        return single(id) if id in singles() else alone(id, rehearsal.seed, stage_of(rehearsal))
    path = Path(said)
    if not path.is_file():
        raise UsageError(
            f"--faults got {said!r}, which is no file; {', '.join(PROFILES)}, a fault such as F-08, or a YAML file is wanted"
        )
    return load_faults(path)


def stage_of(rehearsal: Rehearsal) -> Stage:
    """When faults may strike: from the first instant until every queue of clerks has four rounds left before the story ends."""
    scenario = rehearsal.scenario
    try:
        spec = load_firm(scenario.preset, heads=rehearsal.heads, overrides=dict(scenario.overrides))
    except FirmMistakes as error:
        raise UsageError(f"{scenario.name}: overrides: {error}") from error
    begin = datetime.combine(begin_of(spec.window, scenario.start), datetime.min.time(), UTC)
    start_ms = int(begin.timestamp() * 1000)
    quarter = quarter_from(spec.window, start_ms)
    end = min(end_of(quarter, spec), rehearsal.until_ms or end_of(quarter, spec))
    quiet = min(nth_last_round(spec, queue, end) for queue in QUEUES)
    peaks = [
        hour_of(quarter.start + timedelta(days=n), hour, entity.place)
        for entity in spec.entities.values()
        for n in range(2)
        for hour in BUSY_HOURS
    ]
    peaks += [
        hour_of(close_of(month, day, entity.place), spec.billing.run_hour, entity.place)
        for month in quarter.closings
        for entity in spec.entities.values()
        for day in spec.billing.run_days
    ]
    return Stage(start_ms, quiet, tuple(sorted(p for p in set(peaks) if start_ms <= p < quiet)))


def nth_last_round(spec: FirmSpec, queue: str, end: int) -> int:
    """The instant of a queue's fourth last round before the end."""
    clerk = getattr(spec.clerks, queue.replace("-", "_"))
    rounds: list[int] = []
    day: date = local_date(end, clerk.zone)
    while len(rounds) < ROUNDS_LEFT:
        if is_working(day, clerk.place):
            rounds += [
                at for hour in sorted(spec.clerks.round_hours, reverse=True) if (at := hour_of(day, hour, clerk.place)) < end
            ]
        day -= timedelta(days=1)
    return rounds[ROUNDS_LEFT - 1]
