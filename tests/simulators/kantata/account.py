"""An account to test with: a clock one sets by hand, a few people and a project, and direct ASGI calls."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from simulators.kernel.stages import System
from simulators.stores.typed import TypedStore
from simulators.vendors.kantata import ROOM, Desk, Settings

START = 1_767_258_000_000  # 2026-01-01T09:00:00Z
TOKEN = "kantata-token"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.json["results"]]

    @property
    def errors(self) -> list[dict[str, str]]:
        return self.json["errors"]


class Account:
    """A system, its clock, and the keys of what was seeded."""

    def __init__(self, settings: Settings | None = None, seed: int = 7) -> None:
        self.now = START
        store = TypedStore(ROOM.kinds, ROOM.id_type)
        self.system: System[Desk] = System(ROOM, store, lambda: self.now, seed=seed, settings=settings)
        self.system.service_ms = 0
        self.people = {n: self.act("create", "user", n, {"full_name": n, "email": f"{n}@firm.test"}) for n in PEOPLE}
        self.workspace = self.create("workspaces", "workspace", title="S-00042 Rollout", currency="USD", price_in_cents=9_000_00)
        self.story = self.create("stories", "story", workspace_id=self.workspace, title="S-00042-R1 Senior")

    def act(self, verb: str, kind: str, key: str, values: dict[str, Any], user: str = "P-0001", at: int | None = None) -> str:
        return self.system.act(verb, kind, key, values, user=user, at=self.now if at is None else at).id

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", **(headers or {})}
        return asyncio.run(self.send(method, path, raw, given, urlencode(query).encode()))

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str], query: bytes) -> Answer:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        raw = path if path.startswith("/oauth") else "/api/v1" + path
        scope = {
            "type": "http",
            "method": method,
            "scheme": "https",
            "path": raw,
            "raw_path": raw.encode(),
            "query_string": query,
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
        }
        await self.system.app(scope, receive, send)
        named = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], named, sent[1]["body"])

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def create(self, key: str, one: str, **values: Any) -> str:
        made = self.call("POST", f"/{key}", {one: values})
        assert made.status == 200, made.body
        return made.ids[0]

    def book(self, day: str = "2026-01-05", minutes: int = 480, who: str = "P-0001", **values: Any) -> str:
        given = {"workspace_id": f"id:{self.workspace}", "story_id": f"id:{self.story}", "user_id": who, "performed_on": day}
        return self.act("create", "time_entry", "", {**given, "minutes": minutes, "currency": "USD", **values}, user=who)

    def spend(self, amount: int = 60_00, who: str = "P-0001", **values: Any) -> str:
        given = {"workspace_id": f"id:{self.workspace}", "user_id": who, "spent_on": "2026-01-06", "amount": amount}
        return self.act("create", "expense", "", {**given, "currency": "USD", **values}, user=who)

    def submit(self, entries: list[str], kind: str = "timesheet_submission", who: str = "P-0001") -> str:
        given = {"workspace_id": f"id:{self.workspace}", "user_id": who, "entries": entries, "title": "Week 2"}
        return self.act("submit", kind, "", given, user=who)

    def decide(self, verb: str, submission: str, kind: str = "timesheet_submission", who: str = "P-0002", at: int | None = None):
        return self.act(verb, kind, f"id:{submission}", {}, user=who, at=at)

    def approved(self, **values: Any) -> str:
        entry = self.book(**values)
        self.decide("approve", self.submit([entry]))
        return entry


PEOPLE = ("P-0001", "P-0002", "P-0003")
