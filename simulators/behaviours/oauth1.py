"""OAuth 1.0a signatures: HMAC over method, URL and parameters, with nonce and timestamp checks. Mechanism only.

Source: RFC 5849 sections 3.2 to 3.4 (memory), 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import OrderedDict
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from simulators.kernel.calls import Call
from simulators.kernel.records import Refusal

PARAMETER = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
METHODS = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}
PORTS = {"http": 80, "https": 443}


class Grant(NamedTuple):
    consumer_secret: str
    token_secret: str
    user: str


class Signatures:
    """Known consumers and tokens, and the nonces seen lately. Bounded: `nonces_max`, the oldest go first."""

    def __init__(self, *, skew_ms: int, methods: tuple[str, ...] = ("HMAC-SHA256",), nonces_max: int = 100_000) -> None:
        assert set(methods) <= set(METHODS), f"unknown signature methods {methods}"
        self.skew_ms, self.methods, self.nonces_max = skew_ms, methods, nonces_max
        self.grants: dict[tuple[str, str], Grant] = {}
        self.nonces: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def grant(self, consumer: str, token: str, grant: Grant) -> None:
        self.grants[consumer, token] = grant

    def user_of(self, call: Call, now: int) -> str:
        """The user who signed. Raises Refusal 'stranger', `field` naming what was wrong. A replayed nonce is refused."""
        given = {k: unquote(v) for k, v in PARAMETER.findall(call.header(b"authorization"))}
        grant = self.grants.get((given.get("oauth_consumer_key", ""), given.get("oauth_token", "")))
        if grant is None:
            raise stranger("oauth_token")
        method = given.get("oauth_signature_method", "")
        if method not in self.methods:
            raise stranger("oauth_signature_method")
        stamp = given.get("oauth_timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12) or abs(int(stamp) * 1000 - now) > self.skew_ms:
            raise stranger("oauth_timestamp")
        made = signature(call, given, grant, method)
        if not hmac.compare_digest(made.encode(), given.get("oauth_signature", "").encode()):
            raise stranger("oauth_signature")
        self._use_once((given["oauth_consumer_key"], given.get("oauth_nonce", ""), stamp), now)
        return grant.user

    def _use_once(self, nonce: tuple[str, str, str], now: int) -> None:
        if not nonce[1] or nonce in self.nonces:
            raise stranger("oauth_nonce")
        self.nonces[nonce] = now
        while len(self.nonces) > self.nonces_max or next(iter(self.nonces.values())) < now - 2 * self.skew_ms:
            self.nonces.popitem(last=False)


def stranger(field: str) -> Refusal:
    return Refusal("stranger", f"Invalid login attempt: {field}", field=field)


def signature(call: Call, given: dict[str, str], grant: Grant, method: str) -> str:
    """What the header's signature must be. Every parameter of the header but the realm is signed, named by us or not."""
    pairs = [(k, v) for k, v in given.items() if k not in ("realm", "oauth_signature")]
    pairs += parse_qsl(call.raw_query.decode("utf-8", "replace"), keep_blank_values=True)
    if call.header(b"content-type").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    listed = "&".join(f"{k}={v}" for k, v in sorted((escape(k), escape(v)) for k, v in pairs))
    text = "&".join((call.method.upper(), escape(base_url(call)), escape(listed)))
    key = f"{escape(grant.consumer_secret)}&{escape(grant.token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), METHODS[method])).decode()


def base_url(call: Call) -> str:
    """Scheme, host and path as the client sees them: from its Host header, the default port left out."""
    parts = urlsplit(call.base)
    host = parts.netloc.lower().removesuffix(f":{PORTS.get(parts.scheme, 0)}")
    return f"{parts.scheme}://{host}{call.path}"


def escape(text: str) -> str:
    return quote(text, safe="~")
