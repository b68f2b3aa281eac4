"""Systems with lost, late and refused replies, and a realistic process against the port: the story of the crash tests."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec

from orchestrator.engine.port import Abandon, BusinessException, Process, Refused, Retry, Transient, Unknown, effect_key

DAY = 86_400_000
QUICK = Retry(first_ms=1_000, settle_ms=15_000, attempts_max=8)
LATE_S = 12


class Won(msgspec.Struct, frozen=True):
    opportunity: str
    event: str = "won"


class Deal(msgspec.Struct, frozen=True):
    opportunity: str
    customer: str
    amount_minor: int
    rate_card: str | None


class Project(msgspec.Struct, frozen=True):
    id: str
    opportunity: str


class Activated(msgspec.Struct, frozen=True):
    opportunity: str
    project: str
    type: str = "project.activated"


class World:
    """All systems in one. `faults` says what the n-th call of (operation, key) meets: refused transient lost late."""

    def __init__(self, faults=None):
        self.faults = dict(faults or {})
        self.deals, self.customers, self.mirrors = {}, {}, {}
        self.projects, self.calls, self.log = [], Counter(), []
        self.probes, self.key_by_call = 0, []

    async def _call(self, operation, key, effect):
        """A fault is keyed by business state, not by arrival: a crash repeats the call, the fault must not move on."""
        await asyncio.sleep(0.05)
        self.calls[operation, key] += 1
        self.log.append((operation, key))
        self.key_by_call.append((operation, effect_key.get()))
        fault = self.faults.get((operation, key, self.calls[operation, key]))
        if fault == "refused":
            raise Refused("NOPE", f"{operation} {key}")
        if fault == "transient":
            raise Transient("busy", 2_000, system="erp")
        if fault == "late":
            asyncio.get_running_loop().call_later(LATE_S, effect)
            raise Unknown("reply lost")
        value = effect()
        if fault == "lost":
            raise Unknown("reply lost")
        return value

    async def read_deal(self, opportunity: str) -> Deal:
        await asyncio.sleep(0.05)
        return self.deals[opportunity]

    async def upsert_customer(self, customer: str) -> str:
        return await self._call("upsert_customer", customer, lambda: self.customers.setdefault(customer, f"C-{customer}"))

    async def create_project(self, deal: Deal, customer: str) -> Project:
        tag = effect_key.get().split("/")[0]

        def effect():
            row = {
                "id": f"P{len(self.projects)}",
                "opportunity": deal.opportunity,
                "state": "open",
                "tag": tag,
                "amount": deal.amount_minor,
            }
            self.projects.append(row)
            return Project(row["id"], deal.opportunity)

        return await self._call("create_project", deal.opportunity, effect)

    async def find_project(self, deal: Deal, customer: str) -> Project | None:
        self.probes += 1
        tag = effect_key.get().split("/")[0]
        for row in self.projects:
            if row["tag"] == tag and row["opportunity"] == deal.opportunity:
                return await self._call("find_project", deal.opportunity, lambda row=row: Project(row["id"], row["opportunity"]))
        return await self._call("find_project", deal.opportunity, lambda: None)

    async def cancel_project(self, project: Project) -> None:
        def effect():
            next(row for row in self.projects if row["id"] == project.id)["state"] = "cancelled"

        await self._call("cancel_project", project.opportunity, effect)

    async def provision(self, project: Project) -> str:
        def effect():
            self.mirrors[project.opportunity] = "provisioned"
            return "ok"

        return await self._call("provision", project.opportunity, effect)

    async def withdraw(self, said: str) -> None:
        await self._call("withdraw", said, lambda: None)

    async def mirror_status(self, opportunity: str, project: str) -> None:
        await self._call("mirror_status", opportunity, lambda: self.mirrors.__setitem__(opportunity, "active"))

    def state(self):
        """What the run left behind, without ids that depend on when a crash struck."""
        projects = sorted((p["opportunity"], p["state"], p["tag"], p["amount"]) for p in self.projects)
        return {"projects": projects, "customers": sorted(self.customers), "mirrors": sorted(self.mirrors.items())}


def processes(world, retry=QUICK, *, sign_ms=14 * DAY, probe=True):
    """activate-project in two versions over one world."""

    async def activate(run, won, *, staff):
        deal = await run.read(world.read_deal, won.opportunity, retry=retry)
        if deal.rate_card is None:
            raise BusinessException("RATE_CARD_MISSING", won.opportunity, subject=won.opportunity)
        customer = await run.step(world.upsert_customer, deal.customer, retry=retry)
        find = world.find_project if probe else None
        project = await run.step(world.create_project, deal, customer, undo=world.cancel_project, probe=find, retry=retry)
        if staff:
            await run.step(world.upsert_customer, deal.customer, name="reserve_staff", retry=retry)
        if await run.wait("signed", run.now() + sign_ms) is None:
            raise Abandon("not signed in time")
        await run.step(world.provision, project, undo=world.withdraw, retry=retry)
        await run.step(world.mirror_status, won.opportunity, project.id, retry=retry)
        await run.publish(Activated(won.opportunity, project.id))
        return project

    async def first(run, won):
        return await activate(run, won, staff=False)

    async def second(run, won):
        return await activate(run, won, staff=True)

    def key(won):
        return won.opportunity

    return [Process("activate-project", 1, key, first, Won), Process("activate-project", 2, key, second, Won)]
