"""The embedded engine as a scheduler and as a file: order, bounds, wake-ups, recovery, retention."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec
import pytest

from orchestrator.engine.embedded import Bounds, Embedded
from orchestrator.engine.journal import JournalLost
from orchestrator.engine.port import Abandon, Full, Held, Process, Retry, Transient
from orchestrator.errors import ConfigError, StoreLocked
from orchestrator.store.audit import Audit
from orchestrator.store.database import Database
from tests.orchestrator.engine.stage import Scripted, process, running
from tests.orchestrator.virtual import live

FEW = Retry(first_ms=1_000, settle_ms=15_000, attempts_max=3)


class Order(msgspec.Struct, frozen=True):
    key: str
    number: int


def by_key(fn):
    return Process("p", 1, lambda order: order.key, fn, Order)


def test_runs_of_one_key_go_one_after_another_and_in_order():
    """A key's second run begins when its first has ended, waits included; another key does not wait."""
    log = []

    async def note(what: str, key: str, number: int) -> None:
        log.append((what, key, number))

    async def fn(run, order):
        await run.step(note, "begin", order.key, order.number)
        await run.sleep_until(run.now() + 60_000)
        await run.step(note, "end", order.key, order.number)

    async def main(loop):
        async with running(loop, by_key(fn)) as engine:
            for key, number in (("a", 1), ("a", 2), ("b", 1), ("a", 3)):
                await engine.start("p", Order(key, number), id=f"{key}{number}")
            await asyncio.sleep(600)

    live(main)
    mine = [(what, number) for what, key, number in log if key == "a"]
    assert mine == [(what, number) for number in (1, 2, 3) for what in ("begin", "end")]
    assert log.index(("begin", "b", 1)) < log.index(("end", "a", 1))


def test_a_parked_run_keeps_its_key_and_nothing_in_memory():
    """What is parked holds back its key until the clerk decides, and no slot."""
    erp = Scripted(create="refused")

    async def fn(run, order):
        await run.step(erp.create, str(order.number), probe=erp.find)

    async def main(loop):
        async with running(loop, by_key(fn), bounds=Bounds(concurrency_max=1)) as engine:
            await engine.start("p", Order("a", 1), id="a1")
            await engine.start("p", Order("a", 2), id="a2")
            await engine.start("p", Order("b", 1), id="b1")
            await asyncio.sleep(60)
            before = [view.state for view in await engine.runs()]
            await engine.resubmit("a1", by="clerk")
            await asyncio.sleep(60)
            return before, [view.state for view in await engine.runs()]

    assert live(main) == (["parked", "ready", "done"], ["done", "done", "done"])


def test_concurrency_is_bounded():
    """Never more runs in memory than the bound, and all of them get their turn."""
    now, most, ended = [0], [0], []

    async def work() -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        await asyncio.sleep(1)
        now[0] -= 1

    async def fn(run, given):
        await run.step(work)
        ended.append(given)

    async def main(loop):
        async with running(loop, process(fn), bounds=Bounds(concurrency_max=3)) as engine:
            for number in range(10):
                await engine.start("p", str(number), id=str(number))
            await asyncio.sleep(60)

    live(main)
    assert (most[0], len(ended)) == (3, 10)


def test_full_backlog_pushes_back_and_takes_nothing():
    """The run past the bound is refused as Full; an ended run makes room."""

    async def fn(run, given):
        await run.wait("go", None)

    async def main(loop):
        async with running(loop, process(fn), bounds=Bounds(backlog_max=2)) as engine:
            for name in "ab":
                await engine.start("p", name, id=name)
            await asyncio.sleep(1)
            with pytest.raises(Full):
                await engine.start("p", "c", id="c")
            await engine.signal("a", "go", id="1")
            await asyncio.sleep(1)
            await engine.start("p", "c", id="c")
            return [view.id for view in await engine.runs()]

    assert live(main) == ["a", "b", "c"]


def test_starting_the_same_id_twice_starts_once_and_counts_once():
    """start is idempotent by id, also for the backlog bound."""

    async def fn(run, given):
        await run.wait("go", None)

    async def main(loop):
        async with running(loop, process(fn), bounds=Bounds(backlog_max=2)) as engine:
            for _ in range(5):
                await engine.start("p", "a", id="a")
            await engine.start("p", "b", id="b")
            return len(await engine.runs())

    assert live(main) == 2


def test_full_inbox_of_a_run_pushes_back():
    """Unseen signals are bounded per run."""

    async def fn(run, given):
        await run.sleep_until(run.now() + 3_600_000)
        await run.wait("go", None)

    async def main(loop):
        async with running(loop, process(fn), bounds=Bounds(inbox_max=2)) as engine:
            await engine.start("p", "a", id="a")
            # Not begun yet: nothing has taken the signals.
            assert [await engine.signal("a", "go", id=str(n)) for n in range(2)] == [True, True]
            with pytest.raises(Full):
                await engine.signal("a", "go", id="2")

    live(main)


def test_signal_and_verdicts_say_when_nobody_listens():
    """No open run: the caller keeps its message. Not parked: no verdict is kept for later."""

    async def fn(run, given):
        await run.wait("go", None)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
            return (
                await engine.signal("nobody", "go", id="1"),
                await engine.resubmit("a", by="clerk"),
                await engine.waive("a", by="clerk"),
                await engine.abandon("nobody", reason="", by="clerk"),
            )

    assert live(main) == (False, False, False, False)


def test_a_double_click_is_one_verdict():
    """A second resubmit before the first was taken is refused, also at another instant."""
    erp = Scripted(create="refused refused refused")

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
            clicks = [await engine.resubmit("a", by="clerk"), await engine.resubmit("a", by="other")]
            await asyncio.sleep(1)
            return clicks, len(erp.calls)

    assert live(main) == ([True, False], 2)


def test_no_verdict_is_taken_while_the_last_one_is_acted_on():
    """Between the verdict and the next rest of the run there is nothing to decide."""
    erp, ready = Scripted(create="refused refused"), []

    async def slow() -> bool:
        await asyncio.sleep(10)
        return bool(ready)

    async def fn(run, given):
        await run.read(slow)
        await run.step(erp.create, given, probe=erp.find)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(15)
            clicks = [await engine.resubmit("a", by="clerk")]
            await asyncio.sleep(5)
            clicks.append(await engine.resubmit("a", by="clerk"))
            await asyncio.sleep(60)
            return clicks, erp.calls, (await engine.run("a")).state

    assert live(main) == ([True, False], ["create", "create"], "parked")


def test_a_verdict_is_taken_though_another_signal_is_on_its_way():
    """A signal that nobody waits for yet does not keep the clerk from deciding."""
    erp = Scripted(create="refused")

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
            await engine.signal("a", "go", id="1")
            taken = await engine.resubmit("a", by="clerk")
            await asyncio.sleep(1)
            return taken, (await engine.run("a")).state

    assert live(main) == (True, "done")


def backing_off(error, wake_after_s, system="erp"):
    """When the second call came, after a failure and a wake-up for `system`."""
    at = []

    async def call() -> None:
        at.append(round(asyncio.get_running_loop().time() * 1000))
        if len(at) == 1:
            raise error

    async def fn(run, given):
        await run.step(call, retry=Retry(first_ms=3_600_000, settle_ms=600_000))

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(wake_after_s)
            woken = await engine.wake(system)
            await asyncio.sleep(7_200)
            return woken, at[1] - at[0]

    return live(main)


def test_closing_breaker_wakes_runs_backing_off_for_that_system():
    """Backing off from a sure failure of erp, a run is due at once when erp is back."""
    for error in (Transient("503", system="erp"), Held("open", 3_600_000, system="erp")):
        woken, gap = backing_off(error, 10)
        assert (woken, gap) == (1, 10_000)


def test_wake_leaves_other_systems_alone():
    """A run backing off for erp does not care that crm is back."""
    woken, gap = backing_off(Transient("503", system="erp"), 10, system="crm")
    assert woken == 0
    assert gap >= 1_800_000


def test_wake_does_not_shorten_settling():
    """A lost request may still land: a wake-up must not make the probe lie."""
    erp = Scripted(create="lost")

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find, retry=FEW)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            for _ in range(5):
                await asyncio.sleep(1)
                await engine.wake("erp")
            await asyncio.sleep(60)

    live(main)
    assert erp.at[1] - erp.at[0] >= FEW.settle_ms


def test_idle_means_nothing_due_and_nothing_backing_off():
    """Waiting for a signal or a clerk is idle; backing off and being due is not."""
    erp = Scripted(create="transient")

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find)
        await run.wait("go", None)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            said = [engine.idle()]
            await engine.start("p", "a", id="a")
            said.append(engine.idle())
            await asyncio.sleep(0.4)
            said.append(engine.idle())
            await asyncio.sleep(60)
            return [*said, engine.idle()]

    assert live(main) == [True, False, False, True]


def test_start_up_refuses_when_code_of_a_run_in_flight_is_missing(tmp_path):
    """D8: a run without its version is not left in limbo; the message names process and version."""

    async def fn(run, given):
        await run.wait("go", None)

    async def main(loop):
        async with running(loop, process(fn), path=tmp_path / "s.db") as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
            assert await engine.in_flight() == {("p", 1): 1}
        with pytest.raises(ConfigError, match="p@1"):
            Embedded(Database(str(tmp_path / "s.db")), [process(fn, version=2)], loop.ms)

    live(main)


def test_a_run_ends_on_the_version_it_began_with(tmp_path):
    """Both versions registered: the old run goes on with the old code, a new one takes the new."""
    took = []

    def version(number):
        async def fn(run, given):
            await run.wait("go", None)
            took.append((given, number))

        return process(fn, version=number)

    async def main(loop):
        async with running(loop, version(1), path=tmp_path / "s.db") as engine:
            await engine.start("p", "old", id="old")
            await asyncio.sleep(1)
        async with running(loop, version(1), version(2), path=tmp_path / "s.db") as engine:
            await engine.start("p", "new", id="new")
            for name in ("old", "new"):
                await engine.signal(name, "go", id="1")
            await asyncio.sleep(1)

    live(main)
    assert sorted(took) == [("new", 2), ("old", 1)]


def test_changed_code_is_stuck_not_spinning_and_goes_on_after_the_fix(tmp_path):
    """E2: a journal the code no longer matches stops that run alone; the next program with the right code ends it."""
    passes = []

    def code(*names):
        async def fn(run, given):
            passes.append(names)
            for name in names:
                await run.step(Scripted().upsert, "x", name=name)
            await run.wait("go", None)

        return process(fn)

    async def main(loop):
        path = tmp_path / "s.db"
        async with running(loop, code("one", "two"), path=path) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
        async with running(loop, code("two", "one"), path=path) as engine:
            await engine.signal("a", "go", id="1")
            await asyncio.sleep(600)
            stuck, tries = await engine.run("a"), passes.count(("two", "one"))
        async with running(loop, code("one", "two"), path=path) as engine:
            await asyncio.sleep(1)
            return stuck.state, tries, "new version" in stuck.detail["why"], (await engine.run("a")).state

    assert live(main) == ("stuck", 1, True, "done")


def test_only_a_run_that_was_in_memory_counts_as_cut_off(tmp_path):
    """After a crash a waiting run goes on without settling first, where a store can not have forgotten anything."""
    erp = Scripted()

    async def fn(run, given):
        await run.wait("go", None)
        await run.step(erp.create, given, probe=erp.find, retry=FEW)

    async def main(loop):
        async with running(loop, process(fn), path=tmp_path / "s.db") as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
        async with running(loop, process(fn), path=tmp_path / "s.db", bounds=Bounds(doubt_ms=0)) as engine:
            await asyncio.sleep(1)
            await engine.signal("a", "go", id="1")
            await asyncio.sleep(1)

    live(main)
    assert erp.calls == ["create"]


def test_stopping_in_the_middle_of_a_call_leaves_it_in_doubt(tmp_path):
    """A call cut off by our own stop is probed after settling, by the same engine and by the next."""
    calls = []

    async def slow(what: str) -> str:
        calls.append("slow")
        await asyncio.sleep(10)
        return what

    async def find(what: str) -> str | None:
        calls.append("find")
        return what

    async def fn(run, given):
        await run.step(slow, given, probe=find, retry=FEW)

    async def main(loop):
        async with running(loop, process(fn), path=tmp_path / "s.db") as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(5)
        async with running(loop, process(fn), path=tmp_path / "s.db") as engine:
            await asyncio.sleep(60)
            return (await engine.run("a")).state

    assert live(main) == "done"
    assert calls == ["slow", "find"]


def test_broken_journal_stops_the_engine():
    """What cannot be journalled must not go on: serve raises, the run is not parked as a defect."""

    async def fn(run, given):
        await run.step(Scripted().upsert, "x")

    async def main(loop):
        database = Database(":memory:")
        engine = Embedded(database, [process(fn)], loop.ms)
        await engine.start("p", "a", id="a")
        full = "create trigger full before insert on entry when new.at = 1 begin select raise(abort, 'disk full'); end"
        database.commit((full, ()))
        with pytest.raises(JournalLost, match="disk full"):
            await engine.serve()
        return (await engine.run("a")).state

    assert live(main) == "ready"


def test_ended_runs_are_forgotten_after_retention_and_events_stay():
    """Retention deletes the run with its entries and messages; open runs and the outbox stay."""

    async def fn(run, given):
        await run.wait("go", None)
        await run.publish({"type": "t"})

    async def main(loop):
        bounds = Bounds(retention_ms=3_600_000, sweep_ms=60_000)
        async with running(loop, process(fn), bounds=bounds) as engine:
            for name in ("ends", "waits"):
                await engine.start("p", name, id=name)
            await engine.signal("ends", "go", id="1")
            await asyncio.sleep(10_000)
            await engine.start("p", "later", id="later")
            await asyncio.sleep(10)
            tables = {t: len(engine.db.rows(f"select 1 from {t}")) for t in ("message", "outbox")}
            return [view.id for view in await engine.runs()], await engine.history("ends"), tables

    assert live(main) == (["waits", "later"], [], {"message": 0, "outbox": 1})


def test_abandon_interrupts_a_wait():
    """An operator need not wait for the deadline."""

    async def fn(run, given):
        await run.sleep_until(run.now() + 86_400_000)

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(1)
            await engine.abandon("a", reason="wrong deal", by="clerk")
            await asyncio.sleep(1)
            view = await engine.run("a")
            return view.state, view.result, view.ended_at

    assert live(main) == ("abandoned", "wrong deal", 1_000)


def test_states_are_told_after_they_are_durable():
    """The listener hears each rest of a run, with what the file says."""
    told = []

    async def fn(run, given):
        await run.sleep_until(run.now() + 1_000)
        raise Abandon("no")

    async def main(loop):
        async with running(loop, process(fn), on_state=lambda view: told.append((view.id, view.state))) as engine:
            await engine.start("p", "a", id="a")
            await asyncio.sleep(60)

    live(main)
    assert told == [("a", "waiting"), ("a", "abandoned")]


def test_second_process_is_refused_on_the_same_file(tmp_path):
    """One process owns the file; the other learns it at start, in one sentence."""
    path = tmp_path / "s.db"
    database = Database(str(path))
    script = f"from orchestrator.store.database import Database; Database({str(path)!r})"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert StoreLocked.__name__ in other.stderr
    with pytest.raises(StoreLocked):
        Database(str(path))
    database.close()
    Database(str(path)).close()


def test_journal_is_the_same_under_any_hash_seed(tmp_path):
    """The story's journal does not depend on PYTHONHASHSEED."""
    script = """
import sys, pathlib, hashlib, sqlite3
from tests.orchestrator.engine.host import play
path = pathlib.Path(sys.argv[1]); play(path)
rows = sqlite3.connect(path).execute("select * from entry order by run, at").fetchall()
print(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
"""
    said = set()
    for seed in ("0", "1", "random"):
        command = [sys.executable, "-c", script, str(tmp_path / f"{seed}.db")]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}
        )
        said.add(done.stdout)
    assert len(said) == 1
    assert int(said.pop().split()[0]) > 100


def test_audit_record_and_journal_entry_share_their_transaction(tmp_path):
    """A financial step that is journalled as done has its audit record, whatever the moment of a crash."""

    async def post_time() -> str:
        return "17"

    async def fn(run, given):
        await run.step(post_time)

    async def main(loop):
        audit = Audit(Database(":memory:"), loop.ms)
        engine = Embedded(audit._db, [process(fn)], loop.ms, beside=audit.writes({"post_time"}))
        serving = loop.create_task(engine.serve())
        before = engine.db.commits
        await engine.start("p", "S-00001", id="r")
        await asyncio.sleep(1)
        serving.cancel()
        return [record.action for record in audit.of("S-00001")], engine.db.commits - before

    assert live(main) == (["post_time"], 4)  # start, begin, step with its record, end
