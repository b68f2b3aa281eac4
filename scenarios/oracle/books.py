"""What the three systems hold, rebuilt from their change logs: rows by kind, timelines of states, who wrote which field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from scenarios.history import Change
from scenarios.oracle.machines import FROZEN, MACHINES, Frozen, Machine

Row = dict[str, Any]
Key = tuple[str, str]  # (system, kind)
ILLEGAL_MAX = 200

# Of kinds with very many rows only these fields are kept.
KEPT: dict[Key, tuple[str, ...]] = {
    ("psa", "time_entry"): ("state",),
    ("psa", "expense"): ("state",),
    ("erp", "time_bill"): (
        "external_id",
        "memo",
        "job_id",
        "employee_id",
        "minutes",
        "rate",
        "billable",
        "invoice_id",
        "tran_date",
        "work_date",
    ),
}
TIMELINES: dict[Key, tuple[str, ...]] = {
    ("erp", "invoice"): ("status",),
    ("erp", "sales_order"): ("status",),
    ("erp", "job"): ("inactive",),
    ("erp", "period"): ("state",),
    ("erp", "customer"): ("inactive", "name"),
    ("psa", "workspace"): ("archived",),
    ("crm", "sow"): ("delivery_status",),
    ("crm", "invoice_mirror"): ("status", "source_version"),
    ("psa", "external_reference"): ("status",),
}


class Handling(NamedTuple):
    """What is done with changes of one kind."""

    rows: dict[str, Row]
    machine: Machine | None
    frozen: Frozen | None
    kept: tuple[str, ...] | None
    timelines: tuple[str, ...]


class Books:
    """Rows: {(system, kind): {id: row}}; deleted rows stay with `_deleted`. Every row has `_at` (created), `_by`."""

    def __init__(self) -> None:
        self.rows: dict[Key, dict[str, Row]] = defaultdict(dict)
        self.timelines: dict[tuple[str, str, str, str], list[tuple[int, Any]]] = defaultdict(list)
        self.writers: dict[tuple[str, str, str, str, tuple[str, ...]], list[Any]] = {}  # -> [count, first id, last at]
        self.illegal: list[str] = []
        self.illegal_count = 0
        self.moves = 0  # state moves, and edits of records that may be frozen
        self._handling: dict[Key, Handling] = {}

    def take(self, change: Change) -> None:
        """Apply one change; changes of one record come in order."""
        key = (change.system, change.kind)
        handling = self._handling.get(key)
        if handling is None:
            handling = self._handling[key] = Handling(
                self.rows[key], MACHINES.get(key), FROZEN.get(key), KEPT.get(key), TIMELINES.get(key, ())
            )
        row = handling.rows.get(change.id)
        values = change.values
        self._wrote(change)
        if handling.machine is not None and handling.machine.field in values:
            self._move(change, handling.machine, row)
        if handling.frozen is not None and row is not None:
            self._edit(change, handling.frozen, row)
        for name in handling.timelines:
            if name in values:
                self.timelines[change.system, change.kind, change.id, name].append((change.at, values[name]))
        if handling.kept is not None:
            values = {name: values[name] for name in handling.kept if name in values}
        if row is None:
            handling.rows[change.id] = {**values, "_at": change.at, "_by": change.by, "_version": change.version}
            return
        row.update(values)
        row["_changed"] = change.at
        row["_version"] = change.version
        if change.op == "delete":
            row["_deleted"] = True

    def _wrote(self, change: Change) -> None:
        values = change.values
        fields = tuple([k for k, v in values.items() if v]) if change.op == "create" else tuple(values)
        who = (change.system, change.kind, change.by, change.op, fields)
        count = self.writers.get(who)
        if count is None:
            self.writers[who] = [1, change.id, change.at]
        else:
            count[0] += 1
            count[2] = change.at

    def _move(self, change: Change, machine: Machine, row: Row | None) -> None:
        before = row.get(machine.field) if row else None
        after = change.values[machine.field]
        self.moves += 1
        if not machine.allows(before, after):
            self._wrong(f"{change.system} {change.kind} {change.id}: {before} became {after} by {change.by}")

    def _edit(self, change: Change, frozen: Frozen, row: Row) -> None:
        self.moves += 1
        state = row.get(frozen.field)
        if not frozen.holds(state):
            return
        edited = sorted(frozen.fields.intersection(change.values))
        if edited or change.op == "delete":
            what = "was deleted" if change.op == "delete" else f"had {', '.join(edited)} changed"
            self._wrong(f"{change.system} {change.kind} {change.id} {what} by {change.by}, though it stood for good")

    def _wrong(self, what: str) -> None:
        self.illegal_count += 1
        if len(self.illegal) < ILLEGAL_MAX:
            self.illegal.append(what)

    # -- looking things up ------------------------------------------------------------------------
    def live(self, system: str, kind: str) -> Iterator[tuple[str, Row]]:
        """(id, row) of rows that were not deleted, in order of creation."""
        for id, row in self.rows.get((system, kind), {}).items():
            if "_deleted" not in row:
                yield id, row

    def all(self, system: str, kind: str) -> Iterator[tuple[str, Row]]:
        """(id, row) of all rows that ever were."""
        yield from self.rows.get((system, kind), {}).items()

    def row(self, system: str, kind: str, id: Any) -> Row | None:
        """The live row of an id as another row refers to it."""
        found = self.rows.get((system, kind), {}).get(str(id)) if id is not None else None
        return None if found is None or "_deleted" in found else found

    def timeline(self, system: str, kind: str, id: str, field: str) -> list[tuple[int, Any]]:
        """[(instant, value), ...] oldest first."""
        return self.timelines.get((system, kind, id, field), [])
