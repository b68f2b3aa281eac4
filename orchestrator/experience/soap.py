"""Salesforce Outbound Messages: read one safely, and acknowledge it.

Expat without any DTD: a document type is refused before an entity can be declared. Depth, elements and size are
bounded. Source: SOAP API Developer Guide, "Outbound Messaging" and "Understanding Notifications" (memory; shapes checked
against crm-apis 1.14 of our reference notes, read 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from orchestrator.errors import OrchestratorError

BODY_MAX = 1_048_576
DEPTH_MAX = 16
ELEMENTS_MAX = 20_000
NOTIFICATIONS_MAX = 100

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}"><soapenv:Body>'
    f'<notificationsResponse xmlns="{OUTBOUND}"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
).encode()
ACK_TYPE = "text/xml; charset=utf-8"


class Unreadable(OrchestratorError):
    """The bytes are no outbound message; the text says why."""


@dataclass(frozen=True)
class Notification:
    """One notification. `kind` is the object's name; no fields: the record is gone."""

    id: str
    kind: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """One outbound message. Session ids and URLs are not kept."""

    organization_id: str
    action_id: str
    notifications: tuple[Notification, ...]


@dataclass
class _Element:
    name: str
    kind: str = ""
    text: str = ""
    nil: bool = False
    children: list[_Element] = field(default_factory=list)

    def child(self, name: str) -> _Element | None:
        return next((child for child in self.children if child.name == name), None)

    def value(self, name: str) -> str:
        child = self.child(name)
        return "" if child is None else child.text.strip()


def read(body: bytes) -> Message:
    """Read one message. Raises Unreadable for anything that is not exactly one."""
    if len(body) > BODY_MAX:
        raise Unreadable(f"{len(body)} bytes, at most {BODY_MAX}")
    root = _Reader().read(body)
    if root.name != f"{ENVELOPE} Envelope":
        raise Unreadable(f"the root is {root.name}, not a SOAP envelope")
    envelope = root.child(f"{ENVELOPE} Body")
    notifications = envelope.child(f"{OUTBOUND} notifications") if envelope is not None else None
    if notifications is None:
        raise Unreadable("no notifications in the body")
    found = [child for child in notifications.children if child.name == f"{OUTBOUND} Notification"]
    if not 1 <= len(found) <= NOTIFICATIONS_MAX:
        raise Unreadable(f"{len(found)} notifications, between 1 and {NOTIFICATIONS_MAX} are possible")
    head = notifications.value(f"{OUTBOUND} OrganizationId"), notifications.value(f"{OUTBOUND} ActionId")
    if not all(head):
        raise Unreadable("OrganizationId or ActionId is missing")
    return Message(*head, tuple(_notification(element) for element in found))


def _notification(element: _Element) -> Notification:
    id, record = element.value(f"{OUTBOUND} Id"), element.child(f"{OUTBOUND} sObject")
    if not id:
        raise Unreadable("a notification without Id")
    if record is None:
        return Notification(id, "", {})
    fields = {child.name.rpartition(" ")[2]: child.text for child in record.children if not child.nil}
    return Notification(id, record.kind.rpartition(":")[2], fields)


class _Reader:
    """Builds elements from expat's events; refuses what it should not build."""

    def __init__(self) -> None:
        self._open: list[_Element] = []
        self._root: _Element | None = None
        self._elements = 0

    def read(self, body: bytes) -> _Element:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise Unreadable(f"no XML: {error}") from error
        assert self._root is not None, "expat ended without a root and without an error"
        return self._root

    def _doctype(self, *_declared: object) -> None:
        raise Unreadable("a document type declaration is not accepted")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX or len(self._open) >= DEPTH_MAX:
            raise Unreadable(f"more than {ELEMENTS_MAX} elements or {DEPTH_MAX} levels")
        kind = attributes.get(f"{SCHEMA_INSTANCE} type", "")
        nil = attributes.get(f"{SCHEMA_INSTANCE} nil") in ("true", "1")
        element = _Element(name, kind, nil=nil)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text
