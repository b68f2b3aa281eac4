"""`rehearse power`: every planted bug fits the code it breaks, and a slice of them is hunted here; all of them by the command."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.errors import HarnessError, UsageError
from scenarios.oracle.judge import JUDGES, TWIN_JUDGES
from scenarios.power import campaign, plant
from scenarios.power.bugs import BUGS
from scenarios.power.campaign import Catch, Table, hunt, refuse_misfits
from scenarios.power.hunts import BEHIND, FAIR_WEATHER, PLACES, hunted
from scenarios.power.table import page

SLICE = {
    "one-invoice-key-a-period": "INV-09",
    "the-wrong-row-of-the-tax-table": "INV-21",
    "demand-is-raised-twice": "INV-36",
    "the-erp-rounds-tax-down": "INV-22",
}


def test_every_bug_can_be_planted_and_taken_out_again():
    """A bug at a seam that has moved would prove nothing."""
    for name in BUGS:
        with plant(name):
            pass


def test_every_hunt_names_bugs_of_the_table():
    """Places and companions would else be looked for in vain."""
    named = {part for name in (*PLACES, *BEHIND) for part in name.split("+")}
    assert named <= BUGS.keys()
    assert len(hunted()) >= 40


@pytest.mark.parametrize(("name", "invariant"), SLICE.items())
def test_a_planted_bug_is_found_on_the_first_seeds(name, invariant):
    """In fair weather, on the smallest firm; the sound orchestrator holds there."""
    catch = hunt((name, (FAIR_WEATHER,), 2))
    assert catch.caught, catch
    assert invariant in catch.found


def test_no_bug_at_all_is_not_caught(monkeypatch):
    """A hunt that finds something in the sound orchestrator would call anything power."""
    monkeypatch.setitem(BUGS, "nothing-at-all", lambda _patch: None)
    assert not hunt(("nothing-at-all", (FAIR_WEATHER,), 1)).caught


def test_a_patch_that_no_longer_fits_is_trouble_and_no_catch():
    """A TypeError in a step parks every run, which would look like a bug found."""
    with pytest.raises(HarnessError, match="does not fit"):
        refuse_misfits([{"code": "DEFECT", "why": "TypeError('deaf() got an unexpected keyword')"}])
    refuse_misfits([{"code": "CAP_EXCEEDED", "why": "TypeError"}])


def test_the_table_names_what_nobody_found_and_what_nothing_breaks():
    """Uncaught bugs and powerless invariants are the point of the table."""
    table = Table(
        [
            Catch("one", caught=True, seeds=3, invariant="INV-05", scenario="s", found=("INV-05", "INV-09")),
            Catch("two", caught=False, seeds=9),
        ]
    )
    plain = table.plain()
    assert plain["uncaught"] == ["two"]
    assert next(row for row in plain["invariants"] if row["id"] == "INV-09")["broken_by"] == ["one"]
    assert "INV-01" in plain["powerless"]
    assert len(plain["invariants"]) == len(JUDGES) + len(TWIN_JUDGES)
    assert "| two | **nobody** |" in page(plain)


def test_an_unknown_bug_is_named_with_the_nearest():
    """Exit 2 and a name to copy, as everywhere."""
    with pytest.raises(UsageError, match="the-wrong-row-of-the-tax-table"):
        campaign.chosen(("the-wrong-row-of-the-tax-tabel",))


def test_the_command_tells_each_hunt_in_json(tmp_path):
    """One JSON object as the last line, and the table as a page."""
    found = CliRunner().invoke(
        app, ["power", "the-wrong-row-of-the-tax-table", "--seeds-max", "1", "--json", "--table", str(tmp_path / "power.md")]
    )
    told = json.loads(found.stdout.strip().splitlines()[-1])
    assert found.exit_code == 0
    assert [bug["caught"] for bug in told["bugs"]] == [True]
    assert "the wrong row of the tax table" in (tmp_path / "power.md").read_text()
