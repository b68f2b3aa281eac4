"""What a clerk knows to do about an exception beside filling a field: lines, accounts, people, reopened deals, credits.

Everything is done in the system that owns the fact, in the clerk's own name or that of whoever the clerk asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenarios.firm.model import Deal, Upset
from scenarios.firm.office import Deed, Going, Office, duplicate_of
from scenarios.firm.roster import MAIL
from scenarios.firm.staffing import desk_number
from scenarios.firm.upsets import merge_accounts

HOUR_MS = 3_600_000
RELEASE_MS = 3 * HOUR_MS  # what the integration is given to see a change order before a clerk writes anything off

Item = dict[str, Any]
Mend = Callable[[Item, Deal | None], Going]


class Mending:
    """The remedies of one clerk."""

    def __init__(self, office: Office, who: str) -> None:
        self.office, self.who = office, who
        self.remedies: dict[str, Mend] = {
            "SCHEDULE_MISMATCH": self.lines,
            "RATE_MISSING": self.lines,
            "DUPLICATE_ACCOUNT": self.duplicate,
            "DEAL_REOPENED": self.win_again,
            "AMENDMENT_UNSUPPORTED": self.old_terms,
            "PERSON_UNASSIGNED": self.assign,
            "PERSON_UNKNOWN": self.employ,
            "CREDIT_HOLD": self.release,
            "APPROVAL_WITHDRAWN": self.credit,
        }

    def waits(self, code: str, deal: Deal | None) -> bool:
        """Whether the clerk lets the item lie: a change order is on its way, or was only just made."""
        if code != "CAP_EXCEEDED" or deal is None:
            return False
        made = self.office.amended.get(deal.sow)
        if made is not None:
            return self.office.now < made + RELEASE_MS
        return any(is_rise(upset, deal.sow) for upset in self.office.plan.upsets)

    def lines(self, _item: Item, deal: Deal | None) -> Going:
        """Give every sold line its true price."""
        for line in deal.lines if deal else ():
            rows = self.office.look("crm", "opportunity_line", line_key=line.key)
            if rows and (rows[0]["unit_price"], rows[0]["total_price"]) != (line.rate, line.total):
                yield from self._write("opportunity_line", line.key, {"unit_price": line.rate}, {"total_price": line.total})

    def duplicate(self, _item: Item, deal: Deal | None) -> Going:
        """Merge what a colleague opened again into the account that stood before."""
        if deal is not None and "duplicate_account" in deal.slips and duplicate_of(deal) not in self.office.merged:
            master = deal.account.key
            while master in self.office.merged:
                master = self.office.merged[master]
            yield from merge_accounts(self.office, self.who, duplicate_of(deal), master, "")

    def win_again(self, _item: Item, deal: Deal | None) -> Going:
        """The deal was reopened by mistake: its work goes on."""
        rows = self.office.look("crm", "opportunity", number=deal.opportunity) if deal else None
        if deal and rows and rows[0]["stage"] == "reopened":
            yield from self._write("opportunity", deal.opportunity, {"stage": "closed_won"})

    def old_terms(self, _item: Item, deal: Deal | None) -> Going:
        """Return to the terms that can be billed, as one version more."""
        rows = self.office.look("crm", "sow", number=deal.sow) if deal else None
        if deal and rows and rows[0]["selling_entity"] != deal.entity:
            version = int(rows[0]["terms_version"]) + 1
            yield from self._write("sow", deal.sow, {"selling_entity": deal.entity, "terms_version": version})

    def assign(self, item: Item, deal: Deal | None) -> Going:
        """Put the person on the task, as staffing should have."""
        entry = self._entry(item)
        if entry is None or deal is None:
            return
        person, wbs = self._person(entry), self._wbs(entry)
        if self.office.look("psa", "assignment", story_id=entry["story_id"], user_id=entry["user_id"]):
            return
        values = {"story_id": f"id:{entry['story_id']}", "user_id": f"id:{entry['user_id']}"}
        true = {"story_id": wbs, "user_id": person}
        who = desk_number(deal.entity)
        yield from self.office.insist(
            Deed(who, "psa", "create", "assignment", f"{person}|{wbs}", values, self.office.now, true, handle="")
        )

    def employ(self, item: Item, _deal: Deal | None) -> Going:
        """Set the person's record in the ERP right: at work, and in the entity that employs them."""
        entry = self._entry(item)
        number = self._person(entry) if entry else ""
        rows = self.office.look("erp", "employee", external_id=number) if number else None
        person = next((each for each in self.office.plan.people if each.number == number), None)
        if not rows or person is None:
            return
        home = self.office.look("erp", "subsidiary", external_id=f"SUB-{person.entity}") or []
        values: dict[str, Any] = {}
        if rows[0].get("inactive"):
            values["inactive"] = False
        if home and rows[0]["subsidiary_id"] != home[0]["id"]:
            values["subsidiary_id"] = f"SUB-{person.entity}"
        if values:
            who = f"hr@{person.entity.lower()}.{MAIL}"
            yield from self.office.insist(Deed(who, "erp", "update", "employee", number, values, self.office.now))

    def release(self, item: Item, _deal: Deal | None) -> Going:
        """The customer is good for it: take the hold away."""
        key = str(item.get("subject"))
        rows = self.office.look("erp", "customer", external_id=key)
        if rows and rows[0].get("credit_hold"):
            yield from self.office.insist(
                Deed(self.who, "erp", "update", "customer", key, {"credit_hold": False}, self.office.now)
            )

    def credit(self, item: Item, deal: Deal | None) -> Going:
        """Ask the AR clerk for a credit memo of the line that should not have been billed; the controller approves it."""
        source = str(item.get("source") or item.get("subject"))
        lines = self.office.look("erp", "invoice_line", source=source)
        if not lines or deal is None or self.office.look("erp", "credit", external_id=f"CR-{source}"):
            return
        external = str((item.get("facts") or {}).get("invoice"))
        invoices = self.office.look("erp", "invoice", external_id=external)
        if not invoices or invoices[0]["status"] == "open":
            return  # nothing is credited before the client has the invoice
        entity = deal.entity.lower()
        amount = int(lines[0]["net"]) + int(lines[0]["tax"])
        values = {
            "external_id": f"CR-{source}", "invoice_id": external, "amount": amount, "source": source,
            "reason": f"approval withdrawn: {source}", "requested_by": self.who, "approved_by": f"controller@{entity}.{MAIL}",
        }  # fmt: skip
        yield from self.office.insist(
            Deed(f"ar@{entity}.{MAIL}", "erp", "issue", "credit", f"CR-{source}", values, self.office.now, handle="")
        )

    def _entry(self, item: Item) -> dict[str, Any] | None:
        """The time entry or expense that an item is about, as the PSA shows it."""
        head, _, id = str(item.get("source") or item.get("subject")).partition("-")
        kind = {"TE": "time_entry", "EX": "expense"}.get(head)
        rows = self.office.look("psa", kind, id=int(id)) if kind and id.isdigit() else None
        return rows[0] if rows else None

    def _person(self, entry: dict[str, Any]) -> str:
        rows = self.office.look("psa", "user", id=entry["user_id"])
        return str(rows[0]["number"]) if rows else ""

    def _wbs(self, entry: dict[str, Any]) -> str:
        rows = self.office.look("psa", "story", id=entry["story_id"])
        return str(rows[0]["title"]).split(" ", 1)[0] if rows else ""

    def _write(self, kind: str, key: str, values: dict[str, Any], more: dict[str, Any] | None = None) -> Going:
        true = {**values, **more} if more else None
        yield from self.office.insist(Deed(self.who, "crm", "update", kind, key, values, self.office.now, true))
        self.office.counts["mended"] += 1


def is_rise(upset: Upset, sow: str) -> bool:
    """Whether an upset is the higher cap of a contract."""
    return upset.name == "amended" and upset.subject == sow and upset.params["mode"] == "cap"
