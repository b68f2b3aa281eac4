"""Rows of a plan -> the records of an answer: fields in select order, parents nested or null, children nested or null."""

from __future__ import annotations

from typing import Any

from .soql_outputs import Node
from .soql_plan import Ask, Plan, Rows
from .soql_values import Moment

Record = dict[str, Any]


def records(plan: Plan, rows: Rows, *, stem: str, ask: Ask, literals: tuple[str, ...], moment: Moment) -> list[Record]:
    """Records of the rows, in order. `stem` is the path before object and id; children are asked for with `ask`."""
    if plan.grouped:
        return [summary(plan.node, row) for row in rows]
    out = [record(plan.node, row, stem) for row in rows]
    for child in plan.children:
        found = child.run(ask, literals, moment, [row[0] for row in rows])
        for made, row in zip(out, rows, strict=True):
            below = found.get(row[0])
            made[child.relation] = None if not below else listing([record(child.plan.node, r, stem) for r in below])
    return out


def listing(found: list[Record]) -> Record:
    return {"totalSize": len(found), "done": True, "records": found}


def record(node: Node, row: tuple[Any, ...], stem: str) -> Record:
    made: Record = {"attributes": {"type": node.type, "url": f"{stem}{node.type}/{row[node.id_index]}"}}
    for name, index, encode in node.entries:
        if type(index) is int:
            value = row[index]
            made[name] = encode(value) if encode is not None and value is not None else value
        else:
            assert isinstance(index, Node)
            made[name] = None if row[index.id_index] is None else record(index, row, stem)
    return made


def summary(node: Node, row: tuple[Any, ...]) -> Record:
    made: Record = {"attributes": {"type": node.type}}
    for name, index, encode in node.entries:
        assert type(index) is int
        value = row[index]
        made[name] = encode(value) if encode is not None and value is not None else value
    return made
