"""The oracle's own arithmetic and tax table. Money: integer minor units; quantities: hundredths; rates: ten-thousandths.

The table is a fixture with the scenario's tax rules of 2026 (domain.md section 2); it is not advice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip
# entity -> (home country, standard code, reverse-charge code, export code)
HOMES: dict[str, tuple[str, str, str, str]] = {
    "US": ("US", "US-00", "", "US-OS"),
    "UK": ("GB", "UK-S20", "", "UK-OS"),
    "DE": ("DE", "DE-S19", "DE-RC", "DE-OS"),
    "NL": ("NL", "NL-S21", "NL-RC", "NL-OS"),
    "AU": ("AU", "AU-S10", "", "AU-FR"),
    "SG": ("SG", "SG-S9", "", "SG-ZR"),
}
US_REGIONS = {"HI": "US-HI", "NM": "US-NM", "SD": "US-SD", "WV": "US-WV"}
# code -> thousandths of a percent
RATES_E3 = {
    "US-00": 0, "US-EX": 0, "US-OS": 0, "US-HI": 4000, "US-NM": 5125, "US-SD": 4200, "US-WV": 6000,
    "UK-S20": 20000, "UK-OS": 0, "DE-S19": 19000, "DE-RC": 0, "DE-OS": 0, "NL-S21": 21000, "NL-RC": 0, "NL-OS": 0,
    "AU-S10": 10000, "AU-FR": 0, "SG-S9": 9000, "SG-ZR": 0,
}  # fmt: skip
ROUNDING = {"US": "LINE", "UK": "LINE", "AU": "LINE", "DE": "INVOICE", "NL": "INVOICE", "SG": "INVOICE"}
CURRENCY = {"US": "USD", "UK": "GBP", "DE": "EUR", "NL": "EUR", "AU": "AUD", "SG": "SGD"}
# Synthetic anchors (domain.md section 2), only to add up figures of several currencies in one for people.
USD_PER_UNIT = {"USD": 1.0, "GBP": 1.33, "EUR": 1.15, "AUD": 0.66, "SGD": 0.78}


def half_up(numerator: int, denominator: int) -> int:
    """Numerator / denominator rounded half away from zero; denominator is positive."""
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def net_of_minutes(minutes: int, rate: int) -> int:
    """Minor units of so many minutes at a rate in ten-thousandths of a two-digit currency an hour."""
    return half_up(minutes * rate, 60 * 100)


def net_of(quantity: int, rate: int) -> int:
    """Minor units of hundredths times ten-thousandths of a two-digit currency."""
    return half_up(quantity * rate, 10_000)


def tax_code(entity: str, country: str, region: str, tax_id: str, profile: str) -> str | None:
    """The one right code, or None where no rule fits (then nothing may be billed)."""
    home = HOMES.get(entity)
    if home is None:
        return None
    domestic, standard, reverse, export = home
    if country == domestic:
        if profile == "EXEMPT" and entity == "US":
            return "US-EX"
        return (
            US_REGIONS.get(region, standard)
            if profile == "STANDARD" and entity == "US"
            else standard
            if profile == "STANDARD"
            else None
        )
    if reverse and country in EU:
        return reverse if profile == "REVERSE_CHARGE" and tax_id else None
    return export if profile == "EXPORT" else None


def tax_of(net: int, rate_e3: int) -> int:
    """Tax of one amount, half up."""
    return half_up(net * rate_e3, 100_000)


def taxes(entity: str, lines: Sequence[tuple[int, str]]) -> list[int]:
    """Tax of each (net, code) line by the entity's rounding; INVOICE rounds each code's sum and shares it by largest remainder."""
    if ROUNDING[entity] == "LINE":
        return [tax_of(net, RATES_E3[code]) for net, code in lines]
    out = [0] * len(lines)
    by_code: dict[str, list[int]] = {}
    for index, (_, code) in enumerate(lines):
        by_code.setdefault(code, []).append(index)
    for code, indexes in by_code.items():
        rate = RATES_E3[code]
        total = tax_of(sum(lines[i][0] for i in indexes), rate)
        exact = {i: lines[i][0] * rate for i in indexes}
        for i in indexes:
            out[i] = exact[i] // 100_000
        left = total - sum(out[i] for i in indexes)
        for i in sorted(indexes, key=lambda i: (-(exact[i] % 100_000), i))[:left]:
            out[i] += 1
    return out


def in_usd(amounts: Mapping[str, int]) -> float:
    """A sum of minor units by currency as US dollars, by the fixed synthetic table."""
    return round(sum(USD_PER_UNIT.get(currency, 1.0) * minor / 100 for currency, minor in amounts.items()), 2)
