"""What operators may see of the embedded engine's rows, and the forgetting of old ones."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engine.port import Entry, RunView
from orchestrator.engine.values import parse
from orchestrator.store.database import Database, Row

_VIEW = "select id, process, version, key, state, detail, root, wake_at, started_at, ended_at, result, seq from run"

# Marks that `conduct` leaves in the journal's entries.
_MARKS = {
    "probes": '%"asked":true%',
    "probe_found": '%"by":"probe"%',
    "resent_same_key": '%"resent":true%',
    "cut_off_calls": '%"why":"cut off"%',
}


def view(db: Database, run_id: str) -> RunView | None:
    """One run by id."""
    row = db.row(f"{_VIEW} where id = ?", (run_id,))
    return None if row is None else _view(row)


def views(db: Database, equals: Mapping[str, str | None], limit: int) -> list[RunView]:
    """The newest `limit` runs whose columns equal what is given, oldest of them first."""
    wanted = {column: value for column, value in equals.items() if value is not None}
    where = " and ".join(f"{column} = ?" for column in wanted) or "1 = 1"
    rows = db.rows(f"{_VIEW} where {where} order by seq desc limit ?", (*wanted.values(), limit))
    return [_view(row) for row in reversed(rows)]


def history(db: Database, run_id: str) -> list[Entry]:
    """A run's journal, oldest first."""
    rows = db.rows("select at, name, value from entry where run = (select seq from run where id = ?) order by at", (run_id,))
    return [Entry(at, name, parse(value)) for at, name, value in rows]


def in_flight(db: Database) -> dict[tuple[str, int], int]:
    """Open runs by (process, version)."""
    rows = db.rows(
        "select process, version, count(*) from run where ended_at is null group by process, version order by process, version"
    )
    return {(process, version): count for process, version, count in rows}


def backing_off(db: Database) -> list[tuple[str, str, str]]:
    """(run, process, system it waits for) of every run that tries again later."""
    # A run that tries again has its due time in `wake_at`; said so that the index of waiting runs is used.
    rows = db.rows("select id, process, detail from run where wake_at is not null and state = 'retrying' order by +seq")
    return [(id, process, str((parse(detail) or {}).get("system") or "") if detail else "") for id, process, detail in rows]


def seldom(db: Database) -> dict[str, int]:
    """What runs went through that a quiet world never asks of them, by name; of the runs that are still kept."""
    said = ", ".join(f"coalesce(sum(value like '{mark}'), 0)" for mark in _MARKS.values())
    counted = db.row(f"select {said}, count(distinct case when name like 'undo:%' then run end) from entry") or ()
    (stale,) = db.row("select coalesce(sum(json_extract(result, '$.stale')), 0) from run where process like 'mirror-%'") or (0,)
    return {**dict(zip((*_MARKS, "undo_runs"), map(int, counted), strict=True)), "stale_mirror_dropped": int(stale)}


def begun(db: Database, processes: tuple[str, ...]) -> bool:
    """Whether any run of these processes was begun, of those that are still kept."""
    sql = f"select 1 from run where process in ({', '.join('?' * len(processes))}) limit 1"
    return db.row(sql, processes) is not None


def forget(db: Database, before: int, runs_max: int) -> int:
    """Delete runs that ended before that instant, with their entries and messages; how many. The outbox stays."""
    rows = db.rows("select seq from run where ended_at < ? order by ended_at, seq limit ?", (before, runs_max))
    for (seq,) in rows:
        by_run = [(f"delete from {table} where run = ?", (seq,)) for table in ("entry", "message")]
        db.commit(*by_run, ("delete from run where seq = ?", (seq,)))
    return len(rows)


def _view(row: Row) -> RunView:
    id, process, version, key, state, detail, root, wake_at, started_at, ended_at, result, _ = row
    said = None if detail is None else parse(detail)
    value = None if result is None else parse(result)
    return RunView(id, process, version, key, state, said, root, wake_at, started_at, ended_at, value)
