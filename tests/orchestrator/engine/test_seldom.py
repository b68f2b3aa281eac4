"""The journal tells how often a guard was needed: a probe, the same key again, an undo, a call that a crash cut off."""

from __future__ import annotations

import asyncio

from orchestrator.engine.desk import seldom
from tests.orchestrator.engine.stage import Scripted, process, running
from tests.orchestrator.engine.test_conduct import FEW, one_create
from tests.orchestrator.virtual import live

QUIET = {"probes": 0, "probe_found": 0, "resent_same_key": 0, "cut_off_calls": 0, "undo_runs": 0, "stale_mirror_dropped": 0}


def counted(code, *, abandon=False):
    """What is counted after one run of `code`."""

    async def main(loop):
        async with running(loop, code) as engine:
            await engine.start("p", "k", id="r")
            await asyncio.sleep(30)
            if abandon:
                await engine.abandon("r", reason="clerk", by="clerk")
            await asyncio.sleep(600)
            return seldom(engine.db)

    return live(main)


def test_a_quiet_run_needs_no_guard():
    """Nothing is counted when every call is answered."""
    assert counted(one_create(Scripted())) == QUIET


def test_a_lost_reply_counts_one_probe_that_found_it():
    """Asked once, found, nothing sent again."""
    assert counted(one_create(Scripted(create="lost"))) == {**QUIET, "probes": 1, "probe_found": 1}


def test_a_lost_request_counts_one_probe_that_found_nothing():
    """Asked once and made afresh; a probe stood before it, so it is no blind resend."""
    assert counted(one_create(Scripted(create="unsent"))) == {**QUIET, "probes": 1}


def test_an_effect_without_a_probe_is_counted_as_sent_again():
    """An upsert in doubt goes out once more under its own key."""
    erp = Scripted(upsert="lost")

    async def fn(run, given):
        return await run.step(erp.upsert, given, retry=FEW)

    assert counted(process(fn)) == {**QUIET, "resent_same_key": 1}


def test_an_abandoned_run_counts_as_undone():
    """One run, however many effects it takes back."""
    erp = Scripted()

    async def wait(run, _made):
        await run.wait("never", None)

    assert counted(one_create(erp, after=wait), abandon=True) == {**QUIET, "undo_runs": 1}
