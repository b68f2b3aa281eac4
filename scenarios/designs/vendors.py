"""The three vendors' APIs as these designs use them: sign in, call, and send again blindly when the answer is not a good one.

Nothing here tells "surely not done" from "may be done": that is the designs' weakness, not an oversight. Money comes in as
Decimal. Source: as in the rooms of the vendors (read), 2026-11.
"""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scenarios.wire import Response

CRM_DATA = "/services/data/v67.0"
ERP_RECORD = "/services/rest/record/v1"
ERP_SUITEQL = "/services/rest/query/v1/suiteql"
ERP_TOKEN = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JSON = (("content-type", "application/json"), ("accept", "application/json"))
FORM = (("content-type", "application/x-www-form-urlencoded"),)
PSA_PAGE, ERP_PAGE, PAGES_MAX = 200, 1000, 200
THROTTLED, STRANGER, FAILED = 429, 401, 500

Json = Any


class Call(NamedTuple):
    """One HTTP request, as the wire takes it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout_s: float


Send = Callable[[Call], Awaitable[Response]]
Clock = Callable[[], int]


@dataclass(frozen=True)
class Access:
    """Base URLs {"crm": ..., "psa": ..., "erp": ...} and the credentials of one integration user."""

    bases: dict[str, str]
    crm_client: str
    crm_secret: str
    psa_token: str
    erp_client: str
    erp_certificate: str
    erp_key_pem: str


@dataclass(frozen=True)
class Patience:
    """How often a call is sent in all, how long between, and how long an answer is waited for."""

    tries: int = 3
    wait_s: float = 5.0
    timeout_s: float = 60.0


class Trouble(Exception):
    """A call that came to nothing, as far as anybody here knows."""


class Refused(Trouble):
    """The vendor said no; sending the same again would not help."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status, self.text = status, text


class Listed(NamedTuple):
    """Rows of a Kantata list in order, and what came with them: {resource: {id: row}}."""

    rows: list[Json]
    beside: dict[str, dict[str, Json]]


@dataclass
class Vendors:
    """A session with all three vendors. Tokens are kept until a vendor no longer takes them."""

    access: Access
    send: Send
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    tokens: dict[str, str] = field(default_factory=dict)

    async def call(self, system: str, method: str, path: str, body: Json = None, **headers: str) -> tuple[Json, dict[str, str]]:
        """Send until a good answer comes or patience is out; (document or None, headers). Raises Refused, Trouble."""
        last = ""
        for turn in range(self.patience.tries):
            if turn:
                await asyncio.sleep(self.patience.wait_s)
            try:
                answer = await self._once(system, method, path, body, tuple(headers.items()))
                if answer.status < FAILED and answer.status != THROTTLED:
                    return opened(answer), answer.headers
                last = f"answered {answer.status}"
            except (OSError, TimeoutError, ValueError) as error:
                last = f"{type(error).__name__}: {error}"
        raise Trouble(f"{system} {method} {path}: {last}")

    async def _once(self, system: str, method: str, path: str, body: Json, more: tuple[tuple[str, str], ...]) -> Response:
        content = b"" if body is None else json.dumps(body, default=float).encode()
        answer = await self._bare(system, method, path, content, (*JSON, *more, ("authorization", await self._token(system))))
        if answer.status == STRANGER:
            self.tokens.pop(system, None)
            again = (*JSON, *more, ("authorization", await self._token(system)))
            answer = await self._bare(system, method, path, content, again)
        return answer

    async def _bare(self, system: str, method: str, path: str, content: bytes, headers: tuple[tuple[str, str], ...]) -> Response:
        timeout_s = self.patience.timeout_s
        async with asyncio.timeout(timeout_s):
            return await self.send(Call(method, self.access.bases[system] + path, headers, content, timeout_s))

    async def _token(self, system: str) -> str:
        if system not in self.tokens:
            self.tokens[system] = "Bearer " + (self.access.psa_token if system == "psa" else await self._sign_in(system))
        return self.tokens[system]

    async def _sign_in(self, system: str) -> str:
        about, path = self.access, "/services/oauth2/token"
        form = {"grant_type": "client_credentials", "client_id": about.crm_client, "client_secret": about.crm_secret}
        if system == "erp":
            path, signed = ERP_TOKEN, assertion(about, self.clock())
            form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": signed}
        answer = await self._bare(system, "POST", path, urlencode(form).encode(), FORM)
        if answer.status >= FAILED or answer.status == THROTTLED:
            raise TimeoutError(f"sign-in answered {answer.status}")
        return str(opened(answer)["access_token"])

    # Salesforce

    async def soql(self, query: str) -> list[Json]:
        """Every record of a query."""
        found, path = [], f"{CRM_DATA}/query?q={quote(query, safe='')}"
        for _ in range(PAGES_MAX):
            page, _headers = await self.call("crm", "GET", path)
            found += page["records"]
            path = page.get("nextRecordsUrl") or ""
            if not path:
                break
        return found

    async def crm_create(self, kind: str, record: Json) -> str:
        """Insert a record; its id."""
        made, _ = await self.call("crm", "POST", f"{CRM_DATA}/sobjects/{kind}", record)
        return str(made["id"])

    async def crm_update(self, kind: str, id: str, record: Json) -> None:
        """Change a record by its id."""
        await self.call("crm", "PATCH", f"{CRM_DATA}/sobjects/{kind}/{id}", record)

    # NetSuite

    async def suiteql(self, query: str, *params: str) -> list[dict[str, str]]:
        """Every row of a query; values are text."""
        found: list[dict[str, str]] = []
        for page in range(PAGES_MAX):
            path = f"{ERP_SUITEQL}?limit={ERP_PAGE}&offset={page * ERP_PAGE}"
            rows, _ = await self.call("erp", "POST", path, {"q": query, "params": list(params)}, prefer="transient")
            found += rows["items"]
            if not rows.get("hasMore"):
                break
        return found

    async def erp_create(self, path: str, record: Json) -> str:
        """POST a record or a transform; the id at the end of its Location."""
        _, headers = await self.call("erp", "POST", f"{ERP_RECORD}/{path}", record)
        return headers["location"].rpartition("/")[2]

    # Kantata

    async def listed(self, resource: str, **asked: str) -> Listed:
        """Every row of a list, first to last, with what was included."""
        rows: list[Json] = []
        beside: dict[str, dict[str, Json]] = {}
        for number in range(1, PAGES_MAX + 1):
            query = urlencode({**asked, "per_page": PSA_PAGE, "page": number})
            page, _ = await self.call("psa", "GET", f"/api/v1/{resource}?{query}")
            for name, held in page.items():
                if isinstance(held, dict) and name != "meta":
                    beside.setdefault(name, {}).update(held)
            rows += [page[key["key"]][key["id"]] for key in page["results"]]
            if number >= page["meta"]["page_count"]:
                break
        return Listed(rows, beside)

    async def psa_create(self, path: str, one: str, record: Json) -> str:
        """POST one record under its singular key; its id."""
        made, _ = await self.call("psa", "POST", f"/api/v1/{path}", {one: record})
        return str(made["results"][0]["id"])


def opened(answer: Response) -> Json:
    """Read an answer. Raises Refused for one that says no, ValueError for one that was cut."""
    if answer.status >= 300:
        raise Refused(answer.status, answer.body.decode("utf-8", "replace")[:300])
    return json.loads(answer.body, parse_float=Decimal) if answer.body else None


def assertion(access: Access, now: int) -> str:
    """The signed JWT of NetSuite's client-credentials flow; signed without randomness (RFC 6979)."""
    audience = access.bases["erp"] + ERP_TOKEN
    seconds = now // 1000
    claims = {"iss": access.erp_client, "scope": ["rest_webservices"], "aud": audience, "iat": seconds, "exp": seconds + 300}
    head = {"typ": "JWT", "alg": "ES256", "kid": access.erp_certificate}
    signed = ".".join(base64(json.dumps(part).encode()) for part in (head, claims))
    key = load_pem_private_key(access.erp_key_pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "the ERP's certificate is of a P-256 key"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return f"{signed}.{base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def utc(instant: int) -> datetime:
    """An instant (ms) as an aware datetime."""
    return datetime.fromtimestamp(instant / 1000, UTC)
