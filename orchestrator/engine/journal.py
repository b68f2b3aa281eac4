"""One run's journal on the SQLite file: replay what is there, append what is new, leave memory to wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from orchestrator.engine.port import Json, NonDeterministic
from orchestrator.engine.values import parse, text
from orchestrator.errors import StoreTaken
from orchestrator.store.database import Row, Statement

Beside = Callable[[str, str, str, str, Json], Statement | None]
"""(run id, key, root, entry name, what it says) -> what must be committed together with that entry, e.g. its audit record."""

_ENTRY = "insert into entry(run, at, name, value) values(?, ?, ?, ?)"


class Suspended(BaseException):
    """The run has written what it waits for and left memory. Not an Exception: it unwinds the process."""


class JournalLost(BaseException):
    """The journal could not be written. The engine stops: nothing may act without a journal."""


class Pen(Protocol):
    """What a journal needs of its engine."""

    clock: Callable[[], int]
    beside: Beside | None

    def reopened_at(self) -> int | None:
        """When the store was opened again, while it may still have forgotten something."""

    def commit(self, *statements: Statement) -> int:
        """One durable transaction."""

    def row(self, sql: str, arguments: Sequence[object]) -> Row | None:
        """The first row of a query."""

    def check_fence(self) -> None:
        """Raise StoreTaken when another program owns the journal now."""


class SqlJournal:
    """Implements `port.Journal` for the run of row `head` (seq, id, key, root); `past` is its entries (name, value) in order."""

    def __init__(self, pen: Pen, head: tuple[int, str, str, str], past: list[Row], *, unsure: bool) -> None:
        self._pen, self._run, self._names, self._past, self._at = pen, head[0], head[1:], past, 0
        self.unsure, self.reopened_at = unsure, pen.reopened_at()

    async def record(self, name: str, act: Callable[[], Awaitable[Json]]) -> Json:
        """Run `act` unless the journal has its value."""
        at, old = self._replay(name)
        if old is not None:
            return parse(old)
        self._hold()
        written = text(await act())
        self.unsure = False
        value, beside = parse(written), self._pen.beside
        also = beside(*self._names, name, value["said"]) if beside is not None else None
        entry = self._entry(at, name, written)
        self._write(entry) if also is None else self._write(also, entry)
        return value

    async def publish(self, name: str, event_id: str, event: Json) -> None:
        """Write the event and its entry in one transaction."""
        at, old = self._replay(name)
        if old is None:
            self.unsure = False
            letter = (event_id, event["type"], event["subject"], text(event["data"]), event["at"])
            put = "insert into outbox(id, type, subject, data, at) values(?, ?, ?, ?, ?) on conflict(id) do nothing"
            self._write((put, letter), self._entry(at, name, "true"))

    async def receive(self, name: str, until: int | None, state: str, detail: Json) -> Json | None:
        """Take the oldest message, or the time-out; else write what is waited for and leave memory."""
        at, old = self._replay(name)
        if old is not None:
            return parse(old)["message"]
        self.unsure = False  # the run was about to wait, or waiting: no effect was under way
        mail = self._pen.row("select seq, body from message where run = ? and taken = 0 order by seq limit 1", (self._run,))
        if mail is not None:
            take = ("update message set taken = 1 where seq = ?", (mail[0],))
            self._write(take, self._entry(at, name, f'{{"message":{mail[1]}}}'))
            return parse(mail[1])
        if until is not None and self._pen.clock() >= until:
            self._write(self._entry(at, name, '{"message":null}'))
            return None
        system = detail.get("system") or None if detail.get("wakes") else None
        leave = "update run set state = ?, detail = ?, system = ?, wake_at = ? where seq = ?"
        self._write((leave, (state, text(detail), system, until, self._run)))
        raise Suspended

    def _replay(self, name: str) -> tuple[int, str | None]:
        at, self._at = self._at, self._at + 1
        if at >= len(self._past):
            return at, None
        was, value = self._past[at]
        if was != name:
            raise NonDeterministic(f"entry {at} is {was}, the code asks {name}: register the change as a new version")
        return at, value

    def _entry(self, at: int, name: str, value: str) -> Statement:
        return _ENTRY, (self._run, at, name, value)

    def _write(self, *statements: Statement) -> None:
        try:
            self._pen.commit(*statements)
        except (sqlite3.Error, StoreTaken) as error:
            raise JournalLost(f"run {self._run} at entry {self._at}: {error}") from error

    def _hold(self) -> None:
        """Nothing is done that could not be written: another program may have taken the store over while we were paused."""
        try:
            self._pen.check_fence()
        except StoreTaken as error:
            raise JournalLost(f"run {self._run} at entry {self._at}: {error}") from error
