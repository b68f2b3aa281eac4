"""People who copy by hand: days pass, a known share is forgotten, and the same seed forgets the same."""

from __future__ import annotations

from scenarios.designs import Manual
from scenarios.designs.calendar import Billing
from scenarios.designs.manual import SHEETS, Slips
from tests.designs.house import START, Vendors, access, play, push, serving
from tests.designs.test_naive import entry

DAY = 86_400_000


def told(vendors: Vendors, days: int, draw=lambda *_words: 0.5, calendar: tuple[Billing, ...] = ()) -> Manual:
    async def story(clock):
        people = Manual(access(), calendar=calendar, office=lambda _entity, at: at, draw=draw, send=vendors.send, clock=clock)
        assert await push(people.app, "/intake") == 200
        await serving(people, 24 * days)
        return people

    return play(story)


def test_a_push_is_taken_and_nobody_reads_it():
    """The CRM is told 200; nothing happens before somebody looks at the list."""
    vendors = Vendors()
    told(vendors, 0)
    assert not vendors.posts


def test_a_signed_deal_takes_days_and_is_typed_once():
    """The ERP gets it on the second day, the PSA on the third."""
    vendors = Vendors()
    told(vendors, 1)
    assert not vendors.posts
    vendors = Vendors()
    told(vendors, 2)
    assert (len(vendors.made("job")), len(vendors.made("workspaces"))) == (1, 0)
    vendors = Vendors()
    told(vendors, 5)
    assert (len(vendors.made("job")), len(vendors.made("workspaces"))) == (1, 1)


def test_a_known_share_goes_wrong_in_every_stretch():
    """Each stretch of work has exactly one slip, and another draw moves it elsewhere."""

    def places(draw):
        slips = Slips(draw)
        return [n for n in range(5 * SHEETS) if slips.slips("sheet", "UK", SHEETS)]

    early, late = places(lambda *_words: 0.0), places(lambda *_words: 0.99)
    assert early == [n * SHEETS for n in range(5)]
    assert late == [n * SHEETS + SHEETS - 1 for n in range(5)]


def test_month_end_bills_each_approved_entry_once_over_the_months():
    """What was typed in one month is ticked off, and not typed again in the next."""
    vendors = Vendors()
    vendors.lists |= {"time_entries": [entry()], "stories": [{"id": "5", "title": "S-00001-R1 Consultant"}]}
    calendar = (Billing(START + 6 * DAY, "UK", "2025-12"), Billing(START + 8 * DAY, "UK", "2026-01"))
    told(vendors, 10, lambda *words: 0.99 if words[0] in ("sheet", "twice", "mistyped") else 0.5, calendar)
    (invoice,) = vendors.made("invoice")
    assert [line["custcol_source"] for line in invoice["item"]["items"]] == ["TE-730"]


def test_a_forgotten_sheet_is_ticked_off_and_never_billed():
    """Nobody comes back to what was left off the list."""
    vendors = Vendors()
    vendors.lists |= {"time_entries": [entry()], "stories": [{"id": "5", "title": "S-00001-R1 Consultant"}]}
    calendar = (Billing(START + 6 * DAY, "UK", "2025-12"), Billing(START + 8 * DAY, "UK", "2026-01"))
    told(vendors, 10, lambda *words: 0.0 if words[0] == "sheet" else 0.5, calendar)
    assert vendors.made("invoice") == []
