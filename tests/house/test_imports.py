"""Rooms import each other only in the directions of the table in pyproject.toml, and never in a circle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from tests.house.tree import ROOT, imports_of, modules, room_of, table


def may(room: str, target: str) -> bool:
    """May a module of `room` import one of `target`? A row allows a room and all below it."""
    if room == target:
        return True
    return any(target == allowed or target.startswith(allowed + ".") for allowed in table().get(room, ()))


def test_rooms_import_only_what_the_table_allows():
    """Every import between rooms stands in the import table; annotations may name a type of the room above."""
    wrong = []
    for name, path in modules().items():
        room = room_of(name)
        for line, imported in imports_of(name, path, run_time=True):
            target = room_of(imported)
            if not may(room, target):
                through = ", ".join(table().get(room, ())) or "nothing"
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {room} may not import {imported} - go through {through}")
    assert not wrong, "\n".join(wrong)


def test_every_module_belongs_to_a_row():
    """A module outside the table would escape it."""
    top = {"simulators", "orchestrator", "scenarios"}
    stray = [n for n in modules() if room_of(n) in top and n not in top]
    assert not stray, f"no row of [tool.rehearsal.imports] names {stray}; add one"


def test_modules_import_each_other_without_a_circle():
    """No module reaches itself through what it imports when it runs."""
    graph = {n: {i for _, i in imports_of(n, p, run_time=True) if i in modules() and i != n} for n, p in modules().items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError("import circle: " + " -> ".join(error.args[1])) from error


def test_simulators_and_orchestrator_share_no_code():
    """Two sides that check each other must not share a brain."""
    for room, other in (("simulators", "orchestrator"), ("orchestrator", "simulators")):
        for name, path in modules().items():
            if name.startswith(room):
                assert not [i for _, i in imports_of(name, path) if i.split(".")[0] in (other, "scenarios")], path
