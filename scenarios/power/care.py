"""What people must be able to rely on is broken: exceptions, authority, audit, evidence, secrecy, ownership."""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.observe.log import Log
from orchestrator.policies.catalogue import Catalogue
from orchestrator.policies.effect import correlation
from orchestrator.policies.eligibility import decide
from orchestrator.processes import deciding
from orchestrator.processes.items import ItemDesk
from orchestrator.processes.operations import FirmOperations
from orchestrator.store.audit import Audit
from orchestrator.store.desk import Desk
from orchestrator.store.inbox import Inbox
from orchestrator.systems.http import Link
from orchestrator.systems.netsuite import mapping
from scenarios.power.patching import Bug, Patch


def exceptions_without_an_owner(patch: Patch) -> None:
    """Nobody is named who has to work an exception."""
    of = Catalogue.of
    patch.setattr(Catalogue, "of", lambda self, code: msgspec.structs.replace(of(self, code), owner="", queue=""))


def exceptions_are_not_escalated(patch: Patch) -> None:
    """An exception past its due time is told to nobody, and the time given is short."""
    of = Catalogue.of
    patch.setattr(Catalogue, "of", lambda self, code: msgspec.structs.replace(of(self, code), sla_hours=1))
    patch.setattr(Desk, "escalate", lambda _self: [])


def set_aside_and_not_told(patch: Patch) -> None:
    """Work that cannot be billed is put aside without an exception."""
    patch.setattr(ItemDesk, "refuse", lambda *_: None)


def waived_is_billed_all_the_same(patch: Patch) -> None:
    """What a clerk wrote off is decided again, this time without its cap."""
    waived = set[str]()

    async def sent_on(self: FirmOperations, item: Any) -> None:
        waived.add(item.source)
        await self.again(item)

    def uncapped(engagement: Any, work: Any, used: int, on: str) -> Any:
        contract = engagement.contract
        free = msgspec.structs.replace(contract, cap=None) if work.source in waived else contract
        return decide(msgspec.structs.replace(engagement, contract=free), work, used, on)

    patch.setattr(FirmOperations, "written_off", sent_on)
    patch.setattr(deciding, "decide", uncapped)


def waived_by_the_machine(patch: Patch) -> None:
    """Exceptions over small amounts are written off before anybody looks at them."""
    refuse = ItemDesk.refuse

    def generous(self: ItemDesk, item: Any, run: str) -> None:
        refuse(self, item, run)
        for view in self._desk.find(subject=item.source, state="open"):
            self._desk._db.commit(("update exception set state = 'waived', resolved_at = opened_at where id = ?", (view.id,)))

    patch.setattr(ItemDesk, "refuse", generous)


def everybody_may_waive_everything(patch: Patch) -> None:
    """The limit of authority is not asked for: a clerk writes off what only a director may."""
    waive = Desk.waive

    def anyhow(self: Desk, id: str, *, by: str, roles: Any, reason: str) -> Any:
        self._limits = dict.fromkeys((*self._limits, *roles), 10**15)
        return waive(self, id, by=by, roles=roles, reason=reason)

    patch.setattr(Desk, "waive", anyhow)


def the_same_trouble_twice_on_the_desk(patch: Patch) -> None:
    """Each refusal opens an exception of its own under a subject of its own."""
    put, counted = Desk._put, list[int]()

    def doubled(self: Desk, ticket: Any) -> str:
        counted.append(1)
        if ticket.kind == "item" and len(counted) % 2:
            self._db.commit(("drop index if exists exception_live", ()))
            put(self, ticket)
        return put(self, ticket)

    patch.setattr(Desk, "_put", doubled)


def writes_without_an_audit_record(patch: Patch) -> None:
    """Financial writes leave no record."""
    patch.setattr(Audit, "writes", lambda _self, _steps: lambda *_: None)


def an_audit_record_is_mended_later(patch: Patch) -> None:
    """The newest audit record is written over by the next."""
    entry = Audit.entry

    def over(self: Audit, fact: Any) -> Any:
        self._db.commit(("update audit set reason = 'tidied' where rowid = (select min(rowid) from audit)", ()))
        return entry(self, fact)

    patch.setattr(Audit, "entry", over)


def a_token_in_the_log(patch: Patch) -> None:
    """The refusal of a call carries its bearer token to the desk and the log."""
    told = Link._judge

    def telling(self: Link, answer: Any, wait_ms: int) -> None:
        if self._token is not None and answer.status >= 400:
            answer = type(answer)(answer.status, answer.headers, answer.body + b" sent with " + self._token.header.encode())
        told(self, answer, wait_ms)

    event = Log.event

    def chatty(self: Log, name: str, /, **fields: Any) -> None:
        event(self, name, **fields, sent_with="Bearer eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJyZWhlYXJzYWwifQ.c2lnbmF0dXJlc2lnbmF0dXJl")

    patch.setattr(Link, "_judge", telling)
    patch.setattr(Log, "event", chatty)


def calls_without_their_root(patch: Patch) -> None:
    """What is posted says nothing of the deal it goes back to."""
    passed = Link._passed

    async def bare(self: Link, *asked: Any) -> Any:
        kept = correlation.set("-")
        try:
            return await passed(self, *asked)
        finally:
            correlation.reset(kept)

    patch.setattr(Link, "_passed", bare)


def work_is_posted_under_the_first_person(patch: Patch) -> None:
    """All time is posted under the person of the first entry."""
    bill = mapping.time_bill
    first = list[str]()

    def anybody(event: Any, target: Any) -> Any:
        first.append(event.person)
        return bill(msgspec.structs.replace(event, person=first[0]), target)

    patch.setattr(mapping, "time_bill", anybody)


def the_inbox_counts_only_what_is_new(patch: Patch) -> None:
    """Duplicates leave no trace in the counts of the inbox."""
    kept = Inbox._kept

    def uncounted(self: Inbox, source: str, notice: Any, verdict: str) -> Any:
        return [] if verdict == "deduplicated" else kept(self, source, notice, verdict)

    patch.setattr(Inbox, "_kept", uncounted)


CARE: tuple[Bug, ...] = (
    exceptions_without_an_owner,
    exceptions_are_not_escalated,
    set_aside_and_not_told,
    waived_is_billed_all_the_same,
    waived_by_the_machine,
    everybody_may_waive_everything,
    the_same_trouble_twice_on_the_desk,
    writes_without_an_audit_record,
    an_audit_record_is_mended_later,
    a_token_in_the_log,
    calls_without_their_root,
    work_is_posted_under_the_first_person,
    the_inbox_counts_only_what_is_new,
)
