"""The joined view the judges look at: contracts with their truth and their rows in three systems, invoices with their lines.

Built once, after the run. Where ids are the vendor's, references are followed; business numbers name everything to people.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import Any

from scenarios.history import Act
from scenarios.oracle.contract import Contract, Due, Invoice, line_value, number_of, number_of_row
from scenarios.oracle.matching import Matching
from scenarios.oracle.money import CURRENCY, net_of_minutes
from scenarios.oracle.trail import Trail

CUSTOMER = re.compile(r"CUS-(A-\d+)-([A-Z]{2})$")
BILLING_RUN = re.compile(r"INV-S-\d+-(\d{4})(\d{2})-(\d+)$")
SETTLED = frozenset({"resolved", "waived"})
DEFECT = "DEFECT"
YOUNG_MS = 4 * 86_400_000  # a clerk has looked at every item older than that: rounds on each working day


class View:
    """See the module. Everything is computed when first asked for."""

    def __init__(self, trail: Trail) -> None:
        self.trail, self.books, self.truth = trail, trail.books, trail.truth

    @cached_property
    def entities(self) -> dict[str, str]:
        """{subsidiary id: entity code}"""
        return {id: str(row.get("code") or row.get("external_id", "")[-2:]) for id, row in self.books.live("erp", "subsidiary")}

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """Every SOW that anybody knows of, by number."""
        return {number: contract for number, contract in self._grouped.items() if number}

    @cached_property
    def strays(self) -> Contract:
        """Orders, projects and invoices that name no statement of work."""
        return self._grouped.get("") or Contract("", {}, {}, {}, {})

    @cached_property
    def _grouped(self) -> dict[str, Contract]:
        found: dict[str, Contract] = {}
        for number, sow in self.truth.sows.items():
            opportunity = self.truth.opportunities.get(str(sow.get("opportunity_id", "")), {})
            account = self.truth.accounts.get(
                self.truth.master_of(str(sow.get("account_id") or opportunity.get("account_id") or "")), {}
            )
            lines = self.truth.lines.get(str(sow.get("opportunity_id", "")), {})
            found[number] = Contract(number, sow, opportunity, account, lines)
        for kind, name in (("sales_order", "orders"), ("job", "jobs")):
            for id, row in self.books.live("erp", kind):
                getattr(self._known(found, number_of_row(row)), name).append((id, row))
        for id, row in self.books.live("psa", "workspace"):
            self._known(found, number_of(row.get("title"))).workspaces.append((id, row))
        for invoice in self.invoices.values():
            self._known(found, self.number_of_invoice(invoice)).invoices.append(invoice)
        stories: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for _, row in self.books.live("psa", "story"):
            stories[str(row.get("workspace_id"))].append((str(row.get("title") or ""), int(row["_at"])))
        for contract in found.values():
            contract.stories = [story for id, _ in contract.workspaces for story in stories.get(id, ())]
        return found

    def _known(self, found: dict[str, Contract], number: str) -> Contract:
        if number not in found:
            found[number] = Contract(number, {}, {}, {}, {})
        return found[number]

    @cached_property
    def invoices(self) -> dict[str, Invoice]:
        """Every invoice by id, lines attached."""
        found = {id: Invoice(id, row) for id, row in self.books.live("erp", "invoice")}
        for _, line in self.books.live("erp", "invoice_line"):
            invoice = found.get(str(line.get("invoice_id")))
            if invoice is not None:
                source = self.matching.source(line)
                invoice.lines.append(line if line.get("source") == source else {**line, "source": source or None})
        for invoice in found.values():
            invoice.lines.sort(key=lambda line: int(line.get("line") or 0))
        return found

    @cached_property
    def matching(self) -> Matching:
        """Which work stands behind a row of the ERP."""
        return Matching(self.books, self.truth)

    @cached_property
    def order_lines(self) -> dict[str, list[dict[str, Any]]]:
        """{order id: its lines}"""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for _, row in self.books.live("erp", "sales_order_line"):
            found[str(row.get("order_id"))].append(row)
        return found

    def number_of_invoice(self, invoice: Invoice) -> str:
        """The SOW an invoice belongs to, by its own field or by what it was made from."""
        row = invoice.row
        if row.get("sow_number"):
            return number_of(row["sow_number"])
        for system_kind, name in (("job", "job_id"), ("sales_order", "order_id")):
            source = self.books.row("erp", system_kind, row.get(name))
            if source is not None:
                return number_of_row(source)
        return number_of(row.get("external_id"))

    @cached_property
    def billed(self) -> dict[str, list[tuple[Invoice, dict[str, Any]]]]:
        """{source: [(invoice, line), ...]} over live invoices."""
        found: dict[str, list[tuple[Invoice, dict[str, Any]]]] = defaultdict(list)
        for invoice in self.invoices.values():
            for line in invoice.lines:
                found[str(line.get("source") or "")].append((invoice, line))
        return found

    @cached_property
    def due_time(self) -> dict[str, Due]:
        """{TE-id: what must be billed} for approved billable time on T&M contracts."""
        found: dict[str, Due] = {}
        for work in self.truth.time.values():
            contract = self.contracts.get(work.sow)
            if contract is None or not (work.approved_at and work.billable and contract.is_timed):
                continue
            key = work.line
            rate = contract.rate(key)
            net = None if rate is None else net_of_minutes(work.minutes, rate)
            found[f"TE-{work.id}"] = Due(
                f"TE-{work.id}", contract.number, net, CURRENCY.get(contract.entity, ""), work.approved_at, work, key
            )
        return found

    @cached_property
    def due_expenses(self) -> dict[str, Due]:
        """{EX-id: what must be billed} for approved billable expenses on T&M contracts."""
        found: dict[str, Due] = {}
        for work in self.truth.expenses.values():
            contract = self.contracts.get(work.sow)
            if contract is None or not (work.approved_at and work.billable and contract.is_timed):
                continue
            found[f"EX-{work.id}"] = Due(
                f"EX-{work.id}",
                contract.number,
                work.amount,
                CURRENCY.get(contract.entity, ""),
                work.approved_at,
                work,
                "EXPENSE",
            )
        return found

    @cached_property
    def due(self) -> dict[str, Due]:
        """Time and expenses together."""
        return {**self.due_time, **self.due_expenses}

    @cached_property
    def exceptions(self) -> list[dict[str, Any]]:
        """Exceptions as the orchestrator claims them; empty without claims."""
        return self.trail.claims("exceptions")

    @cached_property
    def desk(self) -> dict[str, list[Act]]:
        """{exception id: what clerks did to it, oldest first}"""
        found: dict[str, list[Act]] = defaultdict(list)
        for act in self.truth.desk:
            if act.kind == "exception":
                found[act.key].append(act)
        return found

    @cached_property
    def cut_offs(self) -> dict[tuple[str, str], list[int]]:
        """{(entity, period): cut-offs of its billing runs as the clerk asked for them}"""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for act in self.truth.desk:
            if act.verb == "start_billing":
                found[str(act.values.get("entity")), str(act.values.get("period"))].append(int(act.values["cut_off"]))
        return found

    def cut_off_of(self, invoice: Invoice, entity: str) -> int | None:
        """The cut-off of the billing run that an invoice's external id names, or None."""
        named = BILLING_RUN.search(str(invoice.row.get("external_id") or ""))
        runs = self.cut_offs.get((entity, f"{named[1]}-{named[2]}"), []) if named else []
        return runs[int(named[3]) - 1] if named and 0 < int(named[3]) <= len(runs) else None

    def is_believable(self, claimed: dict[str, Any]) -> bool:
        """Did a clerk find this exception at the desk, or is it too young for that? A claim alone excuses nothing.

        Nor does a defect of the design's own code, however well it is kept.
        """
        if claimed.get("code") == DEFECT:
            return False
        opened = int(claimed.get("opened_at") or 0)
        return bool(self.desk.get(str(claimed.get("id")))) or opened > self.trail.last_at - YOUNG_MS

    def is_open(self, number: str) -> bool:
        """Does a believable exception of this contract stand open at the end?"""
        return any(
            str(e.get("subject")) == number and e.get("state") not in SETTLED and self.is_believable(e) for e in self.exceptions
        )

    @cached_property
    def set_aside(self) -> dict[str, dict[str, Any]]:
        """{source: exception} of claims that stand parked or waived now *and* are true.

        True is: the source is due, amount and currency are right, a clerk waived what is called waived or could have seen
        what is called parked, and what is called over the cap did not fit under it when its turn came.
        """
        found: dict[str, dict[str, Any]] = {}
        for claimed in self.exceptions:
            due = self.due.get(str(claimed.get("source") or ""))
            if due is None or due.net is None or claimed.get("state") == "resolved":
                continue
            if (claimed.get("amount_minor"), claimed.get("currency")) != (due.net, due.currency):
                continue
            waived = any(act.verb == "waive" for act in self.desk.get(str(claimed.get("id")), ()))
            if waived if claimed.get("state") == "waived" else self.is_believable(claimed):
                found[due.source] = claimed
        return {s: e for s, e in found.items() if e.get("code") != "CAP_EXCEEDED" or not self._fits(self.due[s], found)}

    def _fits(self, due: Due, aside: dict[str, Any]) -> bool:
        """Was there room under the cap for this work, after all that was approved by then and not set aside?"""
        cap = self.contracts[due.contract].sow.get("cap")
        if cap is None:
            return True
        before = (
            other.net or 0
            for other in self.due_by_contract[due.contract]
            if other.approved_at <= due.approved_at and other.source != due.source and other.source not in aside
        )
        return sum(before) + self._fallen(due, aside) + (due.net or 0) <= int(cap)

    def _fallen(self, due: Due, aside: dict[str, Any]) -> int:
        """What approvals that fell since took of the cap when this work was decided: those that were billed take it still."""
        opened = int(aside[due.source].get("opened_at") or 0)
        total = 0
        for prefix, works in (("TE", self.truth.time), ("EX", self.truth.expenses)):
            for work in works.values():
                counts = work.fell_at and work.sow == due.contract and work.stood_from <= due.approved_at
                if counts and (work.fell_at > opened or f"{prefix}-{work.id}" in self.billed):
                    rate = self.contracts[work.sow].rate(work.line) or 0
                    total += net_of_minutes(work.minutes, rate) if prefix == "TE" else work.amount
        return total

    @cached_property
    def due_by_contract(self) -> dict[str, list[Due]]:
        """{SOW: what is due under it}"""
        found: dict[str, list[Due]] = defaultdict(list)
        for item in self.due.values():
            found[item.contract].append(item)
        return found

    @cached_property
    def beyond_caps(self) -> frozenset[str]:
        """Without claims: sources left unbilled that do not fit under their cap beside what is billed."""
        if self.has_claims:
            return frozenset()
        found: set[str] = set()
        for number, items in self.due_by_contract.items():
            cap = self.contracts[number].sow.get("cap")
            if cap is None:
                continue
            room = int(cap) - sum(item.net or 0 for item in items if item.source in self.billed)
            found.update(item.source for item in items if item.source not in self.billed and (item.net or 0) > room)
        return frozenset(found)

    @cached_property
    def lost(self) -> list[Due]:
        """Due work that is neither billed nor set aside."""
        return [
            item
            for item in self.due.values()
            if item.source not in self.billed and item.source not in self.set_aside and item.source not in self.beyond_caps
        ]

    @cached_property
    def posted(self) -> dict[str, int]:
        """{TE- or EX- source: when the ERP got it}, by name or, where a design gives none, by what the record says."""
        found: dict[str, int] = {}
        for kind, sources in (("time_bill", self.matching.bills), ("expense_line", self.matching.receipts)):
            for id, row in self.books.live("erp", kind):
                if id in sources:
                    found.setdefault(sources[id], int(row["_at"]))
        return found

    @cached_property
    def arrived(self) -> dict[str, int]:
        """{source: when the ERP got it}: posted, or in a design that posts nothing before it bills, billed."""
        billed = {source: int(found[0][0].row["_at"]) for source, found in self.billed.items()}
        return {**billed, **self.posted}

    @cached_property
    def references(self) -> dict[str, list[dict[str, Any]]]:
        """{invoice's name in the PSA: references to it}"""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for _, row in self.books.live("psa", "external_reference"):
            if row.get("service_model") == "invoice":
                found[str(row.get("service_model_ref"))].append(row)
        return found

    @cached_property
    def is_quiet(self) -> bool:
        """Was all work done before the run was ended?"""
        mark = self.trail.marks.get("quiet")
        return mark is not None and not mark.note

    @cached_property
    def under_way(self) -> frozenset[str]:
        """Keys of runs that were still at work when a run that did not get quiet was ended."""
        if self.is_quiet:
            return frozenset()
        return frozenset(str(r.get("key")) for r in self.trail.claims("runs") if r.get("state") in ("running", "waiting"))

    @cached_property
    def given_back(self) -> frozenset[str]:
        """Sources whose approval fell after they were billed, and that were credited or stand with people for it."""
        credited = {str(row.get("source")) for _, row in self.books.live("erp", "credit")}
        asked = {str(e.get("source")) for e in self.exceptions if e.get("code") == "APPROVAL_WITHDRAWN" and e.get("state") not in SETTLED
                 and self.is_believable(e)}  # fmt: skip
        return frozenset(source for source in self.truth.withdrawn if source in credited or source in asked)

    def account_of(self, customer: Any) -> str:
        """The account a customer of the ERP stands for: by external id, else by the name it was made with."""
        row = self.books.row("erp", "customer", customer)
        if row is None:
            return ""
        match = CUSTOMER.search(str(row.get("external_id") or ""))
        if match:
            return self.truth.master_of(match[1])
        names = self.books.timeline("erp", "customer", str(customer), "name")
        return self._accounts_by_name.get(str(names[0][1]) if names else "", "")

    @cached_property
    def _accounts_by_name(self) -> dict[str, str]:
        return {str(row.get("name")): number for number, row in self.truth.accounts.items()}

    @cached_property
    def has_claims(self) -> bool:
        """Does this design give evidence of itself?"""
        return self.trail.evidence is not None

    @cached_property
    def integration_users(self) -> frozenset[str]:
        """Users that only ever came over the API: the orchestrator's accounts."""
        return frozenset(user for _, user in self.trail.traffic.integrations if user not in self.truth.people)

    @cached_property
    def milestones(self) -> dict[str, tuple[Contract, int, int]]:
        """{milestone key: (contract, accepted_at or 0, amount)} of fixed-fee contracts."""
        accepted = {key: int(row["accepted_at"]) for key, row in self.truth.stories.items() if row.get("accepted_at")}
        return {
            key: (contract, accepted.get(key, 0), line_value(line))
            for contract in self.contracts.values()
            if contract.sow.get("type") == "milestone"
            for key, line in contract.lines.items()
        }
