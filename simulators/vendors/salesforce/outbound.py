"""Outbound messages: when a deal becomes Closed Won or a statement of work becomes Signed, a SOAP notification goes out.

At least once, in no promised order, until the receiver answers `<Ack>true</Ack>`; the body is the record as it is when it is
sent, not when the rule fired; after 24 hours the message is given up; of a record deleted meanwhile only the id is told. The
mechanics of delivery are `behaviours/delivery.py`; faults bend them there. Source: reference 1.14 (documentation), envelope by
published listener examples (read), 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from simulators.behaviours.delivery import Delivery, Job, Lane, Redelivery
from simulators.kernel.calls import Message
from simulators.kernel.records import Change, Row
from simulators.kernel.stages import System
from simulators.kernel.wire import Wire

from .ids import ACTION, NOTIFICATION, long_id, numbered
from .settings import PushTarget

NUMBERS = Redelivery(
    first_ms=60_000, factor=2.0, gap_max_ms=2 * 3_600_000, keep_ms=24 * 3_600_000, timeout_ms=60_000, at_once=5, queue_max=10_000
)
ACKNOWLEDGED = re.compile(rb"<(?:\w+:)?Ack>\s*true\s*</(?:\w+:)?Ack>")
API_VERSION = "67.0"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    '<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{org}</OrganizationId>'
    '<ActionId>{action}</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>{enterprise}</EnterpriseUrl>'
    "<PartnerUrl>{partner}</PartnerUrl><Notification><Id>{id}</Id>{record}</Notification></notifications>"
    "</soapenv:Body></soapenv:Envelope>"
)
SOBJECT = '<sObject xsi:type="sf:{type}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{fields}</sObject>'


@dataclass(frozen=True)
class Rule:
    """A workflow rule with its message. `number` makes the ActionId; `fields` are what the message carries besides the id."""

    name: str
    number: int
    kind: str
    meets: Callable[[Row], bool]
    watched: str
    fields: tuple[str, ...]


RULES = {
    r.name: r
    for r in (
        Rule(
            "opportunity_won", 1, "opportunity", lambda row: row.stage == "closed_won", "stage",
            ("Name", "StageName", "AccountId", "Amount", "CurrencyIsoCode", "CloseDate", "Opportunity_Number__c", "SystemModstamp"),
        ),
        Rule(
            "sow_signed", 2, "sow", lambda row: row.status == "signed", "status",
            ("Name", "SOW_Number__c", "Status__c", "Opportunity__c", "Account__c", "Signed_At__c", "Version__c", "SystemModstamp"),
        ),
    )
}  # fmt: skip


def action_id(rule: Rule) -> str:
    """What a listener checks beside the organization: which message of this org it is."""
    return numbered(ACTION, rule.number)


def acknowledged(status: int, body: bytes) -> bool:
    return status == 200 and ACKNOWLEDGED.search(body) is not None


class Outbound(Delivery):
    """Delivery whose body is written anew for every attempt."""

    def __init__(self, targets: tuple[PushTarget, ...]) -> None:
        super().__init__(NUMBERS, acknowledged)
        self.targets, self.made = targets, 0
        unknown = sorted({t.rule for t in targets} - set(RULES))
        assert not unknown, f"no outbound message rule {unknown}; known: {', '.join(RULES)}"

    async def _send(self, system: System[Any], lane: Lane, job: Job) -> None:
        job.message = msgspec.structs.replace(job.message, body=body_of(system, job.message))
        await super()._send(system, lane, job)


def watch(system: System[Any], changes: list[Change]) -> None:
    """Queue a message for each rule that one of these changes meets; one per record and rule, as a save is one save."""
    outbound = system.state.outbound
    for target in outbound.targets:
        rule = RULES[target.rule]
        told: list[Any] = []
        for change in changes:
            if change.kind == rule.kind and change.id not in told and fires(system, rule, target, change):
                told.append(change.id)
                enqueue(system, target, rule, str(change.id))


def fires(system: System[Any], rule: Rule, target: PushTarget, change: Change) -> bool:
    """Does this save make the record meet the rule, or, with 'every', does it still meet it?"""
    if change.op == "delete" or not (target.evaluate == "every" or rule.watched in change.values):
        return False  # before the row is read: most saves touch no rule
    row = system.store.get(system.records.kinds[rule.kind], change.id)
    return row is not None and rule.meets(row)


def enqueue(system: System[Any], target: PushTarget, rule: Rule, subject: str) -> None:
    outbound = system.state.outbound
    outbound.made += 1
    headers = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
    id = numbered(NOTIFICATION, outbound.made)
    outbound.push(system, Message(id, subject, rule.name, target.url, headers, b"", system.clock()))


def body_of(system: System[Any], message: Message) -> bytes:
    """The envelope for this message with the record as it stands now."""
    rule = RULES[message.topic]
    wire = system.state.schema.by_kind[rule.kind]
    row = system.store.get(system.records.kinds[rule.kind], message.subject)
    fields = f"<sf:Id>{message.subject}</sf:Id>" + ("" if row is None or row.deleted else told_fields(wire, row, rule))
    org = long_id(system.state.org_id[:15])
    host = f"https://{org.lower()}.my.salesforce.com"
    return ENVELOPE.format(
        org=org,
        action=action_id(rule),
        enterprise=f"{host}/services/Soap/c/{API_VERSION}/{org[:15]}",
        partner=f"{host}/services/Soap/u/{API_VERSION}/{org[:15]}",
        id=escape(message.id),
        record=SOBJECT.format(type=wire.name, fields=fields),
    ).encode()


def told_fields(wire: Wire, row: Row, rule: Rule) -> str:
    """The rule's fields that hold something, in the order of the message; a field that drift renamed is left out."""
    shown = wire.encode(row)
    return "".join(f"<sf:{n}>{xml_text(shown[n])}</sf:{n}>" for n in rule.fields if shown.get(n) is not None)


def xml_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if text.endswith("+0000"):
        text = text[:-5] + "Z"
    return escape(text)
