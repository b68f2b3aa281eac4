"""The machine an engine runs on: kills it at one commit, before or after it is durable, and starts it again."""

from __future__ import annotations

import asyncio

from orchestrator.engine.embedded import Embedded
from orchestrator.store.database import Database
from tests.orchestrator.engine.world import DAY, QUICK, Deal, Won, World, processes
from tests.orchestrator.virtual import live


class Crash(BaseException):
    """The machine is gone."""


class Power:
    """Counts commits over all restarts and cuts once, at number `at`, before or after it is durable."""

    def __init__(self, at=None, mode="after"):
        self.at, self.mode, self.count, self.cuts = at, mode, 0, 0


class FragileDatabase(Database):
    """A database on a machine that may lose power at a commit; dead from then on."""

    def __init__(self, path, power):
        self.power, self.dead, self.on_cut = Power(), False, None
        super().__init__(path)
        self.power = power

    def commit(self, *statements):
        if self.dead:
            raise Crash
        self.power.count += 1
        hit = self.power.count == self.power.at
        if hit and self.power.mode == "before":
            self._cut()
        done = super().commit(*statements)
        if hit:
            self._cut()
        return done

    def _cut(self):
        self.dead = True
        self.power.cuts += 1
        self.on_cut()
        raise Crash


class Host:
    """Boots engines on one file until the story is over."""

    def __init__(self, loop, world, path, power, *, retry=QUICK, probe=True, restart_s=3.0):
        self.loop, self.world, self.path, self.power = loop, world, path, power
        self.retry, self.probe, self.restart_s, self.versions = retry, probe, restart_s, 1
        self.engine = self.serving = None
        self.boot()

    def boot(self):
        if self.engine is not None:
            self.engine.db.close()
        database = FragileDatabase(self.path, self.power)
        database.on_cut = lambda: self.loop.call_soon(self.loop.create_task, self.reboot())
        code = processes(self.world, self.retry, probe=self.probe)[: self.versions]
        self.engine = Embedded(database, code, self.loop.ms)
        self.serving = self.loop.create_task(self.engine.serve(), name=f"serve-{self.power.cuts}")

    async def stop(self):
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)

    async def reboot(self):
        await self.stop()
        await asyncio.sleep(self.restart_s)
        self.boot()

    async def ask(self, verb, *args, **named):
        """What intake and desk do: try until an engine has answered."""
        while True:
            engine = self.engine
            try:
                return await getattr(engine, verb)(*args, **named)
            except Crash:
                await asyncio.sleep(5)


FAULTS = {
    ("create_project", "o1", 1): "lost",
    ("create_project", "o4", 1): "transient",
    **{("provision", "o5", n): "refused" for n in range(1, 9)},
    ("provision", "o6", 1): "lost",
    ("cancel_project", "o5", 1): "lost",
    ("upsert_customer", "c6", 1): "lost",
    ("mirror_status", "o6", 1): "transient",
    ("create_project", "o8", 1): "late",
    ("create_project", "o9", 1): "lost",
    ("find_project", "o9", 1): "transient",
}
DEALS = 10


async def story(loop, host):
    """Ten deals and a repeat: a clerk fixes one, gives one up, one is never signed, v2 is deployed while v1 runs wait."""
    world = host.world
    for i in range(DEALS):
        world.deals[f"o{i}"] = Deal(f"o{i}", f"c{i}", 100 * i, None if i == 2 else "std")
        await host.ask("start", "activate-project", Won(f"o{i}"), id=f"r{i}")
    await host.ask("start", "activate-project", Won("o7", "won-again"), id="r7b")  # same key: must wait for r7
    await asyncio.sleep(3600)
    await host.stop()
    host.versions = 2
    host.boot()
    world.deals["n0"] = Deal("n0", "cn", 5, "std")
    await host.ask("start", "activate-project", Won("n0"), id="rn")
    world.deals["o2"] = Deal("o2", "c2", 200, "std")
    await host.ask("resubmit", "r2", by="clerk")
    await asyncio.sleep(2 * DAY / 1000)
    for run, signal in [(f"r{i}", f"sig-{i}") for i in range(DEALS) if i != 3] + [("rn", "sig-n")]:
        for _ in range(2):
            await host.ask("signal", run, "signed", {"by": "x"}, id=signal)
    await asyncio.sleep(3600)
    await host.ask("signal", "r7b", "signed", id="sig-7b")
    for _ in range(20):
        for view in await host.ask("runs", state="parked"):
            await host.ask("abandon", view.id, reason="clerk gives up", by="clerk")
        await asyncio.sleep(DAY / 1000)
    return {view.id: (view.state, view.version) for view in await host.ask("runs")}


def play(path, power=None, *, faults=FAULTS, retry=QUICK, probe=True):
    """Live the story once; what it left behind, without anything a crash may move."""
    power = power or Power()
    world = World(faults)

    async def main(loop):
        host = Host(loop, world, str(path), power, retry=retry, probe=probe)
        runs = await story(loop, host)
        outbox = sorted(subject for (subject,) in host.engine.db.rows("select subject from outbox"))
        await host.stop()
        host.engine.db.close()
        return {"runs": runs, "outbox": outbox, **world.state()}

    return live(main)
