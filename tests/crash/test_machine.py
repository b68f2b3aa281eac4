"""A machine dies at a point: nothing of that life acts afterwards, and the next life opens what was durable."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from scenarios.clock.loop import run_virtual
from scenarios.crash.machine import Dead, Machine
from scenarios.crash.points import Point

PUT = "insert into note(name, value, at) values(?, ?, 0) on conflict(name) do update set value = excluded.value"


class Program:
    """Counts in its store every ten seconds, tells a vendor of each count, and keeps a `finally` that would like to act."""

    def __init__(self, send, database):
        self.send, self.db, self.late = send, database, []

    def count(self):
        return int((self.db.row("select value from note where name = 'n'") or (0,))[0])

    async def serve(self):
        try:
            while True:
                await asyncio.sleep(10)
                await self.send(SimpleNamespace(system="erp", method="POST", count=self.count() + 1))
                self.db.commit((PUT, ("n", str(self.count() + 1))))
        finally:
            for act in (lambda: self.db.commit((PUT, ("n", "999"))), lambda: self.send(None).send(None)):
                try:
                    act()
                except Dead:
                    self.late.append("refused")

    def idle(self):
        return True

    async def app(self, scope, receive, send):
        return None

    def close(self):
        self.db.close()


def live(kill_at, *, seconds=100.0, tail=0, during=None):
    """Let programs live on a machine; (counts the vendor heard, what is stored, machine, programs)."""
    heard, programs = [], []

    async def vendor(request):
        await asyncio.sleep(1)
        heard.append(request.count)

    def build(send, database):
        programs.append(Program(send, database))
        return programs[-1]

    async def main(loop):
        machine = Machine(build, vendor)
        machine.tail_max = machine.lost_commits = tail
        machine.watchers.append(lambda point: point == kill_at)
        serving = loop.create_task(machine.serve())
        await asyncio.sleep(35 if during else seconds)
        if during:
            await during(machine)
        stored = programs[-1].count()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        machine.close()
        return heard, stored, machine, programs

    return run_virtual(main, start_ms=0)


@pytest.mark.parametrize(
    ("point", "heard"),
    [
        (Point("", ":erp:POST", "before-send", 3), [1, 2, 3]),
        (Point("", ":erp:POST", "after-send", 3), [1, 2, 3, 3]),
        (Point("", "note:n", "before-commit", 3), [1, 2, 3, 3]),
        (Point("", "note:n", "after-commit", 3), [1, 2, 3]),
    ],
)
def test_what_a_vendor_hears_tells_where_the_machine_died(point, heard):
    """Before sending: nothing twice. With the request gone or the answer unwritten: once more. After the commit: nothing twice."""
    got, _, machine, programs = live(point)
    assert got[: len(heard)] == heard
    assert (machine.deaths, len(programs)) == (1, 2)


@pytest.mark.parametrize("position", ["before-commit", "after-commit"])
def test_nothing_of_a_dead_life_acts(position):
    """A `finally` that writes and sends is refused both; the next life counts on from what was durable."""
    _, stored, _, programs = live(Point("", "note:n", position, 3))
    assert programs[0].late == ["refused", "refused"]
    assert stored < 20


def test_a_power_cut_may_take_the_last_commits():
    """Two transactions are gone, and the vendor hears of them again."""
    heard, *_ = live(Point("", "note:n", "after-commit", 4), tail=2)
    assert heard[:7] == [1, 2, 3, 4, 3, 4, 5]


def test_between_two_lives_nobody_answers():
    """Who asks a dead orchestrator something is refused the connection."""

    async def during(machine):
        assert not machine.life.alive
        assert not machine.idle()
        with pytest.raises(ConnectionRefusedError):
            await machine.app(None, None, None)

    live(Point("", "note:n", "after-commit", 3), during=during)
