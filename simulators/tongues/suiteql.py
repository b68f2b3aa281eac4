"""SuiteQL: Oracle-flavoured SQL over a vendor's views, rewritten by sqlglot into SQLite's SQL with bound parameters.

Parse and rewrite cost milliseconds, so they are done once a *shape*: literals are lifted out first. The way in is `SuiteQL.ask`.
It knows no vendor: tables, their columns' types and their narrower variants come as data.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from simulators.kernel.records import WHOLE_MAX, Refusal

from .suiteql_rewrite import Rewriting
from .suiteql_schema import Schema

# Every literal is consumed by the pattern, and only then judged: a look-behind that skips one opening quote would start the
# next match at its closing quote. Bare numbers stay unless compared: they may be positions (ORDER BY 1) or scales (ROUND(x, 2)).
LITERAL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|(?<=[=<>])\s*-?\d+(?:\.\d+)?(?![\w.])|\?|--[^\n]*|/\*.*?\*/", re.S)
SHAPES_MAX = 1024
TEXT_MAX = 1_000_000
UNSPLIT = ('"', "--", "/*", "''")  # quotes and comments that make it unclear what stands between two single quotes
PARAMETER_TYPES = (str, int, float, bool, type(None))


class Plan(NamedTuple):
    """SQLite's SQL, and the type of each output column: text, number, date, instant, or '' when nothing is known.

    Columns of the answer beyond `types` only make its order; they are not shown.
    """

    text: str
    types: tuple[str, ...]


class SuiteQL:
    """One schema's tongue, with its plans. Dies with the schema."""

    def __init__(self, schema: Schema, *, date_format: str = "YYYY-MM-DD", shapes_max: int = SHAPES_MAX) -> None:
        self.schema, self.date_format, self.shapes_max = schema, date_format, shapes_max
        self.kept = schema.constants()
        self.plans: OrderedDict[str, Plan | Refusal] = OrderedDict()
        self.skeletons: dict[tuple[str | None, ...], str] = {}

    def ask(self, text: str, params: Sequence[Any], now: int) -> tuple[Plan, dict[str, Any]]:
        """The plan of a query and its binds. Raises Refusal 'malformed' or 'unknown_column'."""
        if len(text) > TEXT_MAX:
            raise Refusal("malformed", "The query is too long.", field="q")
        shape, binds = (self.lift_quoted(text) if not params else None) or self.lift(text, params)
        binds["now"], binds["form"] = now, self.date_format
        return self.plan(shape), binds

    def plan(self, shape: str) -> Plan:
        found = self.plans.get(shape)
        if found is None:
            try:
                found = Plan(*Rewriting(self.schema, shape).result())
            except Refusal as refusal:
                found = refusal
            self.plans[shape] = found
            if len(self.plans) > self.shapes_max:
                self.plans.popitem(last=False)
        else:
            self.plans.move_to_end(shape)
        if isinstance(found, Refusal):
            raise Refusal(found.code, found.message, field=found.field, got=found.got)
        return found

    def lift_quoted(self, text: str) -> tuple[str, dict[str, Any]] | None:
        """As `lift`, without a scan, for a text that differs from one seen before in its quoted literals only; None: lift it."""
        for mark in UNSPLIT:
            if mark in text:
                return None
        pieces = text.split("'")
        if not len(pieces) % 2:
            return None
        kept, literals = self.kept, pieces[1::2]
        skeleton = (*pieces[::2], *[given if given in kept else None for given in literals])
        shape = self.skeletons.get(skeleton)
        if shape is None:
            if len(self.skeletons) >= self.shapes_max or any(LITERAL.search(piece) for piece in pieces[::2]):
                return None
            shape = self.skeletons[skeleton] = self.lift(text, ())[0]
        lifted = [given for given in literals if given not in kept]
        return shape, {f"p{i}": self.unprefixed(given) if ":" in given else given for i, given in enumerate(lifted)}

    def lift(self, text: str, params: Sequence[Any]) -> tuple[str, dict[str, Any]]:
        """The text with every literal replaced by a named hole, and what was there. Raises Refusal 'malformed'."""
        literals: list[Any] = []
        given = iter(params)

        def hole(match: re.Match[str]) -> str:
            raw = match[0].strip()
            if raw[0] == '"' or (raw[0] == "'" and raw[1:-1] in self.kept):
                return match[0]
            if raw[:2] in ("--", "/*"):
                return " "
            value = parameter(given) if raw == "?" else literal(raw)
            literals.append(self.unprefixed(value) if type(value) is str and ":" in value else value)
            return f" :p{len(literals) - 1} "

        shape = LITERAL.sub(hole, text)
        if next(given, literals) is not literals:
            raise Refusal("malformed", "There are more parameters than placeholders in the query.", field="params")
        return shape, {f"p{i}": value for i, value in enumerate(literals)}

    def unprefixed(self, value: str) -> str:
        """`CustInvc:A`, a status with its type, means the status."""
        head, colon, tail = value.partition(":")
        return tail if colon and head in self.kept else value


def literal(raw: str) -> Any:
    if raw[0] == "'":
        return raw[1:-1].replace("''", "'")
    value = float(raw) if "." in raw else int(raw)
    return value if abs(value) <= WHOLE_MAX else float(value)


def parameter(given: Any) -> Any:
    for value in given:
        if type(value) not in PARAMETER_TYPES:
            raise Refusal("malformed", "Parameters are text, numbers, booleans or null.", field="params")
        if type(value) is bool:
            return "T" if value else "F"
        return float(value) if type(value) is int and abs(value) > WHOLE_MAX else value
    raise Refusal("malformed", "There are fewer parameters than placeholders in the query.", field="params")


def shown(value: Any, type_: str, date_format: str, write_date: Any) -> str:
    """An output value as SuiteQL writes it: always text; dates, and instants too, in the user's date format."""
    if type_ in ("date", "instant"):
        return str(write_date(value, date_format))
    if type(value) is str:
        return value
    if type(value) is float:
        return number(value)
    return str(value)


def number(value: float) -> str:
    """A sum of exact hundredths or ten-thousandths, without the noise of binary fractions."""
    text = f"{round(value, 6):.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
