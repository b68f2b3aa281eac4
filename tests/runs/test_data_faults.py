"""Data faults in whole runs of the smallest firm: people err and change their minds, and the rest of the firm does not notice."""

from __future__ import annotations

import pytest

from scenarios.loading import load_faults
from scenarios.runner import rehearse
from tests.runs.small import small

MINDS = """
- {id: F-57, target: crm, params: {count: 1, mode: early, hours: 3}}
- {id: F-58, target: crm, params: {count: 1, mode: cap, day: 5}}
- {id: F-61, target: psa, params: {count: 1, days: 1}}
- {id: F-08, target: erp, share: 0.1}
"""
SLIPS = """
- {id: F-55, target: crm, params: {count: 1}}
- {id: F-62, target: crm, params: {count: 1}}
- {id: F-64, target: crm, params: {count: 1}}
- {id: F-68, target: crm, params: {count: 1}}
- {id: F-70, target: crm}
- {id: F-71, target: psa, params: {count: 1}}
- {id: F-08, target: psa, share: 0.1}
"""
MENDED = {"CURRENCY_MISMATCH", "DUPLICATE_ACCOUNT", "RATE_MISSING", "SCHEDULE_MISMATCH"}


@pytest.mark.parametrize(("plan", "codes"), [(MINDS, {"APPROVAL_WITHDRAWN"}), (SLIPS, MENDED)], ids=["minds", "slips"])
def test_what_people_do_wrong_ends_with_the_right_exceptions_and_nothing_lost(plan, codes, tmp_path, monkeypatch):
    """Every invariant is held, lost replies on top; each fault shows by its exception and no other new one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(plan)
    calm = small("clean-quarter", heads=None, preset="XS")
    scenario = calm.scenario.model_copy(update={"faults": load_faults(tmp_path / "plan.yaml"), "seed": 2})
    verdict, _ = rehearse(type(calm)(scenario, calm.heads), tmp_path / "run", quiet=True)
    assert verdict.verdict == "held", [(f.id, f.witness) for f in verdict.invariants if f.verdict != "held"] or verdict.note
    assert codes <= verdict.exceptions.keys()
    assert verdict.exceptions.keys() - codes <= {"CAP_EXCEEDED", "ENTITY_UNKNOWN", "TAX_PROFILE_MISSING"}
