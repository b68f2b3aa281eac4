"""Guards: every way out of a virtual run raises with the line that took it, and nothing is left behind."""

# ruff: noqa: TID251, PLW0108 - this file names what is banned, and calls it late on purpose

import asyncio
import concurrent.futures
import datetime as dt
import logging
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import types
import uuid
from time import monotonic as early_copy

import pytest

from scenarios.clock import guards
from scenarios.clock.guards import SITES, TYPES, Guards
from scenarios.clock.inside import Escape
from scenarios.clock.loop import run_virtual


class SubDatetime(dt.datetime):
    """A subclass, as pandas and others make."""


def reach(verb, port):
    with socket.socket() as one:
        getattr(one, verb)(("127.0.0.1", port))


ESCAPES = {
    "time.time": lambda: time.time(),
    "time.time_ns": lambda: time.time_ns(),
    "time.monotonic": lambda: time.monotonic(),
    "time.monotonic (copied before)": lambda: early_copy(),
    "time.perf_counter": lambda: time.perf_counter(),
    "time.perf_counter_ns": lambda: time.perf_counter_ns(),
    "time.sleep": lambda: time.sleep(0),
    "time.localtime": lambda: time.localtime(),
    "time.strftime": lambda: time.strftime("%Y"),
    "os.urandom": lambda: os.urandom(1),
    "uuid.uuid1": lambda: uuid.uuid1(),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "secrets.token_hex": lambda: secrets.token_hex(),
    "random.random": lambda: random.random(),
    "random.shuffle": lambda: random.shuffle([1, 2]),
    "random.seed": lambda: random.seed(1),
    "Random.seed": lambda: random.Random(),
    "random._urandom": lambda: random.SystemRandom().random(),
    "Thread.start": lambda: threading.Thread(target=print).start(),
    "Popen.__init__": lambda: subprocess.Popen(["true"]),
    "socket.connect": lambda: reach("connect", 9),
    "socket.bind": lambda: reach("bind", 0),
    "socket.getaddrinfo": lambda: socket.create_connection(("localhost", 9)),
    "datetime.now": lambda: dt.datetime.now(),
    "datetime.now (zone)": lambda: dt.datetime.now(dt.UTC),
    "datetime.today": lambda: dt.datetime.today(),
    "datetime.utcnow": lambda: dt.datetime.utcnow(),
    "date.today": lambda: dt.date.today(),
    "SubDatetime.now": lambda: SubDatetime.now(),
}


def run(main, **options):
    return run_virtual(main, start_ms=0, **options)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_raises_with_its_call_site(name):
    """Each way out is refused, by name and by line."""

    async def main(_loop):
        with pytest.raises(Escape) as caught:
            ESCAPES[name]()
        return str(caught.value)

    with pytest.raises(Escape, match=name.split(" ")[0]) as caught:
        run(main)
    assert "test_guards.py:" in str(caught.value)


def test_a_guard_up_twice_still_lets_go():
    """Nested guards restore what they found."""
    before = time.time, random.random
    with Guards(), Guards():
        assert time.time is not before[0]
    assert (time.time, random.random) == before


def state():
    """Everything that guards replace, as it is now."""
    held = [(owner, name, vars(owner).get(name, "inherited")) for owner, name, _ in SITES]
    return [*held, *((owner, name, vars(owner)[name]) for owner, name in TYPES), vars(threading)["_time"], early_copy]


UNTOUCHED = state()


def test_every_site_is_put_back_exactly():
    """After a run each guarded name is the very object it was, also where it was inherited."""
    with Guards():
        assert state() != UNTOUCHED
    assert state() == UNTOUCHED
    assert abs(dt.datetime.now().timestamp() - time.time()) < 60
    assert SubDatetime.now() >= SubDatetime(2020, 1, 1)


def test_guards_are_put_back_when_the_run_fails():
    """A failing run leaks no guard."""

    async def main(_loop):
        raise KeyError("x")

    before = time.time
    with pytest.raises(KeyError):
        run(main)
    assert time.time is before


def test_an_escape_that_somebody_caught_still_ends_the_run():
    """Code that swallows every exception must not hide it."""

    async def main(_loop):
        try:
            uuid.uuid4()
        except Exception:
            return "handled"

    with pytest.raises(Escape, match="uuid4"):
        run(main)


def test_a_failure_after_a_caught_escape_mentions_it():
    """What went wrong later may well come from there."""

    async def main(_loop):
        try:
            os.urandom(8)
        except Escape:
            raise KeyError("later") from None

    with pytest.raises(KeyError) as caught:
        run(main)
    assert "urandom" in caught.value.__notes__[0]


def test_an_escape_through_the_library_names_our_line_first():
    """A thread pool locks and starts threads deep inside; the report names who used it."""

    async def main(_loop):
        concurrent.futures.ThreadPoolExecutor(1).submit(print)

    with pytest.raises(Escape, match=r"test_guards\.py:\d+ in main \(through .*threading\.py"):
        run(main)


def test_what_reads_no_clock_is_let_through():
    """Formatting a given time, seeded generators and chance from a given seed are no escapes."""

    async def main(_loop):
        return (
            time.gmtime(0).tm_year,
            random.Random(7).random(),
            dt.datetime.fromtimestamp(0, dt.UTC).year,
            time.strftime("%Y", time.gmtime(0)),
        )

    assert run(main) == (1970, random.Random(7).random(), 1970, "1970")


def test_logging_may_read_the_clock(caplog):
    """A log line's wall time is for people; it never enters the history."""

    async def main(_loop):
        logging.getLogger("clock").warning("hello")

    run(main)
    assert [record.message for record in caplog.records] == ["hello"]


def test_an_allowed_module_may_pass_and_others_may_not():
    """The allow-list goes by the calling line's module, package prefixes included."""
    progress = types.ModuleType("progress.line")
    exec("import time\ndef draw(): return time.monotonic()", vars(progress))
    with Guards(allowed=("progress",)) as watch:
        assert progress.draw() > 0
        with pytest.raises(Escape):
            time.monotonic()
    assert len(watch.escapes) == 1


def test_the_stopwatch_is_open():
    """The runner may time itself."""

    async def main(_loop):
        return guards.stopwatch()

    assert run(main) > 0


def test_another_thread_is_not_the_run_s():
    """A thread that was there before the run keeps its clock."""
    begin, end, read = threading.Event(), threading.Event(), []

    def foreign():
        begin.wait(10)
        read.append(time.monotonic())
        end.set()

    thread = threading.Thread(target=foreign)
    thread.start()
    with Guards():
        begin.set()
        end.wait(10)
    thread.join()
    assert len(read) == 1


def test_a_guard_taken_away_by_a_module_is_harmless_afterwards():
    """A module imported during a run may keep a guard; once the run is over it passes everything through."""
    with Guards():
        kept = time.time
    assert abs(kept() - time.time()) < 60


def test_guards_cost_the_loop_nothing():
    """No code that the loop runs on its own is wrapped: a thousand waits meet no guard."""
    calls = []

    async def main(_loop):
        sys.setprofile(lambda frame, event, _arg: calls.append(frame.f_code.co_name) if event == "call" else None)
        try:
            for _ in range(100):
                await asyncio.sleep(1)
        finally:
            sys.setprofile(None)

    run(main)
    assert "sleep" in calls
    assert "guarded" not in calls
