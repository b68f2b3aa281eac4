"""What excuses lateness: a program that was down tells nobody, a case waits for its owner, a refused record shows nothing."""

from __future__ import annotations

import msgspec

from scenarios.history import Call, Change, Strike, Window
from scenarios.oracle.twin import twin_facts
from tests.oracle.bends import ALERT, away, exception, tried
from tests.oracle.quarter import ROBOT, at, broken, claim, drop, edit, in_order, is_change, judged, outage, put, read, whole

TOLD = {**ALERT, "system": "crm"}


def down(history, begin, end):
    """The orchestrator does not run from `begin` to `end`."""
    return put(history, Window(at(0, 0), "F-75", "core", begin, end))


def test_a_program_that_is_down_tells_nobody_of_an_outage():
    """Three hours of outage, all but the first of them unseen: nobody has to be told."""
    assert broken(judged(down(away(whole()), at(5, 2), at(5, 5)))) == set()


def test_a_program_that_runs_again_has_what_is_left_of_the_bound():
    """Down for half an hour of the three, so half an hour later than two hours is in time, and more is not."""
    story = [down(away(whole(), {**TOLD, "at": at(5, when)}), at(5, 1.5), at(5, 2)) for when in (3.4, 3.6)]
    assert [broken(judged(each)) for each in story] == [set(), {"55"}]


def test_a_program_that_is_down_escalates_nothing():
    """Due at night, escalated when the program stood again, in the morning before the clerk came."""
    late = claim(whole(), exceptions=exception(0, due_at=at(1, 15.5), escalated_at=at(1, 18)))
    assert broken(judged(late)) == {"49"}
    assert broken(judged(down(late, at(1, 15.3), at(1, 17.9)))) == set()


def unshown(code):
    """The second deal's case, of which the CRM shows nothing."""
    story = drop(whole(), lambda r: is_change("crm", "sow", "s2")(r) and r.values.get("delivery_status") == "Exception")
    story = edit(story, lambda r: getattr(r, "system", "") == "desk" and r.key == "X-1", code=code)
    return claim(story, exceptions=exception(0, code=code))


def test_a_record_the_crm_refuses_to_write_shows_no_exception():
    """Several records of one number: the very write was refused, and the case is about that. A case about something else is no excuse."""
    path = "/services/data/v67.0/sobjects/SOW__c/SOW_Number__c/S-00002"
    refused = Call(
        at(1, 15), at(1, 15) + 50, "crm", "PATCH", path, "upsert", ROBOT, 300, "several", body="x", correlation="S-00002"
    )
    found = [broken(judged(put(unshown(code), refused))) for code in ("SEVERAL_MATCHES", "TAX_PROFILE_MISSING")]
    assert ("35" in found[0], "35" in found[1]) == (False, True)
    assert "35" in broken(judged(unshown("SEVERAL_MATCHES")))


def test_what_an_operator_sent_on_had_waited_for_its_owner():
    """Four hours with a clerk who is away, ended by an operator: they are not the set-up's time. Without either they are."""
    unseen = drop(whole(), lambda r: getattr(r, "system", "") == "desk" and r.key == "X-1")
    sent = Strike(at(1, 19), "F-76", "core", "TAX_PROFILE_MISSING S-00002 sent on as it is", 0)
    assert "07" in broken(judged(unseen))
    assert "07" not in broken(judged(put(unseen, sent)))


def test_what_an_operator_sends_on_is_refused_again_by_his_doing():
    """The same refusal twice, with nothing mended: the orchestrator was told to ask again, or it was not."""
    path = "/timeBill/eid:TE-1"
    story = put(whole(), tried(at(9, 13), path, 400, "dangling"), tried(at(9, 14), path, 400, "dangling"))
    assert "48" in broken(judged(story))
    assert "48" not in broken(judged(put(story, Strike(at(9, 13.5), "F-76", "core", "PERSON_UNKNOWN TE-1 sent on as it is", 0))))


def test_an_outage_that_runs_into_one_of_the_core_ends_with_it():
    """The ERP is back at two, the core at three: what was due has from three on what it would have had from two on."""
    twin = twin_facts(read(whole()))
    assert "51" in broken(judged(in_order([moved(record, at(3, 16)) for record in outage()]), twin))
    story = in_order([moved(record, at(3, 16)) for record in down(outage(), at(3, 13), at(3, 15))])
    assert "51" not in broken(judged(story, twin))
    late = in_order([moved(record, at(3, 17)) for record in down(outage(), at(3, 13), at(3, 15))])
    assert "51" in broken(judged(late, twin))


def moved(record, when):
    """What the ERP took after its outage, at another instant."""
    mine = type(record) in (Change, Call) and record.system == "erp" and record.at == at(3, 14.2)
    return msgspec.structs.replace(record, at=when) if mine else record
