"""Answer an index: filters, search, `only`, order, page. Everything ends in one bound SELECT and at most one count.

Paging, the arithmetic of odd numbers and the tie-break by id follow the vendor's own presenter library.
Source: mavenlink/brainstem, query_strategies and presenter (read 2026-11-20): unknown includes and orders are ignored,
`per_page` below 1 is the default, above 200 is 200, `limit` with `offset` wins, `only` is not paged and drops what is no id.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from simulators.kernel.calls import Call
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System

from . import filters as f
from .resources import Resource
from .state import Desk

PER_PAGE, PER_PAGE_MAX = 20, 200
KEYWORDS_MAX = 20
LEADING = re.compile(r"\s*([+-]?\d{1,15})")
FIELDED = re.compile(r"(\w+):'([^']*)'")


class Page(NamedTuple):
    """Rows of one page in order, and how many there are in all."""

    rows: list[Any]
    total: int


class Asked(NamedTuple):
    """A question so far: conditions over `t` and their binds."""

    tests: list[str]
    binds: list[Any]

    def add(self, condition: f.Condition) -> None:
        """Narrow the question."""
        if condition is not None:
            self.tests.append(f"({condition[0]})")
            self.binds.extend(condition[1])


@lru_cache(maxsize=256)
def to_i(text: str | None, default: int = 0) -> int:
    """Read a number as Ruby's to_i does: leading digits, else 0; absent is the default."""
    if text is None:
        return default
    found = LEADING.match(text)
    return int(found[1]) if found else 0


def per_page(call: Call) -> int:
    """Return the size of a page."""
    asked = to_i(call.query.get("per_page"), PER_PAGE)
    return min(asked, PER_PAGE_MAX) if asked >= 1 else PER_PAGE


def limits(call: Call) -> tuple[int, int]:
    """Return (limit, offset)."""
    query = call.query
    if query.get("limit") and query.get("offset"):
        return min(max(to_i(query["limit"]), 1), PER_PAGE_MAX), max(to_i(query["offset"]), 0)
    size = per_page(call)
    return size, size * (max(to_i(query.get("page"), 1), 1) - 1)


def asked_of(system: System[Desk], resource: Resource, call: Call) -> Asked:
    """Collect the conditions of an index or a show: default filters count for both."""
    for name in resource.demanded:
        if not call.query.get(name):
            raise Refusal("malformed", f"{name} is required")
    asked = Asked(["t.deleted = 0"], [])
    for name, text in call.query.items():
        wanted = resource.filters.get(name)
        if wanted is not None and (text.strip() or name in resource.presence):
            asked.add(wanted(text))
    for condition in resource.hidden(system, call):
        asked.add(condition)
    return asked


def page(system: System[Desk], resource: Resource, call: Call) -> Page:
    """Return one page of an index."""
    asked = asked_of(system, resource, call)
    order = ordering(resource, call)
    if call.query.get("only"):
        ids = [f.whole(part) for part in f.listed(call.query["only"])]
        asked.add(f.within("t.id", sorted(set(ids) - {-1})))
        rows = select(system, resource, asked, order, "")
        return Page(rows, len(rows))
    if call.query.get("search"):
        order = search(resource, call.query["search"], asked)
    limit, offset = limits(call)
    rows = select(system, resource, asked, order, f" LIMIT {limit} OFFSET {offset}")
    if (rows or not offset) and len(rows) < limit:
        return Page(rows, offset + len(rows))
    text = f'SELECT COUNT(*) FROM "{resource.kind.table}" t WHERE {" AND ".join(asked.tests)}'
    return Page(rows, system.store.select(text, asked.binds)[0][0])


def one(system: System[Desk], resource: Resource, call: Call, id: int) -> Any:
    """Return one row for show, or Refusal 'missing': also for a row that a default filter hides."""
    asked = asked_of(system, resource, call)
    asked.add(("t.id = ?", [id]))
    rows = select(system, resource, asked, "t.id", " LIMIT 1")
    if not rows:
        raise Refusal("missing", f"no {resource.one} {id}", field="id", got=id)
    return rows[0]


def select(system: System[Desk], resource: Resource, asked: Asked, order: str, tail: str) -> list[Any]:
    """Run the question; the binds of a search order come after those of the conditions."""
    kind = resource.kind
    extra = order.count("?")
    text = f'SELECT {columns(kind.names)} FROM "{kind.table}" t WHERE {" AND ".join(asked.tests)} ORDER BY {order}{tail}'
    binds = asked.binds + (asked.binds[-extra:] if extra else [])
    return [kind.Row(*values) for values in system.store.select(text, binds)]


@lru_cache(maxsize=64)
def columns(names: tuple[str, ...]) -> str:
    """Return a row's columns as SELECT lists them."""
    return ", ".join(f't."{name}"' for name in names)


def ordering(resource: Resource, call: Call) -> str:
    """Return ORDER BY text: a known order, or the resource's own; always with the id behind it."""
    name, _, direction = call.query.get("order", "").partition(":")
    if name not in resource.orders:
        name, _, direction = resource.order.partition(":")
    return f"{resource.orders[name]} {'DESC' if direction == 'desc' else 'ASC'}, t.id ASC"


def search(resource: Resource, text: str, asked: Asked) -> str:
    """Narrow to rows that hold a keyword, and return the order: most keywords first, then newest.

    `field:'words'` looks into one field for the whole phrase; other words count one by one. An `order` is not heeded.
    Source: workspaces `search` in the Swagger mirror (read 2026-11-20); ranking by number of hits is our own.
    """
    if not resource.search:
        raise Refusal("malformed", f"search is not supported for {resource.key}")
    phrases = [(name, words) for name, words in FIELDED.findall(text) if name in resource.search]
    for name, words in phrases:
        asked.add((holds(name), [words]))
    rest = FIELDED.sub(" ", text).split()[:KEYWORDS_MAX]
    if not rest:
        return "t.id DESC" if phrases else "t.id"
    any_field = " OR ".join(holds(name) for name in resource.search)
    hits = [f"({any_field})"] * len(rest)
    binds = [word for word in rest for _ in resource.search]
    asked.add((" OR ".join(hits), binds))
    return f"{' + '.join(hits)} DESC, t.id DESC"


def holds(name: str) -> str:
    """SQL: a field holds a text, whatever the case."""
    return f"instr(lower(COALESCE(t.\"{name}\", '')), lower(?)) > 0"
