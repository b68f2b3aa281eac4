"""What stands in the systems before the story begins: users, catalogue, legal entities, taxes, periods, employees.

Rows are given to the world in the order they must be created, each `(kind, natural key, values)`. No account, deal or
contract is among them: those come through the same processes as everything else.
"""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from scenarios.firm.model import Plan
from scenarios.firm.quarter import name_of
from scenarios.firm.roster import MAIL, clerk_mail
from scenarios.firm.selling import sellers
from scenarios.firm.spec import FirmSpec
from scenarios.firm.staffing import desk_mail, desk_number
from scenarios.firm.terms import ROLE_NAMES, list_price

Row = tuple[str, str, dict[str, Any]]
QUEUES = ("sales-ops", "finance-ops", "project-ops", "platform")
TERMS = {"NET30": 30, "NET45": 45, "NET60": 60, "DUE": 0}
EXTRA_ITEMS = {"MILESTONE": "Fixed fee milestone", "EXPENSE": "Expense re-billed at cost"}
NOMINAL_PRICE = 1_00
TAX_CODES = (
    ("US-00", 0, "US", "US: not taxable"), ("US-HI", 4_000, "US", "Hawaii general excise"), ("US-NM", 5_125, "US", "New Mexico gross receipts"),
    ("US-SD", 4_200, "US", "South Dakota sales tax"), ("US-WV", 6_000, "US", "West Virginia sales tax"),
    ("US-EX", 0, "US", "US: exemption certificate"), ("US-OS", 0, "US", "US: foreign client"),
    ("UK-S20", 20_000, "GB", "VAT 20 %"), ("UK-OS", 0, "GB", "Outside the scope of UK VAT"),
    ("DE-S19", 19_000, "DE", "USt 19 %"), ("DE-RC", 0, "DE", "Reverse charge"), ("DE-OS", 0, "DE", "Nicht steuerbar"),
    ("NL-S21", 21_000, "NL", "Btw 21 %"), ("NL-RC", 0, "NL", "Btw verlegd"), ("NL-OS", 0, "NL", "Buiten EU"),
    ("AU-S10", 10_000, "AU", "GST 10 %"), ("AU-FR", 0, "AU", "GST-free export"),
    ("SG-S9", 9_000, "SG", "GST 9 %"), ("SG-ZR", 0, "SG", "Zero-rated"),
)  # fmt: skip


def seed_rows(system: str, spec: FirmSpec, plan: Plan) -> list[Row]:
    """Return the rows of "crm", "psa" or "erp", in an order in which each refers to earlier ones only."""
    return {"crm": crm_rows, "psa": psa_rows, "erp": erp_rows}[system](spec, plan)


def crm_rows(spec: FirmSpec, plan: Plan) -> list[Row]:
    """Users, products, and their prices in every currency of the preset, at the standard price book."""
    rows = [
        user(f"seller-{n}@{code.lower()}.{MAIL}", f"Seller {n} {code}")
        for code in spec.entities
        for n in range(1, sellers(spec, heads(plan, code)) + 1)
    ]
    rows += [user(clerk_mail(queue), queue.replace("-", " ").title()) for queue in QUEUES]
    for role, name in ROLE_NAMES.items():
        rows.append(("product", f"ROLE-{role}", {"code": f"ROLE-{role}", "name": name, "family": "Services", "active": True}))
    for code, name in EXTRA_ITEMS.items():
        rows.append(("product", code, {"code": code, "name": name, "family": "Services", "active": True}))
    seen: set[str] = set()
    for code, entity in spec.entities.items():
        if entity.currency not in seen:
            seen.add(entity.currency)
            rows += [price(f"ROLE-{role}", entity.currency, list_price(spec, entity, code, role)) for role in ROLE_NAMES]
            rows += [price(item, entity.currency, NOMINAL_PRICE) for item in EXTRA_ITEMS]
    return rows


def user(email: str, name: str) -> Row:
    """A CRM user."""
    return ("user", email, {"name": name, "email": email})


def price(product: str, currency: str, unit_price: int) -> Row:
    """A price of the standard book; its book is found by the CRM."""
    return ("price_entry", "", {"product_id": product, "currency": currency, "unit_price": unit_price, "active": True})


def heads(plan: Plan, entity: str) -> int:
    """The head count of an entity."""
    return sum(person.entity == entity for person in plan.people)


def psa_rows(spec: FirmSpec, plan: Plan) -> list[Row]:
    """Everybody who books or decides, and the staffing desks."""
    rows: list[Row] = []
    for person in plan.people:
        values = {
            "number": person.number,
            "full_name": person.name,
            "email": person.email,
            "role": f"ROLE-{person.role}",
            "entity": person.entity,
        }
        rows.append(("user", person.number, values))
    for code in spec.entities:
        values = {
            "number": desk_number(code),
            "full_name": f"Staffing {code}",
            "email": desk_mail(code),
            "role": "STAFFING",
            "entity": code,
        }
        rows.append(("user", desk_number(code), values))
    return rows


def erp_rows(spec: FirmSpec, plan: Plan) -> list[Row]:
    """Currencies, subsidiaries, terms, items, tax codes, periods, employees."""
    rows: list[Row] = [
        ("currency", code, {"code": code, "name": code}) for code in dict.fromkeys(e.currency for e in spec.entities.values())
    ]
    for code, entity in spec.entities.items():
        values = {
            "external_id": f"SUB-{code}", "name": entity.name, "code": code, "currency": entity.currency, "country": entity.country,
            "rounding": entity.rounding,
        }  # fmt: skip
        rows.append(("subsidiary", f"SUB-{code}", values))
    rows += [("term", code, {"code": code, "name": code, "days": days}) for code, days in TERMS.items()]
    items = {f"ROLE-{role}": name for role, name in ROLE_NAMES.items()} | EXTRA_ITEMS
    rows += [("item", code, {"external_id": code, "name": name, "type": "service"}) for code, name in items.items()]
    countries = {entity.country for entity in spec.entities.values()}
    for code, rate, country, label in TAX_CODES:
        if country in countries:
            rows.append(("tax_code", code, {"code": code, "rate_percent_e3": rate, "country": country, "label": label}))
    rows += [period(month, code) for month in plan.quarter.periods for code in spec.entities]
    for person in plan.people:
        values = {"external_id": person.number, "name": person.name, "subsidiary_id": f"SUB-{person.entity}"}
        rows.append(("employee", person.number, values))
    return rows


def period(month: tuple[int, int], entity: str) -> Row:
    """An open accounting period of a subsidiary."""
    key = f"{name_of(month)}-{entity}"
    first = dt.date(*month, 1)
    last = first.replace(day=calendar.monthrange(*month)[1])
    return ("period", key, {"name": key, "start_on": first.isoformat(), "end_on": last.isoformat()})
