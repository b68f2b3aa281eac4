"""Every fault alone on the smallest firm: it really strikes, and the orchestrator holds with the exceptions it should have, no more."""

from __future__ import annotations

import functools

import msgspec
import pytest

from scenarios.errors import UsageError
from scenarios.faults.plan import FAULTS, fault_mistakes
from scenarios.faults.singles import NOT_SINGLE, PLANS, single, singles
from scenarios.loading import load_scenario
from scenarios.oracle.judge import judge
from scenarios.oracle.twin import twin_facts
from scenarios.resolve import Words, resolve
from scenarios.runner import run_once
from scenarios.verdict import worst

MORE = {"F-33": {"SEVERAL_MATCHES"}, "F-35": {"FORBIDDEN"}}
"""Exceptions that a fault brings, beside those of people's own slips."""


def lived(faults, twin=None):
    """What the run left: its trail and its judgement."""
    scenario = load_scenario("clean-quarter").model_copy(update={"faults": faults})
    trail = run_once(resolve(scenario, Words(preset="XS", seed=1)), None, quiet=True).trail
    return trail, judge(trail, twin)


@functools.cache
def fair():
    """The facts of the run without faults, and its exceptions."""
    trail, judgement = lived(())
    return msgspec.to_builtins(twin_facts(trail), str_keys=True), frozenset(judgement.exceptions)


@pytest.mark.parametrize("id", singles())
def test_alone_it_strikes_and_the_design_holds(id):
    """Every line of its plan struck; no invariant is broken, open or unknown; only the exceptions it should bring."""
    twin, usual = fair()
    plan = single(id)
    trail, judgement = lived(plan, twin)
    idle = [f"{line.id} on {line.target}" for place, line in enumerate(plan) if not trail.lines.get(place)]
    wrong = [f"{each.id} {each.verdict}: {each.witness}" for each in judgement.invariants if each.verdict != "held"]
    assert (idle, wrong, worst(judgement.invariants)) == ([], [], "held")
    assert set(judgement.exceptions) - usual == MORE.get(id, set())


def test_every_fault_of_these_families_has_a_plan_of_its_own():
    """F-01 to F-35 are in the catalogue, but for the file interface this firm does not have; each can be rehearsed alone or says why not."""
    wanted = {f"F-{number:02}" for number in range(1, 36)} - {"F-26"}
    assert wanted <= set(FAULTS)
    assert wanted == {id for id in singles() if id <= "F-35"} | set(NOT_SINGLE)


def test_plans_are_what_a_file_may_say():
    """Nothing in them that the reader of plans would refuse."""
    assert [mistake for line in PLANS for mistake in fault_mistakes(line)] == []


@pytest.mark.parametrize(("id", "why"), [("F-21", "asynchronously"), ("F-9", "no plan")])
def test_a_fault_that_strikes_nowhere_alone_is_said_so(id, why):
    """A run in which nothing could happen would prove nothing."""
    with pytest.raises(UsageError, match=why):
        single(id)
