"""How fast the embedded engine journals, against plain SQLite committing as often: CPU-time rates of one process.

Measures only; prints nothing. Both sides write to a real file in `folder`, WAL with synchronous NORMAL. The
engine's figure leaves the queueing of runs out, as the goal (0.4 of plain) does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from orchestrator.engine.embedded import Bounds, Embedded
from orchestrator.engine.port import Process, Run
from orchestrator.store.database import Database

RUNS = 500
STEPS = 6
LANES = 50


@dataclass(frozen=True)
class Rates:
    """Steps per CPU second: through the port, and plain commit per step."""

    journalled: float
    plain: float

    @property
    def ratio(self) -> float:
        """Journalled over plain."""
        return self.journalled / self.plain


def measure(folder: Path, *, runs: int = RUNS, steps: int = STEPS) -> Rates:
    """One round, plain first; `folder` must be empty of earlier rounds."""
    plain = plain_rate(folder / "plain.db", runs * steps)
    return Rates(journalled_rate(folder / "journal.db", runs=runs, steps=steps), plain)


def plain_rate(path: Path, commits: int) -> float:
    """Commits per CPU second of sqlite3 alone, one small insert each."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    connection.execute("create table entry(run integer, at integer, name text, value text, primary key(run, at)) without rowid")
    began = process_time()
    for number in range(commits):
        connection.execute("begin immediate")
        row = (number // STEPS, number % STEPS, "step#1", '{"at":0,"said":{"end":"done","value":1}}')
        connection.execute("insert into entry values(?, ?, ?, ?)", row)
        connection.execute("commit")
    spent = process_time() - began
    connection.close()
    return commits / spent


def journalled_rate(path: Path, *, runs: int, steps: int) -> float:
    """Steps per CPU second of whole runs on the engine, beginnings and ends included, queueing not."""
    return asyncio.run(_journalled(path, runs, steps))


async def _journalled(path: Path, runs: int, steps: int) -> float:
    database = Database(str(path))
    ended: list[int] = []
    done = asyncio.Event()

    async def effect(number: int) -> int:
        return number

    async def process(run: Run, given: int) -> int:
        for number in range(steps):
            await run.step(effect, number)
        ended.append(given)
        if len(ended) == runs:
            done.set()
        return given

    code = Process("bench", 1, str, process, int)
    engine = Embedded(database, [code], _instant(), bounds=Bounds(concurrency_max=LANES))
    for number in range(runs):
        await engine.start("bench", number, id=f"run-{number}")
    began = process_time()
    serving = asyncio.create_task(engine.serve())
    await done.wait()
    spent = process_time() - began
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    database.close()
    return runs * steps / spent


def _instant() -> Callable[[], int]:
    """A clock that stands still: the bench measures work, not waiting."""
    return lambda: 0
