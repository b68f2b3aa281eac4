from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulators.behaviours.feed import Event, Feed
from simulators.behaviours.jobs import Jobs
from simulators.kernel.calls import Dispatch, Reply
from simulators.kernel.records import Change, Refusal
from simulators.kernel.stages import System
from tests.simulators.kernel.conftest import World
from tests.simulators.kernel.mini import NOTE

HOUR = 3_600_000


def told(_system: System[Any], change: Change) -> Event | None:
    return Event(f"e{change.seq}", change.at, str(change.id), {"op": change.op}) if change.kind == "note" else None


def fill(world: World, feed: Feed, n: int) -> None:
    world.system.subscribers.append(feed.listen)
    world.system.act("create", "owner", "Ann", {}, user="x", at=1)
    for i in range(n):
        world.system.act("create", "note", f"N-{i}", {"title": "t"}, user="x", at=1)
        world.run(asyncio.sleep(60))


def poll(world: World, feed: Feed, after: int = 0) -> list[str]:
    now = world.system.clock()
    return [e.id for e in feed.events(now, after=after, before=now)]


def test_a_feed_is_complete_but_in_no_order(world: World) -> None:
    """Every event of the kind is there, shuffled the same way for the same seed; the bounds are on when it happened."""
    feed, again = Feed(told, keep_ms=9 * 24 * HOUR), Feed(told, keep_ms=9 * 24 * HOUR)
    fill(world, feed, 30)
    found = poll(world, feed)
    expected = [f"e{n}" for n in range(2, 32)]
    assert (sorted(found, key=lambda e: int(e[1:])), found == expected) == (expected, False)
    again.rebuild(world.system)
    assert poll(world, again) == found
    assert len(poll(world, feed, after=world.system.clock() - 5 * 60_000)) == 5


def test_a_feed_may_show_an_event_twice(world: World) -> None:
    """A share of them comes again a little later."""
    feed = Feed(told, keep_ms=9 * 24 * HOUR, double_share=0.3, late_ms=60_000)
    fill(world, feed, 60)
    found = poll(world, feed)
    assert (len(set(found)), 65 < len(found) < 95) == (60, True)


def test_a_feed_forgets(world: World) -> None:
    """What is older than the vendor keeps is gone, from the answer and from memory."""
    feed = Feed(told, keep_ms=HOUR)
    fill(world, feed, 90)
    assert len(poll(world, feed)) == 60
    assert len(feed.shown) == 60


def test_hooks_bend_a_feed_like_a_push(world: World) -> None:
    """Left out, late or double: an event is shown when its dispatches say."""
    feed = Feed(told, keep_ms=24 * HOUR)
    plans = {"e2": [], "e3": [Dispatch(delay_ms=HOUR)], "e4": [Dispatch(), Dispatch()]}
    world.system.delivery.append(lambda message: plans.get(message.id))
    fill(world, feed, 4)
    assert sorted(poll(world, feed)) == ["e4", "e4", "e5"]
    world.run(asyncio.sleep(3600))
    assert sorted(poll(world, feed)) == ["e3", "e4", "e4", "e5"]


def test_a_job_runs_later_and_once_for_its_key(world: World) -> None:
    """The same user and key again gets the same job; another user's key is another job."""
    jobs, system = Jobs(keep_ms=HOUR), world.system

    def work() -> Reply:
        return Reply(204, system.records.create(NOTE, {"title": "t"}, "x").id.encode())

    async def story() -> list[object]:
        one = jobs.submit(system, work, user="ann", key="k", delay_ms=5000)
        same = jobs.submit(system, work, user="ann", key="k", delay_ms=5000)
        other = jobs.submit(system, work, user="bob", key="k", delay_ms=5000)
        before = (one is same, one.state, len(system.look("note")))
        await asyncio.sleep(10)
        late = jobs.submit(system, work, user="ann", key="k")
        return [
            before,
            one.state,
            other.id,
            late is one,
            len(system.look("note")),
            jobs.find("1", system.clock()) is one,
            one.reply,
        ]

    assert world.run(story()) == [(True, "pending", 0), "succeeded", "2", True, 2, True, Reply(204, b"n000001")]


def test_a_job_that_is_refused_has_changed_nothing(world: World) -> None:
    """It fails with the refusal, and tells nobody of what it undid."""
    jobs, system, heard = Jobs(keep_ms=HOUR), world.system, []
    system.on_change = heard.append

    def work() -> Reply:
        system.records.create(NOTE, {"title": "t"}, "x")
        raise Refusal("closed_period", "the books are closed")

    async def story() -> object:
        job = jobs.submit(system, work, user="ann")
        await asyncio.sleep(1)
        return job.state, job.refusal and job.refusal.code

    assert (world.run(story()), heard, system.look("note")) == (("failed", "closed_period"), [], [])


def test_jobs_are_bounded_and_forgotten(world: World) -> None:
    """Waiting jobs push back; ended ones make room, and go after a while, with their keys."""
    jobs, system = Jobs(keep_ms=HOUR, most=2), world.system

    async def story() -> list[object]:
        for key in "ab":
            jobs.submit(system, lambda: Reply(204), user="ann", key=key, delay_ms=1000)
        with pytest.raises(Refusal, match="2 jobs"):
            jobs.submit(system, lambda: Reply(204), user="ann", key="c")
        await asyncio.sleep(2)
        jobs.submit(system, lambda: Reply(204), user="ann", key="c", delay_ms=10_000)
        kept = list(jobs.held)
        jobs.clear()
        again = jobs.submit(system, lambda: Reply(204), user="ann", key="c")
        await asyncio.sleep(3600)
        return [kept, again.state, jobs.find(again.id, system.clock() + 1000), len(jobs.by_key)]

    assert world.run(story()) == [["2", "3"], "succeeded", None, 0]
