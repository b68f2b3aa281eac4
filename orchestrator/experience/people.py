"""Who asks, and what they may: bearer tokens with roles, and a rate for each consumer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from orchestrator.experience.problems import Problem
from orchestrator.policies.throttle import Budget, Rate

CONSUMER = Budget(rate_max=50, period_ms=1_000, burst_max=200)
"""What one consumer of our API may ask: fifty a second, after a burst of two hundred."""


@dataclass(frozen=True)
class Person:
    """Who asks. Roles: clerk, billing, reader, evidence, and any role with an authority limit."""

    name: str
    roles: frozenset[str]


class People:
    """The tokens we know, by digest, so that looking one up tells nothing about the others."""

    def __init__(self, tokens: Mapping[str, Person], clock: Callable[[], int], *, budget: Budget = CONSUMER) -> None:
        self._known = {_digest(token): person for token, person in tokens.items()}
        self._clock, self._rates = clock, {person.name: Rate(budget) for person in tokens.values()}

    def who(self, request: Request) -> Person:
        """The person behind a request. Raises Problem 401 without a token we know, 429 above the rate."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        person = self._known.get(_digest(token.strip())) if scheme.lower() == "bearer" else None
        if person is None:
            raise Problem(401, "stranger", "no bearer token this orchestrator knows")
        wait_ms = self._rates[person.name].take(self._clock())
        if wait_ms:
            raise Problem(429, "throttled", f"{person.name} asks too often", retry_after_s=-(-wait_ms // 1000))
        return person

    def having(self, *roles: str) -> Callable[[Request], Coroutine[Any, Any, Person]]:
        """A dependency that lets those pass who have one of the roles."""

        async def allowed(request: Request) -> Person:
            person = self.who(request)
            if not person.roles & set(roles):
                raise Problem(403, "denied", f"{person.name} has none of the roles {', '.join(roles)}")
            return person

        return allowed


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
