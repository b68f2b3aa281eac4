"""Things somebody does once, out of turn: a deal taken back, a contract amended, accounts merged, a person said to have left.

Each upset of the plan is a process of its own, under the name of whoever does such things. Some are tried although the system may
not allow them by then; that is no refusal of the plan.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from scenarios.firm.model import Deal, Upset
from scenarios.firm.office import Deed, Going, Office
from scenarios.firm.roster import MAIL, clerk_mail

MASTERS_FROM, HOLDINGS_FROM = 80_000, 90_000
LOST_AFTER_S, LOOK_S, LOOKS_MAX = 20 * 3600.0, 3600.0, 24 * 20
LONGER = dt.timedelta(days=30)


class Upsets:
    """Starts every upset of the plan."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.acts: dict[str, Callable[[Upset], Going]] = {
            "reopened_deal": self.take_back,
            "amended": self.amend,
            "misplaced_person": self.misplace,
            "merged_account": self.merge,
            "credit_hold": self.hold,
            "odd_hierarchy": self.hang,
        }

    def start(self) -> None:
        """Begin all of them."""
        for upset in self.office.plan.upsets:
            about = str(upset.params.get("sow") or upset.subject)
            if about.startswith("S-") and about not in self.office.deals:
                continue  # spared
            self.office.env.process(self._one(upset))

    def _one(self, upset: Upset) -> Going:
        yield self.office.until(upset.at)
        yield from self.acts[upset.name](upset)

    # Deals and contracts.

    def take_back(self, upset: Upset) -> Going:
        """Reopen a won deal, or delete it. One that was reopened before any work is lost the next day."""
        office, deal, mode = self.office, self.office.deals[upset.subject], upset.params["mode"]
        if mode == "deleted":
            office.taken_back.add(deal.sow)
            yield from office.insist(
                Deed(deal.seller, "crm", "delete", "opportunity", deal.opportunity, {}, upset.at, slip=upset.name)
            )
            return
        if mode == "early":
            office.taken_back.add(deal.sow)
        done = yield from self._stage(deal, "reopened", upset.at, upset.name)
        if mode != "early":
            return
        if not done:
            office.taken_back.discard(deal.sow)
            return
        yield office.env.timeout(LOST_AFTER_S)
        yield from self._stage(deal, "closed_lost", office.now, upset.name)

    def _stage(self, deal: Deal, stage: str, at: int, slip: str) -> Any:
        deed = Deed(deal.colleague, "crm", "update", "opportunity", deal.opportunity, {"stage": stage}, at, slip=slip)
        return (yield from self.office.insist(deed, expected=False))

    def amend(self, upset: Upset) -> Going:
        """Write the client's signed change on the statement of work, as the next version of its terms, once it is under delivery."""
        deal, office = self.office.deals[upset.subject], self.office
        for _ in range(LOOKS_MAX):
            rows = office.look("crm", "sow", number=deal.sow)
            if rows and rows[0].get("delivery_status") == "Active":
                break
            yield office.env.timeout(LOOK_S)
        else:
            return
        values: dict[str, Any] = {"terms_version": int(rows[0].get("terms_version") or 1) + 1}
        if upset.params["mode"] == "cap":
            values["cap"] = upset.params["cap"]
        elif upset.params["mode"] == "dates":
            values["end_on"] = (deal.end_on + LONGER).isoformat()
        else:
            values["selling_entity"] = another(list(office.spec.entities), deal.entity)
        yield from office.insist(Deed(deal.seller, "crm", "update", "sow", deal.sow, values, upset.at, slip=upset.name))
        if "cap" in values:
            office.amended[deal.sow] = office.now

    # Accounts and customers.

    def merge(self, upset: Upset) -> Going:
        """Enter the account anew, as the group's data standard wants it, and merge the old one into it."""
        office, deal = self.office, self.office.deals[upset.params["sow"]]
        loser, who = office.account_of(deal), clerk_mail("sales-ops")
        rows = office.look("crm", "account", number=loser)
        if not rows:
            return
        names = (
            "name", "type", "industry", "segment", "country", "region", "street", "city", "postal_code", "tax_id", "currency", "phone",
            "website",
        )  # fmt: skip
        master = f"A-{MASTERS_FROM + int(loser[2:]):05}"
        values = {"number": master, **{name: rows[0][name] for name in names if rows[0].get(name) is not None}}
        made = yield from office.insist(Deed(who, "crm", "create", "account", master, values, upset.at, slip=upset.name))
        if made:
            yield from merge_accounts(office, who, loser, master, upset.name)

    def hold(self, upset: Upset) -> Going:
        """Put the account's customer on hold in the ERP."""
        deal = self.office.deals[upset.params["sow"]]
        who = f"ar@{deal.entity.lower()}.{MAIL}"
        for row in self.office.look("erp", "customer") or []:
            if str(row.get("external_id")) == f"CUS-{deal.account.key}-{deal.entity}":
                values = {"credit_hold": True}
                deed = Deed(who, "erp", "update", "customer", str(row["external_id"]), values, upset.at, slip=upset.name)
                yield from self.office.insist(deed)

    def hang(self, upset: Upset) -> Going:
        """Put a holding above the account; then either the account above its holding, or the holding away."""
        office, deal = self.office, self.office.deals[upset.params["sow"]]
        account, who = office.account_of(deal), clerk_mail("sales-ops")
        holding = f"A-{HOLDINGS_FROM + int(account[2:]) % 1000:05}"
        values = {
            "number": holding,
            "name": f"{deal.account.name} Holding"[:120],
            "country": deal.account.country,
            "segment": "standard",
        }
        yield from office.insist(Deed(who, "crm", "create", "account", holding, values, upset.at, slip=upset.name))
        yield from office.insist(
            Deed(who, "crm", "update", "account", account, {"parent_id": holding}, upset.at, slip=upset.name)
        )
        if upset.params["mode"] == "cycle":
            deed = Deed(who, "crm", "update", "account", holding, {"parent_id": account}, upset.at, slip=upset.name)
            made = yield from office.insist(deed, expected=False)
            assert not made, "the CRM took a circle of accounts"
        else:
            yield from office.insist(Deed(who, "crm", "delete", "account", holding, {}, upset.at, slip=upset.name))

    # People.

    def misplace(self, upset: Upset) -> Going:
        """Say in the ERP that a person has left, or works for another entity."""
        entity = str(upset.params["entity"])
        values: dict[str, Any] = {"inactive": True}
        if upset.params["mode"] == "entity":
            values = {"subsidiary_id": f"SUB-{another(list(self.office.spec.entities), entity)}"}
        who = f"hr@{entity.lower()}.{MAIL}"
        yield from self.office.insist(Deed(who, "erp", "update", "employee", upset.subject, values, upset.at, slip=upset.name))


def merge_accounts(office: Office, who: str, loser: str, master: str, slip: str) -> Going:
    """Merge one account into another: what hung on it hangs on the other from now on."""
    done = yield from office.insist(Deed(who, "crm", "merge", "account", master, {"loser": loser}, office.now, slip=slip))
    if done:
        office.merged[loser] = master


def another(codes: list[str], code: str) -> str:
    """The entity after this one."""
    return codes[(codes.index(code) + 1) % len(codes)]
