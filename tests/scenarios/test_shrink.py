"""Shrinking: ddmin ends at a smallest part, lines keep their chances, a strike can be pinned, and a whole run shrinks to its cause."""

from __future__ import annotations

import json

import pytest

from scenarios.errors import HarnessError, UsageError
from scenarios.faults.planted import Planted
from scenarios.history import Strike
from scenarios.loading import load_scenario
from scenarios.replay import read_replay, rehearsal_of
from scenarios.resolve import Words, resolve
from scenarios.runner import rehearse
from scenarios.shrink import Bounds, Search, ddmin, numbered, shrink_run, with_lines
from scenarios.spec import Fault
from scenarios.stage import with_faults
from scenarios.tracing import at_any_time, keys_in, pinned, shorter

MINUTE = 60_000
LINE = Fault.model_validate({"id": "F-08", "target": "erp", "from": 0, "to": 600 * MINUTE, "share": 0.2})


@pytest.mark.parametrize("causes", [{3}, {0, 9}, {2, 5, 7}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}])
def test_ddmin_finds_exactly_what_is_needed(causes):
    """Whatever the causes are, they alone are left, in their order."""
    asked = []

    def breaks(part):
        asked.append(tuple(part))
        return causes <= set(part)

    assert ddmin(range(10), breaks) == sorted(causes)
    assert len(asked) <= 120


def test_ddmin_leaves_nothing_out_that_it_was_not_shown_to_break_without():
    """When no smaller part breaks, the whole stays."""
    assert ddmin("abc", lambda _part: False) == ["a", "b", "c"]


def test_a_line_taken_out_of_a_plan_keeps_the_chances_it_drew(clocked):
    """Its place is written down: in a plan of one line it strikes the same calls."""
    plan = numbered([LINE, LINE, LINE])
    assert [line.place for line in plan] == [0, 1, 2]
    drawn = [
        [clocked(line, place).hits(f"PUT /{n}") for n in range(50)]
        for line, place in ((plan[2], plan[2].place), (LINE, 2), (LINE, 0))
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.fixture
def clocked():
    """A planted fault at an instant within its window."""
    from scenarios.faults.kinds import Site
    from scenarios.faults.plan import FAULTS

    return lambda line, place: Planted(line, FAULTS[line.id], place, Site(7, lambda: MINUTE, lambda _record: None))


def test_keys_are_found_in_the_words_of_a_witness():
    """A line, milestone or invoice names its deal too."""
    assert keys_in("INV-S-00002-202603-2, line TE-730000008 of S-00003-M1 (A-00004)") == {
        "S-00002", "S-00003", "S-00003-M1", "TE-730000008", "A-00004",
    }  # fmt: skip


def test_a_strike_can_be_pinned_to_its_call_and_minute():
    """Share 1, once, exactly that call: the plan says in one line what happened."""
    strike = Strike(90_500, "F-08", "erp", "PUT /record/timeBill/eid:TE-1", 0)
    line = pinned(LINE, strike)
    assert (line.begin, line.end, line.share, line.params) == (MINUTE, 2 * MINUTE, 1.0, {"times": 1})
    assert (line.match.method, line.match.path) == ("PUT", "/record/timeBill/eid:TE-1")
    outage = Fault.model_validate({"id": "F-01", "target": "erp", "from": 0, "to": 600 * MINUTE})
    assert pinned(outage, strike) is None


def test_the_calls_of_a_witness_make_a_plan_of_their_own():
    """Writes first, each as often as it was struck, at any time; other strikes are left aside."""
    put, get = "PUT /timeBill/eid:TE-1", "GET /timeBill/eid:TE-1"
    strikes = [Strike(1, "F-08", "erp", what, 0) for what in (get, put, put, "PUT /timeBill/eid:TE-2", "outage begins")]
    lines = at_any_time([LINE], strikes, {"TE-1"})
    assert [(line.match.method, line.params["times"], line.begin) for line in lines] == [("PUT", 2, None), ("GET", 1, None)]


def test_windows_are_halved_by_strikes_or_else_by_time():
    """Two halves that together hold all strikes; a window of a minute can not be halved."""
    halves = list(shorter(LINE, [10, 20, 30, 40]))
    assert [(half.begin, half.end) for half in halves] == [(10, 21), (30, 41)]
    assert [(half.begin, half.end) for half in shorter(LINE, [])] == [(0, 300 * MINUTE), (300 * MINUTE, 600 * MINUTE)]
    assert list(shorter(LINE.model_copy(update={"end": MINUTE}), [])) == []


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory):
    """Twins of this module's runs stay out of the tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        yield


# -- whole runs --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The folder of a run of the smallest firm that a planted bug broke under a storm of lost replies and much else."""
    rehearsal = resolve(load_scenario("clean-quarter"), Words(preset="XS", seed=1, planted="another-key-each-time-work-is-sent"))
    lines = [
        *with_faults(rehearsal, "calm").scenario.faults[:6],
        {"id": "F-08", "target": "erp", "match": {"method": "PUT"}, "share": 0.3},
    ]
    plan = tuple(line if isinstance(line, Fault) else Fault.model_validate(line) for line in lines)
    verdict, folder = rehearse(with_lines(rehearsal, plan), tmp_path_factory.mktemp("broken") / "run", quiet=True)
    assert "INV-09" in {f.id for f in verdict.invariants if f.verdict == "broken"}
    return folder


def test_a_missing_key_shrinks_to_one_lost_reply(broken):
    """The plan, the firm and the story that are left show the bug; the small replay breaks the same promise again."""
    told = []
    shrunk, verdict, folder = shrink_run(broken, None, Bounds(6, 300.0), told.append, invariant="INV-09")
    faults = shrunk.rehearsal.scenario.faults
    assert [fault.id for fault in faults] == ["F-08"]
    assert shrunk.counts["deals"][1] < shrunk.counts["deals"][0]
    assert "INV-09" in {f.id for f in verdict.invariants if f.verdict == "broken"}
    assert len(told) == shrunk.runs <= 6
    again = rehearsal_of(read_replay(folder / "replay.json"), folder)
    assert again == shrunk.rehearsal
    story = (folder / "story.txt").read_text()
    assert "strike   F-08 erp: PUT" in story
    assert json.loads((folder / "replay.json").read_bytes())["planted"] == "another-key-each-time-work-is-sent"


def test_a_run_that_held_is_nothing_to_shrink(broken):
    """Said in a sentence, as is a promise that was kept."""
    with pytest.raises(UsageError, match="INV-99 is not broken in it"):
        shrink_run(broken, None, Bounds(), lambda _line: None, invariant="INV-99")


def test_a_run_that_does_not_break_again_is_a_failure_of_the_harness(broken):
    """Nothing may be concluded from a run that can not be repeated."""
    rehearsal = rehearsal_of(read_replay(broken / "replay.json"), broken)
    with pytest.raises(HarnessError, match="nothing can be shrunk"):
        Search(("INV-01", "broken"), Bounds(), lambda _line: None).shrink(rehearsal)
