"""A town for the firm to work in: systems in memory, a fair orchestrator that needs no time, and a desk.

It keeps what people write and answers what they look for. Outages are windows in which a system refuses everybody. It stands
in for the world in these tests only and shares nothing with simulators or orchestrator.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import simpy

from scenarios.clock.calendar import Calendar, at_local, local_date
from scenarios.firm import ActRefused, Firm, FirmSpec, load_firm
from scenarios.firm.plan import build_plan
from scenarios.history import Act, Acted

START = dt.date(2025, 12, 15)
START_MS = at_local(START, 0, zone="UTC")
SET_UP_MS = 600_000


class Done(NamedTuple):
    id: str


@dataclass
class Systems:
    """Rows of all three systems, with the acts and the instant at which they came."""

    env: simpy.Environment
    calendar: Calendar
    outages: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    delay_ms: int = SET_UP_MS

    def __post_init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
        self.acts: list[tuple[int, str, str, str, str, dict[str, Any], str, int]] = []
        self.born: dict[str, dict[str, Any]] = {}
        self.count = 0

    @property
    def now(self) -> int:
        return self.calendar.at(self.env.now)

    def seed(self, firm: Firm) -> None:
        for system in ("crm", "psa", "erp"):
            for kind, key, values in firm.seed_rows(system):
                self.add(system, kind, key, values)

    def add(self, system: str, kind: str, key: str, values: dict[str, Any]) -> str:
        self.count += 1
        id = str(self.count)
        self.born[id] = dict(values)
        self.rows[system, kind][id] = {"id": int(id), "key": key, **values}
        return id

    def find(self, system: str, kind: str, key: str) -> dict[str, Any]:
        rows = self.rows[system, kind]
        if key.startswith("id:"):
            return rows[key[3:]]
        return next(row for row in rows.values() if row["key"] == key)

    def act(self, system: str, verb: str, kind: str, key: str, values: dict[str, Any], user: str, at: int) -> Done:
        self.up(system)
        self.acts.append((self.now, system, verb, kind, key, values, user, at))
        if verb in ("create", "submit", "receive"):
            id = self.add(system, kind, key, values)
            if verb == "submit":
                assert all(str(line) in self.rows["psa", LINES[kind]] for line in values["entries"])
            if kind == "payment":
                self.settle(values)
            return Done(id)
        row = self.find(system, kind, key)
        row.update(values)
        if verb in STATES:
            row.update(STATES[verb])
        if verb == "approve":
            for line in row["entries"]:
                self.rows["psa", LINES[kind]][str(line)].update(state="approved", approved_at=at, approver=user)
        if kind in ("opportunity", "sow"):
            self.env.process(self.set_up(row))
        return Done(str(row["id"]))

    def settle(self, values: dict[str, Any]) -> None:
        for each in values["applications"]:
            key = each.get("invoice") or f"id:{each['invoice_id']}"
            invoice = self.find("erp", "invoice", key)
            assert each["amount"] <= invoice["open_balance"], "paid more than is open"
            invoice["open_balance"] -= each["amount"]
            invoice["status"] = "partially_paid" if invoice["open_balance"] else "paid"

    def look(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]]:
        self.up(system)
        rows = self.rows[system, kind].values()
        return [dict(row) for row in rows if all(row.get(name, 0) == value for name, value in equals.items())]

    def up(self, system: str) -> None:
        if any(since <= self.now < upto for since, upto in self.outages.get(system, ())):
            raise ActRefused("unavailable", f"{system} is down")

    def set_up(self, row: dict[str, Any]) -> Any:
        """Activate a deal once it is won and signed and complete, some minutes later."""
        sows = self.rows["crm", "sow"].values()
        sow = next((s for s in sows if row.get("opportunity_id", row["key"]) == s["opportunity_id"]), None)
        if sow is None or sow.get("active"):
            return
        deal = self.find("crm", "opportunity", sow["opportunity_id"])
        if deal["stage"] != "closed_won" or sow["status"] != "signed" or missing(sow):
            return
        sow["active"] = True
        yield self.env.timeout(self.delay_ms / 1000)
        workspace = int(self.add("psa", "workspace", "", {"title": f"{sow['number']} {sow['name']}", "archived": 0}))
        lines = [r for r in self.rows["crm", "opportunity_line"].values() if r["opportunity_id"] == sow["opportunity_id"]]
        for line in lines:
            type = "milestone" if line["product_id"] == "MILESTONE" else "task"
            self.add(
                "psa",
                "story",
                "",
                {"workspace_id": workspace, "title": f"{line['line_key']} {line['description']}", "type": type},
            )
        self.add("psa", "external_reference", "", {"subject_id": workspace, "service_model_ref": f"JOB-{sow['number']}"})
        key = f"CUS-{sow['account_id']}-{sow['selling_entity']}"
        self.add("erp", "customer", key, {"external_id": key, "name": sow["name"]})


LINES = {"timesheet_submission": "time_entry", "expense_submission": "expense"}
STATES = {
    "approve": {"state": "approved"}, "reject": {"state": "rejected"}, "send": {"status": "sent"},
    "soft_close": {"state": "soft_closed"}, "close": {"state": "closed"},
}  # fmt: skip
CODES = {
    "tax_profile": "TAX_PROFILE_MISSING", "billing_contact_id": "BILLING_CONTACT_MISSING", "terms": "TERMS_MISSING",
}  # fmt: skip
ENTITIES = ("US", "UK", "DE", "NL", "AU", "SG")


def missing(sow: dict[str, Any]) -> str:
    """The exception code a fair orchestrator would park the deal with, or ""."""
    if sow["selling_entity"] not in ENTITIES:
        return "ENTITY_UNKNOWN"
    return next((code for name, code in CODES.items() if not sow[name]), "")


class Desk:
    """Exceptions of the CRM's open deals, and billing runs that invoice what was approved by the cut-off."""

    def __init__(self, systems: Systems, firm: Firm | None = None) -> None:
        self.systems, self.firm = systems, firm
        self.runs: list[tuple[int, str, str, int]] = []
        self.billed: set[int] = set()
        self.invoices = 0

    async def exceptions(self, queue: str) -> list[dict[str, Any]]:
        owner = {"ENTITY_UNKNOWN": "finance-ops"}
        found = []
        for sow in self.systems.rows["crm", "sow"].values():
            code = missing(sow)
            if sow["status"] == "signed" and code and owner.get(code, "sales-ops") == queue:
                found.append({"id": f"X-{sow['number']}-{code}", "code": code, "subject": sow["number"], "state": "open"})
        return found

    async def resubmit(self, id: str, note: str) -> None:
        sow = self.systems.find("crm", "sow", "-".join(id.split("-")[1:3]))
        self.systems.env.process(self.systems.set_up(sow))

    async def waive(self, id: str, reason: str, role: str = "clerk") -> None:
        return None

    async def start_billing(self, entity: str, period: str, cut_off: int) -> None:
        self.runs.append((self.systems.now, entity, period, cut_off))
        due: dict[str, int] = defaultdict(int)
        rates = {line.key: line.rate for deal in self.firm.plan.won for line in deal.lines}
        for row in self.systems.rows["psa", "time_entry"].values():
            if (
                row.get("state") == "approved"
                and row["billable"]
                and row["approved_at"] <= cut_off
                and row["id"] not in self.billed
            ):
                title = self.systems.rows["psa", "story"][row["story_id"][3:]]["title"].split(" ")[0]
                if self.firm.office.deals[title[:7]].entity == entity:
                    self.billed.add(row["id"])
                    due[title[:7]] += row["minutes"] * rates[title] // 6000
        for sow, amount in due.items():
            self.invoice(sow, f"INV-{sow}-{period.replace('-', '')}-{len(self.runs)}", amount)

    def invoice(self, sow: str, key: str, amount: int) -> None:
        deal = self.firm.office.deals[sow]
        subsidiary = self.systems.find("erp", "subsidiary", f"SUB-{deal.entity}")["id"]
        today = local_date(self.systems.now, "UTC")
        self.invoices += 1
        self.systems.add("erp", "invoice", key, {
            "external_id": key, "number": key, "status": "open", "subsidiary_id": subsidiary, "customer_id": 1, "currency": deal.currency,
            "tran_date": today.isoformat(), "due_on": (today + dt.timedelta(days=30)).isoformat(), "gross": amount,
            "open_balance": amount, "sow_number": sow,
        })  # fmt: skip


class Inline:
    """A loop whose coroutines never wait: their result is there at once."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env

    def as_event(self, coro: Any, name: str | None = None) -> simpy.Event:
        event = self.env.event()
        try:
            coro.send(None)
        except StopIteration as done:
            return event.succeed(done.value)
        except ActRefused as refused:
            return event.fail(refused)
        raise AssertionError("a coroutine of this town waits for nothing")


@dataclass
class Run:
    """A finished run: the firm, its log, and what the systems hold."""

    firm: Firm
    log: list[Act | Acted]
    systems: Systems
    desk: Desk

    @cached_property
    def acts(self) -> list[Act]:
        return [each for each in self.log if isinstance(each, Act)]

    @cached_property
    def done(self) -> dict[int, Acted]:
        return {each.seq: each for each in self.log if isinstance(each, Acted)}


def live(
    seed: int = 1, *, spec: FirmSpec | None = None, outages: dict[str, list[tuple[int, int]]] | None = None,
    delay_ms: int = SET_UP_MS, extra_days: int = 0,
) -> Run:  # fmt: skip
    """Let the firm live its quarter in a town."""
    env, calendar = simpy.Environment(), Calendar(START_MS)
    systems = Systems(env, calendar, outages or {}, delay_ms)
    log: list[Act | Acted] = []
    desk = Desk(systems)
    spec = spec or load_firm("S")
    firm = Firm(env, Inline(env), systems, desk, log.append, spec, seed, calendar, plan=build_plan(spec, seed, START_MS))
    desk.firm = firm
    systems.seed(firm)
    firm.start()
    env.run(until=firm.done)
    if extra_days:
        env.run(until=env.now + extra_days * 86_400)
    return Run(firm, log, systems, desk)
