from __future__ import annotations

import random
from typing import Any

import pytest

from simulators.kernel.records import Records, Refusal
from simulators.stores import shelf
from simulators.stores.typed import TypedStore
from tests.simulators.kernel.mini import KINDS, NOTE, OWNER

FIELDS = ("number", "owner_id", "code", "status", "price")
CODES = ("a", "b", "c", "7", None)
EXTRAS: tuple[Any, ...] = (None, {}, {"b": 1, "a": [1, {"x": None}]}, {"k": (1, 2)})


class Undone(Exception):
    pass


def asked(store: TypedStore) -> list[Any]:
    """Every row by id, and every question by one field."""
    found: list[Any] = [store.get(NOTE, f"note-{n}") for n in range(1, 60)]
    values = (*CODES, 7, 1, True, 0, "draft", "posted", "owner-1", "owner-2", 5.0, "5", 5)
    return [*found, *(store.find(NOTE, field, value, limit) for field in FIELDS for value in values for limit in (1, 3, 50))]


def values(chance: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": chance.choice(("t", "u")),
        "number": chance.choice(("N-1", "N-2", "7", None)),
        "code": chance.choice(CODES),
        "price": chance.choice((5, 1, 0, None)),
        "pinned": chance.choice((True, False, 1, None)),
        "owner_id": chance.choice(("owner-1", "owner-2", None)),
        "extra": chance.choice(EXTRAS),
    }
    return {name: made[name] for name in chance.sample(sorted(made), chance.randint(1, 5))}


def step(records: Records, chance: random.Random) -> None:
    """One write, or a few in a savepoint that may be taken back, with questions in between."""
    what = chance.random()
    store: Any = records.store
    if what < 0.3:
        try:
            with store.atomic():
                for _ in range(chance.randint(1, 3)):
                    step(records, chance)
                asked(store)
                if what < 0.2:
                    raise Undone
        except Undone:
            pass
        return
    rows = [row for n in range(1, 60) if (row := store.get(NOTE, f"note-{n}")) is not None and not row.deleted]
    try:
        if what < 0.6 or not rows:
            records.create(NOTE, {"title": "t", **values(chance)}, "x")
        elif what < 0.9:
            records.change(NOTE, chance.choice(rows), values(chance), "y", touch=True)
        else:
            records.remove(NOTE, chance.choice(rows), "z")
    except Refusal:
        pass


@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_at_hand_is_what_the_engine_holds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any writes, taken back or not, rows and answers are those of a store that remembers nothing."""
    chance = random.Random(seed)
    monkeypatch.setattr(shelf, "ROWS_MAX", chance.choice((5, 1000)))
    store = TypedStore(KINDS)
    records = Records(store, KINDS, lambda: 1, lambda kind, n: f"{kind.name}-{n}")
    for name in ("A", "B"):
        records.create(OWNER, {"name": name}, "x")
    image = store.snapshot()
    for turn in range(60):
        step(records, chance)
        if turn == 40:
            store.restore(image)
        kept = asked(store)
        for one in store.shelves.values():
            one.clear()
        assert kept == asked(store), f"seed {seed}, turn {turn}"


def test_a_value_that_the_engine_turns_into_another_is_read_back() -> None:
    """A number in a text column is text for whoever reads it next, at once."""
    store = TypedStore(KINDS)
    records = Records(store, KINDS, lambda: 1, lambda kind, n: f"{kind.name}-{n}")
    row = records.create(NOTE, {"title": "t", "number": 7, "pinned": True, "extra": {"n": (1, 2)}}, "x")
    store.find(NOTE, "number", "8")
    records.change(NOTE, row, {"number": 8}, "x")
    found = store.find(NOTE, "number", "8")
    assert [(r.number, r.pinned, r.extra) for r in found] == [("8", 1, {"n": [1, 2]})]
    assert store.get(NOTE, row.id) == found[0]


def test_a_document_kept_at_hand_is_not_the_writers() -> None:
    """Changing the dictionary that was given changes no record."""
    store = TypedStore(KINDS)
    records = Records(store, KINDS, lambda: 1, lambda kind, n: f"{kind.name}-{n}")
    given = {"n": [1]}
    row = records.create(NOTE, {"title": "t", "extra": given}, "x")
    given["n"].append(2)
    assert store.get(NOTE, row.id).extra == {"n": [1]}
