"""How news comes in is broken: pushes, sweeps, pages, order, mirrors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from orchestrator import wiring
from orchestrator.errors import BusinessException, Full, Transient, Unknown
from orchestrator.experience import intake, soap
from orchestrator.experience.pump import Pump
from orchestrator.processes import activation, mirror
from orchestrator.processes.deciding import WorkDesk
from orchestrator.processes.mirror import Batch
from orchestrator.processes.pollers import Plan, Poller
from orchestrator.processes.sweeps import Sweeps
from orchestrator.processes.work import work_processes
from orchestrator.store.book import SqlBook
from orchestrator.store.inbox import Inbox
from orchestrator.systems.http import safely
from orchestrator.systems.kantata.client import BASE, Kantata, plainly
from scenarios.power.patching import Bug, Patch

FEW = 3
"""Rows the careless client asks for at once."""
HOUR_MS = 3_600_000


def acknowledged_before_it_is_kept(patch: Patch) -> None:
    """Every second push is told "yes" and lost before the inbox commits."""
    accept, taken = Inbox.accept, list[int]()

    def forgetful(self: Inbox, source: str, notices: Sequence[Any]) -> list[str]:
        taken.append(1)
        return accept(self, source, notices) if len(taken) % 2 else ["accepted"] * len(notices)

    patch.setattr(Inbox, "accept", forgetful)


def strangers_are_believed(patch: Patch) -> None:
    """Neither the path secret nor the organization of a push is compared."""

    def any_topic(parts: Any, message: soap.Message) -> Any:
        topics = list(parts.sender.actions.values())
        return next((topic for action, topic in parts.sender.actions.items() if action[:15] == message.action_id[:15]), topics[0])

    class Same:
        @staticmethod
        def compare_digest(_one: bytes, _other: bytes) -> bool:
            return True

    patch.setattr(intake, "_authentic", any_topic)
    patch.setattr(intake, "hmac", Same)


def a_notice_in_trouble_is_dropped(patch: Patch) -> None:
    """A notice whose handling fails is marked as applied, so that the queue moves on."""

    async def shrug(self: Pump, waiting: Any) -> None:
        try:
            run = await self._on_event(waiting.notice)
        except (BusinessException, Transient, Unknown, Full, TimeoutError):
            run = ""
        self._inbox.applied(waiting.seq, run)

    async def unswept(*_: Any) -> bool:
        return False

    patch.setattr(Pump, "_hand_on", shrug)
    patch.setattr(Sweeps, "sold", unswept)


def sweeps_without_overlap(patch: Patch) -> None:
    """A sweep asks from the instant the last answer came, not from before it was asked."""
    polled, made = Poller._polled, wiring.pollers_of

    async def late(self: Poller) -> int:
        due = await polled(self)
        self._mark = self._clock()
        return due

    def bare(*given: Any) -> list[Poller]:
        pollers = made(*given)
        for poller in pollers:
            poller._plan = replace(poller._plan, overlap_ms=0)
        return pollers

    patch.setattr(Poller, "_polled", late)
    patch.setattr(wiring, "pollers_of", bare)


def a_failed_sweep_counts_as_done(patch: Patch) -> None:
    """The watermark moves although the question was not answered."""
    polled = Poller._polled

    async def moving(self: Poller) -> int:
        at = self._clock()
        due = await polled(self)
        self._mark = at
        return due

    patch.setattr(Poller, "_polled", moving)


def a_watermark_in_local_time(patch: Patch) -> None:
    """Sweeps ask from one hour too late: a local clock where UTC is meant."""
    made = wiring.pollers_of

    def shifted(*given: Any) -> list[Poller]:
        pollers = made(*given)
        for poller in pollers:
            poller._plan = Plan(poller._plan.name, _later(poller._plan.ask), poller._plan.pace, poller._plan.overlap_ms)
        return pollers

    patch.setattr(wiring, "pollers_of", shifted)


def _later(ask: Any) -> Any:
    async def asked(since: int) -> bool:
        return bool(await ask(since + HOUR_MS))

    return asked


def only_the_first_page(patch: Patch) -> None:
    """Lists are asked for in small pages, and the second is never turned to."""

    async def first(self: Kantata, resource: str, asked: dict[str, str]) -> list[Any]:
        asking = "&".join(f"{name}={plainly(value)}" for name, value in asked.items())
        return [await safely(self._read(f"{BASE}/{resource}?{asking}&per_page={FEW}&page=1"))]

    patch.setattr(Kantata, "_all", first)


def every_second_page(patch: Patch) -> None:
    """Page numbers are counted up twice."""

    async def skipping(self: Kantata, resource: str, asked: dict[str, str]) -> list[Any]:
        asking = "&".join(f"{name}={plainly(value)}" for name, value in asked.items())
        pages: list[Any] = []
        number = 1
        while True:
            page = await safely(self._read(f"{BASE}/{resource}?{asking}&per_page={FEW}&page={number}"))
            pages.append(page)
            number += 2
            if number > page.meta.page_count:
                return pages

    patch.setattr(Kantata, "_all", skipping)


def work_is_read_once(patch: Patch) -> None:
    """What was approved later than the newest entry of the last reading is all that is read: late news of earlier work is missed."""
    gather = WorkDesk.gather

    async def ahead(self: WorkDesk, sow: str, workspace: str, until: int) -> Any:
        found = await gather(self, sow, workspace, until)
        return msgspec.structs.replace(found, works=found.works[:1], read_up_to=max(found.read_up_to, until) + HOUR_MS)

    patch.setattr(WorkDesk, "gather", ahead)


def one_lane_for_nobody(patch: Patch) -> None:
    """The work of one contract is decided by many runs at once, each believing what was billed when it began."""
    made = work_processes
    patch.setattr(
        wiring, "work_processes", lambda firm: [replace(p, key=lambda s: f"{s.sow}:{s.id}:{s.approved_at}") for p in made(firm)]
    )


def mirrors_show_the_version_before(patch: Patch) -> None:
    """Of an invoice that changes, the version seen before is shown."""
    before, write = dict[str, Any](), Batch.write

    async def behind(self: Batch, run: Any, rows: list[Any]) -> None:
        old = [before.get(row.key, row) for row in rows]
        before.update({row.key: row for row in rows})
        await write(self, run, old)

    patch.setattr(Batch, "write", behind)


def an_old_page_is_shown_again(patch: Patch) -> None:
    """An hour after a page was mirrored it is mirrored once more, as it was."""
    made = mirror.mirror_processes

    def haunted(firm: Any) -> list[Any]:
        return [replace(process, fn=_again(process.fn, firm)) for process in made(firm)]

    patch.setattr(mirror, "guarded", lambda rows, _shown, _key, _version: (list(rows), []))
    patch.setattr(wiring, "mirror_processes", lambda firm: [replace(p, key=lambda page: _own(p, page)) for p in haunted(firm)])


def _own(process: Any, page: Any) -> str:
    return f"{process.name}:{msgspec.json.encode(page).decode()}"


def _again(fn: Any, _firm: Any) -> Any:
    async def twice(run: Any, page: Any) -> Any:
        said = await fn(run, page)
        await run.sleep_until(run.now() + 30 * HOUR_MS)
        await fn(run, page)
        return said

    return twice


def the_psa_mirror_is_forgotten(patch: Patch) -> None:
    """What the ERP shows is mirrored to the CRM alone."""

    async def unseen(_self: Kantata, shown: Any) -> None:
        if shown.model == "job":
            await show(_self, shown)

    show = Kantata.show
    patch.setattr(Kantata, "show", unseen)


def totals_are_never_shown(patch: Patch) -> None:
    """Billed-to-date and unbilled stay as they were in the CRM."""

    async def silent(*_: Any) -> None:
        return None

    patch.setattr(Batch, "write_totals", silent)


def a_refused_set_up_is_told_to_nobody(patch: Patch) -> None:
    """The run of a set-up that is refused ends as if it were done: no exception is opened."""
    made = activation.activate_processes

    def quiet(firm: Any) -> list[Any]:
        return [replace(process, fn=_unheard(process.fn)) for process in made(firm)]

    patch.setattr(wiring, "activate_processes", quiet)


def _unheard(fn: Any) -> Any:
    async def swallowing(run: Any, won: Any) -> Any:
        try:
            return await fn(run, won)
        except BusinessException:
            return None

    return swallowing


def invoiced_work_is_not_remembered(patch: Patch) -> None:
    """The book does not note which work an invoice took, and the next bill offers it again."""

    async def forgetful(*_: Any) -> None:
        return None

    patch.setattr(SqlBook, "invoiced", forgetful)


NEWS: tuple[Bug, ...] = (
    acknowledged_before_it_is_kept,
    strangers_are_believed,
    a_notice_in_trouble_is_dropped,
    sweeps_without_overlap,
    a_failed_sweep_counts_as_done,
    a_watermark_in_local_time,
    only_the_first_page,
    every_second_page,
    work_is_read_once,
    one_lane_for_nobody,
    mirrors_show_the_version_before,
    an_old_page_is_shown_again,
    the_psa_mirror_is_forgotten,
    totals_are_never_shown,
    a_refused_set_up_is_told_to_nobody,
    invoiced_work_is_not_remembered,
)
