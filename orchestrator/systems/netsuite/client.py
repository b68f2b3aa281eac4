"""The ERP port over NetSuite's REST record service and SuiteQL. Every write names its record by our external id, so it may be sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.billing import Bill, Event, Invoice, Period, Posted, Target
from orchestrator.canonical.contract import Contract
from orchestrator.canonical.engagement import Ref
from orchestrator.canonical.money import DIGITS
from orchestrator.canonical.party import Customer
from orchestrator.errors import BusinessException, Refused, Transient, Unknown
from orchestrator.policies.ownership import Guard
from orchestrator.ports import Renamed, Response
from orchestrator.systems.http import WRITES, Link, decoded, encode, excerpt, number, refusal, safely, told
from orchestrator.systems.netsuite import mapping, queries

RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
JSON = (("content-type", "application/json"), ("accept", "application/json"))
QUERY = (*JSON, ("prefer", "transient"))
FORBIDDEN = 403
PAGE = 1000
PAGES_MAX = 100
LOCKED = frozenset(("RCRD_HAS_BEEN_CHANGED", "CONCURRENCY_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE"))
"""Codes after which the record was surely not written and may be written later. Source: REST error handling (read), 2026-11."""


class Detail(msgspec.Struct):
    detail: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")
    path: str = msgspec.field(default="", name="o:errorPath")


class Problem(msgspec.Struct):
    details: list[Detail] = msgspec.field(default_factory=list, name="o:errorDetails")


class Rows(msgspec.Struct):
    items: list[dict[str, Any]]
    more: bool = msgspec.field(default=False, name="hasMore")


class Lists(NamedTuple):
    """The account's ids of its currencies and terms, by the firm's codes."""

    currencies: dict[str, str]
    terms: dict[str, str]


_problem = msgspec.json.Decoder(Problem)
_rows = msgspec.json.Decoder(Rows)
_record = msgspec.json.Decoder(dict[str, Any], float_hook=str)


class NetSuite:
    """Implements `ports.Erp`."""

    def __init__(self, link: Link, guard: Guard) -> None:
        self._link, self._guard = link, guard
        self._known: Lists | None = None

    # Set-up.

    async def upsert_customer(self, customer: Customer) -> Ref:
        self._guard.check("erp", "customer", mapping.CUSTOMER_FIELDS)
        currency_id, terms_id = await self._currency(customer.currency), await self._terms(customer.terms)
        body = mapping.customer(customer, currency_id, terms_id)
        return Ref(customer.eid, await self._put("customer", customer.eid, body, entity=customer.entity))

    async def upsert_job(self, contract: Contract, customer: Ref) -> Ref:
        self._guard.check("erp", "job", mapping.JOB_FIELDS)
        key = refs.job(contract.sow)
        body = mapping.job(contract, customer, await self._currency(contract.currency))
        return Ref(key, await self._put("job", key, body, entity=contract.entity))

    async def upsert_order(self, contract: Contract, customer: Ref, job: Ref) -> Ref:
        self._guard.check("erp", "sales_order", mapping.ORDER_FIELDS)
        key = refs.order(contract.sow)
        currency_id, terms_id = await self._currency(contract.currency), await self._terms(contract.terms)
        body = mapping.order(contract, customer, job, currency_id=currency_id, terms_id=terms_id)
        return Ref(key, await self._put("salesOrder", key, body, entity=contract.entity, query="?replace=item"))

    async def close_order(self, order: Ref) -> None:
        self._guard.check("erp", "sales_order", ("status",))
        await self._patch("salesOrder", order.key, {"orderStatus": mapping.ORDER_CLOSED})

    async def inactivate_job(self, job: Ref) -> None:
        self._guard.check("erp", "job", ("inactive",))
        await self._patch("job", job.key, {"isInactive": True})

    async def amend_order(self, contract: Contract, order: Ref) -> None:
        self._guard.check("erp", "sales_order", ("cap",))
        cap = None if contract.cap is None else number(contract.cap, DIGITS[contract.currency])
        await self._patch("salesOrder", order.key, {"custbody_cap": cap})

    async def amend_job(self, contract: Contract, job: Ref) -> None:
        self._guard.check("erp", "job", ("end_on",))
        await self._patch("job", job.key, {"projectedEndDate": contract.end_on})

    # Billing events.

    async def post_time(self, event: Event, target: Target) -> Posted:
        self._guard.check("erp", "time_bill", mapping.TIME_FIELDS)
        body = mapping.time_bill(event, target)
        return Posted(event.source, await self._put("timeBill", event.source, body, entity=target.entity))

    async def post_expense(self, event: Event, target: Target) -> Posted:
        self._guard.check("erp", "expense_report", mapping.EXPENSE_FIELDS)
        body = mapping.expense_report(event, target, await self._currency(event.currency))
        return Posted(
            event.source, await self._put("expenseReport", event.source, body, entity=target.entity, query="?replace=expense")
        )

    async def take_back(self, source: str) -> None:
        record, kind = ("timeBill", "time_bill") if source.startswith("TE-") else ("expenseReport", "expense_report")
        self._guard.check("erp", kind, ("external_id",))
        path = f"{RECORD}/{record}/eid:{quote(source, safe='')}"
        answer = await self._link.call("DELETE", path, b"", JSON)
        if answer.status != 404:  # it was taken back before
            self._require(answer)

    async def is_credited(self, source: str) -> bool:
        return bool(await self._select(queries.CREDITS, source))

    async def periods(self, entity: str) -> list[Period]:
        return [told("erp", mapping.period_of, row) for row in await self._select(queries.PERIODS, f"%-{entity}")]

    # Invoices.

    async def create_work_invoice(self, bill: Bill, target: Target) -> Invoice:
        path = f"{RECORD}/job/{target.job_id}/!transform/invoice"
        return await self._transform(path, bill.key, mapping.work_invoice(bill), entity=target.entity)

    async def find_work_invoice(self, bill: Bill, target: Target) -> Invoice | None:  # noqa: ARG002  a probe has its step's arguments
        return await self._invoice(bill.key)

    async def create_milestone_invoice(self, milestone: str, on: str, target: Target) -> Invoice:
        key = refs.milestone_invoice(milestone)
        line = await self._order_line(target.order, milestone)
        path = f"{RECORD}/salesOrder/{target.order_id}/!transform/invoice?replace=item"
        return await self._transform(path, key, mapping.milestone_invoice(milestone, on, line), entity=target.entity)

    async def find_milestone_invoice(self, milestone: str, on: str, target: Target) -> Invoice | None:  # noqa: ARG002
        return await self._invoice(refs.milestone_invoice(milestone))

    # What changed.

    async def invoices_since(self, since: int) -> list[Invoice]:
        rows = await self._select(queries.INVOICES_SINCE.format(queries.moment(since)))
        return [told("erp", mapping.invoice_row, row) for row in rows if row.get("externalid")]

    async def with_net(self, invoices: tuple[Invoice, ...]) -> list[Invoice]:
        """The invoices with what their lines come to. Raises Transient: lines may be shown later than their invoice."""
        if not invoices:
            return []
        query = queries.NETS.format(queries.holes(len(invoices)))
        nets = {row.get("id"): row.get("net") for row in await self._select(query, *(invoice.id for invoice in invoices))}
        bare = [invoice.key for invoice in invoices if nets.get(invoice.id) is None]
        if bare:
            raise Transient(f"erp shows {len(bare)} invoices without their lines, the first is {bare[0]}", system="erp")
        return [told("erp", lambda one: mapping.with_net(one, nets[one.id] or ""), invoice) for invoice in invoices]

    async def customers_since(self, since: int) -> list[Renamed]:
        rows = await self._select(queries.CUSTOMERS_SINCE.format(queries.moment(since)))
        found = (told("erp", mapping.renamed_of, row) for row in rows)
        return [renamed for renamed in found if renamed is not None]

    # How it speaks.

    async def _put(self, record: str, key: str, body: dict[str, Any], *, entity: str, query: str = "") -> str:
        """Create or replace by external id; the record's internal id."""
        path = f"{RECORD}/{record}/eid:{quote(key, safe='')}{query}"
        answer = self._require(await self._link.call("PUT", path, encode(body), JSON, lane=lane_of(entity)))
        return _id_in(answer)

    async def _patch(self, record: str, key: str, body: dict[str, Any]) -> None:
        path = f"{RECORD}/{record}/eid:{quote(key, safe='')}"
        self._require(await self._link.call("PATCH", path, encode(body), JSON))

    async def _transform(self, path: str, key: str, body: dict[str, Any], *, entity: str) -> Invoice:
        """Make an invoice of a record. One that exists already under this external id is read back: it is ours."""
        self._guard.check("erp", "invoice", mapping.INVOICE_FIELDS)
        answer = await self._link.call("POST", path, encode(body), JSON, lane=lane_of(entity))
        try:
            self._require(answer)
        except Refused:
            there = await self._invoice(key)
            if there is None:
                raise
            return there
        made = await self._made(key)
        if made is None:
            raise Unknown(f"erp made invoice {key} and does not show it", system="erp")
        return made

    async def _made(self, key: str) -> Invoice | None:
        """Read what was just made. Its creation is done, so a failure of the reading leaves the outcome to be asked again."""
        try:
            return await self._invoice(key)
        except Transient as error:
            raise Unknown(f"erp made invoice {key}, reading it failed: {error}", system="erp") from error

    async def _invoice(self, key: str) -> Invoice | None:
        record = await self._get(f"{RECORD}/invoice/eid:{quote(key, safe='')}")
        return None if record is None else told("erp", mapping.invoice_of, record)

    async def _order_line(self, order: str, milestone: str) -> int:
        record = await self._get(f"{RECORD}/salesOrder/eid:{quote(order, safe='')}?expandSubResources=true&fields=item")
        for item in ((record or {}).get("item") or {}).get("items") or []:
            if item.get("custcol_line_key") == milestone:
                return told("erp", lambda line: int(line["line"]), item)
        raise Refused(
            "VENDOR_REFUSED", f"erp order {order} has no line {milestone}; add it to the order", system="erp", source=milestone
        )

    async def _get(self, path: str) -> dict[str, Any] | None:
        answer = await safely(self._link.call("GET", path, b"", JSON))
        if answer.status == 404:
            return None
        return await safely(self._opened(answer))

    async def _opened(self, answer: Response) -> dict[str, Any]:
        return decoded("erp", _record, self._require(answer))

    async def _select(self, query: str, *params: str) -> list[dict[str, Any]]:
        """Every row of a SuiteQL query."""
        body = encode({"q": query, "params": list(params)} if params else {"q": query})
        found: list[dict[str, Any]] = []
        for page in range(PAGES_MAX):
            rows = await safely(self._page(f"{SUITEQL}?limit={PAGE}&offset={page * PAGE}", body))
            found += rows.items
            if not rows.more:
                return found
        raise Transient(f"erp: a query of more than {PAGES_MAX} pages", system="erp")

    async def _page(self, path: str, body: bytes) -> Rows:
        return decoded("erp", _rows, self._require(await self._link.call("POST", path, body, QUERY, lane="")))

    async def _currency(self, code: str) -> str:
        lists = await self._lists(lambda known: code in known.currencies)
        return named(lists.currencies, code, "currency")

    async def _terms(self, code: str) -> str:
        lists = await self._lists(lambda known: code in known.terms)
        return named(lists.terms, code, "payment terms")

    async def _lists(self, holds: Callable[[Lists], bool]) -> Lists:
        """The account's currencies and terms, asked once, and again while what is wanted is not among them."""
        if self._known is None or not holds(self._known):
            currencies = await self._select(queries.CURRENCIES)
            terms = await self._select(queries.TERMS)
            self._known = Lists(by_name(currencies, "symbol"), by_name(terms, "name"))
        return self._known

    def _require(self, answer: Response) -> Response:
        """Return a 2xx answer; raise what any other one means."""
        if 200 <= answer.status < 300:
            return answer
        try:
            detail = _problem.decode(answer.body).details[0]
        except (msgspec.DecodeError, IndexError) as error:
            raise Transient(f"erp answered {answer.status} unreadably: {excerpt(answer)}", system="erp") from error
        if detail.code in LOCKED or answer.status == 409:
            raise Transient(f"erp: {detail.code}: {detail.detail}", system="erp")
        raise refusal("erp", "FORBIDDEN" if answer.status == FORBIDDEN else _code(detail), answer, detail.code, detail.detail)


def lane_of(entity: str) -> str:
    """Writes of one legal entity are a lane: a subsidiary that is locked or gone stops nobody else."""
    return f"{WRITES} {entity}"


def by_name(rows: list[dict[str, Any]], name: str) -> dict[str, str]:
    """{the firm's code: the account's id} of a list; rows without either are left out."""
    return {row[name]: row["id"] for row in rows if row.get(name) and row.get("id")}


def named(ids: dict[str, str], code: str, what: str) -> str:
    """Return the account's id. Raises BusinessException when the account has no such thing."""
    if code not in ids:
        raise BusinessException(
            "VENDOR_REFUSED", f"the ERP has no {what} {code}; it knows {', '.join(sorted(ids))}", system="erp"
        )
    return ids[code]


def _code(detail: Detail) -> str:
    """Our code for the vendor's words."""
    words = detail.detail.lower()
    if "period" in words and ("closed" in words or "locked" in words):
        return "PERIOD_CLOSED"
    if detail.path in ("employee", "entity") and "invalid field value" in words:
        return "PERSON_UNKNOWN"
    return "VENDOR_REFUSED"


def _id_in(answer: Response) -> str:
    """The internal id at the end of a Location header. Raises Unknown without one: the record is there, its id is not known."""
    found = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if not found:
        raise Unknown("erp wrote a record and did not say which", system="erp")
    return found
