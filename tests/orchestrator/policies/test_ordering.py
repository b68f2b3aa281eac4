"""Versions only grow; backoff grows, is bounded, and is the same on every replay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policies.ordering import guarded, is_newer, newest
from orchestrator.policies.retry import Retry, backoff_ms


def test_a_mirror_never_goes_back():
    """Older and equal versions are not written."""
    assert [is_newer(version, shown) for version, shown in ((1, None), (2, 1), (1, 1), (1, 2))] == [True, True, False, False]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5))))
def test_newest_is_the_same_in_any_order(rows):
    """What a batch writes does not depend on the order of arrival."""
    key, version = (lambda row: row[0]), (lambda row: row[1])
    assert sorted(newest(rows, key, version)) == sorted(newest(rows[::-1], key, version))


def test_guarded_splits_what_to_write_from_what_is_stale():
    """Per key the newest row is judged against what is shown."""
    rows = [("a", 2), ("a", 3), ("b", 1), ("c", 1)]
    assert guarded(rows, {"a": 2, "b": 1}, lambda row: row[0], lambda row: row[1]) == ([("a", 3), ("c", 1)], [("b", 1)])


def test_backoff_doubles_within_its_jitter_up_to_the_ceiling():
    """Each delay is between half and all of the doubled one."""
    retry = Retry(first_ms=1_000, ceiling_ms=10_000)
    full = [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
    delays = [backoff_ms(retry, attempt, "run", "step") for attempt in range(1, 7)]
    assert all(f / 2 <= delay <= f for f, delay in zip(full, delays, strict=True))
    assert delays == [backoff_ms(retry, attempt, "run", "step") for attempt in range(1, 7)]


def test_backoff_spreads_runs():
    """Two hundred runs that failed together do not come back together."""
    delays = {backoff_ms(Retry(), 5, f"run-{n}", "step") for n in range(200)}
    assert len(delays) > 150
