"""Outbound Messages this org sends us: which action tells what, and how to read a hint. The envelope is read at the door, not here.

A message is a hint only: its body holds the record as it was at send time, and it may come late, twice or out of order.
Source: Outbound Messaging (read), 2026-11.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.canonical.events import Notice

WON, SIGNED = "crm.won", "crm.signed"


class Pushed(NamedTuple):
    """One workflow rule's message: our topic, the object it sends, the field that holds the business key."""

    topic: str
    kind: str
    subject_field: str


PUSHES = (Pushed(WON, "Opportunity", "Opportunity_Number__c"), Pushed(SIGNED, "SOW__c", "SOW_Number__c"))


def is_signature(notice: Notice) -> bool:
    """Whether the notice tells of a SOW's signature; else it tells of an opportunity."""
    return notice.topic == SIGNED
