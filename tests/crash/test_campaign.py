"""The orchestrator dies at points of a whole story and keeps every promise; one that would not is seen, named and replayed."""

from __future__ import annotations

import pytest

from scenarios.crash.campaign import Campaign, crash, is_tried, with_deaths
from scenarios.crash.points import Point
from scenarios.loading import load_scenario
from scenarios.resolve import Words, resolve
from scenarios.runner import rehearse

STRIDE = 250
CREATES = Point("activate:S-00001", "create_workspace:psa:POST", "after-send", 1)


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory):
    """Twins of this module go to a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("crash"))
        yield


def story(**words):
    return resolve(load_scenario("clean-quarter"), Words(preset="XS", **words))


def test_a_slice_of_all_points_and_a_few_pairs_hold(tmp_path):
    """Every 250th point of the smallest firm's story, and three pairs: nothing lost, nothing twice."""
    result = crash(story(), tmp_path, pairs=3, stride=STRIDE)
    assert (result["broken"], result["unsettled"], result["unknown"], result["failures"]) == (0, 0, 0, [])
    assert result["points"] >= 1_000
    assert result["held"] == result["runs"] >= 8
    assert 0 < result["lived_to_the_end"] < result["runs"]


def test_a_death_named_in_a_plan_is_the_death_of_the_fork(tmp_path):
    """F-72 kills by name where the campaign killed by fork: the run dies there, once, and holds."""
    verdict, _ = rehearse(with_deaths(story(), (CREATES,)), tmp_path, quiet=True)
    assert verdict.verdict == "held", verdict.note
    history = (tmp_path / "history.jsonl").read_text()
    assert history.count('"fault":"F-72","system":"core","what":"activate:S-00001 create_workspace:psa:POST after-send"') == 1


def test_a_core_that_does_not_probe_is_broken_by_a_death_and_lived_again_by_name(tmp_path):
    """Power of the campaign: without looking before it creates again, a project is there twice; the replay file shows the same."""
    blind = story(planted="an-unknown-outcome-is-tried-again")
    campaign = Campaign(blind, tried=lambda point: point == CREATES)
    broken = [each for each in campaign.singles() if each.verdict == "broken"]
    assert broken
    again, _ = rehearse(with_deaths(campaign.rehearsal, broken[0].points), tmp_path, quiet=True)
    assert again.verdict == "broken"


def test_idle_polls_are_tried_twice_and_no_more():
    """What comes back every hour and says nothing new is left out, and counted."""
    assert is_tried(Point("", "note:poll:sold", "after-commit", 2))
    assert not is_tried(Point("", "note:poll:sold", "after-commit", 3))
    assert is_tried(Point("bill:S-00001:2026-03:1", "begin", "after-commit", 9))
