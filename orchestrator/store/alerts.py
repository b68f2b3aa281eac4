"""What the business was alerted of. One open alert for a code, system and flow: it is raised once, and cleared when all is well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.observe.watch import Signal
from orchestrator.store.database import Database, Row, Statement

_COLUMNS = "at, code, system, flow, subject, since, cleared_at"


@dataclass(frozen=True)
class Raised:
    """One alert as it was raised. `subject` is the worst of what was late then, `since` when that began."""

    at: int
    code: str
    system: str
    flow: str
    subject: str
    since: int
    cleared_at: int | None


class Alerts:
    """The rows of alerts."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._db, self._clock = database, clock

    def keep(self, signals: Sequence[Signal]) -> list[Signal]:
        """Raise what is new among the signals that stand now, clear what is gone; the new ones. Writes nothing when nothing moved."""
        now, standing = self._clock(), {signal.key: signal for signal in signals}
        rows = self._db.rows("select seq, code, system, flow from alert where cleared_at is null order by seq")
        open_ = {tuple(row[1:]): row[0] for row in rows}
        new = [signal for key, signal in standing.items() if key not in open_]
        changes: list[Statement] = [
            ("update alert set cleared_at = ? where seq = ?", (now, seq)) for key, seq in open_.items() if key not in standing
        ]
        put = f"insert into alert({_COLUMNS}) values(?, ?, ?, ?, ?, ?, null)"
        changes += [(put, (now, *signal.key, signal.subject, signal.since)) for signal in new]
        if changes:
            self._db.commit(*changes)
        return new

    def all(self) -> list[Raised]:
        """Every alert there was, oldest first."""
        rows: list[Row] = self._db.rows(f"select {_COLUMNS} from alert order by seq")
        return [Raised(*row) for row in rows]
