"""The everyday path of a run on the embedded engine, in virtual time."""

from __future__ import annotations

import asyncio

from orchestrator.engine.embedded import Embedded
from orchestrator.store.database import Database
from tests.orchestrator.engine.world import Deal, Won, World, processes
from tests.orchestrator.virtual import live


def test_a_run_acts_waits_and_publishes():
    """A run does its steps, waits for its signal as a row, and publishes once."""

    async def main(loop):
        world = World()
        world.deals["o1"] = Deal("o1", "c1", 100, "std")
        engine = Embedded(Database(":memory:"), processes(world), loop.ms)
        serving = loop.create_task(engine.serve())
        await engine.start("activate-project", Won("o1"), id="r1")
        await asyncio.sleep(60)
        waiting = await engine.run("r1")
        assert (waiting.state, waiting.version, engine._active) == ("waiting", 2, {})
        assert await engine.signal("r1", "signed", None, id="s1")
        await asyncio.sleep(60)
        assert (await engine.run("r1")).state == "done"
        assert engine.db.rows("select id, type, subject from outbox") == [
            ("r1/publish:project.activated", "project.activated", "o1")
        ]
        assert engine.idle()
        serving.cancel()
        return world.state()

    assert live(main)["projects"] == [("o1", "open", "r1", 100)]
