"""A sold deal as these designs see it, and how it is set up in ERP and PSA: plain creates, one after the other.

Every record is made by POST, without an external id: who does it twice has two. Custom fields carry the firm's own numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from scenarios.designs.vendors import Json, Vendors

CENT = Decimal("0.01")
NAME_MAX = 83
EU = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
# entity: (home country, code at home, code for EU business customers with a VAT id, code for the rest)
TAXES = {
    "US": ("US", "US-00", "", "US-OS"), "UK": ("GB", "UK-S20", "", "UK-OS"), "DE": ("DE", "DE-S19", "DE-RC", "DE-OS"),
    "NL": ("NL", "NL-S21", "NL-RC", "NL-OS"), "AU": ("AU", "AU-S10", "", "AU-FR"), "SG": ("SG", "SG-S9", "", "SG-ZR"),
}  # fmt: skip
US_STATES = {"HI": "US-HI", "NM": "US-NM", "SD": "US-SD", "WV": "US-WV"}

DEALS = (
    "SELECT Id, SOW_Number__c, Type__c, Selling_Entity__c, Tax_Profile__c, Cap__c, Terms__c, Status__c, Start_Date__c, End_Date__c, "
    "Billing_Contact__r.Email, Opportunity__c, Opportunity__r.Name, Opportunity__r.StageName, Opportunity__r.CurrencyIsoCode, "
    "Account__r.Name, Account__r.BillingStreet, Account__r.BillingCity, Account__r.BillingState, Account__r.BillingPostalCode, "
    "Account__r.BillingCountry, Account__r.Tax_Id__c FROM SOW__c WHERE {}"
)
LINES = (
    "SELECT Line_Key__c, Quantity, UnitPrice, TotalPrice, ServiceDate, Description, Product2.ProductCode "
    "FROM OpportunityLineItem WHERE OpportunityId = '{}' ORDER BY Line_Key__c"
)
SIGNED_AND_WON = "Status__c = 'Signed' AND Opportunity__r.StageName = 'Closed Won'"
CUSTOMER = "SELECT c.id FROM customer c JOIN subsidiary s ON s.id = c.subsidiary WHERE c.companyname = ? AND s.tranprefix = ? ORDER BY c.id"
LISTS = (("currency", "SELECT c.id, c.symbol AS name FROM currency c"), ("terms", "SELECT t.id, t.name FROM term t"))


@dataclass(frozen=True)
class Line:
    """A role sold by the hour, or a milestone."""

    key: str
    item: str
    name: str
    hours: Decimal
    rate: Decimal
    amount: Decimal
    due_on: str


@dataclass
class Deal:
    """A statement of work. `tax_code` "" means that no rule fits; `spent` is what was decided under the cap so far."""

    id: str
    sow: str
    name: str
    kind: str
    entity: str
    currency: str
    terms: str
    tax_code: str
    cap: Decimal | None
    start_on: str
    end_on: str
    email: str
    account: Json
    lines: dict[str, Line]
    ready: bool
    spent: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)

    @property
    def is_timed(self) -> bool:
        return self.kind == "tm"


@dataclass
class Site:
    """A deal with its records: ids of the ERP's job and order and of the PSA's workspace; `stories` {story id: line key}."""

    deal: Deal
    job: str = ""
    order: str = ""
    workspace: str = ""
    stories: dict[str, str] = field(default_factory=dict)


@dataclass
class Lists:
    """The ERP's own ids of currencies and terms, asked once."""

    vendors: Vendors
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    async def id(self, which: str, name: str) -> str:
        for key, query in LISTS:
            if key not in self.ids:
                self.ids[key] = {row["name"]: row["id"] for row in await self.vendors.suiteql(query)}
        return self.ids[which][name]


def fits(deal: Deal, amount: Decimal) -> bool:
    """Whether an amount still goes under the cap; what does not is left out, and nobody hears of it."""
    return deal.cap is None or deal.spent + amount <= deal.cap


def accepted(story: Json, beside: dict[str, dict[str, Json]]) -> bool:
    """Whether the client has accepted a milestone, by its custom fields."""
    values = [beside["custom_field_values"][id] for id in story.get("custom_field_value_ids", [])]
    return any(each["custom_field_name"] == "Accepted At" and each["value"] for each in values)


def times(quantity: Decimal, rate: Decimal) -> Decimal:
    """What a quantity is worth, to the cent."""
    return (quantity * rate).quantize(CENT, ROUND_HALF_UP)


async def read_deals(vendors: Vendors, condition: str) -> list[Deal]:
    """The statements of work for which a SOQL condition holds, with their lines."""
    found = []
    for record in await vendors.soql(DEALS.format(condition)):
        lines = await vendors.soql(LINES.format(record["Opportunity__c"])) if record["Opportunity__c"] else []
        found.append(deal_of(record, lines))
    return found


def deal_of(record: Json, lines: list[Json]) -> Deal:
    """Read one record; the money is in the currency of the opportunity."""
    sold, account = record["Opportunity__r"] or {}, record["Account__r"] or {}
    cap = record.get("Cap__c")
    entity, profile = record.get("Selling_Entity__c") or "", record.get("Tax_Profile__c") or ""
    return Deal(
        id=record["Id"],
        sow=record["SOW_Number__c"],
        name=sold.get("Name") or "",
        kind=record.get("Type__c") or "",
        entity=entity,
        currency=sold.get("CurrencyIsoCode") or "",
        terms=record.get("Terms__c") or "",
        tax_code=tax_code(entity, account, profile),
        cap=None if cap is None else Decimal(cap),
        start_on=record.get("Start_Date__c") or "",
        end_on=record.get("End_Date__c") or "",
        email=(record.get("Billing_Contact__r") or {}).get("Email") or "",
        account=account,
        lines={line.key: line for line in map(line_of, lines)},
        ready=record.get("Status__c") == "Signed" and sold.get("StageName") == "Closed Won",
    )


def line_of(record: Json) -> Line:
    return Line(
        record["Line_Key__c"],
        record["Product2"]["ProductCode"],
        record.get("Description") or "",
        Decimal(record.get("Quantity") or 0),
        Decimal(record.get("UnitPrice") or 0),
        Decimal(record.get("TotalPrice") or 0),
        record.get("ServiceDate") or "",
    )


def tax_code(entity: str, account: Json, profile: str) -> str:
    """The ERP's tax code for a customer, or "" when the deal does not fit any. The firm's 2026 rules, not advice."""
    home, standard, reverse, export = TAXES.get(entity, ("", "", "", ""))
    country = account.get("BillingCountry")
    if country == home:
        if entity == "US":
            domestic = US_STATES.get(account.get("BillingState") or "", standard)
            return {"STANDARD": domestic, "EXEMPT": "US-EX"}.get(profile, "")
        return standard if profile == "STANDARD" else ""
    if reverse and country in EU:
        return reverse if profile == "REVERSE_CHARGE" and account.get("Tax_Id__c") else ""
    return export if profile == "EXPORT" else ""


# In the ERP


async def find_customer(vendors: Vendors, deal: Deal) -> str:
    """Look a customer up by its name, as a person would; "" when there is none."""
    rows = await vendors.suiteql(CUSTOMER, deal.account["Name"][:NAME_MAX], deal.entity)
    return rows[0]["id"] if rows else ""


async def make_customer(vendors: Vendors, lists: Lists, deal: Deal) -> str:
    account = deal.account
    address = {
        "addr1": account.get("BillingStreet"), "city": account.get("BillingCity"), "state": account.get("BillingState"),
        "zip": account.get("BillingPostalCode"), "country": {"id": account.get("BillingCountry")},
    }  # fmt: skip
    body = {
        "companyName": account["Name"][:NAME_MAX],
        "isPerson": False,
        "email": deal.email,
        "subsidiary": {"externalId": f"SUB-{deal.entity}"},
        "currency": {"id": await lists.id("currency", deal.currency)},
        "custentity_tax_id": account.get("Tax_Id__c"),
        "addressBook": {"items": [{"defaultBilling": True, "addressBookAddress": without_blanks(address)}]},
    }
    if deal.terms:
        body["terms"] = {"id": await lists.id("terms", deal.terms)}
    return await vendors.erp_create("customer", without_blanks(body))


async def make_job(vendors: Vendors, lists: Lists, deal: Deal, customer: str) -> str:
    body = {
        "companyName": f"{deal.sow} {deal.name}"[:NAME_MAX],
        "parent": {"id": customer},
        "subsidiary": {"externalId": f"SUB-{deal.entity}"},
        "currency": {"id": await lists.id("currency", deal.currency)},
        "startDate": deal.start_on,
        "projectedEndDate": deal.end_on,
        "custentity_sow": deal.sow,
    }
    return await vendors.erp_create("job", without_blanks(body))


async def make_order(vendors: Vendors, lists: Lists, deal: Deal, customer: str, job: str) -> str:
    """The contract: one line a role or milestone; only milestones are billed from here."""
    items = [
        {
            "line": n, "item": {"externalId": line.item}, "description": line.name, "quantity": line.hours, "rate": line.rate,
            "amount": line.amount, "custcol_line_key": line.key, "custcol_tax_code": deal.tax_code, "isBillable": not deal.is_timed,
        }
        for n, line in enumerate(deal.lines.values(), 1)
    ]  # fmt: skip
    body = {
        "entity": {"id": customer},
        "job": {"id": job},
        "subsidiary": {"externalId": f"SUB-{deal.entity}"},
        "currency": {"id": await lists.id("currency", deal.currency)},
        "tranDate": deal.start_on,
        "custbody_sow": deal.sow,
        "custbody_contract_type": deal.kind,
        "custbody_tax_code": deal.tax_code,
        "custbody_cap": deal.cap,
        "item": {"items": items},
    }
    return await vendors.erp_create("salesOrder", without_blanks(body))


def without_blanks(body: Json) -> Json:
    return {name: value for name, value in body.items() if value not in (None, "")}


# In the PSA


async def make_workspace(vendors: Vendors, deal: Deal) -> str:
    price = sum((line.amount for line in deal.lines.values()), Decimal(0))
    body = {
        "title": f"{deal.sow} {deal.name}",
        "creator_role": "maven",
        "currency": deal.currency,
        "price_in_cents": int(price * 100),
        "budgeted": True,
        "start_date": deal.start_on,
        "due_date": deal.end_on,
        "require_time_approvals": True,
        "require_expense_approvals": True,
    }
    return await vendors.psa_create("workspaces", "workspace", without_blanks(body))


async def make_stories(vendors: Vendors, deal: Deal, workspace: str) -> dict[str, str]:
    """One story a line; {story id: line key}."""
    made = {}
    for line in deal.lines.values():
        body = {
            "workspace_id": workspace, "title": f"{line.key} {line.name}".strip(), "billable": deal.is_timed,
            "story_type": "task" if deal.is_timed else "milestone", "fixed_fee": not deal.is_timed, "start_date": deal.start_on,
            "due_date": deal.end_on if deal.is_timed else line.due_on or deal.end_on,
        }  # fmt: skip
        made[await vendors.psa_create("stories", "story", without_blanks(body))] = line.key
    return made


async def make_demands(vendors: Vendors, deal: Deal, workspace: str) -> None:
    """Ask for the roles sold."""
    if not deal.is_timed:
        return
    roles = {role["name"]: role["id"] for role in (await vendors.listed("roles")).rows}
    for line in deal.lines.values():
        minutes = int(line.hours * 60)
        body = {"workspace_id": workspace, "role_id": roles[line.item], "label": line.key, "estimated_minutes": minutes}
        await vendors.psa_create("workspace_resources", "workspace_resource", body)


async def set_up(vendors: Vendors, lists: Lists, deal: Deal) -> Site:
    """Make everything a deal needs in ERP and PSA, in one go."""
    customer = await find_customer(vendors, deal) or await make_customer(vendors, lists, deal)
    site = Site(deal, job=await make_job(vendors, lists, deal, customer))
    site.order = await make_order(vendors, lists, deal, customer, site.job)
    site.workspace = await make_workspace(vendors, deal)
    site.stories = await make_stories(vendors, deal, site.workspace)
    await make_demands(vendors, deal, site.workspace)
    return site
