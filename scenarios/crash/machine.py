"""The machine the orchestrator runs on: one store, many lives. It is killed at a point, and comes back on what was durable.

To die is: nothing of this life can act any more (its port to the network and its way to write are poisoned, so no `finally` of an
old task changes anything), its tasks are dropped, whoever asks it something finds nobody. A few simulated seconds later
a new orchestrator opens the same store. A power cut may also take the last transactions (`lost_commits`), as a disk
does that was not told to sync.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

from orchestrator.store.database import Database, Statement
from scenarios.crash.points import (
    AFTER_COMMIT,
    AFTER_SEND,
    BEFORE_COMMIT,
    BEFORE_SEND,
    Counter,
    Point,
    call_meaning,
    commit_meaning,
)

DOWN_S = 5.0
CACHED_STATEMENTS = 256

Send = Callable[[Any], Any]
Watcher = Callable[[Point], bool]
"""Hears of every point; True: die here."""


class Dead(asyncio.CancelledError):
    """The life that asks is over. A cancellation, so that tasks that end by it end in silence."""


class Drive(Database):
    """The one way to write of one life, on the machine's disk."""

    def __init__(self, machine: Machine, life: Life) -> None:
        self.path, self.commits = ":machine:", 0
        self._machine, self._life = machine, life
        self._connection = machine.disk
        self._execute = self._connection.execute
        self.migrate()

    def commit(self, *statements: Statement) -> int:
        """Write, unless this life is over or ends here."""
        machine, life = self._machine, self._life
        if not life.alive:
            raise Dead
        if not machine.watchers:
            return super().commit(*statements)
        meaning = commit_meaning(self, statements)
        machine.pass_(BEFORE_COMMIT, meaning)
        touched = super().commit(*statements)
        machine.kept()
        machine.pass_(AFTER_COMMIT, meaning)
        return touched

    def close(self) -> None:
        """The disk outlives its program."""


class Life:
    """One program from its start to its death."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.number, self.alive = number, True
        self._machine = machine
        self.core: Any = None

    def open(self) -> None:
        """Open the store and be a program. Raises Dead when it dies of that."""
        self.core = self._machine.build(self.send, Drive(self._machine, self))

    async def send(self, request: Any) -> Any:
        """Carry a request, unless this life is over or ends here."""
        machine = self._machine
        if not self.alive:
            raise Dead
        if not machine.watchers:
            return await machine.send(request)
        meaning = call_meaning(request.system, request.method)
        machine.pass_(BEFORE_SEND, meaning)
        machine.pass_(AFTER_SEND, meaning, going=request)
        answer = await machine.send(request)
        if not self.alive:
            raise Dead
        return answer


class Machine:
    """Looks like an orchestrator to its world. `build(send, database)` makes one; `disk`, opened at `place`, is what
    survives.

    Watchers hear of every commit and call while somebody serves; with none, nothing is named and nothing costs.
    """

    def __init__(self, build: Callable[[Send, Database], Any], send: Send, place: str = ":memory:") -> None:
        self.build, self.send = build, send
        self.disk = sqlite3.connect(place, isolation_level=None, cached_statements=CACHED_STATEMENTS)
        self.watchers: list[Watcher] = []
        self.on_restart: list[Callable[[], None]] = []
        self.down_s, self.lost_commits, self.tail_max = DOWN_S, 0, 0
        self.deaths = 0
        self._counter = Counter()
        self._tail: deque[bytes] = deque()
        self._serving: asyncio.Task[Any] | None = None
        self._crossings: set[asyncio.Task[Any]] = set()
        self.life = Life(self, 1)
        self.life.open()

    # -- an orchestrator, seen from outside ---------------------------------------------------------
    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer like the program of now; nobody answers between two lives."""
        life = self.life
        if not life.alive:
            raise ConnectionRefusedError("the orchestrator is down")
        try:
            await life.core.app(scope, receive, send)
        except Dead:
            raise ConnectionResetError("the orchestrator died") from None

    async def serve(self) -> None:
        """Live, die and live again, until cancelled; raises what breaks a living orchestrator."""
        try:
            while True:
                if not self.life.alive:
                    await asyncio.sleep(self.down_s)
                    self._boot()
                    continue
                life = self.life
                self._serving = asyncio.get_running_loop().create_task(life.core.serve(), name=f"core-{life.number}")
                await asyncio.wait((self._serving,))
                if life.alive:
                    self._serving.result()
                    raise RuntimeError("the orchestrator stopped serving")
        finally:
            if self._serving is not None:
                self._serving.cancel()
                await asyncio.gather(self._serving, return_exceptions=True)

    def idle(self) -> bool:
        """A dead one is not idle: its work waits."""
        return self.life.alive and bool(self.life.core.idle())

    def backlog(self) -> int:
        return int(self.life.core.backlog())

    def open_exceptions(self) -> int:
        return int(self.life.core.open_exceptions())

    def close(self) -> None:
        self.life.core.close()
        self.disk.close()

    # -- death --------------------------------------------------------------------------------------
    def pass_(self, position: str, meaning: Any, going: Any = None) -> None:
        """Come by a point. Raises Dead when a watcher wants this life to end here; a request that is `going` is on its way then."""
        point = self._counter.point(position, meaning)
        for watcher in tuple(self.watchers):
            if watcher(point):
                if going is not None:
                    self._let_go(going)
                self.kill()
                raise Dead

    def kill(self) -> None:
        """End this life now; the next one begins after `down_s`."""
        self.life.alive = False
        self.deaths += 1
        for _ in range(self.lost_commits):
            if self._tail:
                self._lose()
        if self._serving is not None:
            asyncio.get_running_loop().call_soon(self._serving.cancel)

    def restore(self, image: bytes) -> None:
        """Put an older store on the disk. Call between two lives."""
        self.disk.deserialize(image)

    def image(self) -> bytes:
        """The store as it is now."""
        return self.disk.serialize()

    def kept(self) -> None:
        """Remember the store as its last transactions left it, as far as they may be lost."""
        if self.tail_max:
            self._tail.append(self.image())
            if len(self._tail) > self.tail_max + 1:
                self._tail.popleft()

    def _lose(self) -> None:
        self._tail.pop()
        if self._tail:
            self.restore(self._tail[-1])

    def _let_go(self, request: Any) -> None:
        """A request that left a dying machine arrives; its answer finds nobody."""

        async def cross() -> None:
            try:
                await self.send(request)
            except (OSError, TimeoutError):
                pass

        task = asyncio.get_running_loop().create_task(cross(), name="last-request")
        self._crossings.add(task)
        task.add_done_callback(self._crossings.discard)

    def _boot(self) -> None:
        """Open the store again. A death while opening is one more death."""
        self.life = Life(self, self.life.number + 1)
        try:
            self.life.open()
        except Dead:
            return
        for hear in self.on_restart:
            hear()
