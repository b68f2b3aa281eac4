from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from simulators.domains import crm, erp, psa
from simulators.kernel.records import Field, Kind, Machine, Records, Refusal, watching
from simulators.registry import furnish
from simulators.stores.typed import TypedStore
from tests.simulators.kernel.conftest import World
from tests.simulators.kernel.mini import KINDS, NOTE, OWNER, ROOM


def refusal(work) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def test_a_refused_write_leaves_neither_row_nor_log(world: World) -> None:
    """All or nothing: what a rule refuses has not happened."""
    records = world.system.records
    refusals = [
        refusal(lambda: records.create(NOTE, {"number": "N-1"}, "x")),
        refusal(lambda: records.create(NOTE, {"title": "t", "status": "lost"}, "x")),
        refusal(lambda: records.create(NOTE, {"title": "t", "owner_id": "o000099"}, "x")),
        refusal(lambda: records.create(NOTE, {"title": "t", "price": 2**70}, "x")),
        refusal(lambda: records.create(NOTE, {"title": "t", "price": "dear"}, "x")),
        refusal(lambda: records.create(NOTE, {"title": "\ud800"}, "x")),
    ]
    assert [r.code for r in refusals] == ["required", "unknown_state", "dangling", "wrong_type", "wrong_type", "wrong_type"]
    assert {r.kind for r in refusals} == {"note"}
    assert (world.system.look("note"), world.system.changes()) == ([], [])


def test_a_deleted_record_is_pointed_at_no_more(world: World) -> None:
    """References need a live target when they are written."""
    records = world.system.records
    owner = records.create(OWNER, {"name": "Ann"}, "x")
    records.remove(OWNER, owner, "x")
    assert refusal(lambda: records.create(NOTE, {"title": "t", "owner_id": owner.id}, "x")).code == "dangling"


def test_whole_ids_that_no_column_holds_are_nobodys() -> None:
    """A vendor with integer ids is asked for a number beyond them: there is no such row, and no error of the engine."""
    room = type(ROOM)(**{**vars(ROOM), "id_type": "INTEGER", "ids": lambda _kind, n: 100 + n})
    system = furnish(room, clock=lambda: 0, seed=0)
    made = system.act("create", "owner", "Ann", {}, user="x", at=1)
    note = system.act("create", "note", "N-1", {"title": "t", "owner_id": "Ann"}, user="x", at=1)
    assert (made.id, note.id, system.look("note", owner_id=101)[0]["id"]) == ("101", "101", 101)
    assert [system.records.get(OWNER, 10**30), system.records.find(OWNER, "id", 10**30)] == [None, []]
    assert [system.row("owner", key) for key in ("id:" + "9" * 40, "id:x", "id:²", "id:-1")] == [None] * 4
    assert system.row("owner", "id:101").name == "Ann"
    system.close()


def test_an_illegal_transition_changes_nothing(world: World) -> None:
    """A machine allows its moves and staying; anything else is refused with the moves that were open."""
    records = world.system.records
    row = records.create(NOTE, {"title": "t"}, "x")
    found = refusal(lambda: records.change(NOTE, row, {"status": "gone"}, "x"))
    assert (found.code, found.field, found.message) == ("illegal_transition", "status", "draft may become posted, not gone")
    assert records.get(NOTE, row.id) == row


def test_a_machine_may_say_where_records_begin() -> None:
    """Entries bound the state of a new record; without them any known state will do."""
    machine = Machine("s", "a", {"a": ("b",), "b": ()}, entries=("a",))
    assert refusal(lambda: machine.check(None, "b")).code == "illegal_transition"
    Machine("s", "a", {"a": ("b",), "b": ()}).check(None, "b")


def test_the_log_holds_every_field_on_create_and_the_moved_ones_on_update(world: World) -> None:
    """The change log is written with the row, and reads back as it was told."""
    records = world.system.records
    told = []
    world.system.on_change = told.append
    row = world.system.transact(lambda: records.create(NOTE, {"title": "t", "pinned": True, "extra": {"colour": "red"}}, "ann"))
    world.system.transact(lambda: records.change(NOTE, row, {"title": "t", "price": 5}, "bob"))
    world.system.transact(lambda: records.remove(NOTE, records.live(NOTE, row.id), "bob"))
    empty = dict.fromkeys(f.name for f in NOTE.fields)
    assert [(c.op, c.version, c.by, c.values) for c in told] == [
        ("create", 1, "ann", {**empty, "title": "t", "status": "draft", "pinned": True, "extra": {"colour": "red"}}),
        ("update", 2, "bob", {"price": 5}),
        ("delete", 3, "bob", {}),
    ]
    assert world.system.changes() == told


def test_saving_without_a_difference_writes_only_when_touched(world: World) -> None:
    """A save that changes nothing is silent, unless the vendor stamps it all the same."""
    records = world.system.records
    row = records.create(NOTE, {"title": "t"}, "x")
    assert records.change(NOTE, row, {"title": "t"}, "x") is row
    touched = records.change(NOTE, row, {"title": "t"}, "y", touch=True)
    assert (touched.version, touched.changed_by, world.system.position) == (2, "y", 2)


def test_a_unique_field_is_unique_among_live_rows(world: World) -> None:
    """A second holder is refused; a deleted row holds nothing."""
    records = world.system.records
    first = records.create(NOTE, {"title": "a", "code": "C"}, "x")
    second = records.create(NOTE, {"title": "b"}, "x")
    assert refusal(lambda: records.create(NOTE, {"title": "c", "code": "C"}, "x")).got == first.id
    assert refusal(lambda: records.change(NOTE, second, {"code": "C"}, "x")).code == "duplicate"
    records.remove(NOTE, first, "x")
    assert records.change(NOTE, second, {"code": "C"}, "x").code == "C"


def test_a_key_that_several_rows_hold_is_never_written_by(world: World) -> None:
    """Natural keys are not unique by themselves: asking for one of two is refused, naming both."""
    records = world.system.records
    ids = [records.create(NOTE, {"title": t, "number": "N-1"}, "x").id for t in "ab"]
    found = refusal(lambda: records.keyed("note", "N-1"))
    assert (found.code, found.got) == ("several", ids)


def test_inner_failure_rolls_back_to_the_savepoint_and_keeps_the_rest(world: World) -> None:
    """Transactions nest: the inner one is undone alone, log, position and told changes included."""
    store, records = world.system.store, world.system.records
    with store.atomic() as done:
        records.create(NOTE, {"title": "kept"}, "x")
        with pytest.raises(Refusal), store.atomic():
            records.create(NOTE, {"title": "undone"}, "x")
            records.create(NOTE, {}, "x")
        with store.atomic() as inner:
            records.create(NOTE, {"title": "also"}, "x")
    assert [c.values["title"] for c in done.changes] == ["kept", "also"]
    assert [c.values["title"] for c in inner.changes] == ["also"]
    assert ([c.seq for c in world.system.changes()], world.system.position) == ([1, 2], 2)
    assert [r["title"] for r in world.system.look("note")] == ["kept", "also"]


def test_a_failed_transaction_tells_nobody(world: World) -> None:
    """Listeners hear of commits only."""
    told = []
    world.system.on_change = told.append

    def work() -> None:
        world.system.records.create(NOTE, {"title": "t"}, "x")
        raise Refusal("frozen", "no")

    refusal(lambda: world.system.transact(work))
    assert (told, world.system.position) == ([], 0)


def test_restore_brings_back_rows_log_and_id_numbers(world: World) -> None:
    """After a restore the same acts give the same ids and the same digest."""
    system = world.system
    system.act("create", "note", "N-1", {"title": "a"}, user="x", at=1)
    image = system.snapshot()
    first = system.act("create", "note", "N-2", {"title": "b"}, user="x", at=1)
    digest = system.digest()
    system.restore(image)
    assert ([c.seq for c in system.changes()], system.row("note", "N-2")) == ([1], None)
    assert system.act("create", "note", "N-2", {"title": "b"}, user="x", at=1) == first
    assert system.digest() == digest


def test_restore_forgets_statements_prepared_for_the_old_schema(world: World) -> None:
    """A statement kept over `deserialize` points into a schema that is gone; written through it, rows went astray."""
    system = world.system
    for n in range(20):
        image = system.snapshot()
        system.act("create", "owner", f"A-{n}", {}, user="x", at=1)
        system.restore(image)
        system.act("create", "owner", f"B-{n}", {}, user="x", at=1)
    assert [r["name"] for r in system.look("owner")] == [f"B-{n}" for n in range(20)]
    assert [c.seq for c in system.changes()] == list(range(1, 21))


def test_restore_inside_a_transaction_is_our_bug(world: World) -> None:
    """SQLite would accept it and leave a transaction open."""
    image = world.system.snapshot()
    with pytest.raises(AssertionError), world.system.store.atomic():
        world.system.restore(image)


def test_digest_depends_on_rows_not_on_how_they_came(world: World) -> None:
    """The image of a database differs with the order of inserts; the digest does not."""
    digests = []
    for order in (range(400), reversed(range(400))):
        store = TypedStore(KINDS)
        with store.atomic():
            for n in order:
                row = OWNER.Row(id=f"{n:04d}", version=1, created_at=0, changed_at=0, changed_by="x", name=str(n))
                store.write(OWNER, row, OWNER.names, (0, "owner", row.id, "create", 1, "x", {}))
        digests.append(store.digest())
        store.close()
    assert digests[0] == digests[1]
    assert digests[0] != world.system.digest()


def test_a_store_in_a_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Rows, log position and id numbers survive a restart; ids are not used twice."""
    path = str(tmp_path / "board.db")
    first = furnish(ROOM, clock=lambda: 5, seed=1, path=path)
    made = first.act("create", "note", "N-1", {"title": "a"}, user="x", at=1)
    digest = first.digest()
    first.close()
    again = furnish(ROOM, clock=lambda: 5, seed=1, path=path)
    assert (again.position, again.digest(), again.row("note", "N-1").id) == (1, digest, made.id)
    assert again.act("create", "note", "N-2", {"title": "b"}, user="x", at=1).id == "n000002"
    image = again.snapshot()
    again.act("create", "note", "N-3", {"title": "c"}, user="x", at=1)
    again.restore(image)
    assert again.row("note", "N-3") is None
    again.close()


def test_reset_is_as_good_as_new(world: World) -> None:
    """After a reset ids, log and state begin again."""
    system = world.system
    first = system.act("create", "note", "N-1", {"title": "a"}, user="x", at=1)
    system.state.opened.append("used")
    system.reset()
    assert (system.position, system.look("note"), system.state.opened) == (0, [], [])
    assert system.act("create", "note", "N-1", {"title": "a"}, user="x", at=1) == first


def test_json_fields_come_back_as_they_went(world: World) -> None:
    """Documents are stored as text and read as values; an absent one is NULL."""
    paper = Kind("paper", (Field("title"), Field("lines", "json"), Field("notes", "json")))
    store = TypedStore({"paper": paper})
    row = paper.Row(id="1", version=1, created_at=0, changed_at=0, changed_by="x", lines=[{"a": 1}], extra={"b": [2]})
    store.write(paper, row, paper.names, (0, "paper", "1", "create", 1, "x", {}))
    assert store.get(paper, "1") == row
    assert store.run("SELECT notes IS NULL FROM paper_row").fetchone() == (1,)
    store.close()


def test_what_follows_from_values_is_completed_before_it_is_checked() -> None:
    """A derived value is compared, checked and logged like a given one; a save that derives nothing new writes nothing."""

    def priced(_records, before, values, by):
        total = (values.get("quantity") or (before and before.quantity) or 0) * 5
        return {**values, "total": total, "author": before.author if before else by}

    line = Kind("line", (Field("quantity", "int"), Field("total", "money", required=True), Field("author")), derive=priced)
    room = type(ROOM)(**{**vars(ROOM), "kinds": {"line": line}, "wires": ()})
    system = furnish(room, clock=lambda: 0, seed=0)
    row = system.records.create(line, {"quantity": 2}, "ann")
    assert (row.total, row.author) == (10, "ann")
    assert system.records.change(line, row, {"quantity": 2}, "bob") is row
    assert system.records.change(line, row, {"quantity": 3}, "bob").total == 15
    assert system.changes()[-1].values == {"quantity": 3, "total": 15}
    system.close()


def test_a_kind_that_points_nowhere_cannot_be_declared() -> None:
    """A ref to an unknown kind, a key that is no field, an unknown type: mistakes of ours, found at once."""
    stray = Kind("stray", (Field("owner_id", "ref", to="nobody"),))
    with pytest.raises(AssertionError, match="nobody"):
        furnish(type(ROOM)(**{**vars(ROOM), "kinds": {"stray": stray}, "wires": ()}), clock=lambda: 0, seed=0)
    with pytest.raises(AssertionError):
        Kind("k", (Field("a", "colour"),))
    with pytest.raises(AssertionError):
        Kind("k", (Field("a"),), key="b")


WATCHING = [
    (kind, rule)
    for kinds in (crm.KINDS, psa.KINDS, erp.KINDS)
    for kind in kinds.values()
    for rule in kind.rules
    if hasattr(rule, "watches")
]


@pytest.mark.parametrize(("kind", "rule"), WATCHING, ids=[f"{kind.name}:{rule.__name__}" for kind, rule in WATCHING])
def test_a_rule_that_is_not_asked_had_nothing_to_say(kind: Kind, rule: Any) -> None:
    """Whatever moves beside the fields it watches, it refuses nothing and looks at no other record."""
    chance = random.Random(rule.__name__)
    states = tuple(kind.machine.moves) if kind.machine else ("x",)
    free = [c for c in kind.fields if c.name not in rule.watches]

    def some(field: Field) -> Any:
        if kind.machine and field.name == kind.machine.field:
            return chance.choice(states)
        return (
            chance.choice((None, 0, 1, 7))
            if field.type in ("int", "money", "flag", "instant", "quantity", "rate")
            else chance.choice(("a", "b"))
        )

    for _ in range(200):
        values = {c.name: some(c) for c in kind.fields}
        before = kind.Row(id="1", version=1, created_at=0, changed_at=0, changed_by="x", **values)
        rule(None, before, replace(before, **{c.name: some(c) for c in chance.sample(free, len(free) // 2)}))


def test_a_rule_is_asked_when_a_field_moves_that_it_watches() -> None:
    """And on every create and removal that it watches for; not for other fields."""
    asked: list[str] = []

    @watching("title", "deleted")
    def careful(_records: Any, before: Any, after: Any) -> None:
        asked.append("create" if before is None else "delete" if after.deleted else "change")

    kind = Kind("paper", (Field("title"), Field("colour")), rules=(careful,))
    records = Records(TypedStore({"paper": kind}), {"paper": kind}, lambda: 1, lambda _kind, n: str(n))
    row = records.create(kind, {"title": "a"}, "x")
    row = records.change(kind, row, {"colour": "red"}, "x")
    row = records.change(kind, row, {"colour": "blue", "title": "b"}, "x")
    records.remove(kind, row, "x")
    assert asked == ["create", "change", "delete"]
