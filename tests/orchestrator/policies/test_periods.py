"""On which day something is posted, and when anybody is at work."""

import pytest

from orchestrator.canonical.billing import Period
from orchestrator.errors import BusinessException
from orchestrator.policies.periods import in_business_hours, invoice_day, last_day, local_day, may_be_closed, posting_day

JAN, FEB, MAR = (Period(f"2026-0{n}-US", f"2026-0{n}-01", end, open) for n, end, open in
                 ((1, "2026-01-31", False), (2, "2026-02-28", False), (3, "2026-03-31", True)))  # fmt: skip
NEW_YEAR_US = 1_767_240_000_000
"""2026-01-01 04:00 UTC: still 2025 in New York."""


def test_an_open_day_stays():
    """Work of an open period is posted on its own day."""
    assert posting_day("2026-03-09", [MAR, JAN, FEB]) == "2026-03-09"


def test_a_closed_day_moves_to_the_first_open_one():
    """Late work is posted on the first day of the next open period."""
    assert posting_day("2026-01-20", [MAR, FEB, JAN]) == "2026-03-01"


def test_without_an_open_period_it_is_refused():
    """Nothing is ever posted into a closed period."""
    with pytest.raises(BusinessException) as refused:
        posting_day("2026-01-20", [JAN, FEB])
    assert refused.value.code == "PERIOD_CLOSED"


def test_only_months_gone_by_can_be_closed():
    """The period of today's month is open by the firm's calendar."""
    assert [may_be_closed(day, "2026-02-03") for day in ("2026-01-31", "2026-02-01", "2026-03-01")] == [True, False, False]


def test_a_day_is_the_entitys_own():
    """The same instant is another date in another time zone."""
    assert [local_day(NEW_YEAR_US, zone) for zone in ("America/New_York", "Europe/London")] == ["2025-12-31", "2026-01-01"]


def test_an_invoice_is_dated_in_its_period():
    """A second run after month end still bills the month it is for."""
    late = NEW_YEAR_US + 2 * 86_400_000
    assert [invoice_day(at, "2025-12", "America/New_York") for at in (NEW_YEAR_US, late)] == ["2025-12-31", "2025-12-31"]


@pytest.mark.parametrize(("period", "day"), [("2025-12", "2025-12-31"), ("2026-02", "2026-02-28"), ("2028-02", "2028-02-29")])
def test_months_end_where_the_calendar_says(period, day):
    """Leap years included."""
    assert last_day(period) == day


def test_business_hours_are_those_of_anybody():
    """At 06:30 UTC Berlin is at work and New York is not; on Sunday nobody is."""
    berlin_morning = 1_768_199_400_000
    zones = ["Europe/Berlin", "America/New_York"]
    assert in_business_hours(berlin_morning, zones, 7, 20)
    assert not in_business_hours(berlin_morning, zones[1:], 7, 20)
    assert not in_business_hours(berlin_morning - 86_400_000, zones, 7, 20)


def test_business_hours_begin_on_the_quarter_of_zones_that_are_off_by_one():
    """Kathmandu is 5:45 ahead: at 01:15 UTC it is seven there, a millisecond earlier it is not."""
    seven = 1_768_180_500_000
    assert in_business_hours(seven, ["Asia/Kathmandu"], 7, 20)
    assert not in_business_hours(seven - 1, ["Asia/Kathmandu"], 7, 20)
