from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from simulators.kernel.records import Records, Refusal
from simulators.stores import engine, shelf, typed
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


def whole(store: TypedStore) -> list[Any]:
    """What SQL sees: rows, log, and their sum."""
    rows = store.select("SELECT * FROM note_row ORDER BY id", ())
    return [store.position, rows, store.since(0), store.digest(), store.matching(NOTE, {"code": "a"})]


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


def step(records: Records, chance: random.Random, *, curious: bool = True) -> None:
    """One write, or a few in a savepoint that may be taken back, with questions in between: many of them, or a few."""
    what = chance.random()
    store: Any = records.store
    if what < 0.3:
        try:
            with store.atomic():
                for _ in range(chance.randint(1, 3)):
                    step(records, chance, curious=curious)
                asked(store) if curious or chance.random() < 0.1 else few(store, chance)
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


@pytest.mark.parametrize("seed", range(8))
def test_a_store_that_tells_the_engine_later_is_one_that_tells_it_at_once(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same writes and questions in memory and in a file, where every write is told at once: answers, rows and log agree."""
    chance = random.Random(seed)
    monkeypatch.setattr(shelf, "ROWS_MAX", chance.choice((3, 20, 1000)))
    monkeypatch.setattr(engine, "BEHIND_MAX", chance.choice((0, 5, 1000)))
    monkeypatch.setattr(typed, "OPEN_MAX", chance.choice((1, 64)))
    stores = [TypedStore(KINDS), TypedStore(KINDS, path=str(tmp_path / "told.db"))]
    worlds = [Records(store, KINDS, lambda: 1, lambda kind, n: f"{kind.name}-{n}") for store in stores]
    for records in worlds:
        for name in ("A", "B"):
            records.create(OWNER, {"name": name}, "x")
    images = [store.snapshot() for store in stores]
    for turn in range(60):
        turn_seed = chance.random()
        for records in worlds:
            step(records, random.Random(turn_seed), curious=False)
        if turn == 40:
            for store, image in zip(stores, images, strict=True):
                store.restore(image)
        if chance.random() < 0.7:
            some = [few(store, random.Random(turn_seed)) for store in stores]
            assert some[0] == some[1], f"seed {seed}, turn {turn}"
        if chance.random() < 0.1:
            later, at_once = (whole(store) for store in stores)
            assert later == at_once, f"seed {seed}, turn {turn}"
    assert whole(stores[0]) == whole(stores[1])
    assert asked(stores[0]) == asked(stores[1])
    for store in stores:
        store.close()


def few(store: TypedStore, chance: random.Random) -> list[Any]:
    """A few questions: the others stay unasked, so that the engine is not told for their sake."""
    found: list[Any] = [store.get(NOTE, f"note-{chance.randint(1, 60)}") for _ in range(4)]
    for _ in range(chance.randint(0, 3)):
        value = chance.choice((*CODES, "N-1", "draft", "owner-1", 5, 7))
        found.append(store.find(NOTE, chance.choice(FIELDS), value, chance.choice((1, 3, 50))))
    return found


@pytest.mark.parametrize(
    ("bad", "code"),
    [({"price": 1 << 63}, "wrong_type"), ({"price": "much"}, "wrong_type"), ({"title": "\ud800"}, "wrong_type"),
     ({"id": "note-1"}, "duplicate")],
)  # fmt: skip
def test_what_the_engine_would_refuse_is_refused_in_the_call_that_wrote_it(bad: dict[str, Any], code: str) -> None:
    """Though the engine is told later; and what the transaction wrote before is told with it, or taken back."""
    store = TypedStore(KINDS)
    records = Records(store, KINDS, lambda: 1, lambda kind, n: f"{kind.name}-{n}")
    records.create(NOTE, {"title": "t"}, "x")
    with pytest.raises(Refusal) as refused, store.atomic():
        records.create(NOTE, {"title": "gone"}, "x")
        records.create(NOTE, {"title": "t", **bad}, "x")
    assert refused.value.code == code
    records.create(NOTE, {"title": "u"}, "x")
    assert [row.title for row in store.matching(NOTE, {})] == ["t", "u"]
    assert [(c.seq, c.id) for c in store.since(0)] == [(1, "note-1"), (2, f"note-{3 if 'id' in bad else 4}")]


def test_an_id_of_another_type_finds_the_row_as_it_is() -> None:
    """The engine takes 7 for '7' in a text column; what it has not been told of is no exception."""
    store = TypedStore(KINDS)
    records = Records(store, KINDS, lambda: 1, lambda _kind, n: str(n))
    row = records.create(NOTE, {"title": "t"}, "x")
    store.catch_up()
    records.change(NOTE, row, {"title": "u"}, "x")
    assert store.get(NOTE, 1).title == "u"


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
