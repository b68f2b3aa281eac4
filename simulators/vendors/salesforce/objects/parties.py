"""Account, Contact, User and Organization. Source: reference 1.15, architecture section 9."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulators.domains import crm
from simulators.domains.crm.authorship import authored
from simulators.kernel.records import Kind, Records, Row
from simulators.kernel.wire import Column, Wire
from simulators.vendors.salesforce.codecs import (
    CURRENCY,
    FLAG,
    REFERENCE,
    area,
    email,
    long_area,
    open_picklist,
    phone,
    picklist,
    text,
    url,
)  # fmt: skip
from simulators.vendors.salesforce.ids import PREFIXES, user_id

from .audit import AUDIT, IDENTITY, OWNER


def signed_in_by(records: Records, before: Row, values: dict[str, Any], by: str) -> dict[str, Any]:
    """A user's id follows from the name to sign in by, as the ids in LastModifiedById do."""
    made = authored(records, before, values, by)
    if before is None and made.get("id") is None and (made.get("email") or made.get("name")):
        made["id"] = user_id(made.get("email") or made["name"])
    return made


USER_KIND = replace(crm.USER, derive=signed_in_by)
KINDS: dict[str, Kind] = {**crm.KINDS, "user": USER_KIND}

USER = Wire(
    "User",
    USER_KIND,
    (
        IDENTITY,
        Column("Username", "email", email("Username"), required=True),
        Column("Name", "name", text("Name", 121), required=True),
        Column("Email", "email", email("Email"), ""),
        Column("IsActive", "active", FLAG),
        *AUDIT,
    ),
    PREFIXES["user"],
)
ORGANIZATION = Wire(
    "Organization",
    crm.ORGANIZATION,
    (IDENTITY, Column("Name", "name", text("Name", 80), ""), Column("IsSandbox", "is_sandbox", FLAG, ""), *AUDIT),
    PREFIXES["organization"],
)
ACCOUNT = Wire(
    "Account",
    crm.ACCOUNT,
    (
        IDENTITY,
        Column("Name", "name", text("Name"), required=True),
        Column("AccountNumber", "number", text("AccountNumber", 40)),
        Column("Type", "type", open_picklist("Type")),
        Column("Industry", "industry", open_picklist("Industry")),
        Column("ParentId", "parent_id", REFERENCE, parent="Parent"),
        Column("MasterRecordId", "merged_into", REFERENCE, "", parent="MasterRecord"),
        Column("BillingStreet", "street", area("BillingStreet")),
        Column("BillingCity", "city", text("BillingCity", 40)),
        Column("BillingState", "region", text("BillingState", 80)),
        Column("BillingPostalCode", "postal_code", text("BillingPostalCode", 20)),
        Column("BillingCountry", "country", text("BillingCountry", 80)),
        Column("Phone", "phone", phone("Phone")),
        Column("Website", "website", url("Website")),
        Column("Description", "extra.description", long_area("Description")),
        Column("CurrencyIsoCode", "currency", CURRENCY),
        OWNER,
        *AUDIT,
        Column("Segment__c", "segment", picklist("strategic", "standard")),
        Column("Tax_Id__c", "tax_id", text("Tax_Id__c", 40)),
    ),
    PREFIXES["account"],
)
CONTACT = Wire(
    "Contact",
    crm.CONTACT,
    (
        IDENTITY,
        Column("AccountId", "account_id", REFERENCE, parent="Account"),
        Column("LastName", "last_name", text("LastName", 80), required=True),
        Column("FirstName", "first_name", text("FirstName", 40)),
        Column("Email", "email", email("Email")),
        Column("Phone", "phone", phone("Phone")),
        Column("Title", "title", text("Title", 128)),
        OWNER,
        *AUDIT,
    ),
    PREFIXES["contact"],
)
