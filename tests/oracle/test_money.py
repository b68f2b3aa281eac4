"""The oracle's arithmetic against decimal numbers, its hours against counting minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scenarios.oracle.hours import ZONES, Hours, merged, overlap_ms, without
from scenarios.oracle.money import EU, HOMES, RATES_E3, ROUNDING, half_up, net_of, net_of_minutes, tax_code, tax_of, taxes

CENT = Decimal("0.01")
MINUTE = 60_000
LINES = st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from(["DE-S19", "UK-S20", "US-NM", "DE-RC"])), max_size=8)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8)


def cents(amount: Decimal) -> int:
    return int(amount.quantize(CENT, ROUND_HALF_UP) * 100)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_half_up_rounds_away_from_zero_at_the_half(numerator, denominator):
    """As decimal does it."""
    assert half_up(numerator, denominator) == int((Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(0, 10**7), st.integers(0, 10**8))
def test_net_is_quantity_times_rate(quantity, rate):
    """Hundredths of hours at ten-thousandths of a dollar."""
    assert net_of(quantity, rate) == cents(Decimal(quantity) / 100 * Decimal(rate) / 10_000)


@given(st.integers(0, 10**5), st.integers(0, 10**8))
def test_minutes_are_worth_their_part_of_the_hour(minutes, rate):
    """Minutes need no rounding to hours first."""
    assert net_of_minutes(minutes, rate) == int((Decimal(minutes * rate) / 6_000).quantize(Decimal(1), ROUND_HALF_UP))


@given(LINES)
def test_tax_by_line_is_each_lines_own(lines):
    """LINE entities round each line."""
    assert taxes("UK", lines) == [cents(Decimal(net) / 100 * RATES_E3[code] / 100_000) for net, code in lines]


@given(LINES)
def test_tax_by_invoice_adds_up_by_code_and_no_line_is_a_cent_off(lines):
    """INVOICE entities round each code's sum; a line's share is its exact tax, up or down."""
    got = taxes("DE", lines)
    for code in {code for _, code in lines}:
        mine = [(net, tax) for (net, other), tax in zip(lines, got, strict=True) if other == code]
        assert sum(tax for _, tax in mine) == tax_of(sum(net for net, _ in mine), RATES_E3[code])
        assert all(0 <= tax - net * RATES_E3[code] // 100_000 <= 1 for net, tax in mine)


@given(st.sampled_from(sorted(HOMES)), st.sampled_from([*sorted(EU), "GB", "US", "AU", "SG", "CH"]), st.sampled_from(["", "HI", "CA"]),
       st.booleans(), st.sampled_from(["STANDARD", "REVERSE_CHARGE", "EXPORT", "EXEMPT", ""]))  # fmt: skip
def test_every_code_is_the_entitys_own_and_has_a_rate(entity, country, region, has_id, profile):
    """No code of another country; nothing without a profile; export is never taxed."""
    code = tax_code(entity, country, region, "X1" if has_id else "", profile)
    if code is not None:
        assert code.startswith(entity)
        assert code in RATES_E3
        assert profile
        assert profile == "STANDARD" or RATES_E3[code] == 0
    assert entity in ROUNDING


@given(SPANS, SPANS)
def test_spans_join_part_and_overlap_like_sets_of_minutes(some, others):
    """Union, difference and overlap agree with sets."""

    def points(spans):
        return {n for begin, end in spans for n in range(begin, end)}

    assert points(merged(some)) == points(some)
    assert points(without(merged(some), merged(others))) == points(some) - points(others)
    assert overlap_ms((10, 50), others) == len(points(others) & set(range(10, 50)))


@given(st.integers(0, 9 * 1440), st.integers(1, 300), SPANS)
def test_a_deadline_is_found_by_counting_open_minutes(since, allowed, pauses):
    """Working minutes of New York and Berlin over a week with a change of the clocks, less the pauses."""
    first = int(datetime(2026, 3, 5, tzinfo=UTC).timestamp() * 1000)
    pauses = [(first + 1440 * MINUTE + begin * 10 * MINUTE, first + 1440 * MINUTE + end * 10 * MINUTE) for begin, end in pauses]
    got = Hours(["US", "DE"], first, first + 10 * 1440 * MINUTE, pauses).deadline(first + since * MINUTE, allowed * MINUTE)
    left, minute = allowed, since
    while left:
        left -= is_open(first + minute * MINUTE) and not any(a <= first + minute * MINUTE < b for a, b in pauses)
        minute += 1
    assert got == first + minute * MINUTE


def is_open(instant: int) -> bool:
    """Is any of the two entities at work in this minute?"""
    local = [datetime.fromtimestamp(instant / 1000, ZoneInfo(ZONES[entity])) for entity in ("US", "DE")]
    return any(there.weekday() < 5 and 7 <= there.hour < 20 for there in local)
