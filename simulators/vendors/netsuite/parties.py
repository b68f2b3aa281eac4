"""Writing customers, projects and time: what NetSuite fills in by itself, and the address that is a sublist on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulators.domains.erp.party import CUSTOMER
from simulators.domains.erp.reference import SUBSIDIARY
from simulators.kernel.records import Refusal, Row
from simulators.kernel.wire import Column, take

from .codecs import COUNTRY, TEXT
from .record_type import Body, Item, RecordType
from .state import Account
from .wires import ADDRESS, ADDRESS_ASIDE

ADDRESS_LINE = frozenset(
    ("addressbookaddress", "defaultbilling", "defaultshipping", "isresidential", "label", "id", "internalid", "links", "line")
)


def today(system: Account) -> str:
    return datetime.fromtimestamp(system.clock() // 1000, UTC).strftime("%Y-%m-%d")


def create_customer(system: Account, _record: RecordType, body: Body) -> Row:
    values = with_address(body, None)
    if values.get("currency") is None:
        values["currency"] = system.records.live(SUBSIDIARY, values["subsidiary_id"]).currency
    return system.records.create(CUSTOMER, values, body.user)


def update_customer(system: Account, _record: RecordType, row: Row, body: Body) -> Row:
    return system.records.change(CUSTOMER, row, with_address(body, row), body.user)


def with_address(body: Body, row: Row | None) -> Item:
    """Fold the address book into the customer's own fields: one address, the billing one, or else the first."""
    lines = body.sublists.get("addressbook")
    values = dict(body.values)
    if not lines:
        return values
    line = next((each for each in lines if each.get("defaultBilling") is True), lines[0])
    unknown = [name for name in line if name.lower() not in ADDRESS_LINE]
    if unknown and body.strict:
        raise Refusal(
            "unknown_field", f"no {unknown[0]} on addressBook", field=f"addressBook.items[0].{unknown[0]}", got=unknown[0]
        )
    address = line.get("addressBookAddress", {})
    if type(address) is not dict:
        raise Refusal(
            "wrong_type", "addressBookAddress is an object", field="addressBook.items[0].addressBookAddress", got=address
        )
    return values | address_values(
        address, strict=body.strict, aside=(row and (row.extra or {}).get("address_aside")) or {}, extra=values.get("extra")
    )


def address_values(address: Item, *, strict: bool, aside: Item, extra: Item | None) -> Item:
    values: Item = {}
    aside = dict(aside)
    for name, given in address.items():
        path = f"addressBook.items[0].addressBookAddress.{name}"
        if name in ADDRESS:
            codec = COUNTRY if name == "country" else TEXT
            values[ADDRESS[name]] = None if given == "" else take(Column(path, ADDRESS[name], codec), given)
        elif name in ADDRESS_ASIDE:
            aside[name] = take(Column(path, name, TEXT), given) if name != "override" else bool(given)
        elif name not in ("links", "refName", "id") and strict:
            raise Refusal("unknown_field", f"no {name} on addressBookAddress", field=path, got=name)
    if aside:
        values["extra"] = {**(extra or {}), "address_aside": aside}
    return values


def create_job(system: Account, record: RecordType, body: Body) -> Row:
    return system.records.create(record.kind, inherit(system, body.values), body.user)


def inherit(system: Account, values: Item, *names: str) -> Item:
    """Take from the customer what was not said: subsidiary, currency, and `names` besides."""
    customer = system.records.live(CUSTOMER, values["customer_id"])
    taken: dict[str, Any] = {name: getattr(customer, name) for name in ("subsidiary_id", "currency", *names)}
    return {**taken, **values}
