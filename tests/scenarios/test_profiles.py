"""Profiles: an explicit plan from a seed, every kind drawn, always recoverable; written by hand and read back it is the same plan."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from scenarios.errors import UsageError
from scenarios.faults.kinds import Drawn, FaultKind
from scenarios.faults.listing import as_yaml
from scenarios.faults.plan import FAULTS, fault_mistakes
from scenarios.faults.profiles import PROFILES, WHOLE_STORY, Stage, alone, faults_of
from scenarios.loading import load_faults, load_scenario
from scenarios.resolve import Words, resolve
from scenarios.stage import stage_of, with_faults

SEEDS = range(1, 61)
SHORT = Stage(1_774_224_000_000, 1_775_077_200_000, (1_774_256_400_000, 1_774_976_400_000))


def test_equal_seeds_draw_equal_plans_and_others_differ():
    """A plan is a function of profile, seed and stage."""
    assert faults_of("storm", 3, SHORT) == faults_of("storm", 3, SHORT)
    assert len({repr(faults_of("storm", seed, SHORT)) for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("profile", PROFILES)
def test_no_line_of_a_drawn_plan_is_a_mistake(profile):
    """Targets, windows, shares and parameters are what the kinds allow, and no plan is empty."""
    for seed in SEEDS:
        plan = faults_of(profile, seed, SHORT)
        assert plan
        assert [wrong for line in plan for wrong in fault_mistakes(line)] == []


def test_over_many_seeds_a_storm_draws_every_recoverable_kind_and_no_other():
    """Swarm: no seed has them all, and none is forgotten; kinds added later are drawn without a word here."""
    plans = [faults_of("storm", seed, SHORT) for seed in SEEDS]
    kinds = {kind.id for kind in FAULTS.values() if kind.recoverable}
    assert {line.id for plan in plans for line in plan} == kinds
    assert all({line.id for line in plan} < kinds for plan in plans)


def test_windows_end_before_the_quiet_tail_and_leave_time_to_recover():
    """Inside the stage; two lines of one kind never overlap; between two outages of a system is as long as the second took."""
    for seed in SEEDS:
        taken = {}
        for line in faults_of("storm", seed, SHORT):
            if FAULTS[line.id].family == WHOLE_STORY:
                assert line.begin is line.end is None
                continue
            assert SHORT.begin_ms <= line.begin < line.end <= SHORT.end_ms
            down = FAULTS[line.id].drawn.down
            gap = line.end - line.begin if down else 0
            for begin, end in taken.setdefault((line.target, "down" if down else line.id), []):
                assert line.end + gap <= begin or line.begin >= end + gap
            taken[line.target, "down" if down else line.id].append((line.begin, line.end))


def test_a_storm_is_worse_than_a_calm():
    """More lines, and larger shares where a kind is drawn by share."""
    sizes = {profile: sum(len(faults_of(profile, seed, SHORT)) for seed in SEEDS) for profile in PROFILES}
    assert sizes["calm"] < sizes["rough"] < sizes["storm"]
    shares = Counter()
    for profile in PROFILES:
        lost = [line.share for seed in SEEDS for line in faults_of(profile, seed, SHORT) if line.id == "F-08"]
        shares[profile] = sum(lost) / len(lost)
    assert shares["calm"] < shares["rough"] < shares["storm"]


def test_a_kind_that_says_nothing_is_drawn_within_usual_bounds(monkeypatch):
    """A colleague's new fault needs no line in the generator."""
    monkeypatch.setitem(FAULTS, "F-00", FaultKind("F-00", "new", "availability", lambda *_: None, ("erp",)))
    drawn = Drawn()
    lines = [line for seed in SEEDS for line in faults_of("storm", seed, SHORT) if line.id == "F-00"]
    assert lines
    assert all(drawn.share[0] <= line.share <= drawn.share[1] for line in lines)
    assert {line.id for line in alone("F-00", 1, SHORT)} == {"F-00"}


def test_a_plan_written_down_is_read_back_the_same(tmp_path):
    """`faults.yaml` of a run, edited or not, can be given back; lines keep the places by which they draw chances."""
    plan = faults_of("storm", 5, SHORT)
    odd = plan[0].model_copy(update={"begin": plan[0].begin + 30_123 if plan[0].begin else None})
    (tmp_path / "faults.yaml").write_text(as_yaml((odd, *plan[1:])))
    read = load_faults(tmp_path / "faults.yaml")
    assert [line.model_copy(update={"place": None}) for line in read] == [odd, *plan[1:]]
    assert [line.place for line in read] == list(range(len(plan)))


@pytest.mark.parametrize("preset", ["XS", "S"])
def test_the_stage_of_a_preset_lies_in_its_story_and_holds_a_month_end(preset):
    """Faults begin with the story, hit at least one billing run, and leave the clerks their rounds."""
    stage = stage_of(resolve(load_scenario("clean-quarter"), Words(preset=preset)))
    evening = int(datetime(2026, 3, 31, 17, tzinfo=UTC).timestamp() * 1000)
    assert stage.begin_ms < evening < stage.end_ms
    assert evening in stage.peaks


def test_what_faults_says_becomes_the_plan_of_the_rehearsal(tmp_path):
    """A profile, one fault, a file; anything else is a sentence that names them."""
    rehearsal = resolve(load_scenario("month-end-erp-brownout"), Words(preset="XS", seed=4))
    assert with_faults(rehearsal, "rough").scenario.faults == faults_of("rough", 4, stage_of(rehearsal))
    assert {line.id for line in with_faults(rehearsal, "f-08").scenario.faults} == {"F-08"}
    (tmp_path / "mine.yaml").write_text("- {id: F-08, target: erp, share: 0.5}\n")
    assert [line.share for line in with_faults(rehearsal, str(tmp_path / "mine.yaml")).scenario.faults] == [0.5]
    with pytest.raises(UsageError, match="calm, rough, storm, a fault such as F-08, or a YAML file"):
        with_faults(rehearsal, "drizzle")
    with pytest.raises(UsageError, match="did you mean"):
        with_faults(rehearsal, "F-99")


def test_a_point_of_death_is_counted_in_whole_numbers():
    """The twelfth point comes, the 12.3rd never does: a line that draws a fraction would strike nobody."""
    drawn = [line.params["nth"] for seed in SEEDS for line in faults_of("storm", seed, SHORT) if "nth" in line.params]
    assert drawn
    assert {type(each) for each in drawn} == {int}
