"""Who is calling: bearer sessions, and OAuth 1.0a signatures. A room says how its header reads and how a stranger is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import quote, unquote

from simulators.kernel.records import Refusal

PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def bearer(open_routes=frozenset()):
    def identify(system, call):
        if call.handler in open_routes:
            return None
        given = call.headers.get(b"authorization", b"")
        session = system.memory["sessions"].get(given[7:]) if given[:7].lower() == b"bearer " else None
        if session is None:
            if given[:6].lower() == b"oauth " and (user := signed(system, call, given.decode())):
                call.user = user
                return None
            return system.room.refuse(system, call, Refusal("stranger", "Session expired or invalid"))
        if session[1] <= system.clock():
            del system.memory["sessions"][given[7:]]
            return system.room.refuse(system, call, Refusal("stranger", "Session expired or invalid"))
        call.user = session[0]

    return identify


def signed(system, call, header: str) -> str:
    """Return the user of a valid OAuth 1.0a HMAC-SHA256 signature, else ''. Every oauth_* parameter is signed, named or not."""
    given = {k: unquote(v) for k, v in PARAMETER.findall(header)}
    secrets = system.memory.get("tokens", {}).get((given.get("oauth_consumer_key"), given.get("oauth_token")))
    if secrets is None or given.get("oauth_signature_method") != "HMAC-SHA256":
        return ""
    pairs = [(k, v) for k, v in given.items() if k.startswith("oauth_") and k != "oauth_signature"] + list(call.query.items())
    encoded = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in pairs)
    text = "&".join(
        (call.method, quote(call.base + call.path, safe="~"), quote("&".join(f"{k}={v}" for k, v in encoded), safe="~"))
    )
    key = f"{quote(secrets[0], safe='~')}&{quote(secrets[1], safe='~')}"
    made = base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()
    return secrets[2] if hmac.compare_digest(made, given.get("oauth_signature", "")) else ""
