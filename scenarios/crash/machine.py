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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from orchestrator import wiring
from orchestrator.engine.port import Process
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
        self._execute, self._in_memory = self._connection.execute, True
        self.migrate()
        self.take_over()

    def commit(self, *statements: Statement) -> int:
        """Write, unless this life is over or ends here."""
        machine, life = self._machine, self._life
        if not life.alive or life.asleep is not None:  # a program that is stopped comes by no line of its code
            raise Dead
        if not machine.watchers or life is not machine.life:
            return super().commit(*statements)
        meaning = commit_meaning(self, statements)
        machine.pass_(BEFORE_COMMIT, meaning)
        touched = super().commit(*statements)
        if life is machine.life:
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
        self.asleep: asyncio.Future[None] | None = None
        self.core: Any = None

    def open(self) -> None:
        """Open the store and be a program. Raises Dead when it dies of that."""
        self.core = self._machine.build(self.send, Drive(self._machine, self))

    async def send(self, request: Any) -> Any:
        """Carry a request, unless this life is over or ends here."""
        machine = self._machine
        await self._awake()
        if not machine.watchers or self is not machine.life:
            answer = await machine.send(request)
            await self._awake()
            return answer
        meaning = call_meaning(request.system, request.method)
        machine.pass_(BEFORE_SEND, meaning)
        await self._awake()
        if self is machine.life:
            machine.pass_(AFTER_SEND, meaning, going=request)
        answer = await machine.send(request)
        await self._awake()
        return answer

    async def _awake(self) -> None:
        """Go on when this program does. Raises Dead when it does no more."""
        if self.asleep is not None:
            await self.asleep
        if not self.alive:
            raise Dead


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
        self.versions = 1  # of every process: a deployment adds one
        self.older: bytes | None = None  # a copy of the store that the next life shall find
        self.deaths = 0
        self._counter = Counter()
        self._tail: deque[bytes] = deque()
        self._tasks: dict[Life, asyncio.Task[Any]] = {}
        self._bell: asyncio.Future[None] | None = None
        self.fenced: list[str] = []  # how lives ended whose store was taken over
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
        loop = asyncio.get_running_loop()
        try:
            while True:
                if not self.life.alive:
                    await asyncio.sleep(self.down_s)
                    self._boot()
                    continue
                if self.life not in self._tasks:
                    name = f"core-{self.life.number}"
                    self._tasks[self.life] = loop.create_task(self.life.core.serve(), name=name)
                self._bell = loop.create_future()
                await asyncio.wait((*self._tasks.values(), self._bell), return_when=asyncio.FIRST_COMPLETED)
                for life in [life for life, task in self._tasks.items() if task.done()]:
                    self._ended(life, self._tasks.pop(life))
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _ended(self, life: Life, task: asyncio.Task[Any]) -> None:
        """A program has ended: killed, or fenced off, or broken, which ends the run."""
        if life.alive and life is self.life:
            task.result()
            raise RuntimeError("the orchestrator stopped serving")
        if life.alive:
            self.fenced.append("" if task.cancelled() else repr(task.exception()))

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
        if self.life in self._tasks:
            asyncio.get_running_loop().call_soon(self._tasks[self.life].cancel)

    def take_over(self, paused_s: float = 0.0) -> None:
        """Let a second program open the store while the first one lives: asleep for a while, or working on."""
        loop, first = asyncio.get_running_loop(), self.life
        if not first.alive:
            return
        if paused_s:
            first.asleep = asleep = loop.create_future()
            loop.call_later(paused_s, self._wake, first, asleep)
        self._boot()
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    def _wake(self, life: Life, asleep: asyncio.Future[None]) -> None:
        life.asleep = None
        if not asleep.done():
            asleep.set_result(None)

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
        if self.older is not None:
            self.restore(self.older)
            self.older = None
        try:
            with deployed(self.versions):
                self.life.open()
        except Dead:
            return
        for hear in self.on_restart:
            hear()


@contextmanager
def deployed(versions: int) -> Iterator[None]:
    """Within the block an orchestrator is made that knows so many versions of each process; all do the same."""
    stock = wiring.processes_of

    def known(firm: Any, starter: Any) -> list[Process]:
        made = stock(firm, starter)
        return [replace(each, version=each.version + more) for more in range(versions) for each in made]

    wiring.processes_of = known
    try:
        yield
    finally:
        wiring.processes_of = stock
