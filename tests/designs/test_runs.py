"""Whole quarters of a small firm under each design, judged by the oracle."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scenarios.loading import load_scenario
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail
from scenarios.progress import Progress
from scenarios.recorder import Recorder
from scenarios.resolve import Words, resolve
from scenarios.verdict import Judgement
from scenarios.world.living import live_through

HEADS = 12
MONEY = ("INV-05", "INV-09", "INV-15", "INV-16", "INV-17", "INV-20", "INV-21", "INV-22", "INV-23", "INV-24")
NEED_CLAIMS = {"INV-04", "INV-12", "INV-13", "INV-35", "INV-47", "INV-49", "INV-50"}


@cache
def judged(scenario: str, design: str) -> tuple[Judgement, str]:
    """The judgement of one run, and the digest of its history."""
    rehearsal = resolve(load_scenario(scenario), Words(seed=1, design=design, heads=HEADS))
    with TemporaryDirectory() as folder:
        recorder, trail = Recorder(Path(folder) / "history.jsonl"), Trail()
        recorder.listeners.append(trail.take)
        live_through(rehearsal, recorder, Progress(quiet=True))
        digest = recorder.close()
    return judge(trail, None), str(digest)


def broken(scenario: str, design: str) -> set[str]:
    return {finding.id for finding in judged(scenario, design)[0].invariants if finding.verdict == "broken"}


def test_naive_holds_the_money_in_fair_weather():
    """A straw man that loses in fair weather would prove nothing."""
    verdicts = {finding.id: finding.verdict for finding in judged("clean-quarter", "naive")[0].invariants}
    assert {id: verdicts.get(id) for id in MONEY} == dict.fromkeys(MONEY, "held")


def test_naive_makes_two_of_everything_of_a_deal_closed_twice():
    """No inbox: two contracts, two projects."""
    assert {"INV-02", "INV-03"} <= broken("double-closed-won", "naive")


def test_naive_bills_twice_when_a_reply_is_lost():
    """No external id: a second invoice, a second workspace."""
    assert {"INV-03", "INV-05"} <= broken("the-lost-invoice-reply", "naive")


def test_people_who_copy_by_hand_lose_work_and_days():
    """Set-up takes days and some approved work is never billed."""
    judgement, _ = judged("manual-baseline", "manual")
    assert {"INV-07", "INV-09"} <= broken("manual-baseline", "manual")
    assert judgement.kpis["setup_hours_p50"]["value"] > 48
    assert 0.005 < judgement.kpis["leakage_ratio"]["value"] < 0.12


@pytest.mark.parametrize(("scenario", "design"), [("clean-quarter", "naive"), ("manual-baseline", "manual")])
def test_designs_without_evidence_are_not_judged_by_it(scenario, design):
    """What needs claims stands in not_judged, never in invariants."""
    judgement, _ = judged(scenario, design)
    assert {each.id for each in judgement.not_judged} >= NEED_CLAIMS
    assert not {finding.id for finding in judgement.invariants} & NEED_CLAIMS


def test_the_same_seed_forgets_the_same_sheets():
    """A run by hand is as repeatable as any other."""
    _, first = judged("manual-baseline", "manual")
    judged.cache_clear()
    assert judged("manual-baseline", "manual")[1] == first
