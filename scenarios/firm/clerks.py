"""Exception clerks: they work a queue of the orchestrator's desk by rounds, mend the source, and send the item on.

A clerk reads the code, knows from the true deal what ought to stand in the named field, corrects it in the owning system under
the clerk's own name, and resubmits. Work over its cap is waived as a write-off. What nobody can mend is resubmitted, ever less
often, up to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scenarios.clock.draws import lognormal
from scenarios.firm.mending import Mending
from scenarios.firm.model import Deal
from scenarios.firm.office import Deed, Going, Office
from scenarios.firm.ports import ActRefused, Desk
from scenarios.firm.roster import MAIL, clerk_mail

SOW = re.compile(r"S-\d{5,}")
WAIVED = {"CAP_EXCEEDED": "write-off: over the cap"}
OF_CODE = ("DEFECT", "CHANGED")  # a matter of the orchestrator's own code: nobody of this firm mends that
DIRECTOR = f"delivery-director@group.{MAIL}"
MS_PER_MINUTE = 60_000

Truth = Callable[[Deal], dict[str, Any]]
SOW_FIELDS: dict[str, Truth] = {
    "TAX_PROFILE_MISSING": lambda deal: {"tax_profile": deal.tax_profile},
    "TAX_PROFILE_MISMATCH": lambda deal: {"tax_profile": deal.tax_profile},
    "BILLING_CONTACT_MISSING": lambda deal: {"billing_contact_id": deal.account.contact_email},
    "OFFERING_UNMAPPED": lambda deal: {"service_offering": deal.offering},
    "TERMS_MISSING": lambda deal: {"terms": deal.terms},
    "ENTITY_UNKNOWN": lambda deal: {"selling_entity": deal.entity},
    "CURRENCY_MISMATCH": lambda deal: {"currency": deal.currency},
}
ACCOUNT_FIELDS: dict[str, Truth] = {
    "TAX_ID_MISSING": lambda deal: {"tax_id": deal.account.tax_id},
    "TAX_ID_INVALID": lambda deal: {"tax_id": deal.account.tax_id},
}


class ExceptionClerk:
    """Works one queue."""

    def __init__(self, office: Office, queue: str) -> None:
        self.office, self.queue = office, queue
        self.who = clerk_mail(queue)
        self.mending = Mending(office, self.who)
        self.place = getattr(office.spec.clerks, queue.replace("-", "_")).place
        self.tries: dict[tuple[str, str], int] = {}
        self.not_before: dict[tuple[str, str], int] = {}
        self.round = 0

    def work(self) -> Going:
        """Look at the queue at every round, and work what is there, one item after the other, for ever."""
        desk = self.office.desk
        if desk is None:
            return
        assert self.office.loop is not None, "a desk is reached through a loop"
        for at in self.office.rounds(self.place, self.office.spec.clerks.round_hours):
            if at < self.office.now:
                continue
            yield self.office.until(at)
            self.round += 1
            try:
                items = yield self.office.loop.as_event(desk.exceptions(self.queue))
            except ActRefused:
                continue
            for item in sorted(items, key=lambda each: (each.get("opened_at") or 0, str(each["id"]))):
                if item.get("state", "open") == "open":
                    yield from self._handle(item, desk)

    def _handle(self, item: dict[str, Any], desk: Desk) -> Going:
        id, code = str(item["id"]), str(item["code"])
        if code in OF_CODE:
            return
        what = (code, str(item.get("source") or item.get("subject")))
        if self.not_before.get(what, 0) > self.round or self.tries.get(what, 0) >= self.office.spec.clerks.tries_max:
            return
        if self.mending.waits(code, self._deal(item)):
            return
        self.tries[what] = self.tries.get(what, 0) + 1
        self.not_before[what] = self.round + self.tries[what]
        yield self._at_work(code, *what)
        values = {"code": code, "subject": item.get("subject"), "source": item.get("source")}
        if code in WAIVED:
            yield from self._write_off(id, {**values, "reason": WAIVED[code]}, desk)
            return
        yield from self._mend(item, code)
        note = f"checked by {self.queue}"
        deed = Deed(self.who, "desk", "resubmit", "exception", id, {**values, "note": note}, self.office.now)
        yield from self.office.ask(deed, lambda: desk.resubmit(id, note))
        self.office.counts["resubmitted"] += 1

    def _write_off(self, id: str, values: dict[str, Any], desk: Desk) -> Going:
        """Waive it; what is above the clerk's authority the desk refuses, and the director does it."""
        limits = self.office.spec.clerks
        people = (("clerk", self.who, limits.waive_minor_max), ("director", DIRECTOR, limits.director_waive_minor_max))
        for role, who, limit in people:
            told = {**values, "authority_minor": limit}
            deed = Deed(who, "desk", "waive", "exception", id, told, self.office.now)
            said = yield from self.office.ask(deed, lambda role=role: desk.waive(id, values["reason"], role))  # type: ignore[misc]
            if said.partition(":")[0] != "denied":  # what the desk says beside the code comes along
                break
        self.office.counts["waived"] += 1

    def _at_work(self, code: str, *what: str) -> Any:
        numbers = self.office.spec.clerks
        median = numbers.waive_minutes_median if code in WAIVED else numbers.minutes_median
        minutes = lognormal(median, numbers.sigma, self.office.seed, "clerk", self.queue, *what, self.tries[(what[0], what[1])])
        return self.office.until(self.office.now + round(minutes * MS_PER_MINUTE))

    def _mend(self, item: dict[str, Any], code: str) -> Going:
        """Write the true value into the field the code names, unless it stands there already."""
        deal = self._deal(item)
        if code in self.mending.remedies:
            yield from self.mending.remedies[code](item, deal)
        elif deal is None:
            return
        elif code in SOW_FIELDS:
            yield from self._write("sow", deal.sow, SOW_FIELDS[code](deal))
        elif code in ACCOUNT_FIELDS:
            yield from self._write("account", self.office.account_of(deal), ACCOUNT_FIELDS[code](deal))

    def _deal(self, item: dict[str, Any]) -> Deal | None:
        """The deal an item is about, by the number it names."""
        told = [item.get(name) for name in ("subject", "source", "run", "detail")] + [(item.get("facts") or {}).get("sow")]
        found = SOW.search(" ".join(str(each) for each in told))
        return self.office.deals.get(found.group()) if found else None

    def _write(self, kind: str, key: str, values: dict[str, Any]) -> Going:
        rows = self.office.look("crm", kind, number=key)
        if rows and all(rows[0].get(name) == value for name, value in values.items()):
            return
        yield from self.office.insist(Deed(self.who, "crm", "update", kind, key, values, self.office.now))
        self.office.counts["mended"] += 1
