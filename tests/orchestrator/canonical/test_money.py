"""Amounts are integers: rounding, reading and writing are exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.canonical.money import decimal, half_up, net, quantity_of_minutes, scaled


@pytest.mark.parametrize(
    ("numerator", "denominator", "wanted"), [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (15, 10, 2), (7, -2, -4)]
)
def test_halves_are_rounded_away_from_zero(numerator, denominator, wanted):
    """A half goes up in amount, whatever its sign."""
    assert half_up(numerator, denominator) == wanted


@pytest.mark.parametrize(
    ("quantity", "rate", "currency", "wanted"),
    [(725, 1_850_000, "USD", 134_125), (25, 1_333_300, "EUR", 3_333), (1, 5_000, "USD", 1), (100, 1_234_500, "JPY", 123)],
)
def test_net_is_quantity_times_rate_in_minor_units(quantity, rate, currency, wanted):
    """Hundredths of hours at ten-thousandths of a unit give minor units of the currency, half up."""
    assert net(quantity, rate, currency) == wanted


def test_quarter_hours_are_exact_hundredths():
    """Fifteen minutes are 25 hundredths of an hour; odd minutes are rounded half up."""
    assert [quantity_of_minutes(minutes) for minutes in (15, 435, 60, 20)] == [25, 725, 100, 33]


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_what_is_written_is_read_back(units, digits):
    """Reading a written decimal gives the same integer."""
    assert scaled(decimal(units, digits), digits) == units


@pytest.mark.parametrize("text", ["1.234,56", "1e3", "", "1,5", "12.345", " 1", "١"])
def test_what_is_not_a_plain_decimal_is_refused(text):
    """Grouping, exponents and lost precision never become money."""
    with pytest.raises(ValueError, match="not a plain decimal"):
        scaled(text, 2)
