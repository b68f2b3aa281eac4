"""The firm at work in a town of fakes: acts before effects, outages move instants and nothing else, slips get mended."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import msgspec
import pytest

from scenarios.clock.calendar import at_local
from scenarios.firm import ActRefused, load_firm
from scenarios.history import Act
from tests.firm.town import Run, live

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3_600_000
WORK = ("time_entry", "expense")


@cache
def quiet(seed: int = 1) -> Run:
    return live(seed)


def berlin(day: str, hour: int) -> int:
    return at_local(dt.date.fromisoformat(day), hour, zone="Europe/Berlin")


@cache
def stormy(seed: int = 1) -> Run:
    """The same quarter with the PSA away on a Friday afternoon and a Monday, the CRM in the opening week, slow set-ups."""
    outages = {
        "psa": [(berlin("2026-01-16", 15), berlin("2026-01-16", 22)), (berlin("2026-02-02", 6), berlin("2026-02-02", 16))],
        "crm": [(berlin("2025-12-18", 9), berlin("2025-12-18", 14)), (berlin("2026-03-31", 10), berlin("2026-03-31", 13))],
        "erp": [(berlin("2026-02-27", 18), berlin("2026-02-27", 23))],
    }
    return live(seed, outages=outages, delay_ms=30 * 24 * HOUR, extra_days=45)


def worked(run: Run) -> set[tuple[str, str, int]]:
    """What was truly worked and approved: every line with its minutes or amount as it stands in the PSA."""
    found = set()
    for act in run.acts:
        if act.system == "psa" and act.kind in WORK and act.verb == "create" and run.done[act.seq].outcome == "done":
            row = run.systems.rows["psa", act.kind][run.done[act.seq].id]
            assert row["state"] == "approved"
            found.add((act.key, act.kind, row.get("minutes") or row["amount"]))
    return found


def approval_order(run: Run) -> dict[str, list[str]]:
    order: dict[str, list[str]] = {}
    for act in run.acts:
        if act.verb == "approve" and run.done[act.seq].outcome == "done":
            order.setdefault(act.values["workspace_id"], []).append(act.key)
    return order


def test_faults_move_instants_and_never_work():
    """With outages and projects set up a month late, the same people have worked the same hours on the same days."""
    assert worked(quiet()) == worked(stormy())


def test_approvals_of_a_project_keep_their_order():
    """Cap decisions hang on the order of approvals; neither outages nor late set-ups change it."""
    assert approval_order(quiet()) == approval_order(stormy())


def test_approvals_of_a_project_never_share_an_instant():
    """Each approval of a project is later than the one before, so that decision order is approval order."""
    for run in (quiet(), stormy()):
        last: dict[str, int] = {}
        for act in run.acts:
            if act.verb == "approve" and run.done[act.seq].outcome == "done":
                sow = act.values["workspace_id"]
                assert act.at > last.get(sow, 0)
                last[sow] = act.at


def test_every_act_is_logged_before_it_reaches_a_system():
    """The log's n-th act that got through is the systems' n-th act, and its outcome follows it."""
    run = quiet()
    seen: set[int] = set()
    for each in run.log:
        if isinstance(each, Act):
            assert each.seq not in seen
            seen.add(each.seq)
        else:
            assert each.seq in seen
    through = [(act.system, act.verb, act.kind, act.at) for act in run.acts if act.system != "desk"]
    assert through == [(system, verb, kind, at) for _, system, verb, kind, _, _, _, at in run.systems.acts]


def test_acts_are_numbered_from_one_without_gap():
    """`seq` counts acts from 1."""
    assert [act.seq for act in quiet().acts] == list(range(1, len(quiet().acts) + 1))


def test_an_act_refused_by_an_outage_is_done_again_under_its_scheduled_instant():
    """A retry is a new act with the old instant, and it gets through after the outage."""
    run = stormy()
    refused = {(act.key, act.verb, act.at) for act in run.acts if run.done[act.seq].why == "unavailable"}
    through = {(act.key, act.verb, act.at) for act in run.acts if run.done[act.seq].outcome == "done"}
    assert len(refused) > 10
    assert refused <= through
    assert run.firm.refusals == []


def test_late_projects_are_booked_late_under_the_true_dates():
    """Where the workspace came a month late, January's hours are booked in February, not dropped."""
    run = stormy()
    days = [
        (local_day(act.at), act.values["performed_on"]) for act in run.acts if act.kind == "time_entry" and act.verb == "create"
    ]
    assert sum(worked_on < "2026-01-15" and booked >= "2026-01-20" for booked, worked_on in days) > 100


def local_day(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).date().isoformat()


def test_a_rejected_timesheet_is_corrected_to_what_is_true():
    """The log tells the true minutes from the start; the system gets them with the correction."""
    run = quiet()
    slipped = [act for act in run.acts if act.slip == "rejected_timesheet"]
    assert slipped
    for act in slipped:
        id = run.done[act.seq].id
        assert run.systems.born[id]["minutes"] > act.values["minutes"] == run.systems.rows["psa", "time_entry"][id]["minutes"]


def test_slips_reach_the_crm_and_clerks_mend_them_there():
    """A missing profile and a wrong entity stand in the CRM until a clerk writes the true value under the clerk's own name."""
    run = quiet()
    made = {act.key: act for act in run.acts if act.kind == "sow" and act.verb == "create"}
    slips = {key: act.slip for key, act in made.items() if act.slip}
    assert any("missing_tax_profile" in slip for slip in slips.values())
    assert any("missing_entity" in slip for slip in slips.values())
    mended = {act.key: act.who.split("@")[0] for act in run.acts if act.kind == "sow" and act.who.split("@")[0].endswith("-ops")}
    assert set(mended) == set(slips)
    for key, act in made.items():
        row = run.systems.find("crm", "sow", key)
        assert {name: row[name] for name in ("tax_profile", "selling_entity", "billing_contact_id")} == {
            name: act.values[name] for name in ("tax_profile", "selling_entity", "billing_contact_id")
        }


def test_the_truth_of_a_deal_is_in_the_log():
    """The act that makes a SOW carries terms, lines and customer facts, slips notwithstanding."""
    run = quiet()
    for deal in run.firm.plan.won:
        act = next(each for each in run.acts if each.key == deal.sow and each.verb == "create")
        assert act.values["tax_profile"] == deal.tax_profile
        assert act.values["selling_entity"] == deal.entity
        assert sum(line["total"] for line in act.values["lines"]) == act.values["amount"] == deal.amount


def test_a_partial_payment_is_made_and_completed_or_due():
    """At least one invoice is paid in two parts or stands partially paid; nothing is paid twice."""
    run = quiet()
    parts = [act for act in run.acts if act.slip == "partial_payment"]
    assert parts
    references = [act.key for act in run.acts if act.verb == "receive"]
    assert len(references) == len(set(references))
    assert all(row["open_balance"] >= 0 for row in run.systems.rows["erp", "invoice"].values())


def test_runs_and_closes_happen_at_local_hours_across_the_clock_changes():
    """Billing at 18:00 and closing at 17:00 local: in March after the US change, before and after the European one."""
    run = quiet()
    starts = {(entity, period, at) for at, entity, period, _ in run.desk.runs}
    utc = {(entity, period, dt.datetime.fromtimestamp(at / 1000, dt.UTC).isoformat()[:16]) for entity, period, at in starts}
    assert {
        ("US", "2026-02", "2026-02-27T23:00"), ("US", "2026-03", "2026-03-31T22:00"),
        ("UK", "2026-02", "2026-02-27T18:00"), ("UK", "2026-03", "2026-03-31T17:00"),
        ("DE", "2026-02", "2026-02-27T17:00"), ("DE", "2026-03", "2026-03-31T16:00"),
        ("DE", "2026-03", "2026-04-02T16:00"), ("US", "2026-01", "2026-02-03T23:00"),
    } <= utc  # fmt: skip
    closes = {
        act.key: dt.datetime.fromtimestamp(act.at / 1000, dt.UTC).isoformat()[:16] for act in run.acts if act.verb == "close"
    }
    assert closes["2026-03-DE"] == "2026-04-09T15:00"  # Good Friday and Easter Monday are no working days there
    assert closes["2026-03-US"] == "2026-04-07T21:00"
    assert closes["2025-12-UK"] == "2026-01-08T17:00"


def test_the_story_ends_with_the_last_hard_close():
    """`done` comes at expected_end_ms: one hour after the last entity's WD+5."""
    run = quiet()
    assert run.firm.office.now == run.firm.expected_end_ms == at_local(dt.date(2026, 4, 9), 18, zone="Europe/London")
    assert run.firm.settled


def test_a_double_close_saves_twice_and_again_from_a_colleague():
    """SC-03: with the share at one, every win is saved twice by its seller and once by somebody else, changing nothing."""
    run = live(2, spec=load_firm("S", 20, {"sales.double_close_share": 1.0}))
    wins: dict[str, list[Act]] = {}
    for act in run.acts:
        if act.values.get("stage") == "closed_won":
            wins.setdefault(act.key, []).append(act)
    assert all([act.slip for act in acts] == ["", "saved_again", "closed_again"] for acts in wins.values())
    assert all(acts[2].who != acts[0].who == acts[1].who for acts in wins.values())


def test_a_wave_of_slips_is_worked_off():
    """SC-12: a third of the deals without profile, entity or contact all become projects after the clerks' work."""
    overrides = {"slips.missing_tax_profile": 0.3, "slips.missing_entity": 0.15, "slips.missing_billing_contact": 0.1}
    run = live(3, spec=load_firm("S", None, overrides), extra_days=5)
    assert run.firm.progress()["staffed"] == len(run.firm.plan.won)
    assert run.firm.progress()["resubmitted"] > 8


def digest(run: Run) -> str:
    return hashlib.sha256(b"\n".join(msgspec.json.encode(each) for each in run.log)).hexdigest()


@pytest.mark.parametrize("salt", ["0", "4711"])
def test_another_process_with_another_hash_seed_writes_the_same_log(salt):
    """The log is a function of seed and code."""
    code = "from tests.firm.test_life import digest, quiet; print(digest(quiet()))"
    env = {**os.environ, "PYTHONHASHSEED": salt}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(quiet())


def test_a_refusal_keeps_its_code_when_simpy_makes_it_again():
    """SimPy throws a copy made of the arguments into the process that waits: whether to try again must survive that."""
    told = ActRefused("unavailable", "the orchestrator died")
    again = type(told)(*told.args)
    assert (again.code, again.retryable, str(again)) == ("unavailable", True, "unavailable: the orchestrator died")
