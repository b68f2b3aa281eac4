"""The one algebra every filter tongue ends in: SOQL, OData, NetSuite `q=`, Kantata parameters.

A tongue parses text into these nodes, speaking vendor names; literals are numbered holes, so that one parse serves every
query of the same shape. `asking.py` binds names to fields and hands the result to the store.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Hole(NamedTuple):
    at: int  # n-th literal of the query text


class Compare(NamedTuple):
    path: tuple[str, ...]
    op: str  # = != < <= > >= like in
    value: Any  # Hole | constant | None; for `in` a tuple of them


class Both(NamedTuple):
    op: str  # and | or
    parts: tuple[Condition, ...]


class Not(NamedTuple):
    part: Condition


Condition = Compare | Both | Not


class Query(NamedTuple):
    source: str  # vendor's name of the kind
    select: tuple[Any, ...]  # paths, or (function, path | None, alias)
    where: Condition | None = None
    order: tuple[tuple[tuple[str, ...], bool, bool], ...] = ()  # ((path, descending, nulls_last), ...)
    group: tuple[tuple[str, ...], ...] = ()
    limit: Any = None  # Hole | int | None
    offset: Any = None
