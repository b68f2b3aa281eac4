"""Names, addresses and tax ids of people and companies, from pools made once per process.

Faker fills the pools (seeded with a constant, unweighted, so that they are the same in every run and process); a run only
picks from them, by meaning. Tax ids carry valid check digits where a scheme has them; all companies are invented.
Streets are Faker's; cities with their regions and postal codes are a small fixture, since a tax decision hangs on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from faker import Faker

from scenarios.clock.draws import choice, integer, u

POOL = 300
POOL_SEED = 20_251_215
PROVIDERS = ["faker.providers.person", "faker.providers.address"]  # all 26 cost a tenth of a second a process and change no name
UMLAUTS: dict[str, str | int | None] = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"}


@dataclass(frozen=True)
class Country:
    """How companies of a country are called and where they sit: `cities` are (city, region, postal code)."""

    locale: str
    language: str
    forms: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]


COUNTRIES = {
    "US": Country("en_US", "en", ("Inc", "LLC", "Corp."), (
        ("New York", "NY", "10017"), ("Chicago", "IL", "60606"), ("Boston", "MA", "02110"), ("Columbus", "OH", "43215"),
        ("Atlanta", "GA", "30309"), ("Denver", "CO", "80202"), ("San Diego", "CA", "92101"), ("Minneapolis", "MN", "55402"),
    )),
    "GB": Country("en_GB", "en", ("Ltd", "plc", "LLP"), (
        ("London", "", "EC2V 7NQ"), ("Manchester", "", "M2 4WU"), ("Leeds", "", "LS1 4AP"), ("Bristol", "", "BS1 6EA"),
        ("Edinburgh", "", "EH2 4RG"), ("Birmingham", "", "B3 2DP"),
    )),
    "DE": Country("de_DE", "de", ("GmbH", "AG", "GmbH & Co. KG", "SE"), (
        ("Frankfurt am Main", "HE", "60311"), ("Hamburg", "HH", "20354"), ("München", "BY", "80333"), ("Köln", "NW", "50667"),
        ("Stuttgart", "BW", "70173"), ("Düsseldorf", "NW", "40212"),
    )),
    "NL": Country("nl_NL", "nl", ("B.V.", "N.V."), (
        ("Amsterdam", "", "1017 CD"), ("Rotterdam", "", "3012 CL"), ("Utrecht", "", "3511 AB"), ("'s-Hertogenbosch", "", "5211 KV"),
    )),
    "AU": Country("en_AU", "en", ("Pty Ltd", "Ltd"), (
        ("Sydney", "NSW", "2000"), ("Melbourne", "VIC", "3000"), ("Brisbane", "QLD", "4000"), ("Perth", "WA", "6000"),
    )),
    "SG": Country("en_AU", "en", ("Pte Ltd", "Ltd"), (("Singapore", "", "048619"), ("Singapore", "", "018956"), ("Singapore", "", "238801"))),
    "AT": Country("de_DE", "de", ("GmbH", "AG"), (("Wien", "", "1010"), ("Graz", "", "8010"), ("Linz", "", "4020"))),
    "BE": Country("nl_NL", "nl", ("BV", "NV"), (("Antwerpen", "", "2000"), ("Gent", "", "9000"), ("Brussel", "", "1000"))),
}  # fmt: skip
TAXED_STATES = (
    ("Honolulu", "HI", "96813"),
    ("Albuquerque", "NM", "87102"),
    ("Sioux Falls", "SD", "57104"),
    ("Charleston", "WV", "25301"),
)
TRADES = {
    "en": ("Logistics", "Energy", "Foods", "Insurance", "Instruments", "Health", "Retail", "Robotics", "Mutual", "Paper"),
    "de": ("Maschinenbau", "Energie", "Versicherung", "Logistik", "Feinkost", "Medizintechnik", "Gerätebau", "Verlag"),
    "nl": ("Energie", "Logistiek", "Verzekeringen", "Zuivel", "Techniek", "Zorg", "Bouw", "Tuinbouw"),
}
INDUSTRIES = ("Manufacturing", "Financial Services", "Healthcare", "Retail", "Energy", "Public Sector", "Technology", "Transport")
CODES = {"US": "1", "GB": "44", "DE": "49", "NL": "31", "AU": "61", "SG": "65", "AT": "43", "BE": "32"}


@dataclass(frozen=True)
class Pool:
    """Raw material of one locale."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]


@cache
def pool(locale: str) -> Pool:
    """Return the pool of a locale, made on the first call."""
    faker = Faker(locale, providers=PROVIDERS, use_weighting=False)
    faker.seed_instance(POOL_SEED)
    return Pool(
        tuple(faker.first_name() for _ in range(POOL)),
        tuple(faker.last_name() for _ in range(POOL)),
        tuple(faker.street_address().replace("\n", ", ") for _ in range(POOL)),
    )


def person_name(locale: str, seed: int, key: str) -> str:
    """Return the name of a person known by `key`."""
    names = pool(locale)
    return f"{choice(names.given, seed, 'given', key)} {choice(names.family, seed, 'family', key)}"


def company_name(country: str, seed: int, key: str) -> str:
    """Return the name of the company known by `key`, in the manner of its country."""
    made = COUNTRIES[country]
    family = choice(pool(made.locale).family, seed, "company", key)
    return f"{family} {choice(TRADES[made.language], seed, 'trade', key)} {choice(made.forms, seed, 'form', key)}"


def address(country: str, seed: int, key: str, *, taxed_state: bool = False) -> tuple[str, str, str, str]:
    """Return (street, city, region, postal code); a US address lies in a state that taxes services when asked for."""
    cities = TAXED_STATES if taxed_state else COUNTRIES[country].cities
    city, region, postal_code = choice(cities, seed, "city", key)
    return choice(pool(COUNTRIES[country].locale).streets, seed, "street", key), city, region, postal_code


def domain_of(company: str) -> str:
    """Return an internet domain for a company, always under a reserved name."""
    plain = company.translate(str.maketrans(UMLAUTS)).lower()
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in plain)
    return "-".join(part for part in kept.split("-") if part)[:40] + ".example"


def phone(country: str, seed: int, key: str) -> str:
    """Return a telephone number with its country code."""
    return f"+{CODES[country]} {integer(20, 99, seed, 'phone', key)} {integer(1_000_000, 9_999_999, seed, 'line', key)}"


def tax_id(country: str, seed: int, key: str) -> str:
    """Return a tax id with valid check digits where the scheme has them."""
    digits = [integer(1 if place == 0 else 0, 9, seed, "tax", key, place) for place in range(9)]
    if country in SCHEMES:
        return SCHEMES[country](digits)
    return f"{digits[0]}{digits[1]}-" + "".join(map(str, digits[2:9]))  # US: an employer number has no check digit


def gb_vat(digits: list[int]) -> str:
    """Seven digits and 97 minus their weighted sum (mod 97)."""
    total = sum(digit * weight for digit, weight in zip(digits[:7], range(8, 1, -1), strict=True))
    return "GB" + "".join(map(str, digits[:7])) + f"{97 - total % 97:02}"


def de_vat(digits: list[int]) -> str:
    """Eight digits and ISO 7064 MOD 11,10."""
    product = 10
    for digit in digits[:8]:
        total = (digit + product) % 10 or 10
        product = 2 * total % 11
    return "DE" + "".join(map(str, digits[:8])) + str((11 - product) % 10)


def nl_vat(digits: list[int]) -> str:
    """Eight digits and the eleven test; a remainder of ten has no digit, so the last one moves on."""
    body = list(digits[:8])
    while (check := sum(d * w for d, w in zip(body, range(9, 1, -1), strict=True)) % 11) == 10:
        body[7] = (body[7] + 1) % 10
    return "NL" + "".join(map(str, body)) + f"{check}B01"


def be_vat(digits: list[int]) -> str:
    """A 0, seven digits, and 97 minus the number (mod 97)."""
    number = int("".join(map(str, digits[:7])))
    return f"BE0{number:07}{97 - number % 97:02}"


def at_vat(digits: list[int]) -> str:
    """Seven digits and Luhn's sum against 96."""
    total = sum(d if i % 2 == 0 else d // 5 + d * 2 % 10 for i, d in enumerate(digits[:7]))
    return "ATU" + "".join(map(str, digits[:7])) + str((96 - total) % 10)


def au_abn(digits: list[int]) -> str:
    """Nine digits behind the two that make the weighted sum a multiple of 89."""
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    total = sum(d * w for d, w in zip(digits, weights[2:], strict=True))
    for head in range(10, 100):
        if ((head // 10 - 1) * weights[0] + head % 10 * weights[1] + total) % 89 == 0:
            return f"{head}" + "".join(map(str, digits))
    raise AssertionError("eighty-nine neighbours contain a multiple")


def sg_gst(digits: list[int]) -> str:
    """The shape of a company's registration; its check letter is not public."""
    return f"M{digits[0]}" + "".join(map(str, digits[1:8])) + "ABCDEFGHJKLMNPRTUVWXY"[digits[8]]


SCHEMES = {"GB": gb_vat, "DE": de_vat, "NL": nl_vat, "BE": be_vat, "AT": at_vat, "AU": au_abn, "SG": sg_gst}


def chance_name(seed: int, *words: str | int) -> str:
    """Return six letters and digits for paper things (order numbers, receipts), by meaning."""
    value, signs = int(u(seed, *words) * 32**6), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(signs[value // 32**place % 32] for place in range(6))
