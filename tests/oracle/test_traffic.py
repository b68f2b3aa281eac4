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
