"""GET /query and /queryAll: SOQL in, records out, in pages behind a locator. Plans are kept by the query's shape.

The rows of an answer are fixed when it is asked; a locator lives two days. Source: reference 1.7, 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes
from simulators.tongues import soql
from simulators.tongues.soql_answer import records
from simulators.tongues.soql_plan import Compiler, Plan, Rows
from simulators.tongues.soql_values import Misfit, Moment

from .errors import JSON, data_stem
from .state import Org, Page

BATCH, BATCH_MIN, LOCATORS_MAX = 2_000, 200, 256
LOCATOR_LIFE_MS = 2 * 86_400_000
BATCH_OPTION = re.compile(r"batchSize\s*=\s*(\d{1,9})", re.IGNORECASE)


def query(system: System[Org], call: Call) -> Reply:
    return asked(system, call, "query")


def query_all(system: System[Org], call: Call) -> Reply:
    """As `query`, over deleted rows too."""
    return asked(system, call, "queryAll")


def asked(system: System[Org], call: Call, word: str) -> Reply:
    text = call.query.get("q", "")
    if not text.strip():
        raise Refusal("malformed", "A query string has to be specified")
    moment = Moment(system.clock(), system.state.zone)
    try:
        plan, literals = planned(system, text, with_deleted=word == "queryAll")
        rows = plan.run(store_ask(system), literals, moment)
        page = Page(plan, rows, literals, moment, system.state.batch_rows or batch_size(call), word)
        return turned(system, call, page, 0, "")
    except Misfit as misfit:
        raise Refusal(misfit.code, soql.pointed(text, misfit.at, misfit.message)) from misfit


def store_ask(system: System[Org]) -> Any:
    def ask(text: str, binds: Sequence[Any]) -> Rows:
        return system.store.select(text, binds)

    return ask


def planned(system: System[Org], text: str, *, with_deleted: bool) -> tuple[Plan, tuple[str, ...]]:
    """The plan for a query's shape, compiled once, and the literals of this text."""
    shape, literals = soql.lift(text)
    state = system.state
    plan = state.plans.get((shape, with_deleted))
    if plan is None:
        made = Compiler(state.schema, with_deleted=with_deleted).compile(soql.parse(shape, text))
        plan = state.remember((shape, with_deleted), made)
    return plan, literals


def batch_size(call: Call) -> int:
    wanted = BATCH_OPTION.search(call.header(b"sforce-query-options"))
    return min(max(int(wanted[1]), BATCH_MIN), BATCH) if wanted else BATCH


def query_more(system: System[Org], call: Call) -> Reply:
    """GET /query/01g...-2000: the page that begins there. Raises Refusal 'cursor' for a locator that is unknown or too old."""
    name, _, start = call.args[1].rpartition("-")
    page = system.state.cursors.find(system.clock(), name)
    if page is None or not start.isdigit() or len(start) > 9 or not 0 < int(start) < len(page.rows):
        raise Refusal("cursor", "invalid query locator")
    return turned(system, call, page, int(start), name)


def turned(system: System[Org], call: Call, page: Page, start: int, locator: str) -> Reply:
    """The answer that begins at row `start`, with the address of the next page while there is one."""
    rows, plan = page.rows, page.plan
    if plan.count:
        call.found = int(rows[0][0])
        return Reply(200, json_bytes({"totalSize": rows[0][0], "done": True, "records": []}), JSON)
    stem = data_stem(call)
    part = rows[start : start + page.size] if len(rows) > page.size else rows
    call.found = len(part)
    found = records(
        plan, part, stem=f"{stem}/sobjects/", ask=store_ask(system), literals=page.literals, moment=page.moment
    )  # fmt: skip
    body: dict[str, Any] = {"totalSize": len(rows), "done": start + page.size >= len(rows)}
    if not body["done"]:
        locator = locator or system.state.cursors.keep(system.clock(), page)
        body["nextRecordsUrl"] = f"{stem}/{page.word}/{locator}-{start + page.size}"
    body["records"] = found
    return Reply(200, json_bytes(body), JSON)
