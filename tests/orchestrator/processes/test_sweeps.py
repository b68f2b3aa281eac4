"""Sweeps find what pushes lost, cost nothing when there is nothing, and forget nothing in a crash."""

import asyncio
import sqlite3

import pytest

from orchestrator.canonical.deal import SoldSignal
from orchestrator.errors import Held, Refused, StoreTaken, Transient
from orchestrator.ports import Hint
from orchestrator.processes.activation import run_id
from orchestrator.processes.pollers import KEEP_EVERY_MS, Busy, Every, Plan, Poller, never
from tests.orchestrator.deals import DAY_MS, HOUR_MS, MONDAY, deal, engagement, entry
from tests.orchestrator.processes.house import keep
from tests.orchestrator.virtual import live

MINUTE_MS = 60_000
SIGNED = SoldSignal("S-00042", "closed_won", "signed", MONDAY, 1)


class Marks(dict):
    """Watermarks, and how often they were written."""

    writes = 0

    def put(self, name, value):
        self.writes += 1
        self[name] = value


def polled(ask, *, minutes, marks=None, pace=None, needless=never):
    """The instants (minutes) at which a poller asked, and from when."""
    marks = Marks() if marks is None else marks

    async def main(loop):
        asked = []

        async def watched(since):
            asked.append((loop.ms() // MINUTE_MS, since // MINUTE_MS))
            return await ask(len(asked))

        plan = Plan("x", watched, pace or Every(30 * MINUTE_MS), 10 * MINUTE_MS, needless)
        poller = Poller(plan, marks, loop.ms, on_failure=lambda _name, _error: None)
        task = asyncio.ensure_future(poller.serve())
        await asyncio.sleep(minutes * 60 + 1)
        task.cancel()
        return asked

    return live(main), marks


async def nothing(_number):
    return False


def test_polls_run_on_a_grid_and_look_back():
    """At once, then every interval, each from the last success less the overlap."""
    asked, _ = polled(nothing, minutes=90)
    assert asked == [(0, -10), (30, -10), (60, 20), (90, 50)]


def test_an_empty_poll_writes_nothing():
    """Only the first mark and one in six hours are kept while nothing happens."""
    _, marks = polled(nothing, minutes=13 * 60)
    assert marks.writes == 1 + 2


def test_a_mark_that_a_crash_lost_only_makes_the_next_question_reach_further_back():
    """Wherever the program dies, what is kept lies before every poll that succeeded, and by six hours at most."""
    for minutes in range(20, 14 * 60, 50):
        asked, marks = polled(nothing, minutes=minutes)
        again, _ = polled(nothing, minutes=1, marks=Marks({name: value - minutes * MINUTE_MS for name, value in marks.items()}))
        since, last = again[0][1] + minutes, asked[-1][0]
        assert last - KEEP_EVERY_MS // MINUTE_MS - 10 <= since <= last - 10


def test_a_poll_that_found_something_is_kept():
    """A crash after it does not read it again for ever."""

    async def always(_number):
        return True

    _, marks = polled(always, minutes=90)
    assert (marks.writes, marks["poll:x"] // MINUTE_MS) == (1 + 4, 90)


@pytest.mark.parametrize("error", [Transient("503", system="x"), Held("open", 45 * MINUTE_MS, system="x")])
def test_a_failed_poll_loses_no_time_span(error):
    """After an outage the first success asks from the last one before it."""

    async def failing(number):
        if 2 <= number <= 3:
            raise error
        return False

    asked, _ = polled(failing, minutes=180)
    ok = [since for number, (_, since) in enumerate(asked, start=1) if not 2 <= number <= 3]
    assert ok[:2] == [-10, -10]


def test_a_bug_of_ours_ends_one_question_and_not_the_program():
    """Whatever a sweep stumbles over, the poller asks again from the same mark."""

    async def buggy(number):
        if number == 2:
            raise KeyError("174")
        return False

    assert polled(buggy, minutes=60)[0] == [(0, -10), (30, -10), (31, -10), (60, 21)]


@pytest.mark.parametrize("lost", [StoreTaken("db"), sqlite3.OperationalError("disk full")])
def test_without_its_store_a_poller_stops(lost):
    """A program that may not write any more has to end, not to go on asking."""

    async def main(loop):
        async def ask(_since):
            raise lost

        poller = Poller(Plan("x", ask, Every(MINUTE_MS), 0), Marks(), loop.ms, on_failure=lambda _name, _error: None)
        with pytest.raises(type(lost)):
            await poller.serve()
        return True

    assert live(main)


def test_a_poller_that_was_held_at_the_gate_does_not_wait_for_the_crowds_half_hour():
    """The gate wakes runs when it opens, and knows no pollers: they look again by themselves; what a vendor tells is kept."""
    asked = []
    for error in (Held("breaker open", 30 * MINUTE_MS, system="erp"), Transient("429", 30 * MINUTE_MS, system="erp")):

        async def once(number, error=error):
            if number == 2:
                raise error
            return False

        asked.append([at for at, _ in polled(once, minutes=61)[0]])
    assert asked == [[0, 30, 31, 60], [0, 30, 60]]


def test_a_refusal_is_not_asked_about_every_minute():
    """A right that was taken away does not come back by asking: ten minutes lie between two questions."""

    async def forbidden(_number):
        raise Refused("FORBIDDEN", "insufficient access rights", system="erp")

    assert [at for at, _ in polled(forbidden, minutes=35)[0]] == [0, 10, 20, 30]


def test_a_question_that_is_left_out_is_asked_later_from_the_same_mark():
    """While nothing is worth a call no mark moves; the first question after that reaches back to the last one that was asked."""
    spent = []
    asked, _ = polled(
        nothing, minutes=120, needless=lambda mark: mark == 30 * MINUTE_MS and len(spent) < 2 and not spent.append(1)
    )
    assert (asked, len(spent)) == ([(0, -10), (30, -10), (120, 20)], 2)


def test_a_poller_that_starts_again_goes_on_from_its_mark():
    """What happened while the program was down is asked for."""
    asked, _ = polled(nothing, minutes=1, marks=Marks({"poll:x": -500 * MINUTE_MS}))
    assert asked == [(0, -510)]


def test_mirrors_are_quick_while_anybody_works():
    """Every four minutes in business hours of any entity, every hour else; the morning is met at its start."""
    zones = ["Europe/Berlin"]
    busy = Busy(4 * MINUTE_MS, 60 * MINUTE_MS, lambda: zones, 7, 20)
    six = MONDAY - MONDAY % DAY_MS + 6 * HOUR_MS  # 07:00 in Berlin
    assert [busy.after(at) - at for at in (six - 70 * MINUTE_MS, six - 20 * MINUTE_MS, six, six + 5 * HOUR_MS)] == [
        10 * MINUTE_MS,
        20 * MINUTE_MS,
        4 * MINUTE_MS,
        4 * MINUTE_MS,
    ]


def test_a_lost_push_is_found_by_the_sweep(tmp_path):
    """No push came at all: the sweep starts the set-up; a second sweep starts nothing."""

    async def story(house):
        house.crm.deals["S-00042"], house.crm.sold = deal(), [SIGNED]
        for _ in range(2):
            await house.sweeps.sold(0)
            await house.settle()
        return await house.state(run_id("S-00042")), house.psa.meet.calls.count("create_workspace"), house.lost

    assert keep(story, tmp_path / "db") == ("done", 1, 1)


def test_a_lost_signature_is_found_by_the_sweep(tmp_path):
    """The run waits; the sweep tells it of the signature, once."""

    async def story(house):
        house.crm.deals["S-00042"] = deal(status="sent", signed_at=0)
        house.crm.sold = [SoldSignal("S-00042", "closed_won", "sent", 0, 1)]
        await house.sweeps.sold(0)
        await house.settle()
        waiting = await house.state(run_id("S-00042"))
        house.crm.deals["S-00042"], house.crm.sold = deal(), [SIGNED]
        await house.sweeps.sold(0)
        await house.sweeps.sold(0)
        await house.settle()
        return waiting, await house.state(run_id("S-00042"))

    assert keep(story, tmp_path / "db") == ("waiting", "done")


def test_work_the_feed_never_told_of_is_found(tmp_path):
    """The poll of entries starts what is undecided; what is decided costs nothing."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1), entry(2)]
        house.psa.hints["time"] = [Hint("time", "41", "8", MONDAY + 2 * MINUTE_MS, f"TE-{n}") for n in (1, 2)]
        found = [await house.sweeps.time(0)]
        await house.settle()
        found.append(await house.sweeps.time(0))
        return found, sorted(house.erp.work), len(await house.engine.runs())

    assert keep(story, tmp_path / "db") == ([True, False], ["TE-1", "TE-2"], 1)


@pytest.mark.parametrize(("minute", "lost"), [(2, 1), (12, 0), (22, 0)])
def test_what_the_feed_left_out_counts_as_lost_and_what_it_could_not_know_does_not(tmp_path, minute, lost):
    """A hint two answers of the feed old was lost; a newer one the feed would still have told."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1)]
        house.psa.hints["time"] = [Hint("time", "41", "8", MONDAY + minute * MINUTE_MS, "TE-1")]
        for _ in range(2):
            await asyncio.sleep(10 * 60)
            await house.sweeps.feed(0)
        await house.sweeps.time(0)
        return house.lost

    assert keep(story, tmp_path / "db") == lost


def test_feed_and_poll_tell_of_one_approval_once(tmp_path):
    """The same submission by both ways, and twice by each, is one run."""

    async def story(house):
        await house.book.engage(engagement())
        house.psa.works = [entry(1)]
        hint = Hint("time", "41", "8", MONDAY + MINUTE_MS)
        house.psa.hints = {
            "feed": [hint, hint],
            "time": [Hint("time", "41", "8", MONDAY + MINUTE_MS, "TE-1")] * 2,
            "expenses": [],
        }
        await asyncio.gather(house.sweeps.feed(0), house.sweeps.time(0))
        await house.sweeps.feed(0)
        await house.settle()
        return len(await house.engine.runs()), house.erp.meet.calls

    assert keep(story, tmp_path / "db") == (1, ["post_time"])


def test_projects_that_are_not_ours_are_left_alone(tmp_path):
    """A workspace whose title names no SOW starts nothing."""

    async def story(house):
        house.psa.workspaces["77"] = "Summer party"
        house.psa.sow_of = lambda _workspace: asyncio.sleep(0, "")
        house.psa.hints["feed"] = [Hint("time", "77", "8", MONDAY)]
        await house.sweeps.feed(0)
        return len(await house.engine.runs())

    assert keep(story, tmp_path / "db") == 0
