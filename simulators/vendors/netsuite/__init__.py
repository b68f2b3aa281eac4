"""NetSuite: the ERP domain spoken as SuiteTalk REST records and SuiteQL.

`ROOM` is the way in, through `simulators.registry`. What is modelled, from where, and what is not: SOURCES.md beside this file.
It must not know the orchestrator, the scenarios, or another vendor.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulators.behaviours.passage import answer, deliver, perform, route, strike, take_time
from simulators.domains.erp import KINDS
from simulators.kernel.records import Kind
from simulators.kernel.room import Room
from simulators.kernel.wire import Wire
from simulators.tongues.suiteql import SuiteQL
from simulators.tongues.suiteql_dates import install

from . import account, jobs, queries, records, views, wires, wires_transactions
from .errors import refuse
from .identity import admit, identify
from .record_types import RECORD_TYPES
from .settings import NetSuiteSettings
from .state import Account, Jobs, Nonces, Pool, Sessions, State
from .tokens import TOKEN_PATH, token

BODY_BYTES_MAX = 104 * 1024 * 1024  # Source: REST Web Services Request and Response Limits (read 2026-11)
FIRST_ID, STEP = 100, 20
# Internal ids are unique among all entities and among all transactions, as in NetSuite: every kind has its own lane.
LANES = {name: lane for lane, name in enumerate(KINDS)}
WIRES = (
    wires.CUSTOMER, wires.JOB, wires.EMPLOYEE, wires.ITEM, wires.SUBSIDIARY, wires.CURRENCY, wires.TERM, wires.TAX_CODE,
    wires.ACCOUNTING_PERIOD, wires_transactions.SALES_ORDER, wires_transactions.SALES_ORDER_ITEM, wires_transactions.INVOICE,
    wires_transactions.INVOICE_ITEM, wires_transactions.INVOICE_TIME, wires_transactions.INVOICE_EXPENSE, wires_transactions.INVOICE_TAX,
    wires_transactions.TIME_BILL, wires_transactions.EXPENSE_REPORT_WIRE, wires_transactions.EXPENSE_REPORT_EXPENSE,
    wires_transactions.CUSTOMER_PAYMENT, wires_transactions.CUSTOMER_PAYMENT_APPLY, wires_transactions.CREDIT_MEMO,
)  # fmt: skip
assert len(KINDS) <= STEP, "lanes would meet"


def internal_id(kind: Kind, n: int) -> int:
    return FIRST_ID + n * STEP + LANES[kind.name]


def opened(system: Account) -> State:
    settings = system.settings
    install(system.store.db)
    system.service_ms = settings.service_ms
    most = settings.integration_limit or settings.concurrency_limit
    types = {record.name.lower(): record for record in RECORD_TYPES}
    pool = Pool(most, 0 if settings.integration_limit else settings.reserved)
    _, schema = views.build(types, system.wires)
    return State(Sessions(), Nonces(), pool, Jobs(), SuiteQL(schema, date_format=settings.date_format), types)


def adopt(system: Account, held: Mapping[str, Wire]) -> None:
    """Take these declarations: views, plans and answers of the old ones die."""
    texts, schema = views.build(system.state.types, held)
    system.store.define_views(texts)
    state = system.state
    state.suiteql = SuiteQL(schema, date_format=system.settings.date_format)
    state.shapes.clear()
    state.selects.clear()
    state.questions.clear()
    state.answers.clear()
    state.answers_at = -1


ROOM: Room[State] = Room(
    vendor="netsuite",
    domain="erp",
    kinds=KINDS,
    wires=WIRES,
    routes=(("POST", TOKEN_PATH, token), *records.ROUTES, *queries.ROUTES, *jobs.ROUTES, *account.ROUTES),
    stages=(route, strike("arrival"), identify, admit, take_time, strike("before"), perform, deliver, strike("after"), answer),
    ids=internal_id,
    refuse=refuse,
    open=opened,
    adopt=adopt,
    id_type="INTEGER",
    settings=NetSuiteSettings,
    body_bytes_max=BODY_BYTES_MAX,
)
