"""Signing in: OAuth 2.0 tokens for passwords, client credentials and RS256 assertions; who a session is; giving it up.

Errors of the token endpoint have their own shape, {"error", "error_description"}. Tokens are made from seed and number, so that
a run repeats them. Source: reference 1.2, 2026-11-20.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from binascii import Error as BadBase64
from collections.abc import Mapping
from typing import Any

from simulators.behaviours.auth import Session
from simulators.behaviours.jwt import PublicKey, check_audience, check_times, public_key, verified
from simulators.kernel.calls import Call, Outcome, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from .errors import JSON
from .ids import long_id, user_id
from .settings import OrgUser, SalesforceSettings
from .state import Org

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE_S = 300
SKEW_S = 180
SCOPE = "api web"
EXP_DIGITS_MAX = 12


class Rejected(Exception):
    """A token request that ends without one."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


def token(system: System[Org], call: Call) -> Reply:
    """POST /services/oauth2/token."""
    form = call.form()
    try:
        user = granted(system, call, form)
    except Rejected as no:
        call.error = no.error
        return Reply(no.status, json_bytes({"error": no.error, "error_description": no.description}), JSON)
    return Reply(200, json_bytes(session_document(system, call, user, form.get("grant_type", ""))), JSON)


def granted(system: System[Org], call: Call, form: Mapping[str, str]) -> OrgUser:
    """Who gets a session. Raises Rejected."""
    settings, kind = system.settings, form.get("grant_type", "")
    if kind == JWT_GRANT:
        return by_assertion(system, form.get("assertion", ""))
    if kind not in ("password", "client_credentials"):
        raise Rejected("unsupported_grant_type", "grant type not supported")
    check_client(settings, *client_of(call, form))
    if kind == "client_credentials":
        return system.state.users[(settings.run_as or settings.users[0].username).lower()]
    if not settings.password_grant_enabled:
        raise Rejected("invalid_grant", "authentication failure")
    user = system.state.users.get(form.get("username", "").lower())
    given = form.get("password", "")
    if user is None or not user.password or not same(given, user.password + user.security_token):
        raise Rejected("invalid_grant", "authentication failure")
    return user


def client_of(call: Call, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, from the form or from a Basic header."""
    if "client_id" in form:
        return form["client_id"], form.get("client_secret", "")
    scheme, _, given = call.header(b"authorization").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        key, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (BadBase64, ValueError) as error:
        raise Rejected("invalid_client", "invalid client credentials", 401) from error
    return key, secret


def check_client(settings: SalesforceSettings, key: str, secret: str) -> None:
    if not same(key, settings.consumer_key):
        raise Rejected("invalid_client_id", "client identifier invalid")
    if not same(secret, settings.consumer_secret):
        raise Rejected("invalid_client", "invalid client credentials")


def same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def by_assertion(system: System[Org], assertion: str) -> OrgUser:
    """The user an RS256 assertion speaks for. Its `exp` may be text: a widespread client writes it so."""
    settings = system.settings
    if not settings.jwt_public_key:
        raise Rejected("invalid_grant", "user hasn't approved this consumer")
    key = public_key(settings.jwt_public_key)

    def ours(_header: Mapping[str, Any], claims: Mapping[str, Any]) -> PublicKey | None:
        return key if claims.get("iss") == settings.consumer_key else None

    try:
        claims = verified(assertion, ours, algorithms=frozenset({"RS256"}))
        check_times(numeric_times(claims), system.clock(), life_s_max=ASSERTION_LIFE_S, skew_s=SKEW_S)
        if settings.jwt_audiences:
            check_audience(claims, settings.jwt_audiences)
    except Refusal as refusal:
        raise Rejected("invalid_grant", described(refusal.message)) from refusal
    user = system.state.users.get(str(claims.get("sub", "")).lower())
    if user is None:
        raise Rejected("invalid_grant", "user hasn't approved this consumer")
    return user


def numeric_times(claims: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(claims)
    for name in ("exp", "iat", "nbf"):
        value = made.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= EXP_DIGITS_MAX:
            made[name] = int(value)
    return made


def described(why: str) -> str:
    """The vendor's phrase for what is wrong with an assertion."""
    if "audience" in why:
        return "audience is invalid"
    return "expired authorization code" if "expired" in why else "invalid assertion"


def session_document(system: System[Org], call: Call, user: OrgUser, grant: str) -> dict[str, Any]:
    made = open_session(system, user.username)
    base, issued = call.base, str(system.clock())
    identity = f"{base}/id/{long_id(system.state.org_id[:15])}/{user_id(user.username)}"
    document = {"access_token": made, "instance_url": base, "id": identity, "token_type": "Bearer"}
    if grant == JWT_GRANT:
        return {**document, "scope": SCOPE}
    secret = system.settings.consumer_secret.encode()
    signature = base64.b64encode(hmac.digest(secret, (identity + issued).encode(), hashlib.sha256)).decode()
    document |= {"issued_at": issued, "signature": signature}
    return document if grant == "password" else {**document, "scope": SCOPE, "api_instance_url": base}


def open_session(system: System[Org], username: str) -> str:
    """A new session's token: the org's id, an exclamation mark, and what looks like noise."""
    sessions = system.state.sessions
    drawn = hashlib.blake2b(b"session|%d|%d" % (system.seed, sessions.made + 1), digest_size=48).digest()
    made = f"{system.state.org_id[:15]}!{base64.b64encode(drawn, altchars=b'._').decode()}"
    sessions.open(made, username, system.clock())
    return made


def stay_awake(system: System[Org], call: Call) -> Outcome:
    """A session lives as long as it is used: each call begins its time anew."""
    if call.user:
        sessions, key = system.state.sessions, call.headers[b"authorization"].partition(b" ")[2].strip()
        sessions.held[key] = Session(call.user, system.clock() + sessions.life_ms)
    return None


def revoke(system: System[Org], call: Call) -> Reply:
    """POST /services/oauth2/revoke."""
    given = call.form().get("token") or call.query.get("token", "")
    if not system.state.sessions.revoke(given.encode()):
        return Reply(
            400, json_bytes({"error": "unsupported_token_type", "error_description": "this token type is not supported"}), JSON
        )
    return Reply(200)


def userinfo(system: System[Org], call: Call) -> Reply:
    """GET /services/oauth2/userinfo and the identity URL of the token answer."""
    user = system.state.users[call.user.lower()]
    person = user_id(user.username)
    org = long_id(system.state.org_id[:15])
    document = {
        "sub": f"{call.base}/id/{org}/{person}",
        "user_id": person,
        "organization_id": org,
        "username": user.username,
        "preferred_username": user.username,
        "name": user.name or user.username,
        "email": user.username,
        "active": True,
        "urls": {
            "rest": f"{call.base}/services/data/v{{version}}/",
            "sobjects": f"{call.base}/services/data/v{{version}}/sobjects/",
        },
    }
    return Reply(200, json_bytes(document), JSON)
