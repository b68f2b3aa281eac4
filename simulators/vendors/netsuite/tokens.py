"""The token endpoint: an access token for an assertion that the account can verify with a certificate it knows.

The token is deterministic (a digest over seed and number), so that runs repeat; it is opaque to callers, who must not read it.
Source: Using the OAuth 2.0 Client Credentials Flow, POST Request to the Token Endpoint (read 2026-11); error codes: RFC 6749.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import load_pem_x509_certificate

from simulators.kernel.calls import Call, Reply
from simulators.kernel.wire import json_bytes

from .identity import claims_of, padded, unpadded
from .settings import Certificate
from .state import Account

JSON = ((b"content-type", b"application/json"),)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = frozenset(("restlets", "rest_webservices", "suite_analytics"))
LIFE_MAX_S, SKEW_S = 3600, 300
HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVE_BYTES = {"256": 32, "384": 48, "512": 66}
ALGORITHMS = frozenset(kind + size for kind in ("PS", "ES") for size in HASHES)  # RS256 is not among them
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path


class Refused(Exception):
    """Not a vendor refusal: the RFC 6749 error code of this endpoint alone."""


def token(system: Account, call: Call) -> Reply:
    """Grant an access token, or say why not, in RFC 6749's shape."""
    try:
        user = granted(system, call)
    except Refused as refused:
        return Reply(400, json_bytes({"error": str(refused)}), JSON)
    sessions = system.state.sessions
    sessions.made += 1
    digest = hashlib.blake2b(f"{system.seed}|{sessions.made}".encode(), digest_size=24).digest()
    now_s = system.clock() // 1000
    life_s = system.settings.session_ms // 1000
    claims = {"sub": "3;-5", "aud": ["1;" + system.settings.account_id], "scope": ["rest_webservices"], "iss": "https://system.netsuite.com",
              "iat": now_s, "exp": now_s + life_s}  # fmt: skip
    made = (
        f"{padded(json_bytes({'typ': 'JWT', 'alg': 'RS256', 'kid': 'simulated'}))}.{padded(json_bytes(claims))}.{padded(digest)}"
    )
    sessions.open(made, user, system.clock() + system.settings.session_ms)
    return Reply(200, json_bytes({"access_token": made, "expires_in": life_s, "token_type": "Bearer"}), JSON)


def granted(system: Account, call: Call) -> str:
    """The user that a valid request stands for. Raises Refused."""
    form = call.form()
    if form.get("grant_type") != "client_credentials":
        raise Refused("unsupported_grant_type" if form.get("grant_type") else "invalid_request")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        raise Refused("invalid_request")
    parts = form["client_assertion"].split(".")
    try:
        header, claims = (claims_of(part, msgspec.json.decode) for part in parts[:2])
        made = unpadded(parts[2]) if len(parts) == 3 else b""
    except (ValueError, msgspec.DecodeError) as error:
        raise Refused("invalid_request") from error
    known: tuple[Certificate, ...] = system.settings.certificates
    certificate = next((c for c in known if c.kid == header.get("kid") and c.client_id == claims.get("iss")), None)
    if certificate is None:
        raise Refused("invalid_client")
    if header.get("alg") not in ALGORITHMS or not verified(certificate, header["alg"], ".".join(parts[:2]).encode(), made):
        raise Refused("invalid_grant")
    if not timely(claims, system.clock() // 1000) or not addressed(claims, call):
        raise Refused("invalid_grant")
    if not scoped(claims):
        raise Refused("invalid_scope")
    return certificate.user


def timely(claims: dict[str, Any], now_s: int) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) not in (int, float) or type(expires) not in (int, float):
        return False
    return issued - SKEW_S <= now_s < expires and expires - issued <= LIFE_MAX_S  # type: ignore[operator]


def addressed(claims: dict[str, Any], call: Call) -> bool:
    """The audience is this token endpoint; behind a proxy only the path can be compared."""
    audience = claims.get("aud")
    urls = audience if type(audience) is list else [audience]
    return any(type(url) is str and url.rstrip("/").endswith(TOKEN_PATH) for url in urls) and call.path.rstrip("/") == TOKEN_PATH


def scoped(claims: dict[str, Any]) -> bool:
    """A list, or text separated by commas or blanks; all known, and REST among them."""
    scope = claims.get("scope")
    words = scope.replace(",", " ").split() if type(scope) is str else scope
    if type(words) is not list or not all(type(w) is str for w in words):
        return False
    return "rest_webservices" in words and SCOPES.issuperset(words)


def verified(certificate: Certificate, algorithm: str, text: bytes, made: bytes) -> bool:
    key, digest = public_key(certificate.public_pem), HASHES[algorithm[2:]]
    try:
        if algorithm[:2] == "PS" and isinstance(key, rsa.RSAPublicKey):
            key.verify(made, text, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            return True
        if algorithm[:2] == "ES" and isinstance(key, ec.EllipticCurvePublicKey):
            size = CURVE_BYTES[algorithm[2:]]
            if len(made) != 2 * size or (key.key_size + 7) // 8 != size:
                return False
            r, s = int.from_bytes(made[:size], "big"), int.from_bytes(made[size:], "big")
            key.verify(encode_dss_signature(r, s), text, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        return False
    return False


@lru_cache(maxsize=16)
def public_key(pem: str) -> Any:
    """The key of a PEM public key or certificate; cached by its text, which is all it depends on."""
    raw = pem.encode()
    if b"CERTIFICATE" in raw:
        return load_pem_x509_certificate(raw).public_key()
    return serialization.load_pem_public_key(raw)
