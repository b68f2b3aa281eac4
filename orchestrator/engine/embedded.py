"""The embedded engine: one process, asyncio, one SQLite journal. Nothing waits in memory.

A run that must wait writes its due time and leaves; when the time or a signal comes it is replayed from its
journal, so recovery after a crash is the everyday path. Only the oldest open run of a key carries a `wake_at`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from orchestrator.engine import desk
from orchestrator.engine.conduct import ABANDON, RESUBMIT, WAIVE, WAKE, DurableRun, conduct
from orchestrator.engine.journal import Beside, JournalLost, SqlJournal, Suspended
from orchestrator.engine.port import Entry, Json, NonDeterministic, Process, RunView
from orchestrator.engine.values import parse, plain, text
from orchestrator.errors import ConfigError, Full, StoreTaken
from orchestrator.store.database import Database, Row, Statement

_DUE = "select seq, id, process, version, key, root, given from run where wake_at <= ? order by wake_at, seq limit ?"
FENCE_MS = 1_000
_HEAD = "select min(seq) from run where key = ? and ended_at is null"


@dataclass(frozen=True)
class Bounds:
    """The engine's limits: runs in memory, open runs, unseen messages a run, how long ended runs are kept, and how long after its opening
    a store may have forgotten what was done (it was restored from a copy, or a power cut took its last transactions).
    """

    concurrency_max: int = 64
    backlog_max: int = 100_000
    inbox_max: int = 1_000
    retention_ms: int = 400 * 86_400_000
    sweep_ms: int = 3_600_000
    sweep_runs_max: int = 500
    doubt_ms: int = 86_400_000


class Embedded:
    """Implements `port.Engine` on one `Database`. Refuses to start when code of a run in flight is missing.

    `on_state` hears of each rest of a run after it is durable; `beside` may add a statement to the transaction of an entry.
    """

    def __init__(
        self,
        database: Database,
        processes: Sequence[Process],
        clock: Callable[[], int],
        *,
        bounds: Bounds | None = None,
        on_state: Callable[[RunView], None] | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.db, self.clock, self.bounds = database, clock, bounds or Bounds()
        self.commit, self.row, self._fenced_at = database.commit, database.row, 0
        self.begun = 0  # runs this program has queued
        self._processes = {(p.name, p.version): p for p in processes}
        self._latest = {p.name: p for p in sorted(processes, key=lambda p: p.version)}
        self._on_state, self.beside = on_state, beside
        self._active: dict[int, asyncio.Task[None]] = {}
        self._bell, self._ready = asyncio.Event(), deque[Row]()
        self._broken: BaseException | None = None
        self._swept_at = clock()
        self._refuse_missing_code()
        self._open = self._count("ended_at is null")
        self._reopened_at = clock() if self._count("1 = 1") else None
        # A new program may know what the old one stumbled over: stuck runs get one more try.
        if self._count("state = 'stuck'"):
            database.commit(("update run set state = 'ready', wake_at = ? where state = 'stuck'", (clock(),)))
        # Any open run may have been in memory when the last process ended; the journal finds out by its first live entry.
        self._cut_off = {seq for (seq,) in database.rows("select seq from run where ended_at is null")}

    # The port.

    async def start(self, process: str, given: Any, *, id: str) -> str:
        """Queue a run on the newest version, behind the open runs of its key. Idempotent by id."""
        if self._open >= self.bounds.backlog_max:
            raise Full("the backlog of runs", self.bounds.backlog_max)
        if self.row("select 1 from run where id = ?", (id,)) is not None:
            return id
        code, now, value = self._latest[process], self.clock(), plain(given)
        typed = msgspec.convert(value, code.accepts)
        key = code.key(typed)
        root = code.root(typed) if code.root else key
        put = f"""insert into run(id, process, version, key, root, given, state, wake_at, started_at)
            values(?, ?, ?, ?, ?, ?, 'ready', case when exists({_HEAD.replace("min(seq)", "1")}) then null else ? end, ?)
            on conflict(id) do nothing"""
        begun = self.commit((put, (id, code.name, code.version, key, root, text(value), key, now, now)))
        self._open += begun
        self.begun += begun
        self._bell.set()
        return id

    async def signal(self, run_id: str, name: str, payload: Json = None, *, id: str) -> bool:
        """Deliver once per `id`; False when no such run is open."""
        assert not name.startswith("$"), "operators' signals have their own verbs"
        return self._deliver(run_id, name, payload, id)

    async def resubmit(self, run_id: str, *, redo: Collection[str] = (), by: str) -> bool:
        """Open a new pass of a parked run; False when it is not parked."""
        return self._decide(run_id, RESUBMIT, sorted(redo), by)

    async def abandon(self, run_id: str, *, reason: str, by: str) -> bool:
        """Undo and end an open run; False when it is not open."""
        view = await self.run(run_id)
        return view is not None and self._deliver(run_id, ABANDON, reason, f"{ABANDON}/{by}/{self.clock()}")

    async def waive(self, run_id: str, *, by: str) -> bool:
        """Skip an undo that cannot be done; False when the run is not parked while undoing."""
        view = await self.run(run_id)
        undoing = view is not None and view.state == "parked" and view.detail["undoing"]
        return bool(undoing) and self._decide(run_id, WAIVE, None, by)

    async def wake(self, system: str) -> int:
        """Make runs backing off from a sure failure of `system` due at once; how many."""
        now = self.clock()
        rows = self.db.rows("select seq from run where system = ? and state = 'retrying' and wake_at > ?", (system, now))
        for (seq,) in rows:
            body = text({"signal": WAKE, "payload": system, "at": now})
            self.commit(
                _message(seq, f"{WAKE}/{now}", body), ("update run set wake_at = ?, system = null where seq = ?", (now, seq))
            )
        self._bell.set()
        return len(rows)

    async def run(self, run_id: str) -> RunView | None:
        """One run by id."""
        return desk.view(self.db, run_id)

    async def runs(
        self, *, state: str | None = None, process: str | None = None, key: str | None = None, limit: int = 100
    ) -> Sequence[RunView]:
        """The newest `limit` runs that match, oldest of them first."""
        return desk.views(self.db, {"state": state, "process": process, "key": key}, limit)

    async def history(self, run_id: str) -> Sequence[Entry]:
        """A run's journal, oldest first."""
        return desk.history(self.db, run_id)

    async def in_flight(self) -> Mapping[tuple[str, int], int]:
        """Open runs by (process, version)."""
        return desk.in_flight(self.db)

    def idle(self) -> bool:
        """No run is in memory, due, or backing off."""
        busy = "select 1 from run where wake_at is not null and (wake_at <= ? or state in ('ready', 'retrying')) limit 1"
        return not self._active and self.row(busy, (self.clock(),)) is None

    def check_fence(self) -> None:
        """Raise StoreTaken when another program owns the store. Asked anew once the clock has moved: a paused program sees it jump."""
        now = self.clock()
        if now - self._fenced_at >= FENCE_MS:
            self.db.check_fence()
            self._fenced_at = now

    def reopened_at(self) -> int | None:
        """When the store was opened again, for as long as something forgotten may still come up again."""
        since = self._reopened_at
        return since if since is not None and self.clock() - since < self.bounds.doubt_ms else None

    # The scheduler.

    async def serve(self) -> None:
        """Wake due runs, oldest due first, at most `concurrency_max` at a time, until cancelled."""
        try:
            while self._broken is None:
                self._bell.clear()
                self._sweep()
                while len(self._active) < self.bounds.concurrency_max and (row := self._due()):
                    self._begin(row)
                if (delay := self._delay()) == 0:
                    continue
                try:
                    async with asyncio.timeout(delay):  # not wait_for: 3.11 can swallow a cancel there
                        await self._bell.wait()
                except TimeoutError:
                    pass
            raise self._broken
        finally:
            await self._stop()

    def _begin(self, row: Row) -> None:
        task = asyncio.create_task(self._drive(row), name=f"run-{row[0]}")
        self._active[row[0]] = task
        task.add_done_callback(partial(self._left, row[0]))

    def _delay(self) -> float | None:
        """Seconds until the next run not in memory is due; None to wait for the bell."""
        if len(self._active) >= self.bounds.concurrency_max:
            return None
        soonest = self.db.rows(
            "select wake_at, seq from run where wake_at is not null order by wake_at, seq limit ?", (len(self._active) + 1,)
        )
        for wake_at, seq in soonest:
            if seq not in self._active:
                return float(max(0, wake_at - self.clock())) / 1000
        return None

    def _due(self) -> Row | None:
        if not self._ready:
            self._ready.extend(self.db.rows(_DUE, (self.clock(), self.bounds.concurrency_max + len(self._active))))
        while self._ready:
            row = self._ready.popleft()
            (wake_at,) = self.row("select wake_at from run where seq = ?", (row[0],)) or (None,)  # may have changed since
            if row[0] not in self._active and wake_at is not None and wake_at <= self.clock():
                return row
        return None

    def _left(self, seq: int, task: asyncio.Task[None]) -> None:
        self._active.pop(seq, None)
        if task.cancelled():
            self._cut_off.add(seq)
        elif task.exception() is not None:
            self._broken = self._broken or task.exception()
        self._bell.set()

    async def _stop(self) -> None:
        tasks = list(self._active.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drive(self, row: Row) -> None:
        seq, id, process, version, key, root, given = row
        past = self.db.rows("select name, value from entry where run = ? order by at", (seq,))
        journal = SqlJournal(self, (seq, id, key, root), past, unsure=seq in self._cut_off)
        self._cut_off.discard(seq)
        run = DurableRun(id, journal, self.clock, key=key, root=root)
        try:
            out = await conduct(self._processes[process, version], parse(given), run)
        except Suspended:
            pass
        except (Exception, NonDeterministic) as error:  # ours, not the process's: stop, never spin
            self._write(
                ("update run set state = 'stuck', detail = ?, wake_at = null where seq = ?", (text({"why": repr(error)}), seq))
            )
        else:
            self._end(seq, key, out)
        self._tell(id)

    def _end(self, seq: int, key: str, out: Json) -> None:
        """Close the run and hand its key to the next one, in one transaction."""
        now = self.clock()
        close = "update run set state = ?, result = ?, detail = null, system = null, wake_at = null, ended_at = ? where seq = ?"
        hand_over = f"update run set wake_at = ? where seq = ({_HEAD})"
        self._write((close, (out["end"], text(out["value"]), now, seq)), (hand_over, (now, key)))
        self._open -= 1

    def _tell(self, id: str) -> None:
        if self._on_state is not None and (view := desk.view(self.db, id)) is not None:
            self._on_state(view)

    # Writing.

    def _write(self, *statements: Statement) -> None:
        try:
            self.commit(*statements)
        except (sqlite3.Error, StoreTaken) as error:
            raise JournalLost(str(error)) from error

    def _deliver(self, run_id: str, name: str, payload: Json, id: str) -> bool:
        row = self.row("select seq, key from run where id = ? and ended_at is null", (run_id,))
        if row is None:
            return False
        (unseen,) = self.row("select count(*) from message where run = ? and taken = 0", (row[0],)) or (0,)
        if unseen >= self.bounds.inbox_max:
            raise Full(f"the inbox of run {run_id}", self.bounds.inbox_max)
        now = self.clock()
        body = text({"signal": name, "payload": plain(payload), "at": now})
        wake = (f"update run set wake_at = ? where seq = ? and seq = ({_HEAD}) and state <> 'stuck'", (now, row[0], row[1]))
        self.commit(_message(row[0], id, body), wake)
        self._bell.set()
        return True

    def _decide(self, run_id: str, verdict: str, payload: Json, by: str) -> bool:
        """Deliver one verdict to a parked run that has none yet and is not about to act on one."""
        parked = """select seq from run where id = ? and state = 'parked'
            and not exists(select 1 from message where run = run.seq and taken = 0 and substr(id, 1, 1) = '$')"""
        row = self.row(parked, (run_id,))
        if row is None or row[0] in self._active:
            return False
        return self._deliver(run_id, verdict, payload, f"{verdict}/{by}/{self.clock()}")

    def _refuse_missing_code(self) -> None:
        """Raise ConfigError when a run in flight was begun by code that is not registered."""
        missing = sorted(set(desk.in_flight(self.db)) - set(self._processes))
        if missing:
            raise ConfigError(
                [f"runs in flight need process {name}@{version}: register it until they end" for name, version in missing]
            )

    def _sweep(self) -> None:
        """Forget ended runs older than retention, a bounded number at a time."""
        now = self.clock()
        if now - self._swept_at < self.bounds.sweep_ms:
            return
        self._swept_at = now
        desk.forget(self.db, now - self.bounds.retention_ms, self.bounds.sweep_runs_max)

    def _count(self, where: str) -> int:
        (number,) = self.row(f"select count(*) from run where {where}", ()) or (0,)
        return int(number)


def _message(seq: int, id: str, body: str) -> Statement:
    return "insert into message(run, id, body) values(?, ?, ?) on conflict(run, id) do nothing", (seq, id, body)
