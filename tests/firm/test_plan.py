"""What the firm means to do: volumes, slips, money, dates. All from numbers and seed alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache

import pytest

from scenarios.clock.calendar import local
from scenarios.firm import load_firm
from scenarios.firm.model import MILESTONE, TM, Deal, Plan
from scenarios.firm.plan import all_sheets, build_plan
from scenarios.firm.quarter import begin_of, close_of, hour_of, last_approval
from scenarios.firm.terms import half_up, worth
from tests.firm.town import START_MS

SEEDS = range(1, 21)
SPEC = load_firm("S")


@cache
def plan(seed: int) -> Plan:
    return build_plan(SPEC, seed, START_MS)


def place(deal: Deal):
    return SPEC.entities[deal.entity].place


def minor_of_entry(deal: Deal, wbs: str, minutes: int) -> int:
    rate = next(line.rate for line in deal.lines if line.key == wbs)
    return worth(half_up(minutes * 100, 60), rate)


def decisions(made: Plan, deal: Deal) -> list[int]:
    """What each approved billable line of a deal is worth, in approval order."""
    out = []
    for sheet in sorted(made.sheets[deal.sow], key=lambda each: each.approved):
        out += [minor_of_entry(deal, sheet.wbs, entry.minutes) for entry in sheet.entries]
        out += [claim.amount for claim in sheet.claims if claim.billable]
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_every_human_slip_is_there_by_construction(seed):
    """Each slip of the list occurs at least once, whatever the seed."""
    made = plan(seed)
    slips = Counter(slip for deal in made.won for slip in deal.slips)
    sheets = all_sheets(made)
    over = [deal for deal in made.won if deal.cap is not None and sum(decisions(made, deal)) > deal.cap]
    found = {
        "missing tax profile": slips["missing_tax_profile"],
        "unknown entity": slips["missing_entity"],
        "rejected": sum(s.rejected > 0 for s in sheets if s.entries),
        "over its cap": len(over),
        "late": sum(s.slip == "late_entry" for s in sheets),
        "expense": sum(c.billable for s in sheets for c in s.claims),
        "partial payer": len(made.partial_payers),
        "strategic": sum(d.account.segment == "strategic" for d in made.won),
    }
    assert {name for name, count in found.items() if count < 1} == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_entity_has_a_capped_contract_and_both_types(seed):
    """No entity is without a capped T&M contract, or without fixed fee by milestone, on Christmas Eve."""
    opening = [deal for deal in plan(seed).won if deal.opening]
    capped = {deal.entity for deal in opening if deal.kind == TM and deal.cap}
    fixed = {deal.entity for deal in opening if deal.kind == MILESTONE}
    assert capped == fixed == {"US", "UK", "DE"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_tax_case_of_the_entities_occurs(seed):
    """Standard, reverse charge, export, exempt and a taxed US state are sold in every run."""
    cases = {(deal.entity, deal.tax_profile) for deal in plan(seed).won}
    taxed = {deal.account.region for deal in plan(seed).won if deal.entity == "US" and deal.account.country == "US"}
    assert cases >= {
        ("US", "STANDARD"), ("US", "EXEMPT"), ("US", "EXPORT"), ("UK", "STANDARD"), ("UK", "EXPORT"),
        ("DE", "STANDARD"), ("DE", "REVERSE_CHARGE"), ("DE", "EXPORT"),
    }  # fmt: skip
    assert taxed & {"HI", "NM", "SD", "WV"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tax_profile_fits_the_customer(seed):
    """A true profile never contradicts the customer's country: mismatches come from slips only."""
    home, union = {"US": "US", "UK": "GB", "DE": "DE"}, {"NL", "AT", "BE"}
    for deal in plan(seed).won:
        country = deal.account.country
        if deal.tax_profile in ("STANDARD", "EXEMPT"):
            assert country == home[deal.entity]
        elif deal.tax_profile == "REVERSE_CHARGE":
            assert country in union
            assert deal.account.tax_id
        else:
            assert country != home[deal.entity]
            assert deal.entity != "DE" or country not in union


@pytest.mark.parametrize("seed", SEEDS)
def test_amounts_add_up_and_are_not_round(seed):
    """A deal's amount is the sum of its lines to the cent; rates end in cents, and most of them are odd."""
    rates = []
    for deal in plan(seed).won:
        assert deal.amount == sum(line.total for line in deal.lines)
        assert all(line.total == worth(line.quantity, line.rate) for line in deal.lines)
        if deal.kind == MILESTONE:
            assert 2 <= len(deal.lines) <= 4
        else:
            rates += [line.rate for line in deal.lines]
    assert all(rate % 100 == 0 for rate in rates)
    assert sum(rate % 10_000 != 0 for rate in rates) > 0.9 * len(rates)


@pytest.mark.parametrize("seed", SEEDS)
def test_work_is_in_quarter_hours_on_working_days_of_the_project(seed):
    """Time is booked in quarters of an hour, at most a day's worth, on days worked, inside the project."""
    made = plan(seed)
    day_sums: Counter[tuple[str, str]] = Counter()
    for deal in made.won:
        for sheet in made.sheets[deal.sow]:
            for entry in sheet.entries:
                day = dt.date.fromisoformat(entry.on)
                assert entry.minutes > 0
                assert entry.minutes % 15 == 0
                assert max(deal.start_on, made.quarter.first) <= day <= min(deal.end_on, made.quarter.last)
                assert day.weekday() < 5
                day_sums[sheet.person.number, entry.on] += entry.minutes
    assert max(day_sums.values()) <= 11 * 60 + 15


@pytest.mark.parametrize("seed", SEEDS)
def test_an_entry_is_known_by_person_wbs_date_and_sequence(seed):
    """(person, SOW, WBS, date, sequence) names one entry only."""
    names = [(s.person.number, s.sow, s.wbs, e.on, e.sequence) for s in all_sheets(plan(seed)) for e in s.entries]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_decides_about_their_own_time_and_steps_follow_each_other(seed):
    """The approver is another person; submission, rejection, correction, approval come in that order."""
    for sheet in all_sheets(plan(seed)):
        assert sheet.approver != sheet.person.number
        order = [sheet.submitted, *([sheet.rejected, sheet.resubmitted] if sheet.rejected else []), sheet.approved]
        assert order == sorted(set(order))
        assert (sheet.wrong >= 0) == (sheet.rejected > 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_is_approved_by_the_last_hour(seed):
    """Everything booked is approved by WD+2 noon of March, in the entity's own time."""
    made = plan(seed)
    limits = {code: last_approval(made.quarter, SPEC, entity.place) for code, entity in SPEC.entities.items()}
    assert all(sheet.approved <= limits[sheet.person.entity] for sheet in all_sheets(made))


@pytest.mark.parametrize("seed", SEEDS)
def test_work_is_booked_after_it_was_done(seed):
    """Nobody submits a week before its last day, and a late entry comes after the hard close of its month."""
    made = plan(seed)
    for deal in made.won:
        zone = place(deal).zone
        for sheet in made.sheets[deal.sow]:
            last = max(line.on for line in sheet.entries or sheet.claims)
            assert local(sheet.submitted, zone).date().isoformat() >= last
            if sheet.slip == "late_entry":
                month = (int(last[:4]), int(last[5:7]))
                closed = hour_of(close_of(month, SPEC.billing.hard_close_day, place(deal)), SPEC.billing.close_hour, place(deal))
                assert sheet.submitted > closed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_opening_wave_is_won_and_signed_by_the_day_before_christmas_eve(seed):
    """29 deals fill the preset's active projects by 24 December; sales ascend through their stages."""
    made = plan(seed)
    opening = [deal for deal in made.won if deal.opening]
    assert len(opening) == 29
    for deal in opening:
        assert max(deal.stages.decided, deal.stages.signed) < hour_of(dt.date(2025, 12, 24), 0, place(deal))
    for deal in made.deals:
        stages = deal.stages
        assert list(stages[:5]) == sorted(set(stages[:5]))
        assert stages.sent < min(stages.decided, stages.signed)
        assert stages.created >= START_MS


def test_volumes_are_those_of_the_preset():
    """S: 60 heads, 29 active projects, 480 lines in a full week, 28 invoices a month, each within 15 % over the seeds."""
    active, lines, invoices = [], [], []
    for seed in SEEDS:
        made = plan(seed)
        assert len(made.people) == 60
        for month in (1, 2, 3):
            active.append(sum(deal.start_on <= dt.date(2026, month, 10) <= deal.end_on for deal in made.won))
        weeks = Counter(sheet.week for sheet in all_sheets(made) for _ in sheet.entries)
        full = [count for week, count in weeks.items() if dt.date(2026, 1, 5) <= week <= dt.date(2026, 3, 23)]
        lines.append(sum(full) / len(full))
        invoices.append(invoices_of(made) / 3)
    measured = {"active": mean(active) / 29, "lines": mean(lines) / 480, "invoices": mean(invoices) / 28}
    assert {name: ratio for name, ratio in measured.items() if not 0.85 <= ratio <= 1.15} == {}


def invoices_of(made: Plan) -> int:
    """Billing runs that find something approved, and milestones accepted."""
    count = sum(goal.accepted > 0 for goals in made.goals.values() for goal in goals)
    for deal in made.won:
        if deal.kind == TM:
            cuts = [hour_of(close_of(m, o, place(deal)), 18.0, place(deal)) for m in made.quarter.months for o in (0, 2)]
            billed = [s for s in made.sheets[deal.sow] if s.entries or any(c.billable for c in s.claims)]
            count += len({next(n for n, cut in enumerate(cuts) if sheet.approved <= cut) for sheet in billed})
    return count


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_hours_follow_from_utilisation():
    """Billable and project hours of the quarter lie near 0.664 of 500 hours a head (less leave and holidays than a year's mean)."""
    hours = [sum(e.minutes for s in all_sheets(plan(seed)) for e in s.entries) / 60 / 60 for seed in SEEDS]
    assert 0.9 * 332 <= mean(hours) <= 1.15 * 332


@pytest.mark.parametrize("heads", [12, 20, 120, 240])
def test_projects_and_deals_grow_with_the_heads(heads):
    """Twice the people, twice the projects, deals and time lines."""
    made = build_plan(load_firm("S", heads), 3, START_MS)
    lines = sum(len(sheet.entries) for sheet in all_sheets(made))
    assert len(made.people) == heads
    assert abs(len([d for d in made.won if d.opening]) - 29 * heads / 60) <= 3
    assert 0.75 <= lines / (6_000 * heads / 60) <= 1.3


def test_preset_m_has_six_entities_and_their_tax_cases():
    """M brings NL, AU and SG with their own currencies and tax cases."""
    made = build_plan(load_firm("M", 300), 1, START_MS)
    assert {deal.currency for deal in made.won} == {"USD", "GBP", "EUR", "AUD", "SGD"}
    assert ("NL", "REVERSE_CHARGE") in {(deal.entity, deal.tax_profile) for deal in made.won}


def test_the_plan_of_another_start_works_its_own_quarter():
    """The quarter is the three whole months after the month of the start."""
    made = build_plan(SPEC, 1, START_MS + 91 * 86_400_000)
    assert (made.quarter.first, made.quarter.last) == (dt.date(2026, 4, 1), dt.date(2026, 6, 30))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_smallest_firm_lives_the_end_of_the_quarter_and_misses_nothing(seed):
    """XS: both contract types an entity, a cap passed, a rejection, expenses, slips; booked, approved and accepted before the close."""
    spec = load_firm("XS")
    made = build_plan(spec, seed, START_MS + 98 * 86_400_000)
    assert (made.quarter.start, made.quarter.first, made.quarter.months) == (
        dt.date(2026, 3, 23),
        dt.date(2026, 3, 25),
        ((2026, 3),),
    )
    assert Counter((deal.entity, deal.kind) for deal in made.deals) == {(e, k): 1 for e in ("UK", "DE") for k in (TM, MILESTONE)}
    assert {name for deal in made.won for name in deal.slips} >= {"missing_tax_profile", "missing_entity"}
    sheets = all_sheets(made)
    assert any(sheet.rejected for sheet in sheets)
    assert any(claim.billable for sheet in sheets for claim in sheet.claims)
    assert [deal for deal in made.won if deal.cap is not None and sum(decisions(made, deal)) > deal.cap]
    assert all(goal.accepted for goals in made.goals.values() for goal in goals)
    assert made.partial_payers


def test_a_window_lies_at_the_end_of_the_quarter_wherever_that_starts():
    """The same days before the quarter's end are lived through, from any start."""
    window = load_firm("XS").window
    assert begin_of(window, dt.date(2025, 12, 15)) == dt.date(2026, 3, 23)
    assert begin_of(window, dt.date(2026, 3, 2)) == dt.date(2026, 6, 22)
    assert begin_of(load_firm("S").window, dt.date(2026, 3, 2)) == dt.date(2026, 3, 2)
