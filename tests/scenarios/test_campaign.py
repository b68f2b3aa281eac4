"""Campaigns: shards share the work out, a run is a success when it ends as its file expects, JUnit can be read by any server."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from scenarios.report.junit import junit_xml
from scenarios.resolve import Words
from scenarios.suite import Campaign, Result, plan, summarise
from scenarios.verdict import EXIT_CODES, Finding, NotJudged, Verdict, worst


def verdict(word, scenario="clean-quarter", seed=1, witness=""):
    found = (Finding("INV-05", word, 3, witness, "nothing is billed twice"),)
    return Verdict(
        scenario, seed, "S", {}, "core", word, EXIT_CODES[word], 1.0, 1.0, 10, 10.0, {"history": "", "state": ""}, found,
        (NotJudged("INV-51", "no outage"),), {}, {}, (), (),
    )  # fmt: skip


def test_shards_share_all_runs_and_repeat_none():
    """The union of all shards is the campaign."""
    shards = [
        [(r.name, r.seed) for r, _ in plan(Campaign((), range(1, 4), (one, 3), 1, Words(), Path("x")))] for one in (1, 2, 3)
    ]
    whole = [(r.name, r.seed) for r, _ in plan(Campaign((), range(1, 4), (1, 1), 1, Words(), Path("x")))]
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
