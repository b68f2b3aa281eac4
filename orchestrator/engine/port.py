"""The durable-execution port: what a process may ask for, and what an engine must supply.

A process is written once against `Run`; `conduct.py` gives `Run` its meaning once, in terms of the three verbs
of `Journal`; an engine is a `Journal` plus a way to start, wake and list runs. Times are integer ms. Nothing here
names a database: a distributed engine implements the same protocols.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from orchestrator.errors import Abandon, BusinessException, EffectError, Full, Held, Refused, Transient, Unknown
from orchestrator.policies.effect import correlation, effect_key
from orchestrator.policies.retry import Retry

__all__ = [
    "Abandon", "BusinessException", "EffectError", "Engine", "Entry", "Full", "Held", "Journal", "Json", "NonDeterministic",
    "Process", "Refused", "Retry", "Run", "RunView", "Signal", "Transient", "Unknown", "correlation", "effect_key",
]  # fmt: skip

Json = Any
T = TypeVar("T")


@dataclass(frozen=True)
class Signal:
    """A message a run waited for. An envelope, because an empty payload is not a timeout."""

    name: str
    payload: Json
    at: int


class Run(Protocol):
    """One durable run, as its process sees it. Sequential: never used by two tasks at once."""

    id: str
    key: str

    def now(self) -> int:
        """The instant (ms) of the newest journal entry: the same on every replay. Never the wall clock."""

    async def read(self, fn: Callable[..., Awaitable[T]], *args: Any, name: str | None = None, retry: Retry = ...) -> T:
        """Ask a system without changing it. Journalled, so a replay sees the same answer; asked again after a resubmit.

        Raises BusinessException: refused, or attempts exhausted (the engine parks it if the process does not catch it).
        """

    async def step(
        self,
        fn: Callable[..., Awaitable[T]],
        *args: Any,
        name: str | None = None,
        undo: Callable[[T], Awaitable[Any]] | None = None,
        probe: Callable[..., Awaitable[T | None]] | None = None,
        retry: Retry = ...,
    ) -> T:
        """Have one effect, once. `fn(*args)` must end as value (done), Refused, Transient or Unknown.

        probe(*args) -> T | None: looked up by OUR external key before acting again when the outcome is unknown, or the
        run was cut off here; not before `retry.settle_ms` after the last act. Required unless the system honours
        `effect_key` or an external id. undo(result): run newest first if the run is abandoned; may park on its own; needs to
        be repeatable. Arguments and result are JSON by value: the process gets the decoded copy even the first time.
        """

    async def wait(self, signal: str, deadline: int | None) -> Signal | None:
        """The oldest unseen signal of that name, also one sent before the wait; None only when the deadline passed."""

    async def sleep_until(self, due: int) -> None:
        """Leave memory until `due`; at once when it is past."""

    async def publish(self, event: Any) -> None:
        """Put a domain event in the outbox once; its id is `<run id>/publish:<type>`.

        The type is the event's `type` field, or its class name; the subject its `subject` field, or the run's key.
        """


@dataclass(frozen=True)
class Process:
    """One version of a durable process. Every version with runs in flight stays registered.

    `key(given)`: runs of one key go one after another. `root(given)`: the correlation sent to vendors; the key if None.
    """

    name: str
    version: int
    key: Callable[[Any], str]
    fn: Callable[..., Awaitable[Any]]
    accepts: Any = object
    root: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class RunView:
    """One run as operators and the desk see it. States: ready waiting retrying parked stuck done abandoned."""

    id: str
    process: str
    version: int
    key: str
    state: str
    detail: Json
    correlation: str
    wake_at: int | None
    started_at: int
    ended_at: int | None
    result: Json = None


@dataclass(frozen=True)
class Entry:
    """One line of a run's journal."""

    position: int
    name: str
    value: Json


class Engine(Protocol):
    """Starts, wakes and lists runs. Everything a process may not do for itself."""

    async def start(self, process: str, given: Any, *, id: str) -> str:
        """Queue a run on the newest version. Idempotent by id. Raises Full when the backlog bound is reached.

        One caller per key at a time, or order within the key is not promised.
        """

    async def signal(self, run_id: str, name: str, payload: Json = None, *, id: str) -> bool:
        """Deliver once per `id`. False: no such open run; the caller keeps it in its inbox. Raises Full."""

    async def resubmit(self, run_id: str, *, redo: Collection[str] = (), by: str) -> bool:
        """Open a new pass of a parked run; `redo` names done steps to do again. False: it is not parked."""

    async def abandon(self, run_id: str, *, reason: str, by: str) -> bool:
        """Undo and end an open run, interrupting its waits and backoffs. False: no such open run."""

    async def waive(self, run_id: str, *, by: str) -> bool:
        """Skip an undo that cannot be done. False: the run is not parked while undoing."""

    async def wake(self, system: str) -> int:
        """Make runs that back off from a sure failure of `system` due at once; how many. Settling runs keep waiting."""

    async def run(self, run_id: str) -> RunView | None:
        """One run, ended ones included until retention."""

    async def runs(
        self, *, state: str | None = None, process: str | None = None, key: str | None = None, limit: int = 100
    ) -> Sequence[RunView]:
        """The newest `limit` runs that match, oldest of them first."""

    async def history(self, run_id: str) -> Sequence[Entry]:
        """A run's journal, oldest first; empty for an unknown run."""

    async def in_flight(self) -> Mapping[tuple[str, int], int]:
        """Open runs by (process, version): a version with none may be deleted."""

    def idle(self) -> bool:
        """No run is in memory, due, or backing off. Runs that wait for a signal, a date or a clerk do not count."""

    async def serve(self) -> None:
        """Wake due runs until cancelled. Raises what broke the journal: a broken journal stops the engine."""


class Journal(Protocol):
    """What an engine supplies to one run. Entries are numbered by call order and checked by name on replay."""

    unsure: bool
    """True at the first live entry after the run was cut off: that effect may have happened."""
    reopened_at: int | None
    """When this store was opened again, if that is so recent that it may have forgotten what was done: a restored copy, a lost tail."""

    async def record(self, name: str, act: Callable[[], Awaitable[Json]]) -> Json:
        """Run `act` at most once per recorded entry; its value, from the journal on replay."""

    async def receive(self, name: str, until: int | None, state: str, detail: Json) -> Json | None:
        """The one way to wait: signal, sleep, backoff, park. The message, or None when `until` has passed."""

    async def publish(self, name: str, event_id: str, event: Json) -> None:
        """Put an event {type, subject, at, data} in the outbox, once by id."""


class NonDeterministic(BaseException):
    """The code no longer asks what the journal answered. Not an Exception: no process may handle it."""
