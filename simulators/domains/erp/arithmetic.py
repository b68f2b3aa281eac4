"""The sums of an invoice: line nets, taxes, and how a tax is shared among lines. Integers only, no records, no vendor.

Quantities are hundredths, rates ten-thousandths of a currency unit, tax rates thousandths of a percent, money minor units.
"""

from __future__ import annotations

from collections.abc import Sequence

MINOR_DIGITS = {"JPY": 0, "BHD": 3, "KWD": 3, "OMR": 3}  # ISO 4217; every other currency here has two
SCALE_OF_QUANTITY_TIMES_RATE = 6  # hundredths x ten-thousandths
TAX_RATE_ONE = 100_000  # 100 % in thousandths of a percent

LINE, INVOICE = "LINE", "INVOICE"
ROUNDINGS = (LINE, INVOICE)


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round; a tie goes away from zero, so that a credit mirrors its invoice."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def minor_digits(currency: str) -> int:
    return MINOR_DIGITS.get(currency, 2)


def net_of(quantity: int, rate: int, currency: str) -> int:
    """Return quantity x rate in minor units of `currency`, rounded half up once."""
    return half_up(quantity * rate, 10 ** (SCALE_OF_QUANTITY_TIMES_RATE - minor_digits(currency)))


def hours_of(minutes: int) -> int:
    """Return hundredths of an hour; quarters are exact."""
    return half_up(minutes * 100, 60)


def tax_of(net: int, rate_e3: int) -> int:
    return half_up(net * rate_e3, TAX_RATE_ONE)


def line_taxes(lines: Sequence[tuple[int, str, int]], rounding: str) -> list[int]:
    """Return the tax of each line (net, code, rate_e3), in order.

    LINE rounds each line. INVOICE rounds once per code on the code's summed net and shares that among its lines by largest
    remainder (ties: the earlier line), so that the lines add up to the total exactly.
    """
    if rounding == LINE:
        return [tax_of(net, rate) for net, _, rate in lines]
    taxes = [0] * len(lines)
    for code in dict.fromkeys(code for _, code, _ in lines):
        _share(lines, [i for i, line in enumerate(lines) if line[1] == code], taxes)
    return taxes


def _share(lines: Sequence[tuple[int, str, int]], members: list[int], taxes: list[int]) -> None:
    rate = lines[members[0]][2]
    total = tax_of(sum(lines[i][0] for i in members), rate)
    remainders = []
    for i in members:
        taxes[i], remainder = divmod(lines[i][0] * rate, TAX_RATE_ONE)
        remainders.append((-remainder, i))
    spare = total - sum(taxes[i] for i in members)
    assert 0 <= spare <= len(members), "floors miss the rounded sum by less than one unit a line"
    for _, i in sorted(remainders)[:spare]:
        taxes[i] += 1
