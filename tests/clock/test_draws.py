"""Draws by meaning: pure, independent of each other and of their order, and of the right shape."""

import enum
import math
import statistics

import pytest

from scenarios.clock import draws
from scenarios.clock.draws import u

N = 4_000


def many(draw):
    return [draw(number) for number in range(N)]


def test_a_draw_is_the_same_everywhere():
    """Golden values: a change of these breaks every saved seed."""
    assert [u(7, "latency", "crm", 3), u(7), u(0, "ä", None)] == [0.7417887647314715, 0.5700409587200145, 0.32323839026246604]


def test_adding_a_draw_moves_no_other():
    """There is no stream to shift: a draw depends on its seed and meaning only."""
    before = [u(7, "latency", n) for n in range(5)]
    u(7, "something else")
    assert [u(7, "latency", n) for n in range(5)] == before


def test_every_word_of_the_meaning_counts():
    """Words do not run together, and text is not number."""
    meanings = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), (1,), ("1",), (None,), ("None",), (True,), ()]
    assert len({u(7, *meaning) for meaning in meanings} | {u(8)}) == len(meanings) + 1


@pytest.mark.parametrize("word", [object(), 1.5, ("a",), {"a"}, enum.StrEnum("E", "A").A, b"a"])
def test_a_word_that_prints_differently_elsewhere_is_refused(word):
    """Addresses, sets and floats are no names."""
    with pytest.raises(TypeError, match="business key"):
        u(7, "latency", word)


def test_uniform_draws_fill_the_unit_interval():
    """All within [0, 1), evenly."""
    values = many(lambda n: u(7, n))
    assert 0.0 <= min(values) < 0.01
    assert 0.99 < max(values) < 1.0
    assert statistics.fmean(values) == pytest.approx(0.5, abs=0.02)


def test_the_largest_digest_is_below_one(monkeypatch):
    """2^64 - 1 over 2^64 rounds to 1.0 in floats; our unit must not."""
    monkeypatch.setattr(draws, "blake2b", lambda *_args, **_named: type("Digest", (), {"digest": lambda _self: b"\xff" * 8})())
    assert u(7) < 1.0


def test_shapes_have_their_means():
    """Each helper's average is what its parameters say."""
    close = lambda value, share=0.06: pytest.approx(value, rel=share)
    assert sum(many(lambda n: draws.bernoulli(0.2, 7, n))) / N == close(0.2, 0.1)
    assert statistics.fmean(many(lambda n: draws.exponential(30.0, 7, n))) == close(30.0)
    assert statistics.median(many(lambda n: draws.lognormal(8.0, 0.5, 7, n))) == close(8.0)
    assert statistics.stdev(many(lambda n: draws.normal(5.0, 2.0, 7, n))) == close(2.0)
    assert statistics.fmean(many(lambda n: draws.triangular(0.0, 3.0, 6.0, 7, n))) == close(3.0)
    assert statistics.fmean(many(lambda n: draws.integer(1, 6, 7, n))) == close(3.5)


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 120.0, 3_000.0])
def test_poisson_has_mean_and_variance_of_its_parameter(mean):
    """Counts, also where exp(-mean) is no float any more."""
    values = [draws.poisson(mean, 7, number) for number in range(600)]
    assert statistics.fmean(values) == pytest.approx(mean, rel=0.12, abs=1e-9)
    assert statistics.pvariance(values) == pytest.approx(mean, rel=0.25, abs=1e-9)


def test_poisson_grows_with_its_mean():
    """Inverse transform: the same meaning never gives fewer for a larger mean, so faults can be scaled up."""
    for number in range(200):
        counts = [draws.poisson(mean, 7, number) for mean in (1.0, 2.0, 5.0, 20.0, 400.0)]
        assert counts == sorted(counts)


def test_poisson_ends_at_the_edge_of_the_floats(monkeypatch):
    """A draw above every partial sum ends when the weights vanish."""
    monkeypatch.setattr(draws, "u", lambda *_: 1.0 - 2.0**-53)
    assert 1 < draws.poisson(1.0, 7) < 200


def test_a_share_that_grows_keeps_what_it_had():
    """Whoever is struck at 10 % is struck at 20 %: plans can be scaled and compared."""
    few = {n for n in range(N) if draws.bernoulli(0.1, 7, n)}
    assert few < {n for n in range(N) if draws.bernoulli(0.2, 7, n)}


def test_choices_come_from_the_options_in_their_weights():
    """`choice` is even, `weighted` goes by weight, `shuffled` loses nothing."""
    options = ("a", "b", "c", "d")
    assert {draws.choice(options, 7, n) for n in range(100)} == set(options)
    drawn = many(lambda n: draws.weighted((("often", 3.0), ("seldom", 1.0)), 7, n))
    assert drawn.count("often") / N == pytest.approx(0.75, abs=0.03)
    assert draws.weighted((("only", 1.0), ("never", 0.0)), 7) == "only"
    mixed = [draws.shuffled(options, 7, n) for n in range(50)]
    assert all(sorted(order) == list(options) for order in mixed)
    assert len({tuple(order) for order in mixed}) > 10


def test_extreme_draws_stay_finite(monkeypatch):
    """The quantile at zero is minus infinity; a draw of zero must not be."""
    monkeypatch.setattr(draws, "u", lambda *_: 0.0)
    assert math.isfinite(draws.normal(0.0, 1.0, 7))
    assert draws.lognormal(8.0, 0.5, 7) > 0.0
    assert draws.exponential(30.0, 7) == 0.0
