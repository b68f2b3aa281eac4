"""Every guard of the orchestrator has power: without it a scenario of the library is found broken, on the smallest firm.

Where another guard stands behind the broken one, a run shows that it holds alone, and one that both together are missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from scenarios.loading import load_scenario
from scenarios.oracle.judge import judge
from scenarios.resolve import Words, resolve
from scenarios.runner import run_once
from tests.power import planted
from tests.power.planted import Bug

HEADS = 12
SEED = 1
SCENARIOS = ("clean-quarter", "double-closed-won", "the-lost-invoice-reply", "webhook-chaos")


@dataclass(frozen=True)
class Case:
    """Bugs planted together in one scenario, and the invariants that must be found not held, among others."""

    scenario: str
    bugs: tuple[Bug, ...]
    missed: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "+".join(bug.__name__ for bug in self.bugs)


def found(scenario: str, bugs: tuple[Bug, ...] = ()) -> dict[str, str]:
    """{invariant: broken, unsettled or unknown} of one run with these bugs."""
    with pytest.MonkeyPatch.context() as patch:
        for bug in bugs:
            bug(patch)
        outcome = run_once(resolve(load_scenario(scenario), Words(seed=SEED, heads=HEADS)), None, quiet=True)
    judgement = judge(outcome.trail, None)
    return {finding.id: finding.verdict for finding in judgement.invariants if finding.verdict != "held"}


def case(scenario: str, missed: str, *bugs: Bug) -> Case:
    return Case(scenario, bugs, frozenset(missed.split()))


SINGLE = (
    case("the-lost-invoice-reply", "INV-09", planted.another_key_each_time_work_is_sent),
    case("double-closed-won", "INV-47", planted.every_push_counts_as_new),
    case("the-lost-invoice-reply", "INV-03", planted.an_unknown_outcome_is_tried_again),
    case("webhook-chaos", "INV-07", planted.no_sweep_of_the_crm),
    case("clean-quarter", "INV-39", planted.anybody_may_write_anything),
    case("webhook-chaos", "INV-37 INV-38", planted.versions_are_not_compared, planted.mirrors_overtake_each_other),
)

PAIRED = (
    case("double-closed-won", "INV-03", planted.a_repeated_push_counts_as_new, planted.a_set_up_is_named_by_its_hand_over),
    case(
        "the-lost-invoice-reply",
        "INV-09",
        planted.an_unknown_invoice_is_tried_again,
        planted.another_key_each_time_an_invoice_is_asked_for,
        planted.a_refused_invoice_is_not_looked_for,
    ),
    case("webhook-chaos", "INV-16", planted.no_feed, planted.no_polls_of_the_psa),
    case("webhook-chaos", "INV-09", planted.no_feed, planted.no_polls_of_the_psa, planted.a_bill_asks_nobody),
)

BACKED = (
    case("double-closed-won", "", planted.a_repeated_push_counts_as_new),
    case("double-closed-won", "", planted.a_set_up_is_named_by_its_hand_over),
    case("the-lost-invoice-reply", "", planted.another_key_each_time_an_invoice_is_asked_for),
    case(
        "the-lost-invoice-reply",
        "",
        planted.an_unknown_invoice_is_tried_again,
        planted.another_key_each_time_an_invoice_is_asked_for,
    ),
    case("webhook-chaos", "", planted.no_feed),
    case("webhook-chaos", "", planted.no_polls_of_the_psa),
    case("webhook-chaos", "", planted.versions_are_not_compared),
    case("webhook-chaos", "", planted.mirrors_overtake_each_other),
)


@pytest.mark.parametrize("case", SINGLE, ids=str)
def test_without_the_guard_the_scenario_is_found_broken(case):
    """One run a guard; the version guard is only missed when mirrors may also overtake each other."""
    verdicts = found(case.scenario, case.bugs)
    assert {id for id, verdict in verdicts.items() if verdict == "broken"} >= case.missed, verdicts


@pytest.mark.slow
@pytest.mark.parametrize("case", PAIRED, ids=str)
def test_without_the_guards_behind_it_too_the_scenario_is_found_broken(case):
    """A guard that is backed by others is missed when they are gone as well."""
    verdicts = found(case.scenario, case.bugs)
    assert {id for id, verdict in verdicts.items() if verdict == "broken"} >= case.missed, verdicts


@pytest.mark.slow
@pytest.mark.parametrize("case", BACKED, ids=str)
def test_a_guard_that_is_backed_may_be_lost_alone(case):
    """The second guard holds everything that is judged."""
    assert found(case.scenario, case.bugs) == {}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_with_every_guard_the_scenario_holds(scenario):
    """Else a broken run would prove nothing about the guard."""
    assert found(scenario) == {}
