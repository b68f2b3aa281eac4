"""How lines of a sublist meet those that are there: keyed lines are updated, the rest are added, `replace` removes the others.

Source: Updating a Sublist, Replacing a Sublist (SuiteTalk REST help, read 2026-11). The key here is `line`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.kernel.records import Kind, Refusal, Row

from .record_type import Body, Item
from .state import Account
from .written import line_values

Finish = Callable[[Item, Row | None], Item]  # (values, the line that is there): the values to write


def merge(system: Account, body: Body, at: tuple[str, str], lines: list[Row], finish: Finish) -> None:
    """Bring the record's lines to what the body says. `at`: sublist and wire; `finish` completes a line's values before the write."""
    name, wire = at
    items = body.sublists.get(name)
    if items is None:
        return
    kind: Kind = system.wires[wire.lower()].kind
    there = {row.line: row for row in lines}
    kept: set[int] = set()
    free = max(there, default=0) + 1
    for place, item in enumerate(items):
        number = line_number(item, name, place)
        row = there.get(number) if number is not None else None
        values = worded(system, wire, item, (name, place), moment="c" if row is None else "u", strict=body.strict)
        if row is not None:
            kept.add(row.line)
            system.records.change(kind, row, finish(values, row), body.user)
            continue
        line = number if number is not None else free
        free = max(free, line) + 1
        there[line] = system.records.create(kind, {**finish(values, None), "line": line}, body.user)
        kept.add(line)
    if name in body.replace:
        for row in lines:
            if row.line not in kept:
                system.records.remove(kind, row, body.user)


def worded(system: Account, wire: str, item: Item, at: tuple[str, int], *, moment: str, strict: bool) -> Item:
    """Domain values of a line; a refusal points into the sublist: `item.items[0].rate`."""
    try:
        values = line_values(system, wire, item, moment, strict=strict)
    except Refusal as refusal:
        if refusal.field:
            refusal.field = f"{at[0]}.items[{at[1]}].{refusal.field}"
        raise
    values.pop("line", None)
    return values


def line_number(item: Item, name: str, place: int) -> int | None:
    given: Any = item.get("line")
    if given is None:
        return None
    if type(given) is not int or not 0 < given <= 10_000:
        raise Refusal("wrong_type", "a line number is wanted", field=f"{name}.items[{place}].line", got=given)
    return given
