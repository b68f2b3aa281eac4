"""One orchestrator's processes on the embedded engine, over systems in memory, in virtual time; it can crash and be opened again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from orchestrator.engine.embedded import Embedded
from orchestrator.processes.firm import Firm
from orchestrator.processes.items import ItemDesk
from orchestrator.processes.sweeps import Finds, Sweeps
from orchestrator.store.audit import Audit
from orchestrator.store.book import SqlBook
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.store.database import Database
from orchestrator.store.desk import Desk
from orchestrator.store.notes import Notes
from orchestrator.wiring import Late, processes_of
from tests.orchestrator.deals import MONDAY, REFERENCE
from tests.orchestrator.processes.systems import FakeCrm, FakeErp, FakePsa
from tests.orchestrator.virtual import live


class Crash(BaseException):
    """The process dies at a commit."""


@dataclass
class House:
    """`crash_at`: die at that commit, counted from 1; `after`: when it is already on disk."""

    loop: Any
    path: str
    crm: FakeCrm = field(default_factory=FakeCrm)
    erp: FakeErp = field(default_factory=FakeErp)
    psa: FakePsa = field(default_factory=FakePsa)
    crash_at: int = 0
    after: bool = False
    deaths: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self.open()

    def clock(self) -> int:
        return MONDAY + self.loop.ms()

    def open(self) -> None:
        """Open the store, as at the start of a program."""
        self.database = Database(self.path)
        self._arm()
        audit = Audit(self.database, self.clock)
        self.desk = Desk(self.database, self.clock, catalogue=REFERENCE.catalogue, audit=audit, limits={"clerk": 10**9})
        self.book, self.names = SqlBook(self.database, self.clock), Crossrefs(self.database, self.clock)
        self.notes = Notes(self.database, self.clock)
        firm = Firm(self.crm, self.erp, self.psa, self.book, ItemDesk(self.desk), self.names, REFERENCE)
        late = Late()
        self.engine = late.engine = Embedded(self.database, processes_of(firm, late), self.clock, on_state=self.desk.follow)
        self.sweeps = Sweeps(
            self.crm,
            self.erp,
            self.psa,
            shelf=self.book,
            starter=late,
            clock=self.clock,
            finds=Finds(lambda: self.engine.begun, self._lost),
        )
        self.serving = asyncio.ensure_future(self.engine.serve())

    def _lost(self) -> None:
        self.lost += 1

    def _arm(self) -> None:
        commit, self.commits = self.database.commit, 0

        def counted(*statements: Any) -> int:
            self.commits += 1
            if self.commits == self.crash_at and not self.after:
                raise Crash
            done = commit(*statements)
            if self.commits == self.crash_at:
                raise Crash
            return done

        self.database.commit = counted  # type: ignore[method-assign]

    async def settle(self, hours: float = 2) -> None:
        """Let time pass; a program that died is opened again at once."""
        until = self.loop.now + hours * 3600
        while self.loop.now < until:
            await asyncio.wait((self.serving,), timeout=until - self.loop.now)
            if self.serving.done():
                assert isinstance(self.serving.exception(), (Crash, BaseExceptionGroup)), self.serving.exception()
                self.reopen()

    def reopen(self) -> None:
        self.serving.cancel()
        self.database.close()
        self.crash_at, self.deaths = 0, self.deaths + 1
        self.open()

    async def state(self, run: str) -> str:
        view = await self.engine.run(run)
        return "none" if view is None else view.state

    def close(self) -> None:
        self.serving.cancel()
        self.database.close()


def keep(story: Any, path: Any, **changes: Any) -> Any:
    """Run `story(house)` in virtual time; what it returns."""

    async def main(loop: Any) -> Any:
        house = House(loop, str(path), **changes)
        try:
            return await story(house)
        finally:
            house.close()

    return live(main)
