"""The shape of a SOQL query after parsing: plain tuples that name vendor fields and number their literals.

Knows nothing of objects, columns or SQL. `at` is always an offset into the query's shape, so that a later refusal can point at
the very word; `soql.origin` turns it into a row and a column of the text as it came.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Literals: TypeAlias = "tuple[str, ...]"


class Hole(NamedTuple):
    """The n-th literal of the text; `kind` is s (string), n (number), d (date) or t (date and time)."""

    place: int
    kind: str
    at: int


class DateWord(NamedTuple):
    """A date literal such as TODAY or LAST_N_DAYS:30; `times` is 0 where the word takes none."""

    name: str
    times: int
    at: int


class Path(NamedTuple):
    steps: tuple[str, ...]
    at: int
    alias: str = ""


class Function(NamedTuple):
    """COUNT(), SUM(Amount) total, CALENDAR_YEAR(CloseDate); `path` is None for COUNT()."""

    name: str
    path: Path | None
    at: int
    alias: str = ""


class Compare(NamedTuple):
    operand: Path | Function
    op: str  # = != < <= > >= like
    value: Hole | DateWord | bool | None


class Among(NamedTuple):
    operand: Path | Function
    within: bool  # False: NOT IN
    values: tuple[Hole | None, ...] | Select


class Every(NamedTuple):
    parts: tuple[Condition, ...]


class Either(NamedTuple):
    parts: tuple[Condition, ...]


class Not(NamedTuple):
    part: Condition


class Rank(NamedTuple):
    operand: Path | Function
    descending: bool
    nulls_last: bool | None  # None: the vendor's default, nulls first


class Select(NamedTuple):
    items: tuple[Path | Function | Select, ...]
    source: str
    at: int
    alias: str = ""
    where: Condition | None = None
    group: tuple[Path | Function, ...] = ()
    having: Condition | None = None
    order: tuple[Rank, ...] = ()
    limit: Hole | None = None
    offset: Hole | None = None


Condition: TypeAlias = Compare | Among | Every | Either | Not
