"""What approved work becomes, in approval order and under its cap."""

import pytest

from orchestrator.canonical.billing import Event
from orchestrator.policies.eligibility import Parked, decide, in_order
from tests.orchestrator.deals import engagement, entry, expense

ON = "2026-01-12"


def test_an_hour_is_priced_at_the_signed_rate():
    """The event carries the role line's item and rate, and the net of both."""
    event = decide(engagement(), entry(1, minutes=435), 0, ON)
    assert isinstance(event, Event)
    assert (event.item, event.quantity, event.rate, event.net, event.tax_code) == (
        "ROLE-SENIOR",
        725,
        2_000_000,
        1_450_00,
        "US-00",
    )


def test_an_expense_is_billed_at_cost():
    """Quantity one at the amount, under the same tax code."""
    event = decide(engagement(), expense(1), 0, ON)
    assert isinstance(event, Event)
    assert (event.item, event.quantity, event.rate, event.net) == ("EXPENSE", 100, 500_000, 50_00)


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (entry(1, story="999"), "STORY_UNMAPPED"),
        (entry(1, story=""), "STORY_UNMAPPED"),
        (entry(1, person=""), "PERSON_UNKNOWN"),
        (entry(1, minutes=0), "IMPLAUSIBLE"),
        (entry(1, minutes=24 * 60 + 1), "IMPLAUSIBLE"),
        (expense(1, amount=0), "IMPLAUSIBLE"),
        (expense(1, amount=1_000_000_000), "IMPLAUSIBLE"),
        (expense(1, currency="EUR"), "CURRENCY_MISMATCH"),
        (expense(1, person=""), "PERSON_UNKNOWN"),
    ],
)
def test_work_that_cannot_be_billed_is_parked_with_its_reason(work, code):
    """Each hole has its own code."""
    parked = decide(engagement(), work, 0, ON)
    assert isinstance(parked, Parked)
    assert (parked.source, parked.code) == (work.source, code)


@pytest.mark.parametrize(("used", "posted"), [(99_800_00, True), (99_800_01, False)])
def test_the_cap_is_reached_but_never_passed(used, posted):
    """An entry that fills the cap exactly is billed; one minor unit more parks it whole."""
    decided = decide(engagement(cap=100_000_00), entry(1), used, ON)
    assert isinstance(decided, Event) == posted
    assert posted or decided.code == "CAP_EXCEEDED"


def test_time_and_expenses_share_one_cap():
    """An expense that would pass the cap is parked like an hour."""
    parked = decide(engagement(cap=100_000_00), expense(1), 100_000_00, ON)
    assert isinstance(parked, Parked)
    assert (parked.code, parked.net) == ("CAP_EXCEEDED", 50_00)


def test_order_is_by_approval_then_by_the_psas_number():
    """Whatever order work is told in, it is decided in one."""
    works = [entry(2), entry(10, approved_at=5), expense(7, approved_at=5), entry(9, approved_at=5), entry(1)]
    assert [work.source for work in in_order(works)] == ["EX-7", "TE-9", "TE-10", "TE-1", "TE-2"]
