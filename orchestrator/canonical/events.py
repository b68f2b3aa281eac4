"""Domain events the orchestrator publishes, and the intake messages it accepts: names, shapes, versions."""

from __future__ import annotations

from typing import Any

import msgspec

from orchestrator.canonical.billing import Invoice
from orchestrator.canonical.contract import Contract

VERSION = 1


class Published(msgspec.Struct, frozen=True):
    """One published domain event. `type` carries its schema version; `subject` is a business key."""

    type: str
    subject: str
    body: dict[str, Any] = {}


class Notice(msgspec.Struct, frozen=True):
    """One message from outside, as intake keeps it: a hint that `subject` changed. `id` is the sender's id of it."""

    id: str
    topic: str
    subject: str
    version: str = ""
    body: dict[str, Any] = {}


def project_activated(sow: str, entity: str, job: str, workspace: str) -> Published:
    return Published("project.activated.v1", sow, {"entity": entity, "job": job, "workspace": workspace})


def contract_amended(contract: Contract) -> Published:
    body = {"version": contract.terms_version, "cap": contract.cap, "end_on": contract.end_on}
    return Published("contract.amended.v1", contract.sow, body)


def deal_withdrawn(sow: str) -> Published:
    return Published("deal.withdrawn.v1", sow)


def invoice_created(invoice: Invoice) -> Published:
    body = {
        "invoice": invoice.key,
        "number": invoice.number,
        "net": invoice.net,
        "gross": invoice.gross,
        "currency": invoice.currency,
    }
    return Published("invoice.created.v1", invoice.sow, body)


def work_parked(sow: str, source: str, code: str, net: int, currency: str) -> Published:
    return Published("work.parked.v1", sow, {"source": source, "code": code, "net": net, "currency": currency})
