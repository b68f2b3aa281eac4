"""Which approved work stands behind a row of the ERP: by the name it bears, else by what it says of itself.

A design need not keep our external ids. A time bill without a known name stands for the approved entry of the same project,
person, day and minutes; an expense line for the receipt of the same project, person, day and amount; a line of an invoice for what
it was made from. Each piece of work is matched once, the earliest approved first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from scenarios.oracle.books import Books, Row
from scenarios.oracle.contract import number_of_row
from scenarios.oracle.truth import Truth, Work

Pool = dict[tuple[Any, ...], list[str]]


class Matching:
    """Made of the books and the truth alone. `bills` and `receipts`: {row id: source}."""

    def __init__(self, books: Books, truth: Truth) -> None:
        self.books = books
        self.known = {f"TE-{work.id}" for work in truth.time.values()} | {f"EX-{work.id}" for work in truth.expenses.values()}
        self.sows = {id: number_of_row(row) for id, row in books.all("erp", "job")}
        self.people = {id: str(row.get("external_id") or "") for id, row in books.all("erp", "employee")}
        self.reports = dict(books.all("erp", "expense_report"))
        self.bills = self._matched("time_bill", "TE", truth.time.values())
        self.receipts = self._matched("expense_line", "EX", truth.expenses.values())

    def source(self, line: Row) -> str:
        """The work, milestone or whatever else a line of an invoice says it is for."""
        named = str(line.get("source") or "")
        if named in self.known:
            return named
        made_from = self.bills.get(str(line.get("time_bill_id"))) or self.receipts.get(str(line.get("expense_line_id")))
        return made_from or named

    def _matched(self, kind: str, prefix: str, works: Iterable[Work]) -> dict[str, str]:
        found: dict[str, str] = {}
        nameless: list[tuple[str, Row]] = []
        for id, row in self.books.live("erp", kind):
            name = self._name(row)
            if name in self.known:
                found[id] = name
            else:
                nameless.append((id, row))
        if nameless:
            pool = self._pool(prefix, works, frozenset(found.values()))
            for id, row in nameless:
                waiting = pool.get(self._facts(row))
                if waiting:
                    found[id] = waiting.pop(0)
        return found

    def _name(self, row: Row) -> str:
        report = self.reports.get(str(row.get("report_id")), {})
        names = (row.get("external_id"), row.get("memo"), report.get("external_id"), report.get("memo"))
        return next((str(name) for name in names if name in self.known), "")

    def _facts(self, row: Row) -> tuple[Any, ...]:
        """(contract, person, day, minutes or amount) of a row of the ERP."""
        worth = row.get("amount") if row.get("minutes") is None else row.get("minutes")
        return self.sows.get(str(row.get("job_id")), ""), *self.done_by(row), worth

    def done_by(self, row: Row) -> tuple[str, str]:
        """(person, day) of the work that a time bill or expense line is for, as the ERP tells it."""
        head = self.reports.get(str(row.get("report_id")), row)
        return self.people.get(str(head.get("employee_id")), ""), str(head.get("work_date") or head.get("tran_date") or "")

    @staticmethod
    def _pool(prefix: str, works: Iterable[Work], taken: frozenset[str]) -> Pool:
        pool: Pool = defaultdict(list)
        for work in sorted(works, key=lambda work: (work.approved_at, work.id)):
            source = f"{prefix}-{work.id}"
            if work.approved_at and work.billable and source not in taken:
                pool[work.sow, work.person, work.on, work.minutes or work.amount].append(source)
        return pool
