"""The world reads along: secrets in log and answers are found and named by place and kind, never told."""

from __future__ import annotations

import pytest

from scenarios.history import Mark
from scenarios.world.accounts import TOKENS, private_pem, secrets
from scenarios.world.secrecy import Reader

SIGNED = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJyZWhlYXJzYWwifQ.c2ln"
LEAKS = {
    "Authorization: Bearer abcdefgh": "a bearer token",
    f"assertion {SIGNED}": "a signed token",
    "sid 00D5e000001AbCd!AQcAQH0dMHZfz": "a session id",
    "-----BEGIN EC PRIVATE KEY-----": "a private key",
    "grant&client_secret=abcd": "a credential in a form",
    f"token {TOKENS['evidence']}": "a secret of this run",
    private_pem().splitlines()[1]: "a secret of this run",
}


def marks(reader: Reader) -> list[Mark]:
    found: list[Mark] = []
    reader.report(7, found.append)
    return found


@pytest.mark.parametrize("text", LEAKS)
def test_a_secret_is_named_by_place_and_kind(text: str) -> None:
    """The mark says where and what it was; the secret itself is not in it."""
    reader = Reader(secrets())
    reader.line("a harmless line")
    reader.answer("/runs?key=x", text.encode())
    assert marks(reader) == [
        Mark(7, "read", "1 log lines, 1 answers"),
        Mark(7, "leak", f"the answer of /runs holds {LEAKS[text]}"),
    ]


def test_what_holds_no_secret_is_only_counted() -> None:
    """Ordinary words about tokens and keys are no leak."""
    reader = Reader(secrets())
    for text in ("crm does not accept our fresh token: 401", "Bearer", "the key of S-00001 is S-00001-R1", '{"password": 1}'):
        reader.line(text)
    assert marks(reader) == [Mark(7, "read", "4 log lines, 0 answers")]
