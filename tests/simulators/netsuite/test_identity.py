"""Who is let in: assertions signed with the test's own keys, and TBA signatures; everyone else gets a 401 or an RFC 6749 error."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from .account import HOST, RECORD, START, SUITEQL, TOKEN, Account, Answer, assertion

NOW = START // 1000
FORM = "application/x-www-form-urlencoded"


def claims(**more: Any) -> dict[str, Any]:
    return {
        "iss": "client",
        "scope": ["rest_webservices", "restlets"],
        "aud": f"https://{HOST}{TOKEN}",
        "iat": NOW,
        "exp": NOW + 3600,
        **more,
    }


def form(text: str, **more: str) -> bytes:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return urlencode(
        {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": text, **more}
    ).encode()


def grant(account: Account, body: bytes) -> Answer:
    return account.call("POST", TOKEN, body, authorization="", content_type=FORM)


@pytest.mark.parametrize(("alg", "kid"), [("PS256", "kid-ps"), ("ES256", "kid-es")])
def test_signed_assertion_earns_a_token_that_works(account: Account, alg: str, kid: str) -> None:
    """PS256 and ES256 are verified with the key of the named certificate; the token opens the record service."""
    found = grant(account, form(assertion(alg, kid, claims())))
    assert (found.status, found.json["expires_in"], found.json["token_type"]) == (200, 3600, "Bearer")
    token = f"Bearer {found.json['access_token']}"
    assert account.call("GET", f"{RECORD}/customer", authorization=token).status == 200
    account.now += 3_600_000
    assert account.call("GET", f"{RECORD}/customer", authorization=token).problem[:2] == (401, "INVALID_LOGIN")


@pytest.mark.parametrize("scope", ["rest_webservices", "restlets,rest_webservices", "restlets rest_webservices"])
def test_scope_may_be_text(account: Account, scope: str) -> None:
    """A list, commas and blanks are all taken."""
    assert grant(account, form(assertion("PS256", "kid-ps", claims(scope=scope)))).status == 200


@pytest.mark.parametrize(
    ("error", "alg", "kid", "more"),
    [
        ("invalid_grant", "RS256", "kid-ps", {}),
        ("invalid_grant", "ES256", "kid-ps", {}),
        ("invalid_grant", "PS256", "kid-es", {}),
        ("invalid_client", "PS256", "kid-unknown", {}),
        ("invalid_client", "PS256", "kid-ps", {"iss": "somebody"}),
        ("invalid_grant", "PS256", "kid-ps", {"exp": NOW - 1}),
        ("invalid_grant", "PS256", "kid-ps", {"exp": NOW + 3601}),
        ("invalid_grant", "PS256", "kid-ps", {"iat": NOW + 900, "exp": NOW + 1800}),
        ("invalid_grant", "PS256", "kid-ps", {"exp": "soon"}),
        ("invalid_grant", "PS256", "kid-ps", {"aud": "https://elsewhere.example/token"}),
        ("invalid_scope", "PS256", "kid-ps", {"scope": ["restlets"]}),
        ("invalid_scope", "PS256", "kid-ps", {"scope": "everything"}),
        ("invalid_scope", "PS256", "kid-ps", {"scope": None}),
    ],
)
def test_assertion_that_does_not_fit_is_refused(account: Account, error: str, alg: str, kid: str, more: dict[str, Any]) -> None:
    """Wrong algorithm, key, client, time, audience or scope: 400 with RFC 6749's code, no session."""
    found = grant(account, form(assertion(alg, kid, claims(**more))))
    assert (found.status, found.json) == (400, {"error": error})


@pytest.mark.parametrize(
    ("error", "body"),
    [
        ("invalid_request", b""),
        ("invalid_request", form("a.b.c")),
        ("invalid_request", form("no dots")),
        ("invalid_request", form("\xff.é.")),
        ("unsupported_grant_type", form("x", grant_type="password")),
        ("invalid_request", form(assertion("PS256", "kid-ps", claims()), client_assertion_type="none")),
        ("invalid_grant", form(assertion("PS256", "kid-ps", claims())[:-8] + "AAAAAAAA")),
        ("invalid_request", form("W10.W10.AA")),
    ],
)
def test_unreadable_token_request_is_refused(account: Account, error: str, body: bytes) -> None:
    """Anything that is no proper request gets an error, never a 500."""
    found = grant(account, body)
    assert (found.status, found.json["error"]) == (400, error)


def test_same_seed_gives_the_same_token(account: Account) -> None:
    """Tokens come from the seed, so runs repeat; another seed gives another."""
    tokens = [
        grant(a, form(assertion("ES256", "kid-es", claims()))).json["access_token"] for a in (account, Account(), Account(seed=8))
    ]
    assert tokens[0] == tokens[1] != tokens[2]


def test_nobody_and_nonsense_are_strangers(account: Account) -> None:
    """No header, an unknown token, another scheme: 401 with a challenge."""
    for header in ("", "Bearer nope", "Bearer ", "Basic Z29vZA==", "OAuth", "OAuth realm=", "good"):
        found = account.call("GET", f"{RECORD}/customer", authorization=header)
        assert found.problem[:2] == (401, "INVALID_LOGIN"), header
        assert found.json["title"] == "Unauthorized"
        assert 'realm="1234567"' in found.headers["www-authenticate"]


# -- TBA ----------------------------------------------------------------------------------------------
def escaped(text: str) -> str:
    return quote(text, safe="~")


def tba(method: str, url: str, query: dict[str, str], secret: str = "cs", **more: str) -> str:
    """The Authorization header, signed by the book: every oauth_ parameter but the signature, and the query."""
    given = {"oauth_consumer_key": "ck", "oauth_token": "ti", "oauth_nonce": "n1", "oauth_timestamp": str(NOW),
             "oauth_signature_method": "HMAC-SHA256", "oauth_version": "1.0", **more}  # fmt: skip
    pairs = sorted((escaped(k), escaped(v)) for k, v in (given | query).items())
    base = "&".join(escaped(part) for part in (method, url, "&".join(f"{k}={v}" for k, v in pairs)))
    made = hmac.digest(f"{secret}&ts".encode(), base.encode(), hashlib.sha256)
    given["oauth_signature"] = base64.b64encode(made).decode()
    return 'OAuth realm="1234567", ' + ", ".join(f'{k}="{escaped(v)}"' for k, v in given.items())


def test_tba_signature_with_query_and_body_hash(account: Account) -> None:
    """Query parameters and extension parameters are signed; the body hash is checked."""
    raw = b'{"q": "SELECT id FROM customer"}'
    url = f"https://{HOST}{SUITEQL}"
    hash_ = base64.b64encode(hashlib.sha1(raw).digest()).decode()
    header = tba("POST", url, {"limit": "10", "offset": "0"}, oauth_body_hash=hash_)
    query = {"limit": 10, "offset": 0}
    assert account.call("POST", SUITEQL, raw, query=query, authorization=header, prefer="transient").status == 200
    replayed = account.call("POST", SUITEQL, raw, query=query, authorization=header, prefer="transient")
    assert replayed.problem[:2] == (401, "INVALID_LOGIN")
    other = tba("POST", url, {"limit": "10", "offset": "0"}, oauth_body_hash=hash_, oauth_nonce="n2")
    assert account.call("POST", SUITEQL, raw + b" ", query=query, authorization=other, prefer="transient").status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "other"},
        {"oauth_consumer_key": "nobody"},
        {"oauth_token": "nobody"},
        {"oauth_timestamp": str(NOW - 400)},
        {"oauth_timestamp": str(NOW + 400)},
        {"oauth_timestamp": "yesterday"},
        {"oauth_signature_method": "HMAC-SHA1"},
        {"oauth_version": "2.0"},
    ],
)
def test_tba_that_does_not_fit_is_refused(account: Account, wrong: dict[str, str]) -> None:
    """Another secret, key, token, time, method or version: 401."""
    header = tba("GET", f"https://{HOST}{RECORD}/customer", {}, **wrong)
    assert account.call("GET", f"{RECORD}/customer", authorization=header).status == 401


def test_tba_of_another_account_is_refused(account: Account) -> None:
    """The realm is the account's id, whatever its case."""
    header = tba("GET", f"https://{HOST}{RECORD}/customer", {})
    assert (
        account.call("GET", f"{RECORD}/customer", authorization=header.replace('realm="1234567"', 'realm="7654321"')).status
        == 401
    )
    assert account.call("GET", f"{RECORD}/customer", authorization=header).status == 200


def test_revoked_sessions_meet_a_401(account: Account) -> None:
    """An administrator revokes: the next call is a stranger's."""
    account.system.state.sessions.clear()
    assert account.call("GET", f"{RECORD}/customer").status == 401
