"""Faults of the orchestrator's own life, as lines of a plan: each strikes, and the story holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scenarios.errors import UsageError
from scenarios.faults.plan import FAULTS
from scenarios.loading import load_scenario
from scenarios.resolve import Words, resolve
from scenarios.runner import rehearse, run_once
from scenarios.spec import Fault

SOLD, MORNING, BILLED, NIGHT = "2026-03-23 16:00", "2026-03-24 10:00", "2026-03-31 16:58", "2026-03-31 17:08"
LINES = {
    "F-73": {"from": SOLD, "params": {"nth": 60}},
    "F-74": {"from": SOLD, "params": {"nth": 61}},
    "F-75": {"from": "2026-03-23 14:00", "to": "2026-03-24 04:00"},
    "F-76": {"from": "2026-03-31 08:00", "to": "2026-04-01 12:00"},
    "F-77": {"from": "2026-03-23 10:00", "to": "2026-03-23 22:00"},
    "F-78": {"from": "2026-04-01 10:00", "to": "2026-04-01 11:00"},
    "F-79": {"from": "2026-03-31 17:01", "to": "2026-03-31 18:00"},
    "F-80": {"from": "2026-03-23 08:00", "to": "2026-03-25 08:00"},
    "F-81": {"from": BILLED, "to": NIGHT},
    "F-82": {"from": "2026-03-31 14:00", "to": "2026-04-01 12:00"},
}
IN_THE_ORDINARY_COMMAND = ("F-74", "F-81")


def struck(id):
    """The smallest firm with one line of one fault."""
    fault = Fault.model_validate({"id": id, "target": "core", **LINES[id]})
    rehearsal = resolve(load_scenario("clean-quarter"), Words(preset="XS"))
    return replace(rehearsal, scenario=rehearsal.scenario.model_copy(update={"faults": (fault,)}))


@pytest.mark.parametrize(
    "id", [id if id in IN_THE_ORDINARY_COMMAND else pytest.param(id, marks=pytest.mark.slow) for id in LINES]
)
def test_a_fault_of_the_orchestrators_own_life_strikes_and_the_story_holds(id, tmp_path, monkeypatch):
    """Nothing lost, nothing twice, and the same money as without it."""
    monkeypatch.chdir(tmp_path)
    verdict, folder = rehearse(struck(id), tmp_path / "run", quiet=True)
    assert verdict.verdict == "held", [(f.id, f.witness) for f in verdict.invariants if f.verdict != "held"] or verdict.note
    assert '"t":"strike"' in (folder / "history.jsonl").read_text()


def test_every_fault_of_the_family_has_its_line_here():
    """A kind that is added is tried."""
    assert {kind.id for kind in FAULTS.values() if kind.family == "process"} - {"F-72"} == set(LINES)


def test_a_design_without_an_orchestrator_can_not_be_struck():
    """People who copy by hand have no machine that dies."""
    rehearsal = struck("F-75")
    manual = rehearsal.scenario.model_copy(update={"design": "manual"})
    with pytest.raises(UsageError, match="the design manual has none"):
        run_once(replace(rehearsal, scenario=manual), None, quiet=True)
