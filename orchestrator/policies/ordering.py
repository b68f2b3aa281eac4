"""What makes results independent of the order in which news arrives: versions that only grow, newest row wins."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Row = TypeVar("Row")


def is_newer(version: int, shown: int | None) -> bool:
    """May a mirror that shows `shown` (None: nothing yet) be overwritten by `version`? The same version again changes nothing."""
    return shown is None or version > shown


def newest(rows: Iterable[Row], key: Callable[[Row], Hashable], version: Callable[[Row], int]) -> list[Row]:
    """One row a key, its newest version; keys in order of first appearance; of equal versions the first."""
    chosen: dict[Hashable, Row] = {}
    for row in rows:
        name = key(row)
        if name not in chosen or version(row) > version(chosen[name]):
            chosen[name] = row
    return list(chosen.values())


def guarded(
    rows: Iterable[Row], shown: Mapping[str, int], key: Callable[[Row], str], version: Callable[[Row], int]
) -> tuple[list[Row], list[Row]]:
    """(rows to write, rows that would turn back what is shown): the guard of every mirror."""
    write: list[Row] = []
    stale: list[Row] = []
    for row in newest(rows, key, version):
        (write if is_newer(version(row), shown.get(key(row))) else stale).append(row)
    return write, stale
