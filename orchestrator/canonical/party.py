"""Who the firm sells to."""

from __future__ import annotations

import msgspec


class Address(msgspec.Struct, frozen=True):
    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class Party(msgspec.Struct, frozen=True):
    """One account as the CRM tells it. `segment` is strategic or standard; `tax_id` is empty when none is known."""

    number: str
    name: str
    address: Address = Address()
    tax_id: str = ""
    segment: str = "standard"
    website: str = ""


class Customer(msgspec.Struct, frozen=True):
    """The billing customer of one account at one legal entity, to be upserted in the ERP under `eid`."""

    eid: str
    account: str
    entity: str
    name: str
    currency: str
    terms: str
    email: str
    address: Address = Address()
    tax_id: str = ""
