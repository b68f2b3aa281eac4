"""Events that are pushed to us. Told "yes" only after the inbox has committed; anything else is sent again by the sender.

200 Ack             every notification is kept, or known already
400 unreadable      not an outbound message: quarantined with the reason, once, and counted
401 / 403 stranger  path secret, organization or action do not fit: counted, nothing is kept
409 conflict        an id we know names another record now: quarantined; the others of the message are kept
413 too_large       more than a message can be
503 full            the inbox is full: nothing is taken, the sender comes again
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from orchestrator.canonical.events import Notice
from orchestrator.errors import Full
from orchestrator.experience import soap
from orchestrator.experience.answers import declared, plain
from orchestrator.experience.operations import Parts, Topic
from orchestrator.experience.problems import Problem

SOURCE = "salesforce"
VERSION_FIELDS = ("SystemModstamp", "LastModifiedDate")


def router(parts: Parts) -> APIRouter:
    """The routes of intake."""
    routes = APIRouter()

    said = {200: plain("text/xml", "Kept, or known already"), **declared(400, 401, 403, 409, 413, 422, 503)}
    taken = {"requestBody": {"required": True, "content": {"text/xml": {"schema": {"type": "string"}}}}}

    @routes.post("/intake/salesforce/{secret}", response_class=Response, responses=said, openapi_extra=taken)
    async def salesforce(secret: str, request: Request) -> Response:
        if not hmac.compare_digest(secret.encode(), parts.sender.secret.encode()):
            raise _refused(parts, Problem(401, "stranger", "no such door"))
        body = await request.body()
        try:
            message = soap.read(body)
        except soap.Unreadable as error:
            raise _unreadable(parts, body, str(error)) from error
        topic = _authentic(parts, message)
        return _kept(parts, body, message, topic)

    return routes


def _authentic(parts: Parts, message: soap.Message) -> Topic:
    """The topic of the action; Salesforce ids are the same in 15 and in 18 characters."""
    actions = {action[:15]: topic for action, topic in parts.sender.actions.items()}
    topic = actions.get(message.action_id[:15])
    if message.organization_id[:15] != parts.sender.organization_id[:15]:
        raise _refused(parts, Problem(403, "stranger", f"organization {message.organization_id[:18]} is not ours"))
    if topic is None:
        raise _refused(parts, Problem(403, "stranger", f"action {message.action_id[:18]} is not ours"))
    return topic


def _kept(parts: Parts, body: bytes, message: soap.Message, topic: Topic) -> Response:
    """Keep what the message says and acknowledge it."""
    notices = []
    for notification in message.notifications:
        notice = _notice(notification, topic)
        if notice is None:
            parts.inbox.quarantine(SOURCE, topic.name, f"{notification.id}: no {topic.kind} with an id", body)
            parts.metrics.count("intake_messages", SOURCE, "quarantined")
        else:
            notices.append(notice)
    try:
        verdicts = parts.inbox.accept(SOURCE, notices)
    except Full:
        parts.log.event("intake-pushed-back", source=SOURCE, notifications=len(notices))
        parts.metrics.count("intake_messages", SOURCE, "pushed_back")
        raise
    for notice, verdict in zip(notices, verdicts, strict=True):
        parts.metrics.count("intake_messages", SOURCE, verdict)
        parts.log.event(
            "intake-accepted", source=SOURCE, id=notice.id, topic=notice.topic, subject=notice.subject, verdict=verdict
        )
    parts.ring()
    if "conflict" in verdicts:
        wrong = [notice.id for notice, verdict in zip(notices, verdicts, strict=True) if verdict == "conflict"]
        raise Problem(409, "conflict", f"{', '.join(wrong)} named another record before", owner="crm administration")
    return Response(soap.ACK, 200, media_type=soap.ACK_TYPE)


def _notice(notification: soap.Notification, topic: Topic) -> Notice | None:
    """What a notification says; None when it is about nothing we could look up."""
    fields = notification.fields
    record = fields.get("Id", "").strip()
    if notification.kind != topic.kind or not record:
        return None
    subject = (fields.get(topic.subject_field, "").strip() or record) if topic.subject_field else record
    return Notice(notification.id, topic.name, subject, _version(fields), dict(fields))


def _version(fields: Mapping[str, str]) -> str:
    """Which state of the record it tells of: the vendor's stamp if it sends one, else a digest of what it says."""
    for name in VERSION_FIELDS:
        if fields.get(name):
            return fields[name]
    said = "\x1f".join(f"{name}={fields[name]}" for name in sorted(fields))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _refused(parts: Parts, problem: Problem) -> Problem:
    parts.metrics.count("intake_messages", SOURCE, "refused")
    parts.log.event("intake-refused", source=SOURCE, status=problem.status, why=problem.detail)
    return problem


def _unreadable(parts: Parts, body: bytes, why: str) -> Problem:
    new = parts.inbox.quarantine(SOURCE, "unreadable", why, body)
    parts.metrics.count("intake_messages", SOURCE, "quarantined" if new else "deduplicated")
    parts.log.event("intake-quarantined", source=SOURCE, why=why, size=len(body))
    return Problem(
        400, "unreadable", why, owner="crm administration", remediation="send an outbound message as Salesforce makes it"
    )
