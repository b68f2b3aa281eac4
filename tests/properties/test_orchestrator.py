"""Any order of what people and failures may do to one contract: nothing twice at any time, nothing lost once all has drained."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.orchestrator.flow.stage import SOW
from tests.properties.firm import Firm

SYSTEMS = ("crm", "psa", "erp")
WHOLE = (Phase.explicit, Phase.generate, Phase.shrink)
OPEN = ("open", "resubmitted")


def bounds(examples: int, steps: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=steps, derandomize=True, deadline=None, database=None, phases=WHOLE,
                    suppress_health_check=list(HealthCheck), print_blob=False)  # fmt: skip


class Contract(RuleBasedStateMachine):
    """One deal from sale to invoice, with everything that may come in between."""

    def __init__(self) -> None:
        super().__init__()
        self.firm = Firm()
        self.signed, self.booked = False, 0

    @initialize(
        signed=st.sampled_from((True, True, True, False)), cap=st.sampled_from((None, 1_500_00)), hours=st.sampled_from((1, 0, 1))
    )
    def sell(self, signed: bool, cap: int | None, hours: int) -> None:
        self.firm.inside(self.firm.stage.sell, signed=signed, cap=cap)
        self.signed = signed
        self.firm.pass_hours(hours)

    # What people do.

    @precondition(lambda self: not self.signed)
    @rule()
    def sign(self) -> None:
        self.signed = (
            self.firm.tried("crm", "update", "sow", SOW, {"status": "signed", "signed_at": self.firm.loop.clock()}) is not None
        )

    @rule(stage=st.sampled_from(("closed_won", "closed_won", "closed_won", "reopened")))
    def move_the_deal(self, stage: str) -> None:
        self.firm.tried("crm", "update", "opportunity", "O-00042", {"stage": stage})

    @precondition(lambda self: self.workable())
    @rule(hours=st.integers(1, 6), line=st.sampled_from(("R1", "R2")), spent=st.sampled_from((0, 0, 50_00)))
    def work(self, hours: int, line: str, spent: int) -> None:
        self.firm.inside(self.firm.stage.book, hours, self.next_day(), line=line, expense=spent)

    @precondition(lambda self: self.workable())
    @rule(entries=st.lists(st.integers(1, 6), min_size=1, max_size=3), hours=st.sampled_from((0.01, 0.6, 2)))
    def work_and_wait(self, entries: list[int], hours: float) -> None:
        for each in entries:
            self.firm.inside(self.firm.stage.book, each, self.next_day())
        self.firm.pass_hours(hours)

    @precondition(lambda self: self.firm.rows("erp", "job"))
    @rule()
    def bill(self) -> None:
        body = {"entity": "US", "period": "2026-01", "cut_off": self.firm.loop.clock()}
        answer = self.firm.asked("POST", "/billing-runs", body, role="billing")
        assert answer.status in (202, 422, 503), answer

    @rule(which=st.integers(0, 20), verb=st.sampled_from(("resubmit", "resubmit", "waive")))
    def decide(self, which: int, verb: str) -> None:
        if found := self.firm.exceptions("open"):
            item = found[which % len(found)]
            body = {"note": "looked at"} if verb == "resubmit" else {"reason": "goodwill"}
            answer = self.firm.asked("POST", f"/exceptions/{item['id']}/{verb}", body)
            assert answer.status in (200, 403, 409), answer

    # What goes wrong.

    @rule(system=st.sampled_from(SYSTEMS), hours=st.sampled_from((0, 0.05, 1, 6)))
    def fall_out(self, system: str, hours: float) -> None:
        """Down for a while, or (0) until something else mends it."""
        self.firm.down.add(system)
        self.firm.pass_hours(hours)
        if hours:
            self.firm.down.clear()

    @rule(
        system=st.sampled_from(SYSTEMS),
        fates=st.lists(st.sampled_from(("lost reply", "lost request", "cut reply")), min_size=1, max_size=4),
    )
    def lose(self, system: str, fates: list[str]) -> None:
        """What becomes of the next writes there."""
        self.firm.losing[system] = list(fates)

    @rule(seconds=st.sampled_from((0, 0.3, 1.5, 30, 900)))
    def crash(self, seconds: float) -> None:
        """In the middle of whatever is under way by then."""
        self.firm.pass_hours(seconds / 3600)
        self.firm.do(self.firm.stage.crash())

    @precondition(lambda self: self.firm.pushes)
    @rule(which=st.integers(0, 20))
    def push_again(self, which: int) -> None:
        assert self.firm.push_again(which) in (200, 503)

    @rule(hours=st.sampled_from((0.01, 0.1, 0.5, 1, 3, 12)))
    def wait(self, hours: float) -> None:
        self.firm.pass_hours(hours)

    # What must hold at any time.

    @invariant()
    def nothing_is_there_twice(self) -> None:
        firm = self.firm
        for system, kind in (("erp", "customer"), ("erp", "job"), ("erp", "sales_order"), ("psa", "workspace")):
            assert len(firm.rows(system, kind)) <= 1, (kind, firm.rows(system, kind))
        assert once(row["title"] for row in firm.rows("psa", "story"))
        assert once(row["role"] for row in firm.rows("psa", "workspace_resource"))
        for kind in ("time_bill", "expense_report", "invoice"):
            assert once(row["external_id"] for row in firm.rows("erp", kind))
        assert once(line["source"] for line in firm.rows("erp", "invoice_line"))

    @invariant()
    def nothing_is_billed_that_was_not_approved(self) -> None:
        approved = self.approved()
        assert {line["source"] for line in self.firm.rows("erp", "invoice_line")} <= set(approved)
        for line in self.firm.rows("erp", "invoice_line"):
            assert line["net"] == approved[line["source"]], line
        if cap := self.firm.rows("crm", "sow")[0]["cap"]:
            assert sum(line["net"] for line in self.firm.rows("erp", "invoice_line") if line["source"].startswith("TE-")) <= cap

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None and self.firm.rows("crm", "sow"):
                self.settle()
        finally:
            self.firm.close()

    # What must hold once all has drained.

    def settle(self) -> None:
        self.firm.drain()
        if self.workable():
            self.work_and_wait([1], 1)
            self.firm.drain()
        self.bill()
        self.firm.drain()
        self.firm.drain()
        self.nothing_is_there_twice()
        self.nothing_is_billed_that_was_not_approved()
        self.nothing_is_lost()
        self.mirrors_agree()

    def nothing_is_lost(self) -> None:
        """Every approved item is invoiced, or stands in an exception a person can see, or its contract as a whole does."""
        billed = {line["source"] for line in self.firm.rows("erp", "invoice_line")}
        said = self.firm.exceptions()
        named = {item["source"] for item in said if item["state"] != "resolved"}
        contract = any(item["subject"] == SOW and item["state"] in (*OPEN, "waived") and item["kind"] == "run" for item in said)
        stopped = contract or self.firm.rows("crm", "opportunity")[0]["stage"] != "closed_won"
        lost = [source for source in self.approved() if source not in billed and source not in named]
        assert not lost or stopped, (lost, said)
        doubled = billed & {
            item["source"] for item in said if item["state"] in (*OPEN, "waived") and item["code"] != "APPROVAL_WITHDRAWN"
        }
        assert not doubled, (doubled, said)
        account = self.firm.evidence()
        assert not [run for run in account["runs"] if run["state"] == "stuck"]
        assert not any(topic["pending"] for topic in account["inbox"].values())

    def mirrors_agree(self) -> None:
        """The CRM shows each invoice as the ERP has it."""
        wanted = {row["external_id"]: (row["gross"], row["open_balance"]) for row in self.firm.rows("erp", "invoice")}
        assert {row["key"]: (row["gross"], row["open"]) for row in self.firm.rows("crm", "invoice_mirror")} == wanted

    # What is there.

    def next_day(self) -> str:
        """Days of January in turn: nobody works more than a day holds."""
        self.booked += 1
        return f"2026-01-{5 + self.booked % 25:02}"

    def workable(self) -> bool:
        spaces = self.firm.rows("psa", "workspace")
        return len(spaces) == 1 and not spaces[0]["archived"] and len(self.firm.rows("psa", "story")) == 2

    def approved(self) -> dict[str, int]:
        """{source: its net in minor units}, of what stands approved."""
        rates = {row["id"]: 200_00 if "R1" in row["title"] else 100_00 for row in self.firm.rows("psa", "story")}
        hours = {
            f"TE-{row['id']}": rates[row["story_id"]] * row["minutes"] // 60
            for row in self.firm.rows("psa", "time_entry", state="approved")
        }
        spent = {f"EX-{row['id']}": row["amount"] for row in self.firm.rows("psa", "expense", state="approved")}
        return hours | spent


def once(found: Any) -> bool:
    return all(number == 1 for number in Counter(found).values())


def test_any_order_of_events_ends_with_one_of_everything() -> None:
    """Sales, work, billing, clerks, outages, lost answers, repeated pushes and crashes, in two dozen orders."""
    run_state_machine_as_test(Contract, settings=bounds(24, 16))


@pytest.mark.slow
def test_very_many_orders_of_events_end_with_one_of_everything() -> None:
    """The same in two thousand longer orders."""
    run_state_machine_as_test(Contract, settings=bounds(2_000, 30))
