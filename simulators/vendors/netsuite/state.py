"""What a running account remembers beside its records: sessions, nonces, the pool of simultaneous requests, jobs, query plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.kernel.calls import Call, Lost, Reply
from simulators.kernel.stages import System

if TYPE_CHECKING:
    from simulators.tongues.suiteql import SuiteQL

    from .record_type import RecordType

SESSIONS_MAX = 1000
NONCES_MAX = 100_000


class Pool:
    """The account's simultaneous requests. A slot is held until the answer leaves, not until the caller stops listening."""

    __slots__ = ("held", "most", "peak", "reserved")

    def __init__(self, most: int, reserved: int) -> None:
        self.most, self.reserved, self.held, self.peak = most, reserved, 0, 0

    def take(self) -> bool:
        if self.held + self.reserved >= self.most:
            return False
        self.held += 1
        self.peak = max(self.peak, self.held)
        return True

    def leave(self, _system: System[Any], _call: Call, _reply: Reply | Lost | None) -> None:
        self.held -= 1


class Sessions:
    """Access tokens and until when they live. Bounded: the oldest goes first."""

    __slots__ = ("held", "made")

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, int]] = {}
        self.made = 0

    def open(self, token: str, user: str, until: int) -> None:
        self.held[token] = (user, until)
        if len(self.held) > SESSIONS_MAX:
            del self.held[next(iter(self.held))]

    def user(self, token: str, now: int) -> str:
        """The session's user, or '' when the token is unknown or over."""
        user, until = self.held.get(token, ("", 0))
        return user if until > now else ""

    def clear(self) -> None:
        """Revoke every session, as an administrator would: callers meet a 401 in the middle of their work."""
        self.held.clear()


class Nonces:
    """Signatures seen: a nonce is good once. Kept for as long as its timestamp would be accepted, and bounded."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str, str], None] = {}

    def fresh(self, token: str, nonce: str, timestamp: str) -> bool:
        key = (token, nonce, timestamp)
        if key in self.seen:
            return False
        self.seen[key] = None
        if len(self.seen) > NONCES_MAX:
            del self.seen[next(iter(self.seen))]
        return True


@dataclass
class Job:
    """One asynchronous request: its life, and the answer kept for `.../result`."""

    id: int
    user: str
    started_at: int
    progress: str = "pending"  # pending | processing | succeeded | failed
    ended_at: int = 0
    reply: Reply | None = None


@dataclass
class Jobs:
    """Jobs by id, and the first job of each idempotency key."""

    held: dict[int, Job] = field(default_factory=dict)
    keys: dict[tuple[str, str], int] = field(default_factory=dict)
    made: int = 0
    faults: list[Callable[[Job], str]] = field(default_factory=list)  # a fault plan's: "" | fail | never, asked when a job is due


@dataclass
class State:
    """`suiteql`, `shapes`, `selects` and `questions` follow from the wires; `adopt` drops them. `answers` are query results, good until the log moves."""

    sessions: Sessions
    nonces: Nonces
    pool: Pool
    jobs: Jobs
    suiteql: SuiteQL
    types: dict[str, RecordType]  # by lower-case name
    shapes: dict[str, Any] = field(default_factory=dict)
    selects: dict[str, Any] = field(default_factory=dict)
    questions: dict[Any, Any] = field(default_factory=dict)
    answers: dict[Any, Any] = field(default_factory=dict)
    answers_at: int = -1


Account = System[State]
