"""The calendar: loop time and instants agree to the millisecond; business days are those of the place."""

import datetime as dt
import zoneinfo

import pytest

from scenarios.clock import calendar
from scenarios.clock.calendar import Calendar, Place, add_working_days, at_local, is_working_day, next_working_day, wd, wd0
from scenarios.clock.draws import integer
from scenarios.clock.loop import run_virtual

US, UK, DE = Place("America/New_York", "US"), Place("Europe/London", "GB", "ENG"), Place("Europe/Berlin", "DE")
START_MS = calendar.instant(dt.datetime(2025, 12, 15, tzinfo=dt.UTC))


def test_a_timer_for_an_instant_reads_that_instant():
    """Seconds in floats round back to the very millisecond, over years."""
    clock = Calendar(START_MS)
    instants = [START_MS + integer(0, 10**12, 7, number) for number in range(5_000)]
    assert [clock.at(clock.seconds(instant)) for instant in instants] == instants


def test_the_loop_s_clock_is_the_calendar_s():
    """A coroutine that waits for an instant wakes at it."""

    async def main(loop):
        due = START_MS + 9_876_543_211
        await loop.until(loop.env.timeout(loop.calendar.seconds(due) - loop.time()))
        return loop.clock() - due

    assert run_virtual(main, start_ms=START_MS) == 0


@pytest.mark.parametrize(
    ("day", "hour", "zone", "utc"),
    [
        (dt.date(2026, 1, 30), 18, "America/New_York", "2026-01-30T23:00"),
        (dt.date(2026, 3, 31), 18, "America/New_York", "2026-03-31T22:00"),
        (dt.date(2026, 3, 31), 18, "Europe/London", "2026-03-31T17:00"),
        (dt.date(2026, 3, 31), 18, "Europe/Berlin", "2026-03-31T16:00"),
        (dt.date(2026, 3, 31), 18, "Australia/Sydney", "2026-03-31T07:00"),
        (dt.date(2026, 3, 31), 18, "Asia/Singapore", "2026-03-31T10:00"),
        (dt.date(2026, 3, 8), 2, "America/New_York", "2026-03-08T07:00"),  # 02:00 does not exist that day
        (dt.date(2026, 10, 25), 2, "Europe/Berlin", "2026-10-25T00:00"),  # 02:00 happens twice: the first
    ],
)
def test_wall_times_know_their_zone_and_its_summer(day, hour, zone, utc):
    """A local hour is another instant in winter and in summer, also in the hours the clocks are changed."""
    assert calendar.utc(at_local(day, hour, zone=zone)).isoformat(timespec="minutes")[:16] == utc


def test_an_instant_has_a_local_date():
    """Midnight is not the same everywhere."""
    instant = at_local(dt.date(2026, 1, 31), 23, 30, zone="America/New_York")
    assert [calendar.local_date(instant, place.zone) for place in (US, UK, DE)] == [
        dt.date(2026, 1, 31), dt.date(2026, 2, 1), dt.date(2026, 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("year", "month", "place", "expected"),
    [
        (2025, 12, US, "2025-12-31"),
        (2026, 1, US, "2026-01-30"),
        (2026, 2, UK, "2026-02-27"),
        (2026, 3, DE, "2026-03-31"),
        (2026, 5, UK, "2026-05-29"),
        (2027, 5, US, "2027-05-28"),  # the 31st is Memorial Day
    ],
)
def test_wd0_is_the_last_working_day_of_the_month(year, month, place, expected):
    """Weekends and the place's holidays are passed over."""
    assert wd0(year, month, place).isoformat() == expected


def test_the_days_of_a_close_skip_the_place_s_holidays():
    """WD+2 of December: New Year's Day is a holiday everywhere, the weekend follows."""
    assert [wd(2025, 12, 2, place) for place in (US, UK, DE)] == [dt.date(2026, 1, 5)] * 3
    assert wd(2026, 3, 3, DE) == dt.date(2026, 4, 7)  # Good Friday and Easter Monday
    assert wd(2026, 3, 3, US) == dt.date(2026, 4, 3)  # neither is a federal holiday
    assert wd(2026, 3, -1, US) == dt.date(2026, 3, 30)


def test_working_days_are_counted_both_ways():
    """There and back is where one started, from a working day."""
    friday = dt.date(2026, 1, 16)
    assert not is_working_day(dt.date(2026, 1, 19), US)
    assert is_working_day(dt.date(2026, 1, 19), UK)
    assert add_working_days(friday, 1, US) == dt.date(2026, 1, 20)
    assert add_working_days(add_working_days(friday, 30, DE), -30, DE) == friday
    assert add_working_days(dt.date(2026, 1, 17), 0, US) == dt.date(2026, 1, 17)
    assert next_working_day(dt.date(2026, 1, 17), US) == dt.date(2026, 1, 20)
    assert next_working_day(friday, US) == friday


def test_zones_come_from_the_pinned_package(monkeypatch):
    """The machine's own zone files are not read: they may be years old."""
    monkeypatch.setattr(zoneinfo, "TZPATH", ("/nowhere",))
    calendar.time_zone.cache_clear()
    assert calendar.time_zone("Europe/Berlin").utcoffset(dt.datetime(2026, 7, 1)) == dt.timedelta(hours=2)


@pytest.mark.parametrize("zone", ["Europe/Bonn", "", "../secrets", "Mars"])
def test_an_unknown_zone_is_refused(zone):
    """With a word on what to write."""
    with pytest.raises(ValueError, match="IANA name"):
        calendar.time_zone(zone)


def test_an_unknown_country_is_refused():
    """With a word on what to write."""
    with pytest.raises(ValueError, match="ISO country"):
        is_working_day(dt.date(2026, 1, 5), Place("Europe/Berlin", "XX"))


def test_a_time_without_a_zone_is_refused():
    """Whose clock it is must be said."""
    with pytest.raises(ValueError, match="no time zone"):
        calendar.instant(dt.datetime(2026, 1, 5))
