"""Detectors and figures: pure functions over rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.observe.business import (
    HOUR_MS,
    Book,
    Item,
    Ruling,
    Setup,
    Shown,
    key_figures,
    percentile,
)
from orchestrator.observe.log import Log
from orchestrator.observe.metrics import SERIES_MAX, Metrics


def test_a_quiet_book_knows_nothing():
    """A figure nothing can be said about is None, never zero."""
    figures = key_figures(Book())
    assert {name: figure["value"] for name, figure in figures.items() if figure["value"] is not None} == {
        "unbilled_approved_value": {}
    }


def test_figures_of_a_small_book():
    """Two set-ups, one touched; one exception of three attempts, solved after two hours."""
    book = Book(
        setups=(Setup("a", 0, HOUR_MS), Setup("b", 0, 3 * HOUR_MS, touched=True)),
        items=(Item("TE-1", "a", 0, 1, invoiced=True, amount_minor=5, currency="EUR"),),
        shown=(Shown("INV-1", 0, 120_000),),
        rulings=(Ruling("CAP_EXCEEDED", "project-ops", 0, 2 * HOUR_MS),),
    )
    values = {name: figure["value"] for name, figure in key_figures(book).items()}
    assert values == {
        "setup_hours_p50": 1.0, "setup_hours_p95": 3.0, "sync_lag_minutes_p95": 2.0, "exception_rate": 0.3333,
        "exception_resolution_hours_p50": 2.0, "touchless_share": 0.5, "unbilled_approved_value": {},
    }  # fmt: skip


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 100))
def test_percentile_is_a_value_with_enough_below_it(values, percent):
    """Nearest rank: at least that share is not above it, and it is one of the values."""
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)


def test_unknown_events_and_secrets_are_no_log_lines():
    """A dashboard is built on the names; a token never reaches a line."""
    log = Log(lambda: 1, print)
    with pytest.raises(AssertionError):
        log.event("something-new")
    with pytest.raises(AssertionError):
        log.event("start-up", token="x")


def test_series_are_bounded():
    """A label that grows without end is folded into one."""
    metrics = Metrics()
    for number in range(SERIES_MAX + 5):
        metrics.count("alerts", f"a{number}")
    assert metrics.value("alerts", "other") == 5
