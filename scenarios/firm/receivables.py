"""Money coming in: the AR clerk sends invoices and books what clients pay; payers pay late, early, or in parts.

The clerk works in the ERP by rounds. What is paid follows the invoice as it stands there; when it is paid follows its due date.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from scenarios.clock.calendar import local_date, next_working_day
from scenarios.clock.draws import bernoulli, exponential, integer, u
from scenarios.firm.chance import between
from scenarios.firm.delivery import plain
from scenarios.firm.office import Deed, Going, Office
from scenarios.firm.quarter import hour_of
from scenarios.firm.roster import MAIL

SOW = re.compile(r"S-\d{5,}")
RENAME_DAY = 45
RENAME_TRIES_MAX = 20
MINUTES_SPREAD = 240


@dataclass(frozen=True)
class Bill:
    """An invoice as the clerk sees it. `key` is its external id, or its number where none was set."""

    key: str
    handle: str
    sow: str
    customer: str
    due_on: dt.date
    gross: int
    currency: str


def bill_of(row: dict[str, Any]) -> Bill:
    """Read an invoice row."""
    external = row.get("external_id")
    sow = row.get("sow_number") or ""
    if not sow and (found := SOW.search(f"{external} {row.get('memo')}")):
        sow = found.group()
    due_on = dt.date.fromisoformat(str(row.get("due_on") or row["tran_date"])[:10])
    return Bill(
        str(external or row["number"]),
        external or f"id:{row['id']}",
        str(sow),
        f"id:{row['customer_id']}",
        due_on,
        row["gross"],
        row["currency"],
    )


class Receivables:
    """The AR clerk of one entity, and the payers the clerk hears from."""

    def __init__(self, office: Office, entity: str) -> None:
        self.office, self.entity = office, entity
        self.who = f"ar@{entity.lower()}.{MAIL}"
        self.place = office.spec.entities[entity].place
        self.subsidiary: Any = None
        self.in_parts = set(office.plan.partial_payers)
        self.seen: set[Any] = set()

    def work(self) -> Going:
        """Send what is open, at every round, for ever."""
        for at in self.office.rounds(self.place, self.office.spec.billing.send_hours):
            yield self.office.until(at)
            for row in self._open():
                yield from self._send(row, at)

    def _open(self) -> list[dict[str, Any]]:
        """Return the entity's invoices that nobody has sent yet."""
        if self.subsidiary is None:
            found = self.office.look("erp", "subsidiary", external_id=f"SUB-{self.entity}")
            if not found:
                return []
            self.subsidiary = found[0]["id"]
        rows = self.office.look("erp", "invoice", status="open", subsidiary_id=self.subsidiary) or []
        return [row for row in rows if row["id"] not in self.seen]

    def _send(self, row: dict[str, Any], at: int) -> Going:
        bill = bill_of(row)
        self.seen.add(row["id"])
        true = {"gross": bill.gross, "currency": bill.currency, "sow_number": bill.sow}
        yield from self.office.insist(Deed(self.who, "erp", "send", "invoice", bill.key, {}, at, true, bill.handle))
        self.office.counts["sent"] += 1
        if bill.gross > 0:
            self.office.env.process(self.pay(bill))

    def pay(self, bill: Bill) -> Going:
        """Pay one invoice: all at once, or a part and later the rest."""
        numbers, seed = self.office.spec.payers, self.office.seed
        sure = bill.sow in self.in_parts
        self.in_parts.discard(bill.sow)
        day = bill.due_on if sure else self._day(bill)
        if not sure and not bernoulli(numbers.partial_share, seed, "partial", bill.key):
            yield from self._receive(bill, bill.gross, day, turn=1)
            return
        part = max(1, min(bill.gross - 1, round(bill.gross * between(*numbers.partial_part, seed, "part", bill.key))))
        yield from self._receive(bill, part, day, turn=1)
        if bill.gross > part:
            rest = day + dt.timedelta(days=3 + round(exponential(numbers.rest_days_mean, seed, "rest", bill.key)))
            yield from self._receive(bill, bill.gross - part, rest, turn=2)

    def _day(self, bill: Bill) -> dt.date:
        """The day the money comes: after the due date for most, else a few days before, never before tomorrow."""
        numbers, seed = self.office.spec.payers, self.office.seed
        if u(seed, "pays late", bill.key) < numbers.late_share:
            return bill.due_on + dt.timedelta(days=1 + round(exponential(numbers.late_days_mean, seed, "days late", bill.key)))
        early = bill.due_on - dt.timedelta(days=integer(0, numbers.early_days_max, seed, "days early", bill.key))
        return max(early, local_date(self.office.now, self.place.zone) + dt.timedelta(days=1))

    def _receive(self, bill: Bill, amount: int, day: dt.date, *, turn: int) -> Going:
        """Book what the bank shows on that day."""
        day = next_working_day(max(day, local_date(self.office.now, self.place.zone)), self.place)
        minutes = integer(0, MINUTES_SPREAD, self.office.seed, "books", bill.key, turn)
        at = max(hour_of(day, self.office.spec.payers.book_hour + minutes / 60, self.place), self.office.now)
        yield self.office.until(at)
        amount = min(amount, self._owed(bill))
        if not amount:
            return
        bank_ref = f"BR-{bill.key}-{turn}"
        invoice = {"invoice": bill.handle} if not bill.handle.startswith("id:") else {"invoice_id": bill.handle[3:]}
        values = {
            "bank_ref": bank_ref, "customer_id": bill.customer, "amount": amount, "currency": bill.currency,
            "received_on": day.isoformat(), "applications": [{**invoice, "amount": amount}],
        }  # fmt: skip
        true = {**values, "customer_id": self._customer(bill), "applications": [{"invoice": bill.key, "amount": amount}]}
        slip = "partial_payment" if turn == 1 and amount < bill.gross else ""
        yield from self.office.insist(Deed(self.who, "erp", "receive", "payment", bank_ref, values, at, true, "", slip))
        self.office.counts["paid"] += 1

    def _owed(self, bill: Bill) -> int:
        """What the invoice still asks for: less than it says where finance gave credit."""
        handle = {"external_id": bill.handle} if not bill.handle.startswith("id:") else {"id": plain(bill.handle[3:])}
        rows = self.office.look("erp", "invoice", **handle)
        return int(rows[0]["open_balance"]) if rows else bill.gross

    def _customer(self, bill: Bill) -> str:
        deal = self.office.deals.get(bill.sow)
        return f"CUS-{deal.account.key}-{deal.entity}" if deal else bill.customer

    def rename(self, sow: str) -> Going:
        """Give a customer another name in the ERP, in mid-quarter: the CRM's name must not follow."""
        deal, office = self.office.deals[sow], self.office
        key = f"CUS-{deal.account.key}-{deal.entity}"
        first = next_working_day(office.plan.quarter.first + dt.timedelta(days=RENAME_DAY), self.place)
        rounds = office.rounds(self.place, (14.0,), since=hour_of(first, 0.0, self.place))
        for at, _ in zip(rounds, range(RENAME_TRIES_MAX), strict=False):
            yield office.until(at)
            if office.look("erp", "customer", external_id=key):
                yield from office.insist(
                    Deed(self.who, "erp", "update", "customer", key, {"name": f"{deal.account.name} (Shared Services)"}, at)
                )
                return
