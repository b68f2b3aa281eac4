"""Who is calling: OAuth 2.0 bearer tokens by client credentials, and TBA (OAuth 1.0a, HMAC-SHA256).

Source: Token-based Authentication and OAuth 2.0 Client Credentials Flow, as collected in SOURCES.md (read 2026-11).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from simulators.kernel.calls import Call, Outcome
from simulators.kernel.records import Refusal

from .settings import Token
from .state import Account

PARAMETER = re.compile(r'(\w+)="([^"]*)"')
SKEW_MS = 300_000  # memory: about five minutes are tolerated
OPEN_OPERATIONS = frozenset(("token",))


def identify(system: Account, call: Call) -> Outcome:
    """Put the caller's user on the call, or answer 401."""
    if call.operation in OPEN_OPERATIONS:
        return None
    given = call.header(b"authorization")
    scheme = given[:7].lower()
    if scheme == "bearer ":
        call.user = system.state.sessions.user(given[7:].strip(), system.clock())
    elif scheme[:6] == "oauth ":
        call.user = signed(system, call, given[6:])
    if not call.user:
        return system.refuse(call, Refusal("stranger", "invalid login"))
    return None


def signed(system: Account, call: Call, header: str) -> str:
    """The user of a valid TBA signature, else ''. Every oauth_* parameter is signed, named or not; realm and body are not."""
    given = {name: unquote(value) for name, value in PARAMETER.findall(header)}
    token = token_of(system, given)
    if token is None or not fits(system, call, given):
        return ""
    made = signature(call, given, token)
    if not hmac.compare_digest(made.encode(), given.get("oauth_signature", "").encode()):
        return ""
    if not system.state.nonces.fresh(token.token_id, given["oauth_nonce"], given["oauth_timestamp"]):
        return ""
    return token.user


def token_of(system: Account, given: dict[str, str]) -> Token | None:
    tokens: tuple[Token, ...] = system.settings.tokens
    return next(
        (t for t in tokens if (t.consumer_key, t.token_id) == (given.get("oauth_consumer_key"), given.get("oauth_token"))), None
    )


def fits(system: Account, call: Call, given: dict[str, str]) -> bool:
    """Method, version, realm, timestamp and body hash are what this account takes."""
    realm, timestamp = given.get("realm"), given.get("oauth_timestamp", "")
    if (
        given.get("oauth_signature_method") != "HMAC-SHA256"
        or given.get("oauth_version", "1.0") != "1.0"
        or not given.get("oauth_nonce")
    ):
        return False
    if realm is None or realm.upper() != system.settings.account_id.upper():
        return False
    if (
        not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 15)
        or abs(int(timestamp) * 1000 - system.clock()) > SKEW_MS
    ):
        return False
    claimed = given.get("oauth_body_hash")
    return claimed is None or claimed in body_hashes(call.body)


def body_hashes(body: bytes) -> tuple[str, str]:
    # The extension names SHA-1; libraries that sign with HMAC-SHA256 differ on which digest they take. Both are accepted.
    return tuple(base64.b64encode(digest(body).digest()).decode() for digest in (hashlib.sha1, hashlib.sha256))  # type: ignore[return-value]


def signature(call: Call, given: dict[str, str], token: Token) -> str:
    pairs = [(k, v) for k, v in given.items() if k.startswith("oauth_") and k != "oauth_signature"]
    pairs += parse_qsl(call.raw_query.decode("latin-1"), keep_blank_values=True)
    joined = "&".join(f"{k}={v}" for k, v in sorted((escaped(k), escaped(v)) for k, v in pairs))
    text = "&".join((call.method, escaped(call.base.lower() + call.path), escaped(joined)))
    key = f"{escaped(token.consumer_secret)}&{escaped(token.token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def escaped(text: str) -> str:
    return quote(text, safe="~")


def unpadded(text: str) -> bytes:
    """base64url without padding. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def padded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def admit(system: Account, call: Call) -> Outcome:
    """Take a slot of the account's pool, given back when the answer leaves; none left: 429."""
    if call.operation in OPEN_OPERATIONS:
        return None
    pool = system.state.pool
    if not pool.take():
        return system.refuse(call, Refusal("throttled", "too many at once"))
    call.leaving.append(pool.leave)
    return None


def claims_of(part: str, decode: Any) -> dict[str, Any]:
    """A JSON object out of a JWT part. Raises ValueError."""
    found = decode(unpadded(part))
    if type(found) is not dict:
        raise ValueError("no object")
    return found
