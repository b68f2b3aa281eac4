"""What people do at the vendor's own screens: the domain's verbs, by natural keys, without HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .records import WHOLE_MAX, Field, Id, Kind, Records, Refusal, Row

if TYPE_CHECKING:
    from simulators.stores.typed import TypedStore

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "state": (str,), "date": (str,), "id": (str, int), "ref": (str, int), "flag": (bool, int),
    "money": (int,), "quantity": (int,), "rate": (int,), "int": (int,), "instant": (int,), "json": (dict, list),
}  # fmt: skip


class Acted(NamedTuple):
    """The record an act left behind: the vendor's id as text, and its natural key ('id:<id>' when the kind has none)."""

    id: str
    key: str


def act(records: Records, verb: str, kind_name: str, key: str, *, values: Mapping[str, Any], user: str, at: int) -> Acted:
    """Do the verb in the transaction that is open. `at` is the instant the person meant; the store stamps its own clock."""
    kind = records.kinds.get(kind_name)
    if kind is None:
        raise Refusal("unknown_kind", f"no kind {kind_name}", got=kind_name)
    own = kind.verbs.get(verb)
    try:
        if own is not None:
            row = own(
                records, records.keyed(kind, key) if key else None, resolved(records, kind, values, known_only=True), user, at
            )
        else:
            row = plainly(records, verb, kind, key, values=resolved(records, kind, values), user=user)
    except Refusal as refusal:
        refusal.kind = refusal.kind or kind_name
        raise
    natural = getattr(row, kind.key) if kind.key else None
    return Acted(str(row.id), str(natural) if natural is not None else f"id:{row.id}")


def plainly(records: Records, verb: str, kind: Kind, key: str, *, values: dict[str, Any], user: str) -> Row:
    if verb == "create":
        if key and kind.key and not key.startswith("id:"):
            values.setdefault(kind.key, key)
            if records.keyed(kind, key) is not None:
                raise Refusal("duplicate", f"{kind.name} {key} exists", field=kind.key, got=key)
        return records.create(kind, values, user)
    if verb == "update":
        return records.change(kind, records.named(kind, key), values, user, touch=True)
    if verb == "delete":
        return records.remove(kind, records.named(kind, key), user)
    raise Refusal(
        "unknown_verb", f"nobody can {verb} a {kind.name}; verbs: {', '.join(('create', 'update', 'delete', *kind.verbs))}"
    )


def resolved(records: Records, kind: Kind, values: Mapping[str, Any], *, known_only: bool = False) -> dict[str, Any]:
    """Values by field, natural keys in refs replaced by ids. `known_only`: other names are the verb's own and pass as they are."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        found = kind.by_name.get(name)
        if found is None or (found.name in ("id", "version", "created_at", "changed_at", "changed_by", "deleted")):
            if not known_only:
                raise Refusal("unknown_field", f"no field {name} on {kind.name}", field=name)
            out[name] = value
        elif found.type == "ref" and found.to and isinstance(value, str):
            out[name] = target(records, found, value)
        else:
            out[name] = checked(found, value)
    return out


def target(records: Records, ref: Field, key: str) -> Id:
    row = records.keyed(ref.to, key)
    if row is None:
        raise Refusal("dangling", f"no {ref.to} {key}", field=ref.name, got=key)
    id: Id = row.id
    return id


def checked(field: Field, value: Any) -> Any:
    wanted = PYTHON_TYPES[field.type]
    right = value is None or (isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool)))
    if not right or (isinstance(value, int) and not -WHOLE_MAX <= value <= WHOLE_MAX):
        raise Refusal("wrong_type", f"{field.name}: {field.type} wanted, got {value!r}", field=field.name, got=value)
    return value


def look(store: TypedStore, records: Records, kind_name: str, equals: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind = records.kinds.get(kind_name)
    if kind is None:
        raise Refusal("unknown_kind", f"no kind {kind_name}", got=kind_name)
    unknown = [n for n in equals if n not in kind.by_name]
    if unknown:
        raise Refusal("unknown_field", f"no field {unknown[0]} on {kind_name}", field=unknown[0])
    return [{"id": row.id, **kind.values(row)} for row in store.matching(kind, equals)]
