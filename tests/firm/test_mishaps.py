"""What befalls a plan changes whom it befalls and nobody else, the same whatever else befalls it."""

import pytest

from scenarios.faults.data import KINDS, MISHAPS, afflictions
from scenarios.faults.plan import FAULTS, fault_mistakes
from scenarios.firm import load_firm
from scenarios.firm.mishaps import HAPPENS, Mishap, afflict
from scenarios.firm.oddities import NAMES, bad_tax_id, similar_name
from scenarios.firm.plan import build_plan
from scenarios.firm.sparing import spared
from scenarios.spec import Fault

START = 1_765_756_800_000  # 2025-12-15
SPEC = load_firm("S", heads=12)
PLAN = build_plan(SPEC, 3, START)


def mishaps(*faults):
    return [Mishap(**each) for each in afflictions(tuple(Fault(**each) for each in faults))]


def line(id, **params):
    return {"id": id, "target": FAULTS[id].targets[0], "params": params}


def moved(before, after):
    """SOWs whose deal or sheets are not what they were."""
    held = {deal.sow: deal for deal in before.deals}
    changed = {deal.sow for deal in after.deals if deal != held[deal.sow]}
    return changed | {sow for sow, sheets in after.sheets.items() if sheets != before.sheets[sow]}


def test_a_plan_without_mishaps_is_the_same_object():
    """Nothing is copied, nothing is drawn."""
    assert afflict(PLAN, SPEC, 3, []) is PLAN


@pytest.mark.parametrize("id", [kind.id for kind in KINDS])
def test_every_data_fault_befalls_somebody_or_nobody_and_nobody_else(id):
    """With a count of one, at most one contract's plan is another (a renamed account may have several)."""
    made = afflict(PLAN, SPEC, 3, mishaps(line(id, count=1)))
    accounts = {deal.account.key for deal in made.deals if deal.sow in moved(PLAN, made)}
    assert len(accounts) <= 1
    assert len(made.upsets) <= 1
    assert MISHAPS[id] in HAPPENS


def test_another_mishap_does_not_move_the_first():
    """Draws are by meaning: a second line of the plan changes nothing about whom the first befalls."""
    one = afflict(PLAN, SPEC, 3, mishaps(line("F-53", count=2)))
    two = afflict(PLAN, SPEC, 3, mishaps(line("F-53", count=2), line("F-71", count=2)))
    slipped = lambda plan: {deal.sow for deal in plan.deals if "missing_tax_profile" in deal.slips}
    assert slipped(one) == slipped(two)
    assert len(slipped(one)) >= 2


def test_a_match_spares_all_others():
    """A glob of keys says whom it may befall."""
    sow = next(deal.sow for deal in PLAN.won if not deal.slips)
    made = afflict(PLAN, SPEC, 3, mishaps({**line("F-54"), "match": {"key": sow}}))
    assert moved(PLAN, made) == {sow}


def test_work_over_its_cap_is_worth_more_than_the_cap():
    """The cap lies below what will be worked by the part that was asked for; a change order rises above it."""
    made = afflict(PLAN, SPEC, 3, mishaps(line("F-60", count=1, part=0.5, change_order="yes")))
    (upset,) = made.upsets
    deal = next(deal for deal in made.deals if deal.sow == upset.subject)
    assert deal.cap is not None
    assert deal.cap * 2 <= upset.params["cap"]


def test_an_approval_is_withdrawn_after_it_was_given():
    """A withdrawal after billing comes after the month's cut-off."""
    made = afflict(PLAN, SPEC, 3, mishaps(line("F-61", count=3)))
    fallen = [sheet for sheets in made.sheets.values() for sheet in sheets if sheet.withdrawn]
    assert len(fallen) == 3
    assert all(sheet.withdrawn > sheet.approved > 0 for sheet in fallen)


def test_odd_names_fit_every_system():
    """No name is longer than the shortest field that holds a company's name (NetSuite: 83)."""
    assert max(map(len, NAMES)) <= 83
    assert similar_name("North Bridge Ltd") != "North Bridge Ltd"


@pytest.mark.parametrize("id", ["DE136695976", "NL004495445B01", "ATU13585627"])
def test_a_mistyped_tax_id_differs_in_one_digit(id):
    """Same form, one digit off."""
    assert sum(a != b for a, b in zip(id, bad_tax_id(id), strict=True)) == 1


def test_unknown_modes_are_mistakes():
    """A word that is no mode, and a part out of bounds, are told."""
    wrong = Fault(id="F-57", target="crm", params={"mode": "sideways"})
    far = Fault(id="F-60", target="psa", params={"part": 2.0})
    assert [place for place, _ in fault_mistakes(wrong) + fault_mistakes(far)] == [("params", "mode"), ("params", "part")]


@pytest.mark.parametrize("id", [kind.id for kind in KINDS])
def test_whom_a_line_befalls_is_noted_with_its_place_and_instant(id):
    """One note for each of them, so that the run can say when the line struck; none for those it spares."""
    faults = mishaps({**line("F-54"), "place": 7}, {**line(id, count=2), "place": 40})
    made = afflict(PLAN, SPEC, 3, faults)
    mine = [each for each in made.befallen if each.place == 40]
    assert len(mine) <= 2
    assert bool(mine) or made == afflict(PLAN, SPEC, 3, faults[:1])
    assert all(each.at > START and each.what.startswith(MISHAPS[id]) for each in mine)


def test_a_line_taken_out_of_a_plan_befalls_whom_it_befell_in_it():
    """Chance is drawn by the place a line keeps."""
    lines = [{**line("F-53"), "share": 0.3}, {**line("F-71"), "share": 0.3}]
    whole = afflict(PLAN, SPEC, 3, mishaps(*({**each, "place": n} for n, each in enumerate(lines))))
    alone = afflict(PLAN, SPEC, 3, mishaps({**lines[1], "place": 1}))
    assert [each for each in whole.befallen if each.place == 1] == list(alone.befallen) != []


def test_a_deal_that_is_left_out_is_befallen_by_nothing():
    """Its notes go with it."""
    made = afflict(PLAN, SPEC, 3, mishaps(line("F-53", count=2)))
    gone = made.befallen[0].what.split()[1]
    assert spared(made, [gone]).befallen == made.befallen[1:]
