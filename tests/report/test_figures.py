"""Figures and instants in the words of people."""

from __future__ import annotations

import pytest

from scenarios.report.figures import clean, figure, listed, one_line, short, window_text
from tests.report.examples import HOUR_MS, MARCH_31_MS


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "h", "-"),
        (0.0, "h", "under 1 min"),
        (0.489, "h", "29 min"),
        (30.517, "h", "30.5 h"),
        (29.998, "min", "30 min"),
        (90.0, "min", "1.5 h"),
        (0.9111, "ratio", "91.11%"),
        (-0.0, "USD", "USD 0"),
        (12.5, "USD", "USD 12.50"),
        (645601.23, "USD", "USD 645,601"),
        (3, "calls", "3 calls"),
    ],
)
def test_a_figure_is_written_with_its_unit(value, unit, text):
    """Hours below one are minutes; nothing measured is a dash; there is no negative zero."""
    assert figure({"value": value, "unit": unit}) == text


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (None, None, "all along"),
        (MARCH_31_MS, None, "from 31 Mar 2026 00:00"),
        (None, MARCH_31_MS, "until 31 Mar 2026 00:00"),
        (MARCH_31_MS, MARCH_31_MS + 3 * HOUR_MS, "31 Mar 2026 00:00 to 03:00"),
        (MARCH_31_MS, MARCH_31_MS + 24 * HOUR_MS, "31 Mar 2026 00:00 to 1 Apr 2026 00:00"),
    ],
)
def test_a_window_names_its_day_once(begin, end, text):
    """A fault within one day says the date once; one without an end says so."""
    assert window_text(begin, end) == text


def test_long_text_is_cut_and_cleaned():
    """One line, no control codes, an ellipsis where it was cut."""
    assert one_line("a\n b\x1b[2J " + "x" * 99, 12) == "a b?[2J x..."
    assert clean("tab\tstays\u202e") == "tab\tstays?"


def test_lists_read_as_sentences():
    """Commas, then and."""
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_axis_numbers_are_short():
    """Thousands and millions by letter."""
    assert [short(v) for v in (0, 0.5, 950, 1500, 250_000, 2_000_000)] == ["0", "0.5", "950", "1.5k", "250k", "2M"]
