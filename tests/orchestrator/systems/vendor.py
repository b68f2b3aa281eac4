"""A scripted vendor: answers requests from a table of small functions, remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orchestrator.policies.gate import Door, Gate
from orchestrator.policies.throttle import Budget
from orchestrator.systems.http import Link, Token, Wiring

NEVER = 10**15


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def say(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer; header names with underscores for hyphens."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


@dataclass
class Asked:
    """One request, taken apart."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Script = Callable[[Asked], Any]


@dataclass
class Vendor:
    """`script` answers each request: an Answer, an exception to raise, or seconds to stay silent."""

    script: Script
    asked: list[Asked] = field(default_factory=list)

    async def send(self, request: Any) -> Answer:
        parts = urlsplit(request.url)
        raw = request.body
        body = json.loads(raw) if raw[:1] in (b"{", b"[") else raw.decode()
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        asked = Asked(request.method, parts.path, query, dict(request.headers), body)
        self.asked.append(asked)
        said = self.script(asked)
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, (int, float)):
            await asyncio.sleep(said)
            return say(200)
        return said

    def link(
        self, system: str = "erp", *, clock: Callable[[], int] = lambda: 0, sign_in: Any = None, timeout_s: float = 5.0
    ) -> Link:
        gate = Gate(Door(system, Budget(concurrency_max=20)), clock)
        return Link(Wiring(system, f"https://{system}.test", self.send, clock, gate, sign_in or forever, timeout_s))


async def forever(_bare: Any) -> Token:
    return Token("Bearer t", NEVER)


def in_turn(*answers: Any) -> Script:
    """Answer the first request with the first, and so on; the last one for ever."""
    left = list(answers)

    def script(_asked: Asked) -> Any:
        return left.pop(0) if len(left) > 1 else left[0]

    return script
