"""Geometry of the timeline: instants and values land where they should, and never outside."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.report.charts import DAY_MS, HOUR_MS, LANES_MAX, Series, Span, Struck, nice_levels, timeline
from tests.report.examples import MARCH_31_MS

SPAN = Span(MARCH_31_MS - 9 * DAY_MS, DAY_MS, 20)


def places(path: str, letter: str) -> list[float]:
    """The coordinates after one command of a path."""
    return [float(found) for found in re.findall(letter + r"(-?[\d.]+(?:e[+-]?\d+)?)", path)]


@given(st.lists(st.floats(-1e9, 1e12), min_size=1, max_size=60), st.sampled_from([360, 960]))
def test_lines_stay_inside_their_panel(values, width):
    """Whatever the values, the line is drawn within the axes."""
    span = Span(MARCH_31_MS, DAY_MS, len(values))
    drawn = timeline(span, (Series("x", tuple(values), 100),), (), width=width)
    assert drawn is not None
    (panel,) = drawn.panels
    assert len(places(panel.line, "H")) == len(values)
    assert all(drawn.left <= x <= drawn.right for x in places(panel.line, "H"))
    assert all(panel.top - 0.1 <= y <= panel.bottom + 0.1 for y in places(panel.line, "V"))


def test_values_are_drawn_at_their_height():
    """Half of the highest level is drawn in the middle of the panel, at the end of its step."""
    drawn = timeline(Span(0, DAY_MS, 2), (Series("x", (100.0, 50.0), 200),), (), width=960)
    assert drawn is not None
    panel = drawn.panels[0]
    assert panel.line == f"M58 {panel.bottom:g}V{panel.top:g}H503V{panel.top + 100:g}H948V{panel.bottom:g}"


@given(st.floats(min_value=1e-3, max_value=1e15))
def test_axes_have_few_round_levels_above_the_highest_value(highest):
    """Two to five levels from zero, the last at or above the highest value."""
    levels = nice_levels(highest)
    assert levels[0] == 0
    assert levels[-1] >= highest * (1 - 1e-9)
    assert 2 <= len(levels) <= 5


def test_a_fault_lies_where_it_struck():
    """The band begins at the fault's instant, and is wide enough to be seen however short it was."""
    struck = Struck("gone", MARCH_31_MS, MARCH_31_MS + HOUR_MS, shade=True)
    drawn = timeline(SPAN, (Series("x", (1.0,) * 20, 100),), (struck,), width=960)
    assert drawn is not None
    assert drawn.bands == ((round(drawn.left + 9 / 20 * (drawn.right - drawn.left), 1), 3.0),)


def test_month_ends_are_marked():
    """The rule stands between 31 March and 1 April."""
    drawn = timeline(SPAN, (Series("x", (1.0,) * 20, 100),), (), width=960)
    assert drawn is not None
    assert [rule.at for rule in drawn.rules] == [round(drawn.left + 10 / 20 * (drawn.right - drawn.left), 1)]


def test_faults_outside_the_span_are_not_drawn_and_many_are_counted():
    """A lane each up to the limit; the others are a number, those elsewhere are nothing."""
    inside = [Struck(f"f{n}", MARCH_31_MS, MARCH_31_MS + DAY_MS, shade=False) for n in range(LANES_MAX + 3)]
    outside = Struck("past", 0, 1000, shade=True)
    drawn = timeline(SPAN, (Series("x", (1.0,) * 20, 100),), (outside, *inside), width=960)
    assert drawn is not None
    assert (len(drawn.lanes), drawn.more_lanes, drawn.bands) == (LANES_MAX, 3, ())


@pytest.mark.parametrize(("span", "values"), [(Span(0, DAY_MS, 0), ()), (SPAN, ())])
def test_nothing_to_draw_is_none(span, values):
    """No steps or no values make no drawing."""
    assert timeline(span, (Series("x", values, 100),), ()) is None


@pytest.mark.parametrize("width", [360, 960])
def test_lane_titles_stay_on_the_drawing(width):
    """A title that does not fit to the right of its bar stands to the left."""
    titles = [
        Struck("ERP: the work is done, the reply gets lost", at, at + HOUR_MS, shade=False) for at in (SPAN.begin, SPAN.end - 1)
    ]
    drawn = timeline(SPAN, (Series("x", (1.0,) * 20, 100),), titles, width=width)
    assert drawn is not None
    assert [lane.label.anchor for lane in drawn.lanes] == ["start", "end"]
