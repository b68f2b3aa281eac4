"""A crash before or after any commit changes nothing that the outside can see; and the check has power."""

from __future__ import annotations

import pytest

from orchestrator.engine.port import Retry
from tests.orchestrator.engine.host import FAULTS, Power, play

STRIDE = 7


def crash(tmp_path, at, mode, **named):
    power = Power(at, mode)
    left = play(tmp_path / f"{mode}-{at}.db", power, **named)
    assert power.cuts == 1, "the crash did not happen"
    return left


def count_commits(tmp_path, **named):
    power = Power()
    return play(tmp_path / "calm.db", power, **named), power.count


def differing(tmp_path, points, **named):
    want, commits = count_commits(tmp_path, **named)
    chosen = [(mode, at) for mode in ("before", "after") for at in points(commits)]
    return [point for point in chosen if crash(tmp_path, point[1], point[0], **named) != want]


def test_story_without_a_crash_ends_as_told(tmp_path):
    """The undisturbed story: who is done, who was abandoned, on which version, and no project twice."""
    got, commits = count_commits(tmp_path)
    ended = {"done": {"r0", "r1", "r2", "r4", "r6", "r7", "r7b", "r8", "r9", "rn"}, "abandoned": {"r3", "r5"}}
    assert {state: {run for run, (s, _) in got["runs"].items() if s == state} for state in ended} == ended
    assert {run for run, (_, version) in got["runs"].items() if version == 2} == {"rn"}
    assert sorted(tag for _, state, tag, _ in got["projects"] if state == "open") == sorted(ended["done"])
    assert commits > 150


def test_crash_at_sampled_commits_changes_nothing(tmp_path):
    """Every seventh commit, cut before and after it: the same effects, runs and events as without a crash."""
    assert differing(tmp_path, lambda commits: range(1, commits + 1, STRIDE)) == []


@pytest.mark.slow
def test_crash_at_every_commit_changes_nothing(tmp_path):
    """Every commit, cut before and after it."""
    assert differing(tmp_path, lambda commits: range(1, commits + 1)) == []


def test_without_probe_crashes_double(tmp_path):
    """Power of the crash check: a create without a probe is doubled by some crash although no reply is lost."""
    assert differing(tmp_path, lambda commits: range(1, commits + 1, 2), faults={}, probe=False)


def test_probing_before_the_lost_request_landed_doubles(tmp_path):
    """M1: without the settle wait, one reply twelve seconds late makes a second project; with it, none."""
    hasty = Retry(first_ms=1_000, settle_ms=0)
    patient = Retry(first_ms=1_000, settle_ms=15_000)
    late = {("create_project", "o8", 1): "late"}

    def projects(name, retry):
        got = play(tmp_path / name, faults=late, retry=retry)
        return [opportunity for opportunity, *_ in got["projects"]].count("o8")

    assert (projects("hasty.db", hasty), projects("patient.db", patient)) == (2, 1)


def test_faults_of_the_story_do_strike(tmp_path):
    """The story's fault plan is met: every planned fault has had its call."""
    assert set(FAULTS.values()) == {"lost", "late", "transient", "refused"}
    quiet, _ = count_commits(tmp_path, faults={})
    assert quiet["runs"]["r5"] == ("done", 1)
