"""NetSuite's `q=`: `email START_WITH barbara AND companyName IS "Acme Ltd"`, as the kernel's condition algebra.

`field OPERATOR value`, joined with AND (binds tighter) and OR, parentheses, lists in square brackets, every operator with a _NOT
twin. It knows no vendor record: the caller says what type a field is, and reads dates in its own format.
Source: Record Collection Filtering (SuiteTalk REST help, as collected in the netsuite room's SOURCES.md, read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulators.kernel.conditions import Both, Compare, Condition, Not
from simulators.kernel.records import Refusal

TOKEN = re.compile(r'\s*(?:(?P<mark>[()\[\],])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()\[\],"]+))')
DEPTH_MAX, TERMS_MAX, TEXT_MAX = 50, 500, 20_000
DAY_MS = 86_400_000

NUMBERS = {"EQUAL": "=", "GREATER": ">", "GREATER_OR_EQUAL": ">=", "LESS": "<", "LESS_OR_EQUAL": "<="}
TEXTS = {"IS": "{0}", "CONTAIN": "%{0}%", "START_WITH": "{0}%", "END_WITH": "%{0}", "ENDWITH": "%{0}", "STARTWITH": "{0}%"}
DATES = ("ON", "BEFORE", "AFTER", "ON_OR_BEFORE", "ON_OR_AFTER")
LISTS = ("ANY_OF", "BETWEEN", "WITHIN")
ALLOWED = {
    "text": (*TEXTS, "EMPTY"),
    "number": (*NUMBERS, *LISTS, "EMPTY"),
    "flag": ("IS", "EMPTY"),
    "date": (*DATES, "BETWEEN", "WITHIN", "EMPTY"),
    "instant": (*DATES, "BETWEEN", "WITHIN", "EMPTY"),
    "reference": ("ANY_OF", "IS", "EQUAL", "EMPTY"),
}

TypeOf = Callable[[str], str]  # field name -> one of ALLOWED; raises Refusal for a field that cannot be asked for
ReadDate = Callable[[str], int]  # a date as the user writes it -> ms of its midnight; raises ValueError


def refused(message: str) -> Refusal:
    return Refusal("malformed", message, field="q")


class RecordQuery:
    """One parse of one text."""

    def __init__(self, text: str, type_of: TypeOf, read_date: ReadDate) -> None:
        if len(text) > TEXT_MAX:
            raise refused("Invalid query: it is too long.")
        self.type_of, self.read_date = type_of, read_date
        self.tokens = self._tokens(text)
        self.at = self.terms = 0

    def condition(self) -> Condition:
        """The whole text as a condition. Raises Refusal 'malformed', and what `type_of` raises."""
        found = self._either(0)
        if self.at < len(self.tokens):
            raise refused(f"Invalid query near '{self.tokens[self.at][1]}'.")
        return found

    def _tokens(self, text: str) -> list[tuple[str, str]]:
        tokens, at, text = [], 0, text.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise refused(f"Invalid query near '{text[at : at + 20]}'.")
            kind = found.lastgroup or "mark"
            tokens.append((kind, re.sub(r"\\(.)", r"\1", found[kind]) if kind == "quoted" else found[kind]))
            at = found.end()
        return tokens

    def _take(self, wanted: str = "") -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise refused("Invalid query: it ends too early.")
        token = self.tokens[self.at]
        if wanted and token != ("mark", wanted):
            raise refused(f"Invalid query near '{token[1]}': '{wanted}' is expected.")
        self.at += 1
        return token

    def _is(self, kind: str, value: str) -> bool:
        if self.at >= len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token[0] == kind and token[1].upper() == value

    def _either(self, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            raise refused("Invalid query: it is nested too deeply.")
        parts = [self._all(depth)]
        while self._is("word", "OR"):
            self.at += 1
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Both("or", tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._term(depth)]
        while self._is("word", "AND"):
            self.at += 1
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else Both("and", tuple(parts))

    def _term(self, depth: int) -> Condition:
        if self._is("mark", "("):
            self.at += 1
            found = self._either(depth + 1)
            self._take(")")
            return found
        self.terms += 1
        if self.terms > TERMS_MAX:
            raise refused("Invalid query: it has too many conditions.")
        kind, name = self._take()
        if kind != "word":
            raise refused(f"Invalid query near '{name}': a field is expected.")
        type_ = self.type_of(name)
        operator = self._take()[1].upper()
        negated = operator.endswith("_NOT")
        operator = operator.removesuffix("_NOT")
        if operator not in ALLOWED[type_]:
            raise refused(f"Invalid query: operator {operator} is not supported for the field {name}.")
        found = Compare((name,), "=", None) if operator == "EMPTY" else self._compared(name, type_, operator)
        return Not(found) if negated else found

    def _compared(self, name: str, type_: str, operator: str) -> Condition:
        if operator in LISTS:
            return self._listed(name, type_, operator)
        given = self._value()
        if type_ in ("date", "instant"):
            return self._dated(name, type_, operator, self._date(given))
        if type_ == "number":
            return Compare((name,), NUMBERS[operator], number(given))
        if type_ == "text" and operator != "IS":
            escaped = re.sub(r"([\\%_])", r"\\\1", given)
            return Compare((name,), "like", TEXTS[operator].format(escaped))
        if type_ == "flag":
            given = {"true": "T", "false": "F"}.get(given.lower(), given.upper())
            if given not in ("T", "F"):
                raise refused(f"Invalid query: true or false is expected for the field {name}.")
        return Compare((name,), "=", given)

    def _listed(self, name: str, type_: str, operator: str) -> Condition:
        self._take("[")
        values = [self._value()]
        while self._is("mark", ","):
            self.at += 1
            values.append(self._value())
        self._take("]")
        if operator == "ANY_OF":
            return Compare((name,), "in", tuple(number(v) if type_ == "number" else v for v in values))
        if len(values) != 2:
            raise refused(f"Invalid query: {operator} takes two values.")
        if type_ == "number":
            low, high = (number(v) for v in values)
            return Both("and", (Compare((name,), ">=", low), Compare((name,), "<=", high)))
        first, last = (self._date(v) for v in values)
        return Both("and", (self._dated(name, type_, "ON_OR_AFTER", first), self._dated(name, type_, "ON_OR_BEFORE", last)))

    def _dated(self, name: str, type_: str, operator: str, midnight: int) -> Condition:
        """A day is an interval for an instant: ON means from its midnight to the next."""
        before, after = Compare((name,), "<", midnight), Compare((name,), ">=", midnight + DAY_MS)
        from_, until = Compare((name,), ">=", midnight), Compare((name,), "<", midnight + DAY_MS)
        assert type_ in ("date", "instant")
        return {"BEFORE": before, "AFTER": after, "ON_OR_AFTER": from_, "ON_OR_BEFORE": until}.get(operator) or Both(
            "and", (from_, until)
        )

    def _value(self) -> str:
        kind, value = self._take()
        if kind == "mark":
            raise refused(f"Invalid query near '{value}': a value is expected.")
        return value

    def _date(self, given: str) -> int:
        try:
            return self.read_date(given)
        except (ValueError, OverflowError) as error:
            raise refused(f"Invalid query: '{given[:40]}' is not a date in the format of your preferences.") from error


def number(given: str) -> Any:
    if not re.fullmatch(r"[+-]?\d{1,15}(?:\.\d{1,10})?", given):
        raise refused(f"Invalid query: '{given[:40]}' is not a number.")
    return float(given) if "." in given else int(given)
