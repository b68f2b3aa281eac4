"""Opportunity and its lines, quotes, contracts, products and prices. Source: reference 1.15.

Amount is a roll-up once lines exist: writes to it are ignored, not refused. IsWon, IsClosed, ForecastCategoryName and
HasOpportunityLineItem are derived and read-only.
"""

from __future__ import annotations

from simulators.domains import crm
from simulators.kernel.wire import Column, Wire
from simulators.vendors.salesforce.codecs import (
    CURRENCY,
    DAY,
    FLAG,
    FORECAST,
    HAS_LINES,
    INSTANT,
    IS_CLOSED,
    IS_WON,
    REFERENCE,
    STAGE,
    decimal,
    long_area,
    money,
    open_picklist,
    percent,
    picklist,
    states,
    text,
    whole,
)  # fmt: skip
from simulators.vendors.salesforce.ids import PREFIXES

from .audit import AUDIT, IDENTITY, OWNER

PRODUCT = Wire(
    "Product2",
    crm.PRODUCT,
    (
        IDENTITY,
        Column("Name", "name", text("Name"), required=True),
        Column("ProductCode", "code", text("ProductCode")),
        Column("Family", "family", open_picklist("Family")),
        Column("IsActive", "active", FLAG),
        *AUDIT,
    ),
    PREFIXES["product"],
)
PRICE_BOOK = Wire(
    "Pricebook2",
    crm.PRICE_BOOK,
    (
        IDENTITY,
        Column("Name", "name", text("Name"), required=True),
        Column("IsStandard", "is_standard", FLAG, ""),
        Column("IsActive", "active", FLAG),
        *AUDIT,
    ),
    PREFIXES["price_book"],
)
PRICE_ENTRY = Wire(
    "PricebookEntry",
    crm.PRICE_ENTRY,
    (
        IDENTITY,
        Column("Pricebook2Id", "book_id", REFERENCE, "c", parent="Pricebook2"),
        Column("Product2Id", "product_id", REFERENCE, "c", required=True, parent="Product2"),
        Column("CurrencyIsoCode", "currency", CURRENCY, "c"),
        Column("UnitPrice", "unit_price", money("UnitPrice"), required=True),
        Column("IsActive", "active", FLAG),
        *AUDIT,
    ),
    PREFIXES["price_entry"],
)
OPPORTUNITY = Wire(
    "Opportunity",
    crm.OPPORTUNITY,
    (
        IDENTITY,
        Column("AccountId", "account_id", REFERENCE, parent="Account"),
        Column("Name", "name", text("Name", 120), required=True),
        Column("StageName", "stage", STAGE, required=True),
        Column("Amount", "amount", money("Amount")),
        Column("Probability", "probability", percent("Probability")),
        Column("CloseDate", "close_on", DAY, required=True),
        Column("Type", "type", open_picklist("Type")),
        Column("ForecastCategoryName", "stage", FORECAST, ""),
        Column("IsClosed", "stage", IS_CLOSED, ""),
        Column("IsWon", "stage", IS_WON, ""),
        Column("HasOpportunityLineItem", "line_total", HAS_LINES, ""),
        Column("Pricebook2Id", "book_id", REFERENCE, parent="Pricebook2"),
        Column("NextStep", "extra.next_step", text("NextStep")),
        Column("Description", "extra.description", long_area("Description")),
        Column("CurrencyIsoCode", "currency", CURRENCY),
        Column("LastStageChangeDate", "stage_changed_at", INSTANT, ""),
        OWNER,
        *AUDIT,
        Column("Opportunity_Number__c", "number", text("Opportunity_Number__c", 40)),
        Column("Won_At__c", "won_at", INSTANT, ""),
    ),
    PREFIXES["opportunity"],
)
LINE = Wire(
    "OpportunityLineItem",
    crm.OPPORTUNITY_LINE,
    (
        IDENTITY,
        Column("OpportunityId", "opportunity_id", REFERENCE, "c", required=True, parent="Opportunity"),
        Column("PricebookEntryId", "price_entry_id", REFERENCE, "c", parent="PricebookEntry"),
        Column("Product2Id", "product_id", REFERENCE, "c", parent="Product2"),
        Column("Quantity", "quantity", decimal("double", "Quantity", 10, 2), required=True),
        Column("UnitPrice", "unit_price", decimal("currency", "UnitPrice", 14, 4)),
        Column("TotalPrice", "total_price", money("TotalPrice")),
        Column("ServiceDate", "service_on", DAY),
        Column("Description", "description", text("Description")),
        *AUDIT,
        Column("Line_Key__c", "line_key", text("Line_Key__c", 40)),
    ),
    PREFIXES["opportunity_line"],
)
QUOTE = Wire(
    "Quote",
    crm.QUOTE,
    (
        IDENTITY,
        Column("OpportunityId", "opportunity_id", REFERENCE, "c", required=True, parent="Opportunity"),
        Column("Name", "name", text("Name"), required=True),
        Column(
            "Status",
            "status",
            picklist("Draft", "Needs Review", "In Review", "Approved", "Rejected", "Presented", "Accepted", "Denied"),
        ),
        Column("GrandTotal", "grand_total", money("GrandTotal"), ""),
        *AUDIT,
    ),
    PREFIXES["quote"],
)
CONTRACT = Wire(
    "Contract",
    crm.CONTRACT,
    (
        IDENTITY,
        Column("AccountId", "account_id", REFERENCE, required=True, parent="Account"),
        Column("Status", "status", states({"draft": "Draft", "in_approval": "In Approval Process", "activated": "Activated"})),
        Column("StartDate", "start_on", DAY),
        Column("ContractTerm", "term_months", whole("ContractTerm", 4)),
        OWNER,
        *AUDIT,
    ),
    PREFIXES["contract"],
)
