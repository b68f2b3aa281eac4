"""What a run means, whatever the engine: doubt, change, passes, undo, waiting, time."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.engine.port import Abandon, BusinessException, Held, Retry, Transient
from tests.orchestrator.engine.stage import Scripted, process, running
from tests.orchestrator.virtual import live

FEW = Retry(first_ms=1_000, settle_ms=15_000, attempts_max=3)


def one_create(erp, *, probe=True, after=None):
    async def fn(run, given):
        made = await run.step(erp.create, given, undo=erp.remove, probe=erp.find if probe else None, retry=FEW)
        if after:
            await after(run, made)
        return made

    return process(fn)


def settled(erp, code, *, acts, seconds=600):
    """Start one run, let the acts happen, give it time; (state, detail code, journal names)."""

    async def main(loop):
        async with running(loop, code) as engine:
            await engine.start("p", "k", id="r")
            await acts(engine)
            await asyncio.sleep(seconds)
            view = await engine.run("r")
            return view.state, (view.detail or {}).get("code"), [e.name for e in await engine.history("r")]

    return live(main)


async def nothing(engine):
    pass


def test_lost_reply_is_found_by_probe_under_the_same_key():
    """After an unknown the probe finds what the lost call made; it is not made again."""
    erp = Scripted(create="lost")
    assert settled(erp, one_create(erp), acts=nothing)[0] == "done"
    assert (erp.calls, len(erp.made)) == (["create", "find"], 1)


def test_probe_waits_until_a_lost_request_has_settled():
    """M1: no probe before settle_ms after the act."""
    erp = Scripted(create="lost")
    settled(erp, one_create(erp), acts=nothing)
    assert erp.at[1] - erp.at[0] >= FEW.settle_ms


def test_lost_request_is_sent_again_after_the_probe():
    """Not found after settling means not done: the effect is had once."""
    erp = Scripted(create="unsent")
    assert settled(erp, one_create(erp), acts=nothing)[0] == "done"
    assert (erp.calls, len(erp.made)) == (["create", "find", "create"], 1)


def test_abandon_in_doubt_finds_and_undoes_the_effect():
    """M3: abandoned while the outcome is unknown, the effect is looked up under its own key, then undone."""
    erp = Scripted(create="lost")

    async def give_up(engine):
        await asyncio.sleep(8)
        await engine.abandon("r", reason="clerk", by="clerk")

    assert settled(erp, one_create(erp), acts=give_up)[0] == "abandoned"
    assert (erp.calls, erp.made) == (["create", "find", "remove"], {})


def test_abandon_in_doubt_without_probe_does_it_again_to_undo_it():
    """An upsert in doubt has no probe: it is sent again under its own external id, then undone."""
    erp = Scripted(create="unsent")

    async def give_up(engine):
        await asyncio.sleep(8)
        await engine.abandon("r", reason="clerk", by="clerk")

    assert settled(erp, one_create(erp, probe=False), acts=give_up)[0] == "abandoned"
    assert (erp.calls, erp.made) == (["create", "create", "remove"], {})


def test_refusal_after_an_unknown_stays_in_doubt():
    """M7: 'already exists' after a lost reply is not 'surely not done': abandoning still looks for it."""
    erp = Scripted(create="lost refused")

    async def find(what: str) -> dict | None:
        erp.calls.append("find")
        return None if erp.calls.count("find") == 1 else next(iter(erp.made.values()))

    async def fn(run, given):
        return await run.step(erp.create, given, undo=erp.remove, probe=find, retry=FEW)

    async def give_up(engine):
        await asyncio.sleep(60)
        await engine.abandon("r", reason="clerk", by="clerk")

    assert settled(erp, process(fn), acts=give_up)[0] == "abandoned"
    assert (erp.calls, erp.made) == (["create", "find", "create", "find", "remove"], {})


def test_sure_refusal_leaves_nothing_to_undo():
    """Refused at the first call: parked with the code; abandoning calls nothing."""
    erp = Scripted(create="refused")

    async def give_up(engine):
        await asyncio.sleep(60)
        assert (await engine.run("r")).detail["code"] == "NOPE"
        await engine.abandon("r", reason="clerk", by="clerk")

    assert settled(erp, one_create(erp), acts=give_up)[0] == "abandoned"
    assert erp.calls == ["create"]


def test_exhausted_unknown_is_probed_before_it_is_done_again():
    """A step that ran out of attempts in doubt is asked for on the next pass, not sent blindly."""
    erp = Scripted(create="lost", find="transient transient")

    async def fix(engine):
        await asyncio.sleep(600)
        assert (await engine.run("r")).detail["code"] == "EXHAUSTED"
        await engine.resubmit("r", by="clerk")

    assert settled(erp, one_create(erp), acts=fix)[0] == "done"
    assert (erp.calls, len(erp.made)) == (["create", "find", "find", "find"], 1)


def test_undo_covers_effects_of_earlier_passes():
    """M4: what an earlier pass did under arguments since changed is undone too."""
    erp, orders = Scripted(), ["a", "b"]

    async def read() -> str:
        return orders[0]

    async def fn(run, given):
        what = await run.read(read)
        await run.step(erp.create, what, name=f"create-{what}", undo=erp.remove, probe=erp.find, retry=FEW)
        raise BusinessException("NO", what)

    async def twice(engine):
        await asyncio.sleep(10)
        orders.pop(0)
        await engine.resubmit("r", by="clerk")
        await asyncio.sleep(10)
        assert len(erp.made) == 2
        await engine.abandon("r", reason="clerk", by="clerk")

    assert settled(erp, process(fn), acts=twice)[0] == "abandoned"
    assert (erp.calls, erp.made) == (["create", "create", "remove", "remove"], {})


def test_resubmit_reads_again_and_reuses_done_steps():
    """M5: a new pass asks the reads again, and does not repeat a done step with the same arguments."""
    erp, ready = Scripted(), []

    async def look() -> bool:
        return bool(ready)

    async def fn(run, given):
        await run.step(erp.create, given, probe=erp.find)
        if not await run.read(look):
            raise BusinessException("NOT_SIGNED", given)

    async def fix(engine):
        await asyncio.sleep(10)
        ready.append(1)
        await engine.resubmit("r", by="clerk")

    assert settled(erp, process(fn), acts=fix)[0] == "done"
    assert erp.calls == ["create"]


def changed(verdict):
    erp, what = Scripted(), ["a"]

    async def read() -> str:
        return what[0]

    async def fn(run, given):
        thing = await run.read(read)
        await run.step(erp.create, thing, undo=erp.remove, probe=erp.find, retry=FEW)
        if thing == "a":
            raise BusinessException("FIX", "")

    async def acts(engine):
        await asyncio.sleep(10)
        what[0] = "b"
        await engine.resubmit("r", by="clerk")
        await asyncio.sleep(10)
        await verdict(engine)

    return settled(erp, process(fn), acts=acts)[:2], sorted(made["what"] for made in erp.made.values()), erp.calls


def test_a_done_create_with_other_arguments_parks_as_changed():
    """The clerk decides; nothing is made or lost meanwhile."""
    assert changed(nothing)[:2] == (("parked", "CHANGED"), ["a"])


def test_redo_probes_and_then_does_the_changed_step():
    """The clerk accepts: the probe asks for the new arguments first, then it is done."""
    assert changed(lambda engine: engine.resubmit("r", redo=["create"], by="clerk"))[2] == ["create", "find", "create"]


def test_abandoning_a_changed_step_undoes_the_old_effect():
    """The clerk gives up: what was made is removed."""
    assert changed(lambda engine: engine.abandon("r", reason="no", by="clerk"))[:2] == (("abandoned", None), [])


def test_changed_upsert_is_simply_done_again():
    """A step without a probe is idempotent by its external id: new arguments, new call."""
    erp, what = Scripted(), ["a"]

    async def read() -> str:
        return what[0]

    async def fn(run, given):
        thing = await run.read(read)
        await run.step(erp.upsert, thing)
        if thing == "a":
            raise BusinessException("FIX", "")

    async def fix(engine):
        await asyncio.sleep(10)
        what[0] = "b"
        await engine.resubmit("r", by="clerk")

    assert settled(erp, process(fn), acts=fix)[0] == "done"
    assert (erp.calls, erp.made["upsert"]) == (["upsert", "upsert"], "b")


def test_an_empty_signal_is_not_a_timeout():
    """M5: a signal without payload wakes; only the deadline gives None."""
    got = []

    async def fn(run, given):
        got.append(await run.wait("go", run.now() + 60_000))
        got.append(await run.wait("go", run.now() + 60_000))

    async def send(engine):
        await asyncio.sleep(1)
        await engine.signal("r", "go", None, id="1")

    settled(Scripted(), process(fn), acts=send)
    assert got[-2].name == "go"
    assert got[-1] is None


def test_a_signal_sent_before_the_wait_is_received_once():
    """Signals wait for the run; the same id is delivered once."""
    got = []

    async def fn(run, given):
        await run.sleep_until(run.now() + 30_000)
        got.append([await run.wait("go", run.now() + 1_000) for _ in range(2)])

    async def send(engine):
        await asyncio.sleep(1)
        for _ in range(3):
            await engine.signal("r", "go", 7, id="same")

    settled(Scripted(), process(fn), acts=send)
    assert [signal and signal.payload for signal in got[-1]] == [7, None]


def test_results_are_values_the_first_time_too():
    """M6: changing a result changes no memory of it, so a replay and a new pass see the same."""
    erp, seen, fixed = Scripted(), [], []

    async def ready() -> bool:
        return bool(fixed)

    async def fn(run, given):
        made = await run.step(erp.create, given, probe=erp.find)
        seen.append(dict(made))
        made["what"] = "spoilt"
        if not await run.read(ready):
            raise BusinessException("FIX", "")

    async def fix(engine):
        await asyncio.sleep(10)
        fixed.append(1)
        await engine.resubmit("r", by="clerk")

    assert settled(erp, process(fn), acts=fix)[0] == "done"
    assert seen == [{"what": "k"}] * 3  # first time, its replay, the new pass


def test_time_of_a_run_is_the_journal_s():
    """now() is the instant of the newest entry, the same on every replay."""
    seen = []

    async def fn(run, given):
        seen.append(run.now())
        await run.sleep_until(run.now() + 5_000)
        seen.append(run.now())

    settled(Scripted(), process(fn), acts=nothing)
    assert seen == [0, 0, 5_000]


def test_sleeping_until_the_past_takes_no_entry():
    """D5: a due time already past neither waits nor shifts the journal."""

    async def fn(run, given):
        await run.sleep_until(run.now())
        await run.sleep_until(run.now() + 1_000)

    assert settled(Scripted(), process(fn), acts=nothing) == ("done", None, ["begin", "sleep~2"])


def test_transient_waits_at_least_what_the_system_asks():
    """Retry-After is a floor under the backoff."""
    at = []

    async def busy() -> None:
        at.append(round(asyncio.get_running_loop().time() * 1000))
        if len(at) == 1:
            raise Transient("busy", 90_000)

    async def fn(run, given):
        await run.step(busy)

    assert settled(Scripted(), process(fn), acts=nothing)[0] == "done"
    assert at[1] - at[0] >= 90_000


def test_held_calls_count_against_the_deadline_only():
    """A breaker that holds a call forty times spends no attempt; the deadline ends it."""
    calls = []

    async def held() -> None:
        calls.append(1)
        if len(calls) <= 40:
            raise Held("breaker open", 1_000, system="erp")

    def fn_with(deadline_ms):
        async def fn(run, given):
            await run.step(held, retry=Retry(attempts_max=2, ceiling_ms=1_000, deadline_ms=deadline_ms))

        return process(fn)

    assert settled(Scripted(), fn_with(3_600_000), acts=nothing)[0] == "done"
    calls.clear()
    assert settled(Scripted(), fn_with(5_000), acts=nothing)[:2] == ("parked", "EXHAUSTED")


def test_attempts_are_bounded():
    """The last allowed failure parks the run as exhausted, naming step and system."""
    erp = Scripted(create="transient transient transient transient")
    assert settled(erp, one_create(erp), acts=nothing)[:2] == ("parked", "EXHAUSTED")
    assert erp.calls == ["create"] * FEW.attempts_max


def test_a_bug_in_a_step_parks_as_defect_and_stays_in_doubt():
    """Our own exception is no answer: parked, and probed before it is done again."""
    erp = Scripted(create="broken")

    async def deploy(engine):
        await asyncio.sleep(60)
        assert (await engine.run("r")).detail["code"] == "DEFECT"
        await engine.resubmit("r", by="operator")

    assert settled(erp, one_create(erp), acts=deploy)[0] == "done"
    assert (erp.calls, len(erp.made)) == (["create", "find"], 1)


def test_undo_that_cannot_be_done_parks_until_waived():
    """Compensation parks on its own; waive skips that undo and ends the run."""
    erp = Scripted(remove="refused")

    async def later(run, made):
        raise Abandon("enough")

    async def waive(engine):
        await asyncio.sleep(60)
        view = await engine.run("r")
        assert (view.state, view.detail["undoing"]) == ("parked", True)
        assert await engine.waive("r", by="controller")

    assert settled(erp, one_create(erp, after=later), acts=waive)[0] == "abandoned"
    assert len(erp.made) == 1


def test_refused_undo_is_tried_again_on_resubmit():
    """Undo is repeated until done or waived."""
    erp = Scripted(remove="refused")

    async def later(run, made):
        raise Abandon("enough")

    async def again(engine):
        await asyncio.sleep(60)
        await engine.resubmit("r", by="clerk")

    assert settled(erp, one_create(erp, after=later), acts=again)[0] == "abandoned"
    assert erp.made == {}


def test_publishing_again_on_a_new_pass_publishes_nothing():
    """An event leaves once over all passes, with the run's id and the event's type as its id."""
    fixed = []

    async def ready() -> bool:
        return bool(fixed)

    async def fn(run, given):
        await run.publish({"type": "invoice.created", "subject": "INV-1"})
        if not await run.read(ready):
            raise BusinessException("FIX", "")

    async def main(loop):
        async with running(loop, process(fn)) as engine:
            await engine.start("p", "k", id="r")
            await asyncio.sleep(5)
            fixed.append(1)
            await engine.resubmit("r", by="clerk")
            await asyncio.sleep(5)
            assert (await engine.run("r")).state == "done"
            written = [entry.name for entry in await engine.history("r")].count("publish:invoice.created")
            return engine.db.rows("select id, subject, at from outbox"), written

    assert live(main) == ([("r/publish:invoice.created", "INV-1", 0)], 1)


def test_a_call_cancelled_from_inside_is_an_unknown():
    """A library that cancels itself hides the outcome; it does not kill the run."""
    calls = []

    async def odd() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise asyncio.CancelledError

    async def fn(run, given):
        await run.step(odd)

    state, _, names = settled(Scripted(), process(fn), acts=nothing)
    assert (state, names, len(calls)) == ("done", ["begin", "odd#1", "odd#1.due", "odd#2"], 2)


@pytest.mark.parametrize("end", ["raise", "return"])
def test_process_may_handle_a_refusal(end):
    """A caught BusinessException is the process's own decision, the same on replay."""
    erp = Scripted(create="refused")

    async def fn(run, given):
        try:
            await run.step(erp.create, given, probe=erp.find)
        except BusinessException as error:
            if end == "raise":
                raise BusinessException("OWN", "") from error
        await run.sleep_until(run.now() + 1_000)

    want = {"raise": ("parked", "OWN"), "return": ("done", None)}
    assert settled(erp, process(fn), acts=nothing)[:2] == want[end]
    assert erp.calls == ["create"]
