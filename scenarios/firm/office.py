"""What every actor stands on: the clock, the log of acts, hands that try again after an outage, and the plan.

An act is logged before it reaches a system, under its scheduled instant; how it ended is logged after. An act that an outage
refused is done again later as a new act with the same scheduled instant. Any other refusal ends the act and is kept in
`refusals`, for the runner to show: the firm plans nothing that a domain should refuse.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import simpy

from scenarios.clock.calendar import Calendar, Place, local_date
from scenarios.firm.model import Deal, Plan
from scenarios.firm.ports import ActRefused, Desk, Loop, People
from scenarios.firm.quarter import hour_of, is_working
from scenarios.firm.spec import FirmSpec
from scenarios.history import Act, Acted

RETRY_S = 600.0
REFUSALS_MAX = 1_000
DUPLICATES_FROM = 70_000
DAY = dt.timedelta(days=1)

Log = Callable[[Act | Acted], None]
Doing = Generator[simpy.Event, Any, str]
Going = Generator[simpy.Event, Any, None]


class Deed(NamedTuple):
    """One act: `values` go to the system; `true`, when it differs, to the log (business keys, the unslipped value).

    `handle` is how the system knows the record when that is not its business `key`.
    """

    who: str
    system: str
    verb: str
    kind: str
    key: str
    values: dict[str, Any]
    at: int
    true: dict[str, Any] | None = None
    handle: str | None = None
    slip: str = ""


class Refused(NamedTuple):
    """An act that a domain refused for good."""

    seq: int
    system: str
    verb: str
    kind: str
    key: str
    code: str


def duplicate_of(deal: Deal) -> str:
    """The number of the account that a seller opens for a deal although the company has one."""
    return f"A-{DUPLICATES_FROM + deal.number:05}"


@dataclass
class Office:
    """Shared by all actors of one run. `counts` are for the progress line; `deals` are the won ones by SOW.

    `taken_back` are SOWs that were won and are no more; `merged` tells the surviving number
    of an account, `amended` when a cap was raised.
    """

    env: simpy.Environment
    loop: Loop | None
    people: People
    desk: Desk | None
    log: Log
    spec: FirmSpec
    seed: int
    calendar: Calendar
    plan: Plan
    counts: Counter[str] = field(default_factory=Counter)
    refusals: list[Refused] = field(default_factory=list)
    seq: int = 0
    taken_back: set[str] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)
    amended: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.deals: dict[str, Deal] = {deal.sow: deal for deal in self.plan.won}

    def account_of(self, deal: Deal) -> str:
        """The number under which the CRM knows a deal's account today."""
        key = duplicate_of(deal) if "duplicate_account" in deal.slips else deal.account.key
        while key in self.merged:
            key = self.merged[key]
        return key

    @property
    def now(self) -> int:
        """The instant, in ms since 1970."""
        return self.calendar.at(self.env.now)

    def until(self, instant: int) -> simpy.Event:
        """An event at that instant, or at once when it is past."""
        return self.env.timeout(max(0.0, self.calendar.seconds(instant) - self.env.now))

    def insist(self, deed: Deed, *, expected: bool = True) -> Doing:
        """Do the deed, again after outages; return the record's id, or "" when it was refused for good.

        A deed that is not `expected` to succeed is no refusal of the plan when it fails.
        """
        while True:
            self.seq += 1
            seq = self.seq
            who, system, verb, kind, key, values, at, true, handle, slip = deed
            self.log(Act(seq, at, who, system, verb, kind, key, values if true is None else true, slip))
            try:
                done = self.people.act(system, verb, kind, key if handle is None else handle, values, who, at)
            except ActRefused as refused:
                self.log(Acted(seq, self.now, "refused", why=refused.code))
                if not refused.retryable:
                    if expected:
                        self._keep(Refused(seq, system, verb, kind, key, refused.code))
                    return ""
            else:
                id = str(done.id)
                self.log(Acted(seq, self.now, "done", id))
                return id
            yield self.env.timeout(RETRY_S)

    def ask(self, deed: Deed, make: Callable[[], Coroutine[Any, Any, Any]]) -> Generator[simpy.Event, Any, str]:
        """Do a deed at the desk, by a coroutine made afresh for each try; return "done" or the code it was refused with."""
        assert self.loop is not None, "a desk is reached through a loop"
        while True:
            self.seq += 1
            seq = self.seq
            self.log(Act(seq, deed.at, deed.who, "desk", deed.verb, deed.kind, deed.key, deed.values, deed.slip))
            try:
                yield self.loop.as_event(make())
            except ActRefused as refused:
                self.log(Acted(seq, self.now, "refused", why=refused.code))
                if not refused.retryable:  # settled by somebody else in the meantime: no fault of the plan
                    self.counts["desk_refused"] += 1
                    return refused.code
            else:
                self.log(Acted(seq, self.now, "done", deed.key))
                return "done"
            yield self.env.timeout(RETRY_S)

    def look(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]] | None:
        """Return what a person sees, or None while the system is down."""
        try:
            return self.people.look(system, kind, **equals)
        except ActRefused:
            return None

    def _keep(self, refused: Refused) -> None:
        self.counts["refused"] += 1
        if len(self.refusals) < REFUSALS_MAX:
            self.refusals.append(refused)

    def rounds(self, place: Place, hours: Sequence[float], *, since: int | None = None) -> Iterator[int]:
        """Return the instants of a person's rounds, working day by working day, without end; past ones are left out."""
        begin = self.now if since is None else since
        day = local_date(begin, place.zone)
        while True:
            if is_working(day, place):
                for hour in hours:
                    if (at := hour_of(day, hour, place)) >= begin:
                        yield at
            day += DAY
