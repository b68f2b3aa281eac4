"""The bench measures what it says: as many journalled steps as plain commits, in CPU time."""

from __future__ import annotations

import sqlite3

from orchestrator.engine.bench import measure


def test_both_sides_write_every_step(tmp_path):
    """Twenty runs of six steps: 120 plain rows, and in the journal as many beside the beginnings."""
    rates = measure(tmp_path, runs=20, steps=6)
    plain, journal = (sqlite3.connect(tmp_path / name) for name in ("plain.db", "journal.db"))
    assert plain.execute("select count(*) from entry").fetchone() == (120,)
    assert journal.execute("select count(*), sum(name = 'begin') from entry").fetchone() == (140, 20)
    assert journal.execute("select distinct state from run").fetchall() == [("done",)]
    assert 0 < rates.ratio < 2
    plain.close()
    journal.close()
