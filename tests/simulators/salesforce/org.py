"""An org on a loop whose clock jumps, an ASGI caller that is signed in, and a small sales book that people made by hand."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote

from simulators.registry import open_system
from simulators.vendors.salesforce import SalesforceSettings
from tests.simulators.kernel.conftest import JumpLoop, asgi

START = 1_767_603_600_000  # 2026-01-05T09:00:00Z, a Monday
DATA = "/services/data/v67.0"
KEY, SECRET = SalesforceSettings().consumer_key, SalesforceSettings().consumer_secret
LOGIN = f"grant_type=client_credentials&client_id={KEY}&client_secret={SECRET}"
Answer = tuple[int, Any, dict[bytes, bytes]]


class Org:
    """`get`, `post`, `patch` and `delete` take paths below /services/data/v67.0, or full ones; they return (status, body)."""

    def __init__(self, settings: SalesforceSettings | None = None, *, seed: int = 7) -> None:
        self.loop = JumpLoop()
        self.system = open_system("salesforce", clock=self.now, seed=seed, settings=settings)
        self.token = self.sign_in()

    def close(self) -> None:
        self.system.close()
        self.loop.close()

    def now(self) -> int:
        return START + round(self.loop.now * 1000)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def pass_time(self, seconds: float) -> None:
        self.loop.now += seconds

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *, form: str = "") -> Answer:
        path, _, query = path.partition("?")
        raw = form.encode() if form else body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"host": "org.example", "authorization": f"Bearer {self.token}", **(headers or {})}
        lines = [(n.encode(), v.encode()) for n, v in given.items() if v]
        status, found, out = self.run(asgi(self.system.app, method, path, raw, lines, query.encode()))
        return status, json.loads(out) if out else None, found

    def sign_in(self, form: str = LOGIN) -> str:
        self.token = ""
        status, body, _ = self.ask("POST", "/services/oauth2/token", form=form)
        assert status == 200, body
        token: str = body["access_token"]
        return token

    def at(self, path: str) -> str:
        return path if path.startswith("/services") else DATA + path

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return self.ask("GET", self.at(path), None, headers)[:2]

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.ask("POST", self.at(path), body)[:2]

    def patch(self, path: str, body: Any) -> tuple[int, Any]:
        return self.ask("PATCH", self.at(path), body)[:2]

    def delete(self, path: str) -> tuple[int, Any]:
        return self.ask("DELETE", self.at(path))[:2]

    def made(self, name: str, **body: Any) -> str:
        """Create a record; its id."""
        status, answer = self.post(f"/sobjects/{name}", body)
        assert status == 201, answer
        id: str = answer["id"]
        return id

    def shown(self, name: str, id: str) -> dict[str, Any]:
        status, answer = self.get(f"/sobjects/{name}/{id}")
        assert status == 200, answer
        return dict(answer)

    def query(self, text: str, batch: int = 0) -> tuple[int, Any]:
        headers = {"sforce-query-options": f"batchSize={batch}"} if batch else {}
        return self.ask("GET", f"{DATA}/query?q={quote(text)}", None, headers)[:2]

    def rows(self, text: str) -> list[dict[str, Any]]:
        status, answer = self.query(text)
        assert status == 200, answer
        return list(answer["records"])

    def act(self, verb: str, kind: str, key: str, **values: Any) -> str:
        return str(self.system.act(verb, kind, key, values, user="seller@rehearsal.example", at=self.now()).id)


def sell(org: Org) -> None:
    """Three accounts, two contacts, five deals with lines on the first, two statements of work, two mirrored invoices."""
    act = org.act
    act("create", "account", "A-1", name="Acme", country="US", industry="Energy", segment="strategic", currency="USD")
    act(
        "create",
        "account",
        "A-2",
        name="Böhm GmbH",
        country="DE",
        industry="Steel",
        segment="standard",
        currency="EUR",
        parent_id="A-1",
    )
    act("create", "account", "A-3", name="acorn", country="GB", currency="GBP")
    act("create", "contact", "ada@acme.example", account_id="A-1", first_name="Ada", last_name="Lace")
    act("create", "contact", "bob@acorn.example", account_id="A-3", last_name="Bolt")
    act("create", "product", "ROLE-PM", name="Project manager", family="Roles")
    act("create", "price_entry", "", product_id="ROLE-PM", currency="USD", unit_price=20_000)
    deals = (
        ("O-1", "Alpha", "A-1", "negotiation", None, "2026-01-05"),
        ("O-2", "Beta", "A-1", "qualifying", 250_050, "2026-02-10"),
        ("O-3", "Gamma", "A-2", "proposal", None, "2025-12-31"),
        ("O-4", "Delta", "A-3", "closed_lost", 9_999, "2026-01-06"),
        ("O-5", 'O\'Hara "5%_"', None, "negotiation", 0, "2026-03-31"),
    )
    for number, name, account, stage, amount, day in deals:
        act("create", "opportunity", number, name=name, account_id=account, stage=stage, amount=amount, close_on=day)
    for line, hours in (("S-1-R1", 400), ("S-1-R2", 100)):
        act("create", "opportunity_line", line, opportunity_id="O-1", product_id="ROLE-PM", quantity=hours, unit_price=2_000_000)
    act("update", "opportunity", "O-1", stage="closed_won")
    sow = {
        "type": "tm",
        "selling_entity": "US",
        "billing_contact_id": "ada@acme.example",
        "cap": 50_000,
        "tax_profile": "STANDARD",
    }
    act("create", "sow", "S-1", opportunity_id="O-1", status="sent", terms="NET30", **sow)
    act("update", "sow", "S-1", status="signed", signed_at=org.now())
    act("create", "sow", "S-2", opportunity_id="O-2", type="milestone", selling_entity="UK")
    invoice = {"sow_id": "S-1", "currency": "USD", "due_on": "2026-02-04"}
    act("create", "invoice_mirror", "INV-1", number="1", status="Open", gross=12_000, open=2_000, source_version=3, **invoice)
    act("create", "invoice_mirror", "INV-2", number="2", status="Paid", gross=8_000, open=0, source_version=9, **invoice)
