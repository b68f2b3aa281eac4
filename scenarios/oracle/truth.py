"""What people really did, from the ground-truth log: deals as they finally meant them, work, approvals, acceptances.

Acts are applied when their `Acted` says done. Later acts of people mend earlier slips, so the rows here are the final truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from scenarios.history import Act, Acted

Row = dict[str, Any]
ALTERING = frozenset({"reopened_deal", "amended", "approval_withdrawn", "tight_cap"})
"""Acts after which a contract is not what it would have been without them: no twin knows what it ought to be."""


class Work(msgspec.Struct, gc=False):
    """One time entry or expense as it truly was. `id` is the PSA's, `line` the role line booked on, `amount` in minor units."""

    id: str
    sow: str
    line: str
    person: str
    on: str
    minutes: int = 0
    amount: int = 0
    currency: str = ""
    billable: bool = True
    submission: str = ""
    approved_at: int = 0  # as the approver meant it
    fell_at: int = 0  # when that approval was taken back, `stood_from` when it was given
    stood_from: int = 0
    decided_at: int = 0  # when the PSA took it, later after an outage
    sequence: int = 0


@dataclass
class Truth:
    """Rows by business key (CRM) or label (work). `people` are all who ever acted; `slips` counts human mistakes."""

    accounts: dict[str, Row] = field(default_factory=dict)
    opportunities: dict[str, Row] = field(default_factory=dict)
    lines: dict[str, dict[str, Row]] = field(default_factory=dict)  # opportunity number -> line key -> row
    sows: dict[str, Row] = field(default_factory=dict)
    time: dict[str, Work] = field(default_factory=dict)  # by the label people know it by
    expenses: dict[str, Work] = field(default_factory=dict)
    submissions: dict[str, list[Work]] = field(default_factory=dict)
    stories: dict[str, Row] = field(default_factory=dict)  # milestone key -> state, accepted_at
    sent: dict[str, int] = field(default_factory=dict)  # invoice -> when the clerk marked it sent
    payments: dict[str, Row] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    slips: dict[str, int] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)  # SOWs and opportunities whose meaning people changed
    withdrawn: dict[str, int] = field(default_factory=dict)  # TE- or EX- source -> when its approval was taken back
    desk: list[Act] = field(default_factory=list)
    pending: dict[int, Act] = field(default_factory=dict)
    acts: int = 0
    refused: int = 0

    def take_act(self, act: Act) -> None:
        """Remember an act until its outcome is known."""
        self.acts += 1
        self.pending[act.seq] = act
        self.people[act.who] = self.people.get(act.who, 0) + 1
        if act.slip:
            self.slips[act.slip] = self.slips.get(act.slip, 0) + 1
            if not ALTERING.isdisjoint(act.slip.split("+")):
                self.altered.add(str(act.values.get("workspace_id") or act.key))

    def take_acted(self, acted: Acted) -> None:
        """Apply the act if it was done."""
        act = self.pending.pop(acted.seq, None)
        if act is None:
            return
        if acted.outcome != "done":
            self.refused += 1
            return
        if act.system == "desk":
            self.desk.append(act)
        elif act.system == "crm":
            self._sold(act)
        elif act.system == "psa":
            self._worked(act, acted)
        elif act.system == "erp":
            self._booked(act, acted)

    # -- the CRM ----------------------------------------------------------------------------------
    def _sold(self, act: Act) -> None:
        if act.kind == "opportunity_line":
            number = str(act.values.get("opportunity_id", "")) or self._opportunity_of(act.key)
            self.lines.setdefault(number, {}).setdefault(act.key, {}).update(act.values)
            return
        rows = {"account": self.accounts, "opportunity": self.opportunities, "sow": self.sows}.get(act.kind)
        if rows is None:
            return
        row = rows.setdefault(act.key, {"_at": act.at})
        if act.verb == "merge":
            rows.setdefault(str(act.values.get("loser")), {})["_merged_into"] = act.key
            return
        row.update(act.values)
        if act.verb == "delete":
            row["stage"] = "deleted"
        if act.kind == "opportunity" and act.values.get("stage") == "closed_won":
            row.setdefault("_won_at", act.at)
        if act.kind == "sow" and act.values.get("status") == "signed":
            row.setdefault("_signed_at", act.values.get("signed_at") or act.at)

    def master_of(self, account: str) -> str:
        """The number an account goes by after every merge."""
        for _ in range(len(self.accounts)):
            master = self.accounts.get(account, {}).get("_merged_into")
            if master is None:
                break
            account = str(master)
        return account

    def _opportunity_of(self, line_key: str) -> str:
        for number, lines in self.lines.items():
            if line_key in lines:
                return number
        return ""

    # -- the PSA ----------------------------------------------------------------------------------
    def _worked(self, act: Act, acted: Acted) -> None:
        if act.kind == "time_entry":
            self._line(self.time, act, acted)
        elif act.kind == "expense":
            self._line(self.expenses, act, acted)
        elif act.kind in ("timesheet_submission", "expense_submission"):
            self._decided(act, acted)
        elif act.kind == "story":
            self.stories.setdefault(act.key, {}).update({**act.values, "_at": act.at})

    def _line(self, held: dict[str, Work], act: Act, acted: Acted) -> None:
        values = act.values
        if act.verb == "delete":
            held.pop(act.key, None)
            return
        work = held.get(act.key)
        if work is None:
            work = held[act.key] = Work(acted.id, "", "", "", "")
        work.sow = str(values.get("workspace_id", work.sow))
        work.line = str(values.get("story_id", work.line) or "")
        work.person = str(values.get("user_id", work.person))
        work.on = str(values.get("performed_on") or values.get("spent_on") or work.on)
        work.minutes = int(values.get("minutes", work.minutes))
        work.amount = int(values.get("amount", work.amount))
        work.currency = str(values.get("currency", work.currency))
        work.billable = bool(values.get("billable", work.billable))
        work.sequence = int(values.get("sequence", work.sequence) or 0)

    def _decided(self, act: Act, acted: Acted) -> None:
        """A submission is known by its sheet; sending it again after a rejection replaces what it holds."""
        held = self.time if act.kind == "timesheet_submission" else self.expenses
        if act.verb == "submit":
            listed = [held[label] for label in act.values.get("entries", ()) if label in held]
            self.submissions[act.key] = listed
            for work in listed:
                work.submission = acted.id
        elif act.verb == "approve":
            for work in self.submissions.get(act.key, ()):
                work.approved_at, work.decided_at = act.at, acted.at
        elif act.verb == "withdraw":
            prefix = "TE" if held is self.time else "EX"
            for work in self.submissions.get(act.key, ()):
                work.approved_at, work.fell_at, work.stood_from = 0, acted.at, work.approved_at
                self.withdrawn[f"{prefix}-{work.id}"] = acted.at

    # -- the ERP ----------------------------------------------------------------------------------
    def _booked(self, act: Act, acted: Acted) -> None:
        if act.kind == "invoice" and act.verb == "send":
            self.sent[acted.id] = act.at
        elif act.kind == "payment":
            self.payments[act.key or acted.id] = dict(act.values)
