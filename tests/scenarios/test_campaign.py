"""Campaigns: shards share the work out, a run is a success when it ends as its file expects, JUnit can be read by any server."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from scenarios.report.junit import junit_xml
from scenarios.resolve import Words
from scenarios.suite import Campaign, carry_out, plan
from scenarios.tally import Result, by_state, summarise, warnings
from scenarios.verdict import EXIT_CODES, Finding, NotJudged, Verdict, worst


def verdict(word, scenario="clean-quarter", seed=1, witness="", **more):
    found = (Finding("INV-05", word, 3, witness, "nothing is billed twice"),)
    made = Verdict(
        scenario, seed, "S", {}, "core", word, EXIT_CODES[word], 1.0, 1.0, 10, 10.0, {"history": "", "state": ""}, found,
        (NotJudged("INV-51", "no outage"),), {}, {}, (), (),
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


def campaign(names=(), *, seeds=range(1, 4), shard=(1, 1), out=Path("x"), **more):
    return Campaign(names, seeds, shard, more.pop("jobs", 1), more.pop("words", Words()), out, **more)


def test_shards_share_all_runs_and_repeat_none():
    """The union of all shards is the campaign."""
    shards = [[(r.name, r.seed) for r, *_ in plan(campaign(shard=(one, 3)))] for one in (1, 2, 3)]
    whole = [(r.name, r.seed) for r, *_ in plan(campaign())]
    assert sorted(run for shard in shards for run in shard) == sorted(whole)
    assert len({len(shard) for shard in shards}) == 1
    assert "manual-baseline" not in {name for name, _ in whole}


def test_a_run_that_ends_as_its_file_expects_is_no_failure():
    """A baseline that is expected to be broken and is broken leaves exit code 0."""
    done = summarise([Result(verdict("broken"), "broken", "x"), Result(verdict("held"), "held", "x")], 1.0)
    assert (done["exit_code"], done["failures"], done["broken"], done["held"]) == (0, [], 1, 1)


def test_the_worst_unexpected_end_is_the_exit_code():
    """Broken outranks unsettled and unknown; an unexpected success is a failure as well."""
    runs = [Result(verdict("unknown"), "held", "x"), Result(verdict("broken"), "held", "y"), Result(verdict("held"), "held", "z")]
    assert summarise(runs, 1.0)["exit_code"] == 20
    assert summarise(runs[:1], 1.0)["exit_code"] == 22
    assert summarise([Result(verdict("held"), "broken", "x")], 1.0)["exit_code"] == 20


def test_a_judge_that_failed_never_counts_as_held():
    """Unknown outranks held, broken outranks all."""
    held, unknown, broken = (Finding("X", word, 1) for word in ("held", "unknown", "broken"))
    assert (worst((held,)), worst((held, unknown)), worst((unknown, broken)), worst(())) == (
        "held",
        "unknown",
        "broken",
        "unknown",
    )


def test_junit_names_every_judge_and_escapes_what_it_says():
    """Failures carry the witness, control characters do no harm."""
    root = ET.fromstring(junit_xml([verdict("broken", witness="<b>&\x00 S-00001"), verdict("held")]))
    suites = root.findall("testsuite")
    assert [(s.get("failures"), s.get("skipped"), s.get("tests")) for s in suites] == [("1", "1", "2"), ("0", "1", "2")]
    assert suites[0].find("testcase/failure").text == "<b>&? S-00001"


def test_shuffles_run_beside_the_usual_order_and_share_its_shard():
    """Each seed comes first in, first out, and then in N other orders, in folders of their own."""
    runs = [(r.seed, r.ties, folder.name) for r, folder, _ in plan(campaign(("clean-quarter",), shard=(2, 3), ties=2))]
    assert runs == [(2, 0, "clean-quarter-2"), (2, 1, "clean-quarter-2-ties-1"), (2, 2, "clean-quarter-2-ties-2")]


def test_another_state_after_a_shuffle_is_a_failure_of_its_own():
    """Without faults one seed has one business state; under faults nothing is promised of it."""
    usual, same, other = (verdict("held", digest={"history": "", "state": state}) for state in "aab")
    runs = by_state([Result(usual, "held", "x"), Result(same, "held", "x", 1), Result(other, "held", "x", 2)])
    assert [r.found for r in runs] == ["", "", "INV-52"]
    assert summarise(runs, 1.0)["exit_code"] == 20
    struck = [msgspec.structs.replace(v, faults=({"id": "F-08"},)) for v in (usual, other)]
    assert not any(r.differs for r in by_state([Result(struck[0], "held", "x"), Result(struck[1], "held", "x", 1)]))


def test_what_never_happened_in_a_campaign_is_said():
    """Counters and strikes are summed; a zero is a warning, for no run of it needed that guard."""
    one = verdict("held", sometimes={"probes": 2, "undo_runs": 0}, faults=({"id": "F-08"}, {"id": "F-20"}), strikes={"F-08": 3})
    two = verdict("held", sometimes={"probes": 1, "undo_runs": 0})
    done = summarise([Result(one, "held", "x"), Result(two, "held", "x")], 1.0)
    assert (done["sometimes"], done["strikes"]) == ({"probes": 3, "undo_runs": 0}, {"F-08": 3, "F-20": 0})
    assert warnings(done) == ["undo_runs never happened in 2 runs", "F-20 was planned and never struck"]


@pytest.mark.slow
def test_a_campaign_in_two_processes_gives_what_one_process_gives(tmp_path, monkeypatch):
    """Order, verdicts and digests do not depend on how many processes share the work, nor on who made the twins."""
    monkeypatch.chdir(tmp_path)
    words = Words(preset="XS")
    told = []
    for jobs in (2, 1):
        runs = carry_out(campaign(("webhook-chaos",), seeds=range(1, 5), out=tmp_path / str(jobs), jobs=jobs, words=words))
        told.append([(r.verdict.seed, r.verdict.verdict, r.verdict.digest) for r in runs])
    assert told[0] == told[1]
