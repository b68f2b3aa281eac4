"""Everything the orchestrator raises on purpose, as one tree; knows no vendor, no engine and no store.

    OrchestratorError
    |- EffectError                       how one effect ended, when it did not end as done
    |  |- Refused(code, why)             surely not done, and trying again would not help -> exceptions desk
    |  |- Transient(why)                 surely not done, trying again may help           -> retry
    |  |  `- Held(why)                   not even sent (breaker, budget)                  -> retry, counts as no attempt
    |  `- Unknown(why)                   may or may not be done                           -> settle, probe, retry
    |- BusinessException(code, why)      a rule of the business refuses                   -> exceptions desk
    |  `- Refused                        (so a process may catch both by one name)
    |- Full(what, limit)                 a bound is reached; the caller is pushed back, nothing was taken
    |- Denied(what)                      who asks may not: no role, or above the limit of authority
    |- Missing(what)                     no such thing
    |- Conflict(what)                    the thing is in another state than the request assumes
    |- StoreError                        the store cannot be used as it is
    |  |- StoreLocked(path)              another process holds the file
    |  `- StoreTaken(path)               another process has opened it since: nothing may be written any more
    `- ConfigError(problems)             every problem found in the configuration, reported together

Outside the tree: `Abandon`, which is no error but a process's decision, and is a BaseException so that a
process that handles errors cannot swallow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class OrchestratorError(Exception):
    """The base of every error the orchestrator raises on purpose."""


class EffectError(OrchestratorError):
    """One effect on another system did not end as done."""


class BusinessException(OrchestratorError):
    """A rule of the business refuses; a clerk has to look at it.

    `facts` are the JSON-able fields a clerk needs: subject, source, amount_minor, currency, field, system, ...
    """

    def __init__(self, code: str, why: str = "", **facts: Any) -> None:
        super().__init__(code, why)
        self.code, self.why, self.facts = code, why, facts

    def __str__(self) -> str:
        return f"{self.code}: {self.why}" if self.why else self.code


class Refused(BusinessException, EffectError):
    """Surely not done, and sending it again unchanged would not help."""


class Transient(EffectError):
    """Surely not done; sending it again later may help. `system` names who refused, for `Engine.wake`."""

    def __init__(self, why: str = "", retry_after_ms: int = 0, *, system: str = "") -> None:
        super().__init__(why)
        self.retry_after_ms, self.system = retry_after_ms, system


class Held(Transient):
    """Not even sent: the breaker is open or the budget is spent. Counts as no attempt, only against the deadline."""


class Unknown(EffectError):
    """May or may not be done; only asking the system can tell."""

    def __init__(self, why: str = "", *, system: str = "") -> None:
        super().__init__(why)
        self.system = system


class Full(OrchestratorError):
    """A bound is reached: nothing was taken, the caller tries again after `retry_after_s`."""

    def __init__(self, what: str, limit: int, retry_after_s: int = 5) -> None:
        super().__init__(f"{what} is full at {limit}: nothing was taken, try again in {retry_after_s} s")
        self.what, self.limit, self.retry_after_s = what, limit, retry_after_s


class Denied(OrchestratorError):
    """Who asks may not do this: no role for it, or it is above the limit of authority."""


class Missing(OrchestratorError):
    """No such thing."""


class Conflict(OrchestratorError):
    """The thing is in another state than the request assumes; nothing was changed."""


class StoreError(OrchestratorError):
    """The store cannot be used as it is; the message says what to do."""


class StoreLocked(StoreError):
    """Another process holds the store's file."""

    def __init__(self, path: str) -> None:
        super().__init__(f"store {path} is held by another process: stop that one first, one process owns the file")
        self.path = path


class StoreTaken(StoreError):
    """Another process has opened the store since; what this one would write is refused."""

    def __init__(self, path: str) -> None:
        super().__init__(f"store {path} was taken over by another process: this one has to stop")
        self.path = path


class ConfigError(OrchestratorError):
    """Every problem found in the configuration, together."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Abandon(BaseException):
    """The process gives up: undo what was done, newest first. Never caught by a process."""
