"""Vendors in a few lines: they remember what was asked of them and answer the least that the designs can live with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scenarios.clock.loop import run_virtual
from scenarios.designs.vendors import Access, Call
from scenarios.wire import Response

START = 1_765_756_800_000  # 2025-12-15
BASES = {"crm": "https://crm", "psa": "https://psa", "erp": "https://erp"}
OK = 200
TABLES = {"currency": [{"id": "1", "name": "GBP"}], "term": [{"id": "2", "name": "NET30"}]}


@cache
def access() -> Access:
    key = ec.derive_private_key(4711, ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Access(BASES, "client", "secret", "token", "client", "certificate", pem.decode())


def sow(**said: Any) -> dict[str, Any]:
    """A signed and won deal of the UK entity as Salesforce tells it."""
    record = {
        "Id": "a01", "SOW_Number__c": "S-00001", "Type__c": "tm", "Selling_Entity__c": "UK", "Tax_Profile__c": "STANDARD", "Cap__c": None,
        "Terms__c": "NET30", "Status__c": "Signed", "Start_Date__c": "2026-01-05", "End_Date__c": "2026-03-31",
        "Billing_Contact__r": {"Email": "ap@client.test"}, "Opportunity__c": "006",
        "Opportunity__r": {"Name": "Cloud move", "StageName": "Closed Won", "CurrencyIsoCode": "GBP"},
        "Account__r": {"Name": "Client Ltd", "BillingCountry": "GB"},
    }  # fmt: skip
    return {**record, **said}


LINE = {
    "Line_Key__c": "S-00001-R1", "Quantity": 100.0, "UnitPrice": 150.0, "TotalPrice": 15000.0, "ServiceDate": None,
    "Description": "Consultant", "Product2": {"ProductCode": "ROLE-CONSULTANT"},
}  # fmt: skip


class Vendors:
    """`entries`, `expenses`, `stories` are Kantata's lists; `fails[path part]` holds what the next calls there meet instead."""

    def __init__(self, record: dict[str, Any] | None = None) -> None:
        self.sow = record or sow()
        self.lists: dict[str, list[dict[str, Any]]] = {"roles": [{"id": "2", "name": "ROLE-CONSULTANT"}]}
        self.users = {"7": {"headline": "P-0007"}}
        self.posts: list[tuple[str, Any]] = []
        self.fails: dict[str, list[Any]] = {}
        self.after: dict[str, list[Any]] = {}

    def made(self, part: str) -> list[Any]:
        """Bodies of the POSTs whose path ends so."""
        return [body for path, body in self.posts if path.split("?")[0].endswith(part)]

    async def send(self, call: Call) -> Response:
        path = call.url.split("//", 1)[1].partition("/")[2]
        if self.fails.get(path.split("?")[0]):
            raise_or_not(self.fails[path.split("?")[0]].pop(0))
        answer = self.answer(call.method, path, call.body)
        if self.after.get(path.split("?")[0]):
            raise_or_not(self.after[path.split("?")[0]].pop(0))
        return answer

    def answer(self, method: str, path: str, raw: bytes) -> Response:
        if path.endswith("/token"):
            return said({"access_token": "t"})
        body = json.loads(raw) if raw else None
        if "/query?" in path:
            return said({"records": [LINE] if "OpportunityLineItem" in unquote_plus(path) else [self.sow]})
        if "suiteql" in path:
            found = next((rows for table, rows in TABLES.items() if f"FROM {table} " in body["q"]), [])
            return said({"items": found, "hasMore": False})
        if method == "GET":
            return self.listed(path.split("?", maxsplit=1)[0].rpartition("/")[2])
        self.posts.append((path, body))
        if path.startswith("services/rest/record"):
            return Response(204, {"location": f"https://erp/record/{len(self.posts)}"}, b"")
        if method == "PATCH":
            return Response(204, {}, b"")
        return said({"id": str(len(self.posts)), "results": [{"key": "x", "id": str(len(self.posts))}]})

    def listed(self, resource: str) -> Response:
        rows = {row["id"]: row for row in self.lists.get(resource, [])}
        results = [{"key": resource, "id": id} for id in rows]
        return said({"results": results, "meta": {"page_count": 1}, resource: rows, "users": self.users})


def raise_or_not(fate: Any) -> None:
    if fate is not None:
        raise fate


def said(document: Any) -> Response:
    return Response(OK, {}, json.dumps(document).encode())


def play(story: Callable[[Callable[[], int]], Awaitable[Any]]) -> Any:
    """Run a coroutine function of a clock in virtual time."""
    return run_virtual(lambda loop: story(loop.clock), start_ms=START)


async def push(app: Any, path: str, id: str = "a01", kind: str = "SOW__c") -> int:
    """Deliver an outbound message; the status it was answered with."""
    body = f'<sObject xsi:type="sf:{kind}"><sf:Id>{id}</sf:Id></sObject>'.encode()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": path}, receive, send)
    return int(sent[0]["status"])


async def serving(design: Any, hours: float) -> None:
    """Let a design serve for that long."""
    task = asyncio.ensure_future(design.serve())
    await asyncio.sleep(hours * 3600)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
