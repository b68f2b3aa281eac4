"""The control plane keeps what its OpenAPI says, whatever is sent: generated requests, real vendors behind it."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from simulators.admin import admin_plane
from simulators.kernel.people import PYTHON_TYPES
from simulators.registry import furnish, open_system
from tests.openapi import FEW, cases, conforms, operations
from tests.simulators.kernel.mini import ROOM

VENDORS = ("salesforce", "kantata", "netsuite")
DOCUMENT = admin_plane(furnish(ROOM, clock=lambda: 5_000, seed=1)).openapi()
OPERATIONS = operations(DOCUMENT)
ALWAYS = {"GET /_rehearse", "GET /_rehearse/calls", "GET /_rehearse/changes", "GET /_rehearse/faults", "POST /_rehearse/reset"}
AIMED = ("POST /_rehearse/act", "POST /_rehearse/look", "POST /_rehearse/seed")


def opened(vendor: str = "board") -> Any:
    clock = itertools.count(5_000).__next__
    return furnish(ROOM, clock=clock, seed=1) if vendor == "board" else open_system(vendor, clock=clock, seed=1)


def held(system: Any, app: Any, case: Any, *, accepts: bool = False) -> int:
    """One request: the declared answer; refused, it has changed nothing."""
    before = system.position, system.digest(), list(app.state.plane.board.faults), sorted(app.state.plane.snapshots)
    status = asyncio.run(conforms(app, case, accepts=accepts))
    if status >= 400:
        assert before == (system.position, system.digest(), list(app.state.plane.board.faults), sorted(app.state.plane.snapshots))
    return status


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_declared(label: str) -> None:
    """Status, type and shape of the answer; what breaks the declaration is refused, and a refusal changes nothing."""
    system = opened()
    app, seen = admin_plane(system), set()

    @FEW
    @given(case=cases(OPERATIONS[label]))
    def ask(case: Any) -> None:
        seen.add(held(system, app, case, accepts=label in ALWAYS))

    ask()
    assert seen & ({200} if label in ALWAYS else {200, 404, 409})  # some request went through the door


PLAIN = {str: st.text(max_size=6), int: st.integers(-5, 10_000), bool: st.booleans(), dict: st.just({}), list: st.just([])}


def fitting(field: Any) -> st.SearchStrategy[Any]:
    """Values of a field's own type mostly, and of any other now and then."""
    right = st.one_of(*(PLAIN[each] for each in PYTHON_TYPES[field.type]))
    return st.one_of(right, right, right, st.none() | st.booleans() | st.integers() | st.text(max_size=6))


def fields_of(kind: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {field.name: fitting(field) for field in kind.fields if field.required and field.name != kind.key},
        optional={field.name: fitting(field) for field in kind.fields if not field.required},
    )


def aimed(label: str, system: Any) -> st.SearchStrategy[Any]:
    """Requests that name kinds, verbs and fields there are, so that they get past the first look."""
    keys, ann = st.sampled_from(("", "x", "id:1", "K-1", "K-2")), st.just("ann")

    def of(kind: Any) -> st.SearchStrategy[dict[str, Any]]:
        given, name = fields_of(kind), st.just(kind.name)
        verb = st.sampled_from(("create", "update", "delete", *kind.verbs))
        row = st.fixed_dictionaries({"kind": name, "key": keys, "values": given})
        return {
            "POST /_rehearse/look": st.fixed_dictionaries({"kind": name, "equals": given}),
            "POST /_rehearse/seed": st.fixed_dictionaries({"rows": st.lists(row, max_size=2)}),
            "POST /_rehearse/act": st.fixed_dictionaries({"verb": verb, "kind": name, "key": keys, "values": given, "user": ann}),
        }[label]

    bodies = st.sampled_from(sorted(system.room.kinds)).flatmap(lambda name: of(system.room.kinds[name]))
    return bodies.flatmap(lambda body: OPERATIONS[label].as_strategy(GenerationMode.POSITIVE, body=body))


@pytest.mark.parametrize("vendor", ["board", *VENDORS])
@pytest.mark.parametrize("label", AIMED)
def test_acts_and_looks_of_every_kind_are_done_or_refused(label: str, vendor: str) -> None:
    """Real kinds, verbs and fields of each vendor, mostly of the right type: 200, or 409 and nothing has changed."""
    system = opened(vendor)
    app, seen = admin_plane(system), set()

    @settings(FEW, max_examples=60)
    @given(case=aimed(label, system))
    def ask(case: Any) -> None:
        seen.add(held(system, app, case))

    ask()
    assert 200 in seen or vendor != "board"  # vendors ask for more than chance gives
