"""What the three systems hold, rebuilt from their change logs: rows by kind, timelines of states, who wrote which field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from scenarios.history import Change
from scenarios.oracle.machines import MACHINES, Machine

Row = dict[str, Any]
Key = tuple[str, str]  # (system, kind)

# Of kinds with very many rows only these fields are kept.
KEPT: dict[Key, frozenset[str]] = {
    ("psa", "time_entry"): frozenset({"state", "workspace_id", "story_id", "user_id"}),
    ("erp", "time_bill"): frozenset(
        {
            "external_id",
            "employee_id",
            "job_id",
            "item_id",
            "minutes",
            "tran_date",
            "work_date",
            "rate",
            "tax_code",
            "billable",
            "invoice_id",
        }
    ),
}
TIMELINES: dict[Key, tuple[str, ...]] = {
    ("erp", "invoice"): ("status",),
    ("crm", "sow"): ("status", "delivery_status", "project_code"),
    ("crm", "opportunity"): ("stage",),
    ("crm", "invoice_mirror"): ("status", "source_version"),
    ("psa", "external_reference"): ("status",),
}


class Books:
    """Rows: {(system, kind): {id: row}}; deleted rows stay with `_deleted`. Every row has `_at` (created), `_by`, `_seq`."""

    def __init__(self) -> None:
        self.rows: dict[Key, dict[str, Row]] = defaultdict(dict)
        self.timelines: dict[tuple[str, str, str, str], list[tuple[int, Any]]] = defaultdict(list)
        self.writers: dict[tuple[str, str, str, tuple[str, ...]], list[Any]] = {}  # -> [count, first id, first at]
        self.illegal: list[str] = []
        self.moves = 0  # state moves looked at
        self.last_at: dict[str, int] = {}

    def take(self, change: Change) -> None:
        """Apply one change; changes of one record come in order."""
        key = (change.system, change.kind)
        held = self.rows[key]
        row = held.get(change.id)
        values = change.values
        self._wrote(change)
        machine = MACHINES.get(key)
        if machine is not None and machine.field in values:
            self._move(change, machine, row)
        kept = KEPT.get(key)
        if kept is not None:
            values = {name: value for name, value in values.items() if name in kept}
        if row is None:
            held[change.id] = {**values, "_at": change.at, "_by": change.by, "_seq": change.seq}
        else:
            row.update(values)
            row["_changed"] = change.at
            if change.op == "delete":
                row["_deleted"] = True
        for name in TIMELINES.get(key, ()):
            if name in change.values:
                self.timelines[change.system, change.kind, change.id, name].append((change.at, change.values[name]))

    def _wrote(self, change: Change) -> None:
        values = change.values
        fields = tuple(k for k, v in values.items() if v) if change.op == "create" else tuple(values)
        who = (change.system, change.kind, change.by, fields)
        count = self.writers.get(who)
        if count is None:
            self.writers[who] = [1, change.id, change.at]
        else:
            count[0] += 1
        self.last_at[change.system] = change.at

    def _move(self, change: Change, machine: Machine, row: Row | None) -> None:
        before = row.get(machine.field) if row else None
        after = change.values[machine.field]
        self.moves += 1
        if not machine.allows(before, after):
            self.illegal.append(f"{change.system} {change.kind} {change.id}: {before} became {after} by {change.by}")

    # -- looking things up ------------------------------------------------------------------------
    def live(self, system: str, kind: str) -> Iterator[tuple[str, Row]]:
        """(id, row) of rows that were not deleted, in order of creation."""
        for id, row in self.rows.get((system, kind), {}).items():
            if "_deleted" not in row:
                yield id, row

    def row(self, system: str, kind: str, id: Any) -> Row | None:
        """The row of an id as another row refers to it."""
        return self.rows.get((system, kind), {}).get(str(id)) if id is not None else None

    def timeline(self, system: str, kind: str, id: str, field: str) -> list[tuple[int, Any]]:
        """[(instant, value), ...] oldest first."""
        return self.timelines.get((system, kind, id, field), [])

    def by(self, system: str, kind: str, field: str) -> dict[Any, list[tuple[str, Row]]]:
        """Live rows grouped by a field."""
        grouped: dict[Any, list[tuple[str, Row]]] = defaultdict(list)
        for id, row in self.live(system, kind):
            grouped[row.get(field)].append((id, row))
        return grouped
