"""Outbound Messages: the SOAP push Salesforce makes until somebody acknowledges it.

There is no signature: a message is authentic when the path's secret, the organisation and the action are the agreed ones.
It is a hint only; the body holds the record as it was at send time. Source: Outbound Messaging (read), 2026-11.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from orchestrator.canonical.events import Notice

TOPIC = "crm.sold"
BYTES_MAX = 1_000_000
NOTIFICATIONS_MAX = 100
SUBJECTS = {"Opportunity": ("Opportunity_Number__c", "opportunity"), "SOW__c": ("SOW_Number__c", "sow")}

ACKNOWLEDGED = (
    b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


class Unreadable(ValueError):
    """A message that is no outbound message; the text says what is wrong with it."""


class Stranger(ValueError):
    """A message of another organisation or action."""


def notices(body: bytes, organization: str, actions: frozenset[str]) -> list[Notice]:
    """Return the notices of one message. Raises Unreadable or Stranger."""
    root = _parsed(body)
    found = next((node for node in root.iter() if _local(node) == "notifications"), None)
    if found is None:
        raise Unreadable("no <notifications> in the body")
    sender, action = _text(found, "OrganizationId"), _text(found, "ActionId")
    if sender[:15] != organization[:15] or (actions and action[:15] not in {known[:15] for known in actions}):
        raise Stranger(f"organisation {sender or '-'} action {action or '-'} is not known here")
    messages = [node for node in found if _local(node) == "Notification"]
    if not 1 <= len(messages) <= NOTIFICATIONS_MAX:
        raise Unreadable(f"{len(messages)} notifications; wanted 1 to {NOTIFICATIONS_MAX}")
    return [_notice(node) for node in messages]


def _parsed(body: bytes) -> ET.Element:
    if len(body) > BYTES_MAX:
        raise Unreadable(f"{len(body)} bytes; at most {BYTES_MAX}")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Unreadable("document type declarations are not accepted")
    try:
        return ET.fromstring(body)  # noqa: S314  entities are refused above
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"not XML: {error}") from error


def _notice(node: ET.Element) -> Notice:
    record = next((child for child in node if _local(child) == "sObject"), None)
    if record is None:
        raise Unreadable("a notification without its record")
    kind = next((value.rpartition(":")[2] for name, value in record.attrib.items() if name.endswith("}type")), "")
    if kind not in SUBJECTS:
        raise Unreadable(f"a record of type {kind or '-'}; known: {', '.join(SUBJECTS)}")
    fields = {_local(child): child.text or "" for child in record}
    field, subject_kind = SUBJECTS[kind]
    identity = _text(node, "Id")
    if not identity:
        raise Unreadable("a notification without an id")
    body = {"kind": subject_kind, "id": fields.get("Id", ""), "modstamp": fields.get("SystemModstamp", "")}
    return Notice(identity, TOPIC, fields.get(field, "") or fields.get("Id", ""), fields.get("SystemModstamp", ""), body)


def _text(node: ET.Element, name: str) -> str:
    return next((child.text or "" for child in node if _local(child) == name), "")


def _local(node: ET.Element) -> str:
    return str(node.tag).rpartition("}")[2]
