"""The OAuth 2 client-credentials sign-in: a JWT assertion signed with ES256, exchanged for an access token of an hour.

The signature is deterministic (RFC 6979), so that no randomness is needed. Source: Using the OAuth 2.0 Client Credentials Flow
(read), 2026-11.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from orchestrator.errors import ConfigError
from orchestrator.ports import Clock
from orchestrator.systems.http import EXPIRY_MARGIN_MS, Bare, SignIn, Token, decoded, encode, excerpt, refusal

PATH = "/services/rest/auth/oauth2/v1/token"
FORM = (("content-type", "application/x-www-form-urlencoded"),)
SKEW_S = 600
"""How far the vendor's clock may be from ours: an assertion is good from so long before now until so long after."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Granted(msgspec.Struct):
    """`expires_in` is a number here and text in other flows of the same vendor."""

    access_token: str
    expires_in: int | str = 3600


_granted = msgspec.json.Decoder(Granted)


def client_credentials(audience: str, client_id: str, certificate_id: str, private_key_pem: str, *, clock: Clock) -> SignIn:
    """Sign in at `audience` (the account's base URL). Raises ConfigError for a key that is no P-256 key."""
    key = load_pem_private_key(private_key_pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(["erp.private_key_pem: wanted a P-256 private key (ES256)"])

    async def sign_in(bare: Bare) -> Token:
        now = clock()
        claims = {
            "iss": client_id,
            "scope": ["rest_webservices"],
            "aud": audience.rstrip("/") + PATH,
            "iat": now // 1000 - SKEW_S,
            "exp": now // 1000 + SKEW_S,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(key, certificate_id, claims),
        }
        answer = await bare("POST", PATH, urlencode(form).encode(), FORM)
        if answer.status != 200:
            raise refusal("erp", "VENDOR_REFUSED", answer, "sign-in", excerpt(answer))
        granted = decoded("erp", _granted, answer)
        return Token("Bearer " + granted.access_token, now + int(granted.expires_in) * 1000 - EXPIRY_MARGIN_MS)

    return sign_in


def assertion(key: ec.EllipticCurvePrivateKey, certificate_id: str, claims: dict[str, object]) -> str:
    """A signed JWT."""
    head = _text(encode({"typ": "JWT", "alg": "ES256", "kid": certificate_id}))
    signed = f"{head}.{_text(encode(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return f"{signed}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
