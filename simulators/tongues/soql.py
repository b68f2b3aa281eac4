"""SOQL, the reading half: text -> (shape, literals) -> tree. One LALR grammar; each shape of query is parsed once.

`lift` takes the literals out, `parse` reads what is left. AND and OR may not be mixed without parentheses: the grammar has no
such sentence, so the refusal names the offending word as the vendor does. Compiling to SQL is `soql_plan`'s business.
Source: SOQL and SOSL Reference (memory); escapes: simple-salesforce format.py (read), 2026-11-20.
"""

from __future__ import annotations

import re
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedEOF, UnexpectedInput, VisitError

from simulators.kernel.records import Refusal

from .soql_dates import WORDS
from .soql_tree import Among, Compare, Condition, DateWord, Either, Every, Function, Hole, Not, Path, Rank, Select

TEXT_BYTES_MAX = 100_000
LITERAL = re.compile(  # the first line looks whether anything begins here: without it every letter is tried five times
    r"""(?=['\d.+?-])(?:"""
    r"""(?P<s>'(?:[^'\\]|\\.)*')"""
    r"""|(?<![\w.:])(?P<t>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))(?!\w)"""
    r"""|(?<![\w.:])(?P<d>\d{4}-\d\d-\d\d)(?!\w)"""
    r"""|(?<![\w.:])(?P<n>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])"""
    r"""|(?P<x>\?))""",
    re.DOTALL,
)
GRAMMAR = r"""
query: SELECT items FROM source [where] [group] [having] [order] [limit] [offset] [lock]
items: item ("," item)*
?item: path [NAME] -> column | call | "(" query ")" -> child
call: NAME "(" [path] ")" [NAME]
path: NAME ("." NAME)*
source: NAME [AS] [NAME]
where: WHERE logic
?logic: unit | unit (AND unit)+ -> every | unit (OR unit)+ -> either
?unit: "(" logic ")" | NOT unit -> negate | test
?test: operand OP value -> compare | operand LIKE HOLE -> like | operand [NOT] IN "(" members ")" -> among
?operand: path | NAME "(" [path] ")" -> call_of
?value: HOLE -> same | NULL -> null | TRUE -> true | FALSE -> false | WORD -> word
?members: query | member ("," member)* -> members
?member: HOLE -> same | NULL -> null
group: GROUP BY operand ("," operand)*
having: HAVING logic
order: ORDER BY rank ("," rank)*
rank: operand [ASC | DESC] [NULLS_FIRST | NULLS_LAST]
limit: LIMIT HOLE
offset: OFFSET HOLE
lock: FOR NAME ("," NAME)*
SELECT.2: /SELECT\b/i
FROM.2: /FROM\b/i
WHERE.2: /WHERE\b/i
AND.2: /AND\b/i
OR.2: /OR\b/i
NOT.2: /NOT\b/i
IN.2: /IN\b/i
LIKE.2: /LIKE\b/i
GROUP.2: /GROUP\b/i
ORDER.2: /ORDER\b/i
BY.2: /BY\b/i
HAVING.2: /HAVING\b/i
ASC.2: /ASC\b/i
DESC.2: /DESC\b/i
NULLS_FIRST.2: /NULLS\s+FIRST\b/i
NULLS_LAST.2: /NULLS\s+LAST\b/i
LIMIT.2: /LIMIT\b/i
OFFSET.2: /OFFSET\b/i
FOR.2: /FOR\b/i
AS.2: /AS\b/i
NULL.2: /NULL\b/i
TRUE.2: /TRUE\b/i
FALSE.2: /FALSE\b/i
WORD: /[A-Za-z_]+(:\s*\d+)?/
OP: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
HOLE: /\?[sndt]\d+/
NAME: /(?!(?:AND|ASC|DESC|EXCLUDES|FROM|HAVING|IN|INCLUDES|LIKE|LIMIT|NOT|NULL|NULLS|OR|SELECT|USING|WHERE|WITH)\b)[A-Za-z]\w*/i
%ignore /\s+/
"""


def lift(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the query's shape, literals replaced by ?s0 ?n1 ..., and the literals as they were written.

    A question mark outside a string becomes one that no grammar rule takes, so nobody can smuggle a hole in.
    """
    literals: list[str] = []

    def hole(match: re.Match[str]) -> str:
        kind = match.lastgroup or "x"
        if kind == "x":
            return "?x"
        literals.append(match[0])
        return f"?{kind}{len(literals) - 1}"

    return LITERAL.sub(hole, text), tuple(literals)


def origin(text: str, at: int) -> int:
    """The offset in `text` of what stands at offset `at` of its shape."""
    shift = index = 0
    for match in LITERAL.finditer(text):
        kind = match.lastgroup or "x"
        width = 2 if kind == "x" else len(f"?{kind}{index}")
        if match.start() + shift + width > at:
            break
        index += kind != "x"
        shift += width - len(match[0])
    return min(at - shift, len(text))


def pointed(text: str, at: int, what: str) -> str:
    """The vendor's message: the line, a caret under the word at shape offset `at`, row and column, and what is wrong."""
    place = origin(text, at)
    start = text.rfind("\n", 0, place) + 1
    line = text[start:].split("\n", 1)[0]
    row, column = text.count("\n", 0, place) + 1, place - start + 1
    return f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:{row}:Column:{column}\n{what}"


def parse(shape: str, text: str) -> Select:
    """Read a shape. Raises Refusal 'malformed', pointing at the first word that fits no sentence."""
    if len(text) > TEXT_BYTES_MAX:
        raise Refusal("malformed", f"SOQL statements cannot be longer than {TEXT_BYTES_MAX} characters")
    try:
        tree = PARSER.parse(shape)
    except UnexpectedInput as error:
        raise Refusal("malformed", unexpected(error, shape, text)) from error
    try:
        made: Select = BUILD.transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, Refusal):
            raise Refusal("malformed", pointed(text, int(error.orig_exc.got), error.orig_exc.message)) from error
        raise
    return made


def unexpected(error: UnexpectedInput, shape: str, text: str) -> str:
    at: Any = getattr(error, "pos_in_stream", None)
    token = getattr(error, "token", None)
    if not isinstance(at, int) or at < 0 or isinstance(error, UnexpectedEOF) or (token is not None and token.type == "$END"):
        return pointed(text, len(shape), "unexpected token: '<EOF>'")
    place = origin(text, at)
    word = re.match(r"\w+|.", text[place:], re.DOTALL)
    return pointed(text, at, f"unexpected token: '{word[0] if word else '<EOF>'}'")


@v_args(inline=True)
class Build(Transformer[Token, Any]):
    """Tree of tokens -> tree of tuples."""

    def HOLE(self, token: Token) -> Hole:  # noqa: N802 - lark calls terminals by their name
        return Hole(int(token[2:]), token[1], token.start_pos or 0)

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(n) for n in names), names[0].start_pos or 0)

    def column(self, path: Path, alias: Token | None) -> Path:
        return path._replace(alias=str(alias or ""))

    def call(self, name: Token, path: Path | None, alias: Token | None = None) -> Function:
        return Function(name.upper(), path, name.start_pos or 0, str(alias or ""))

    call_of = call

    def child(self, select: Select) -> Select:
        return select

    def items(self, *items: Path | Function | Select) -> tuple[Path | Function | Select, ...]:
        return items

    def source(self, name: Token, _as: Token | None, alias: Token | None) -> tuple[str, int, str]:
        return str(name), name.start_pos or 0, str(alias or "")

    def same(self, hole: Hole) -> Hole:
        return hole

    def null(self, _: Token) -> None:
        return None

    def true(self, _: Token) -> bool:
        return True

    def false(self, _: Token) -> bool:
        return False

    def word(self, token: Token) -> DateWord:
        name, _, count = token.upper().partition(":")
        if WORDS.get(name) is not bool(count):
            raise Refusal("malformed", f"unexpected token: '{name}'", got=token.start_pos or 0)
        return DateWord(name, int(count or 0), token.start_pos or 0)

    def compare(self, operand: Path | Function, op: Token, value: Hole | DateWord | bool | None) -> Compare:
        return Compare(operand, "!=" if op == "<>" else str(op), value)

    def like(self, operand: Path | Function, _: Token, value: Hole) -> Compare:
        return Compare(operand, "like", value)

    def members(self, *values: Hole | None) -> tuple[Hole | None, ...]:
        return values

    def among(self, operand: Path | Function, negated: Token | None, _: Token, values: Any) -> Among:
        return Among(operand, negated is None, values)

    def every(self, *parts: Any) -> Every:
        return Every(tuple(p for p in parts if not isinstance(p, Token)))

    def either(self, *parts: Any) -> Either:
        return Either(tuple(p for p in parts if not isinstance(p, Token)))

    def negate(self, _: Token, part: Condition) -> Not:
        return Not(part)

    def where(self, _: Token, part: Condition) -> Condition:
        return part

    having = where

    def group(self, _group: Token, _by: Token, *operands: Path | Function) -> tuple[Path | Function, ...]:
        return operands

    def rank(self, operand: Path | Function, way: Token | None, nulls: Token | None) -> Rank:
        last = None if nulls is None else nulls.type == "NULLS_LAST"
        return Rank(operand, way is not None and way.type == "DESC", last)

    def order(self, _order: Token, _by: Token, *ranks: Rank) -> tuple[Rank, ...]:
        return ranks

    def limit(self, _: Token, hole: Hole) -> Hole:
        return hole

    offset = limit

    def lock(self, _: Token, *words: Token) -> None:
        for word in words:
            if word.upper() not in ("VIEW", "REFERENCE", "UPDATE"):
                raise Refusal("malformed", f"unexpected token: '{word}'", got=word.start_pos or 0)

    def query(self, _select: Token, items: Any, _from: Token, source: tuple[str, int, str], *rest: Any) -> Select:
        where, group, having, order, limit, offset, _lock = rest
        return Select(items, *source, where, group or (), having, order or (), limit, offset)


PARSER = Lark(GRAMMAR, parser="lalr", start="query", maybe_placeholders=True)
BUILD = Build()
