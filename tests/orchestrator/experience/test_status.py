"""What the orchestrator says of itself: evidence, lineage, figures, health, metrics."""

from __future__ import annotations

import asyncio
import json

from orchestrator.observe.business import Book, Item, Setup
from orchestrator.observe.watch import Pulse, Trying
from tests.orchestrator.experience.face import CAP, message, through, won

HOUR = 3_600_000


def test_evidence_has_every_part_of_the_account():
    """Runs, exceptions, inbox, outbox, cross-references, published events, audit: the agreed fields."""

    async def act(face):
        await face.push(message(won(number="S-00001")))
        face.parts.crossrefs.link("S-00001", "17", system="erp", type="job", entity="US")
        face.parts.desk.open(CAP)
        await asyncio.sleep(1)
        return (await face.get("/evidence", token="eve-token")).json

    told = through(act)
    (run,), (exception,), (ref,) = told["runs"], told["exceptions"], told["crossrefs"]
    assert set(run) == {"id", "process", "version", "key", "state", "detail", "correlation", "started_at", "ended_at"}
    wanted = {
        "id",
        "class",
        "code",
        "subject",
        "source",
        "amount_minor",
        "currency",
        "queue",
        "owner",
        "remediation",
        "opened_at",
    }
    assert wanted | {"due_at", "state", "resolved_at", "by", "run"} <= set(exception)
    assert (run["id"], run["key"], run["state"]) == ("p:S-00001", "S-00001", "done")
    assert told["inbox"]["crm.opportunity"] == {
        "accepted": 1, "applied": 1, "deduplicated": 0, "superseded": 0, "quarantined": 0, "parked": 0, "pending": 0,
    }  # fmt: skip
    assert (ref["canonical"], ref["id"], ref["valid_to"]) == ("S-00001", "17", None)
    assert told["published"] == [{"id": "p:S-00001/publish:t", "type": "t", "subject": "S-00001", "at": run["started_at"]}]
    assert told["outbox"] == {"pending": 1, "sent": 0}
    assert told["audit"] == {"entries": 0, "head": "0" * 64, "records": []}


def test_lineage_of_a_part_leads_to_its_root():
    """Asking for a milestone shows the SOW's runs, events and names."""

    async def act(face):
        await face.parts.engine.start("p", "S-00001", id="r")
        face.parts.crossrefs.link("S-00001", "17", system="erp", type="job")
        face.parts.desk.open(CAP)
        await asyncio.sleep(1)
        return (await face.get("/lineage/S-00001-M1")).json

    told = through(act)
    assert (told["root"], [run["id"] for run in told["runs"]]) == ("S-00001", ["r"])
    assert ([ref["id"] for ref in told["names"]], [e["code"] for e in told["exceptions"]]) == (["17"], ["CAP_EXCEEDED"])
    assert [event["type"] for event in told["events"]] == ["t"]


def test_figures_and_alerts_speak_of_the_business():
    """What is late without anybody knowing is named, and since when."""

    async def act(face):
        face.business.rows = Book(
            setups=(Setup("S-1", 0, 2 * HOUR), Setup("S-2", 0), Setup("S-3", 0, parked=True)),
            items=(Item("TE-1", "S-1", 0, amount_minor=500, currency="EUR"),),
        )
        face.pulse = Pulse(trying=(Trying("activate:S-2", "activate-project", "erp", 0),), unshown=(("INV-1", 5 * HOUR),))
        await asyncio.sleep(6 * 3600)
        return (await face.get("/kpis")).json

    told = through(act)
    assert told["kpis"]["setup_hours_p50"] == {"value": 2.0, "unit": "h"}
    assert told["kpis"]["unbilled_approved_value"]["value"] == {"EUR": 500}
    assert told["alerts"] == [
        {"code": "closed_won_without_project", "system": "erp", "flow": "set-up", "subject": "activate:S-2", "since": 0}
    ]


def test_health_shows_breakers_and_needs_no_token():
    """A system that does not answer makes the whole degraded, not dead."""

    async def act(face):
        well = (await face.get("/health", token=None)).json
        gate = face.parts.gates["erp"]
        for _ in range(5):
            await gate.enter()
            gate.leave(answered=False)
        ill = (await face.get("/health", token=None)).json
        return well["status"], ill["status"], ill["systems"]["erp"]["state"]

    assert through(act) == ("ok", "degraded", "open")


def test_metrics_are_in_prometheus_form_without_secrets():
    """Routes are named by pattern, so that no path secret leaks into a label."""

    async def act(face):
        await face.push(message(won()))
        face.parts.metrics.observe("call_ms", 250, "erp")
        face.parts.metrics.watch("inbox_pending", lambda: {(): face.parts.inbox.backlog()})
        return (await face.get("/metrics")).body.decode()

    text = through(act)
    assert 'orchestrator_intake_messages_total{source="salesforce",verdict="accepted"} 1.0' in text
    assert 'orchestrator_call_ms_bucket{le="300",system="erp"} 1.0' in text
    assert "orchestrator_inbox_pending 1.0" in text
    assert 'route="/intake/salesforce/{secret}",status="200"' in text
    assert "s3cret" not in text


def test_every_log_line_is_one_event_with_an_instant():
    """One JSON object a line, event and instant in each."""

    async def act(face):
        await face.push(message(won()))
        await asyncio.sleep(1)
        return [json.loads(line) for line in face.lines]

    lines = through(act)
    assert [line["event"] for line in lines] == ["intake-accepted", "notice-applied"]
    assert all(isinstance(line["at"], int) for line in lines)
