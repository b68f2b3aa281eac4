"""The two custom objects of this org: SOW__c, the signed work, and Invoice__c, the mirror of what the ERP posted.

Their fields are the firm's own (architecture section 9); Salesforce ships neither.
"""

from __future__ import annotations

from simulators.domains import crm
from simulators.domains.crm.work import DELIVERY
from simulators.kernel.wire import Column, Wire
from simulators.vendors.salesforce.codecs import (
    CURRENCY,
    DAY,
    INSTANT,
    REFERENCE,
    money,
    open_picklist,
    picklist,
    states,
    text,
    whole,
)
from simulators.vendors.salesforce.ids import PREFIXES

from .audit import AUDIT, IDENTITY, OWNER

SOW_STATES = {
    "draft": "Draft",
    "in_approval": "In Approval",
    "approved": "Approved",
    "sent": "Sent",
    "signed": "Signed",
    "cancelled": "Cancelled",
}
SOW = Wire(
    "SOW__c",
    crm.SOW,
    (
        IDENTITY,
        OWNER,
        Column("Name", "name", text("Name", 80)),
        Column("CurrencyIsoCode", "currency", CURRENCY),
        *AUDIT,
        Column("SOW_Number__c", "number", text("SOW_Number__c", 40), required=True),
        Column("Opportunity__c", "opportunity_id", REFERENCE, parent="Opportunity__r"),
        Column("Account__c", "account_id", REFERENCE, parent="Account__r"),
        Column("Type__c", "type", picklist("tm", "milestone")),
        Column("Selling_Entity__c", "selling_entity", text("Selling_Entity__c", 40)),
        Column("Service_Offering__c", "service_offering", open_picklist("Service_Offering__c")),
        Column("Tax_Profile__c", "tax_profile", picklist("STANDARD", "REVERSE_CHARGE", "EXPORT", "EXEMPT")),
        Column("Cap__c", "cap", money("Cap__c")),
        Column("Value__c", "value", money("Value__c")),
        Column("Terms__c", "terms", picklist("NET30", "NET45", "NET60", "DUE")),
        Column("Billing_Contact__c", "billing_contact_id", REFERENCE, parent="Billing_Contact__r"),
        Column("Start_Date__c", "start_on", DAY),
        Column("End_Date__c", "end_on", DAY),
        Column("Status__c", "status", states(SOW_STATES)),
        Column("Signed_At__c", "signed_at", INSTANT),
        Column("Version__c", "terms_version", whole("Version__c", 4)),
        Column("Delivery_Status__c", "delivery_status", picklist(*DELIVERY)),
        Column("Project_Code__c", "project_code", text("Project_Code__c", 80)),
        Column("Billed_To_Date__c", "billed_to_date", money("Billed_To_Date__c")),
        Column("Unbilled__c", "unbilled", money("Unbilled__c")),
    ),
    PREFIXES["sow"],
)
INVOICE = Wire(
    "Invoice__c",
    crm.INVOICE_MIRROR,
    (
        IDENTITY,
        Column("Name", "key", text("Name", 80), ""),
        Column("CurrencyIsoCode", "currency", CURRENCY),
        *AUDIT,
        Column("Invoice_Key__c", "key", text("Invoice_Key__c", 80), required=True),
        Column("SOW__c", "sow_id", REFERENCE, parent="SOW__r"),
        Column("Number__c", "number", text("Number__c", 40)),
        Column("Status__c", "status", open_picklist("Status__c")),
        Column("Gross__c", "gross", money("Gross__c")),
        Column("Open__c", "open", money("Open__c")),
        Column("Due_Date__c", "due_on", DAY),
        Column("Source_Version__c", "source_version", whole("Source_Version__c", 18)),
    ),
    PREFIXES["invoice_mirror"],
)
