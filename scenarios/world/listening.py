"""What the systems of a world see and do, as records of the history; and what can be read from a push."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from scenarios.history import Call, Change, Push, Record

NOTIFICATION_ID = re.compile(rb"(<Notification><Id>)([^<]+)(</Id>)")
TOLD = re.compile(rb'xsi:type="sf:(?:Opportunity|SOW__c)"')
RECORD_ID = re.compile(rb"<sf:Id>([^<]+)</sf:Id>")


def listen(systems: Mapping[str, Any], take: Callable[[Record], None]) -> None:
    """Write down every call, change and push from now on."""
    for name, system in systems.items():
        system.on_call = call_listener(name, take)
        system.on_change = change_listener(name, take)
        system.on_push = push_listener(name, take)


def notification_of(body: bytes) -> str:
    """The id of the one notification a message holds."""
    found = NOTIFICATION_ID.search(body)
    return found[2].decode() if found else ""


def record_of(body: bytes) -> bytes:
    """The id of the record a message tells of."""
    found = RECORD_ID.search(body)
    return found[1] if found else b""


def tells_a_record(body: bytes) -> bool:
    """Is it about a kind of record that anybody listens for? A poisoned push may not be."""
    return TOLD.search(body) is not None


def call_listener(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    def listen(c: Any) -> None:
        take(
            Call(
                c.at,
                c.ended_at,
                name,
                c.method,
                c.path,
                c.operation,
                c.user,
                c.status,
                c.error,
                c.key,
                c.body,
                c.correlation,
                c.effect,
                c.wait_ms,
                c.in_flight,
                c.found,
            )
        )

    return listen


def change_listener(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    def listen(c: Any) -> None:
        take(Change(c.seq, c.at, name, c.kind, str(c.id), c.op, c.version, c.by, c.values))

    return listen


def push_listener(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    def listen(p: Any) -> None:
        take(Push(p.at, name, p.id, p.subject, p.attempt, p.outcome, ""))

    return listen
