"""One guard of the orchestrator broken at a time: key, inbox, probe, sweep, ownership, version.

tests/power/README.md says which run finds which bug, and which guard stood behind the broken one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec

from orchestrator import wiring
from orchestrator.canonical.deal import Won
from orchestrator.engine import conduct
from orchestrator.policies.ordering import newest
from orchestrator.policies.ownership import Guard
from orchestrator.processes import activation, billing, mirror
from orchestrator.processes.deciding import Outcome, WorkDesk
from orchestrator.processes.mirror import mirror_processes
from orchestrator.processes.operations import FirmOperations
from orchestrator.processes.sweeps import Sweeps
from orchestrator.store.inbox import Inbox, business_key
from orchestrator.systems.http import encode
from orchestrator.systems.kantata.client import Kantata
from orchestrator.systems.netsuite import mapping
from orchestrator.systems.netsuite.client import JSON, NetSuite, lane_of
from scenarios.power.patching import Bug, Patch

WORK_RECORDS = ("timeBill", "expenseReport")


async def nothing(*_: Any) -> None:
    """Do not even look."""


# The idempotency key.


def another_key_each_time_work_is_sent(patch: Patch) -> None:
    """Time and expenses go out under their external id once; sent again, they get a new one."""
    put, sent = NetSuite._put, Counter[str]()

    async def put_anew(self: NetSuite, record: str, key: str, body: dict[str, Any], **more: str) -> str:
        if record in WORK_RECORDS:
            sent[key] += 1
            key = key if sent[key] == 1 else f"{key}-{sent[key]}"
        return await put(self, record, key, body, **more)

    patch.setattr(NetSuite, "_put", put_anew)


def another_key_each_time_an_invoice_is_asked_for(patch: Patch) -> None:
    """An invoice is asked for under its external id once; asked for again, under a new one."""
    transform, sent = NetSuite._transform, Counter[str]()

    async def transform_anew(self: NetSuite, path: str, key: str, body: dict[str, Any], *, entity: str) -> Any:
        sent[key] += 1
        named = body if sent[key] == 1 else body | {"externalId": f"{key}-{sent[key]}"}
        return await transform(self, path, key, named, entity=entity)

    patch.setattr(NetSuite, "_transform", transform_anew)


def a_refused_invoice_is_not_looked_for(patch: Patch) -> None:
    """What the ERP refuses to invoice counts as refused, also when it says so because the invoice is there."""

    async def transform_once(self: NetSuite, path: str, key: str, body: dict[str, Any], *, entity: str) -> Any:
        self._guard.check("erp", "invoice", mapping.INVOICE_FIELDS)
        self._require(await self._link.call("POST", path, encode(body), JSON, lane=lane_of(entity)))
        return await self._made(key)

    patch.setattr(NetSuite, "_transform", transform_once)


# The inbox.


def every_push_counts_as_new(patch: Patch) -> None:
    """No dedupe by the sender's id nor by what a push says, and a used id may name another record."""
    kept, taken = Inbox._kept, Counter[str]()

    def keep(self: Inbox, source: str, notice: Any, verdict: str) -> Any:
        taken[notice.id] += 1
        anew = notice if taken[notice.id] == 1 else msgspec.structs.replace(notice, id=f"{notice.id}/{taken[notice.id]}")
        return kept(self, source, anew, verdict)

    patch.setattr(Inbox, "_verdict", lambda *_: "accepted")
    patch.setattr(Inbox, "_kept", keep)


def a_repeated_push_counts_as_new(patch: Patch) -> None:
    """As above, but a used id that names another record is still a conflict."""
    verdict = Inbox._verdict
    every_push_counts_as_new(patch)
    patch.setattr(Inbox, "_verdict", lambda *told: "conflict" if verdict(*told) == "conflict" else "accepted")


def a_set_up_is_named_by_its_hand_over(patch: Patch) -> None:
    """A push that is handed on again begins another set-up: the run's id is no longer made of the statement of work alone."""
    on_event, told = FirmOperations.on_event, Counter[str]()

    async def begin(self: FirmOperations, notice: Any) -> str:
        run = await on_event(self, notice)
        told[business_key(notice)] += 1
        number = told[business_key(notice)]
        if number > 1 and not self._at.is_signature(notice):
            for sow in await self._crm.sows_of(notice.subject):
                await self._engine.start(activation.NAME, Won(sow), id=f"{activation.run_id(sow)}:{number}")
        return run

    patch.setattr(FirmOperations, "on_event", begin)


# The probe.


def an_unknown_outcome_is_tried_again(patch: Patch) -> None:
    """No step asks whether it was done before it is done again."""
    attempt = conduct._try
    patch.setattr(conduct, "_try", lambda fn, args, _probe: attempt(fn, args, None))


def an_unknown_invoice_is_tried_again(patch: Patch) -> None:
    """No invoice is looked for before it is asked for again."""
    patch.setattr(NetSuite, "find_work_invoice", nothing)
    patch.setattr(NetSuite, "find_milestone_invoice", nothing)


# The sweeps.


async def found_nothing(*_: Any) -> bool:
    return False


def no_sweep_of_the_crm(patch: Patch) -> None:
    """Set-ups begin by pushes alone."""
    patch.setattr(Sweeps, "sold", found_nothing)


def no_feed(patch: Patch) -> None:
    patch.setattr(Sweeps, "feed", found_nothing)


def no_polls_of_the_psa(patch: Patch) -> None:
    """Approvals and acceptances are heard of by the feed alone."""
    for name in ("time", "expenses", "milestones"):
        patch.setattr(Sweeps, name, found_nothing)


def a_bill_asks_nobody(patch: Patch) -> None:
    """A bill takes what is posted, and does not decide what was approved up to its cut-off."""

    class Careless(WorkDesk):
        async def settle(self, *_: Any) -> Outcome:
            return Outcome()

    patch.setattr(billing, "WorkDesk", Careless)


# Who may write, and what may be overwritten.


def anybody_may_write_anything(patch: Patch) -> None:
    """The ownership guard lets every field pass."""
    patch.setattr(Guard, "check", nothing_to_say)


def nothing_to_say(*_: Any) -> None:
    return None


def versions_are_not_compared(patch: Patch) -> None:
    """Both mirrors write what a page says, whatever is shown."""
    shown_on = Kantata.shown_on

    async def unversioned(self: Kantata, workspace: str) -> Any:
        return [msgspec.structs.replace(row, version=-1) for row in await shown_on(self, workspace)]

    patch.setattr(mirror, "guarded", lambda rows, _shown, key, version: (newest(rows, key, version), []))
    patch.setattr(Kantata, "shown_on", unversioned)


def mirrors_overtake_each_other(patch: Patch) -> None:
    """Every page has a lane of its own instead of one lane a target."""
    made = mirror_processes

    def alone(process: Any) -> Any:
        return replace(process, key=lambda page: f"{process.name}:{msgspec.json.encode(page).decode()}")

    patch.setattr(wiring, "mirror_processes", lambda firm: [alone(process) for process in made(firm)])


GUARDS: tuple[Bug, ...] = (
    another_key_each_time_work_is_sent,
    another_key_each_time_an_invoice_is_asked_for,
    a_refused_invoice_is_not_looked_for,
    every_push_counts_as_new,
    a_repeated_push_counts_as_new,
    a_set_up_is_named_by_its_hand_over,
    an_unknown_outcome_is_tried_again,
    an_unknown_invoice_is_tried_again,
    no_sweep_of_the_crm,
    no_feed,
    no_polls_of_the_psa,
    a_bill_asks_nobody,
    anybody_may_write_anything,
    versions_are_not_compared,
    mirrors_overtake_each_other,
)
