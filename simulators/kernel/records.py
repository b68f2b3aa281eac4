"""What one system knows: its rows, under the rules of their kinds, and a log of every change.

No HTTP, no vendor names. The way in is `Records`: create, change, remove; each is all or nothing, checks the kind's
rules, and appends to the change log in the same transaction. A broken rule is a `Refusal`; the vendor room words it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from .kinds import (
    HEADER,
    SQL_TYPES,
    WHOLE_MAX,
    Checks,
    Derive,
    Field,
    Id,
    Kind,
    Machine,
    Refusal,
    Row,
    Rule,
    SimulatorError,
    Verb,
    watching,
)  # fmt: skip

__all__ = [
    "HEADER", "SQL_TYPES", "WHOLE_MAX", "Change", "Derive", "Field", "Id", "Kind", "Machine", "Records", "Refusal", "Row", "Rule", "SimulatorError",
    "Store", "Verb", "watching",
]  # fmt: skip

MODSTAMP = ("version", "changed_at", "changed_by")
DELETED: tuple[str, ...] = (*MODSTAMP, "deleted")
ON_DELETE = Checks((), None, (), (), ())


class Change(NamedTuple):
    """One entry of the change log. `values`: every domain field on create, the moved ones on update, none on delete."""

    seq: int
    at: int
    kind: str
    id: Id
    op: str  # create | update | delete
    version: int
    by: str
    values: dict[str, Any]


class Store(Protocol):
    """What records ask of a store; `stores/typed.py` is the one there is."""

    position: int  # seq of the newest change

    def get(self, kind: Kind, id: Id) -> Row: ...
    def find(self, kind: Kind, field: str, value: Any, limit: int = 3) -> list[Row]: ...
    def write(
        self, kind: Kind, row: Row, names: tuple[str, ...], change: tuple[int, str, Id, str, int, str, dict[str, Any]]
    ) -> None: ...
    def number(self, kind: Kind) -> int: ...


class Records:
    """The rules of a domain over a store; the only writer of that store."""

    def __init__(
        self,
        store: Store,
        kinds: Mapping[str, Kind],
        clock: Callable[[], int],
        ids: Callable[[Kind, int], Id],
        id_type: str = "TEXT",
    ) -> None:
        self.store, self.kinds, self.clock, self.ids = store, kinds, clock, ids
        self.whole_ids = id_type == "INTEGER"
        self.get, self.find = store.get, store.find
        for kind in kinds.values():
            for watched in kind.watched:
                assert not watched.to or watched.to in kinds, f"{kind.name}.{watched.name} points at unknown kind {watched.to}"

    def live(self, kind: Kind, id: Id) -> Row:
        """The row, or Refusal 'missing' or 'deleted'."""
        row = self.get(kind, id)
        if row is None or row.deleted:
            raise Refusal("deleted" if row else "missing", f"no {kind.name} {id}", field="id", got=id, kind=kind.name)
        return row

    def one(self, kind: Kind, key: str, value: Any) -> Row:
        """The live row with that key, or None. Raises Refusal 'several' when more match: nothing may be written then."""
        found = self.find(kind, key, value)
        if len(found) > 1:
            raise Refusal("several", f"{len(found)} rows match {value}", field=key, got=[r.id for r in found], kind=kind.name)
        return found[0] if found else None

    def keyed(self, kind: Kind | str, key: str) -> Row:
        """The live row by natural key or by 'id:<vendor id>', or None. Raises Refusal 'several'."""
        kind = self.kinds[kind] if isinstance(kind, str) else kind
        if key.startswith("id:"):
            row = self.get(kind, self.id_of(key[3:]))
            return None if row is None or row.deleted else row
        return self.one(kind, kind.key, key) if kind.key else None

    def named(self, kind: Kind | str, key: str) -> Row:
        """As `keyed`, but a row that is not there is Refusal 'missing'."""
        row = self.keyed(kind, key)
        if row is None:
            name = kind if isinstance(kind, str) else kind.name
            raise Refusal("missing", f"no {name} {key}", field="id", got=key, kind=name)
        return row

    def id_of(self, text: str) -> Id:
        """An id as text in this store's own type; text that is no id becomes one that no row has."""
        if not self.whole_ids:
            return text
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1

    def create(self, kind: Kind, values: Mapping[str, Any], by: str) -> Row:
        """Insert a row; the id is made here unless `values` brings one. Raises Refusal; then nothing is written."""
        now = self.clock()
        given = dict(values)
        machine = kind.machine
        if machine and given.get(machine.field) is None:
            given[machine.field] = machine.start
        if kind.derive is not None:
            given = kind.derive(self, None, given, by)
        id = given.pop("id", None) or self.ids(kind, self.store.number(kind))
        row = kind.Row(id=id, version=1, created_at=now, changed_at=now, changed_by=by, **given)
        return self._commit(kind, None, row, "create", None)

    def change(self, kind: Kind, before: Row, values: Mapping[str, Any], by: str, *, touch: bool = False) -> Row:
        """Write what differs; nothing differs: nothing is written, unless `touch` asks for a new version and modstamp all the same."""
        given = dict(values)
        if given.get("extra"):
            given["extra"] = {**(before.extra or {}), **given["extra"]}
        if kind.derive is not None:
            given = kind.derive(self, before, given, by)
        moved = {k: v for k, v in given.items() if getattr(before, k) != v}
        if not moved and not touch:
            return before
        after = msgspec.structs.replace(before, version=before.version + 1, changed_at=self.clock(), changed_by=by, **moved)
        return self._commit(kind, before, after, "update", moved)

    def remove(self, kind: Kind, before: Row, by: str) -> Row:
        """Mark the row deleted; it stays readable by `get`, and nowhere else."""
        after = msgspec.structs.replace(before, version=before.version + 1, changed_at=self.clock(), changed_by=by, deleted=1)
        return self._commit(kind, before, after, "delete", {})

    def _commit(self, kind: Kind, before: Row, after: Row, op: str, moved: dict[str, Any] | None) -> Row:
        if op == "delete":
            checks, names, values = ON_DELETE._replace(rules=kind.rules), DELETED, {}
        elif moved is None:
            checks, names, values = kind.checks_of(kind.names), kind.names, kind.values(after)
        else:
            shape = tuple(moved)
            checks, names, values = kind.checks_of(shape), MODSTAMP + shape, moved
            for name in checks.flags:
                if values[name] is not None:
                    values[name] = bool(values[name])
        try:
            self._check(kind, before, after, checks)
        except Refusal as refusal:
            refusal.kind = refusal.kind or kind.name
            raise
        self.store.write(kind, after, names, (after.changed_at, kind.name, after.id, op, after.version, after.changed_by, values))
        return after

    def _check(self, kind: Kind, before: Row, after: Row, checks: Checks) -> None:
        """On a change only what moved is looked at: the row was checked when it was written."""
        for name in checks.required:
            if getattr(after, name) in (None, ""):
                raise Refusal("required", f"{name} is missing", field=name)
        machine = checks.machine
        if machine is not None:
            machine.check(before and getattr(before, machine.field), getattr(after, machine.field))
        for watched in checks.watched:
            value = getattr(after, watched.name)
            if value is None:
                continue
            if watched.to:
                self._points_somewhere(watched, value)
            if watched.unique:
                self._is_alone(kind, watched, value, after.id)
        for rule in checks.rules:
            rule(self, before, after)

    def _points_somewhere(self, ref: Field, value: Id) -> None:
        target = self.get(self.kinds[ref.to], value)
        if target is None or target.deleted:
            raise Refusal("dangling", f"no {ref.to} {value}", field=ref.name, got=value)

    def _is_alone(self, kind: Kind, unique: Field, value: Any, id: Id) -> None:
        others = [r.id for r in self.find(kind, unique.name, value) if r.id != id]
        if others:
            raise Refusal("duplicate", f"{unique.name} {value} is held by {others[0]}", field=unique.name, got=others[0])
