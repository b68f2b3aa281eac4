"""Planted faults: on in their window, on what they match, on the share they name, the same way in every run."""

from __future__ import annotations

import pytest

from scenarios.faults.kinds import Site
from scenarios.faults.network import Fate, fate_of
from scenarios.faults.plan import FAULTS
from scenarios.faults.planted import Planted
from scenarios.spec import Fault, Match


class Clock:
    now = 0

    def __call__(self):
        return self.now


def planted(clock, struck, **values):
    fault = Fault(**{"id": "F-08", "target": "erp", **values})
    return Planted(fault, FAULTS[fault.id], 0, Site(7, clock, struck.append))


def test_a_fault_is_on_from_its_begin_until_just_before_its_end():
    """`from` is inside the window, `to` is not."""
    clock = Clock()
    fault = planted(clock, [], begin=1000, end=2000)
    on = []
    for clock.now in (999, 1000, 1999, 2000):
        on.append(fault.is_on())
    assert on == [False, True, True, False]


def test_a_fault_strikes_only_what_it_matches():
    """Method and path glob both count."""
    fault = planted(Clock(), [], match=Match(method="POST", path="*!transform/invoice*"))
    assert fault.fits("POST", "/record/v1/job/7/!transform/invoice")
    assert not fault.fits("GET", "/record/v1/job/7/!transform/invoice")
    assert not fault.fits("POST", "/record/v1/job/7")


def test_a_bounded_fault_strikes_so_often_and_no_more():
    """`times` is an upper bound, and every strike is recorded."""
    struck = []
    fault = planted(Clock(), struck, params={"times": 2})
    fates = [fate_of([fault], "POST", "/x") for _ in range(4)]
    assert fates == [(Fate.REPLY_LOST, fault), (Fate.REPLY_LOST, fault), None, None]
    assert [s.fault for s in struck] == ["F-08", "F-08"]


def test_a_share_is_drawn_by_meaning_and_comes_out_near():
    """The same call is struck in every run, whatever else was asked before; 30 in 100 are hit."""
    one, two = planted(Clock(), [], share=0.3), planted(Clock(), [], share=0.3)
    two.hits("something else before")
    hits = [one.hits(f"POST /{n}") for n in range(2000)]
    assert hits == [two.hits(f"POST /{n}") for n in range(2000)]
    assert sum(hits) == pytest.approx(600, abs=70)
