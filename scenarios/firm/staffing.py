"""The staffing desk: looks for the workspaces of deals that are won and signed, and assigns people to their tasks.

Until a workspace stands, its people cannot book; when it stands late, they book late, under the true work dates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scenarios.clock.calendar import local
from scenarios.firm.model import TM, Deal
from scenarios.firm.office import Deed, Going, Office
from scenarios.firm.roster import MAIL


@dataclass(frozen=True)
class Site:
    """Where a deal is worked: the PSA's ids of its workspace and of its stories by line key."""

    workspace: Any
    stories: dict[str, Any]


def desk_number(entity: str) -> str:
    """Return the PSA user number of an entity's staffing desk."""
    return f"P-9{['US', 'UK', 'DE', 'NL', 'AU', 'SG'].index(entity):03}"


def desk_mail(entity: str) -> str:
    """Return the address of an entity's staffing desk."""
    return f"staffing@{entity.lower()}.{MAIL}"


class StaffingDesk:
    """One desk an entity. `ready` is called once a deal's workspace stands and its people are assigned."""

    def __init__(self, office: Office, entity: str, ready: Callable[[Deal, Site], None]) -> None:
        self.office, self.entity, self.ready = office, entity, ready
        self.who = desk_number(entity)
        self.place = office.spec.entities[entity].place
        self.waiting: dict[str, Deal] = {}

    def expect(self, deal: Deal) -> None:
        """Take note of a sold deal whose workspace will come."""
        self.waiting[deal.sow] = deal

    def work(self) -> Going:
        """Look after the waiting deals at every round, for ever."""
        numbers = self.office.spec.staffing
        for at in self.office.rounds(self.place, numbers.round_hours):
            yield self.office.until(at)
            if not self.waiting:
                continue
            hour = local(at, self.place.zone)
            titles = self._titles() if hour.hour + hour.minute / 60 in numbers.search_hours else {}
            for deal in list(self.waiting.values()):
                if deal.sow in self.office.taken_back:
                    del self.waiting[deal.sow]
                    continue
                site = self._site(deal, titles)
                if site is not None:
                    del self.waiting[deal.sow]
                    yield from self._assign(deal, site, at)
                    self.ready(deal, site)

    def _titles(self) -> dict[str, Any]:
        """Search all open workspaces: `{SOW number at the head of the title: id}`."""
        rows = self.office.look("psa", "workspace", archived=0) or []
        return {str(row["title"]).split(" ", 1)[0]: row["id"] for row in reversed(rows)}

    def _site(self, deal: Deal, titles: dict[str, Any]) -> Site | None:
        """Find the workspace by its tie to the ERP's job, else by title; None until every line has its story."""
        ties = self.office.look("psa", "external_reference", service_model_ref=f"JOB-{deal.sow}")
        workspace = ties[0]["subject_id"] if ties else titles.get(deal.sow)
        if workspace is None:
            return None
        rows = self.office.look("psa", "story", workspace_id=workspace) or []
        stories = {str(row["title"]).split(" ", 1)[0]: row["id"] for row in reversed(rows)}
        return Site(workspace, stories) if all(line.key in stories for line in deal.lines) else None

    def _assign(self, deal: Deal, site: Site, at: int) -> Going:
        """Put the people of the plan on their tasks; a milestone is nobody's task."""
        self.office.counts["staffed"] += 1
        if deal.kind != TM:
            return
        minutes: dict[tuple[str, str], int] = {}
        for sheet in self.office.plan.sheets[deal.sow]:
            if sheet.entries:
                seat = (sheet.person.number, sheet.wbs)
                minutes[seat] = minutes.get(seat, 0) + sum(entry.minutes for entry in sheet.entries)
        for (person, wbs), planned in minutes.items():
            if (person, wbs) in self.office.plan.unassigned:
                continue
            values = {"story_id": f"id:{site.stories[wbs]}", "user_id": person, "estimated_minutes": planned}
            true = {"story_id": wbs, "user_id": person, "estimated_minutes": planned}
            yield from self.office.insist(
                Deed(self.who, "psa", "create", "assignment", f"{person}|{wbs}", values, at, true, handle="")
            )
