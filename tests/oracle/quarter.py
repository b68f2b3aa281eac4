"""A quarter of a very small firm as a history: one contract by the hour with a cap, one by milestones, all judges hold.

`whole()` lists its records in stream order. The verbs below bend a copy: `edit`, `drop`, `put`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec

from scenarios.history import Act, Acted, Call, Change, Claims, Mark, Push, Record, Strike, Window
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail
from scenarios.verdict import Judgement

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONDAY = 1_767_571_200_000  # 5 January 2026, 00:00 UTC
ROBOT = "integration@rehearsal.test"
CLERK = "sales-ops@group.example"
Is = Callable[[Any], bool]


def at(day: int, hour: float = 12.0) -> int:
    """An instant: days after the Monday, hours UTC."""
    return MONDAY + day * DAY + round(hour * HOUR)


class Book:
    """Writes records, numbering acts, changes and versions as a world would."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.acts = 0
        self.versions: dict[tuple[str, str, str], int] = {}

    def act(self, when: int, who: str, system: str, verb: str, kind: str, key: str, id: str = "", **values: Any) -> None:
        """A person's act, done."""
        self.acts += 1
        self.records.append(Act(self.acts, when, who, system, verb, kind, key, values))
        self.records.append(Acted(self.acts, when, "done", id or key))

    def change(self, when: int, system: str, kind: str, id: str, by: str = ROBOT, **values: Any) -> None:
        """A committed change; the first of a record creates it."""
        key = (system, kind, id)
        version = self.versions[key] = self.versions.get(key, 0) + 1
        op = "create" if version == 1 else "update"
        self.records.append(Change(len(self.records), when, system, kind, id, op, version, by, values))

    def call(self, when: int, system: str, method: str, path: str, **more: Any) -> None:
        """A call of the orchestrator that had an effect."""
        values: dict[str, Any] = {"status": 204, "effect": True, "in_flight": 1, "body": path, **more}
        self.records.append(Call(when, when + 50, system, method, path, "upsert_record", ROBOT, **values))

    def person(self, when: int, who: str, system: str, kind: str, key: str, id: str, **values: Any) -> None:
        """An act that only updates or creates one record, and its change."""
        verb = "update" if (system, kind, id) in self.versions else "create"
        self.act(when, who, system, verb, kind, key, id, **values)
        self.change(when, system, kind, id, by=who, **values)


def whole() -> list[Record]:
    """The history of the firm."""
    book = Book()
    book.records.append(Mark(at(0, 0), "start"))
    for id, code, currency in (("1", "US", "USD"), ("2", "DE", "EUR")):
        book.change(at(0, 0), "erp", "subsidiary", id, by="seed", external_id=f"SUB-{code}", code=code, currency=currency)
        days = {"start_on": "2026-01-01", "end_on": "2026-01-31", "state": "open"}
        book.change(at(0, 0), "erp", "period", f"9{id}", by="seed", name=f"2026-01-{code}", **days)
    book.change(at(0, 0), "erp", "employee", "95", by="seed", external_id="P-0001", name="Pat Miller")
    sell(book, 1, "US", "tm", {"S-00001-R1": 1_000_000}, cap=40_000)
    sell(book, 2, "DE", "milestone", {"S-00002-M1": 33_333, "S-00002-M2": 66_667}, cap=None)
    set_up(book, 1, at(1, 15), "US-00", "USD")
    stop(book)
    set_up(book, 2, at(1, 19), "DE-S19", "EUR")
    work(book)
    bill_hours(book)
    bill_milestone(book)
    for number, billed in ((1, 35_000), (2, 33_333)):
        book.change(at(13, 19), "crm", "sow", f"s{number}", billed_to_date=billed, unbilled=0)
    end(book)
    return in_order(book.records)


def in_order(history: list[Record]) -> list[Record]:
    """By instant; what came at one instant keeps its order."""
    return sorted(history, key=lambda record: record.at)


def sell(book: Book, n: int, entity: str, kind: str, lines: dict[str, int], cap: int | None) -> None:
    """An account, a deal and a statement of work, won and signed on Tuesday at three."""
    who, currency = "seller@example", {"US": "USD", "DE": "EUR"}[entity]
    account, deal, sow = f"A-0000{n}", f"O-0000{n}", f"S-0000{n}"
    segment = "strategic" if n == 1 else "standard"
    where = {"country": entity, "region": "", "tax_id": "", "segment": segment}
    book.person(at(0), who, "crm", "account", account, f"a{n}", number=account, name=f"Client {n}", **where)
    opened = {"number": deal, "account_id": account, "stage": "qualifying", "currency": currency}
    book.person(at(0), who, "crm", "opportunity", deal, f"o{n}", **opened)
    for key, price in lines.items():
        values = {"unit_price": price, "quantity": 400} if kind == "tm" else {"unit_price": price * 100, "quantity": 100}
        total = 40_000 if kind == "tm" else price
        values["product_id"] = "ROLE-SENIOR" if kind == "tm" else "MILESTONE"
        book.person(
            at(0), who, "crm", "opportunity_line", key, key, opportunity_id=deal, line_key=key, total_price=total, **values
        )
    terms = {
        "number": sow, "opportunity_id": deal, "account_id": account, "type": kind, "selling_entity": entity, "tax_profile": "STANDARD",
        "cap": cap, "currency": currency, "status": "draft",
    }  # fmt: skip
    book.person(at(0), who, "crm", "sow", sow, f"s{n}", **terms)
    for status in ("in_approval", "approved", "sent"):
        book.person(at(1, 14), who, "crm", "sow", sow, f"s{n}", status=status)
    for stage in ("proposal", "negotiation"):
        book.person(at(1, 14), who, "crm", "opportunity", deal, f"o{n}", stage=stage)
    book.person(at(1, 15), who, "crm", "opportunity", deal, f"o{n}", stage="closed_won")
    book.person(at(1, 15), who, "crm", "sow", sow, f"s{n}", status="signed", signed_at=at(1, 15))
    for what in ("won", "signed"):
        book.records.append(Push(at(1, 15), "crm", f"{what}{n}", deal, 1, 200))


def stop(book: Book) -> None:
    """The second deal stands with people for half an hour, and a clerk sends it on."""
    book.change(at(1, 15) + MINUTE, "crm", "sow", "s2", delivery_status="Exception")
    book.act(at(1, 19), CLERK, "desk", "resubmit", "exception", "X-1", code="TAX_PROFILE_MISSING", subject="S-00002", source="")


def set_up(book: Book, n: int, when: int, code: str, currency: str) -> None:
    """Customer, contract and project in the ERP, workspace and tasks in the PSA, Active in the CRM."""
    sow, entity, by_call = f"S-0000{n}", {1: "US", 2: "DE"}[n], {"correlation": f"S-0000{n}"}
    names = {"customer": f"CUS-A-0000{n}-{entity}", "job": f"JOB-{sow}", "sales_order": f"SO-{sow}"}
    book.change(when, "crm", "sow", f"s{n}", delivery_status="Requested")
    for kind, name in names.items():
        book.call(when, "erp", "PUT", f"/{kind}/eid:{name}", key=name, **by_call)
    shared = {"subsidiary_id": n, "currency": currency, "customer_id": n}
    book.change(when, "erp", "customer", f"{n}", external_id=names["customer"], name=f"Client {n}", subsidiary_id=n)
    book.change(when, "erp", "job", f"1{n}", external_id=names["job"], name=f"{sow} Work", sow_number=sow, **shared)
    kind = "tm" if n == 1 else "milestone"
    order = {"external_id": names["sales_order"], "sow_number": sow, "status": "open", "contract_type": kind, "tax_code": code}
    book.change(when, "erp", "sales_order", f"2{n}", job_id=10 + n, cap=40_000 if n == 1 else None, **order, **shared)
    lines = {"S-00001-R1": 40_000} if n == 1 else {"S-00002-M1": 33_333, "S-00002-M2": 66_667}
    for place, (key, amount) in enumerate(lines.items(), 1):
        values = {"line": place, "line_key": key, "amount": amount, "billable": n == 2}
        book.change(when, "erp", "sales_order_line", f"3{n}{place}", order_id=20 + n, **values)
    book.change(when + 200, "psa", "workspace", f"4{n}", title=f"{sow} Work", currency=currency, archived=False)
    for place, key in enumerate(lines, 1):
        book.change(when + 400, "psa", "story", f"5{n}{place}", workspace_id=40 + n, title=f"{key} Task", state="not_started")
    if n == 1:
        asked = {"role": "ROLE-SENIOR", "minutes": 240, "label": "S-00001-R1 ROLE-SENIOR"}
        book.change(when + 600, "psa", "workspace_resource", "91", workspace_id=41, user_id=None, **asked)
    book.change(when + 1_000, "crm", "sow", f"s{n}", delivery_status="Active", project_code=f"JOB-{sow}")


def work(book: Book) -> None:
    """Four approved items under the first contract: two hours and one, an expense, and an hour over the cap."""
    who, boss = "P-0001", "P-0002"
    shared = {"workspace_id": "S-00001", "user_id": who, "currency": "USD", "billable": True}
    for id, minutes, day in (("1", 120, 2), ("2", 60, 3), ("3", 60, 9)):
        label, sheet, when = f"{who}|S-00001-R1|{day}|{id}", f"sheet{id}", at(day)
        values = {"story_id": "S-00001-R1", "performed_on": f"2026-01-{5 + day:02}", "minutes": minutes, "sequence": 1, **shared}
        book.act(when, who, "psa", "create", "time_entry", label, id, **values)
        book.act(when, who, "psa", "submit", "timesheet_submission", sheet, sheet, entries=[label])
        book.act(when + HOUR, boss, "psa", "approve", "timesheet_submission", sheet, sheet)
        approve(book, "time_entry", id, when, minutes=minutes)
    book.act(at(3), who, "psa", "create", "expense", "taxi", "9", spent_on="2026-01-08", amount=5_000, **shared)
    book.act(at(3), who, "psa", "submit", "expense_submission", "receipts", "receipts", entries=["taxi"])
    book.act(at(3, 13), boss, "psa", "approve", "expense_submission", "receipts", "receipts")
    approve(book, "expense", "9", at(3), amount=5_000)
    for id, minutes, day in (("1", 120, 2), ("2", 60, 3)):
        when = at(day, 13.2)
        book.call(when, "erp", "PUT", f"/timeBill/eid:TE-{id}", key=f"TE-{id}", correlation="S-00001")
        on = f"2026-01-{5 + day:02}"
        values = {
            "external_id": f"TE-{id}",
            "job_id": 11,
            "minutes": minutes,
            "rate": 1_000_000,
            "billable": True,
            "tran_date": on,
            "employee_id": 95,
        }
        book.change(when, "erp", "time_bill", f"6{id}", invoice_id=None, **values)
    book.call(at(3, 13.2), "erp", "PUT", "/expenseReport/eid:EX-9", key="EX-9", correlation="S-00001")
    book.change(
        at(3, 13.2), "erp", "expense_report", "69", external_id="EX-9", currency="USD", tran_date="2026-01-08", employee_id=95
    )
    book.change(at(3, 13.2), "erp", "expense_line", "79", report_id=69, job_id=11, amount=5_000, billable=True, invoice_id=None)
    waived = {"code": "CAP_EXCEEDED", "subject": "TE-3", "source": "TE-3", "authority_minor": 10_000}
    book.act(at(9, 16), CLERK, "desk", "waive", "exception", "X-2", **waived)


def approve(book: Book, kind: str, id: str, when: int, **values: Any) -> None:
    """The states of one line of work in the PSA."""
    book.change(when, "psa", kind, id, by="P-0001", state="draft", **values)
    book.change(when, "psa", kind, id, by="P-0001", state="submitted")
    book.change(when + HOUR, "psa", kind, id, by="P-0002", state="approved")


def bill_hours(book: Book) -> None:
    """The billing run of Monday the 12th; the invoice is sent and paid."""
    asked = {"entity": "US", "period": "2026-01", "cut_off": at(10, 18)}
    book.act(at(10, 18), "billing@example", "desk", "start_billing", "billing_run", "US-2026-01-1", **asked)
    lines = [("TE-1", 200, 1_000_000, 20_000, 61), ("TE-2", 100, 1_000_000, 10_000, 62), ("EX-9", 100, None, 5_000, 79)]
    post(book, at(10, 18.1), "INV-S-00001-202601-1", 1, 101, lines, "US-00", [0, 0, 0])
    for kind, id in (("time_bill", "61"), ("time_bill", "62"), ("expense_line", "79")):
        book.change(at(10, 18.1), "erp", kind, id, invoice_id=101)
    pay(book, 101, 35_000)


def bill_milestone(book: Book) -> None:
    """The first milestone is completed, accepted and billed at once."""
    for hour, values in ((9, {"state": "started"}), (10, {"state": "completed"}), (11, {"accepted_at": at(8, 11)})):
        book.person(at(8, hour), "P-0002", "psa", "story", "S-00002-M1", "521", **values)
    post(book, at(8, 11.2), "INV-S-00002-M1", 2, 102, [("S-00002-M1", 100, 3_333_300, 33_333, 321)], "DE-S19", [6_333])


def post(book: Book, when: int, name: str, n: int, id: int, lines: list[Any], code: str, taxes: list[int]) -> None:
    """An invoice with its lines, its mirror in the CRM and its reference in the PSA; then the clerk sends it."""
    net, currency, sow = sum(line[3] for line in lines), {1: "USD", 2: "EUR"}[n], f"S-0000{n}"
    entity, on = {1: "US", 2: "DE"}[n], f"2026-01-{5 + (when - MONDAY) // DAY:02}"
    gross, number, e3 = net + sum(taxes), f"INV{id}", {"US-00": 0, "DE-S19": 19_000}[code]
    book.call(when, "erp", "POST", f"/transform/{name}", key=name, correlation=sow)
    money = {"net": net, "tax": sum(taxes), "gross": gross, "paid": 0, "open_balance": gross}
    shared = {"customer_id": n, "job_id": 10 + n, "order_id": 20 + n, "subsidiary_id": n, "currency": currency, "sow_number": sow}
    book.change(
        when,
        "erp",
        "invoice",
        f"{id}",
        external_id=name,
        number=number,
        status="open",
        period=f"2026-01-{entity}",
        tran_date=on,
        **money,
        **shared,
    )
    for place, ((source, quantity, rate, amount, made_from), tax) in enumerate(zip(lines, taxes, strict=True), 1):
        origin = {"TE": "time_bill_id", "EX": "expense_line_id", "S-": "order_line_id"}[source[:2]]
        values = {
            "source": source,
            "quantity": quantity,
            "rate": rate,
            "net": amount,
            "tax_code": code,
            "tax_rate_e3": e3,
            "tax": tax,
        }
        book.change(when, "erp", "invoice_line", f"{id}{place}", invoice_id=id, line=place, **values, **{origin: made_from})
    copied = {"number": number, "gross": gross, "currency": currency, "due_on": None}
    book.change(
        when + MINUTE,
        "crm",
        "invoice_mirror",
        f"m{id}",
        key=name,
        sow_id=f"s{n}",
        status="Open",
        open=gross,
        source_version=1,
        **copied,
    )
    named = {"service_model": "invoice", "service_model_ref": name, "subject_id": 40 + n}
    book.change(when + MINUTE, "psa", "external_reference", f"r{id}", status="open", **named)
    settle(book, when + HOUR, id, 2, "sent")


def settle(book: Book, when: int, id: int, version: int, status: str, **money: int) -> None:
    """A clerk moves an invoice; both mirrors follow a minute later."""
    if status == "sent":
        book.act(when, "ar@example", "erp", "send", "invoice", f"INV{id}", str(id))
    book.change(when, "erp", "invoice", f"{id}", by="ar@example", status=status, **money)
    opened = {"open": money["open_balance"]} if money else {}
    book.change(when + MINUTE, "crm", "invoice_mirror", f"m{id}", status=status.title(), source_version=version, **opened)
    book.change(when + MINUTE, "psa", "external_reference", f"r{id}", status=status)


def pay(book: Book, id: int, amount: int) -> None:
    """The client pays on the last Friday."""
    when = at(11, 15)
    part = {"invoice": "INV-S-00001-202601-1", "amount": amount}
    book.act(when, "ar@example", "erp", "receive", "payment", "BR-1", "801", amount=amount, currency="USD", applications=[part])
    paid = {"bank_ref": "BR-1", "amount": amount, "applied": amount, "unapplied": 0}
    book.change(when, "erp", "payment", "801", by="ar@example", **paid)
    book.change(when, "erp", "payment_application", "811", by="ar@example", payment_id=801, invoice_id=id, amount=amount)
    settle(book, when, id, 3, "paid", paid=amount, open_balance=0)


def end(book: Book) -> None:
    """Quiet, two pushes again and one under a used id, and the orchestrator's evidence."""
    book.records += [Mark(at(13, 20), "people_done"), Mark(at(13, 23), "quiet")]
    book.records.append(Mark(at(14, 1), "read", "20 log lines, 3 answers"))
    book.records += [Push(at(13, 23), "crm", id, "", 0, code) for id, code in (("won1", 200), ("signed1", 200), ("won1", 409))]
    book.records += [Mark(at(14, 1), "repeated"), Claims(at(14, 1), evidence()), Mark(at(14, 1), "end")]


def evidence() -> dict[str, Any]:
    """What the orchestrator says of itself."""
    stopped = {
        "id": "X-1", "class": "business", "code": "TAX_PROFILE_MISSING", "subject": "S-00002", "source": "", "run": "activate:S-00002",
        "amount_minor": None, "currency": None, "opened_at": at(1, 15) + 1_000, "due_at": at(1, 23), "state": "resolved",
        "resolved_at": at(1, 19) + 1_000,
    }  # fmt: skip
    parked = {
        "id": "X-2", "class": "business", "code": "CAP_EXCEEDED", "subject": "TE-3", "source": "TE-3", "run": "time:3",
        "amount_minor": 10_000, "currency": "USD", "opened_at": at(9, 13.2), "due_at": at(11), "state": "waived",
        "resolved_at": at(9, 16),
    }  # fmt: skip
    owned = {"queue": "sales-ops", "owner": "Sales Operations", "remediation": "Mend it.", "escalated_at": None}
    runs = [
        {"id": f"activate:S-0000{n}", "process": "activate-project", "key": f"S-0000{n}", "state": "done", "detail": None}
        for n in (1, 2)
    ]
    refs = [
        {"canonical": name, "system": system, "type": kind, "entity": entity, "id": id, "valid_from": at(1, 15), "valid_to": None}
        for name, system, kind, entity, id in (
            ("A-00001", "erp", "customer", "US", "1"), ("A-00002", "erp", "customer", "DE", "2"), ("S-00001", "erp", "job", "US", "11"),
            ("S-00002", "erp", "sales_order", "DE", "22"), ("S-00001", "psa", "workspace", "", "41"),
        )
    ]  # fmt: skip
    counts = {"applied": 2, "superseded": 0, "parked": 0, "pending": 0}
    return {
        "runs": runs,
        "exceptions": [{**stopped, **owned}, {**parked, **owned}],
        "inbox": {
            "crm.won": {**counts, "accepted": 4, "deduplicated": 1, "quarantined": 1},
            "crm.signed": {**counts, "accepted": 3, "deduplicated": 1, "quarantined": 0},
        },
        "outbox": {"pending": 0, "sent": 2},
        "published": [
            {"id": f"activate:S-0000{n}/done", "type": "project.activated.v1", "subject": f"S-0000{n}"} for n in (1, 2)
        ],
        "crossrefs": refs,
        "alerts": [],
        "audit": audit(*AUDITED),
    }


AUDITED = (
    *(("upsert_customer", name) for name in ("CUS-A-00001-US", "CUS-A-00002-DE")),
    *((verb, f"{prefix}-S-0000{n}") for n in (1, 2) for verb, prefix in (("upsert_job", "JOB"), ("upsert_order", "SO"))),
    ("exception.resubmitted", "S-00002"), ("post_time", "TE-1"), ("post_time", "TE-2"), ("post_expense", "EX-9"),
    ("create_milestone_invoice", "INV-S-00002-M1"), ("exception.waived", "TE-3"), ("create_work_invoice", "INV-S-00001-202601-1"),
)  # fmt: skip


def audit(*made: tuple[str, str]) -> dict[str, Any]:
    """An audit of these (action, subject), in a chain that verifies."""
    before, records = "0" * 64, []
    for number, (action, subject) in enumerate(made):
        facts = [at(1) + number, "orchestrator", action, subject, "", "", "0" * 64, "1" * 64, before]
        before = hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()
        records.append([*facts, before])
    return {"entries": len(records), "head": before, "records": records}


# -- bending a history ----------------------------------------------------------------------------
def is_change(system: str, kind: str, id: str | None = None, *fields: str) -> Is:
    """Changes of a kind, of one record, that touch these fields."""
    return lambda r: (
        type(r) is Change and (r.system, r.kind) == (system, kind) and id in (None, r.id) and all(f in r.values for f in fields)
    )


def edit(history: list[Record], which: Is, *, nth: int = 0, **fields: Any) -> list[Record]:
    """Change fields of the nth matching record; names that it has not go into its `values`."""
    found = [i for i, record in enumerate(history) if which(record)]
    assert len(found) > nth, "the edit must hit"
    record: Any = history[found[nth]]
    own = {k: v for k, v in fields.items() if k in record.__struct_fields__}
    inner = {k: v for k, v in fields.items() if k not in own}
    if inner:
        own["values"] = {**record.values, **inner}
    history[found[nth]] = msgspec.structs.replace(record, **own)
    return history


def drop(history: list[Record], which: Is) -> list[Record]:
    """Leave out every matching record."""
    kept = [record for record in history if not which(record)]
    assert len(kept) < len(history), "the drop must hit"
    return kept


def put(history: list[Record], *records: Record) -> list[Record]:
    """Insert records at their instants, after all that came then."""
    for record in records:
        place = next((i for i, r in enumerate(history) if r.at > record.at), len(history))
        history.insert(place, record)
    return history


def again(history: list[Record], which: Is, id: str, **fields: Any) -> list[Record]:
    """Insert a copy of the first matching change under another id."""
    found = next(record for record in history if which(record))
    copy = msgspec.structs.replace(found, id=id, values={**found.values, **fields})
    history.insert(history.index(found) + 1, copy)
    return history


def claim(history: list[Record], **parts: Any) -> list[Record]:
    """Replace parts of the evidence."""
    return edit(history, lambda r: type(r) is Claims, evidence={**evidence(), **parts})


def outage() -> list[Record]:
    """The same quarter with the ERP away on Thursday from noon to two; what was due came at a quarter past."""
    history = whole()
    put(history, Window(at(0, 0), "F-01", "erp", at(3, 12), at(3, 14)), Strike(at(3, 12), "F-01", "erp", "connections refused"))
    for n, record in enumerate(history):
        if type(record) in (Change, Call) and record.system == "erp" and record.at == at(3, 13.2):  # type: ignore[union-attr]
            history[n] = msgspec.structs.replace(record, at=at(3, 14.2))
    return in_order(history)


def read(history: list[Record]) -> Trail:
    """The oracle's memory of a history."""
    trail = Trail()
    for record in in_order(history):
        trail.take(record)
    return trail


def judged(history: list[Record], twin: Any = None) -> Judgement:
    """The judgement of a history."""
    return judge(read(history), twin)


def broken(judgement: Judgement) -> set[str]:
    """Ids, less their prefix, of all that did not hold."""
    return {f.id.removeprefix("INV-") for f in judgement.invariants if f.verdict != "held"}
