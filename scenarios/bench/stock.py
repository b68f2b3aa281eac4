"""Vendor systems with something in them to read and write: an org with deals, an account with time bills.

Records are made by people's acts, as in a run. Requests are given as parts; every write names other values than the one before,
because a save that changes nothing is cheaper than one that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simulators.registry import open_system
from simulators.vendors.netsuite.settings import NetSuiteSettings
from simulators.vendors.salesforce.settings import PushTarget, SalesforceSettings

TOKEN = "bench-token"  # noqa: S105 - the bench's own
USER = "integration@rehearsal.example"
FAR_MS = 1 << 52
CALLS_MAX = 1_000_000_000  # the org's allotment: the bench is not about quotas
DATA = "/services/data/v67.0/sobjects"
RECORD = "/services/rest/record/v1"
DEALS_PER_ACCOUNT = 10


Row = tuple[str, str, Mapping[str, Any]]


class Request(NamedTuple):
    """One request; `path` as on the wire."""

    method: str
    path: str
    body: bytes


HEADERS = (
    ("host", "bench.example"),
    ("authorization", f"Bearer {TOKEN}"),
    ("accept", "application/json"),
    ("content-type", "application/json"),
)


def salesforce(clock: Callable[[], int], *, deals: int, service_ms: int | None = None) -> tuple[Any, list[str]]:
    """An org with that many deals and its two outbound rules; the system, and the ids of the deals. None: the room's own service time."""
    push = (PushTarget("opportunity_won", "https://nobody.example/"), PushTarget("sow_signed", "https://nobody.example/"))
    system = open_system("salesforce", clock=clock, seed=7, settings=SalesforceSettings(daily_limit=CALLS_MAX, push=push))
    system.service_ms = system.service_ms if service_ms is None else service_ms
    system.state.sessions.life_ms = FAR_MS - clock()
    system.state.sessions.open(TOKEN, USER, clock())
    rows: list[Row] = [
        ("account", f"A-{n:05}", {"name": f"Customer {n} GmbH", "country": "US", "industry": "Energy", "currency": "USD"})
        for n in range(deals // DEALS_PER_ACCOUNT + 1)
    ]
    system.seed_rows(rows, user=USER)
    made = system.seed_rows([("opportunity", f"O-{n:05}", deal(n)) for n in range(deals)], user=USER)
    return system, [str(one.id) for one in made]


def deal(n: int) -> dict[str, Any]:
    return {
        "name": f"Engagement {n}", "account_id": f"A-{n // DEALS_PER_ACCOUNT:05}", "stage": "negotiation", "amount": 100_000 + n * 7,
        "currency": "USD", "close_on": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}", "probability": n % 100, "type": "New Business",
    }  # fmt: skip


def read_deal(ids: list[str], n: int) -> Request:
    """GET a deal by id: 26 columns."""
    return Request("GET", f"{DATA}/Opportunity/{ids[n * 7 % len(ids)]}", b"")


def upsert_deal(ids: list[str], n: int) -> Request:
    """PATCH a deal by its external key: four fields, all with new values."""
    key = n * 7 % len(ids)
    body = b'{"Name":"Engagement %08d","Amount":%08d.25,"CloseDate":"2026-05-%02d","Description":"changed %08d"}'
    filled = body % (n, 10_000_000 + n, n % 28 + 1, n)
    return Request("PATCH", f"{DATA}/Opportunity/Opportunity_Number__c/O-{key:05}", filled)


def netsuite(clock: Callable[[], int], *, bills: int, service_ms: int = 0) -> tuple[Any, list[str]]:
    """An account with one project and that many time bills; the system, and the external ids of the bills."""
    system = open_system(
        "netsuite", clock=clock, seed=7, settings=NetSuiteSettings(concurrency_limit=1_000, service_ms=service_ms)
    )
    system.state.sessions.open(TOKEN, USER, FAR_MS)
    keys = [f"TE-{n:05}" for n in range(bills)]
    system.seed_rows([*REFERENCE, *(("time_bill", key, bill(n)) for n, key in enumerate(keys))], user=USER)
    return system, keys


REFERENCE: tuple[Row, ...] = (
    ("currency", "USD", {"name": "USD"}),
    ("term", "NET30", {"days": 30}),
    ("subsidiary", "SUB-US", {"name": "US entity", "code": "US", "currency": "USD", "country": "US", "rounding": "LINE"}),
    ("period", "2026-01-US", {"start_on": "2026-01-01", "end_on": "2026-01-31"}),
    ("tax_code", "US-00", {"rate_percent_e3": 0, "country": "US", "label": "US: not taxable"}),
    ("item", "ROLE-SENIOR", {"name": "Senior", "type": "service"}),
    ("employee", "P-0007", {"name": "Ada Byron", "subsidiary_id": "SUB-US"}),
    (
        "customer",
        "CUS-A-00001-US",
        {"name": "Customer", "subsidiary_id": "SUB-US", "currency": "USD", "terms_id": "NET30", "country": "US"},
    ),
    (
        "job",
        "JOB-S-00001",
        {
            "name": "Project",
            "customer_id": "CUS-A-00001-US",
            "subsidiary_id": "SUB-US",
            "currency": "USD",
            "sow_number": "S-00001",
        },
    ),
)


def bill(n: int) -> dict[str, Any]:
    return {
        "employee_id": "P-0007", "job_id": "JOB-S-00001", "item_id": "ROLE-SENIOR", "minutes": 60 + n % 400, "tran_date": "2026-01-12",
        "work_date": "2026-01-12", "rate": 1_850_000, "billable": 1, "tax_code": "US-00",
    }  # fmt: skip


def put_bill(keys: list[str], n: int) -> Request:
    """PUT a time bill by external id, whole, as an orchestrator would: hours and memo are new."""
    body = (
        b'{"employee":{"externalId":"P-0007"},"customer":{"externalId":"JOB-S-00001"},"item":{"externalId":"ROLE-SENIOR"},'
        b'"hours":"%d:%02d","tranDate":"2026-01-12","isBillable":true,"rate":185.0,"memo":"changed %08d",'
        b'"custcol_work_date":"2026-01-12","custcol_tax_code":"US-00"}'
    )
    return Request("PUT", f"{RECORD}/timeBill/eid:{keys[n * 7 % len(keys)]}", body % (1 + n % 7, n % 60, n))
