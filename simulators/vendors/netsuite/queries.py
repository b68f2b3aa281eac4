"""Asking for many: collections filtered by `q=`, and SuiteQL. Both page alike: offset is a multiple of limit, at most 1000 a page."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from functools import lru_cache
from typing import Any

from simulators.kernel.asking import SqlCompiler
from simulators.kernel.calls import Call, Reply, query_of
from simulators.kernel.conditions import Query
from simulators.kernel.records import Refusal
from simulators.kernel.wire import Codec, Column, Wire, json_bytes
from simulators.tongues.record_query import RecordQuery
from simulators.tongues.suiteql import Plan, shown
from simulators.tongues.suiteql_dates import instant, sortable
from simulators.tongues.suiteql_dates import written as write_date

from .jobs import may_run_later, preferences
from .records import COLLECTION, addressed
from .shown import RECORD
from .state import Account

PAGE_MAX, ROWS_MAX, ANSWERS_MAX = 1000, 100_000, 64
WORDS_MAX = 1_000_000
ASKED_AS = {"string": "text", "number": "number", "integer": "number", "date": "date", "date-time": "instant"}


def page_of(call: Call) -> tuple[int, int]:
    """(limit, offset). Raises Refusal 'page', naming the parameter. Source: Collection Paging (read 2026-11)."""
    return page_in(call.raw_query)


@lru_cache(maxsize=256)
def page_in(raw_query: bytes) -> tuple[int, int]:
    query = query_of(raw_query)
    limit, offset = whole(query, "limit", PAGE_MAX), whole(query, "offset", 0)
    if not 0 < limit <= PAGE_MAX:
        raise Refusal("page", "Invalid value for the limit parameter: it must lie between 1 and 1000.", field="limit", got=limit)
    if offset % limit:
        raise Refusal(
            "page", "Invalid value for the offset parameter: it must be divisible by the limit.", field="offset", got=offset
        )
    return limit, offset


def whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal("page", f"Invalid value for the {name} parameter.", field=name, got=text)
    return int(text)


def paged(call: Call, items: list[Any], total: int, page: tuple[int, int], extra: str = "") -> dict[str, Any]:
    """The collection envelope: links to itself and its neighbours, count, items, hasMore, offset, totalResults."""
    limit, offset = page
    here = f"{call.base}{call.path}?{extra}limit={limit}&offset="
    last = (total - 1) // limit * limit if total else 0
    links = [{"rel": "self", "href": f"{here}{offset}"}]
    if offset + limit < total:
        links += [{"rel": "next", "href": f"{here}{offset + limit}"}, {"rel": "last", "href": f"{here}{last}"}]
    if offset:
        links += [{"rel": "first", "href": f"{here}0"}, {"rel": "prev", "href": f"{here}{offset - limit}"}]
    return {
        "links": links,
        "count": len(items),
        "hasMore": offset + limit < total,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }


def kept(system: Account, key: Any, ask: Any) -> Any:
    """The answer to a question, kept until the next change: page two asks the whole question again."""
    state = system.state
    if state.answers_at != system.store.position:
        state.answers.clear()
        state.answers_at = system.store.position
    found = state.answers.get(key)
    if found is None:
        found = ask()
        if len(state.answers) < ANSWERS_MAX:
            state.answers[key] = found
    return found


# -- collections --------------------------------------------------------------------------------------
@may_run_later
def list_records(system: Account, call: Call) -> Reply:
    """Ids and links only; the fields are a read away."""
    record = addressed(system, call)
    page = page_of(call)
    q = call.query.get("q", "").strip()
    ids = kept(system, (record.name, q), lambda: ids_of(system, record.name, q))
    limit, offset = page
    call.found = len(ids)
    items = [
        {"links": [{"rel": "self", "href": f"{call.base}{RECORD}/{record.name}/{id}"}], "id": str(id)}
        for (id,) in ids[offset : offset + limit]
    ]
    return Reply(200, json_bytes(paged(call, items, len(ids), page)), COLLECTION)


def ids_of(system: Account, name: str, q: str) -> list[tuple[Any, ...]]:
    wires = system.state.questions
    if not wires:
        wires.update({w.name.lower(): asked(w) for w in system.wires.values()})
    wire = wires[name.lower()]
    condition = None
    if q:
        form = system.settings.date_format
        condition = RecordQuery(q, lambda field: type_of(wire, field), lambda text: instant(text, form) or 0).condition()
    plan = SqlCompiler(wires).compile(Query(wire.name, (), condition, limit=ROWS_MAX))
    return plan.run(system.store, ())


def type_of(wire: Wire, field: str) -> str:
    column = wire.by_name.get(field.lower())
    if column is None:
        raise Refusal(
            "malformed", f"Invalid query: the field {field} does not exist or cannot be used in a filter.", field="q", got=field
        )
    return column.codec.type


def asked(wire: Wire) -> Wire:
    """The wire as a filter sees it: the columns that may be asked for, their literals in the filter's own types."""
    return replace(wire, columns=tuple(c for column in wire.columns if (c := askable(column)) is not None))


def askable(column: Column) -> Column | None:
    kind, _, rest = column.codec.type.partition(":")
    if kind == "select":
        return column._replace(codec=Codec("reference", None, int, ordered=False)) if rest.endswith(":id") else None
    if kind == "id":
        return column._replace(codec=Codec("reference", None, int, ordered=False))
    if kind == "boolean":
        return column._replace(codec=column.codec._replace(type="flag")) if column.codec.accepts == (bool, str) else None
    if kind not in ASKED_AS:
        return None
    if kind == "date":
        return column._replace(codec=Codec("date", None, sortable))
    if kind == "date-time":
        return column._replace(codec=Codec("instant"))
    return column._replace(codec=column.codec._replace(type=ASKED_AS[kind]))


# -- SuiteQL ------------------------------------------------------------------------------------------
@may_run_later
def suiteql(system: Account, call: Call) -> Reply:
    """Rows as text, empty columns left out. The header is demanded. Source: Executing SuiteQL Queries (read 2026-11)."""
    if "transient" not in preferences(call.headers.get(b"prefer", b"")):
        raise Refusal(
            "header", "The required request header 'Prefer' is missing or invalid. Set it to 'transient'.", field="Prefer"
        )
    page = page_of(call)
    body = call.document()
    text, params = body.get("q"), body.get("params") or []
    if type(text) is not str or not text.strip() or type(params) is not list:
        raise Refusal("malformed", "The request body must have the property 'q' with a query.", field="q")
    plan, binds = system.state.suiteql.ask(text, params, system.clock())
    key = (plan.text, tuple(value for name, value in binds.items() if name != "now" or ":now" in plan.text))
    rows, names = kept(system, key, lambda: select(system, plan, binds))
    limit, offset = page
    call.found = len(rows)
    items = written(rows[offset : offset + limit], names, plan, system.settings.date_format) if rows else []
    return Reply(200, json_bytes(paged(call, items, len(rows), page)), COLLECTION)


def written(rows: list[tuple[Any, ...]], names: list[str], plan: Plan, form: str) -> list[dict[str, Any]]:
    """Rows as the vendor writes them."""
    columns = list(zip(map(named, names), plan.types, strict=False))
    return [
        {"links": [], **{n: shown(v, t, form, write_date) for (n, t), v in zip(columns, row, strict=False) if v is not None}}
        for row in rows
    ]


def named(column: str) -> str:
    """An expression without an alias is called expr1, expr2, ... by its place."""
    return f"expr{int(column[5:]) + 1}" if column.startswith("_col_") else column


def select(system: Account, plan: Plan, binds: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Run it. What the engine cannot evaluate is the query's fault: its text is the caller's."""
    try:
        return system.store.select_named(plan.text, binds, ROWS_MAX)
    except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
        why = f"Invalid search query. Detailed unprocessed description follows. {error}"
        raise Refusal("malformed", why, field="q") from error


ROUTES = (
    ("GET", RECORD + "/{record}", list_records),
    ("POST", "/services/rest/query/v1/suiteql", suiteql),
)
