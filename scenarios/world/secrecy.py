"""What nobody should be able to read: looks for secrets in the orchestrator's log and in its answers, and writes down what it finds.

The finding names the place and the kind of secret, never the secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from scenarios.history import Mark

LEAKS_MAX = 20
KINDS = {
    "bearer": "a bearer token",
    "signed": "a signed token",
    "session": "a session id",
    "key": "a private key",
    "form": "a credential in a form",
    "own": "a secret of this run",
}
SHAPES = r"""(?P<bearer>\bBearer\s+[\w.~+/-]{8,})|(?P<signed>\beyJ[\w-]{8,}\.[\w-]{8,})|(?P<session>\b00D\w{12,15}![\w.]{8,})
    |(?P<key>-----BEGIN[ A-Z]*PRIVATE\ KEY)|(?P<form>\b(?:client_secret|client_assertion|password|oauth_token)=[^&\s"]{4,})"""


class Reader:
    """Reads along. `secrets` are this run's own; `report` writes the marks."""

    def __init__(self, secrets: Iterable[str]) -> None:
        own = "|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True))
        self._find = re.compile(f"{SHAPES}|(?P<own>{own})", re.VERBOSE).search
        self.lines = self.answers = 0
        self.leaks: list[str] = []

    def line(self, text: str) -> None:
        """One line of the log."""
        self.lines += 1
        self._look("a line of the log", text)

    def answer(self, path: str, body: bytes) -> None:
        """One answer of the orchestrator's own API."""
        self.answers += 1
        self._look(f"the answer of {path.partition('?')[0]}", body.decode("utf-8", "replace"))

    def report(self, at: int, take: Callable[[Mark], None]) -> None:
        """Write down how much was read, and what was found."""
        take(Mark(at, "read", f"{self.lines} log lines, {self.answers} answers"))
        if self.leaks:
            take(Mark(at, "leak", "; ".join(self.leaks)))

    def _look(self, where: str, text: str) -> None:
        found = self._find(text)
        if found is not None and len(self.leaks) < LEAKS_MAX:
            told = f"{where} holds {KINDS[str(found.lastgroup)]}"
            if told not in self.leaks:
                self.leaks.append(told)
