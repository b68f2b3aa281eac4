"""The firm against the real mock vendors: their domains find nothing to refuse."""

from __future__ import annotations

import pytest

from tests.firm.vendors import live_with_vendors


@pytest.mark.parametrize("seed", [1])
def test_no_domain_refuses_what_the_firm_does(seed):
    """Sales, staffing, booking, decisions, milestones and closes are legal moves in the vendors' own domains."""
    firm, _, vendors, refused = live_with_vendors(seed, 116)
    assert [str(each) for each in refused] == []
    assert firm.progress()["staffed"] > 35
    assert {row["state"] for row in vendors.look("psa", "time_entry")} == {"approved"}
    assert {row["state"] for row in vendors.look("erp", "period") if row["name"][:7] <= "2026-03"} == {"closed"}
