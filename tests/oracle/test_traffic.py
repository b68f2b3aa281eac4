"""What counts as a repeated refusal: writes do, questions that are asked at every poll do not."""

from __future__ import annotations

from scenarios.history import Call
from scenarios.oracle.traffic import Traffic


def refused(operation, at, path="/x"):
    return Call(at, at + 1, "erp", "POST", path, operation, "us", 403, "forbidden", body="same")


def test_a_refused_question_may_be_asked_again():
    """A poll can not know that its right was given back but by asking; a write has somebody who mends it first."""
    traffic = Traffic()
    for at in (0, 60_000):
        traffic.take(refused("suiteql", at))
        traffic.take(refused("record_put", at, "/y"))
    assert [(same[2], series.at) for same, series in traffic.all_refusals()] == [("/y", [0, 60_000])]


def tried(error, at):
    status = 200 if not error else 401 if error == "stranger" else 503
    return Call(at, at + 1, "crm", "PATCH", "/z", "update", "us", status, error, body="same", effect=not error)


def test_a_lost_sign_in_is_no_try_of_the_write_but_has_the_same_bound():
    """Tokens that end in the middle of work add none to the tries that reached it; knocking signed out for ever is seen."""
    traffic = Traffic()
    for at in range(12):
        traffic.take(tried("unavailable", 2 * at))
        traffic.take(tried("stranger", 2 * at + 1))
    assert [len(series.at) for _, series in traffic.all_attempts()] == [12, 12]
    traffic.take(tried("stranger", 99))
    traffic.take(tried("", 100))
    assert [(same[3], len(series.at)) for same, series in traffic.all_attempts()] == [("stranger", 13)]
