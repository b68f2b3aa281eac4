from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.behaviours.auth import Sessions, bearer
from simulators.behaviours.jwt import check_audience, check_times, public_key, verified
from simulators.behaviours.oauth1 import Grant, Signatures
from simulators.kernel.calls import Call
from simulators.kernel.records import Refusal
from tests.simulators.kernel.conftest import World

NOW = 1_790_000_000_000


# -- sessions ---------------------------------------------------------------------------------------
def test_a_session_ends_by_age_by_revocation_and_by_crowding() -> None:
    """What is gone is a stranger; the bound holds."""
    held = Sessions(1000, most=3)
    for n in range(4):
        held.open(f"t{n}", f"u{n % 2}", n)
    assert [held.find(f"t{n}".encode(), 500) for n in range(4)] == [None, ("u1", 1001), ("u0", 1002), ("u1", 1003)]
    assert (held.find(b"t1", 1001), held.revoke_all("u0"), held.revoke(b"t2"), held.revoke(b"t3"), held.revoke_all()) == (
        None,
        1,
        False,
        True,
        0,
    )


def test_the_bearer_stage_lets_in_sessions_and_open_routes(world: World) -> None:
    """Anything else is a stranger, in the vendor's words."""
    system = world.system
    system.state.sessions = Sessions(1000)
    system.state.sessions.open("tok", "ann", NOW)
    handler = next(h for _, _, h in system.room.routes)
    stage = bearer(frozenset({handler}), schemes=(b"bearer ", b"oauth "))

    def enter(header: bytes, *, open_route: bool = False) -> tuple[Any, str]:
        call = Call("GET", "/", b"", {b"authorization": header} if header else {}, b"", "http://sim")
        call.handler = handler if open_route else None
        outcome = stage(system, call)
        return outcome and outcome.status, call.user

    assert [enter(h) for h in (b"Bearer tok", b"OAuth tok", b"bearer  tok")] == [(None, "ann")] * 3
    assert [enter(h) for h in (b"", b"Bearer", b"Bearer x", b"Basic tok", b"tok", b"\xff \xff")] == [(401, "")] * 6
    assert enter(b"", open_route=True) == (None, "")


# -- OAuth 1.0a: the client's side is written here from the RFC, not with the code under test ---------
def enc(text: str) -> str:
    return quote(text, safe="-._~")


def signed_call(
    *,
    path: str = "/r/a%20b",
    query: str = "q=a+b&q=%C3%A9&z=",
    secret: str = "ts",
    base: str = "https://Host.example:443",
    **change: str,
) -> Call:
    given = {"oauth_consumer_key": "ck", "oauth_token": "t", "oauth_nonce": "n1", "oauth_timestamp": str(NOW // 1000),
             "oauth_signature_method": "HMAC-SHA256", "oauth_version": "1.0", "oauth_body_hash": "abc="} | change  # fmt: skip
    pairs = [*given.items(), ("q", "a b"), ("q", "é"), ("z", "")]
    listed = "&".join(f"{k}={v}" for k, v in sorted((enc(k), enc(v)) for k, v in pairs))
    text = f"POST&{enc('https://host.example/r/a%20b')}&{enc(listed)}"
    made = base64.b64encode(hmac.digest(f"cs&{secret}".encode(), text.encode(), hashlib.sha256)).decode()
    fields = ", ".join(f'{k}="{enc(v)}"' for k, v in {"realm": "R", **given, "oauth_signature": made}.items())
    return Call("POST", path, query.encode(), {b"authorization": f"OAuth {fields}".encode()}, b"", base)


@pytest.fixture
def signatures() -> Signatures:
    held = Signatures(skew_ms=300_000, nonces_max=3)
    held.grant("ck", "t", Grant("cs", "ts", "ann"))
    return held


def why(signatures: Signatures, call: Call, now: int = NOW) -> str:
    with pytest.raises(Refusal) as caught:
        signatures.user_of(call, now)
    assert caught.value.code == "stranger"
    return caught.value.field


def test_a_signature_is_taken_once(signatures: Signatures) -> None:
    """Repeated parameters, blanks, an encoded path, a default port and unknown oauth_ fields are part of it; a replay is refused."""
    assert signatures.user_of(signed_call(), NOW) == "ann"
    assert why(signatures, signed_call()) == "oauth_nonce"
    assert signatures.user_of(signed_call(oauth_nonce="n2"), NOW + 299_000) == "ann"


def test_whatever_is_wrong_with_a_signature_is_named(signatures: Signatures) -> None:
    """And a refused call uses up no nonce."""
    assert why(signatures, signed_call(secret="other")) == "oauth_signature"
    assert why(signatures, signed_call(query="q=a+b")) == "oauth_signature"
    assert why(signatures, signed_call(path="/r/else")) == "oauth_signature"
    assert why(signatures, signed_call(oauth_token="x")) == "oauth_token"
    assert why(signatures, signed_call(oauth_signature_method="PLAINTEXT")) == "oauth_signature_method"
    assert why(signatures, signed_call(), NOW + 300_001) == "oauth_timestamp"
    assert why(signatures, signed_call(oauth_timestamp="soon")) == "oauth_timestamp"
    assert why(signatures, signed_call(oauth_timestamp="9" * 30)) == "oauth_timestamp"
    assert why(signatures, signed_call(oauth_nonce="")) == "oauth_nonce"
    assert (
        why(signatures, Call("POST", "/", b"", {b"authorization": b'OAuth oauth_token="\xff'}, b"", "http://h")) == "oauth_token"
    )
    assert signatures.user_of(signed_call(), NOW) == "ann"


def test_nonces_are_remembered_within_bounds(signatures: Signatures) -> None:
    """The oldest go first."""
    for n in range(6):
        signatures.user_of(signed_call(oauth_nonce=f"n{n}"), NOW)
    assert len(signatures.nonces) == 3


# -- assertions ---------------------------------------------------------------------------------------
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ALL = frozenset({"RS256", "PS256", "PS384", "ES256"})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def assertion(algorithm: str, claims: dict[str, Any], kid: str = "k") -> str:
    signed = f"{b64(json.dumps({'alg': algorithm, 'kid': kid}).encode())}.{b64(json.dumps(claims).encode())}"
    digest = SHA384() if algorithm.endswith("384") else SHA256()
    if algorithm.startswith("ES"):
        pair = decode_dss_signature(EC.sign(signed.encode(), ec.ECDSA(digest)))
        mark = b"".join(n.to_bytes(32, "big") for n in pair)
    elif algorithm.startswith("PS"):
        mark = RSA.sign(signed.encode(), padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    else:
        mark = RSA.sign(signed.encode(), padding.PKCS1v15(), digest)
    return f"{signed}.{b64(mark)}"


def keys(header: Any, _claims: Any) -> Any:
    if header.get("kid") != "k":
        return None
    key = (EC if str(header["alg"]).startswith("ES") else RSA).public_key()
    return public_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("algorithm", sorted(ALL))
def test_a_well_signed_assertion_gives_its_claims(algorithm: str) -> None:
    """Every algorithm the vendors name is verified."""
    assert verified(assertion(algorithm, {"iss": "me"}), keys, algorithms=ALL) == {"iss": "me"}


def test_an_assertion_that_proves_nothing_is_refused() -> None:
    """Forged, foreign, unsigned, unreadable or by another key: invalid_grant, never an error of ours."""
    good = assertion("ES256", {"iss": "me"})
    head, body, mark = good.split(".")

    def head_of(**given: Any) -> str:
        return b64(json.dumps(given).encode())

    odd = [
        f"{head}.{head_of(iss='you')}.{mark}",
        f"{head_of(alg='none', kid='k')}.{body}.",
        f"{head_of(alg='ES256', kid='k')}.{body}.{assertion('RS256', {}).split('.')[2]}",
        assertion("ES256", {}, kid="x"),
        f"{head}.{body}.",
        f"{head}.{body}.%%",
        f"{b64(b'[]')}.{body}.{mark}",
        f"{head_of(alg=[], kid='k')}.{body}.{mark}",
        *("", "a.b.c", "..", "é.é.é", "x" * 20_000),
    ]
    for text in odd:
        with pytest.raises(Refusal) as caught:
            verified(text, keys, algorithms=ALL)
        assert caught.value.code == "invalid_grant"


def test_times_and_audience_are_judged_apart() -> None:
    """Expired, too long lived, from the future, for somebody else: refused; a list of audiences may hold ours."""
    now = NOW // 1000
    check_times({"exp": now + 60, "iat": now}, NOW, life_s_max=3600)
    check_times({"exp": now - 5}, NOW, life_s_max=3600, skew_s=10)
    check_audience({"aud": ["a", "us"]}, ("us",))
    for claims in (
        {},
        {"exp": now},
        {"exp": "x"},
        {"exp": True},
        {"exp": now + 4000, "iat": now},
        {"exp": now + 60, "iat": now + 30},
        {"exp": now + 60, "nbf": now + 1},
    ):
        with pytest.raises(Refusal):
            check_times(claims, NOW, life_s_max=3600)
    for audience in (None, "you", [], {}):
        with pytest.raises(Refusal):
            check_audience({"aud": audience}, ("us",))


def test_only_keys_we_can_verify_with_are_taken() -> None:
    """A private key or rubbish is refused when the room is set up."""
    with pytest.raises(ValueError, match="PEM"):
        public_key("-----BEGIN NOTHING-----")
