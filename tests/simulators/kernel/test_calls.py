from __future__ import annotations

import random
from urllib.parse import parse_qsl

from simulators.kernel.calls import Call, query_of

PIECES = (
    "%",
    "2",
    "0",
    "C",
    "3",
    "A",
    "7",
    "+",
    "&",
    "=",
    "a",
    "é",
    "%20",
    "%2520",
    "%2525",
    "%C3%A9",
    "%E2",
    "%2B",
    "%26",
    "%3D",
    "%27",
    "#",
)


def test_a_query_reads_as_the_standard_library_reads_it() -> None:
    """The short way to decode gives what parse_qsl gives, for whatever stands beside whatever."""
    chance = random.Random(11)
    for _ in range(20_000):
        raw = "".join(chance.choices(PIECES, k=chance.randint(0, 12))).encode()
        assert query_of(raw) == dict(parse_qsl(raw.decode(), keep_blank_values=True)), raw


def test_a_query_is_one_calls_own() -> None:
    """It is read once; adding to it reaches no other call with the same text."""
    one, other = (Call("GET", "/", b"a=1", {}, b"", "") for _ in range(2))
    one.query.setdefault("b", "2")
    assert (one.query, other.query) == ({"a": "1", "b": "2"}, {"a": "1"})
