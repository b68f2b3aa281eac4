"""The firm against the real mock vendors: their domains judge every act; a stand-in sets projects up at once."""

from __future__ import annotations

from typing import Any

import simpy

from scenarios.clock.calendar import Calendar
from scenarios.firm import ActRefused, Firm, load_firm
from scenarios.history import Act, Acted
from simulators.kernel.records import Refusal
from simulators.registry import open_system
from tests.firm.town import START_MS, missing

VENDORS = {"crm": "salesforce", "psa": "kantata", "erp": "netsuite"}
ROBOT = "integration"


class Vendors:
    """People at the screens of the three vendors; deals that are won, signed and complete get their project."""

    def __init__(self, env: simpy.Environment, calendar: Calendar, seed: int) -> None:
        self.env, self.calendar = env, calendar
        self.systems = {name: open_system(vendor, clock=self.now, seed=seed) for name, vendor in VENDORS.items()}
        self.set: set[str] = set()

    def now(self) -> int:
        return self.calendar.at(self.env.now)

    def seed(self, firm: Firm) -> None:
        for name, system in self.systems.items():
            system.seed_rows(firm.seed_rows(name), user="admin")

    def act(self, system: str, verb: str, kind: str, key: str, values: dict[str, Any], user: str, at: int) -> Any:
        try:
            done = self.systems[system].act(verb, kind, key, values, user=user, at=at)
        except Refusal as refusal:
            raise ActRefused(refusal.code, f"{verb} {kind} {key}: {refusal.message} ({refusal.field})") from refusal
        if system == "crm" and kind in ("opportunity", "sow"):
            self.set_up(key.replace("O-", "S-"))
        return done

    def look(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]]:
        return self.systems[system].look(kind, **equals)

    def set_up(self, number: str) -> None:
        sows = self.look("crm", "sow", number=number)
        if number in self.set or not sows or sows[0]["status"] != "signed" or missing(sows[0]):
            return
        sow = sows[0]
        deal = self.look("crm", "opportunity", number=number.replace("S-", "O-"))[0]
        if deal["stage"] != "closed_won":
            return
        self.set.add(number)
        psa = self.systems["psa"]
        title = f"{number} {sow['name']}"
        workspace = psa.act(
            "create", "workspace", "", {"title": title, "currency": sow["currency"]}, user=ROBOT, at=self.now()
        ).id
        for line in self.look("crm", "opportunity_line", opportunity_id=deal["id"]):
            type = "milestone" if "-M" in line["line_key"] else "task"
            story = {"workspace_id": f"id:{workspace}", "title": f"{line['line_key']} {line['description']}", "type": type}
            psa.act("create", "story", "", story, user=ROBOT, at=self.now())


def live_with_vendors(seed: int, days: int) -> tuple[Firm, list[Act | Acted], Vendors, list[ActRefused]]:
    """Let the firm of preset S work for some days against the vendors, without a desk."""
    env, calendar = simpy.Environment(), Calendar(START_MS)
    vendors = Vendors(env, calendar, seed)
    log: list[Act | Acted] = []
    refused: list[ActRefused] = []
    hands = vendors.act

    def act(*words: Any) -> Any:
        try:
            return hands(*words)
        except ActRefused as refusal:
            refused.append(refusal)
            raise

    vendors.act = act  # type: ignore[method-assign]
    firm = Firm(env, None, vendors, None, log.append, load_firm("S"), seed, calendar)
    vendors.seed(firm)
    firm.start()
    env.run(until=days * 86_400)
    return firm, log, vendors, refused
