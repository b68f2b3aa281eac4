"""firm.yaml and its overrides: every number is marked, every mistake is told with its path."""

from __future__ import annotations

import pytest

from scenarios.firm import FirmMistakes, load_firm
from scenarios.firm.spec import MARKS, document, leaves


def test_every_number_is_marked_and_says_where_it_comes_from():
    """A leaf has value, mark and row; nothing stands outside a leaf."""
    wrong = []
    for path, leaf in leaves(document()):
        if not isinstance(leaf, dict) or set(leaf) != {"value", "mark", "row"} or leaf["mark"] not in MARKS or not leaf["row"]:
            wrong.append(path)
    assert wrong == []


def test_an_override_changes_one_number_and_no_other():
    """A dotted name reaches a leaf, or a part of a leaf."""
    plain = load_firm("S").model_dump()
    changed = load_firm("S", None, {"slips.missing_tax_profile": 0.3, "contracts.terms.NET30": 0.9}).model_dump()
    assert changed["slips"].pop("missing_tax_profile") == 0.3
    assert changed["contracts"]["terms"].pop("NET30") == 0.9
    plain["slips"].pop("missing_tax_profile")
    plain["contracts"]["terms"].pop("NET30")
    assert plain == changed


def test_overrides_do_not_leak_into_the_next_firm():
    """The file is read once, and never changed."""
    load_firm("S", None, {"slips.missing_tax_profile": 0.3, "contracts.terms.NET30": 0.9})
    assert load_firm("S").slips.missing_tax_profile == 0.015
    assert load_firm("S").contracts.terms["NET30"] == 0.62


def test_all_mistakes_of_overrides_come_together_with_path_got_and_wanted():
    """Unknown names are told with the nearest known ones; nothing stops at the first."""
    with pytest.raises(FirmMistakes) as caught:
        load_firm("S", None, {"slips.missing_tax_profil": 0.3, "sale.win_rate": 0.5, "contracts.terms": 3, "entities.US": 1})
    first, second, third, fourth = caught.value.mistakes
    assert (
        first
        == "slips.missing_tax_profil: got an unknown name 'missing_tax_profil', wanted one like missing_tax_profile or missing_tax_id or missing_terms"
    )
    assert "wanted one like sales" in second
    assert third == "contracts.terms: got 3, wanted one of its parts: NET30, NET45, NET60, DUE"
    assert fourth.startswith("entities.US: got an unknown name 'entities'")


def test_all_values_out_of_range_come_together():
    """Shares are 0 to 1, heads have bounds, words are no numbers."""
    with pytest.raises(FirmMistakes) as caught:
        load_firm("S", 3, {"slips.missing_entity": 1.5, "payers.late_days_mean": "soon"})
    assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == [
        "heads",
        "payers.late_days_mean",
        "slips.missing_entity",
    ]


def test_an_unknown_preset_names_the_known_ones():
    """What is not built yet is refused with what is."""
    with pytest.raises(FirmMistakes, match="preset: got 'L', wanted one of XS, S, M"):
        load_firm("L")


def test_a_preset_may_change_numbers_and_overrides_come_on_top():
    """The smallest firm has a window of its own; what a scenario says wins over it."""
    assert load_firm("S").window.last_days == 0
    assert load_firm("XS").window.last_days == 8
    assert load_firm("XS", None, {"window.last_days": 15}).window.last_days == 15


def test_nobody_works_alone():
    """Somebody else must decide about time, so every entity has two heads."""
    with pytest.raises(FirmMistakes, match=r"heads: got 3.*2 heads for each of 2 entities"):
        load_firm("XS", 3)
