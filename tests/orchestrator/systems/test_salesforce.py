"""The CRM port against Salesforce's answers as its reference describes them."""

import pytest

from orchestrator.canonical.billing import Invoice, Totals
from orchestrator.errors import Refused, Transient, Unknown
from orchestrator.ports import Failed
from orchestrator.systems.salesforce.client import Salesforce, client_credentials, no_token
from orchestrator.systems.salesforce.mapping import quoted
from tests.orchestrator.deals import REFERENCE
from tests.orchestrator.systems.vendor import Vendor, in_turn, say
from tests.orchestrator.virtual import live

SOW = {
    "attributes": {"type": "SOW__c"},
    "SOW_Number__c": "S-00042",
    "Type__c": "tm",
    "Selling_Entity__c": "US",
    "Service_Offering__c": "Advisory",
    "Tax_Profile__c": None,
    "Cap__c": 25000.5,
    "Terms__c": "NET30",
    "Status__c": "Signed",
    "Signed_At__c": "2026-01-12T08:30:00.000+0000",
    "Version__c": 2.0,
    "CurrencyIsoCode": "USD",
    "Start_Date__c": "2026-01-05",
    "End_Date__c": None,
    "Billing_Contact__r": None,
    "Opportunity__r": {"Opportunity_Number__c": "O-00042", "Name": "Move", "StageName": "Closed Won", "Amount": 30000.0,
                       "CurrencyIsoCode": "USD"},
    "Account__r": {"AccountNumber": "A-00042", "Name": "Northwind", "BillingStreet": None, "BillingCity": "Albany",
                   "BillingState": "NY", "BillingPostalCode": None, "BillingCountry": "US", "Tax_Id__c": None, "Segment__c": "Strategic"},
}  # fmt: skip
LINE = {"Line_Key__c": "S-00042-R1", "Quantity": 100.25, "UnitPrice": 185.1234, "TotalPrice": 18558.62, "ServiceDate": None,
        "Description": None, "Product2": {"ProductCode": "ROLE-SENIOR"}}  # fmt: skip
INVOICE = Invoice(
    "INV-S-00042-202601-1", "7", "INVUS000001", "S-00042", "partially_paid", "USD", 100_00, 119_00, 19_05, "2026-03-01", 4
)


def page(*records, more=""):
    body = {"totalSize": len(records), "done": not more, "records": list(records)}
    return say(200, {**body, "nextRecordsUrl": more} if more else body)


def with_crm(script, work):
    vendor = Vendor(script)

    async def main(loop):
        return await work(Salesforce(vendor.link("crm", clock=loop.ms), REFERENCE.guard))

    return live(main), vendor


def refusal_of(script, work):
    async def caught(crm):
        try:
            await work(crm)
        except (Refused, Transient, Unknown) as error:
            return error
        return None

    return with_crm(script, caught)[0]


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (say(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]), Transient, ""),
        (say(412, [{"errorCode": "PRECONDITION_FAILED", "message": "changed"}]), Transient, ""),
        (say(403, [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no right"}]), Refused, "FORBIDDEN"),
        (say(300, ["/a", "/b"]), Refused, "SEVERAL_MATCHES"),
    ],
)
def test_what_a_clerk_can_mend_is_told_from_what_passes(answer, kind, code):
    """A forgotten locator and a changed record are asked anew; a missing right and twins are somebody's to mend."""
    ended = refusal_of(lambda _asked: answer, lambda crm: crm.sows_of("O-00042"))
    assert (type(ended), getattr(ended, "code", "")) == (kind, code)


def test_twins_in_a_batch_are_twins_in_our_catalogue():
    """The row's own error says which exception it becomes."""
    twins = say(200, [{"success": False, "errors": [{"statusCode": "DUPLICATE_EXTERNAL_ID", "message": "two"}]}])
    failed, _ = with_crm(lambda _asked: twins, lambda crm: crm.mirror_invoices((INVOICE,)))
    assert failed == [Failed(INVOICE.key, "DUPLICATE_EXTERNAL_ID", "two", again=False, ours="SEVERAL_MATCHES")]


def test_a_deal_is_read_exactly():
    """Amounts, rates and instants lose nothing on the way; what is empty stays empty."""
    deal, _ = with_crm(in_turn(page(SOW), page(LINE)), lambda crm: crm.read_deal("S-00042"))
    line = deal.lines[0]
    assert (line.quantity, line.rate, line.amount) == (10_025, 1_851_234, 18_558_62)
    assert (deal.cap, deal.amount, deal.signed_at, deal.status, deal.stage) == (
        25_000_50,
        30_000_00,
        1_768_206_600_000,
        "signed",
        "closed_won",
    )
    assert (deal.tax_profile, deal.billing_email, deal.end_on, deal.party.segment) == ("", "", "", "strategic")


def test_a_sow_that_is_gone_is_none():
    """An empty answer is no error."""
    deal, _ = with_crm(lambda _asked: page(), lambda crm: crm.read_deal("S-00042"))
    assert deal is None


def test_every_page_is_read():
    """A query goes on until the vendor says it is done, by the path it gives."""
    first, second = (
        page({"SOW_Number__c": "S-00001"}, more="/services/data/v67.0/query/01g-2000"),
        page({"SOW_Number__c": "S-00002"}),
    )
    sows, vendor = with_crm(in_turn(first, second), lambda crm: crm.sows_of("O-00042"))
    assert sows == ["S-00001", "S-00002"]
    assert vendor.asked[1].path == "/services/data/v67.0/query/01g-2000"


def test_text_in_a_query_is_quoted():
    """A name with a quote in it cannot change what is asked."""
    assert quoted("O'Neil \\ co") == "'O\\'Neil \\\\ co'"


def test_the_mirror_never_creates_a_sow():
    """Delivery status is written by external id, update only, and nothing but our fields."""
    _, vendor = with_crm(lambda _asked: say(204), lambda crm: crm.mirror_delivery("S-00042", "Active", "JOB-S-00042"))
    asked = vendor.asked[0]
    assert (asked.method, asked.path.rpartition("/")[2], asked.query) == ("PATCH", "S-00042", {"updateOnly": "true"})
    assert asked.body == {"Delivery_Status__c": "Active", "Project_Code__c": "JOB-S-00042"}


def test_only_failed_rows_are_told():
    """A collection is all or some: each failed row with its code, and whether once more may help."""
    answer = [
        {"id": "a0", "success": True, "errors": []},
        {"id": None, "success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy", "fields": []}]},
        {"id": None, "success": False, "errors": [{"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": "no", "fields": []}]},
    ]
    rows = tuple(Totals(f"S-{n}", 1, 2, "USD") for n in range(3))
    failed, vendor = with_crm(lambda _asked: say(200, answer), lambda crm: crm.mirror_totals(rows))
    assert failed == [
        Failed("S-1", "UNABLE_TO_LOCK_ROW", "busy", again=True),
        Failed("S-2", "FIELD_INTEGRITY_EXCEPTION", "no", again=False),
    ]
    assert vendor.asked[0].body["allOrNone"] is False


def test_an_invoice_is_mirrored_as_it_is():
    """Every mirrored field, by our key, its SOW named by external id."""
    _, vendor = with_crm(lambda _asked: say(200, [{"success": True, "errors": []}]), lambda crm: crm.mirror_invoices((INVOICE,)))
    record = vendor.asked[0].body["records"][0]
    del record["attributes"]
    assert record == {
        "Invoice_Key__c": "INV-S-00042-202601-1", "SOW__r": {"SOW_Number__c": "S-00042"}, "Number__c": "INVUS000001",
        "Status__c": "Partially Paid", "Gross__c": 119.0, "Open__c": 19.05, "CurrencyIsoCode": "USD", "Due_Date__c": "2026-03-01",
        "Source_Version__c": 4,
    }  # fmt: skip


def test_an_accounts_name_never_leaves():
    """The guard stops the write before anything is sent."""

    async def rename(crm):
        with pytest.raises(Refused) as refused:
            await crm.rename_account("A-00042", "New Name")
        return refused.value.code

    code, vendor = with_crm(lambda _asked: say(204), rename)
    assert (code, vendor.asked) == ("NOT_OWNER", [])


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (say(400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "busy"}]), Transient, ""),
        (say(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "quota"}]), Transient, ""),
        (say(400, b"[{cut"), Transient, ""),
        (say(400, [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no"}]), Refused, "VENDOR_REFUSED"),
        (say(404, [{"errorCode": "NOT_FOUND", "message": "gone"}]), Refused, "VENDOR_REFUSED"),
        (say(300, ["/a", "/b"]), Refused, "SEVERAL_MATCHES"),
        (say(500, b""), Unknown, ""),
    ],
)
def test_a_refusal_is_told_from_a_passing_trouble(answer, kind, code):
    """Locks and limits are tried again, business refusals are not, and what cannot be read is asked again."""
    error = refusal_of(lambda _asked: answer, lambda crm: crm.mirror_delivery("S-00042", "Active", ""))
    assert type(error) is kind
    assert getattr(error, "code", "") == code


def test_client_credentials_are_exchanged_for_a_token():
    """The form goes to the token endpoint and the token into the next call."""
    vendor = Vendor(in_turn(say(200, {"access_token": "00D!x", "instance_url": "https://crm.test"}), page()))

    async def main(loop):
        link = vendor.link("crm", clock=loop.ms, sign_in=client_credentials("id", "s&cret", loop.ms))
        await Salesforce(link, REFERENCE.guard).sows_of("O-1")

    live(main)
    assert vendor.asked[0].body == "grant_type=client_credentials&client_id=id&client_secret=s%26cret"
    assert vendor.asked[1].headers["authorization"] == "Bearer 00D!x"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (say(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]), Transient),
        (say(400, {"error": "invalid_grant", "error_description": "authentication failure"}), Refused),
    ],
)
def test_an_org_without_calls_is_no_reason_to_call_a_clerk(answer, kind):
    """The token call too is tried again when the org is out of calls; a wrong credential is not."""
    assert type(no_token(answer)) is kind
