"""One small wrong in the little firm's quarter each, and the invariants that must break by it, no others.

{name: (bend, ids)}: `bend` takes a whole history and returns the bent one.
"""

from __future__ import annotations

from scenarios.history import Act, Acted, Mark, Push, Record
from tests.oracle.bends import (
    ALERT,
    Bend,
    act_of,
    attempts,
    away,
    call_to,
    chain,
    credited,
    exception,
    fallen,
    mended,
    overcharge,
    posted_late,
    run,
    tried,
    unapproved,
    unbilled_milestone,
    unpark,
    without_x1,
    write,
)
from tests.oracle.quarter import (
    AUDITED,
    CLERK,
    HOUR,
    MINUTE,
    ROBOT,
    again,
    at,
    audit,
    claim,
    drop,
    edit,
    evidence,
    is_change,
    put,
)

MUTATIONS: dict[str, tuple[Bend, str]] = {
    "a project whose name lost a sign": (
        lambda h: edit(h, lambda r: type(r) is Act and r.kind == "opportunity" and r.key == "O-00001", name="Wörk"),
        "38",
    ),
    "an approval withdrawn after the invoice, and nobody credits it": (fallen, "09 41"),
    "a second customer": (lambda h: again(h, is_change("erp", "customer", "1"), "7", external_id=None), "01"),
    "a second customer, closed a day later": (
        lambda h: put(
            again(h, is_change("erp", "customer", "1"), "7", external_id=None),
            write(at(2, 20), "erp", "customer", "7", inactive=True),
        ),
        "01",
    ),
    "a second contract": (
        lambda h: again(h, is_change("erp", "sales_order", "21"), "29", external_id="SO-S-00001-B"),
        "02 40",
    ),
    "a second workspace": (lambda h: again(h, is_change("psa", "workspace", "41"), "49"), "03"),
    "a project under another's code": (lambda h: edit(h, is_change("erp", "job", "11"), external_id="JOB-S-00077"), "03 38 40"),
    "an id that means two things": (
        lambda h: claim(h, crossrefs=[*evidence()["crossrefs"], {**evidence()["crossrefs"][2], "canonical": "S-00009"}]),
        "04",
    ),
    "a cross-reference to the wrong record": (
        lambda h: claim(h, crossrefs=[{**evidence()["crossrefs"][0], "id": "2"}]),
        "04",
    ),
    "a line billed twice": (lambda h: again(h, is_change("erp", "invoice_line", "1021"), "1029"), "05 16 20 22"),
    "an hour billed under two invoices of one turn": (
        lambda h: again(
            again(h, is_change("erp", "invoice", "102"), "109", number="INV109"),
            is_change("erp", "invoice_line", "1021"),
            "1091",
            invoice_id=109,
        ),
        "05 14 16 34 37 38 46",
    ),
    "a set-up at midnight": (
        lambda h: edit(h, is_change("psa", "workspace", "41"), at=at(1, 23.5)),
        "07 46",
    ),
    "a set-up without a task": (lambda h: drop(h, is_change("psa", "story", "511")), "07 14 50"),
    "an exception no clerk ever saw": (
        without_x1,
        "07",
    ),
    "a late set-up that a claim alone excuses": (
        lambda h: edit(without_x1(h), is_change("psa", "workspace", "42"), at=at(1, 23)),
        "07 46",
    ),
    "an order without a project": (lambda h: drop(h, is_change("psa", "workspace", "41")), "07 08 04 14 46 50"),
    "a project nobody sold": (
        lambda h: put(h, write(at(2), "psa", "workspace", "48", op="create", title="Internal", currency="USD", archived=False)),
        "08",
    ),
    "an hour neither billed nor parked": (lambda h: unpark(h, source="", subject="S-00009"), "09 14"),
    "a parked hour at a wrong amount": (lambda h: unpark(h, amount_minor=9_999), "09 14"),
    "a parked hour in a wrong currency": (lambda h: unpark(h, currency="EUR"), "09 14"),
    "a parked hour of an unknown source": (lambda h: unpark(h, source="TE-999"), "09 14"),
    "a write-off no clerk made": (
        lambda h: drop(drop(h, act_of("waive", "X-2")), lambda r: type(r) is Acted and r.id == "X-2"),
        "09 14 49",
    ),
    "over the cap, and it would have fitted": (
        lambda h: edit(h, lambda r: type(r) is Act and r.kind == "sow", cap=90_000),
        "09 14",
    ),
    "an unapproved hour billed": (unapproved, "09 14 41"),
    "an hour approved after the cut-off": (
        lambda h: edit(h, act_of("start_billing", "US-2026-01-1"), cut_off=at(3, 12.5)),
        "09 11",
    ),
    "an hour billed too high": (overcharge, "10 33"),
    "an expense lost": (
        lambda h: edit(h, is_change("erp", "invoice_line", "1013"), source="EX-8", expense_line_id=None),
        "11 41",
    ),
    "an event not accounted for": (
        lambda h: claim(h, inbox={**evidence()["inbox"], "crm.won": {**evidence()["inbox"]["crm.won"], "applied": 1}}),
        "12",
    ),
    "events hidden in quarantine": (
        lambda h: claim(
            h, inbox={**evidence()["inbox"], "crm.won": {"accepted": 4, "applied": 1, "deduplicated": 1, "quarantined": 2}}
        ),
        "12",
    ),
    "a push taken and forgotten": (lambda h: put(h, Push(at(5), "crm", "won9", "O-00009", 1, 200)), "13"),
    "an inbox that invents events": (lambda h: drop(h, lambda r: type(r) is Push and r.id == "signed2"), "13"),
    "an outbox that keeps a letter": (lambda h: claim(h, outbox={"pending": 1, "sent": 2}), "13"),
    "billed over the cap": (
        lambda h: edit(h, lambda r: type(r) is Act and r.kind == "sow" and r.verb == "create", cap=30_000),
        "15",
    ),
    "a milestone billed before acceptance": (
        lambda h: edit(h, lambda r: type(r) is Act and "accepted_at" in r.values, accepted_at=at(9)),
        "16",
    ),
    "a milestone accepted and forgotten": (
        unbilled_milestone,
        "14 16 38 40",
    ),
    "a schedule a cent short": (lambda h: edit(h, is_change("erp", "sales_order_line", "322"), amount=66_666), "17"),
    "a line that does not multiply": (lambda h: edit(h, is_change("erp", "invoice_line", "1012"), quantity=101), "20"),
    "a wrong sum": (lambda h: edit(h, is_change("erp", "invoice", "102"), net=33_334), "20 38"),
    "a wrong tax code": (
        lambda h: edit(h, is_change("erp", "invoice_line", "1011"), tax_code="US-OS"),
        "21",
    ),
    "a cent of tax": (
        lambda h: edit(
            edit(h, is_change("erp", "invoice_line", "1021"), tax=6_334),
            is_change("erp", "invoice", "102"),
            tax=6_334,
            net=33_332,
        ),
        "20 22 38",
    ),
    "half a cent": (lambda h: edit(h, is_change("erp", "invoice", "102"), tax=6_333.0), "23"),
    "an order in another currency": (lambda h: edit(h, is_change("erp", "sales_order", "21"), currency="EUR"), "24"),
    "an invoice in another currency": (
        lambda h: edit(
            edit(h, is_change("erp", "invoice", "102"), currency="USD"),
            is_change("crm", "invoice_mirror", "m102"),
            currency="USD",
        ),
        "23 24",
    ),
    "a payment applied nowhere": (lambda h: drop(h, is_change("erp", "payment_application", "811")), "26"),
    "a negative balance": (
        lambda h: edit(
            edit(h, is_change("erp", "invoice", "101", "paid"), nth=1, open_balance=-1, paid=35_001),
            is_change("crm", "invoice_mirror", "m101", "open"),
            nth=1,
            open=-1,
        ),
        "26",
    ),
    "a strategic client's mirror six minutes late": (
        lambda h: edit(h, is_change("crm", "invoice_mirror", "m101", "status"), nth=2, at=at(11, 15) + 6 * MINUTE),
        "34",
    ),
    "a mirror that never came": (lambda h: drop(h, is_change("crm", "invoice_mirror", "m102")), "14 34 38"),
    "a standard client's mirror a quarter late": (
        lambda h: edit(h, is_change("crm", "invoice_mirror", "m102", "status"), at=at(8, 11.2) + 16 * MINUTE),
        "34",
    ),
    "Active shown an hour late": (
        lambda h: edit(h, is_change("crm", "sow", "s1", "project_code"), at=at(1, 16)),
        "35",
    ),
    "an exception the account team never saw": (
        lambda h: drop(h, lambda r: is_change("crm", "sow", "s2")(r) and r.values.get("delivery_status") == "Exception"),
        "35",
    ),
    "a version that falls": (
        lambda h: edit(h, is_change("crm", "invoice_mirror", "m102"), nth=1, source_version=0),
        "37 38",
    ),
    "a status that goes back": (
        lambda h: put(
            h,
            write(at(9), "crm", "invoice_mirror", "m102", status="Open"),
            write(at(9) + MINUTE, "crm", "invoice_mirror", "m102", status="Sent"),
        ),
        "34 37",
    ),
    "a wrong amount in the CRM": (lambda h: edit(h, is_change("crm", "invoice_mirror", "m102"), open=1), "38"),
    "billed to date forgotten": (lambda h: drop(h, is_change("crm", "sow", "s1", "billed_to_date")), "38"),
    "no project code": (lambda h: edit(h, is_change("crm", "sow", "s1", "project_code"), project_code=None), "38"),
    "no reference in the PSA": (lambda h: drop(h, is_change("psa", "external_reference", "r102")), "38"),
    "a mirror of nothing": (
        lambda h: again(h, is_change("crm", "invoice_mirror", "m102"), "m199", key="INV-S-00002-M9"),
        "38",
    ),
    "an account renamed by the robot": (lambda h: put(h, write(at(5), "crm", "account", "a1", name="Client")), "39"),
    "an acceptance by the robot": (lambda h: put(h, write(at(9), "psa", "story", "522", accepted_at=1)), "39"),
    "an invoice marked sent by the robot": (
        lambda h: edit(h, is_change("erp", "invoice", "102", "status"), nth=1, by=ROBOT),
        "39",
    ),
    "a mirror written by hand": (lambda h: put(h, write(at(5), "crm", "sow", "s1", by="seller@example", unbilled=0)), "39"),
    "a stranger": (lambda h: put(h, write(at(5), "crm", "account", "a1", by="mallory", phone="0")), "39"),
    "a seed in mid-story": (lambda h: put(h, write(at(5), "erp", "subsidiary", "1", by="seed", name="X")), "39"),
    "an invoice without a root": (lambda h: edit(h, call_to("/INV-S-00002-M1"), correlation=""), "41"),
    "an hour posted for another deal": (lambda h: edit(h, call_to("eid:TE-1"), correlation="S-00002"), "41"),
    "an invoice to somebody else": (lambda h: edit(h, is_change("erp", "invoice", "102"), customer_id=1), "41"),
    "an hour of another's project": (lambda h: edit(h, is_change("erp", "time_bill", "61"), job_id=12), "41"),
    "a deal won out of nothing": (
        lambda h: drop(h, lambda r: is_change("crm", "opportunity", "o1")(r) and r.values.get("stage") == "negotiation"),
        "45",
    ),
    "an approved hour edited": (lambda h: put(h, write(at(5), "psa", "time_entry", "1", by="P-0001", minutes=1)), "45"),
    "an illegal try": (lambda h: put(h, tried(at(5), "/y", 400, "illegal_transition")), "45"),
    "a project before the signature": (lambda h: edit(h, is_change("psa", "workspace", "41"), at=at(1, 14.9)), "46"),
    "an hour posted before approval": (lambda h: edit(h, is_change("erp", "time_bill", "61"), at=at(2, 12.5)), "46"),
    "a status shown before it was": (
        lambda h: edit(h, is_change("crm", "invoice_mirror", "m101", "status"), nth=2, at=at(11, 14.9)),
        "34 46",
    ),
    "a repeated push that writes": (
        lambda h: put(h, write(at(13, 23.5), "erp", "customer", "1", email="x"), tried(at(13, 23.5), "/z", 204, effect=True)),
        "47",
    ),
    "a used id accepted for another record": (
        lambda h: edit(h, lambda r: type(r) is Push and r.outcome == 409, outcome=200),
        "12 47",
    ),
    "a refusal repeated": (lambda h: put(h, tried(at(5), "/y", 400, "bad"), tried(at(6), "/y", 400, "bad")), "48"),
    "a refusal repeated after a clerk mended another contract": (
        lambda h: put(h, tried(at(1, 18), "/y", 400, "bad"), tried(at(1, 20), "/y", 400, "bad")),
        "48",
    ),
    "thirteen tries": (attempts, "48"),
    "a wait not kept": (
        lambda h: put(h, tried(at(5), "/y", 429, "throttled", wait_ms=HOUR), tried(at(5) + MINUTE, "/y", 204)),
        "48",
    ),
    "too many at once": (lambda h: edit(h, call_to("eid:TE-1"), in_flight=16), "48"),
    "an exception without an owner": (lambda h: claim(h, exceptions=exception(0, owner="")), "49"),
    "an exception left lying": (lambda h: claim(h, exceptions=exception(0, due_at=at(1, 16))), "49"),
    "an exception opened twice": (
        lambda h: claim(
            h, exceptions=[*evidence()["exceptions"], {**evidence()["exceptions"][0], "id": "X-9", "opened_at": at(1, 16)}]
        ),
        "49",
    ),
    "an exception left out of the evidence": (lambda h: claim(h, exceptions=evidence()["exceptions"][1:]), "07 49"),
    "an audit record mended": (lambda h: claim(h, audit=mended(3, 5, "tidied")), "40"),
    "an audit record taken out": (lambda h: claim(h, audit=chain(records=audit(*AUDITED)["records"][1:])), "40"),
    "an audit cut short": (lambda h: claim(h, audit=chain(head="9" * 64)), "40"),
    "an invoice without an audit record": (lambda h: claim(h, audit=audit(*AUDITED[:-1])), "40"),
    "a decision without an audit record": (lambda h: claim(h, audit=audit(*(a for a in AUDITED if a[1] != "TE-3"))), "40"),
    "an audit of what nobody made": (lambda h: claim(h, audit=audit(*AUDITED, ("post_time", "TE-9"))), "40"),
    "an invoice with two audit records": (lambda h: claim(h, audit=audit(*AUDITED, AUDITED[-1])), "40"),
    "a write-off above the clerk's authority": (
        lambda h: edit(h, act_of("waive", "X-2"), authority_minor=9_999),
        "42",
    ),
    "a write-off of one's own work": (lambda h: edit(h, act_of("waive", "X-2"), who="P-0001"), "42"),
    "a secret somebody can read": (lambda h: put(h, Mark(at(14, 1), "leak", "the answer of /runs holds a bearer token")), "43"),
    "a token in the evidence": (lambda h: claim(h, exceptions=exception(0, remediation="Bearer 1234567890")), "43"),
    "a person in the evidence": (lambda h: claim(h, exceptions=exception(0, remediation="ask jo@client.example")), "43"),
    "a person on a project": (lambda h: edit(h, is_change("psa", "workspace", "41"), description="for jo@client.example"), "43"),
    "the people of a contract asked for twice": (lambda h: again(h, is_change("psa", "workspace_resource", "91"), "92"), "36"),
    "the people of a contract never asked for": (lambda h: drop(h, is_change("psa", "workspace_resource", "91")), "36"),
    "people asked for that nobody sold": (
        lambda h: again(h, is_change("psa", "workspace_resource", "91"), "92", workspace_id=42, role="ROLE-PM"),
        "36",
    ),
    "a payment twice in the books": (
        lambda h: again(h, is_change("erp", "payment", "801"), "802", applied=0, unapplied=35_000),
        "06",
    ),
    "a payment at another amount": (lambda h: edit(h, lambda r: type(r) is Act and r.kind == "payment", amount=34_999), "06"),
    "more given back than was billed": (lambda h: credited(h, amount=50_000, unapplied=49_000), "27"),
    "given back for no reason": (lambda h: credited(h, reason=""), "27"),
    "given back by who asked for it": (lambda h: credited(h, approved_by=CLERK), "27"),
    "an invoice into a period that is closed": (posted_late, "32"),
    "an invoice on a day of another period": (
        lambda h: edit(h, is_change("erp", "invoice", "102"), tran_date="2026-02-02"),
        "32",
    ),
    "an hour posted into a period nobody keeps": (
        lambda h: edit(h, is_change("erp", "time_bill", "61"), tran_date="2025-12-30"),
        "32 41",
    ),
    "an hour posted at another rate": (lambda h: edit(h, is_change("erp", "time_bill", "61"), rate=1_100_000), "33"),
    "an alert in calm weather": (lambda h: claim(h, alerts=[ALERT]), "55"),
    "an outage nobody was told of": (away, "55"),
    "an outage told of too late": (lambda h: away(h, {**ALERT, "system": "crm", "at": at(5, 3.1)}), "55"),
    "an alert of another system": (lambda h: away(h, {**ALERT, "at": at(5, 2)}), "55"),
    "an alert that does not say since when": (lambda h: away(h, {**ALERT, "system": "crm", "at": at(5, 2), "since": None}), "55"),
    "a run that hangs": (lambda h: claim(h, runs=run(0, state="running")), "50"),
    "a run that waits for a signature it has": (lambda h: claim(h, runs=run(0, state="waiting")), "50"),
    "a run parked with nobody": (lambda h: claim(h, runs=run(0, state="parked")), "50"),
    "an abandoned set-up that left things": (lambda h: claim(h, runs=run(0, state="abandoned")), "50"),
}


def late_after_outage(history: list[Record]) -> list[Record]:
    """TE-2 reached the ERP in the evening; the outage ended at two."""
    return edit(history, is_change("erp", "time_bill", "62"), at=at(3, 20))


# Against the fault-free twin, on the quarter with an outage.
TWIN_MUTATIONS: dict[str, tuple[Bend, str]] = {
    "a backlog that drains at eight": (late_after_outage, "51"),
    "an hour fewer than the twin": (lambda h: edit(h, is_change("erp", "invoice_line", "1012"), quantity=99), "20 56"),
    "one invoice more than the twin": (
        lambda h: again(h, is_change("erp", "invoice", "102"), "109", external_id="INV-S-00002-M7", number="INV109"),
        "14 20 34 38 40 41 56",
    ),
}
