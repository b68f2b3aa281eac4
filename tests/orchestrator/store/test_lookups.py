"""What is asked again and again costs the same in the first week and in the last: no look reads a whole table that grows."""

import asyncio

import pytest

from orchestrator.engine.desk import backing_off
from orchestrator.store.book import SqlBook
from orchestrator.store.database import Database
from orchestrator.store.inbox import Inbox

GROW = ("run", "entry", "message", "outbox", "inbox", "work", "invoice_seen", "exception", "audit")


def scans(db, look):
    """The plan lines of the queries of `look` that read a whole table that grows."""
    asked, execute = [], db._execute

    def noted(sql, arguments=()):
        asked.append((sql, arguments))
        return execute(sql, arguments)

    db._execute = noted
    look()
    db._execute = execute
    assert asked, "the look asked nothing"
    plans = [line for sql, arguments in asked for *_, line in execute(f"explain query plan {sql}", arguments)]
    return [line for line in plans if line in {f"SCAN {table}" for table in GROW}]


@pytest.mark.parametrize(
    "look",
    [
        backing_off,
        lambda db: Inbox(db, lambda: 0).forget(0),
        lambda db: Inbox(db, lambda: 0).oldest(),
        lambda db: asyncio.run(SqlBook(db, lambda: 0).workload("S-00042")),
        lambda db: SqlBook(db, lambda: 0).unshown(),
        lambda db: asyncio.run(SqlBook(db, lambda: 0).billable("S-00042", 0)),
    ],
    ids=["runs that back off", "notices to forget", "oldest notice", "workload of a SOW", "invoices not shown", "work to bill"],
)
def test_a_look_of_every_day_reads_no_whole_table(tmp_path, look):
    """Each query of these looks finds its rows by an index."""
    db = Database(str(tmp_path / "db"))
    assert scans(db, lambda: look(db)) == []
