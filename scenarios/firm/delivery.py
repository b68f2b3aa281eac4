"""The work on one project, in the PSA: people book and submit, approvers decide, milestones are completed and accepted.

One process a project walks through its steps in the planned order. So approvals keep their order whatever happens to their
instants, and with it every decision about a cap. A step that was due before the workspace stood is done right after; one that
an outage held up keeps its scheduled instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scenarios.clock.draws import integer
from scenarios.firm.model import TM, Deal, Goal, Sheet
from scenarios.firm.oddities import NO_DAYS, extreme_minutes
from scenarios.firm.office import Deed, Going, Office
from scenarios.firm.staffing import Site

GAP_MS = 1_000
CATCH_UP_S = (20, 180)
FIRST_CATCH_UP_MS = 900_000
BOOK, REJECT, RESUBMIT, APPROVE, BEGIN, COMPLETE, ACCEPT, WITHDRAW = range(8)
SUBMISSIONS = {"time": "timesheet_submission", "expense": "expense_submission"}
MISTYPED_MINUTES = (1, 3)


class Step(NamedTuple):
    """One thing to do on a project; equal instants go by rank, then key."""

    at: int
    rank: int
    key: str
    sheet: Sheet | None
    goal: Goal | None


@dataclass
class Held:
    """What the PSA knows of a sheet: ids of its lines ("" where one was refused) with labels, and its last submission."""

    ids: list[Any] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    submission: str = ""


def steps(sheets: list[Sheet], goals: list[Goal]) -> list[Step]:
    """Return everything to do on a project, in order."""
    made: list[Step] = []
    for sheet in sheets:
        marks = [(BOOK, sheet.submitted), (REJECT, sheet.rejected), (RESUBMIT, sheet.resubmitted), (APPROVE, sheet.approved)]
        marks.append((WITHDRAW, sheet.withdrawn))
        made += [Step(at, rank, sheet.key, sheet, None) for rank, at in marks if at]
    for goal in goals:
        marks = [(BEGIN, goal.started), (COMPLETE, goal.completed), (ACCEPT, goal.accepted)]
        made += [Step(at, rank, goal.key, None, goal) for rank, at in marks if at]
    return sorted(made, key=lambda step: step[:3])


class Delivery:
    """One project's work, from the moment its workspace stands."""

    def __init__(self, office: Office, deal: Deal, site: Site) -> None:
        self.office, self.deal, self.site = office, deal, site
        self.held: dict[str, Held] = {}
        self.rates = {line.key: line.rate for line in deal.lines}
        self.workspace = f"id:{site.workspace}"
        self.billable = deal.kind == TM
        self.owner = office.plan.owners[deal.sow]

    def work(self) -> Going:
        """Do all steps."""
        office = self.office
        for at, step in self._timed(office.now):
            yield office.until(at)
            if self.deal.sow in office.taken_back:
                break
            if step.goal is not None:
                yield from self._move(step.goal, step.rank, at)
            elif step.sheet is not None:
                yield from self._handle(step.sheet, step.rank, at)
        office.counts["finished"] += 1

    def _timed(self, ready: int) -> Iterator[tuple[int, Step]]:
        """Give each step its instant: the planned one, or one after the other when the workspace came late."""
        last = ready + FIRST_CATCH_UP_MS
        for step in steps(self.office.plan.sheets[self.deal.sow], self.office.plan.goals[self.deal.sow]):
            if step.at > last:
                last = step.at
            else:
                late = step.at < ready
                last += 1000 * integer(*CATCH_UP_S, self.office.seed, "catch up", step.key, step.rank) if late else GAP_MS
            yield last, step

    def _handle(self, sheet: Sheet, rank: int, at: int) -> Going:
        if rank == BOOK:
            yield from self._book(sheet, at)
        elif rank == REJECT:
            yield from self._reject(sheet, at)
        elif rank == RESUBMIT:
            yield from self._resubmit(sheet, at)
        elif rank == WITHDRAW:
            yield from self._decide(sheet, "withdraw", at, {"comment": "Approved by mistake."}, slip=sheet.slip)
        else:
            yield from self._approve(sheet, at)

    def _book(self, sheet: Sheet, at: int) -> Going:
        held = self.held[sheet.key] = Held()
        if sheet.slip == "extreme_values":
            yield from self._exaggerate(sheet, at)
        for deed in self._time_deeds(sheet, at) if sheet.entries else self._expense_deeds(sheet, at):
            id = yield from self.office.insist(deed)
            held.ids.append(plain(id))
            held.labels.append(deed.key)
        self.office.counts["booked"] += len(held.ids)
        yield from self._submit(sheet, held, at)

    def _exaggerate(self, sheet: Sheet, at: int) -> Going:
        """Try what cannot be, before what is true: the PSA is to refuse it."""
        true = next(self._time_deeds(sheet, at))
        tries: list[dict[str, Any]] = [{"minutes": minutes} for minutes in extreme_minutes(self.office.seed, sheet.key)]
        tries += [{"performed_on": day} for day in NO_DAYS]
        for odd in tries:
            told = None if true.true is None else {**true.true, **odd}
            deed = true._replace(values={**true.values, **odd}, true=told, key=f"{true.key}|try", slip=sheet.slip)
            made = yield from self.office.insist(deed, expected=False)
            assert not made, f"the PSA took {odd} of {true.key}"

    def _time_deeds(self, sheet: Sheet, at: int) -> Iterator[Deed]:
        """One deed an entry; the mistyped one differs from what is true."""
        who, deal, rate = sheet.person.number, self.deal, self.rates.get(sheet.wbs) if self.billable else None
        story = self.site.stories.get(sheet.wbs)
        story_handle = None if story is None else f"id:{story}"
        for place, (on, minutes, sequence) in enumerate(sheet.entries):
            values = {
                "workspace_id": self.workspace, "story_id": story_handle, "user_id": who, "performed_on": on, "minutes": minutes,
                "billable": self.billable, "rate": rate, "currency": deal.currency, "sequence": sequence,
            }  # fmt: skip
            true = {**values, "workspace_id": deal.sow, "story_id": sheet.wbs}
            slip = sheet.slip if sheet.slip == "late_entry" else ""
            if place == sheet.wrong:
                values["minutes"] = minutes + 60 * integer(*MISTYPED_MINUTES, self.office.seed, "mistyped", sheet.key)
                slip = "rejected_timesheet"
            yield Deed(who, "psa", "create", "time_entry", f"{who}|{sheet.wbs}|{on}|{sequence}", values, at, true, "", slip)

    def _expense_deeds(self, sheet: Sheet, at: int) -> Iterator[Deed]:
        who, deal = sheet.person.number, self.deal
        for place, (on, amount, sequence, category, billable, receipt) in enumerate(sheet.claims):
            values = {
                "workspace_id": self.workspace, "user_id": who, "spent_on": on, "amount": amount, "currency": deal.currency,
                "category": category, "billable": billable, "reimbursable": True, "receipt": receipt or None,
            }  # fmt: skip
            true = {**values, "workspace_id": deal.sow}
            slip = ""
            if place == sheet.wrong:
                values["amount"], slip = amount * 10, "rejected_expense"
            key = f"{who}|{deal.sow}|{sheet.week.isoformat()}|X{sequence}"
            yield Deed(who, "psa", "create", "expense", key, values, at, true, "", slip)

    def _submit(self, sheet: Sheet, held: Held, at: int) -> Going:
        if not any(held.ids):
            return
        who = sheet.person.number
        lines = sheet.entries or sheet.claims
        dates = {"start_on": min(line.on for line in lines), "end_on": max(line.on for line in lines)}
        values = {"workspace_id": self.workspace, "user_id": who, **dates, "entries": [id for id in held.ids if id != ""]}
        true = {"workspace_id": self.deal.sow, "user_id": who, **dates, "entries": held.labels}
        held.submission = yield from self.office.insist(
            Deed(who, "psa", "submit", SUBMISSIONS[sheet.kind], sheet.key, values, at, true, "")
        )
        self.office.counts["submitted"] += 1

    def _reject(self, sheet: Sheet, at: int) -> Going:
        yield from self._decide(sheet, "reject", at, {"comment": "Does not match the plan of the week; please check."})

    def _approve(self, sheet: Sheet, at: int) -> Going:
        yield from self._decide(sheet, "approve", at, {})
        self.office.counts["approved"] += len(self.held[sheet.key].ids)

    def _decide(self, sheet: Sheet, verb: str, at: int, values: dict[str, Any], *, slip: str = "") -> Going:
        held = self.held[sheet.key]
        if not held.submission:
            return
        true = {**values, "workspace_id": self.deal.sow, "user_id": sheet.person.number, "entries": held.labels}
        handle = f"id:{held.submission}"
        yield from self.office.insist(
            Deed(sheet.approver, "psa", verb, SUBMISSIONS[sheet.kind], sheet.key, values, at, true, handle, slip)
        )

    def _resubmit(self, sheet: Sheet, at: int) -> Going:
        """Correct the mistyped line to what is true, and submit all of them again."""
        held = self.held[sheet.key]
        if not held.submission:
            return
        field, value = (
            ("minutes", sheet.entries[sheet.wrong].minutes) if sheet.entries else ("amount", sheet.claims[sheet.wrong].amount)
        )
        kind = "time_entry" if sheet.entries else "expense"
        handle = f"id:{held.ids[sheet.wrong]}"
        yield from self.office.insist(
            Deed(sheet.person.number, "psa", "update", kind, held.labels[sheet.wrong], {field: value}, at, handle=handle)
        )
        yield from self._submit(sheet, held, at)

    def _move(self, goal: Goal, rank: int, at: int) -> Going:
        """Begin or complete a milestone, or record the client's acceptance."""
        values: dict[str, Any] = {"state": "started"} if rank == BEGIN else {"state": "completed"}
        if rank == ACCEPT:
            values = {"accepted_at": at, "accepted_by": goal.accepted_by}
            self.office.counts["accepted"] += 1
        handle = f"id:{self.site.stories[goal.key]}"
        yield from self.office.insist(
            Deed(self.owner, "psa", "update", "story", goal.key, values, at, {**values, "workspace_id": self.deal.sow}, handle)
        )


def plain(id: str) -> str | int:
    """Return an id as the vendor counts it: acts answer text, submissions name numbers."""
    return int(id) if id.isdigit() else id
