"""Every guard of the orchestrator has power: without it a scenario of the library is found broken, on the smallest firm.

Where another guard stands behind the broken one, a run shows that it holds alone, and one that both together are missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from scenarios.errors import UsageError
from scenarios.loading import load_scenario
from scenarios.oracle.judge import judge
from scenarios.power import JOINT, named, plant
from scenarios.power.bugs import BUGS
from scenarios.resolve import Words, resolve
from scenarios.runner import run_once

HEADS = 12
SEED = 1
SCENARIOS = ("clean-quarter", "double-closed-won", "the-lost-invoice-reply", "webhook-chaos")


@dataclass(frozen=True)
class Case:
    """Bugs planted together in one scenario, and the invariants that must be found not held, among others."""

    scenario: str
    bugs: tuple[str, ...]
    missed: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return JOINT.join(self.bugs)


def found(scenario: str, bugs: tuple[str, ...] = ()) -> dict[str, str]:
    """{invariant: broken, unsettled or unknown} of one run with these bugs."""
    with plant(JOINT.join(bugs)):
        outcome = run_once(resolve(load_scenario(scenario), Words(seed=SEED, heads=HEADS)), None, quiet=True)
    judgement = judge(outcome.trail, None)
    return {finding.id: finding.verdict for finding in judgement.invariants if finding.verdict != "held"}


def case(scenario: str, missed: str, *bugs: str) -> Case:
    return Case(scenario, bugs, frozenset(missed.split()))


SINGLE = (
    case("the-lost-invoice-reply", "INV-09", "another-key-each-time-work-is-sent"),
    case("double-closed-won", "INV-47", "every-push-counts-as-new"),
    case("the-lost-invoice-reply", "INV-03", "an-unknown-outcome-is-tried-again"),
    case("webhook-chaos", "INV-07", "no-sweep-of-the-crm"),
    case("clean-quarter", "INV-39", "anybody-may-write-anything"),
    case("webhook-chaos", "INV-34 INV-37", "versions-are-not-compared", "mirrors-overtake-each-other"),
)

PAIRED = (
    case("double-closed-won", "INV-03", "a-repeated-push-counts-as-new", "a-set-up-is-named-by-its-hand-over"),
    case(
        "the-lost-invoice-reply",
        "INV-09",
        "an-unknown-invoice-is-tried-again",
        "another-key-each-time-an-invoice-is-asked-for",
        "a-refused-invoice-is-not-looked-for",
    ),
    case("webhook-chaos", "INV-16", "no-feed", "no-polls-of-the-psa"),
    case("webhook-chaos", "INV-09", "no-feed", "no-polls-of-the-psa", "a-bill-asks-nobody"),
)

BACKED = (
    case("double-closed-won", "", "a-repeated-push-counts-as-new"),
    case("double-closed-won", "", "a-set-up-is-named-by-its-hand-over"),
    case("the-lost-invoice-reply", "", "another-key-each-time-an-invoice-is-asked-for"),
    case(
        "the-lost-invoice-reply",
        "",
        "an-unknown-invoice-is-tried-again",
        "another-key-each-time-an-invoice-is-asked-for",
    ),
    case("webhook-chaos", "", "no-feed"),
    case("webhook-chaos", "", "no-polls-of-the-psa"),
    case("webhook-chaos", "", "versions-are-not-compared"),
    case("webhook-chaos", "", "mirrors-overtake-each-other"),
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


def test_a_bug_goes_with_its_block_and_an_unknown_one_is_named():
    """Every patched method is the very object again, also when the run inside fails; two bugs of one seam come off in order."""
    from orchestrator.store.inbox import Inbox

    before = {name: dict(vars(owner)) for name, owner in (("inbox", Inbox),)}
    with pytest.raises(RuntimeError), plant(JOINT.join(("every-push-counts-as-new", "a-repeated-push-counts-as-new"))):
        assert dict(vars(Inbox)) != before["inbox"]
        raise RuntimeError
    assert dict(vars(Inbox)) == before["inbox"]
    with pytest.raises(UsageError, match="did you mean no-feed"):
        named("no-fed")
    assert named("") == ()
    assert len(BUGS) == len(set(BUGS.values()))
