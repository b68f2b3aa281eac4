"""The sums of an invoice against an independent recomputation in Decimal."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.domains.erp.arithmetic import half_up, hours_of, line_taxes, net_of, tax_of

from .account import Account

RATES = {"US-00": 0, "US-SD": 4200, "US-NM": 5125, "DE-S19": 19_000, "UK-S20": 20_000}
LINES = st.lists(st.tuples(st.integers(0, 10**8), st.sampled_from(sorted(RATES))), min_size=1, max_size=40)
MANY = settings(derandomize=True, max_examples=300, deadline=None)


def cents(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


@MANY
@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_half_up_is_decimals_half_up(numerator: int, denominator: int) -> None:
    """A division rounds like ROUND_HALF_UP, ties away from zero."""
    exact = Decimal(numerator) / Decimal(denominator)
    if (exact * 2) % 1 == 0 or abs(exact - exact.to_integral_value()) != Decimal("0.5"):
        assert half_up(numerator, denominator) == cents(exact)


@MANY
@given(st.integers(0, 100_000), st.integers(0, 50_000_000))
def test_net_is_quantity_times_rate_rounded_once(quantity: int, rate: int) -> None:
    """net = round half up(quantity x rate) in minor units."""
    assert net_of(quantity, rate, "USD") == cents(Decimal(quantity) / 100 * Decimal(rate) / 10_000 * 100)
    assert net_of(quantity, rate, "JPY") == cents(Decimal(quantity) / 100 * Decimal(rate) / 10_000)
    assert net_of(quantity, rate, "BHD") == cents(Decimal(quantity) / 100 * Decimal(rate) / 10_000 * 1000)


def test_quarter_hours_are_exact() -> None:
    """Minutes in quarters give exact hundredths of an hour."""
    assert [hours_of(m) for m in (15, 30, 45, 60, 435, 20)] == [25, 50, 75, 100, 725, 33]


@MANY
@given(LINES)
def test_line_rounding_rounds_each_line(lines: list[tuple[int, str]]) -> None:
    """Where the subsidiary rounds by line, each line's tax is its own half-up."""
    taxes = line_taxes([(net, code, RATES[code]) for net, code in lines], "LINE")
    assert taxes == [cents(Decimal(net) * RATES[code] / 100_000) for net, code in lines]


@MANY
@given(LINES)
def test_invoice_rounding_adds_up_per_code(lines: list[tuple[int, str]]) -> None:
    """Where it rounds by invoice, the lines of a code add up to the code's tax rounded once."""
    taxes = line_taxes([(net, code, RATES[code]) for net, code in lines], "INVOICE")
    shared = sorted(zip(lines, taxes, strict=True), key=lambda each: each[0][1])
    for code, group in groupby(shared, key=lambda each: each[0][1]):
        members = list(group)
        assert sum(tax for _, tax in members) == cents(Decimal(sum(net for (net, _), _ in members)) * RATES[code] / 100_000)


@MANY
@given(LINES)
def test_largest_remainder_gives_each_line_its_floor_or_one_more(lines: list[tuple[int, str]]) -> None:
    """No line strays further than one unit, and those rounded up have the largest remainders of their code."""
    taxes = line_taxes([(net, code, RATES[code]) for net, code in lines], "INVOICE")
    for code, rate in RATES.items():
        members = [
            (Decimal(net) * rate / 100_000, tax, i)
            for i, ((net, c), tax) in enumerate(zip(lines, taxes, strict=True))
            if c == code
        ]
        floors = [int(exact.quantize(Decimal(1), ROUND_FLOOR)) for exact, _, _ in members]
        up = [tax - floor for (_, tax, _), floor in zip(members, floors, strict=True)]
        assert set(up) <= {0, 1}
        order = sorted(range(len(members)), key=lambda n: (-(members[n][0] - floors[n]), members[n][2]))
        assert [up[n] for n in order] == sorted(up, reverse=True)


def test_worked_example_of_the_two_policies() -> None:
    """Three equal thirds of 19 %: by line 3 x 0.63; by invoice 1.90, the largest remainder getting the odd cent."""
    lines = [(333, "DE-S19", 19_000), (333, "DE-S19", 19_000), (334, "DE-S19", 19_000)]
    assert line_taxes(lines, "LINE") == [63, 63, 63]
    assert line_taxes(lines, "INVOICE") == [63, 63, 64]
    assert tax_of(-333, 19_000) == -63


@settings(derandomize=True, max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 96), st.integers(1, 4_000_000), st.sampled_from(("DE-S19", "DE-RC"))), min_size=1, max_size=8
    )
)
def test_posted_invoice_is_what_decimal_says(entries: list[tuple[int, int, str]]) -> None:
    """Time posted over the API and billed gives the lines, taxes and total that an independent sum gives."""
    account = Account()
    account.customer("CUS-A-1-DE", "DE", "EUR")
    account.job("JOB-S-1", "CUS-A-1-DE")
    names = []
    for n, (quarters, rate, code) in enumerate(entries):
        names.append(f"TE-{n}")
        account.time(f"TE-{n}", "JOB-S-1", f"{quarters // 4}:{quarters % 4 * 15:02d}", rate / 10_000, custcol_tax_code=code)
    made = account.bill_job("INV-S-1-1", "JOB-S-1", tuple(names))
    assert made.status == 204, made
    record = account.get("invoice/eid:INV-S-1-1", expandSubResources="true")
    nets = [cents(Decimal(q) / 4 * Decimal(r) / 10_000 * 100) for q, r, _ in entries]
    assert [round(line["amount"] * 100) for line in record["time"]["items"]] == nets
    tax = cents(Decimal(sum(n for n, (_, _, c) in zip(nets, entries, strict=True) if c == "DE-S19")) * 19 / 100)
    assert round(record["taxTotal"] * 100) == tax
    assert round(record["total"] * 100) == sum(nets) + tax
    assert sum(round(line["tax1Amt"] * 100) for line in record["time"]["items"]) == tax
