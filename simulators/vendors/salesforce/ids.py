"""Record ids: 15 case-sensitive characters, and the 18-character form whose last three say which of them are capitals.

Source: reference 1.6, checked against vendor examples (001D000000K0fXO -> IAZ), 2026-11-20.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from simulators.kernel.records import Kind

CHUNK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
POD = "5e00000"  # the characters between prefix and number: pod and reserved, the same for a whole org
NUMBER_DIGITS = 5

PREFIXES = {
    "account": "001",
    "contact": "003",
    "user": "005",
    "opportunity": "006",
    "opportunity_line": "00k",
    "organization": "00D",
    "product": "01t",
    "price_book": "01s",
    "price_entry": "01u",
    "quote": "0Q0",
    "contract": "800",
    "sow": "a00",
    "invoice_mirror": "a01",
}
ACTION, NOTIFICATION, LOCATOR = "04k", "04l", "01g"


class BadId(ValueError):
    """Text that no record could have as its id."""


def suffix(short: str) -> str:
    """The three characters that tell capitals from small letters in a 15-character id."""
    return "".join(CHUNK[sum((65 <= ord(c) <= 90) << i for i, c in enumerate(short[n : n + 5]))] for n in (0, 5, 10))


def long_id(text: str) -> str:
    """The 18-character form. 15 characters are taken as they are; 18 with a matching suffix too; a suffix repairs wrong case.

    Raises BadId for anything that is neither.
    """
    if len(text) == 18:
        if text.isalnum() and text.isascii():
            return text if suffix(text[:15]) == text[15:] else recased(text)
    elif len(text) == 15 and text.isalnum() and text.isascii():
        return text + suffix(text)
    raise BadId(text)


def recased(text: str) -> str:
    """An 18-character id whose case was lost on the way, put right from its suffix."""
    short = ""
    for chunk, mark in enumerate(text[15:].upper()):
        if mark not in CHUNK:
            raise BadId(text)
        bits = CHUNK.index(mark)
        part = text[chunk * 5 : chunk * 5 + 5]
        short += "".join(c.upper() if bits >> i & 1 else c.lower() for i, c in enumerate(part))
    return short + suffix(short)


def numbered(prefix: str, n: int) -> str:
    """The n-th id with that prefix."""
    tail = ""
    while n:
        n, digit = divmod(n, 62)
        tail = DIGITS[digit] + tail
    return long_id(prefix + POD + tail.rjust(NUMBER_DIGITS, "0"))


def id_of(kind: Kind, n: int) -> str:
    return numbered(PREFIXES[kind.name], n)


@lru_cache(maxsize=4096)
def user_id(name: str) -> str:
    """The id of the user who signs in by that name: made from the name, so that who changed a row needs no look-up."""
    drawn = int.from_bytes(hashlib.blake2b(name.lower().encode(), digest_size=8).digest(), "big")
    tail = ""
    for _ in range(7):
        drawn, digit = divmod(drawn, 62)
        tail += DIGITS[digit]
    return long_id("0055e" + tail.rjust(10, "0"))
