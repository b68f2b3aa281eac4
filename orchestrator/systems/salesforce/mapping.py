"""Salesforce's names for the CRM's facts: queries, records into canonical deals, canonical rows into records.

Custom objects and fields are this org's (`SOW__c`, `Invoice__c`); the rest is standard. Source: object reference and REST API
guide (memory), 2026-11.
"""

from __future__ import annotations

from typing import Any

from orchestrator.canonical.billing import Invoice, Totals
from orchestrator.canonical.deal import Deal, DealLine, SoldSignal
from orchestrator.canonical.money import DIGITS
from orchestrator.canonical.party import Address, Party
from orchestrator.systems.http import exact, number
from orchestrator.systems.instants import millis, utc

DEAL = (
    "SELECT SOW_Number__c, Type__c, Selling_Entity__c, Service_Offering__c, Tax_Profile__c, Cap__c, Value__c, Terms__c, Status__c, "
    "Signed_At__c, Version__c, CurrencyIsoCode, Start_Date__c, End_Date__c, Billing_Contact__r.Email, "
    "Opportunity__r.Opportunity_Number__c, Opportunity__r.Name, Opportunity__r.StageName, Opportunity__r.Amount, "
    "Opportunity__r.CurrencyIsoCode, Account__r.AccountNumber, Account__r.Name, Account__r.BillingStreet, "
    "Account__r.BillingCity, Account__r.BillingState, Account__r.BillingPostalCode, Account__r.BillingCountry, "
    "Account__r.Tax_Id__c, Account__r.Segment__c, Account__r.Website FROM SOW__c WHERE SOW_Number__c = {}"
)
LINES = (
    "SELECT Line_Key__c, Quantity, UnitPrice, TotalPrice, ServiceDate, Description, Product2.ProductCode "
    "FROM OpportunityLineItem WHERE Opportunity.Opportunity_Number__c = {} ORDER BY Line_Key__c"
)
SOLD = (
    "SELECT SOW_Number__c, Status__c, Signed_At__c, Version__c, SystemModstamp, Opportunity__r.StageName, "
    "Opportunity__r.SystemModstamp FROM SOW__c WHERE (Opportunity__r.StageName IN ('Closed Won', 'Reopened', 'Closed Lost') "
    "AND (SystemModstamp >= {0} OR Opportunity__r.SystemModstamp >= {0})) OR (Opportunity__c = null AND SystemModstamp >= {0}) "
    "ORDER BY SOW_Number__c"
)
LIKE = "SELECT AccountNumber, Name, Tax_Id__c, Website FROM Account WHERE Tax_Id__c = {} OR Website = {} ORDER BY AccountNumber"
MERGED = "SELECT AccountNumber FROM Account WHERE IsDeleted = true AND MasterRecord.AccountNumber = {} ORDER BY AccountNumber"
SOWS_BY_NUMBER = "SELECT SOW_Number__c FROM SOW__c WHERE Opportunity__r.Opportunity_Number__c = {} ORDER BY SOW_Number__c"
SOWS_BY_ID = "SELECT SOW_Number__c FROM SOW__c WHERE Opportunity__c = {} ORDER BY SOW_Number__c"
VERSIONS = "SELECT Invoice_Key__c, Source_Version__c FROM Invoice__c WHERE Invoice_Key__c IN ({})"

INVOICE_STATUS = {
    "open": "Open",
    "sent": "Sent",
    "partially_paid": "Partially Paid",
    "paid": "Paid",
    "disputed": "Disputed",
}
INVOICE_FIELDS = ("key", "sow_id", "number", "status", "gross", "open", "currency", "due_on", "source_version")
"""The domain fields an `Invoice__c` upsert writes: what the ownership guard is asked about."""
ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})

Record = dict[str, Any]


def quoted(text: str) -> str:
    """A SOQL string literal."""
    return f"'{text.translate(ESCAPES)}'"


def literal(instant: int) -> str:
    """A SOQL datetime literal."""
    return utc(instant)


def word(value: Any) -> str:
    """A picklist value as the firm writes it inside: lower case, underscores."""
    return str(value or "").strip().lower().replace(" ", "_")


def deal_of(record: Record, lines: list[Record]) -> Deal:
    """One SOW row with its lines as a canonical deal."""
    opportunity, account = record.get("Opportunity__r") or {}, record.get("Account__r") or {}
    contact = record.get("Billing_Contact__r") or {}
    currency = opportunity.get("CurrencyIsoCode") or ""
    digits = DIGITS.get(currency, 2)
    cap = record.get("Cap__c")
    return Deal(
        sow=record["SOW_Number__c"],
        opportunity=opportunity.get("Opportunity_Number__c") or "",
        name=opportunity.get("Name") or "",
        stage=word(opportunity.get("StageName")),
        party=_party(account),
        type=word(record.get("Type__c")),
        entity=record.get("Selling_Entity__c") or "",
        offering=word(record.get("Service_Offering__c")),
        tax_profile=record.get("Tax_Profile__c") or "",
        currency=currency,
        amount=exact(opportunity.get("Amount") or 0, digits),
        cap=None if cap is None else exact(cap, digits),
        terms=record.get("Terms__c") or "",
        billing_email=contact.get("Email") or "",
        start_on=record.get("Start_Date__c") or "",
        end_on=record.get("End_Date__c") or "",
        status=word(record.get("Status__c")),
        signed_at=millis(record.get("Signed_At__c")),
        terms_version=exact(record.get("Version__c") or 0, 0),
        value=None if record.get("Value__c") is None else exact(record["Value__c"], digits),
        sow_currency=record.get("CurrencyIsoCode") or "",
        lines=tuple(_line(line, digits) for line in lines),
    )


def _party(account: Record) -> Party:
    address = Address(
        account.get("BillingStreet") or "",
        account.get("BillingCity") or "",
        account.get("BillingState") or "",
        account.get("BillingPostalCode") or "",
        account.get("BillingCountry") or "",
    )
    segment = word(account.get("Segment__c")) or "standard"
    return Party(
        account.get("AccountNumber") or "",
        account.get("Name") or "",
        address,
        account.get("Tax_Id__c") or "",
        segment,
        account.get("Website") or "",
    )


def _line(record: Record, digits: int) -> DealLine:
    product = record.get("Product2") or {}
    return DealLine(
        key=record.get("Line_Key__c") or "",
        item=product.get("ProductCode") or "",
        quantity=exact(record.get("Quantity") or 0, 2),
        rate=exact(record.get("UnitPrice") or 0, 4),
        amount=exact(record.get("TotalPrice") or 0, digits),
        service_on=record.get("ServiceDate") or "",
        description=record.get("Description") or "",
    )


def sold_of(record: Record) -> SoldSignal:
    """One row of the sweep."""
    opportunity = record.get("Opportunity__r") or {}
    return SoldSignal(
        record["SOW_Number__c"],
        word(opportunity.get("StageName")),
        word(record.get("Status__c")),
        millis(record.get("Signed_At__c")),
        exact(record.get("Version__c") or 0, 0),
        millis(opportunity.get("SystemModstamp") or record.get("SystemModstamp")),
    )


def version_of(record: Record) -> tuple[str, int]:
    """Which version of which invoice the CRM shows."""
    return record["Invoice_Key__c"], int(float(record.get("Source_Version__c") or 0))


def party_of(record: Record) -> Party:
    """One account as a look for its like shows it."""
    return _party(record)


def invoice_record(invoice: Invoice) -> Record:
    """One `Invoice__c` row; its SOW is named by external id."""
    digits = DIGITS[invoice.currency]
    return {
        "attributes": {"type": "Invoice__c"},
        "Invoice_Key__c": invoice.key,
        "SOW__r": {"SOW_Number__c": invoice.sow},
        "Number__c": invoice.number,
        "Status__c": INVOICE_STATUS.get(invoice.status, invoice.status),
        "Gross__c": number(invoice.gross, digits),
        "Open__c": number(invoice.open, digits),
        "CurrencyIsoCode": invoice.currency,
        "Due_Date__c": invoice.due_on or None,
        "Source_Version__c": invoice.version,
    }


def totals_record(totals: Totals) -> Record:
    digits = DIGITS[totals.currency]
    return {
        "attributes": {"type": "SOW__c"},
        "SOW_Number__c": totals.sow,
        "Billed_To_Date__c": number(totals.billed, digits),
        "Unbilled__c": number(totals.unbilled, digits),
    }
