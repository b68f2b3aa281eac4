"""An account to test with: three subsidiaries, a customer, a project, a clock one sets by hand, and direct ASGI calls."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from simulators.registry import open_system
from simulators.vendors.netsuite.settings import Certificate, NetSuiteSettings, Token
from simulators.vendors.netsuite.state import Account as System

START = 1_768_478_400_000  # 2026-01-15T12:00:00Z
HOST = "1234567.suitetalk.api.netsuite.com"
RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
TOKEN = "/services/rest/auth/oauth2/v1/token"
TBA = Token("ck", "cs", "ti", "ts")
SUBSIDIARIES = (("US", "USD", "US", "LINE"), ("UK", "GBP", "GB", "LINE"), ("DE", "EUR", "DE", "INVOICE"))
TAXES = (("US-00", 0), ("US-HI", 4000), ("US-NM", 5125), ("UK-S20", 20_000), ("DE-S19", 19_000), ("DE-RC", 0))
MONTHS = ("2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["location"].rpartition("/")[2]

    @property
    def problem(self) -> tuple[int, str, str]:
        """Status, o:errorCode and what is pointed at."""
        detail = self.json["o:errorDetails"][0]
        at = next((detail[k] for k in ("o:errorPath", "o:errorUrl", "o:errorQueryParam", "o:errorHeader") if k in detail), "")
        return self.status, detail["o:errorCode"], at

    @property
    def detail(self) -> str:
        return self.json["o:errorDetails"][0]["detail"]


@lru_cache
def keys() -> tuple[Any, Any]:
    """The test's own keys, one a kind. Key making draws from the system's source; the tests assert nothing about it."""
    return rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


def assertion(alg: str, kid: str, claims: dict[str, Any]) -> str:
    """A signed JWT in the client's part."""
    text = f"{encoded({'typ': 'JWT', 'alg': alg, 'kid': kid})}.{encoded(claims)}"
    private = keys()[0 if alg[:2] in ("PS", "RS") else 1]
    if alg == "RS256":
        made = private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    elif alg[:2] == "PS":
        made = private.sign(text.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        made = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{text}.{encoded(made)}"


def settings(**more: Any) -> NetSuiteSettings:
    certificates = (Certificate("kid-ps", "client", pem(keys()[0])), Certificate("kid-es", "client", pem(keys()[1])))
    return NetSuiteSettings(**{"certificates": certificates, "tokens": (TBA,), **more})


class Account:
    """A system with reference data in it, and a caller who holds a token."""

    def __init__(self, seed: int = 7, **more: Any) -> None:
        self.now = START
        self.system: System = open_system("netsuite", clock=lambda: self.now, seed=seed, settings=settings(**more))
        self.system.state.sessions.open("good", "integration", 1 << 62)
        self._lists()

    def _lists(self) -> None:
        act = self.act
        for code in ("USD", "GBP", "EUR"):
            act("create", "currency", code, name=code)
        for code, days in (("NET30", 30), ("NET45", 45), ("NET60", 60), ("DUE", 0)):
            act("create", "term", code, days=days)
        for code, currency, country, rounding in SUBSIDIARIES:
            act(
                "create",
                "subsidiary",
                f"SUB-{code}",
                name=f"{code} entity",
                code=code,
                currency=currency,
                country=country,
                rounding=rounding,
            )
            for end in MONTHS:
                act("create", "period", f"{end[:7]}-{code}", start_on=end[:8] + "01", end_on=end)
        for code, rate in TAXES:
            act("create", "tax_code", code, rate_percent_e3=rate, country=code[:2], label=code)
        for name in ("ROLE-SENIOR", "ROLE-PM", "MILESTONE", "EXPENSE"):
            act("create", "item", name, name=name, type="service")
        act("create", "employee", "P-0007", name="Ada Byron", subsidiary_id="SUB-US")

    def act(self, verb: str, kind: str, key: str, **values: Any) -> str:
        return self.system.act(verb, kind, key, values, user="controller", at=self.now).id

    async def ask(
        self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None, **headers: str
    ) -> Answer:
        """One ASGI call as the integration user; `headers` names use underscores."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"host": HOST, "authorization": "Bearer good", "content-type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http", "method": method, "scheme": "https", "raw_path": path.encode(), "path": path,
            "query_string": urlencode(query).encode() if query else b"", "headers": [(k.encode(), v.encode()) for k, v in named.items() if v],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.system.app(scope, receive, send)
        return Answer(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, sent[1]["body"])

    def call(self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None, **headers: str) -> Answer:
        return asyncio.run(self.ask(method, path, body, query=query, **headers))

    def put(self, record: str, key: str, body: Any, **query: Any) -> Answer:
        return self.call("PUT", f"{RECORD}/{record}/eid:{quote(key)}", body, query=query or None)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.call("GET", f"{RECORD}/{path}", query=query or None)
        assert answer.status == 200, answer
        return answer.json

    def rows(self, text: str, *params: Any, **query: Any) -> list[dict[str, str]]:
        answer = self.call("POST", SUITEQL, {"q": text, "params": list(params)}, query=query or None, prefer="transient")
        assert answer.status == 200, answer.body
        return [{k: v for k, v in item.items() if k != "links"} for item in answer.json["items"]]

    def ask_sql(self, text: str, *params: Any, **query: Any) -> Answer:
        return self.call("POST", SUITEQL, {"q": text, "params": list(params)}, query=query or None, prefer="transient")

    # -- the firm's records -----------------------------------------------------------------------
    def customer(self, key: str = "CUS-A-00042-US", entity: str = "US", currency: str = "USD", **more: Any) -> str:
        body = {
            "companyName": f"Customer {key}",
            "subsidiary": eid(f"SUB-{entity}"),
            "currency": eid(currency),
            "terms": eid("NET30"),
            **more,
        }
        return done(self.put("customer", key, body))

    def job(self, key: str = "JOB-S-00042", customer: str = "CUS-A-00042-US", **more: Any) -> str:
        return done(
            self.put("job", key, {"companyName": f"Project {key}", "parent": eid(customer), "custentity_sow": key[4:], **more})
        )

    def order(
        self, key: str = "SO-S-00042", customer: str = "CUS-A-00042-US", job: str = "JOB-S-00042", tax: str = "US-00", **more: Any
    ) -> str:
        lines = [{"line": n, "item": eid("MILESTONE"), "amount": amount, "custcol_line_key": f"{key[3:]}-M{n}", "custcol_tax_code": tax}
                 for n, amount in ((1, 1000.10), (2, 2000.20), (3, 3000.30))]  # fmt: skip
        body = {"entity": eid(customer), "job": eid(job), "custbody_sow": key[3:], "custbody_contract_type": "milestone", "tranDate": "2026-01-02",
                "item": {"items": lines}, **more}  # fmt: skip
        return done(self.put("salesOrder", key, body))

    def time(self, key: str = "TE-1", job: str = "JOB-S-00042", hours: str = "7:15", rate: float = 185, **more: Any) -> str:
        """Time of somebody who works where the project is."""
        project = next(row for row in self.system.look("job", external_id=job))
        code = next(row["code"] for row in self.system.look("subsidiary", id=project["subsidiary_id"]))
        person = "P-0007" if code == "US" else f"P-{code}"
        if not self.system.look("employee", external_id=person):
            self.act("create", "employee", person, name=f"Ada of {code}", subsidiary_id=f"SUB-{code}")
        return done(self.put("timeBill", key, time_body(job, hours, rate, **{"employee": eid(person), **more})))

    def expense(self, key: str = "EX-1", job: str = "JOB-S-00042", amount: float = 84.55, tax: str = "US-00", **more: Any) -> str:
        line = {
            "line": 1,
            "customer": eid(job),
            "category": {"id": "Travel"},
            "amount": amount,
            "isBillable": True,
            "custcol_tax_code": tax,
        }
        body = {
            "entity": eid("P-0007"),
            "tranDate": "2026-01-10",
            "custbody_work_date": "2026-01-09",
            "expense": {"items": [line]},
            **more,
        }
        return done(self.put("expenseReport", key, body))

    def bill_job(self, key: str = "INV-S-00042-202601-1", job: str = "JOB-S-00042", time: tuple[str, ...] = (), expenses: tuple[str, ...] = (),
                 **more: Any) -> Answer:  # fmt: skip
        body = {"externalId": key, "tranDate": "2026-01-31", "time": {"items": [{"doc": eid(t), "apply": True} for t in time]},
                "expCost": {"items": [{"doc": eid(e), "apply": True} for e in expenses]}, **more}  # fmt: skip
        return self.call("POST", f"{RECORD}/job/eid:{job}/!transform/invoice", body)

    def bill_order(self, key: str, *lines: int, order: str = "SO-S-00042", **more: Any) -> Answer:
        body = {"externalId": key, "tranDate": "2026-01-31", "item": {"items": [{"orderLine": n} for n in lines]}, **more}
        return self.call(
            "POST", f"{RECORD}/salesOrder/eid:{order}/!transform/invoice", body, query={"replace": "item"} if lines else None
        )


def eid(key: str) -> dict[str, str]:
    return {"externalId": key}


def done(answer: Answer) -> str:
    assert answer.status == 204, answer
    return answer.id


def time_body(job: str = "JOB-S-00042", hours: str = "7:15", rate: float = 185, **more: Any) -> dict[str, Any]:
    return {"employee": eid("P-0007"), "customer": eid(job), "item": eid("ROLE-SENIOR"), "hours": hours, "tranDate": "2026-01-12", "rate": rate,
            "isBillable": True, "custcol_tax_code": "US-00", "custcol_work_date": "2026-01-12", **more}  # fmt: skip


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def jump(work: Any) -> Any:
    """Run a coroutine on a loop whose clock jumps to the next timer."""
    from tests.simulators.kernel.conftest import JumpLoop

    loop = JumpLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
        assert not loop.broken, loop.broken
