"""A judge that cannot fail is a defect: every judge holds on the little firm's quarter and breaks by a wrong of its own."""

from __future__ import annotations

import msgspec
import pytest

from scenarios.history import Call, Change, Claims, Mark
from scenarios.oracle.judge import JUDGES, TWIN_JUDGES
from scenarios.oracle.twin import SLICE_MS, drain_ms, twin_facts
from tests.oracle.bends import ALERT, away, credited, write
from tests.oracle.mutations import MUTATIONS, TWIN_MUTATIONS
from tests.oracle.quarter import MINUTE, at, broken, claim, drop, judged, outage, put, read, whole

IDS = {id.removeprefix("INV-") for id, _, _ in (*JUDGES, *TWIN_JUDGES)}
NEED_CLAIMS = {"04", "12", "13", "35", "47", "49", "50", "55", "40"}


@pytest.fixture(scope="module")
def twin():
    return msgspec.to_builtins(twin_facts(read(whole())), str_keys=True)


def test_all_judges_hold_on_a_good_quarter(twin):
    """Nothing is wrong with the quarter, with an outage in it or without, and every judge looks at a fact."""
    calm, struck = judged(whole()), judged(outage(), twin)
    assert [f for f in (*calm.invariants, *struck.invariants) if f.verdict != "held" or not f.checked] == []
    assert {n.id for n in calm.not_judged} == {"INV-27", "INV-51", "INV-52", "INV-56"}
    assert {n.id for n in struck.not_judged} == {"INV-27", "INV-52"}


def test_a_credit_within_the_invoice_holds():
    """Asked for by one, approved by another, with a reason: the books still add up, and the judge of credits looks."""
    judgement = judged(credited(whole()))
    assert broken(judgement) == set()
    assert {f.id: f.checked for f in judgement.invariants}["INV-27"] == 4


@pytest.mark.parametrize("name", MUTATIONS)
def test_one_wrong_breaks_its_own_invariants_and_no_others(name):
    """The judges that break are exactly those the table names."""
    bend, ids = MUTATIONS[name]
    assert broken(judged(bend(whole()))) == set(ids.split())


@pytest.mark.parametrize("name", TWIN_MUTATIONS)
def test_a_wrong_shows_beside_the_twin(name, twin):
    """The same, with an outage and a fault-free twin."""
    bend, ids = TWIN_MUTATIONS[name]
    assert broken(judged(bend(outage()), twin)) == set(ids.split())


def test_no_judge_is_without_power():
    """The tables break every judge there is."""
    assert {id for _, ids in (*MUTATIONS.values(), *TWIN_MUTATIONS.values()) for id in ids.split()} == IDS


def test_an_outage_told_of_in_time_holds():
    """Somebody was told of the right system within two hours of its going."""
    assert broken(judged(away(whole(), {**ALERT, "system": "crm", "at": at(5, 2)}))) == set()


def test_a_crashing_judge_is_unknown(monkeypatch):
    """A judge that fails says so, with its error, and is never held."""

    def crash(_view):
        raise ZeroDivisionError("no hours")

    monkeypatch.setattr("scenarios.oracle.judge.JUDGES", (("INV-01", "one customer", crash),))
    found = judged(whole()).invariants[0]
    assert (found.verdict, found.checked) == ("unknown", 0)
    assert "ZeroDivisionError: no hours" in found.witness


def test_no_facts_is_not_judged():
    """A run in which nothing happened holds nothing."""
    judgement = judged([Mark(1, "start"), Mark(2, "quiet"), Mark(3, "end")])
    assert judgement.invariants == ()
    assert {n.id.removeprefix("INV-") for n in judgement.not_judged} == IDS | {"52"}
    assert all(n.why for n in judgement.not_judged)


def test_without_evidence_what_needs_it_is_not_judged():
    """A design that makes no claims is judged on everything else, and only on that."""
    judgement = judged(drop(whole(), lambda record: type(record) is Claims))
    assert {n.id.removeprefix("INV-") for n in judgement.not_judged} == NEED_CLAIMS | {"27", "51", "52", "56"}
    assert broken(judgement) == {"07"}, "without claims nothing excuses the second set-up"


def test_a_design_without_claims_is_judged_on_the_business_alone():
    """No correlation of ours, no external ids and no memos: rows are known by project, person, day and amount."""
    history = drop(whole(), lambda record: type(record) is Claims)
    for n, record in enumerate(history):
        if type(record) is Call:
            history[n] = msgspec.structs.replace(record, correlation="", key="")
        if type(record) is Change and record.kind in ("time_bill", "expense_report") and record.op == "create":
            history[n] = msgspec.structs.replace(record, values={**record.values, "external_id": None, "memo": None})
        if type(record) is Change and record.kind == "invoice_line" and not str(record.values["source"]).startswith("S-"):
            history[n] = msgspec.structs.replace(record, values={**record.values, "source": f"line {record.id}"})
    judgement = judged(history)
    assert broken(judgement) == {"07"}
    assert judgement.state == judged(drop(whole(), lambda record: type(record) is Claims)).state


def test_the_invoice_cycle_ends_when_the_invoice_is_sent():
    """Accepted at eleven, billed at 11:12, sent an hour later; hours last approved on the 8th, sent on the 15th."""
    kpis = judged(whole()).kpis
    assert (kpis["invoice_cycle_hours_p50"]["value"], kpis["invoice_cycle_hours_p95"]["value"]) == (1.2, 174.1)


def test_the_bound_of_an_outage_is_counted_with_what_an_hour_took():
    """120 in the busiest hour, 60 due in an outage of an hour: an hour and a quarter, and fifteen minutes."""
    slices = dict.fromkeys(range(12), 10) | {100 + n: 5 for n in range(12)} | {300: 70}
    assert drain_ms(slices, 100 * SLICE_MS, 112 * SLICE_MS) == 90 * MINUTE


def test_work_of_a_run_cut_short_is_unsettled():
    """What was still under way when the bound came is not called lost."""
    history = claim(whole(), exceptions=[], runs=[{"id": "time:3", "process": "post-work", "key": "S-00001", "state": "running"}])
    history = [msgspec.structs.replace(r, note="work was open") if type(r) is Mark and r.what == "quiet" else r for r in history]
    verdicts = {f.id: f.verdict for f in judged(history).invariants}
    assert (verdicts["INV-09"], verdicts["INV-50"]) == ("unsettled", "unsettled")


def test_a_quiet_run_may_not_leave_work_open():
    """The same claim in a run that got quiet excuses nothing."""
    history = claim(whole(), exceptions=[], runs=[{"id": "time:3", "process": "post-work", "key": "S-00001", "state": "running"}])
    assert {f.id: f.verdict for f in judged(history).invariants}["INV-09"] == "broken"


def test_people_may_act_while_pushes_are_repeated():
    """A payment after the quiet mark, and the mirror that follows it, are no effect of a push."""
    late = 13 * 86_400_000 + 1_767_571_200_000 + 23 * 3_600_000 + 60_000
    paid = write(late, "erp", "customer", "1", by="ar@example", name="Client One")
    assert "47" not in broken(judged(put(whole(), paid, write(late, "crm", "invoice_mirror", "m102", due_on="2026-02-01"))))
