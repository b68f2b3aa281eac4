"""Runs in its own process: PyPI netsuite, unmodified, against the room. Prints one JSON object of what it saw.

Its hosts are hard-coded; HTTPS_PROXY leads them to the door, SSL_CERT_FILE makes it trust the test's authority.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

# netsuite 0.12.0 speaks httpx; its signing library prefers httpx2 when that is installed beside it, and the two do not mix. In an
# environment of its own the client would not find httpx2, and here it must not either.
sys.modules["httpx2"] = None  # type: ignore[assignment]

from netsuite import Config, NetSuiteRestApi, TokenAuth  # noqa: E402
from netsuite.exceptions import NetsuiteAPIRequestError  # noqa: E402

US, EID = {"externalId": "SUB-US"}, "/record/v1/customer/eid:C-1"


def client(secret: str = "cs", at_once: int = 10) -> NetSuiteRestApi:
    auth = TokenAuth(consumer_key="ck", consumer_secret=secret, token_id="ti", token_secret="ts")
    return NetSuiteRestApi(Config(account="1234567", auth=auth), concurrent_requests=at_once)


async def refused(work: Any) -> list[Any]:
    try:
        return ["passed", await work]
    except NetsuiteAPIRequestError as error:
        return [error.status_code, json.loads(error.response_text)["o:errorDetails"][0]["o:errorCode"]]


async def page(api: NetSuiteRestApi, offset: int) -> list[Any]:
    found = await api.suiteql("SELECT externalid, companyname FROM customer ORDER BY externalid", limit=2, offset=offset)
    return [[row["externalid"] for row in found["items"]], found["hasMore"], found["totalResults"]]


async def main() -> dict[str, Any]:
    api = client()
    seen: dict[str, Any] = {}
    seen["put"] = await api.put(EID, json={"companyName": "Acme & Söhne", "subsidiary": US})
    made = await api.request("POST", "/record/v1/customer", json={"externalId": "C-2", "companyName": "Beta", "subsidiary": US})
    seen["post"] = [made.status_code, made.headers["location"]]
    await api.post("/record/v1/customer", json={"externalId": "C-3", "companyName": "Gamma", "subsidiary": US})
    seen["patch"] = await api.patch(EID, json={"email": "ada@acme.example"})
    record = await api.get(EID, params={"fields": "companyName,email,subsidiary"})
    seen["get"] = [record["companyName"], record["email"], record["subsidiary"]["refName"]]
    seen["filter"] = (await api.get("/record/v1/customer", params={"q": 'companyName START_WITH "Acme &"'}))["totalResults"]
    seen["pages"] = [await page(api, 0), await page(api, 2)]
    seen["unknown field"] = await refused(api.patch(EID, json={"nope": 1}))
    seen["missing"] = await refused(api.get("/record/v1/customer/eid:NOPE"))
    seen["duplicate"] = await refused(
        api.post("/record/v1/customer", json={"externalId": "C-1", "companyName": "x", "subsidiary": US})
    )
    seen["page rule"] = await refused(api.suiteql("SELECT id FROM customer", limit=10, offset=5))
    seen["bad query"] = await refused(api.suiteql("SELECT nope FROM customer"))
    seen["wrong secret"] = await refused(client("wrong").get(EID))
    seen["delete"] = await api.delete("/record/v1/customer/eid:C-3")
    seen["deleted"] = await refused(api.get("/record/v1/customer/eid:C-3"))
    crowd = await asyncio.gather(*(refused(client(at_once=40).get(EID)) for _ in range(30)))
    seen["crowd"] = sorted({str(status) for status, _ in crowd})
    seen["codes"] = sorted({found for status, found in crowd if status == 429})
    seen["token info"] = (await api.token_info())["companyId"]
    return seen


sys.stdout.write(json.dumps(asyncio.run(main())))
