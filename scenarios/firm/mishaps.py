"""What befalls a finished plan: a slip of a seller here, a change of mind there. Only whom it befalls is changed.

`afflict` is pure. Who it befalls is drawn by meaning among those it could befall; the plan of everybody else is the same object.
What is typed wrongly becomes a slip of the deal or sheet; what somebody does out of turn becomes an `Upset`, which
`upsets.py` acts out.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from scenarios.clock.calendar import add_working_days
from scenarios.clock.draws import u
from scenarios.firm.chance import between
from scenarios.firm.model import MILESTONE, REVERSE_CHARGE, TM, Befallen, Deal, Plan, Sheet, Upset
from scenarios.firm.oddities import odd_account, odd_name
from scenarios.firm.quarter import MS_PER_HOUR, close_of, hour_of
from scenarios.firm.spec import FirmSpec
from scenarios.firm.terms import half_up, worth

T = TypeVar("T")
FAR_MS = 2**62
LAST_DAYS = 4  # nothing is upset in the last days of the quarter: people need the time to mend it
DECIDE_DAYS, RAISED = 1, 1.25


class Mishap(NamedTuple):
    """One kind of trouble: its name, whom it may befall (a glob of keys, a window of ms; `until` 0: no end), and how many."""

    name: str
    place: int
    share: float
    since: int
    until: int
    key: str
    params: dict[str, Any]


class Able(NamedTuple):
    """Somebody it could befall: what the key glob is held against, when it would happen, and the thing itself."""

    key: str
    at: int
    thing: Any


@dataclass
class Ground:
    """A plan being changed."""

    spec: FirmSpec
    seed: int
    plan: Plan
    deals: dict[int, Deal] = field(default_factory=dict)
    sheets: dict[str, list[Sheet]] = field(default_factory=dict)
    upsets: list[Upset] = field(default_factory=list)
    unassigned: set[tuple[str, str]] = field(default_factory=set)
    befallen: list[Befallen] = field(default_factory=list)

    def won(self, *kinds: str) -> list[Deal]:
        """The won deals, of some kinds only, as they stand now."""
        return [deal for deal in self.deals.values() if deal.won and (not kinds or deal.kind in kinds)]

    def change(self, deal: Deal, **values: Any) -> None:
        """Let a deal be another from the beginning."""
        self.deals[deal.number] = replace(deal, **values)

    def put(self, sheet: Sheet, **values: Any) -> None:
        """Let a sheet be another from the beginning."""
        made = replace(sheet, **values)
        self.sheets[sheet.sow] = [made if each.key == sheet.key else each for each in self.sheets[sheet.sow]]

    def spare(self, mishap: Mishap, key: str) -> None:
        """It does not befall this one after all."""
        self.befallen = [each for each in self.befallen if (each.place, each.what) != (mishap.place, f"{mishap.name} {key}")]

    def on_day(self, day: float, deal: Deal, *meaning: str | int) -> int:
        """An office hour of that day of the run, where the deal's entity is; never in the quarter's last days."""
        quarter = self.plan.quarter
        latest = (quarter.last - quarter.start).days - LAST_DAYS
        place = self.spec.entities[deal.entity].place
        on = add_working_days(quarter.start + dt.timedelta(days=min(int(day), latest)), 1, place)
        return hour_of(on, between(9.0, 12.0, self.seed, "upset", deal.sow, *meaning), place)

    def planned(self, deal: Deal) -> int:
        """What the quarter's work of a T&M deal is worth: hours at the agreed rates, and the billable expenses."""
        rates = {line.key: line.rate for line in deal.lines}
        total = 0
        for sheet in self.sheets[deal.sow]:
            total += sum(worth(half_up(entry.minutes * 100, 60), rates.get(sheet.wbs, 0)) for entry in sheet.entries)
            total += sum(claim.amount for claim in sheet.claims if claim.billable)
        return total


def afflict(plan: Plan, spec: FirmSpec, seed: int, mishaps: Iterable[Mishap]) -> Plan:
    """Return the plan with the mishaps; without any, the plan itself."""
    held = list(mishaps)
    if not held:
        return plan
    deals = {deal.number: deal for deal in plan.deals}
    ground = Ground(spec, seed, plan, deals, dict(plan.sheets), list(plan.upsets), set(plan.unassigned))
    for mishap in held:
        HAPPENS[mishap.name](ground, mishap)
    return replace(
        plan,
        deals=list(ground.deals.values()),
        sheets=ground.sheets,
        upsets=tuple(sorted(ground.upsets, key=lambda upset: (upset.at, upset.name, upset.subject))),
        unassigned=frozenset(ground.unassigned),
        befallen=tuple(ground.befallen),
    )


def befallen(ground: Ground, mishap: Mishap, able: Sequence[Able]) -> list[Able]:
    """Draw whom it befalls: those whose lot is below `share`, of these the first `count`; in the order of the lots. They are noted."""
    until = mishap.until or FAR_MS
    fits = [each for each in able if mishap.since <= each.at < until and fnmatch.fnmatchcase(each.key, mishap.key)]
    lots = sorted((u(ground.seed, "mishap", mishap.place, mishap.name, each.key), each.key, each) for each in fits)
    chosen = [each for lot, _, each in lots if lot < mishap.share or mishap.share >= 1]
    chosen = chosen[: int(mishap.params.get("count") or 0) or None]
    ground.befallen += [Befallen(mishap.place, each.at, f"{mishap.name} {each.key}") for each in chosen]
    return chosen


def slips_as(slip: str, fits: Callable[[Ground, Deal], bool] = lambda _ground, _deal: True) -> Callable[[Ground, Mishap], None]:
    """Build the mishap that is a slip of the seller on the statement of work or the account."""

    def happen(ground: Ground, mishap: Mishap) -> None:
        able = [Able(deal.sow, deal.stages.proposed, deal) for deal in ground.won() if fits(ground, deal)]
        for _, _, deal in befallen(ground, mishap, able):
            mode = str(mishap.params.get("mode", ""))
            ground.change(deal, slips=deal.slips | {SLIP_OF_MODE.get((slip, mode), slip)})

    return happen


SLIP_OF_MODE = {("odd_currency", "retired"): "retired_currency", ("odd_currency", "book"): "wrong_currency"}


def opens_account(ground: Ground, deal: Deal) -> bool:
    """Whether this deal's seller is the one who opens the account."""
    mine = [each for each in ground.deals.values() if each.account.key == deal.account.key]
    return min(mine, key=lambda each: (each.stages.created, each.number)).number == deal.number


def needs_tax_id(ground: Ground, deal: Deal) -> bool:
    """Whether tax hangs on the customer's tax id, and this seller types it."""
    return deal.tax_profile == REVERSE_CHARGE and opens_account(ground, deal)


def reopen(ground: Ground, mishap: Mishap) -> None:
    """A won deal is reopened before or after work, or deleted before its signature."""
    mode, hours = str(mishap.params["mode"]), float(mishap.params["hours"])
    able = []
    for deal in ground.won():
        at = reopened_at(ground, deal, mode, hours)
        if at:
            able.append(Able(deal.sow, at, deal))
    for sow, at, _ in befallen(ground, mishap, able):
        ground.upsets.append(Upset("reopened_deal", sow, at, {"mode": mode}))


def reopened_at(ground: Ground, deal: Deal, mode: str, hours: float) -> int:
    """When the deal could be taken back in this way; 0: it could not."""
    stages, lag = deal.stages, round(hours * MS_PER_HOUR)
    begins = min((sheet.submitted for sheet in ground.sheets[deal.sow]), default=FAR_MS)
    goals = [goal.started for goal in ground.plan.goals[deal.sow]]
    if mode == "early":
        at = max(stages.decided, stages.signed) + lag
        return at if at + 12 * MS_PER_HOUR < min([begins, *goals]) else 0
    if mode == "deleted":
        at = min(stages.decided + lag, (stages.decided + stages.signed) // 2)
        return at if stages.signed > stages.decided + 2 * MS_PER_HOUR else 0
    place = ground.spec.entities[deal.entity].place
    approved = min((sheet.approved for sheet in ground.sheets[deal.sow] if sheet.approved), default=0)
    bills = [hour_of(close_of(month, 0, place), ground.spec.billing.run_hour, place) for month in ground.plan.quarter.months]
    at = approved + 2 * MS_PER_HOUR
    fits = deal.kind == TM and approved and at + MS_PER_HOUR < min((bill for bill in bills if bill > approved), default=0)
    return at if fits else 0


def amend(ground: Ground, mishap: Mishap) -> None:
    """A change order after invoices: a higher cap, a later end, or another seller."""
    mode = str(mishap.params["mode"])
    fits = [deal for deal in ground.won(TM) if mode != "cap" or deal.cap is not None]
    able = [Able(deal.sow, ground.on_day(mishap.params["day"], deal, "amended"), deal) for deal in fits]
    able = [each for each in able if each.at > max(each.thing.stages.decided, each.thing.stages.signed) + 48 * MS_PER_HOUR]
    for sow, at, deal in befallen(ground, mishap, able):
        ground.upsets.append(Upset("amended", sow, at, {"mode": mode, "cap": raised(ground, deal)}))


def raised(ground: Ground, deal: Deal) -> int:
    """A cap with room for all the work there will be."""
    return round(max(deal.cap or 0, ground.planned(deal)) * RAISED)


def pass_cap(ground: Ground, mishap: Mishap) -> None:
    """More work than the cap allows; a change order raises it later, or nobody does."""
    part = float(mishap.params["part"])
    able = [Able(deal.sow, deal.stages.proposed, deal) for deal in ground.won(TM) if ground.planned(deal) > 0]
    for sow, _, deal in befallen(ground, mishap, able):
        ground.change(deal, cap=int(ground.planned(deal) * part), slips=deal.slips | {"tight_cap"})
        if mishap.params["change_order"] == "yes":
            at = ground.on_day(mishap.params["day"], deal, "amended")
            at = max(at, max(deal.stages.decided, deal.stages.signed) + 48 * MS_PER_HOUR)
            ground.upsets.append(Upset("amended", sow, at, {"mode": "cap", "cap": raised(ground, deal)}))


def book_late(ground: Ground, mishap: Mishap) -> None:
    """A week is booked after its month was closed: all steps of the sheet move, what was worked does not."""
    last = dt.date(*ground.plan.quarter.months[-1], 1)
    able = [each for each in timed(ground) if each.thing.week + dt.timedelta(days=4) < last]
    for key, at, sheet in befallen(ground, mishap, able):
        place = ground.spec.entities[sheet.person.entity].place
        month = max((sheet.week.year, sheet.week.month), ground.plan.quarter.months[0])
        closed = close_of(month, ground.spec.billing.hard_close_day, place)
        on = add_working_days(closed, int(mishap.params["days"]), place)
        hour = between(12.0, 17.0, ground.seed, "late entry hour", sheet.key)
        submitted = hour_of(on, hour, place)
        approved = hour_of(
            add_working_days(on, DECIDE_DAYS, place), between(9.5, 16.0, ground.seed, "late decision", sheet.key), place
        )
        if submitted > at:
            ground.put(sheet, slip="late_entry", submitted=submitted, approved=approved, rejected=0, resubmitted=0, wrong=-1)
        else:
            ground.spare(mishap, key)


def timed(ground: Ground, *, of: tuple[str, ...] = (TM,)) -> list[Able]:
    """The time sheets of won deals, by their SOW, at their submission."""
    sows = {deal.sow for deal in ground.won(*of)}
    sheets = (sheet for sow in sorted(sows) for sheet in ground.sheets[sow])
    return [Able(f"{sheet.sow}|{sheet.key}", sheet.submitted, sheet) for sheet in sheets if sheet.entries and not sheet.slip]


def withdraw(ground: Ground, mishap: Mishap) -> None:
    """An approver takes an approval back, after the invoice or before it."""
    able = []
    for each in timed(ground):
        at = withdrawn_at(ground, each.thing, str(mishap.params["mode"]), int(mishap.params["days"]))
        if at:
            able.append(each._replace(at=at))
    for _, at, sheet in befallen(ground, mishap, able):
        ground.put(sheet, withdrawn=at, slip="approval_withdrawn")


def withdrawn_at(ground: Ground, sheet: Sheet, mode: str, days: int) -> int:
    """When the approver would take it back in this way; 0: never."""
    place, hour = ground.spec.entities[sheet.person.entity].place, ground.spec.billing.run_hour
    bills = [(month, hour_of(close_of(month, 0, place), hour, place)) for month in ground.plan.quarter.months]
    month, bill = next(((month, at) for month, at in bills if at >= sheet.approved), ((0, 0), 0))
    if not bill:
        return 0
    if mode == "posted":
        at = sheet.approved + 5 * MS_PER_HOUR
        return at if at + 4 * MS_PER_HOUR < bill else 0
    latest = max(1, ground.spec.billing.hard_close_day - 2) if month == bills[-1][0] else days
    on = close_of(month, min(days, latest), place)
    return hour_of(on, between(9.0, 11.0, ground.seed, "withdrawn", sheet.key), place)


def misplace(ground: Ground, mishap: Mishap) -> None:
    """Staffing forgets a seat, or the ERP says that a person has left or works elsewhere."""
    mode = str(mishap.params["mode"])
    if mode == "unassigned":
        seats: dict[tuple[str, str], Able] = {}
        for each in timed(ground):
            seat = (each.thing.person.number, each.thing.wbs)
            seats.setdefault(seat, Able(each.thing.sow, each.at, seat))
        several = {sow for sow in {each.key for each in seats.values()} if sum(each.key == sow for each in seats.values()) > 1}
        able = [seats[seat] for seat in sorted(seats) if seats[seat].key in several]
        for sow, _, seat in befallen(ground, mishap, able):
            left = [each.thing for each in seats.values() if each.key == sow and each.thing not in ground.unassigned]
            if len(left) > 1:  # a project that nobody is assigned to is open to all
                ground.unassigned.add(seat)
            else:
                ground.spare(mishap, sow)
        return
    deals = {deal.sow: deal for deal in ground.won(TM)}
    people: dict[str, Able] = {}
    for each in timed(ground):
        at = ground.on_day(mishap.params["day"], deals[each.thing.sow], each.thing.person.number)
        if each.thing.approved > at:
            people.setdefault(each.thing.person.number, Able(each.thing.person.number, at, each.thing.person))
    for number, at, person in befallen(ground, mishap, [people[number] for number in sorted(people)]):
        ground.upsets.append(Upset("misplaced_person", number, at, {"mode": mode, "entity": person.entity}))


def on_account(name: str) -> Callable[[Ground, Mishap], None]:
    """Build the mishap of a customer: once an account, on a day on which it has a contract."""

    def happen(ground: Ground, mishap: Mishap) -> None:
        seen: dict[str, Able] = {}
        for deal in sorted(ground.won(), key=lambda each: (each.stages.created, each.number)):
            at = ground.on_day(mishap.params.get("day", 12), deal, name)
            if at > max(deal.stages.decided, deal.stages.signed) + 24 * MS_PER_HOUR:
                seen.setdefault(deal.account.key, Able(deal.account.key, at, deal))
        for key, at, deal in befallen(ground, mishap, list(seen.values())):
            ground.upsets.append(Upset(name, key, at, {**mishap.params, "sow": deal.sow}))

    return happen


def rename(ground: Ground, mishap: Mishap) -> None:
    """Names that break careless programs, on the deal and on its account, wherever that is sold to."""
    able = [Able(deal.sow, deal.stages.created, deal) for deal in ground.won()]
    for sow, _, deal in befallen(ground, mishap, able):
        account = odd_account(deal.account, ground.seed)
        for other in list(ground.deals.values()):
            if other.account.key == account.key:
                ground.change(other, account=account)
        ground.change(ground.deals[deal.number], name=odd_name(ground.seed, "deal", sow), slips=deal.slips | {"odd_names"})


def exaggerate(ground: Ground, mishap: Mishap) -> None:
    """People try hours that cannot be before they book the true ones."""
    for _, _, sheet in befallen(ground, mishap, timed(ground)):
        ground.put(sheet, slip="extreme_values")


HAPPENS: dict[str, Callable[[Ground, Mishap], None]] = {
    "missing_tax_profile": slips_as("missing_tax_profile"),
    "missing_entity": slips_as("missing_entity"),
    "odd_currency": slips_as("odd_currency"),
    "duplicate_account": slips_as("duplicate_account"),
    "missing_rate": slips_as("missing_rate", lambda _ground, deal: deal.kind == TM),
    "bad_tax_id": slips_as("bad_tax_id", needs_tax_id),
    "wrong_schedule": slips_as("wrong_schedule", lambda _ground, deal: deal.kind == MILESTONE),
    "reopened_deal": reopen,
    "amended": amend,
    "over_cap": pass_cap,
    "late_entry": book_late,
    "approval_withdrawn": withdraw,
    "misplaced_person": misplace,
    "merged_account": on_account("merged_account"),
    "credit_hold": on_account("credit_hold"),
    "odd_hierarchy": on_account("odd_hierarchy"),
    "odd_names": rename,
    "extreme_values": exaggerate,
}
