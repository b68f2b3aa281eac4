"""Exact money arithmetic on integers: no float ever holds an amount."""

from __future__ import annotations

import msgspec

RATE_UNIT = 10_000
"""Rates are ten-thousandths of a currency unit."""

DIGITS = {"USD": 2, "GBP": 2, "EUR": 2, "AUD": 2, "SGD": 2, "CAD": 2, "CHF": 2, "JPY": 0, "BHD": 3}
"""Minor digits by ISO 4217 currency; a currency that is missing here is unknown to the firm."""


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units of its currency."""

    minor: int
    currency: str


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero."""
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    return sign * ((2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator)))


def net(quantity: int, rate: int, currency: str) -> int:
    """Return minor units of `quantity` hundredths at `rate` ten-thousandths, half up."""
    return half_up(quantity * rate * 10 ** DIGITS[currency], 100 * RATE_UNIT)


def quantity_of_minutes(minutes: int) -> int:
    """Return hundredths of an hour, half up; quarter hours are exact."""
    return half_up(minutes * 100, 60)


def scaled(text: str, digits: int) -> int:
    """Read a plain decimal text as an integer of 10**-digits units.

    Raises ValueError for grouping marks, exponents, or more decimals than `digits` can hold: silence would change money.
    """
    sign, body = (-1, text[1:]) if text[:1] == "-" else (1, text)
    whole, _, part = body.partition(".")
    kept, lost = part[:digits], part[digits:]
    if not whole.isdecimal() or (part and not part.isdecimal()) or lost.strip("0") or not text.isascii():
        raise ValueError(f"not a plain decimal with at most {digits} decimals: {text!r}")
    return sign * int(whole + kept.ljust(digits, "0"))


def decimal(units: int, digits: int) -> str:
    """Write an integer of 10**-digits units as a plain decimal text."""
    if digits == 0:
        return str(units)
    sign, body = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(body, 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"
