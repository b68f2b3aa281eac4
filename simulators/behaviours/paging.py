"""Read bounded page numbers from a query string. Names, defaults and limits are the room's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from simulators.kernel.records import Refusal

RowT = TypeVar("RowT")
ROWS_MAX = 1_000_000_000


class Slice(NamedTuple):
    limit: int
    offset: int

    def of(self, rows: Sequence[RowT]) -> Sequence[RowT]:
        return rows[self.offset : self.offset + self.limit]

    def has_more(self, total: int) -> bool:
        return self.offset + self.limit < total


def whole(query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = ROWS_MAX) -> int:
    """A whole number of the query string. Raises Refusal 'page', `field` naming the parameter, when it is none or out of bounds."""
    text = query.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    value = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None
    if value is None or not least <= value <= most:
        raise Refusal("page", f"{name}: a whole number from {least} to {most} is wanted, got {text!r}", field=name, got=text)
    return value


def by_offset(query: Mapping[str, str], *, default: int, most: int, names: tuple[str, str] = ("limit", "offset")) -> Slice:
    """Limit and offset. Raises Refusal 'page'."""
    return Slice(whole(query, names[0], default, least=1, most=most), whole(query, names[1], 0))


def by_number(query: Mapping[str, Any], *, default: int, most: int, names: tuple[str, str] = ("per_page", "page")) -> Slice:
    """Page size and page number from 1. Raises Refusal 'page'."""
    size = whole(query, names[0], default, least=1, most=most)
    return Slice(size, size * (whole(query, names[1], 1, least=1) - 1))
