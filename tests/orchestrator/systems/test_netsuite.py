"""The ERP port against NetSuite's answers as its reference describes them."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from orchestrator.canonical.billing import Bill, Invoice, Posted
from orchestrator.canonical.engagement import Ref
from orchestrator.errors import BusinessException, ConfigError, Refused, Transient, Unknown
from orchestrator.policies.eligibility import decide
from orchestrator.processes.deciding import target_of
from orchestrator.systems.netsuite.client import NetSuite
from orchestrator.systems.netsuite.signing import client_credentials
from tests.orchestrator.deals import REFERENCE, contract, engagement, entry, expense, milestone_deal
from tests.orchestrator.systems.vendor import Vendor, in_turn, say
from tests.orchestrator.virtual import live

MADE = say(204, location="https://erp.test/services/rest/record/v1/timeBill/77")
LISTS = {"currency": [{"id": "1", "symbol": "USD"}, {"id": "2", "symbol": "EUR"}], "term": [{"id": "5", "name": "NET30"}]}
INVOICE = {
    "id": "9", "externalId": "INV-S-00042-202601-1", "tranId": "INVUS000001", "custbody_sow": "S-00042", "custbody_ar_status": "open",
    "custbody_version": 1, "currency": {"id": "1", "refName": "USD"}, "subtotal": 200.0, "total": 200.0, "amountRemaining": 200.0,
    "dueDate": "2026-03-02",
}  # fmt: skip
TARGET = target_of(engagement())
BILL = Bill("INV-S-00042-202601-1", "2026-01-31", (Posted("TE-1", "77"),), (Posted("EX-1", "88"),))


def problem(status, code, detail, path=""):
    return say(status, {"status": status, "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": path}]})


def lists_then(script):
    """Answer the account's lists by themselves, everything else by `script`."""

    def answer(asked):
        if asked.path.endswith("suiteql"):
            for table, rows in LISTS.items():
                if f"FROM {table} " in asked.body["q"]:
                    return say(200, {"items": rows, "hasMore": False})
        return script(asked)

    return answer


def with_erp(script, work):
    vendor = Vendor(lists_then(script))

    async def main(loop):
        return await work(NetSuite(vendor.link("erp", clock=loop.ms), REFERENCE.guard))

    return live(main), vendor


def error_of(script, work):
    async def caught(erp):
        try:
            await work(erp)
        except (BusinessException, Transient, Unknown) as error:
            return error
        return None

    return with_erp(script, caught)[0]


def test_an_hour_is_put_under_its_own_external_id():
    """The time bill names employee, project, item, rate, both dates and tax code; the id comes from Location."""
    event = decide(engagement(), entry(17, minutes=435), 0, "2026-02-01")
    posted, vendor = with_erp(lambda _asked: MADE, lambda erp: erp.post_time(event, TARGET))
    asked = vendor.asked[-1]
    assert posted == Posted("TE-17", "77")
    assert (asked.method, asked.path) == ("PUT", "/services/rest/record/v1/timeBill/eid:TE-17")
    assert asked.body == {
        "employee": {"externalId": "P-0007"}, "customer": {"id": "3"}, "item": {"externalId": "ROLE-SENIOR"}, "hours": "7:15",
        "tranDate": "2026-02-01", "isBillable": True, "rate": 200.0, "memo": "", "custcol_work_date": "2026-01-12",
        "custcol_tax_code": "US-00",
    }  # fmt: skip


def test_an_expense_is_put_as_a_report_of_one_line():
    """At cost, for the project, in the account's own id of the currency."""
    event = decide(engagement(), expense(3), 0, "2026-01-12")
    _, vendor = with_erp(lambda _asked: MADE, lambda erp: erp.post_expense(event, TARGET))
    body = vendor.asked[-1].body
    line = body["expense"]["items"][0]
    assert (body["expenseReportCurrency"], line["amount"], line["customer"]) == ({"id": "1"}, 50.0, {"id": "3"})
    assert vendor.asked[-1].query == {"replace": "expense"}


def test_the_contract_is_an_order_with_its_milestones():
    """Milestones are billed from the order, role lines only stand there; the cap goes with it."""
    made = contract(cap=25_000_00)
    _, vendor = with_erp(lambda _asked: MADE, lambda erp: erp.upsert_order(made, Ref("C", "1"), Ref("J", "3")))
    body = vendor.asked[-1].body
    assert (body["custbody_cap"], body["terms"], body["orderStatus"], body["job"]) == (
        25000.0,
        {"id": "5"},
        {"id": "F"},
        {"id": "3"},
    )
    assert [(item["custcol_line_key"], item["isBillable"]) for item in body["item"]["items"]] == [
        ("S-00042-R1", False),
        ("S-00042-R2", False),
    ]
    sold = milestone_deal()
    _, vendor = with_erp(
        lambda _asked: MADE,
        lambda erp: erp.upsert_order(
            contract(type="milestone", lines=sold.lines, amount=sold.amount), Ref("C", "1"), Ref("J", "3")
        ),
    )
    assert [item["isBillable"] for item in vendor.asked[-1].body["item"]["items"]] == [True, True]


def test_a_work_invoice_applies_exactly_what_it_is_told():
    """Time bills and reports by their ids, each ticked; the invoice is read back."""

    def script(asked):
        return MADE if asked.method == "POST" else say(200, INVOICE)

    invoice, vendor = with_erp(script, lambda erp: erp.create_work_invoice(BILL, TARGET))
    assert (invoice.net, invoice.number, invoice.version) == (200_00, "INVUS000001", 1)
    assert vendor.asked[0].path == "/services/rest/record/v1/job/3/!transform/invoice"
    assert vendor.asked[0].body == {
        "externalId": "INV-S-00042-202601-1",
        "tranDate": "2026-01-31",
        "time": {"items": [{"doc": {"id": "77"}, "apply": True}]},
        "expCost": {"items": [{"doc": {"id": "88"}, "apply": True}]},
    }


def test_an_invoice_that_exists_already_is_read_back():
    """Told that the record exists, the one under our external id is ours."""

    def script(asked):
        return problem(400, "USER_ERROR", "This record already exists") if asked.method == "POST" else say(200, INVOICE)

    invoice, _ = with_erp(script, lambda erp: erp.create_work_invoice(BILL, TARGET))
    assert invoice.id == "9"


def test_an_invoice_made_but_not_read_is_unknown():
    """When the reading after the transform fails, the transform may be done: it must be asked for, not repeated blindly."""

    def script(asked):
        return MADE if asked.method == "POST" else say(503)

    assert type(error_of(script, lambda erp: erp.create_work_invoice(BILL, TARGET))) is Unknown


def test_a_milestone_is_billed_alone():
    """Of the order's lines, only the accepted one is listed, and the others are replaced away."""
    order = {"item": {"items": [{"line": 1, "custcol_line_key": "S-00042-M1"}, {"line": 2, "custcol_line_key": "S-00042-M2"}]}}

    def script(asked):
        if asked.method == "POST":
            return MADE
        return say(200, order if "salesOrder" in asked.path else INVOICE)

    _, vendor = with_erp(script, lambda erp: erp.create_milestone_invoice("S-00042-M2", "2026-02-20", TARGET))
    posted = next(asked for asked in vendor.asked if asked.method == "POST")
    assert (posted.query, posted.body["item"]) == ({"replace": "item"}, {"items": [{"orderLine": 2}]})
    assert posted.body["externalId"] == "INV-S-00042-M2"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (
            problem(400, "USER_ERROR", "The transaction date falls in a closed or locked accounting period"),
            Refused,
            "PERIOD_CLOSED",
        ),
        (
            problem(400, "INVALID_CONTENT", "Invalid Field Value P-0007 for the following field: employee", "employee"),
            Refused,
            "PERSON_UNKNOWN",
        ),
        (problem(400, "USER_ERROR", "Please enter value(s) for: rate", "rate"), Refused, "VENDOR_REFUSED"),
        (problem(409, "RCRD_HAS_BEEN_CHANGED", "changed"), Transient, ""),
        (problem(429, "CONCURRENCY_LIMIT_EXCEEDED", "busy"), Transient, ""),
        (problem(500, "UNEXPECTED_ERROR", "Error ID: 7"), Unknown, ""),
        (say(400, b"<html>"), Transient, ""),
        (say(204), Unknown, ""),
    ],
)
def test_refusals_get_our_codes(answer, kind, code):
    """Closed periods and unknown people have their own clerk; locks are tried again; a write without Location is unknown."""
    event = decide(engagement(), entry(17), 0, "2026-01-12")
    error = error_of(lambda _asked: answer, lambda erp: erp.post_time(event, TARGET))
    assert type(error) is kind
    assert getattr(error, "code", "") == code


def test_an_invoice_nobody_made_is_none():
    """404 by external id is an answer, not a failure."""
    found, _ = with_erp(lambda _asked: problem(404, "NONEXISTENT_ID", "no"), lambda erp: erp.find_work_invoice(BILL, TARGET))
    assert found is None


def test_changes_are_asked_in_suiteql():
    """Every page, transient as the vendor demands, text values read exactly."""
    row = {"id": "9", "externalid": "INV-S-00042-M1", "tranid": "INVUS000001", "custbody_ar_status": "sent", "custbody_version": "3",
           "currency": "USD", "gross": "119", "openbalance": "19.05", "duedate": "2026-03-01"}  # fmt: skip
    pages = in_turn(say(200, {"items": [row], "hasMore": True}), say(200, {"items": [], "hasMore": False}))
    found, vendor = with_erp(pages, lambda erp: erp.invoices_since(1_768_206_600_000))
    assert [(i.sow, i.gross, i.open, i.version, i.status) for i in found] == [("S-00042", 119_00, 19_05, 3, "sent")]
    assert vendor.asked[0].headers["prefer"] == "transient"
    assert "TO_TIMESTAMP('2026-01-12 08:30:00'" in vendor.asked[0].body["q"]
    assert [asked.query["offset"] for asked in vendor.asked] == ["0", "1000"]


NEW = Invoice("INV-S-00042-M1", "9", "INVUS000001", "S-00042", "open", "USD", 0, 119_00, 119_00, "", 1)


@pytest.mark.parametrize("lines", [[], [{"id": "9"}], [{"id": "8", "net": "100"}]])
def test_an_invoice_whose_lines_are_not_shown_yet_is_asked_for_again(lines):
    """A replica may show an invoice before its lines: that is a question to repeat, and no error of ours."""
    error = error_of(lambda _asked: say(200, {"items": lines}), lambda erp: erp.with_net((NEW,)))
    assert type(error) is Transient
    assert "INV-S-00042-M1" in str(error)


@pytest.mark.parametrize("row", [{"externalid": "INV-1"}, {"externalid": "INV-1", "id": "9", "currency": "XXX"}])
def test_a_row_that_cannot_be_read_is_the_vendors_word(row):
    """A missing field or an unknown value is told with the row, as a case for somebody to look at."""
    error = error_of(lambda _asked: say(200, {"items": [row]}), lambda erp: erp.invoices_since(0))
    assert (type(error), error.code) == (BusinessException, "VENDOR_REFUSED")
    assert "INV-1" in error.why


def test_a_currency_that_the_account_lacks_is_asked_for_again_each_time():
    """A list that lagged is not believed for ever; what it never holds is a case."""
    lists = in_turn(
        say(200, {"items": []}), say(200, {"items": []}), say(200, {"items": LISTS["currency"]}), say(200, {"items": LISTS["term"]}), MADE
    )  # fmt: skip
    vendor = Vendor(lists)

    async def main(loop):
        erp = NetSuite(vendor.link("erp", clock=loop.ms), REFERENCE.guard)
        with pytest.raises(BusinessException) as refused:
            await erp.upsert_job(contract(), Ref("C", "1"))
        return refused.value.code, await erp.upsert_job(contract(), Ref("C", "1"))

    assert live(main) == ("VENDOR_REFUSED", Ref("JOB-S-00042", "77"))


def test_periods_are_those_of_the_entity():
    """Soft closed is not open."""
    rows = [{"periodname": "2026-01-US", "startdate": "2026-01-01", "enddate": "2026-01-31", "closed": "F", "arlocked": "T"},
            {"periodname": "2026-02-US", "startdate": "2026-02-01", "enddate": "2026-02-28", "closed": "F", "arlocked": "F"}]  # fmt: skip
    found, vendor = with_erp(lambda _asked: say(200, {"items": rows}), lambda erp: erp.periods("US"))
    assert [period.open for period in found] == [False, True]
    assert vendor.asked[0].body["params"] == ["%-US"]


def test_the_assertion_is_signed_and_repeatable():
    """ES256 over the claims the vendor wants; the same instant gives the same assertion."""
    key = ec.derive_private_key(424242, ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    vendor = Vendor(lambda _asked: say(200, {"access_token": "x", "expires_in": "3600"}))

    async def main(loop):
        for _ in range(2):
            sign_in = client_credentials("https://erp.test/", "client", "kid", pem, clock=lambda: 1_000_000)
            await vendor.link(clock=loop.ms, sign_in=sign_in).call("GET", "/")

    live(main)
    first, second = (asked.body for asked in vendor.asked if asked.path.endswith("/token"))
    assert first == second
    head, claims, made = first.rpartition("client_assertion=")[2].split(".")
    raw = base64.urlsafe_b64decode(made + "==")
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (said["aud"], said["iss"]) == ("https://erp.test/services/rest/auth/oauth2/v1/token", "client")
    now_s, wrong_s = 1_000, 7 * 60  # a vendor whose clock is minutes wrong, either way, takes the assertion
    assert said["iat"] <= now_s - wrong_s < now_s + wrong_s < said["exp"] <= said["iat"] + 3600


def test_a_key_of_another_kind_is_a_mistake_in_the_settings():
    """ES256 needs a P-256 key; anything else is told at start."""
    pem = ec.derive_private_key(7, ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ConfigError, match="P-256"):
        client_credentials("https://erp.test", "client", "kid", pem.decode(), clock=lambda: 0)
