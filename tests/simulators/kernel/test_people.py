from __future__ import annotations

import pytest

from simulators.kernel.records import Refusal
from tests.simulators.kernel.conftest import World


def refused(world: World, *given, **values) -> tuple[str, str]:
    before = world.system.position
    with pytest.raises(Refusal) as caught:
        world.system.act(*given, values, user="ann", at=1)
    assert world.system.position == before
    return caught.value.code, caught.value.field


def test_people_name_records_by_business_keys(world: World) -> None:
    """Refs in values are natural keys, or 'id:' and the vendor's id; the answer names the record both ways."""
    system = world.system
    ann = system.act("create", "owner", "Ann", {}, user="seller", at=1)
    note = system.act("create", "note", "N-1", {"title": "t", "owner_id": "Ann"}, user="seller", at=1)
    assert (ann, note) == (("o000001", "Ann"), ("n000001", "N-1"))
    other = system.act("update", "note", f"id:{note.id}", {"owner_id": f"id:{ann.id}", "pinned": True}, user="seller", at=1)
    assert other == note
    assert [(r["id"], r["owner_id"], r["pinned"]) for r in system.look("note", owner_id=ann.id)] == [(note.id, ann.id, True)]
    system.act("delete", "note", "N-1", {}, user="seller", at=1)
    assert (system.look("note"), system.row("note", "N-1")) == ([], None)


def test_a_verb_gets_the_instant_that_was_meant(world: World) -> None:
    """Business instants come from the act, stamps from the store's clock."""
    system = world.system
    system.act("create", "note", "N-1", {"title": "t"}, user="seller", at=1)
    system.act("approve", "note", "N-1", {}, user="boss", at=77)
    row = system.row("note", "N-1")
    assert (row.status, row.posted_at, row.changed_by, row.changed_at) == ("posted", 77, "boss", system.clock())


def test_what_people_cannot_do_is_refused_and_changes_nothing(world: World) -> None:
    """Every way to get an act wrong has its code."""
    world.system.act("create", "note", "N-1", {"title": "t"}, user="seller", at=1)
    assert refused(world, "create", "note", "N-1", title="again") == ("duplicate", "number")
    assert refused(world, "create", "paper", "P-1") == ("unknown_kind", "")
    assert refused(world, "fold", "note", "N-1") == ("unknown_verb", "")
    assert refused(world, "update", "note", "N-9", title="x") == ("missing", "id")
    assert refused(world, "update", "note", "id:n9", title="x") == ("missing", "id")
    assert refused(world, "update", "note", "N-1", colour="x") == ("unknown_field", "colour")
    assert refused(world, "update", "note", "N-1", version=9) == ("unknown_field", "version")
    assert refused(world, "update", "note", "N-1", owner_id="Bob") == ("dangling", "owner_id")
    assert refused(world, "update", "note", "N-1", price=1.5) == ("wrong_type", "price")
    assert refused(world, "update", "note", "N-1", price=True) == ("wrong_type", "price")
    assert refused(world, "update", "note", "N-1", price=2**64) == ("wrong_type", "price")
    assert refused(world, "update", "note", "N-1", title=None) == ("required", "title")
    assert refused(world, "update", "note", "N-1", status="gone") == ("illegal_transition", "status")
    with pytest.raises(Refusal, match="no field nope"):
        world.system.look("note", nope=1)


def test_an_outage_keeps_people_out_too(world: World) -> None:
    """Before `closed_until` nobody gets in; from then on everybody does."""
    world.system.closed_until = world.system.clock() + 1
    assert refused(world, "create", "note", "N-1", title="t") == ("unavailable", "")
    world.system.closed_until = world.system.clock()
    assert world.system.act("create", "note", "N-1", {"title": "t"}, user="ann", at=1).key == "N-1"


def test_acts_are_told_like_calls(world: World) -> None:
    """The world and the room's subscribers hear of an act as they hear of a call."""
    heard, told = [], []
    world.system.on_change = told.append
    world.system.subscribers.append(lambda _system, changes: heard.extend(changes))
    world.system.act("create", "note", "N-1", {"title": "t"}, user="ann", at=1)
    assert heard == told == world.system.changes()
