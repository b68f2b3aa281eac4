"""The first sentence: money and hours, and `nothing` only where judges looked and it held."""

from __future__ import annotations

import pytest

from scenarios.report.claims import claims, headline
from tests.report.examples import FINDINGS, TOTALS, UNKNOWN, findings_with, verdict_with


def said(findings=FINDINGS, word="held", **totals) -> str:
    return headline(verdict_with(verdict=word, invariants=findings), claims({**TOTALS, **totals}, findings))


def test_a_run_that_held_says_nothing_three_times():
    """Nothing lost, nothing doubled, nothing half done."""
    assert said() == "Nothing was lost, nothing was billed twice and nothing was left half done."


def test_losses_are_said_in_money():
    """What went wrong comes first, with counts and amounts; what went well after it."""
    text = said(
        findings_with("INV-09", "broken"), "broken",
        lost={"items": 214, "hours": 1312.25, "usd": 241876.4}, half_done=["S-00012"],
    )  # fmt: skip
    assert text == (
        "214 approved entries worth USD 241,876 were never billed and 1 contract was left half set up; nothing was billed twice."
    )


def test_other_broken_promises_are_not_hidden_behind_good_money():
    """Where no money is wrong the headline still says that promises were broken."""
    findings = findings_with("INV-08", "broken")
    assert said(findings, "broken") == "Nothing was lost and nothing was billed twice. But 1 of 7 promises was broken."


@pytest.mark.parametrize("word", ["broken", "unsettled", "unknown"])
@pytest.mark.parametrize(("id", "place"), [("INV-09", 0), ("INV-07", 0), ("INV-05", 1), ("INV-50", 2)])
def test_a_count_of_zero_is_nothing_only_where_its_judges_held(id, place, word):
    """A judge that did not hold takes the word away from its card."""
    card = claims(TOTALS, findings_with(id, word))[place]
    assert (card.answer, card.state) == ("None counted", "open")
    assert id in card.detail


def test_a_count_of_zero_that_nobody_judged_is_not_proven():
    """No finding at all is no proof."""
    assert [c.state for c in claims(TOTALS, ())] == ["open", "open", "open", "plain"]


def test_work_that_people_set_aside_is_not_lost():
    """Set aside is a card of its own, neither good nor bad."""
    card = claims(TOTALS, FINDINGS)[3]
    assert (card.answer, card.detail, card.state) == (
        "11 entries", "USD 5,227 parked or written off by a person, with a reason: not billed, not lost", "plain",
    )  # fmt: skip


def test_unknown_claims_nothing():
    """The harness failed; nothing else is said."""
    assert headline(UNKNOWN, ()) == "The harness failed. Nothing is known about the design."


def test_an_accepted_milestone_that_was_never_billed_is_lost_too():
    """Hours and expenses may all be there while the figure for unbilled value is not zero."""
    card = claims(TOTALS, FINDINGS, unbilled_usd=24_500.0)[0]
    assert (card.answer, card.state) == ("USD 24,500", "bad")
