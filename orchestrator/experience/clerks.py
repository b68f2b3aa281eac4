"""The exceptions desk and billing runs over HTTP: what clerks do. They never write the orchestrator's data.

No postponed annotations here: FastAPI must see the dependencies that a router closes over.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import Missing
from orchestrator.experience import operations
from orchestrator.experience.answers import ASKING, DECIDING, BillingShown, ExceptionShown, ExceptionTold, Ordered, declared
from orchestrator.experience.operations import Parts
from orchestrator.experience.people import People, Person
from orchestrator.store.desk import ExceptionView

Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class Strict(BaseModel):
    """A body whose every field is known and of its own type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Resubmit(Strict):
    """Try again: what was fixed."""

    note: Text


class Waive(Strict):
    """Write off: why."""

    reason: Text


class Billing(Strict):
    """Bill one entity: everything approved up to `cut_off` (ms since 1970, UTC)."""

    entity: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    period: Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    cut_off: Annotated[int, Field(gt=0, lt=4_102_444_800_000)]


def router(parts: Parts, people: People) -> APIRouter:
    """The routes of clerks."""
    routes = APIRouter()
    clerk, looks = people.having("clerk"), people.having("clerk", "reader", "billing")
    biller = people.having("billing")

    @routes.get("/exceptions", responses={200: {"model": list[ExceptionShown]}, **declared(*ASKING)})
    async def exceptions(
        _person: Annotated[Person, Depends(looks)],
        queue: Annotated[str | None, Query(max_length=40)] = None,
        state: Annotated[str | None, Query(pattern="^(|open|resubmitted|resolved|waived)$")] = None,
        limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    ) -> JSONResponse:
        return JSONResponse([shown(view) for view in parts.desk.find(queue=queue or None, state=state or None, limit=limit)])

    @routes.get("/exceptions/{id}", responses={200: {"model": ExceptionTold}, **declared(*ASKING, 404)})
    async def exception(id: str, _person: Annotated[Person, Depends(looks)]) -> JSONResponse:
        return JSONResponse({**shown(parts.desk.get(id)), "history": parts.desk.history(id)})

    @routes.post("/exceptions/{id}/resubmit", responses={200: {"model": ExceptionShown}, **declared(*DECIDING, 404, 409, 503)})
    async def resubmit(id: str, body: Resubmit, person: Annotated[Person, Depends(clerk)]) -> JSONResponse:
        view = await operations.resubmit(parts, id, person=person, note=body.note)
        parts.log.event("exception-decided", id=id, code=view.code, decision="resubmitted", by=person.name)
        return JSONResponse(shown(view))

    @routes.post("/exceptions/{id}/waive", responses={200: {"model": ExceptionShown}, **declared(*DECIDING, 404, 409, 503)})
    async def waive(id: str, body: Waive, person: Annotated[Person, Depends(clerk)]) -> JSONResponse:
        view = await operations.waive(parts, id, person=person, reason=body.reason)
        parts.log.event("exception-decided", id=id, code=view.code, decision="waived", by=person.name)
        return JSONResponse(shown(view))

    @routes.post("/billing-runs", status_code=202, responses={202: {"model": Ordered}, **declared(*DECIDING, 503)})
    async def order(body: Billing, person: Annotated[Person, Depends(biller)]) -> JSONResponse:
        id = await parts.operations.order_billing(body.entity, body.period, body.cut_off, person.name)
        parts.log.event("billing-ordered", id=id, entity=body.entity, period=body.period, cut_off=body.cut_off, by=person.name)
        return JSONResponse({"id": id}, 202)

    @routes.get("/billing-runs/{id:path}", responses={200: {"model": BillingShown}, **declared(*ASKING, 404)})
    async def billing(id: str, _person: Annotated[Person, Depends(looks)]) -> JSONResponse:
        found = await parts.operations.billing(id)
        if found is None:
            raise Missing(f"no billing run {id}")
        return JSONResponse(dict(found))

    return routes


def shown(view: ExceptionView) -> dict[str, Any]:
    """An exception as consumers see it."""
    names = (
        "id", "kind", "code", "subject", "source", "amount_minor", "currency", "queue", "owner", "severity", "remediation", "why", "run",
        "opened_at", "due_at", "state", "escalated_at", "resolved_at", "by",
    )  # fmt: skip
    return {"class": view.klass, **{name: getattr(view, name) for name in names}, "facts": dict(view.facts)}
