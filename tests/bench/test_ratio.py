"""A ratio is the median of its rounds, and both sides take turns within a round."""

from __future__ import annotations

from time import process_time

from scenarios.bench.growth import bend_figures
from scenarios.bench.ratio import CHUNKS, Ratio, in_turns


def ratio(pairs, **more):
    return Ratio(name="x", goal=0.5, unit="calls per CPU second", against="y", pairs=pairs, **more)


def busy(seconds):
    until = process_time() + seconds
    while process_time() < until:
        pass


def test_the_value_is_the_median_of_the_rounds_ratios():
    """One spoiled round moves neither value nor verdict."""
    told = ratio([(5.0, 10.0), (60.0, 100.0), (1.0, 100.0)]).plain()
    assert (told["value"], told["low"], told["high"], told["rounds"], told["reached"]) == (0.5, 0.01, 0.6, 3, True)
    assert (told["numerator"], told["denominator"]) == (5.0, 100.0)


def test_a_ratio_below_its_goal_is_missed():
    """The goal itself is reached, a hair less is not."""
    assert ratio([(4.99, 10.0)]).plain()["reached"] is False


def test_an_unknown_figure_has_no_value_and_says_why():
    """Nothing may be read out of a figure whose client was the limit."""
    told = ratio([(9.0, 10.0)], unknown="the client used 0.95 of its core").plain()
    assert (told["value"], told["reached"], told["note"]) == (None, None, "the client used 0.95 of its core")


def test_both_sides_take_turns_and_do_the_same_number_of_things():
    """A neighbour who comes in the middle of a round meets both sides."""
    order: list[tuple[str, int]] = []
    in_turns(lambda n: (order.append(("ours", n)), busy(0.001)), lambda n: (order.append(("theirs", n)), busy(0.001)), 80)
    assert [who for who, _ in order[:4]] == ["theirs", "ours", "ours", "theirs"]
    assert sum(n for who, n in order if who == "ours") == sum(n for who, n in order if who == "theirs") == 80
    assert len(order) == 2 * CHUNKS


def test_rates_are_per_cpu_second():
    """Twice the work is half the rate, give or take a busy machine."""
    ours, theirs = in_turns(lambda _n: busy(0.008), lambda _n: busy(0.004), CHUNKS)
    assert 0.3 < ours / theirs < 0.7


def test_growth_is_bent_when_the_second_slope_differs():
    """10, 20, 40 seconds is straight; 10, 20, 60 has twice the slope."""
    straight, bent = bend_figures(10.0, 20.0, 40.0), bend_figures(10.0, 20.0, 60.0)
    assert (straight["clean_quarter_bend"]["value"], straight["clean_quarter_bend"]["reached"]) == (0.0, True)
    assert (bent["clean_quarter_bend"]["value"], bent["clean_quarter_bend"]["reached"]) == (1.0, False)
    assert straight["clean_quarter_constant"]["value"] == 0.0
