"""What is timed really happens: calls succeed, writes write, both ends of a socket count the same."""

from __future__ import annotations

import json

import pytest

from scenarios.bench import sockets
from scenarios.bench.harness import harness_ratios
from scenarios.bench.measuring import engine_ratio, simpy_ratio
from scenarios.bench.sockets import CASES, Leg, ratio_of, shooting_range
from scenarios.bench.stock import Request
from scenarios.bench.table import show
from scenarios.bench.virtual import mock_ratios, org
from scenarios.errors import HarnessError
from scenarios.resolve import Words


def test_every_upsert_of_the_bench_writes():
    """A save that changes nothing would be a cheaper thing than what the goal speaks of."""
    with org(deals=20) as held:
        before = held.system.position
        held.upserts(40)
        assert held.system.position == before + 40
        assert all({"name", "amount"} <= set(change.values) for change in held.system.changes(before))


def test_the_yardstick_speaks_the_document_that_a_read_shows():
    """Both sides carry the same record, and the yardstick waits as long as the mock does on average."""
    with org(deals=20) as held:
        body = held.run(held.ask(held.bare, Request("GET", "/anything", b"")))
        assert json.loads(body) == json.loads(held.document)
        assert json.loads(body)["attributes"]["type"] == "Opportunity"
        assert held.loop.time() > 0


def test_the_mock_is_measured_beside_its_yardstick():
    """A short measure has a value for each goal, from as many rounds as asked for."""
    found = {r.name: r.plain() for r in mock_ratios(2, calls=80)}
    assert set(found) == {"salesforce_read", "salesforce_upsert"}
    assert all(one["rounds"] == 2 and 0.01 < one["value"] < 2 for one in found.values())


@pytest.mark.slow
def test_clock_and_engine_are_measured():
    """The rooms' own benches are taken over with their goals."""
    assert simpy_ratio(1).plain()["value"] > 0.3
    assert engine_ratio(1).plain()["value"] > 0.1


def test_a_small_quarter_is_measured_whole():
    """Calls are counted by the recorder, empty reads among them, and the run is judged."""
    ratios, quarter = harness_ratios(1, Words(preset="S", heads=12, design="manual"), reads=200)
    busy, everything = (ratio.plain() for ratio in ratios)
    assert 0 < quarter.empty_reads < quarter.calls
    assert busy["value"] < everything["value"]
    assert busy["numerator"] == round((quarter.calls - quarter.empty_reads) / quarter.cpu_s, 1)
    assert quarter.verdict in {"held", "unsettled", "broken", "unknown"}


def test_sockets_are_loaded_and_leave_nothing_behind():
    """Each server answers its own case with success, says its CPU time, and is gone when the bench is."""
    with shooting_range() as held:
        legs = [held.leg(server, case, 0.1) for case, server in (*CASES, ("hello", "hello"))]
        children = [held.client, *held.servers.values()]
        assert all(leg.rate > 0 and leg.server_share > 0 for leg in legs)
    assert [child.process.returncode for child in children] == [0, 0, 0, 0]


def test_a_failing_call_over_sockets_ends_the_bench():
    """Refusals are quicker than work, so they must never be counted as speed."""
    with shooting_range() as held:
        held.told["salesforce"]["keys"] = ["006000000000000"]
        with pytest.raises(HarnessError, match="calls failed"):
            held.leg("salesforce", "salesforce_read", 0.05)


def test_a_client_at_its_limit_makes_the_figure_unknown(monkeypatch):
    """Above nine tenths of its core the client may be what was measured."""
    monkeypatch.setattr(sockets, "cores", lambda: ("0", "1"))
    idle, hurried = Leg(10.0, 5.0, 0.9, 0.3), Leg(20.0, 9.0, 0.8, 0.95)
    assert ratio_of("netsuite_put", [(idle, hurried)]).value is None
    assert ratio_of("netsuite_put", [(idle, idle._replace(rate=20.0))]).value == 0.5


def test_the_table_shows_every_ratio_and_what_was_missed(capsys):
    """A person sees at once what did not reach its goal."""
    ratios = {r.name: r.plain() for r in mock_ratios(1, calls=16)}
    ratios["salesforce_read"] |= {"value": 0.1, "reached": False}
    machine = {"cpus": 2, "load": [1.0, 1.0, 1.0], "python": "3.11"}
    show({"ratios": ratios, "figures": {}, "machine": machine, "rounds": 1, "seconds": 1.0})
    said = capsys.readouterr().out
    assert "salesforce_upsert" in said
    assert "missed" in said
