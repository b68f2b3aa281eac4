"""Reads that lag behind writes: a query served by a replica sees the rows as they were some time ago, a read by id does not.

`Replica` follows the log and remembers what every row was before each change. A stale read takes the young changes back inside a
savepoint, asks, and rolls back: views, plans and codecs are the vendor's own, and nothing of it can be seen outside.
"""

from __future__ import annotations

from collections import deque
from functools import wraps
from typing import Any, NamedTuple

import msgspec

from simulators.kernel.calls import Call, Handler, Reply
from simulators.kernel.records import Change, Id, Kind, Row
from simulators.kernel.stages import System

YOUNG_MAX = 1 << 32
dump = msgspec.json.Encoder(order="sorted").encode


class Before(NamedTuple):
    """A row as it was until `at`; None: it did not exist."""

    at: int
    kind: str
    id: Id
    row: Row


class Replica:
    """What readers of a replica see of a system: its rows of `lag_ms` ago. Make it before the first write it shall know of."""

    def __init__(self, system: System[Any], lag_ms: int) -> None:
        self.system, self.lag_ms = system, lag_ms
        self.young: deque[Before] = deque()
        kinds = system.store.kinds.values()
        self.known: dict[tuple[str, Id], Row] = {(k.name, row.id): row for k in kinds for row in system.store.matching(k, {})}
        system.subscribers.append(self.follow)

    def follow(self, system: System[Any], changes: list[Change]) -> None:
        """Remember what was there before these changes."""
        for change in changes:
            key = (change.kind, change.id)
            self.young.append(Before(change.at, change.kind, change.id, self.known.get(key)))
            self.known[key] = system.store.get(system.store.kinds[change.kind], change.id)
        self.forget(system.clock())

    def forget(self, now: int) -> None:
        """Let go of what every replica has seen by now."""
        while self.young and self.young[0].at <= now - self.lag_ms:
            self.young.popleft()

    def lags(self) -> bool:
        """Is there anything that a stale reader would not see?"""
        self.forget(self.system.clock())
        return bool(self.young)

    def stale(self, handler: Handler) -> Handler:
        """The same handler, seeing the rows of `lag_ms` ago."""

        @wraps(handler)
        def read(system: System[Any], call: Call) -> Reply:
            self.forget(system.clock())
            store, position = system.store, system.store.position
            store.catch_up()  # before the savepoint: what it is told later would be taken back with it
            store.do("SAVEPOINT replica")
            store.position = -1 - position * YOUNG_MAX - len(self.young)  # what a room keeps by position is kept apart
            try:
                for before in reversed(self.young):
                    self.take_back(store.kinds[before.kind], before)
                return handler(system, call)
            finally:
                store.position = position
                store.do("ROLLBACK TO replica")
                store.do("RELEASE replica")

        return read

    def take_back(self, kind: Kind, before: Before) -> None:
        do = self.system.store.do
        if before.row is None:
            do(f'DELETE FROM "{kind.table}" WHERE id = ?', (before.id,))
            return
        sets = ", ".join(f'"{name}" = ?' for name in kind.names)
        do(f'UPDATE "{kind.table}" SET {sets} WHERE id = ?', (*stored(kind, before.row), before.id))


def stored(kind: Kind, row: Row) -> list[Any]:
    """The row's values as the engine holds them; documents are JSON text."""
    values = [getattr(row, name) for name in kind.names]
    for at in kind.documents:
        values[at] = dump(values[at]).decode() if values[at] else None
    return values
