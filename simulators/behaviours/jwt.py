"""JSON Web Token assertions, as OAuth 2.0 bearer and client-credentials grants use them: verify one, nothing else.

It must not know whose keys they are: a room gives the public keys and says which issuer, audience and life it takes.
Source: RFC 7515, 7518, 7519, 7523 (memory), 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from simulators.kernel.records import Refusal

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
HASHES: dict[str, HashAlgorithm] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
CURVES = {"ES256": ("secp256r1", 32), "ES384": ("secp384r1", 48), "ES512": ("secp521r1", 66)}
ASSERTION_BYTES_MAX = 16_384


def verified(
    assertion: str, keys: Callable[[Mapping[str, Any], Mapping[str, Any]], PublicKey | None], *, algorithms: frozenset[str]
) -> dict[str, Any]:
    """The claims of a well signed assertion. `keys(header, claims)` finds the signer's public key, or None.

    Times and audience are the caller's to judge, with `check_times` and `check_audience`. Raises Refusal 'invalid_grant'.
    """
    if len(assertion) > ASSERTION_BYTES_MAX or assertion.count(".") != 2:
        raise refused("the assertion is no JWS compact serialisation")
    signed, _, mark = assertion.rpartition(".")
    head, _, tail = signed.partition(".")
    header, claims = part(head), part(tail)
    algorithm = header.get("alg", "")
    if not all(
        isinstance(named.get(name, ""), str)
        for named, name in ((header, "alg"), (header, "kid"), (claims, "iss"), (claims, "sub"))
    ):
        raise refused("alg, kid, iss and sub are texts")
    if algorithm not in algorithms:
        raise refused(f"algorithm {algorithm} is not taken; wanted: {', '.join(sorted(algorithms))}")
    key = keys(header, claims)
    if key is None:
        raise refused("no such client, certificate or user")
    try:
        check_signature(key, algorithm, unpadded(mark), signed.encode())
    except (InvalidSignature, ValueError) as error:
        raise refused("the signature does not match") from error
    return claims


def check_times(claims: Mapping[str, Any], now_ms: int, *, life_s_max: int, skew_s: int = 0) -> None:
    """`exp` is ahead, at most `life_s_max` away; `iat` and `nbf`, when given, are past. Raises Refusal 'invalid_grant'."""
    now = now_ms / 1000
    expiry = seconds(claims, "exp")
    if expiry is None or expiry + skew_s <= now:
        raise refused("the assertion has expired")
    begun = seconds(claims, "iat")
    if expiry - (now if begun is None else begun) > life_s_max + skew_s:
        raise refused(f"the assertion lives longer than {life_s_max} s")
    for name in ("iat", "nbf"):
        at = seconds(claims, name)
        if at is not None and at - skew_s > now:
            raise refused(f"{name} lies ahead")


def check_audience(claims: Mapping[str, Any], taken: tuple[str, ...]) -> None:
    """`aud`, text or list, names one of ours. Raises Refusal 'invalid_grant'."""
    given = claims.get("aud")
    named = given if isinstance(given, list) else [given]
    if not any(one in taken for one in named):
        raise refused(f"audience {given} is not ours")


def public_key(pem: str | bytes) -> PublicKey:
    """The public key of a PEM key or certificate. Raises ValueError for anything else."""
    data = pem.encode() if isinstance(pem, str) else pem
    key = load_pem_x509_certificate(data).public_key() if b"CERTIFICATE" in data else load_pem_public_key(data)
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError(f"an RSA or elliptic curve key is wanted, got {type(key).__name__}")
    return key


def check_signature(key: PublicKey, algorithm: str, mark: bytes, signed: bytes) -> None:
    digest = HASHES[algorithm[2:]]
    if isinstance(key, rsa.RSAPublicKey):
        if algorithm.startswith("RS"):
            key.verify(mark, signed, padding.PKCS1v15(), digest)
            return
        if algorithm.startswith("PS"):
            key.verify(mark, signed, padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), digest)
            return
    elif algorithm in CURVES:
        name, size = CURVES[algorithm]
        if key.curve.name == name and len(mark) == 2 * size:
            pair = encode_dss_signature(int.from_bytes(mark[:size], "big"), int.from_bytes(mark[size:], "big"))
            key.verify(pair, signed, ec.ECDSA(digest))
            return
    raise InvalidSignature


def part(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(unpadded(text), type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError) as error:
        raise refused("the assertion cannot be read") from error


def unpadded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no base64url: {error}") from error


def seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(f"{name} is no number")
    return float(value)


def refused(why: str) -> Refusal:
    return Refusal("invalid_grant", why)
