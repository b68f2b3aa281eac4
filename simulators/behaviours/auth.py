"""Who is calling: bearer sessions that expire and can be revoked. A room says how tokens read and how a stranger is refused.

A room keeps its sessions as `state.sessions`; faults revoke them there. Signatures live in `oauth1.py`, assertions in `jwt.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simulators.kernel.calls import Call, Handler, Outcome, Stage
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System

Signed = Callable[[System[Any], Call], str]  # the user of a signed call; raises Refusal 'stranger'


class Session(NamedTuple):
    user: str
    until: int  # ms


class Sessions:
    """Tokens and whose they are. Bounded: beyond `most` the oldest is forgotten, as if it had expired."""

    def __init__(self, life_ms: int, most: int = 10_000) -> None:
        self.life_ms, self.most, self.made = life_ms, most, 0
        self.held: dict[bytes, Session] = {}

    def open(self, token: str, user: str, now: int) -> Session:
        """Remember a token for `life_ms` from `now`. The room words the token; it must be new."""
        self.made += 1
        session = self.held[token.encode()] = Session(user, now + self.life_ms)
        if len(self.held) > self.most:
            del self.held[next(iter(self.held))]
        return session

    def find(self, token: bytes, now: int) -> Session | None:
        """The session, or None for a stranger; an expired one is forgotten."""
        session = self.held.get(token)
        if session is not None and session.until <= now:
            del self.held[token]
            return None
        return session

    def revoke(self, token: bytes) -> bool:
        return self.held.pop(token, None) is not None

    def revoke_all(self, user: str = "") -> int:
        """Forget every session, or those of one user; how many there were."""
        gone = [token for token, session in self.held.items() if not user or session.user == user]
        for token in gone:
            del self.held[token]
        return len(gone)


def bearer(
    open_routes: frozenset[Handler] = frozenset(), *, schemes: tuple[bytes, ...] = (b"bearer ",), signed: Signed | None = None
) -> Stage:
    """Make the stage that identifies the caller by `state.sessions`, or by an OAuth 1.0a signature when `signed` is given.

    `schemes` are lower-case and end in a blank. Handlers in `open_routes` need nobody.
    """

    def identify(system: System[Any], call: Call) -> Outcome:
        if call.handler in open_routes:
            return None
        given = call.headers.get(b"authorization", b"")
        scheme, blank, token = given.partition(b" ")
        scheme = scheme.lower() + blank
        if signed is not None and scheme == b"oauth ":
            try:
                call.user = signed(system, call)
            except Refusal as refusal:
                return system.refuse(call, refusal)
            return None
        session = system.state.sessions.find(token.strip(), system.clock()) if scheme in schemes else None
        if session is None:
            return system.refuse(call, Refusal("stranger", "Session expired or invalid"))
        call.user = session.user
        return None

    return identify
