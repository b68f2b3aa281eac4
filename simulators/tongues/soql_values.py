"""What a literal may be compared with, and how it becomes the value that the store holds.

A literal is written in the vendor's terms (12.50, 'Closed Won', an id of 15 characters) and compared in the domain's (1250,
closed_won, an id of 18), so that the domain's indexes serve the question. Type mistakes are found when a shape is compiled,
mistakes in a value (an impossible date, a broken id) when it is bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from simulators.kernel.wire import Column

from . import soql_dates
from .soql_tree import DateWord, Hole

TEXTUAL = {
    "string",
    "textarea",
    "picklist",
    "multipicklist",
    "combobox",
    "email",
    "phone",
    "url",
    "id",
    "reference",
    "encryptedstring",
}
NUMERIC = {"currency", "double", "percent", "int"}
WANTED = {"boolean": "boolean", "date": "date", "datetime": "dateTime", "int": "int"}
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
SIMPLE = {"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b", "f": "\f", "F": "\f"}
PLAIN_ESCAPES = set("\"'\\") | set("%_")
NOTHING = "\x00"  # equal to no stored text
DIGITS_MAX = 17


class Moment(NamedTuple):
    """When and where a question is asked: what TODAY means."""

    now_ms: int
    zone: ZoneInfo


Bind = Callable[[tuple[str, ...], Moment], Any]


class Misfit(Exception):
    """A query that reads well and means nothing; `at` is the offset of the word to point at."""

    def __init__(self, code: str, message: str, at: int) -> None:
        super().__init__(message)
        self.code, self.message, self.at = code, message, at


def unquoted(raw: str, at: int) -> str:
    """The text of a quoted literal. Raises Misfit for an escape the vendor does not know."""

    def plain(match: re.Match[str]) -> str:
        made = SIMPLE.get(match[1]) or (match[1] if match[1] in PLAIN_ESCAPES else None)
        if made is None:
            raise Misfit(
                "malformed", f"Invalid string literal {raw}. Illegal character sequence '\\{match[1]}' in string literal.", at
            )
        return made

    return ESCAPE.sub(plain, raw[1:-1]) if "\\" in raw else raw[1:-1]


def pattern(raw: str, at: int) -> str:
    r"""A LIKE pattern for SQL with ESCAPE '\': the vendor's \% and \_ stay escaped, every other escape is resolved."""

    def kept(match: re.Match[str]) -> str:
        if match[1] in "%_\\":
            return match[0]
        return unquoted(f"'{match[0]}'", at)

    return ESCAPE.sub(kept, raw[1:-1])


def check_type(name: str, type: str, value: Hole | DateWord | bool, at: int) -> None:
    """Raise Misfit when a literal of this sort may not stand beside a field of this type."""
    if type in TEXTUAL:
        fits, quoted = isinstance(value, Hole) and value.kind == "s", True
    else:
        fits, quoted = fits_bare(type, value), False
    if not fits:
        wanted = WANTED.get(type, "string" if quoted else "double")
        how = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
        raise Misfit("query_field", f"value of filter criterion for field '{name}' must be of type {wanted} and {how}", at)


def fits_bare(type: str, value: Hole | DateWord | bool) -> bool:
    if isinstance(value, DateWord):
        return type in ("date", "datetime")
    if isinstance(value, bool):
        return type == "boolean"
    return value.kind == {"date": "d", "datetime": "t"}.get(type, "n" if type in NUMERIC else "")


def number_bind(hole: Hole, scale: int) -> Bind:
    """Bind a number as so many of the domain's units; a fraction of a unit is kept, so that > and < stay true."""
    index = hole.place

    def bind(literals: tuple[str, ...], _: Moment) -> int | float:
        value = Decimal(literals[index])
        if value.adjusted() > DIGITS_MAX or value.adjusted() < -DIGITS_MAX:
            return float(value)
        value *= scale
        return int(value) if value == value.to_integral_value() else float(value)

    return bind


def bind_for(column: Column | None, type: str, hole: Hole) -> Bind:
    """How literal `hole` becomes the stored value of `column` (None: a computed number)."""
    index, at = hole.place, hole.at
    decode = column.codec.decode if column is not None else None
    if type in NUMERIC:
        return number_bind(hole, int(decode(1)) if decode else 1)
    if type == "date":
        return lambda literals, _: day(literals[index], at).isoformat()
    if type == "datetime":
        return lambda literals, _: instant(literals[index], at)
    if type in ("id", "reference"):
        return lambda literals, _: identity(decode, unquoted(literals[index], at), at)
    if column is not None and column.codec.values and decode:
        states = {label.lower(): decode(label) for label in column.codec.values}
        return lambda literals, _: states.get(unquoted(literals[index], at).lower(), NOTHING)
    return lambda literals, _: unquoted(literals[index], at)


def identity(decode: Callable[[Any], Any] | None, text: str, at: int) -> str | None:
    if not text:
        return None
    try:
        return str(decode(text) if decode else text)
    except ValueError as error:
        raise Misfit("query_filter", f"invalid ID field: {text}", at) from error


def day(text: str, at: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Misfit("query_field", f"Invalid date: {text}", at) from error


def instant(text: str, at: int) -> int:
    try:
        made = datetime.fromisoformat(text)
        return int(made.replace(microsecond=0).timestamp()) * 1000 + made.microsecond // 1000
    except (ValueError, OverflowError) as error:
        raise Misfit("query_field", f"Invalid dateTime: {text}", at) from error


def edges(word: DateWord, type: str) -> tuple[Bind, Bind]:
    """Binds for the first moment of a date word's range and for the first moment after it."""

    def edge(which: int) -> Bind:
        def bind(_: tuple[str, ...], moment: Moment) -> int | str:
            today = soql_dates.day_at(moment.now_ms, moment.zone)
            try:
                found = soql_dates.range_of(word.name, word.times, today)[which]
                return found.isoformat() if type == "date" else soql_dates.first_ms(found, moment.zone)
            except (OverflowError, ValueError) as error:
                raise Misfit("query_range", f"{word.name}:{word.times} is outside the calendar", word.at) from error

        return bind

    return edge(0), edge(1)
