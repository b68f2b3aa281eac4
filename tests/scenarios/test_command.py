"""The command's words: wrong ones are exit code 2 and one sentence, and nothing is half written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.errors import UsageError
from scenarios.files import prepare, write_file
from scenarios.loading import load_scenario
from scenarios.resolve import Words, resolve
from scenarios.suite import parse_seeds, parse_shard

ROOT = Path(__file__).resolve().parents[2]


def rehearse(*words, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "scenarios.cli", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "clean-qarter"), "did you mean clean-quarter"),
        (("run", "clean-quarter", "--crm", "salesfarce"), "did you mean salesforce"),
        (("run", "clean-quarter", "--design", "naif"), "did you mean naive"),
        (("run", "clean-quarter", "--preset", "XL"), "did you mean XS"),
        (("run", "clean-quarter", "--engine", "dbos"), "engine 'dbos' is unknown or not built yet"),
        (("run", "clean-quarter", "--heads", "3"), "12 to 12000"),
        (("run", "clean-quarter", "--speed", "warp"), "virtual, real"),
        (("replay", "pyproject.toml"), "is no replay file"),
        (("replay", "no-such-folder"), "can not be read"),
        (("suite", "--seeds", "9..2"), "0 <= A <= B"),
        (("suite", "--shard", "3/2"), "I/N with 1 <= I <= N"),
        (("frobnicate",), "No such command"),
    ],
)
def test_wrong_words_are_exit_code_2_and_say_what_is_right(words, said):
    """A user's mistake costs one line to mend, and is never a stack trace."""
    done = rehearse(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_list_names_everything_that_can_be_named():
    """`list --json` is one object on the last line."""
    found = json.loads(rehearse("list", "--json").stdout.splitlines()[-1])
    assert {"scenarios", "vendors", "designs", "presets", "faults", "drifts"} <= set(found)
    assert "month-end-erp-brownout" in found["scenarios"]


def test_an_unwritable_folder_is_one_sentence(tmp_path):
    """A folder below a file can not be made."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="can not be written"):
        prepare(tmp_path / "file" / "out")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    """A failed write leaves the old content and no fragment."""
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(UsageError):
        write_file(target, b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_words_win_over_the_file():
    """What is said on the command line replaces what the scenario says."""
    resolved = resolve(load_scenario("clean-quarter"), Words(seed=7, preset="M", design="naive"))
    scenario = resolved.scenario
    assert (scenario.seed, scenario.preset, scenario.design) == (7, "M", "naive")


def test_equal_rehearsals_have_equal_digests_and_faults_change_them():
    """The twin cache is keyed by everything that decides a run."""
    one = resolve(load_scenario("webhook-chaos"), Words())
    assert one.digest() == resolve(load_scenario("webhook-chaos"), Words()).digest()
    assert one.digest() != one.without_faults().digest()
    assert one.digest() != resolve(load_scenario("webhook-chaos"), Words(seed=2)).digest()


def test_seeds_and_shards_are_read_with_both_ends():
    """1..20 is twenty seeds; a shard is one of N."""
    assert (list(parse_seeds("1..3")), list(parse_seeds("5")), parse_shard("2/4")) == ([1, 2, 3], [5], (2, 4))
