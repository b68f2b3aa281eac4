"""Any order of writes to a mock's records: a refusal changes nothing, the log adds up to the rows, snapshots bring everything back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.simulators.netsuite.account import RECORD, Account, eid, time_body

KEYS = st.sampled_from(("TE-1", "TE-2", "TE-3"))
SPOILT = st.sampled_from(
    ({"hours": -1}, {"hours": "x"}, {"item": eid("NOPE")}, {"nope": 1}, {"tranDate": "2026-13-01"}, {"customer": None})
)


class Ledger(RuleBasedStateMachine):
    """Time bills and invoices of one job in the ERP."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.account.customer()
        self.account.job()
        self.base = self.account.system.position
        self.images: list[tuple[Any, str, int]] = []

    def asked(self, method: str, path: str, body: Any) -> int:
        system = self.account.system
        before = system.digest(), system.position
        status = self.account.call(method, path, body).status
        assert status < 500
        if status >= 400:
            assert (system.digest(), system.position) == before
        return int(status)

    @rule(key=KEYS, hours=st.integers(1, 8))
    def put_twice(self, key: str, hours: int) -> None:
        """The same upsert again answers alike and makes no second row."""
        path, body = f"{RECORD}/timeBill/eid:{key}", {**time_body(), "hours": hours}
        first = self.asked("PUT", path, body)
        rows = self.account.system.look("time_bill")
        assert self.asked("PUT", path, body) == first
        assert self.account.system.look("time_bill") == rows

    @rule(key=KEYS, spoilt=SPOILT)
    def put_spoilt(self, key: str, spoilt: dict[str, Any]) -> None:
        self.asked("PUT", f"{RECORD}/timeBill/eid:{key}", {**time_body(), **spoilt})

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.asked("DELETE", f"{RECORD}/timeBill/eid:{key}", b"")

    @rule(key=KEYS, number=st.sampled_from(("INV-1", "INV-2")))
    def bill(self, key: str, number: str) -> None:
        lines = {"items": [{"doc": eid(key), "apply": True}]}
        self.asked("POST", f"{RECORD}/job/eid:JOB-S-00042/!transform/invoice", {"externalId": number, "time": lines})

    @precondition(lambda self: len(self.images) < 4)
    @rule()
    def keep(self) -> None:
        system = self.account.system
        self.images.append((system.snapshot(), system.digest(), system.position))

    @precondition(lambda self: self.images)
    @rule(which=st.integers(0, 3))
    def bring_back(self, which: int) -> None:
        image, digest, position = self.images[which % len(self.images)]
        self.account.system.restore(image)
        assert (self.account.system.digest(), self.account.system.position) == (digest, position)

    @invariant()
    def the_log_adds_up_to_the_rows(self) -> None:
        system = self.account.system
        told: dict[tuple[str, Any], dict[str, Any]] = {}
        for change in system.changes():
            if change.op == "delete":
                told.pop((change.kind, change.id))
            else:
                told.setdefault((change.kind, change.id), {}).update(change.values)
        stands = {
            (kind, row["id"]): {n: v for n, v in row.items() if n != "id"}
            for kind in system.room.kinds
            for row in system.look(kind)
        }
        assert told == stands

    def teardown(self) -> None:
        self.account.system.close()


def bounds(examples: int, steps: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=steps, derandomize=True, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck), print_blob=False)  # fmt: skip


def test_any_order_of_writes_keeps_the_ledger_sound() -> None:
    """Upserts, spoilt bodies, deletes, invoices, snapshots and restores."""
    run_state_machine_as_test(Ledger, settings=bounds(20, 20))


@pytest.mark.slow
def test_very_many_orders_of_writes_keep_the_ledger_sound() -> None:
    """The same in a thousand longer orders."""
    run_state_machine_as_test(Ledger, settings=bounds(1_000, 50))
