"""A slice of the campaign: every library scenario ends as its file expects. The whole one is `rehearse suite --seeds 1..20`."""

from __future__ import annotations

import pytest

from scenarios.loading import library_names, load_scenario
from scenarios.runner import rehearse
from tests.runs.small import small

HELD = [name for name in library_names() if load_scenario(name).expect.verdict == "held"]


@pytest.fixture(scope="module", autouse=True)
def shared_twins(tmp_path_factory):
    """Scenarios of one module share their fault-free twins, and leave nothing in the tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("library"))
        yield


@pytest.mark.parametrize("name", HELD)
def test_a_scenario_of_the_library_ends_as_its_file_expects(name, tmp_path):
    """The sound orchestrator keeps every promise, under every fault of the library."""
    verdict, _ = rehearse(small(name), tmp_path, quiet=True)
    assert verdict.verdict == "held", [(f.id, f.witness) for f in verdict.invariants if f.verdict != "held"] or verdict.note


@pytest.mark.parametrize("name", HELD)
def test_the_smallest_firm_lives_through_every_scenario(name, tmp_path):
    """XS lives the last days of the quarter only: what strikes earlier does not strike, and the rest is held and judged as ever."""
    verdict, _ = rehearse(small(name, heads=None, preset="XS"), tmp_path, quiet=True)
    assert verdict.verdict == "held", [(f.id, f.witness) for f in verdict.invariants if f.verdict != "held"] or verdict.note
    assert {n.id for n in verdict.not_judged} <= {"INV-27", "INV-42", "INV-51", "INV-52", "INV-56"}


def test_clean_quarter_judges_everything_but_recovery_and_the_twin(tmp_path):
    """The quiet quarter holds facts for all invariants; only those that need faults stand aside."""
    verdict, _ = rehearse(small("clean-quarter"), tmp_path, quiet=True)
    assert [n.id for n in verdict.not_judged] == ["INV-27", "INV-51", "INV-56", "INV-52"]
    assert all(f.checked > 0 for f in verdict.invariants)
    assert {"CAP_EXCEEDED", "TAX_PROFILE_MISSING", "ENTITY_UNKNOWN"} <= set(verdict.exceptions)
