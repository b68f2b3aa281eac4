"""The control plane of one mock system, on /_rehearse: reset, seed, snapshot, restore, faults, journal, act, look.

For operators and tests, not for the code under test. Every answer is JSON; a malformed question is 422, a refused act 409, and
neither changes anything. Handlers are coroutines on the system's own loop, because a system belongs to one loop.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Annotated, Any, Literal

import msgspec
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException

from simulators.answers import About, Acted, Calls, Changes, Faults, Held, Position, Seeded, Seen, declared
from simulators.behaviours.faults import Fault, FaultBoard
from simulators.kernel.calls import CallRecord
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.stores.typed import Snapshot

PREFIX = "/_rehearse"
JOURNAL_MAX, SNAPSHOTS_MAX, SEED_MAX, PAGE_MAX, BODY_BYTES_MAX = 10_000, 16, 10_000, 1_000, 32 * 1024 * 1024
INSTANT_MAX = 2**53

Name = Annotated[str, Field(min_length=1, max_length=200)]
Instant = Annotated[int, Field(ge=0, le=INSTANT_MAX)]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ActIn(Strict):
    """What a person does. `key`: natural key or 'id:<vendor id>'; `at`: the instant meant, the system's clock when left out."""

    verb: Name
    kind: Name
    key: str = Field(default="", max_length=200)
    values: dict[str, JsonValue] = {}
    user: Name
    at: Instant | None = None


class RowIn(Strict):
    kind: Name
    key: str = Field(default="", max_length=200)
    values: dict[str, JsonValue] = {}


class SeedIn(Strict):
    """Rows to create, in this order, as one transaction; refs are natural keys."""

    rows: list[RowIn] = Field(max_length=SEED_MAX)
    user: Name = "seed"


class LookIn(Strict):
    kind: Name
    equals: dict[str, str | int | bool | None] = {}


class NameIn(Strict):
    name: Name


class FaultIn(Strict):
    id: Name
    what: Literal["outage", "slowness", "throttle", "lose"]
    share: float = Field(default=1.0, gt=0, le=1)
    wait_ms: int = Field(default=0, ge=0, le=86_400_000)
    begin: Instant = 0
    end: Instant = 0
    method: Name = "*"
    path: Name = "*"
    operation: Name = "*"
    user: Name = "*"


class FaultsIn(Strict):
    faults: list[FaultIn] = Field(max_length=100)


class Plane:
    """What the control plane of one system remembers: its journal, snapshots and faults."""

    def __init__(self, system: System[Any]) -> None:
        self.system, self.board = system, FaultBoard(system)
        self.journal: deque[CallRecord] = deque(maxlen=JOURNAL_MAX)
        self.snapshots: dict[str, Snapshot] = {}
        self.calls = 0
        self._heard = system.on_call
        system.on_call = self.hear

    def hear(self, record: CallRecord) -> None:
        """Keep a call in the journal, and pass it on to whoever listened before."""
        self.calls += 1
        self.journal.append(record)
        if self._heard is not None:
            self._heard(record)

    def forget(self) -> None:
        self.journal.clear()
        self.snapshots.clear()
        self.board.put(())
        self.calls = 0


def answer(body: Any, status: int = 200) -> Response:
    """JSON in ASCII: text that came with half a surrogate must not break the reply."""
    return Response(json.dumps(msgspec.to_builtins(body)), status, media_type="application/json")


def problem(code: str, message: str, status: int, **more: Any) -> Response:
    return answer({"code": code, "message": message, **more}, status)


def refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    status = 503 if error.code == "unavailable" else 409
    return problem(error.code, error.message, status, field=error.field, kind=error.kind)


def invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{"at": [str(step) for step in e["loc"]], "message": e["msg"]} for e in error.errors()]
    return problem("malformed", "the question cannot be read", 422, errors=found)


def missing(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # the framework's word for a body that is no JSON
        return problem("malformed", str(error.detail), 422)
    return problem("http", str(error.detail), error.status_code)


async def bounded(request: Request) -> None:
    """Refuse a body without a length, or one too long, before it is read."""
    if request.method in ("GET", "DELETE"):
        return
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(411, "a content-length is wanted")
    if len(length) > 12 or int(length) > BODY_BYTES_MAX:
        raise HTTPException(413, f"a body of at most {BODY_BYTES_MAX} bytes is taken")


def between_calls(system: System[Any]) -> None:
    if system.in_flight:
        raise HTTPException(409, f"{system.in_flight} calls under way; ask again when they have ended")


def admin_plane(system: System[Any]) -> FastAPI:
    """The ASGI application of the control plane. Creating it starts the journal."""
    plane = Plane(system)
    app = FastAPI(title=f"{system.room.vendor} rehearsal", openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None)
    app.state.plane = plane
    for kind, handler in ((Refusal, refused), (RequestValidationError, invalid), (HTTPException, missing)):
        app.add_exception_handler(kind, handler)
    for place in (state_routes, people_routes, watch_routes):
        place(app, plane)
    guard(app)
    return app


def guard(app: FastAPI) -> None:
    @app.middleware("http")
    async def measured(request: Request, following: Any) -> Any:
        try:
            await bounded(request)
        except HTTPException as error:
            return missing(request, error)
        return await following(request)


def state_routes(app: FastAPI, plane: Plane) -> None:
    system = plane.system

    @app.get(PREFIX, responses=declared(About))
    async def about() -> Response:
        kinds = {
            k.name: {"key": k.key, "fields": [f.name for f in k.fields], "verbs": list(k.verbs)}
            for k in system.room.kinds.values()
        }
        numbers = {"position": system.position, "served": system.served, "in_flight": system.in_flight, "clock": system.clock()}
        return answer(
            {"vendor": system.room.vendor, "domain": system.room.domain, **numbers, "digest": system.digest(), "kinds": kinds}
        )

    @app.post(f"{PREFIX}/reset", responses=declared(Position, 409, body=True))
    async def reset() -> Response:
        between_calls(system)
        plane.forget()
        system.reset()
        return answer({"position": system.position})

    @app.post(f"{PREFIX}/snapshot", responses=declared(Held, 409, body=True))
    async def snapshot(named: NameIn) -> Response:
        if named.name not in plane.snapshots and len(plane.snapshots) >= SNAPSHOTS_MAX:
            raise HTTPException(409, f"{SNAPSHOTS_MAX} snapshots are held; reset, or use a name again")
        plane.snapshots[named.name] = system.snapshot()
        return answer({"name": named.name, "position": system.position})

    @app.post(f"{PREFIX}/restore", responses=declared(Held, 404, 409, body=True))
    async def restore(named: NameIn) -> Response:
        image = plane.snapshots.get(named.name)
        if image is None:
            raise HTTPException(404, f"no snapshot of that name; there are: {', '.join(plane.snapshots) or 'none'}")
        between_calls(system)
        system.restore(image)
        return answer({"name": named.name, "position": system.position})


def people_routes(app: FastAPI, plane: Plane) -> None:
    system = plane.system

    def at_the_rim(work: Any) -> Any:
        """A verb reads values that nobody has typed: what it cannot read is the asker's mistake, and nothing has changed."""
        try:
            return work()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refusal("malformed", f"the values do not fit: {type(error).__name__} {error}") from error

    @app.post(f"{PREFIX}/act", responses=declared(Acted, 409, 503, body=True))
    async def act(given: ActIn) -> Response:
        at = system.clock() if given.at is None else given.at
        done = at_the_rim(lambda: system.act(given.verb, given.kind, given.key, given.values, user=given.user, at=at))
        return answer({"id": done.id, "key": done.key})

    @app.post(f"{PREFIX}/seed", responses=declared(Seeded, 409, body=True))
    async def seed(given: SeedIn) -> Response:
        done = at_the_rim(lambda: system.seed_rows([(r.kind, r.key, r.values) for r in given.rows], user=given.user))
        return answer({"rows": [{"id": one.id, "key": one.key} for one in done]})

    @app.post(f"{PREFIX}/look", responses=declared(Seen, 409, body=True))
    async def look(given: LookIn) -> Response:
        return answer({"rows": system.look(given.kind, **given.equals)})


def watch_routes(app: FastAPI, plane: Plane) -> None:
    system = plane.system

    @app.get(f"{PREFIX}/calls", responses=declared(Calls))
    async def calls(limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100) -> Response:
        """The latest calls, newest last, and how many there have been."""
        return answer({"calls": list(plane.journal)[-limit:], "total": plane.calls})

    @app.get(f"{PREFIX}/changes", responses=declared(Changes))
    async def changes(
        since: Annotated[int, Query(ge=0, le=INSTANT_MAX)] = 0, limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100
    ) -> Response:
        return answer({"changes": [change._asdict() for change in system.store.since(since, limit)], "position": system.position})

    @app.get(f"{PREFIX}/faults", responses=declared(Faults))
    async def faults() -> Response:
        return answer({"faults": list(plane.board.faults)})

    @app.put(f"{PREFIX}/faults", responses=declared(Faults, 409, body=True))
    async def put_faults(given: FaultsIn) -> Response:
        if len({f.id for f in given.faults}) < len(given.faults):
            raise Refusal("malformed", "two faults have the same id", field="id")
        plane.board.put(Fault(**f.model_dump()) for f in given.faults)
        return answer({"faults": list(plane.board.faults)})
