"""Scenario files: all mistakes at once, each with its place; good files mean what they say."""

from __future__ import annotations

import pytest

from scenarios.errors import Mistakes, UsageError
from scenarios.faults.plan import fault_mistakes
from scenarios.loading import find_scenario, load_faults, load_scenario
from scenarios.spec import instant, parse_scenario


def mistakes_of(text):
    with pytest.raises(Mistakes) as caught:
        parse_scenario(text, "s.yaml", fault_mistakes)
    return caught.value.mistakes


def test_every_mistake_is_reported_with_line_and_column():
    """One look at the messages is enough to mend the whole file."""
    found = mistakes_of(
        "name: Bad Name\nstory: x\nseed: -1\npresett: S\nfaults:\n  - {id: F-99, target: crm}\n  - {id: F-01, target: crm, share: 3}\n"
    )
    assert [m.split(": ")[0] for m in found] == [
        "s.yaml:1:1",
        "s.yaml:3:1",
        "s.yaml:4:1",
        "s.yaml:6:6",
        "s.yaml:7:5",
        "s.yaml:7:29",
    ]


def test_an_unknown_field_names_the_nearest_known_ones():
    """A slip of the pen is mended from the message."""
    assert "did you mean preset" in mistakes_of("name: ok\nstory: x\npresett: S\n")[0]


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("{id: F-01, target: crm}", "needs `from` and `to`"),
        ("{id: F-14, target: erp}", "may target crm"),
        ("{id: F-14, target: crm, params: {delay: 3}}", "known: delay_ms"),
        ("{id: F-09, target: crm, params: {mode: slow}}", "known: truncate, reset"),
        ("{id: F-02, target: erp, from: 2026-01-02 00:00, to: 2026-01-01 00:00}", "later than `from`"),
        ("{id: F-07, target: erp, from: 2026-01-02 00:00 Mars/Olympus}", "is unknown"),
    ],
)
def test_a_fault_that_can_not_strike_is_refused(fault, word):
    """A plan line that would silently do nothing is a mistake."""
    assert word in mistakes_of(f"name: ok\nstory: x\nfaults:\n  - {fault}\n")[0]


@pytest.mark.parametrize(
    "text", ["", "- a\n", "name: [\n", "name: ok\nname: ok\nstory: x\n", "a: !!python/object:os.system x\n", "\t", "x: *y\n"]
)
def test_what_is_no_scenario_is_refused_in_words(text):
    """No text crashes the reader."""
    assert mistakes_of(text)


def test_a_country_called_no_stays_a_country():
    """YAML 1.2: NO is text, not false."""
    scenario = parse_scenario("name: ok\nstory: NO\n", "s.yaml", fault_mistakes)
    assert scenario.story == "NO"


def test_instants_are_read_in_their_zone_across_summer_time():
    """19:00 in Berlin is 17:00 UTC at the end of March and 18:00 in February."""
    line = "name: ok\nstory: x\nfaults: [{{id: F-01, target: erp, from: {0} 19:00 Europe/Berlin, to: {0} 20:00 Europe/Berlin}}]\n"
    hours = [
        parse_scenario(line.format(day), "s.yaml", fault_mistakes).faults[0].begin // 3_600_000 % 24
        for day in ("2026-02-27", "2026-03-31")
    ]
    assert hours == [18, 17]


def test_an_unknown_scenario_names_the_nearest():
    """A typing error costs one more try."""
    with pytest.raises(UsageError, match="did you mean clean-quarter"):
        find_scenario("clean-qarter")


def test_a_missing_file_is_said_so(tmp_path):
    """A path that leads nowhere is one sentence."""
    with pytest.raises(UsageError, match="does not exist"):
        load_scenario(str(tmp_path / "no.yaml"))


def test_a_binary_file_is_said_so(tmp_path):
    """Bytes that are no text are one sentence."""
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        load_scenario(str(tmp_path / "x.yaml"))


def test_a_fault_file_reports_places_in_itself(tmp_path):
    """The head that makes it a scenario never shows in a message."""
    path = tmp_path / "f.yaml"
    path.write_text("- {id: F-14, target: crm}\n- id: F-01\n  target: erp\n  shar: 1\n")
    with pytest.raises(Mistakes) as caught:
        load_faults(path)
    assert [m.removeprefix(f"{path}:").split(" ")[:2] for m in caught.value.mistakes] == [
        ["2:3:", "faults.1:"],
        ["4:3:", "faults.1.shar:"],
    ]


def test_one_line_may_have_several_mistakes_and_all_are_told():
    """An unknown target, a share of 3, a window that ends before it begins and a parameter nobody knows, in one look."""
    line = "{id: F-02, target: hr, share: 3, from: 2026-01-02 00:00, to: 2026-01-01 00:00, params: {slow: 1}}"
    found = mistakes_of(f"name: ok\nstory: x\nfaults:\n  - {line}\n")
    assert [m.split(": ")[1] for m in found] == ["faults.0.target", "faults.0.share", "faults.0.to", "faults.0.params.slow"]


def test_seconds_of_an_instant_count():
    """A plan pinned to one strike says it to the millisecond."""
    read = [instant(f"2026-03-31{said}") for said in (" 19:00", "T19:00:00Z", " 19:00:05", " 19:00:05.250 UTC")]
    assert [at - read[0] for at in read] == [0, 0, 5_000, 5_250]
