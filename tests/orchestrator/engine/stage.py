"""A stage for one small process: an engine in virtual time, a system whose answers are scripted, and a way to look."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from orchestrator.engine.embedded import Bounds, Embedded
from orchestrator.engine.port import Process, Refused, Transient, Unknown, effect_key
from orchestrator.store.database import Database
from tests.orchestrator.virtual import live


class Scripted:
    """A system that has effects under our key. `script[operation]` is eaten one word a call; an empty script is done."""

    def __init__(self, **script):
        self.script = {name: words.split() for name, words in script.items()}
        self.made, self.calls, self.at = {}, [], []

    async def _play(self, operation, effect):
        words = self.script.get(operation) or ["done"]
        word = words.pop(0)
        self.calls.append(operation)
        self.at.append(round(asyncio.get_running_loop().time() * 1000))
        if word == "refused":
            raise Refused("NOPE", operation)
        if word == "transient":
            raise Transient("busy", system="erp")
        if word == "unsent":
            raise Unknown("lost on the way", system="erp")
        value = effect()
        if word == "lost":
            raise Unknown("reply lost", system="erp")
        if word == "broken":
            raise ZeroDivisionError
        return value

    async def create(self, what: str) -> dict:
        return await self._play("create", lambda: self.made.setdefault(f"{effect_key.get()}.{len(self.made)}", {"what": what}))

    async def find(self, what: str) -> dict | None:
        mine = [made for key, made in self.made.items() if key.rpartition(".")[0] == effect_key.get() and made["what"] == what]
        return await self._play("find", lambda: mine[-1] if mine else None)

    async def remove(self, made: dict) -> None:
        await self._play("remove", lambda: [self.made.pop(key) for key, m in list(self.made.items()) if m == made])

    async def upsert(self, what: str) -> str:
        return await self._play("upsert", lambda: self.made.__setitem__("upsert", what) or what)

    async def look(self) -> str:
        return await self._play("look", lambda: "seen")


def process(fn, *, version=1, key=str):
    return Process("p", version, key, fn, str)


@asynccontextmanager
async def running(loop, *code, path=":memory:", bounds=None, **named):
    """An engine that serves while the block runs, and leaves its file free."""
    engine = Embedded(Database(str(path)), code, loop.ms, bounds=bounds or Bounds(), **named)
    serving = loop.create_task(engine.serve())
    try:
        yield engine
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        engine.db.close()


def play(main, *args):
    return live(main, *args)
