"""A small firm on the real mock vendors: one deal, one consultant, a wire that can lose what a test says, in virtual time.

Everything people do goes through the vendors' own screens; the orchestrator is the product's own, wired by `wiring.build`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from orchestrator.store.database import Database
from scenarios.clock.asgi import call as asgi_call
from scenarios.clock.loop import VirtualLoop, run_virtual
from scenarios.world.accounts import BASES, HOSTS, SETTINGS, TOKENS, open_orchestrator
from simulators.registry import open_system
from tests.orchestrator.asgi import ask

START = int(datetime(2026, 1, 5, 8, tzinfo=UTC).timestamp() * 1000)
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SOW, SELLER, CLERK = "S-00042", "seller@northgate.test", "clerk@northgate.test"

Trouble = Callable[[Any], str | None]
"""What happens to a request: None, "lost request", "lost reply", "cut reply", or "refused" connection."""


class Stage:
    """The systems, the wire and the orchestrator of one test."""

    def __init__(self, loop: VirtualLoop, path: str) -> None:
        self.loop, self.path = loop, path
        vendors = {"crm": "salesforce", "psa": "kantata", "erp": "netsuite"}
        self.systems = {name: open_system(v, clock=loop.clock, seed=7, settings=SETTINGS[v]()) for name, v in vendors.items()}
        for system in self.systems.values():
            system.post = self.post
        self.trouble: Trouble = lambda _request: None
        self.deaf = False
        self.sent: list[tuple[str, str, str]] = []
        self.seed()
        self.open()

    # The wire.

    async def send(self, request: Any) -> Any:
        from scenarios.wire import Response, silence

        host, _, rest = request.url.partition("://")[2].partition("/")
        path, _, query = ("/" + rest).partition("?")
        self.sent.append((HOSTS[host], request.method, path))
        fate = self.trouble(request)
        if fate == "refused":
            raise ConnectionRefusedError(host)
        if fate == "lost request":
            return await silence(request.timeout_s)
        status, headers, body = await asgi_call(
            self.systems[HOSTS[host]].app, request.method, path, query, request.headers, request.body
        )
        if fate == "lost reply":
            return await silence(request.timeout_s)
        return Response(status, headers, body[: len(body) // 2] if fate == "cut reply" else body)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self.deaf:
            raise ConnectionRefusedError("the orchestrator is not there")
        path = "/" + url.partition("://")[2].partition("/")[2]
        status, _, answer = await asgi_call(self.orchestrator.app, "POST", path, "", list(headers.items()), body)
        return status, answer

    # The orchestrator.

    def open(self) -> None:
        self.orchestrator = open_orchestrator(self.send, self.loop.clock, Database(self.path))
        self.serving = self.loop.create_task(self.orchestrator.serve(), name="orchestrator")

    async def crash(self) -> None:
        """Kill the orchestrator where it stands and open the same store again."""
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
        self.orchestrator.close()
        self.open()

    async def pass_hours(self, hours: float) -> None:
        await asyncio.sleep(hours * 3600)
        assert not self.serving.done(), self.serving.result()

    async def desk(self, method: str, path: str, body: Any = b"") -> Any:
        role = "billing" if path.startswith("/billing") else "evidence" if path == "/evidence" else "clerk"
        answer = await ask(self.orchestrator.app, method, path, body=body, token=TOKENS[role])
        assert answer.status < 300, (answer.status, answer.body)
        return answer.json

    async def open_exceptions(self) -> list[dict[str, Any]]:
        return list(await self.desk("GET", "/exceptions?state=open"))

    async def close(self) -> None:
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
        self.orchestrator.close()
        for system in self.systems.values():
            system.close()

    # People.

    def act(
        self, system: str, verb: str, kind: str, key: str, values: dict[str, Any] | None = None, *, user: str = SELLER
    ) -> Any:
        return self.systems[system].act(verb, kind, key, values or {}, user=user, at=self.loop.clock())

    def seed(self) -> None:
        """What stands before the story."""
        create = lambda system, kind, key, values: self.act(system, "create", kind, key, values, user="seed")
        create("crm", "user", SELLER, {"name": "Seller", "email": SELLER})
        for code in ("ROLE-SENIOR", "ROLE-ANALYST", "MILESTONE", "EXPENSE"):
            create("crm", "product", code, {"code": code, "name": code, "family": "Services", "active": True})
            create("crm", "price_entry", "", {"product_id": code, "currency": "USD", "unit_price": 100, "active": True})
        for number, name, role in (("P-0007", "Ann", "ROLE-SENIOR"), ("P-0008", "Bob", "ROLE-PM")):
            values = {"number": number, "full_name": name, "email": f"{name}@northgate.test", "role": role, "entity": "US"}
            create("psa", "user", number, values)
        create("erp", "currency", "USD", {"code": "USD", "name": "USD"})
        subsidiary = {
            "external_id": "SUB-US",
            "name": "Northgate Inc",
            "code": "US",
            "currency": "USD",
            "country": "US",
            "rounding": "LINE",
        }
        create("erp", "subsidiary", "SUB-US", subsidiary)
        create("erp", "term", "NET30", {"code": "NET30", "name": "NET30", "days": 30})
        for code in ("ROLE-SENIOR", "ROLE-ANALYST", "MILESTONE", "EXPENSE"):
            create("erp", "item", code, {"external_id": code, "name": code, "type": "service"})
        create("erp", "tax_code", "US-NM", {"code": "US-NM", "rate_percent_e3": 5125, "country": "US", "label": "NM"})
        for month, last in (("2025-12", "31"), ("2026-01", "31"), ("2026-02", "28"), ("2026-03", "31")):
            name = f"{month}-US"
            create("erp", "period", name, {"name": name, "start_on": f"{month}-01", "end_on": f"{month}-{last}"})
        create("erp", "employee", "P-0007", {"external_id": "P-0007", "name": "Ann", "subsidiary_id": "SUB-US"})

    def sell(self, *, signed: bool = True, lines: tuple[tuple[str, str, int, int, int], ...] = (), **sow: Any) -> None:
        """Account, deal, lines and SOW, won and by default signed. A line is (key, item, quantity, rate, total)."""
        lines = lines or (
            ("R1", "ROLE-SENIOR", 10_000, 2_000_000, 2_000_000),
            ("R2", "ROLE-ANALYST", 10_000, 1_000_000, 1_000_000),
        )
        account = {"number": "A-00042", "name": "Northwind", "segment": "standard", "country": "US", "region": "NM", "city": "Taos",
                   "currency": "USD", "owner_id": SELLER}  # fmt: skip
        self.act("crm", "create", "account", "A-00042", account)
        self.act(
            "crm",
            "create",
            "contact",
            "ap@northwind.test",
            {"account_id": "A-00042", "last_name": "Payer", "email": "ap@northwind.test"},
        )
        total = sum(line[4] for line in lines)
        deal = {"number": "O-00042", "name": "Payroll move", "account_id": "A-00042", "stage": "qualifying", "amount": total,
                "currency": "USD", "close_on": "2026-01-05", "owner_id": SELLER}  # fmt: skip
        self.act("crm", "create", "opportunity", "O-00042", deal)
        for key, item, quantity, rate, amount in lines:
            line = {"opportunity_id": "O-00042", "product_id": item, "line_key": f"{SOW}-{key}", "quantity": quantity, "unit_price": rate,
                    "total_price": amount, "service_on": "2026-02-15", "description": key}  # fmt: skip
            self.act("crm", "create", "opportunity_line", line["line_key"], line)
        terms = {"number": SOW, "name": SOW, "opportunity_id": "O-00042", "account_id": "A-00042", "type": "tm", "selling_entity": "US",
                 "service_offering": "advisory", "tax_profile": "STANDARD", "currency": "USD", "terms": "NET30",
                 "billing_contact_id": "ap@northwind.test", "start_on": "2026-01-05", "end_on": "2026-03-31", **sow}  # fmt: skip
        self.act("crm", "create", "sow", SOW, {name: value for name, value in terms.items() if value is not None})
        for stage in ("proposal", "negotiation", "closed_won"):
            self.act("crm", "update", "opportunity", "O-00042", {"stage": stage})
        for status in ("in_approval", "approved", "sent"):
            self.act("crm", "update", "sow", SOW, {"status": status})
        if signed:
            self.sign()

    def sign(self) -> None:
        self.act("crm", "update", "sow", SOW, {"status": "signed", "signed_at": self.loop.clock()})

    def workspace(self) -> str:
        return str(self.rows("psa", "workspace")[0]["id"])

    def book(self, hours: int, on: str, *, line: str = "R1", expense: int = 0) -> None:
        """One entry of Ann's, and maybe an expense, submitted and approved at once by Bob."""
        workspace = f"id:{self.workspace()}"
        story = next(row["id"] for row in self.rows("psa", "story") if row["title"].startswith(f"{SOW}-{line}"))
        time = {"workspace_id": workspace, "story_id": f"id:{story}", "user_id": "P-0007", "performed_on": on, "minutes": hours * 60,
                "billable": True, "currency": "USD", "sequence": 1}  # fmt: skip
        made = self.act("psa", "create", "time_entry", "", time, user="P-0007")
        self.approve("timesheet_submission", {"workspace_id": workspace, "user_id": "P-0007", "start_on": on, "end_on": on,
                                              "entries": [f"id:{made.id}"]})  # fmt: skip
        if expense:
            spent = {"workspace_id": workspace, "user_id": "P-0007", "spent_on": on, "amount": expense, "currency": "USD", "category": "Travel",
                     "billable": True, "reimbursable": True, "receipt": "r"}  # fmt: skip
            made = self.act("psa", "create", "expense", "", spent, user="P-0007")
            self.approve("expense_submission", {"workspace_id": workspace, "user_id": "P-0007", "start_on": on, "end_on": on,
                                                "entries": [f"id:{made.id}"]})  # fmt: skip

    def approve(self, kind: str, values: dict[str, Any]) -> None:
        submitted = self.act("psa", "submit", kind, "", values, user="P-0007")
        self.act("psa", "approve", kind, f"id:{submitted.id}", {}, user="P-0008")

    # What stands.

    def rows(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]]:
        return list(self.systems[system].look(kind, **equals))

    def count(self, **kinds: str) -> dict[str, int]:
        """{kind: how many}; `kind=system`."""
        return {kind: len(self.rows(system, kind)) for kind, system in kinds.items()}


def play(story: Callable[[Stage], Awaitable[Any]], path: Any) -> Any:
    """Run one story on a stage of its own; what it returns."""

    async def main(loop: VirtualLoop) -> Any:
        stage = Stage(loop, str(path))
        try:
            return await story(stage)
        finally:
            await stage.close()

    return run_virtual(main, start_ms=START)


__all__ = ["BASES", "DAY_MS", "HOUR_MS", "SOW", "Stage", "play"]
