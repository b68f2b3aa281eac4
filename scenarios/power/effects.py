"""One effect and its fate broken: keys, unknown outcomes, refusals, patience, batches, compensation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.billing import Event, Posted, Target
from orchestrator.canonical.engagement import Ref
from orchestrator.engine import conduct
from orchestrator.engine.values import plain
from orchestrator.errors import BusinessException, Refused, Transient, Unknown
from orchestrator.policies.breaker import Breaker
from orchestrator.policies.gate import Gate
from orchestrator.policies.retry import DAY_MS
from orchestrator.policies.throttle import Throttle
from orchestrator.processes.activation import SetUp
from orchestrator.processes.mirror import Batch
from orchestrator.systems.http import Link
from orchestrator.systems.kantata.client import Kantata
from orchestrator.systems.netsuite.client import NetSuite
from orchestrator.systems.salesforce.client import Salesforce
from scenarios.power.patching import Bug, Patch

STUBBORN = 40
"""Tries of a refused call before the careless client gives in."""
SIDE_BY_SIDE = 20
"""More than the ERP has lanes."""


def one_invoice_key_a_period(patch: Patch) -> None:
    """The key of an invoice forgets the number of its billing run, so the second run of a month meets the first one's invoice."""
    patch.setattr(refs, "work_invoice", lambda sow, period, _number: f"INV-{sow}-{period.replace('-', '')}-1")


def an_unanswered_posting_counts_as_posted(patch: Patch) -> None:
    """A time bill whose answer never came is taken as posted."""
    post = NetSuite.post_time

    async def hopeful(self: NetSuite, event: Event, target: Target) -> Posted:
        try:
            return await post(self, event, target)
        except Unknown:
            return Posted(event.source, "0")

    patch.setattr(NetSuite, "post_time", hopeful)


def an_unanswered_workspace_counts_as_refused(patch: Patch) -> None:
    """A workspace whose creation was not answered is taken as not created, and created again."""
    create = Kantata.create_workspace

    async def impatient(self: Kantata, workspace: Any) -> Ref:
        try:
            return await create(self, workspace)
        except Unknown as error:
            raise Transient(str(error), system="psa") from error

    patch.setattr(Kantata, "create_workspace", impatient)


def an_unanswered_mirror_counts_as_shown(patch: Patch) -> None:
    """A batch for the CRM that was not answered is taken as written."""
    patch.setattr(Salesforce, "_upsert", hopeful_about(Salesforce._upsert, []))


def hopeful_about(method: Any, instead: Any) -> Any:
    """The method, with an unknown outcome taken for a good one."""

    async def hopeful(self: Any, *given: Any) -> Any:
        try:
            return await method(self, *given)
        except (Unknown, Transient):
            return instead

    return hopeful


def a_probe_finds_what_begins_alike(patch: Patch) -> None:
    """A workspace is looked for by any word of its title instead of the whole: the first hit is taken."""

    async def likely(self: Kantata, workspace: Any) -> Ref | None:
        pages = await self._all("workspaces", {"search": workspace.sow[:5], "include_archived": "false"})
        found = next((row for page in pages for row in page.workspaces.values()), None)
        return Ref(workspace.sow, found.id) if found else None

    async def adopt_or_create(self: SetUp, workspace: Any) -> Ref:
        found: Ref | None = await self._psa.find_workspace(workspace)
        return found or await create(self, workspace)

    create = SetUp.create_workspace
    patch.setattr(Kantata, "find_workspace", likely)
    patch.setattr(SetUp, "create_workspace", adopt_or_create)


def a_refusal_is_tried_again(patch: Patch) -> None:
    """What a system refuses for good is sent again and again before anybody is told."""
    require = NetSuite._require, Salesforce._require

    def stubborn(method: Any) -> Any:
        told = dict[bytes, int]()

        def passing(self: Any, answer: Any) -> Any:
            try:
                return method(self, answer)
            except Refused as refusal:
                told[answer.body] = told.get(answer.body, 0) + 1
                if told[answer.body] % STUBBORN:
                    raise Transient(str(refusal), system=str(refusal.facts.get("system", ""))) from refusal
                raise

        return passing

    patch.setattr(NetSuite, "_require", stubborn(require[0]))
    patch.setattr(Salesforce, "_require", stubborn(require[1]))


def a_told_wait_is_not_kept(patch: Patch) -> None:
    """Retry-After is not read, and a throttled system is asked again at once."""
    patch.setattr(Link, "_told", lambda _self, _answer: 0)
    patch.setattr(conduct, "backoff_ms", lambda *_: 1)
    patch.setattr(Gate, "_refuse_paused", lambda _self: None)


def no_pause_between_tries(patch: Patch) -> None:
    """Every failure is followed by the next try within a millisecond, and no breaker stands before it."""
    patch.setattr(conduct, "backoff_ms", lambda *_: 1)
    patch.setattr(Breaker, "held_ms", lambda _self: 0)


def the_breaker_stays_open(patch: Patch) -> None:
    """A system that failed is left alone for a day, however soon it is back."""
    trip = Breaker._open

    def for_a_day(self: Breaker) -> None:
        trip(self)
        self._until = self._clock() + DAY_MS

    patch.setattr(Breaker, "_open", for_a_day)


def no_limit_of_calls_at_once(patch: Patch) -> None:
    """As many calls at once as there are runs, and each reading of the ERP is sent twenty times side by side."""

    async def enter(self: Throttle, _priority: int = 0) -> None:
        self.busy += 1

    call = Link.call

    async def eager(self: Link, method: str, *asked: Any, **more: Any) -> Any:
        if method != "GET" or self.system != "erp":
            return await call(self, method, *asked, **more)
        answers = await asyncio.gather(*(call(self, method, *asked, **more) for _ in range(SIDE_BY_SIDE)))
        return answers[0]

    patch.setattr(Throttle, "enter", enter)
    patch.setattr(Link, "call", eager)


def a_token_is_never_renewed(patch: Patch) -> None:
    """The first token is used for ever, whatever the system says of it."""
    patch.setattr(Link, "_forget", lambda _self, _token: None)


def rows_a_batch_refused_are_forgotten(patch: Patch) -> None:
    """A batch that was answered counts as written, whatever became of its rows."""
    patch.setattr(Batch, "mirror_invoices", _all_written(Batch.mirror_invoices))


def _all_written(method: Callable[..., Awaitable[Any]]) -> Any:
    async def careless(self: Batch, rows: Any) -> list[Any]:
        await method(self, rows)
        await self._firm.book.mirrored(rows)
        return []

    return careless


def a_batch_is_repeated_whole(patch: Patch) -> None:
    """When one row of a batch fails, for whatever reason, all rows are sent again."""

    async def whole(self: Batch, run: Any, rows: list[Any]) -> None:
        for _ in range(STUBBORN):
            failed = await run.step(self.mirror_invoices, tuple(rows), retry=self._firm.patience.named) if rows else []
            if not failed:
                return
            await run.sleep_until(run.now() + 1)
        raise BusinessException("EXHAUSTED", "the batch never passed", system="crm")

    patch.setattr(Batch, "write", whole)


def nothing_is_undone(patch: Patch) -> None:
    """An abandoned set-up leaves behind what it made."""

    async def leave(self: conduct.DurableRun) -> None:
        self._known.undo.clear()

    patch.setattr(conduct.DurableRun, "compensate", leave)


def undone_in_the_order_of_doing(patch: Patch) -> None:
    """An abandoned set-up is undone oldest first, and stops at the first thing that is refused."""
    compensate = conduct.DurableRun.compensate

    async def backwards(self: conduct.DurableRun) -> None:
        self._known.undo = dict(reversed(self._known.undo.items()))
        await compensate(self)

    patch.setattr(conduct.DurableRun, "compensate", backwards)


def a_project_is_not_archived(patch: Patch) -> None:
    """Undoing a set-up forgets the workspace in the PSA."""

    async def forget(self: SetUp, workspace: Ref) -> None:
        self._names.unlink(workspace.key, system="psa", type="workspace")

    patch.setattr(SetUp, "archive_workspace", forget)


def a_letter_is_sent_before_it_is_written(patch: Patch) -> None:
    """A domain event goes out twice: at once, and again when its row is committed."""

    async def twice(self: conduct.DurableRun, event: Any) -> None:
        body = plain(event)
        kind = body.get("type") or type(event).__name__
        letter = {"type": kind, "subject": body.get("subject") or self.key, "at": self._now, "data": body}
        for number in (1, 2):
            name = self._name(f"publish:{kind}")
            await self._journal.publish(name, f"{self.id}/{name}/{number}", msgspec.to_builtins(letter))

    patch.setattr(conduct.DurableRun, "publish", twice)


EFFECTS: tuple[Bug, ...] = (
    one_invoice_key_a_period,
    an_unanswered_posting_counts_as_posted,
    an_unanswered_workspace_counts_as_refused,
    an_unanswered_mirror_counts_as_shown,
    a_probe_finds_what_begins_alike,
    a_refusal_is_tried_again,
    a_told_wait_is_not_kept,
    no_pause_between_tries,
    the_breaker_stays_open,
    no_limit_of_calls_at_once,
    a_token_is_never_renewed,
    rows_a_batch_refused_are_forgotten,
    a_batch_is_repeated_whole,
    nothing_is_undone,
    undone_in_the_order_of_doing,
    a_project_is_not_archived,
    a_letter_is_sent_before_it_is_written,
)
