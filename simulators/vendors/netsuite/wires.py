"""What the account calls its entities and lists: one column a field, vendor name left, domain field in the middle.

Field names: the 2026.1 record browser (read 2026-11). `custentity_*` and `custbody_*` are this account's own.
"""

from __future__ import annotations

from simulators.domains.erp.party import CUSTOMER as CUSTOMER_KIND
from simulators.domains.erp.party import JOB as JOB_KIND
from simulators.domains.erp.period import PERIOD
from simulators.domains.erp.reference import CURRENCY as CURRENCY_KIND
from simulators.domains.erp.reference import EMPLOYEE as EMPLOYEE_KIND
from simulators.domains.erp.reference import ITEM as ITEM_KIND
from simulators.domains.erp.reference import SUBSIDIARY as SUBSIDIARY_KIND
from simulators.domains.erp.reference import TAX_CODE as TAX_CODE_KIND
from simulators.domains.erp.reference import TERM as TERM_KIND
from simulators.kernel.wire import Codec, Column, Wire

from .codecs import COUNTRY, DAY, FLAG, HOLD, INSTANT, KEY, PERCENT, TEXT, WHOLE, free_list, select

ID = Column("id", "id", KEY, "")
EXTERNAL = Column("externalId", "external_id", TEXT)
MODIFIED = Column("lastModifiedDate", "changed_at", INSTANT, "")
CREATED = Column("dateCreated", "created_at", INSTANT, "")
STATE_IS = {"open": False, "soft_closed": False, "closed": True}
CLOSED = Codec("boolean", lambda s: s == "closed", sql="CASE {0} WHEN 'closed' THEN 'T' ELSE 'F' END")
LOCKED = Codec("boolean", lambda s: s != "open", sql="CASE {0} WHEN 'open' THEN 'F' ELSE 'T' END")

SUBSIDIARY_OF = select("subsidiary")
CURRENCY_OF = select("currency", by="code")
TERM_OF = select("term")
TAX_CODE_OF = select("taxCode", by="code")

CUSTOMER = Wire(
    "customer",
    CUSTOMER_KIND,
    (
        ID, EXTERNAL,
        Column("entityId", "extra.entity_id", TEXT),
        Column("companyName", "name", TEXT, required=True),
        Column("isPerson", "extra.is_person", Codec("boolean", None, bool, accepts=(bool,))),
        Column("email", "email", TEXT),
        Column("phone", "extra.phone", TEXT),
        Column("comments", "extra.comments", TEXT),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF, required=True),
        Column("currency", "currency", CURRENCY_OF),
        Column("terms", "terms_id", TERM_OF),
        Column("isInactive", "inactive", FLAG),
        Column("creditHoldOverride", "credit_hold", HOLD),
        Column("custentity_tax_id", "tax_id", TEXT),
        Column("custentity_account", "extra.account", TEXT),
        MODIFIED, CREATED,
    ),
)  # fmt: skip
ADDRESS = {"addr1": "street", "city": "city", "state": "region", "zip": "postal_code", "country": "country"}
ADDRESS_ASIDE = (
    "addr2",
    "addr3",
    "addressee",
    "attention",
    "addrPhone",
    "override",
)  # kept with the record, shown again, used by nobody

JOB = Wire(
    "job",
    JOB_KIND,
    (
        ID, EXTERNAL,
        Column("entityId", "extra.entity_id", TEXT),
        Column("companyName", "name", TEXT, required=True),
        Column("parent", "customer_id", select("customer"), required=True),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF),
        Column("currency", "currency", CURRENCY_OF),
        Column("startDate", "start_on", DAY),
        Column("projectedEndDate", "end_on", DAY),
        Column("isInactive", "inactive", FLAG),
        Column("jobBillingType", "extra.billing_type", free_list()),
        Column("jobType", "extra.job_type", free_list()),
        Column("entityStatus", "extra.entity_status", free_list()),
        Column("jobPrice", "extra.price", Codec("number", accepts=(int, float))),
        Column("allowTime", "extra.allow_time", Codec("boolean", None, bool, accepts=(bool,))),
        Column("allowExpenses", "extra.allow_expenses", Codec("boolean", None, bool, accepts=(bool,))),
        Column("comments", "extra.comments", TEXT),
        Column("custentity_sow", "sow_number", TEXT),
        MODIFIED, CREATED,
    ),
)  # fmt: skip

EMPLOYEE = Wire(
    "employee",
    EMPLOYEE_KIND,
    (
        ID, EXTERNAL,
        Column("entityId", "name", TEXT, required=True),
        Column("firstName", "extra.first_name", TEXT),
        Column("lastName", "extra.last_name", TEXT),
        Column("email", "extra.email", TEXT),
        Column("subsidiary", "subsidiary_id", SUBSIDIARY_OF, required=True),
        Column("isInactive", "inactive", FLAG),
        MODIFIED, CREATED,
    ),
)  # fmt: skip

ITEM = Wire(
    "serviceSaleItem",
    ITEM_KIND,
    (
        ID, EXTERNAL,
        Column("itemId", "name", TEXT, required=True),
        Column("displayName", "extra.display_name", TEXT),
        MODIFIED, CREATED,
    ),
)  # fmt: skip

SUBSIDIARY = Wire(
    "subsidiary",
    SUBSIDIARY_KIND,
    (
        ID, EXTERNAL,
        Column("name", "name", TEXT, required=True),
        Column("tranPrefix", "code", TEXT),
        Column("currency", "currency", CURRENCY_OF),
        Column("country", "country", COUNTRY),
        Column("custrecord_tax_rounding", "rounding", TEXT),
        MODIFIED,
    ),
)  # fmt: skip
CURRENCY = Wire("currency", CURRENCY_KIND, (ID, Column("symbol", "code", TEXT), Column("name", "name", TEXT), MODIFIED))
TERM = Wire("term", TERM_KIND, (ID, Column("name", "code", TEXT), Column("daysUntilNetDue", "days", WHOLE), MODIFIED))
TAX_CODE = Wire(
    "taxCode",
    TAX_CODE_KIND,
    (
        ID,
        Column("name", "code", TEXT),
        Column("rate", "rate_percent_e3", PERCENT),
        Column("country", "country", COUNTRY),
        Column("description", "label", TEXT),
        MODIFIED,
    ),
)
ACCOUNTING_PERIOD = Wire(
    "accountingPeriod",
    PERIOD,
    (
        ID,
        Column("periodName", "name", TEXT),
        Column("startDate", "start_on", DAY),
        Column("endDate", "end_on", DAY),
        Column("closed", "state", CLOSED, ""),
        Column("arLocked", "state", LOCKED, ""),
        Column("allLocked", "state", LOCKED, ""),
        MODIFIED,
    ),
)
