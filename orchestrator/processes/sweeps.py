"""What each poll does with what it finds: start the runs that a lost, late or never sent push would have started.

Every start is idempotent by its id, so a sweep and a push that tell the same story begin one run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.billing import Invoice
from orchestrator.canonical.deal import SoldSignal, Won
from orchestrator.canonical.work import Submission
from orchestrator.policies.validation import SIGNED, WON
from orchestrator.ports import Clock, Crm, Erp, Hint, Psa, Starter
from orchestrator.processes import activation, amending, milestones, mirror, recalling, withdrawal, work

BACK = {"time-back": "time", "expense-back": "expense"}


class Shelf(Protocol):
    """What the sweeps look up in the book."""

    def is_engaged(self, sow: str) -> bool: ...
    def sow_of_workspace(self, workspace: str) -> str: ...
    def bills_work(self, workspace: str) -> bool: ...
    def decided(self, sources: Sequence[str]) -> set[str]: ...
    def unseen(self, invoices: Sequence[Invoice]) -> list[Invoice]: ...
    def moved(self) -> list[str]: ...
    def terms_version(self, sow: str) -> int: ...
    def has_work(self, sow: str) -> bool: ...
    async def saw(self, invoices: Sequence[Invoice]) -> None: ...


@dataclass(frozen=True)
class Finds:
    """Who hears of runs that only a sweep began: how many runs were begun so far, and one call for each such run."""

    begun: Callable[[], int] = lambda: 0
    lost: Callable[[], None] = lambda: None


class Sweeps:
    """The questions behind the pollers; each is True when it began what nobody had begun before. `starter` is the engine."""

    def __init__(
        self, crm: Crm, erp: Erp, psa: Psa, *, shelf: Shelf, starter: Starter, clock: Clock, finds: Finds | None = None
    ) -> None:
        self._crm, self._erp, self._psa, self._shelf, self._starter, self._clock = crm, erp, psa, shelf, starter, clock
        self._finds = finds or Finds()
        self._fed_at = self._told_until = 0
        """When the feed was last read, and the time before: an event may be a poll late, one that is two polls late is lost."""

    # Selling.

    async def sold(self, since: int) -> bool:
        """Won opportunities and signed SOWs whose push may have been lost, new versions of terms, and deals that are won no more."""
        rows = await self._crm.sold_since(since)
        first = self._finds.begun()
        for row in rows:
            if row.stage != WON:
                await self._taken_back(row)
            elif 0 < self._shelf.terms_version(row.sow) < row.terms_version:
                await self._starter.start(amending.NAME, Won(row.sow), id=amending.run_id(row.sow, row.terms_version))
            elif not self._shelf.is_engaged(row.sow):
                before = self._finds.begun()
                await self.tell(row)
                self._found(before)
        return self._finds.begun() > first

    async def _taken_back(self, row: SoldSignal) -> None:
        """Stop the set-up of a deal that is won no more; one that stood already is withdrawn by a run of its own."""
        if await self._starter.abandon(activation.run_id(row.sow), reason=f"the deal is {row.stage or 'gone'}", by="crm"):
            return
        if self._shelf.terms_version(row.sow):
            await self._starter.start(withdrawal.NAME, Won(row.sow), id=withdrawal.run_id(row.sow, row.moved_at))

    async def tell(self, row: SoldSignal) -> str:
        """Start the SOW's activation, and tell it of the signature; the run's id."""
        run = await self._starter.start(activation.NAME, Won(row.sow), id=activation.run_id(row.sow))
        if row.status == SIGNED:
            await self.signed(row.sow, f"{row.signed_at}")
        return run

    async def signed(self, sow: str, version: str) -> str:
        """Tell an activation that waits for the signature; without one, the deal's own reading will show it."""
        run = activation.run_id(sow)
        await self._starter.signal(run, "signed", {"version": version}, id=f"signed:{version}")
        return run

    # Delivery.

    async def feed(self, since: int) -> bool:
        at = self._clock()
        found = await self._work(await self._psa.feed(since), sweeping=False)
        self._told_until, self._fed_at = self._fed_at, at
        return found

    async def time(self, since: int) -> bool:
        return await self._work(self._undecided(await self._psa.time_since(since)))

    async def expenses(self, since: int) -> bool:
        return await self._work(self._undecided(await self._psa.expenses_since(since)))

    async def milestones(self, since: int) -> bool:
        return await self._work(await self._psa.milestones_since(since))

    async def withdrawn(self, since: int) -> bool:
        """Submissions that were decided against: most were never approved and mean nothing."""
        return await self._work(await self._psa.withdrawn_since(since))

    def _found(self, before: int) -> None:
        """A sweep asked for a run: was it the first to know of it?"""
        if self._finds.begun() > before:
            self._finds.lost()

    def _undecided(self, hints: list[Hint]) -> list[Hint]:
        billing = [hint for hint in hints if self._shelf.bills_work(hint.workspace)]
        decided = self._shelf.decided([hint.source for hint in billing])
        return [hint for hint in billing if hint.source not in decided]

    async def _work(self, hints: list[Hint], *, sweeping: bool = True) -> bool:
        """Start what the hints are about, each subject once; what a sweep finds and the feed should have told was lost."""
        told, first = set[tuple[str, str, int]](), self._finds.begun()
        for hint in hints:
            subject = (hint.kind, hint.subject, hint.at)
            if subject not in told:
                told.add(subject)
                before = self._finds.begun()
                await self._act(hint)
                if sweeping and hint.at < self._told_until:
                    self._found(before)
        return self._finds.begun() > first

    async def _act(self, hint: Hint) -> None:
        sow = self._shelf.sow_of_workspace(hint.workspace) or await self._psa.sow_of(hint.workspace)
        if not sow:
            return  # a project that is not ours
        if hint.kind in BACK:
            await self._recall(sow, hint)
            return
        if hint.kind != "milestone":
            given = Submission(sow, hint.subject, hint.at)
            await self._starter.start(work.NAME, given, id=work.run_id(hint.kind, hint.subject, hint.at))
            return
        seen = await self._psa.milestone(hint.subject)
        if seen is not None and refs.sow_of_line(seen.line) == sow:
            await self._starter.start(milestones.NAME, seen, id=milestones.run_id(seen.line))

    async def _recall(self, sow: str, hint: Hint) -> None:
        """A submission was decided against: what of it was decided by us before is to be recalled."""
        if self._shelf.has_work(sow):
            back = await self._psa.withdrawn(BACK[hint.kind], hint.subject)
            if back is not None and self._shelf.decided(back.sources):
                given = msgspec.structs.replace(back, sow=sow)
                await self._starter.start(recalling.NAME, given, id=recalling.run_id(hint.subject, hint.at))

    # Money.

    async def invoices(self, since: int) -> bool:
        """Mirror the invoices that the ERP shows in a newer version than before, with the totals that moved."""
        fresh = self._shelf.unseen(await self._erp.invoices_since(since))
        if not fresh:
            return False
        fresh = await self._erp.with_net(tuple(fresh))
        await self._mirror(fresh)
        return True

    async def show_again(self, key: str, id: str) -> bool:
        """Mirror one invoice as the ERP has it now, after a clerk mended what the CRM refused; False: the ERP has no such invoice."""
        found = [row for row in await self._erp.invoices_since(0) if row.key == key]
        if not found:
            return False
        rows = tuple(await self._erp.with_net(tuple(found)))
        await self._starter.start(mirror.CRM_NAME, mirror.Page(rows, sows=tuple(row.sow for row in rows)), id=id)
        return True

    async def totals(self, _since: int) -> bool:
        """Show totals that moved without an invoice. The book knows them: nobody is asked."""
        moved = self._shelf.moved()
        if moved:
            await self._starter.start(mirror.CRM_NAME, mirror.Page(sows=tuple(moved)), id=f"mirror:crm:totals:{self._clock()}")
        return False  # what moved stays in the book until it is shown: no mark is needed

    async def names(self, since: int) -> bool:
        """Offer the names of customers that the ERP changed."""
        renamed = await self._erp.customers_since(since)
        if renamed:
            page = mirror.Page(customers=tuple(renamed))
            await self._starter.start(mirror.CRM_NAME, page, id=f"mirror:crm:names:{self._clock()}")
        return bool(renamed)

    async def _mirror(self, fresh: list[Invoice]) -> None:
        """Start both mirrors before the book says that these versions were seen: a crash in between starts them again."""
        for first in range(0, len(fresh), mirror.PAGE_MAX):
            rows = tuple(fresh[first : first + mirror.PAGE_MAX])
            name = f"{rows[0].key}:{rows[0].version}:{len(rows)}"
            sows = tuple(sorted({row.sow for row in rows}))
            await self._starter.start(mirror.CRM_NAME, mirror.Page(rows, sows=sows), id=f"mirror:crm:{name}")
            await self._starter.start(mirror.PSA_NAME, mirror.Page(rows), id=f"mirror:psa:{name}")
        await self._shelf.saw(fresh)
