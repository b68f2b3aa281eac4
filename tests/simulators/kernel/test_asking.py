from __future__ import annotations

import pytest

from simulators.kernel.asking import SqlCompiler
from simulators.kernel.conditions import Both, Compare, Hole, Not, Query
from simulators.kernel.records import Refusal
from tests.simulators.kernel.conftest import World
from tests.simulators.kernel.mini import NOTES

NUMBER, TITLE, STATUS, PRICE = ("Number",), ("Title",), ("Status",), ("Price",)


@pytest.fixture
def board(world: World) -> World:
    for name in ("Ann", "Bob"):
        world.system.act("create", "owner", name, {}, user="x", at=1)
    for n, (owner, title, price) in enumerate([("Ann", "One", 10), ("Bob", "two", 20), (None, None, 30), ("Ann", "one", None)]):
        values = {"title": title or "-", "price": price} | ({"owner_id": owner} if owner else {})
        world.system.act("create", "note", f"N-{n}", values, user="x", at=1)
    world.system.act("approve", "note", "N-1", {}, user="x", at=1)
    return world


def ask(board: World, where=None, literals=(), **more) -> list[str]:
    plan = SqlCompiler(board.system.wires).compile(Query("note", (NUMBER,), where, **more))
    return [row[1] for row in plan.run(board.system.store, literals)]


def test_a_picklist_literal_is_the_domains_state(board: World) -> None:
    """Vendor labels are compared as states; a label nobody knows matches nothing; order among them is not the domain's."""
    assert ask(board, Compare(STATUS, "=", Hole(0)), ["Posted"]) == ["N-1"]
    assert ask(board, Compare(STATUS, "=", Hole(0)), ["Lost"]) == []
    assert ask(board, Compare(STATUS, "=", Hole(0)), ["posted"]) == []
    with pytest.raises(Refusal, match="can not be compared"):
        ask(board, Compare(STATUS, "<", Hole(0)), ["Posted"])


def test_unequal_and_not_keep_rows_that_hold_nothing(board: World) -> None:
    """The vendor returns empty fields for != and NOT; plain SQL would drop them."""
    assert ask(board, Compare(PRICE, "!=", Hole(0)), [0.1]) == ["N-1", "N-2", "N-3"]
    assert ask(board, Not(Compare(PRICE, ">", Hole(0))), [0.2]) == ["N-0", "N-1", "N-3"]
    assert ask(board, Compare(PRICE, "=", None)) == ["N-3"]
    assert ask(board, Compare(PRICE, "!=", None)) == ["N-0", "N-1", "N-2"]


def test_free_text_compares_without_case_and_keys_exactly(board: World) -> None:
    """A key's index must serve, so keys compare as they are."""
    assert ask(board, Compare(TITLE, "=", Hole(0)), ["ONE"]) == ["N-0", "N-3"]
    assert ask(board, Compare(TITLE, "in", (Hole(0), "TWO")), ["one"]) == ["N-0", "N-1", "N-3"]
    assert ask(board, Compare(NUMBER, "=", Hole(0)), ["n-0"]) == []
    text = SqlCompiler(board.system.wires).compile(Query("note", (NUMBER,), Compare(NUMBER, "=", Hole(0)))).text
    steps = board.system.store.run(f"EXPLAIN QUERY PLAN {text}", ("N-0",)).fetchall()
    assert any("note_row_number" in step[3] for step in steps)


def test_like_takes_wildcards_and_escapes(board: World) -> None:
    """A percent sign may be meant as such."""
    assert ask(board, Compare(TITLE, "like", Hole(0)), ["%n%"]) == ["N-0", "N-3"]
    assert ask(board, Compare(TITLE, "like", Hole(0)), ["\\%"]) == []


def test_parents_are_joined_once_however_they_are_spelt(board: World) -> None:
    """Relations are found whatever their case; a missing parent reads empty."""
    where = Both("and", (Compare(("owner", "Name"), "=", Hole(0)), Compare(("Owner", "name"), "!=", None)))
    plan = SqlCompiler(board.system.wires).compile(Query("note", (("OWNER", "NAME"),), where))
    assert plan.text.count("JOIN") == 1
    assert [r[1] for r in plan.run(board.system.store, ["Ann"])] == ["Ann", "Ann"]
    assert [r[1] for r in plan.run(board.system.store, ["ANN"])] == []  # a key of its own kind: exact
    assert ask(board, Compare(("Owner", "Name"), "=", None)) == ["N-2"]


def test_order_is_never_left_to_the_planner(board: World) -> None:
    """Equal ranks come by id, empty ones first, unless asked otherwise; dropping an index changes nothing."""
    by_title = ((TITLE, False, False),)
    assert ask(board, order=by_title) == ["N-2", "N-0", "N-3", "N-1"]
    assert ask(board, order=((PRICE, True, True),)) == ["N-2", "N-1", "N-0", "N-3"]
    assert ask(board, None, [2], order=((PRICE, False, False),), limit=Hole(0), offset=1) == ["N-0", "N-1"]
    for number in ("B-2", "B-1"):
        board.system.act("create", "note", number, {"title": "t"}, user="x", at=1)
    where = Compare(NUMBER, "in", ("B-1", "B-2", "N-3"))
    by_index = ask(board, where, limit=2)
    board.system.store.run("DROP INDEX note_row_number")
    assert by_index == ask(board, where, limit=2) == ["N-3", "B-2"]


def test_sums_are_made_of_whole_minor_units(board: World) -> None:
    """Ten times 0.10 is 1.00: integers are added, the codec words the result."""
    for n in range(10):
        board.system.act("create", "note", f"M-{n}", {"title": "dime", "price": 10}, user="x", at=1)
    query = Query("note", (("SUM", PRICE, "total"), ("COUNT", None, "n")), Compare(TITLE, "=", Hole(0)))
    plan = SqlCompiler(board.system.wires).compile(query)
    (row,) = plan.run(board.system.store, ["dime"])
    assert (plan.encoders[1](row[1]), row[2], plan.names[1:]) == (1.0, 10, (("total",), ("n",)))
    grouped = Query("note", (STATUS, ("COUNT", None, "n")), group=(STATUS,))
    assert [r[1:] for r in SqlCompiler(board.system.wires).compile(grouped).run(board.system.store, [])] == [
        ("draft", 13),
        ("posted", 1),
    ]


def test_a_field_nobody_wrote_reads_as_nothing(board: World) -> None:
    """Custom fields live in a document that may be absent: the question must not fail on such rows."""
    assert ask(board, Compare(("Colour",), "=", Hole(0)), ["red"]) == []
    board.run(board.ask("PUT", "/v1/note/N-2", {"Colour": "red"}))
    assert ask(board, Compare(("Colour",), "=", Hole(0)), ["red"]) == ["N-2"]


@pytest.mark.parametrize(
    ("query", "literals", "code"),
    [
        (Query("nope", (NUMBER,)), [], "unknown_kind"),
        (Query("note", (("Nope",),)), [], "unknown_field"),
        (Query("note", (("Nope", "Name"),)), [], "unknown_relation"),
        (Query("note", (NUMBER,), Compare(PRICE, "=", Hole(0))), ["dear"], "wrong_type"),
        (Query("note", (NUMBER,), Compare(PRICE, "=", Hole(0))), [10**30], "wrong_type"),
        (Query("note", (NUMBER,), Compare(TITLE, "=", Hole(0))), [5], "wrong_type"),
        (Query("note", (NUMBER,), limit=Hole(0)), [10**30], "wrong_type"),
        (Query("note", (NUMBER,), Compare(TITLE, "like", Hole(0))), ["\ud800"], "wrong_type"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(board: World, query: Query, literals: list[object], code: str) -> None:
    """Never an error of the engine."""
    with pytest.raises(Refusal) as caught:
        SqlCompiler(board.system.wires).compile(query).run(board.system.store, literals)
    assert caught.value.code == code


def test_a_view_may_have_a_kinds_name_and_keeps_its_index(board: World) -> None:
    """Tables carry a suffix, or a view named like one would define itself; ids in views are bare columns, or joins would scan."""
    store = board.system.store
    store.define_views({"note": NOTES.view("note", {"cents": "price"}), "owner": board.system.wires["owner"].view("owner")})
    text = "SELECT n.number, n.price, n.cents, o.name FROM owner o JOIN note n ON n.ownerid = o.id WHERE o.id = ? ORDER BY n.id"
    assert store.select(text, ("o000001",)) == [("N-0", 0.1, 10, "Ann"), ("N-3", None, None, "Ann")]
    assert any("note_row_owner_id" in step[3] for step in store.run(f"EXPLAIN QUERY PLAN {text}", ("o000001",)))
    board.system.restore(board.system.snapshot())
    assert len(store.select(text, ("o000001",))) == 2
    store.define_views({"owner": board.system.wires["owner"].view("owner")})
    with pytest.raises(Exception, match="no such table"):
        store.select(text, ("o000001",))
