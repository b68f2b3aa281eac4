"""Make the plan: everything the firm will do, from numbers and seed alone. The way in is `build_plan`.

Order matters and is the trade's own, backwards: people, projects, hours; then what must be sold for them; then when it is
booked, filed, accepted, and who slips.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from scenarios.clock.calendar import Place, next_working_day
from scenarios.clock.draws import bernoulli, lognormal, u
from scenarios.firm.booking import Diary
from scenarios.firm.chance import between
from scenarios.firm.hours import sheets_of_work
from scenarios.firm.model import TM, Deal, Goal, Line, Plan, Project, Sheet
from scenarios.firm.projects import projects
from scenarios.firm.quarter import Quarter, hour_of, last_approval, quarter_from
from scenarios.firm.roster import approvers, roster
from scenarios.firm.selling import Book
from scenarios.firm.spec import FirmSpec
from scenarios.firm.spending import Spending
from scenarios.firm.terms import Pricing

SLIP_SIGMA = 0.8
DONE_HOURS = (15.0, 17.0)


def build_plan(spec: FirmSpec, seed: int, start_ms: int) -> Plan:
    """Return the plan of a run that begins at `start_ms`. Pure: equal arguments give an equal plan."""
    quarter = quarter_from(spec.window, start_ms)
    people = roster(spec, seed, quarter)
    made = projects(spec, seed, quarter, people)
    work = sheets_of_work(spec, seed, quarter, made)
    prices = {each.sow: Pricing(spec, seed, quarter, each, work[each.sow]) for each in made}
    diary = Diary(spec, seed, quarter, {code: approvers(people, code) for code in spec.entities})
    diary.schedule(made, work)
    spent = Spending(diary).sheets(made, work, prices)
    heads = {code: sum(person.entity == code for person in people) for code in spec.entities}
    expenses = {sow: sum(c.amount for sheet in sheets for c in sheet.claims if c.billable) for sow, sheets in spent.items()}
    deals = Book(spec, seed, quarter, heads, work, expenses).deals(made, prices)
    partial = partial_payers(spec, seed, deals)
    deals = [replace(deal, terms="NET30") if deal.sow in partial else deal for deal in deals]
    return Plan(
        quarter=quarter,
        people=people,
        deals=deals,
        sheets={sow: sheets + spent[sow] for sow, sheets in work.items()},
        goals={deal.sow: goals(spec, seed, quarter, deal) for deal in deals if deal.won},
        owners={project.sow: owner(diary, project) for project in made},
        partial_payers=partial,
        renamed=renamed(spec, seed, deals),
    )


def owner(diary: Diary, project: Project) -> str:
    """Return who runs a project: the decider drawn first for it."""
    able = diary.deciders[project.entity]
    return able[int(u(diary.seed, "approver", project.sow) * len(able))].number


def partial_payers(spec: FirmSpec, seed: int, deals: list[Deal]) -> frozenset[str]:
    """Pick the T&M deals whose first invoice is surely paid in parts, inside the run."""
    able = [deal for deal in deals if deal.won and deal.opening and deal.kind == TM]
    order = sorted(able, key=lambda deal: u(seed, "partial payer", deal.sow))
    return frozenset(deal.sow for deal in order[: spec.guarantees.partial_payment])


def renamed(spec: FirmSpec, seed: int, deals: list[Deal]) -> tuple[str, ...]:
    """Pick the SOWs whose customer the AR clerk renames in the ERP in mid-quarter."""
    able = sorted((deal for deal in deals if deal.won and deal.opening), key=lambda deal: u(seed, "renamed", deal.sow))
    return tuple(deal.sow for deal in able[: spec.billing.renames_per_quarter])


def goals(spec: FirmSpec, seed: int, quarter: Quarter, deal: Deal) -> list[Goal]:
    """Return the life of each milestone of a deal, as far as it lies inside the run."""
    if deal.kind == TM:
        return []
    place, since, made = spec.entities[deal.entity].place, deal.start_on, []
    for line in deal.lines:
        made.append(goal(spec, seed, quarter, deal, line, since=since, place=place))
        since = dt.date.fromisoformat(line.service_on)
    return [each for each in made if each.started < last_approval(quarter, spec, place)]


def goal(spec: FirmSpec, seed: int, quarter: Quarter, deal: Deal, line: Line, *, since: dt.date, place: Place) -> Goal:
    """Draw when a milestone is begun, completed (late for some) and accepted by the client; 0 is beyond the run."""
    due = dt.date.fromisoformat(line.service_on)
    if bernoulli(spec.projects.late_share, seed, "milestone late", line.key):
        due += dt.timedelta(days=round(lognormal(spec.milestones.slip_days_median, SLIP_SIGMA, seed, "milestone slip", line.key)))
    done_on = next_working_day(due, place)
    days = lognormal(spec.milestones.accept_days_median, spec.milestones.accept_sigma, seed, "acceptance", line.key)
    accepted_on = next_working_day(done_on + dt.timedelta(days=max(1, round(days))), place)
    started = hour_of(next_working_day(since, place), between(9.0, 11.0, seed, "started", line.key), place)
    completed = hour_of(done_on, between(*DONE_HOURS, seed, "completed", line.key), place)
    accepted = hour_of(accepted_on, between(10.0, 16.5, seed, "accepted", line.key), place)
    limit = last_approval(quarter, spec, place)
    contact = f"{deal.account.contact_given} {deal.account.contact_family}"
    return Goal(line.key, started, completed if completed <= limit else 0, accepted if accepted <= limit else 0, contact)


def all_sheets(plan: Plan) -> list[Sheet]:
    """Return every sheet, by SOW."""
    return [sheet for sheets in plan.sheets.values() for sheet in sheets]
