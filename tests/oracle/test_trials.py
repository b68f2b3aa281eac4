"""INV-48 tells a trial from a try: while a system is known to be away, one look every few minutes is patience."""

from __future__ import annotations

from scenarios.oracle.process import hasty

MINUTE = 60_000
AWAY = [(0, 120 * MINUTE)]


def every(minutes, count, begin=0):
    return [begin + n * minutes * MINUTE for n in range(count)]


def test_trials_while_a_system_is_away_are_no_tries():
    """Of twenty looks five minutes apart only the first counts."""
    assert hasty(every(5, 20), AWAY) == [0]


def test_a_storm_counts_whether_the_system_is_away_or_not():
    """Twenty tries in twenty minutes are twenty tries."""
    assert hasty(every(1, 20), AWAY) == every(1, 20)


def test_patience_does_not_excuse_what_fails_for_ever():
    """Outside of known trouble every try counts, however far apart."""
    late = every(10, 20, begin=200 * MINUTE)
    assert hasty(late, AWAY) == late
