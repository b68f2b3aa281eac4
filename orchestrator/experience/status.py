"""What anybody may want to know: runs, lineage of a business key, figures, health, metrics, and the orchestrator's own account.

No postponed annotations here: FastAPI must see the dependencies that a router closes over.
"""

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response

from orchestrator.engine.port import RunView
from orchestrator.experience.answers import ASKING, Evidence, Figures, Health, Lineage, RunShown, declared, plain
from orchestrator.experience.clerks import shown
from orchestrator.experience.operations import Parts
from orchestrator.experience.people import People, Person
from orchestrator.observe.business import key_figures
from orchestrator.observe.watch import signals
from orchestrator.store.outbox import Letter

RUNS_MAX = 1_000_000
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def router(parts: Parts, people: People) -> APIRouter:
    """The routes of status."""
    routes = APIRouter()
    looks, account = people.having("reader", "clerk", "billing"), people.having("evidence")

    @routes.get("/runs", responses={200: {"model": list[RunShown]}, **declared(*ASKING)})
    async def runs(
        _person: Annotated[Person, Depends(looks)],
        key: Annotated[str | None, Query(max_length=200)] = None,
        state: Annotated[str | None, Query(max_length=20)] = None,
        limit: Annotated[int, Query(ge=1, le=5_000)] = 100,
    ) -> JSONResponse:
        found = await parts.engine.runs(key=key or None, state=state or None, limit=limit)
        return JSONResponse([dataclasses.asdict(view) for view in found])

    @routes.get("/lineage/{key:path}", responses={200: {"model": Lineage}, **declared(*ASKING)})
    async def lineage(key: str, _person: Annotated[Person, Depends(looks)]) -> JSONResponse:
        return JSONResponse(await _lineage(parts, key))

    @routes.get("/kpis", responses={200: {"model": Figures}, **declared(*ASKING)})
    async def kpis(_person: Annotated[Person, Depends(looks)]) -> JSONResponse:
        book = parts.operations.book()
        late = [dataclasses.asdict(signal) for signal in signals(parts.pulse(), parts.clock(), parts.limits)]
        return JSONResponse({"kpis": key_figures(book), "alerts": late, "exceptions_open": parts.desk.counts()})

    @routes.get("/health", responses={200: {"model": Health}, **declared(413)})
    async def health() -> JSONResponse:
        systems = {name: gate.view() for name, gate in sorted(parts.gates.items())}
        state = "degraded" if any(view["state"] != "closed" for view in systems.values()) else "ok"
        waiting = {"inbox": parts.inbox.backlog(), "exceptions": parts.desk.counts()}
        return JSONResponse({"status": state, "systems": systems, "backlog": waiting})

    @routes.get("/metrics", response_class=Response, responses={200: plain("text/plain", "Prometheus text"), **declared(*ASKING)})
    async def metrics(_person: Annotated[Person, Depends(people.having("reader", "evidence"))]) -> Response:
        return Response(parts.metrics.text(), media_type=METRICS_TYPE)

    @routes.get("/evidence", responses={200: {"model": Evidence}, **declared(*ASKING)})
    async def evidence(_person: Annotated[Person, Depends(account)]) -> JSONResponse:
        return JSONResponse(await told(parts))

    return routes


async def told(parts: Parts) -> dict[str, Any]:
    """The orchestrator's own account of itself."""
    exceptions = [_exception(view) for view in (shown(v) for v in parts.desk.find(limit=RUNS_MAX))]
    return {
        "runs": [_run(view) for view in await parts.engine.runs(limit=RUNS_MAX)],
        "exceptions": exceptions,
        "inbox": parts.inbox.counts(),
        "outbox": parts.outbox.counts(),
        "crossrefs": [dataclasses.asdict(ref) for ref in parts.crossrefs.all()],
        "published": [_letter(letter) for letter in parts.outbox.published()],
        "audit": {
            "entries": parts.audit.length(),
            "head": parts.audit.head(),
            "records": [list(dataclasses.astuple(record)) for record in parts.audit.all()],
        },
        "alerts": [dataclasses.asdict(alert) for alert in parts.alerts.all()],
        "counters": parts.counters(),
    }


async def _lineage(parts: Parts, key: str) -> dict[str, Any]:
    """Everything that hangs on a business key: its own, and what its root (the SOW) went through."""
    root = parts.operations.root_of(key)
    subjects = [key] if key == root else [key, root]
    return {
        "key": key,
        "root": root,
        "names": [dataclasses.asdict(ref) for subject in subjects for ref in parts.crossrefs.of(subject)],
        "runs": [_run(view) for view in await parts.engine.runs(key=root, limit=5_000)],
        "exceptions": [shown(view) for subject in subjects for view in parts.desk.find(subject=subject)],
        "events": [_letter(letter) for subject in subjects for letter in parts.outbox.published(subject=subject)],
        "audit": [dataclasses.asdict(record) for record in parts.audit.of(root)],
    }


def _run(view: RunView) -> dict[str, Any]:
    names = ("id", "process", "version", "key", "state", "detail", "correlation", "started_at", "ended_at")
    return {name: getattr(view, name) for name in names}


def _exception(view: dict[str, Any]) -> dict[str, Any]:
    left_out = ("kind", "facts", "why")
    return {name: value for name, value in view.items() if name not in left_out}


def _letter(letter: Letter) -> dict[str, Any]:
    return {"id": letter.id, "type": letter.type, "subject": letter.subject, "at": letter.at}
