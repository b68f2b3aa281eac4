"""A replay can be stopped and looked into, an order of equal instants changes no business state, two processes tell one story."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys

import pytest

from scenarios.breaking import instant_of
from scenarios.errors import UsageError
from scenarios.loading import load_scenario
from scenarios.replay import replay_run
from scenarios.resolve import Words, resolve
from scenarios.runner import rehearse
from scenarios.stage import with_faults
from tests.runs.small import ROOT, command

EVENING = "2026-03-31 19:00 Europe/Berlin"
MS = 1_774_976_400_000


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory):
    """Runs of this module share their twins, and leave nothing in the tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of one run under a storm."""
    folder = tmp_path_factory.mktemp("made")
    rehearse(with_faults(resolve(load_scenario("clean-quarter"), Words(preset="XS", seed=2)), "storm"), folder, quiet=True)
    return folder


@pytest.mark.parametrize("said", [EVENING, "2026-03-31T19:00:00+02:00", "2026-03-31T17:00:00Z", str(MS)])
def test_an_instant_is_read_in_every_usual_form(said):
    """With a zone's name, an offset, Z, or as milliseconds."""
    assert instant_of(said) == MS


def test_an_instant_that_is_none_is_a_sentence():
    """No stack trace for a slip of the pen."""
    with pytest.raises(UsageError, match="--break-at got 'soon'"):
        instant_of("soon")


def test_a_replay_stops_at_its_instant_with_guards_down_and_goes_on_as_if_nobody_had_looked(made, tmp_path):
    """The looker sees the whole world standing still, may use the real clock and chance, and the digests are the same."""
    seen = []

    def look(world):
        seen.append(
            (world.clock() == MS, sorted(world.systems), world.orchestrator.idle() in (True, False), len(secrets.token_hex()))
        )

    _, _, notes = replay_run(made, tmp_path, quiet=True, break_at=MS, look=look)
    assert seen == [(True, ["crm", "erp", "psa"], True, 64)]
    assert notes == ["replay: same digests as the run it repeats"]


def test_a_stop_after_the_story_is_over_is_said(made, tmp_path):
    """Else one would wait for the debugger in vain."""
    _, _, notes = replay_run(made, tmp_path, quiet=True, break_at=MS * 2, look=lambda _world: pytest.fail("stopped"))
    assert "the story was over" in notes[0]


def test_the_command_opens_the_debugger(made, tmp_path):
    """What is typed there is answered from the world, and `c` ends the run with its verdict."""
    done = subprocess.run(
        [sys.executable, "-m", "scenarios.cli", "replay", str(made), "--break-at", EVENING, "--out", str(tmp_path), "--quiet"],
        input="p sorted(world.systems), world.clock()\nc\n", capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert "['crm', 'erp', 'psa']" in done.stdout
    assert f"stopped at 2026-03-31 17:00:00.000+00:00 ({MS})" in done.stderr
    assert "same digests" in done.stderr


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_equal_instants_changes_no_business_state(seed, tmp_path):
    """INV-52: without faults one seed has one state, in whatever order what is due at one instant comes; histories do differ."""
    verdicts = [
        rehearse(
            resolve(load_scenario("clean-quarter"), Words(preset="XS", seed=seed, ties=ties)), tmp_path / str(ties), quiet=True
        )[0]
        for ties in (0, 1, 2)
    ]
    assert {v.verdict for v in verdicts} == {"held"}
    assert len({v.digest["state"] for v in verdicts}) == 1
    assert len({v.digest["history"] for v in verdicts}) > 1


def digests(seeds, hash_seed, folder):
    """{seed: digests} of a storm campaign in a process of its own."""
    words = (
        "suite",
        "clean-quarter",
        "--preset",
        "XS",
        "--seeds",
        seeds,
        "--faults",
        "storm",
        "--keep",
        "--json",
        "--out",
        "kept",
    )
    folder.mkdir()
    done = command(*words, cwd=folder, PYTHONHASHSEED=hash_seed)
    assert done.stdout, done.stderr
    found = {}
    for path in sorted((folder / "kept").glob("*/verdict.json")):
        verdict = json.loads(path.read_text())
        assert verdict["verdict"] != "unknown", verdict["note"]
        found[path.parent.name] = (verdict["digest"], (path.parent / "history.jsonl").read_bytes(), verdict["faults"])
    return found


@pytest.mark.parametrize("seeds", ["1..2", pytest.param("3..52", marks=pytest.mark.slow)])
def test_two_processes_under_other_hash_seeds_tell_the_same_stories(seeds, tmp_path):
    """Histories byte for byte, states and drawn plans: the determinism meta-test, two seeds here and fifty in the slow run."""
    assert digests(seeds, "1", tmp_path / "one") == digests(seeds, "random", tmp_path / "two")
