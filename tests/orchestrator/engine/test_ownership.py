"""Who owns a store, and what an older copy of it may have forgotten: fence and doubt."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from orchestrator.engine.embedded import Bounds, Embedded
from orchestrator.engine.journal import JournalLost
from orchestrator.engine.port import Retry
from orchestrator.errors import StoreTaken
from orchestrator.store.database import Database
from tests.orchestrator.engine.stage import Scripted, process, running
from tests.orchestrator.virtual import live

FEW = Retry(first_ms=1_000, settle_ms=15_000, attempts_max=3)
NOTE = ("insert into note(name, value, at) values('n', '1', 0) on conflict(name) do nothing", ())


class Shared(Database):
    """A program on a disk whose lock is worth nothing."""

    def __init__(self, disk, *, in_memory=False):
        self.path, self.commits, self._connection, self._execute = ":shared:", 0, disk, disk.execute
        self._in_memory = in_memory
        self.migrate()
        self.take_over()

    def close(self):
        """The disk is the test's."""


@pytest.mark.parametrize("in_memory", [True, False])
def test_who_opened_a_store_last_may_write_and_the_others_are_refused(in_memory):
    """Each opening takes the next token; a write and a question under an older one raise, and change nothing."""
    disk = sqlite3.connect(":memory:", isolation_level=None)
    first, second = Shared(disk, in_memory=in_memory), Shared(disk, in_memory=in_memory)
    for refused in (lambda: first.commit(NOTE), first.check_fence):
        with pytest.raises(StoreTaken):
            refused()
    assert second.rows("select * from note") == []
    second.commit(NOTE)
    second.check_fence()
    assert not disk.in_transaction


def test_a_worker_that_lost_its_store_neither_acts_nor_writes_and_stops():
    """Two workers race for one run: the older one wakes up after the other took over, has no effect, and its engine ends."""
    erp = Scripted()

    async def fn(run, given):
        await run.wait("go", run.now() + 10_000)
        await run.step(erp.create, given, probe=erp.find, retry=FEW)

    async def main(loop):
        disk = sqlite3.connect(":memory:", isolation_level=None)
        old = Embedded(Shared(disk), [process(fn)], loop.ms)
        serving = loop.create_task(old.serve())
        await old.start("p", "a", id="a")
        await asyncio.sleep(1)
        new = Embedded(Shared(disk), [process(fn)], loop.ms)  # opens, and does not serve yet
        await asyncio.sleep(60)
        before, ended = list(erp.calls), serving.exception()
        fresh = loop.create_task(new.serve())
        await asyncio.sleep(60)
        fresh.cancel()
        await asyncio.gather(fresh, return_exceptions=True)
        return before, type(ended), (await new.run("a")).state

    before, ended, state = live(main)
    assert (before, ended, state) == ([], JournalLost, "done")
    assert erp.calls.count("create") == 1


@pytest.mark.parametrize(("doubt_ms", "creates"), [(86_400_000, 1), (0, 2)])
def test_a_store_restored_from_an_older_copy_asks_before_it_creates_again(doubt_ms, creates):
    """What the copy does not know was done is looked for, once it is sure to have landed; without the doubt it is there twice."""
    erp = Scripted()

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find, retry=FEW)

    async def main(loop):
        disk = sqlite3.connect(":memory:", isolation_level=None)
        bounds = Bounds(doubt_ms=doubt_ms)

        async def lived(id):
            engine = Embedded(Shared(disk), [process(fn)], loop.ms, bounds=bounds)
            serving = loop.create_task(engine.serve())
            await engine.start("p", id, id=id)
            await asyncio.sleep(60)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            return (await engine.run(id)).state

        await lived("first")
        copy = disk.serialize()
        await lived("second")
        disk.deserialize(copy)  # the second run is forgotten, what it made is not
        return await lived("second")

    assert live(main) == "done"
    assert [made["what"] for made in erp.made.values()].count("second") == creates


def test_a_new_store_has_nothing_to_doubt():
    """The first program on an empty store creates without asking."""
    erp = Scripted()

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find, retry=FEW)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)

    live(main)
    assert erp.calls == ["create"]
