"""What the firm asks of the world: hands and eyes in the vendors' own UIs, and the exceptions desk of the orchestrator.

The world supplies both. An outage stops hands and desk alike: they raise ActRefused("unavailable").
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Protocol

import simpy

RETRYABLE = frozenset({"unavailable", "throttled", "quota", "locked", "server_error"})

Steps = Generator[simpy.Event, Any, None]


class ActRefused(Exception):
    """A system did not do what a person asked. `code` is the domain's refusal code, `message` its words."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)  # SimPy makes an exception again from its arguments
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code

    @property
    def retryable(self) -> bool:
        """Whether the same act may succeed later, unchanged."""
        return self.code in RETRYABLE


class Done(Protocol):
    """What an act returns: the vendor's id of the record."""

    @property
    def id(self) -> Any: ...


class People(Protocol):
    """A person at the screen of a system."""

    def act(self, system: str, verb: str, kind: str, key: str, values: dict[str, Any], user: str, at: int) -> Done:
        """Do `verb`; `key` is the natural key, "id:<vendor id>", or "" on creating a kind without one. Raises ActRefused."""
        ...

    def look(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]]:
        """Return the records a person sees, domain fields and id. Raises ActRefused."""
        ...


class Desk(Protocol):
    """The orchestrator's API for people. Every call may raise ActRefused."""

    def exceptions(self, queue: str) -> Coroutine[Any, Any, list[dict[str, Any]]]: ...

    def resubmit(self, id: str, note: str) -> Coroutine[Any, Any, Any]: ...

    def waive(self, id: str, reason: str, role: str = "clerk") -> Coroutine[Any, Any, Any]: ...

    def start_billing(self, entity: str, period: str, cut_off: int) -> Coroutine[Any, Any, Any]: ...


class Loop(Protocol):
    """The bridge from a SimPy process to a coroutine: `result = yield loop.as_event(coro)`."""

    def as_event(self, coro: Coroutine[Any, Any, Any], name: str | None = None) -> Any: ...
