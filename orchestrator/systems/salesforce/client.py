"""The CRM port over Salesforce REST: SOQL reads, upserts by external id, collections for the mirror."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from orchestrator.canonical.billing import Invoice, Totals
from orchestrator.canonical.deal import Deal, SoldSignal
from orchestrator.canonical.party import Party
from orchestrator.errors import Transient, Unknown
from orchestrator.policies.ownership import Guard
from orchestrator.ports import Failed, Response
from orchestrator.systems.http import Bare, Link, SignIn, Token, decoded, encode, excerpt, refusal, safely, told
from orchestrator.systems.salesforce import mapping

VERSION = "v67.0"
DATA = f"/services/data/{VERSION}"
JSON = (("content-type", "application/json"), ("accept", "application/json"))
FORM = (("content-type", "application/x-www-form-urlencoded"),)
SESSION_MS = 12 * 3_600_000
"""A session ends after two hours without a call (memory); polls keep it awake, and a 401 makes us sign in again anyway."""
COLLECTION_MAX = 200
PAGES_MAX = 50
FORBIDDEN, CHANGED = 403, 412
LOCATOR_GONE = "INVALID_QUERY_LOCATOR"
OURS = {"DUPLICATE_EXTERNAL_ID": "SEVERAL_MATCHES", "INSUFFICIENT_ACCESS_OR_READONLY": "FORBIDDEN"}
"""What a row's refusal is in our catalogue."""
QUOTA_GONE = "REQUEST_LIMIT_EXCEEDED"
AGAIN = frozenset(("UNABLE_TO_LOCK_ROW", QUOTA_GONE, "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"))
"""Error codes of a row or call that was surely not done and may succeed later. Source: REST error codes (read), 2026-11."""


class Problem(msgspec.Struct):
    message: str = ""
    code: str = msgspec.field(default="", name="errorCode")


class RowProblem(msgspec.Struct):
    message: str = ""
    code: str = msgspec.field(default="", name="statusCode")


class Page(msgspec.Struct):
    done: bool
    records: list[dict[str, Any]]
    next: str = msgspec.field(default="", name="nextRecordsUrl")


class Row(msgspec.Struct):
    success: bool
    errors: list[RowProblem] = []


class Granted(msgspec.Struct):
    access_token: str
    instance_url: str = ""


_page = msgspec.json.Decoder(Page, float_hook=str)
_rows = msgspec.json.Decoder(list[Row])
_problems = msgspec.json.Decoder(list[Problem])
_granted = msgspec.json.Decoder(Granted)


def client_credentials(client_id: str, client_secret: str, clock: Any) -> SignIn:
    """Sign in with the OAuth 2 client credentials flow. Source: OAuth 2.0 client credentials flow (read), 2026-11."""

    async def sign_in(bare: Bare) -> Token:
        form = urlencode({"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret})
        answer = await bare("POST", "/services/oauth2/token", form.encode(), FORM)
        if answer.status != 200:
            raise no_token(answer)
        return Token("Bearer " + decoded("crm", _granted, answer).access_token, clock() + SESSION_MS)

    return sign_in


def no_token(answer: Response) -> Exception:
    """What an answer without a token means: come again when the org is out of calls or busy, else somebody must look."""
    try:
        problem = _problems.decode(answer.body)[0]
    except (msgspec.DecodeError, IndexError):
        return refusal("crm", "VENDOR_REFUSED", answer, "sign-in", excerpt(answer))
    if problem.code in AGAIN:
        return Transient(f"crm sign-in: {problem.code}: {problem.message}", system="crm")
    return refusal("crm", "VENDOR_REFUSED", answer, problem.code, problem.message)


class Salesforce:
    """Implements `ports.Crm`."""

    def __init__(self, link: Link, guard: Guard) -> None:
        self._link, self._guard = link, guard

    # Reading.

    async def read_deal(self, sow: str) -> Deal | None:
        found = await self._query(mapping.DEAL.format(mapping.quoted(sow)))
        if not found:
            return None
        number = (found[0].get("Opportunity__r") or {}).get("Opportunity_Number__c") or ""
        lines = await self._query(mapping.LINES.format(mapping.quoted(number)))
        return told("crm", lambda row: mapping.deal_of(row, lines), found[0])

    async def sows_of(self, opportunity: str) -> list[str]:
        query = mapping.SOWS_BY_NUMBER if opportunity.startswith("O-") else mapping.SOWS_BY_ID
        rows = await self._query(query.format(mapping.quoted(opportunity)))
        return [str(row["SOW_Number__c"]) for row in rows if row.get("SOW_Number__c")]

    async def sold_since(self, since: int) -> list[SoldSignal]:
        return [told("crm", mapping.sold_of, row) for row in await self._query(mapping.SOLD.format(mapping.literal(since)))]

    async def accounts_like(self, party: Party) -> list[Party]:
        if not (party.tax_id or party.website):
            return []
        unlike = mapping.quoted("\\")  # a value no account has: an empty field is nobody's likeness
        tax_id, website = (mapping.quoted(value) if value else unlike for value in (party.tax_id, party.website))
        return [mapping.party_of(row) for row in await self._query(mapping.LIKE.format(tax_id, website))]

    async def merged_into(self, account: str) -> list[str]:
        rows = await self._query(mapping.MERGED.format(mapping.quoted(account)), deleted=True)
        return [row["AccountNumber"] for row in rows if row.get("AccountNumber")]

    async def mirrored_versions(self, keys: tuple[str, ...]) -> dict[str, int]:
        names = ", ".join(mapping.quoted(key) for key in keys)
        rows = await self._query(mapping.VERSIONS.format(names)) if keys else []
        return dict(told("crm", mapping.version_of, row) for row in rows)

    # Writing.

    async def mirror_delivery(self, sow: str, status: str, project_code: str) -> None:
        self._guard.check("crm", "sow", ("delivery_status", "project_code"))
        record: dict[str, Any] = {"Delivery_Status__c": status}
        if project_code:
            record["Project_Code__c"] = project_code
        path = f"{DATA}/sobjects/SOW__c/SOW_Number__c/{quote(sow, safe='')}?updateOnly=true"
        self._require(await self._link.call("PATCH", path, encode(record), JSON))

    async def mirror_invoices(self, rows: tuple[Invoice, ...]) -> list[Failed]:
        self._guard.check("crm", "invoice_mirror", mapping.INVOICE_FIELDS)
        records = [mapping.invoice_record(row) for row in rows]
        return await self._upsert("Invoice__c/Invoice_Key__c", [row.key for row in rows], records)

    async def mirror_totals(self, rows: tuple[Totals, ...]) -> list[Failed]:
        self._guard.check("crm", "sow", ("billed_to_date", "unbilled"))
        return await self._upsert("SOW__c/SOW_Number__c", [row.sow for row in rows], [mapping.totals_record(row) for row in rows])

    async def rename_account(self, account: str, name: str) -> None:
        """Write an account's name. The guard refuses it: the CRM owns that field; the way exists so that the guard is what stops it."""
        self._guard.check("crm", "account", ("name",))
        path = f"{DATA}/sobjects/Account/AccountNumber/{quote(account, safe='')}?updateOnly=true"
        self._require(await self._link.call("PATCH", path, encode({"Name": name}), JSON))

    # How it speaks.

    async def _query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        path: str = f"{DATA}/{'queryAll' if deleted else 'query'}?q={quote(soql, safe='')}"
        records: list[dict[str, Any]] = []
        for _ in range(PAGES_MAX):
            page = await safely(self._page(path))
            records += page.records
            if page.done or not page.next:
                return records
            path = page.next
        raise Transient(f"crm: a query of more than {PAGES_MAX} pages", system="crm")

    async def _page(self, path: str) -> Page:
        return decoded("crm", _page, self._require(await self._link.call("GET", path, b"", JSON)))

    async def _upsert(self, where: str, keys: list[str], records: list[dict[str, Any]]) -> list[Failed]:
        """Upsert a collection, all or some: the rows that were not written, in order."""
        assert len(records) <= COLLECTION_MAX, "the caller pages"
        if not records:
            return []
        body = encode({"allOrNone": False, "records": records})
        answer = self._require(await self._link.call("PATCH", f"{DATA}/composite/sobjects/{where}", body, JSON))
        rows = decoded("crm", _rows, answer)
        if len(rows) != len(keys):
            raise Unknown(f"crm was given {len(keys)} rows and answered {len(rows)}", system="crm")
        return [_failed(key, row) for key, row in zip(keys, rows, strict=True) if not row.success]

    def _require(self, answer: Response) -> Response:
        """Return a 2xx answer; raise what any other one means."""
        if 200 <= answer.status < 300:
            return answer
        if answer.status == CHANGED:
            raise Transient("crm: the record was changed meanwhile", system="crm")
        if answer.status == 300:
            raise refusal("crm", "SEVERAL_MATCHES", answer, "300", "several records have this external id")
        try:
            problem = _problems.decode(answer.body)[0]
        except (msgspec.DecodeError, IndexError) as error:
            raise Transient(f"crm answered {answer.status} unreadably: {excerpt(answer)}", system="crm") from error
        if problem.code in AGAIN:
            if problem.code == QUOTA_GONE:
                self._link.spent()
            raise Transient(f"crm: {problem.code}: {problem.message}", system="crm")
        if problem.code == LOCATOR_GONE:
            raise Transient(f"crm: {problem.message}: the question has to be asked anew", system="crm")
        code = "FORBIDDEN" if answer.status == FORBIDDEN else "VENDOR_REFUSED"
        raise refusal("crm", code, answer, problem.code, problem.message)


def _failed(key: str, row: Row) -> Failed:
    problem = row.errors[0] if row.errors else RowProblem("no reason given", "UNKNOWN")
    return Failed(key, problem.code, problem.message, problem.code in AGAIN, OURS.get(problem.code, "VENDOR_REFUSED"))
