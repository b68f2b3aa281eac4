"""Faults of the orchestrator's own life; each is lived alone by tests/scenarios/test_singles.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scenarios.errors import UsageError
from scenarios.faults.plan import FAULTS
from scenarios.faults.singles import single, singles
from scenarios.loading import load_scenario
from scenarios.resolve import Words, resolve
from scenarios.runner import run_once


def test_every_fault_of_the_family_has_a_plan_of_its_own():
    """F-72 to F-82 are in the catalogue, and each can be rehearsed alone."""
    wanted = {f"F-{number}" for number in range(72, 83)}
    assert {kind.id for kind in FAULTS.values() if kind.family == "process"} == wanted
    assert wanted <= set(singles())


def test_a_design_without_an_orchestrator_can_not_be_struck():
    """People who copy by hand have no machine that dies."""
    rehearsal = resolve(load_scenario("clean-quarter"), Words(preset="XS", design="manual"))
    struck = rehearsal.scenario.model_copy(update={"faults": single("F-75")})
    with pytest.raises(UsageError, match="the design manual has none"):
        run_once(replace(rehearsal, scenario=struck), None, quiet=True)
