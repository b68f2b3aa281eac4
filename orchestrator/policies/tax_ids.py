"""Can this be a tax id of that country? Form and check digits, where the scheme has them; whether it is registered nobody asks here.

Schemes are public: ISO 7064 MOD 11,10 (DE), eleven test (NL), MOD 97 (BE), Luhn's sum against 96 (AT). Other member states are
held to "country code and two to twelve letters or digits". Source: European Commission, VIES algorithms (memory), 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PLAIN = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,12}")
PREFIXES = {"GR": "EL"}


def is_possible(tax_id: str, country: str) -> bool:
    """Whether `tax_id` has the form of that member state and its check digits agree."""
    text = re.sub(r"[ .\-]", "", tax_id).upper()
    if not PLAIN.fullmatch(text) or not text.startswith(PREFIXES.get(country, country)):
        return False
    check = CHECKS.get(country)
    return check is None or check(text[2:])


def german(body: str) -> bool:
    if not re.fullmatch(r"[1-9]\d{8}", body):
        return False
    product = 10
    for digit in map(int, body[:8]):
        total = (digit + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(body[8])


def dutch(body: str) -> bool:
    if not re.fullmatch(r"\d{9}B\d{2}", body):
        return False
    return sum(int(digit) * weight for digit, weight in zip(body[:8], range(9, 1, -1), strict=True)) % 11 == int(body[8])


def belgian(body: str) -> bool:
    return bool(re.fullmatch(r"[01]\d{9}", body)) and 97 - int(body[:8]) % 97 == int(body[8:])


def austrian(body: str) -> bool:
    if not re.fullmatch(r"U\d{8}", body):
        return False
    digits = [int(digit) for digit in body[1:8]]
    total = sum(d if place % 2 == 0 else d // 5 + d * 2 % 10 for place, d in enumerate(digits))
    return (96 - total) % 10 == int(body[8])


CHECKS: dict[str, Callable[[str], bool]] = {"DE": german, "NL": dutch, "BE": belgian, "AT": austrian}
