"""Outbound messages spoilt in any way: refused, or quarantined with a reason and counted; the business hears of nothing it should not."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.orchestrator.experience.face import message, through, won

FEW = settings(max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
GOOD = message(won())
TAGS = (
    b"Notification",
    b"notifications",
    b"sObject",
    b"Id",
    b"OrganizationId",
    b"ActionId",
    b"sf:",
    b"soapenv:Body",
    b"xsi:type",
    b'"',
    b"<",
    b">",
    b"/",
)
ODD = st.sampled_from(
    (
        b"",
        b"<",
        b"&",
        b"]]>",
        b"<![CDATA[",
        b"\x00",
        b"\xff",
        b"&#0;",
        b"&x;",
        b"<!--",
        b"<?x?>",
        b"<a>",
        b"</a>",
        b"<!DOCTYPE a>",
    )
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good message with some bytes cut out, put in, or a name replaced."""
    body = GOOD
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 40))
            body = body[:at] + draw(ODD | st.binary(max_size=8)) + body[at + length :]
        else:
            body = body.replace(draw(st.sampled_from(TAGS)), draw(ODD | st.sampled_from(TAGS)), draw(st.integers(1, 3)))
    return body


@FEW
@given(body=spoilt() | st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_spoilt_messages_are_refused_or_quarantined_with_a_reason(body: bytes) -> None:
    """200, 400 or 403, never anything else; unreadable: one row with its reason, counted; a stranger's: counted only; nothing else is written."""

    async def act(face):
        answer = await face.push(body)
        kept = {state: n for topic in face.parts.inbox.counts().values() for state, n in topic.items() if n}
        rows = face.parts.engine.db.rows("select state, reason from inbox")
        rest = (
            face.parts.desk.acts(),
            face.parts.audit.length(),
            face.parts.outbox.counts(),
            await face.parts.engine.runs(limit=9),
        )
        refused = face.parts.metrics.value("intake_messages", "salesforce", "refused")
        return answer, kept, rows, rest, refused, face.business.heard

    answer, kept, rows, rest, refused, heard = through(act, serve=False)
    assert rest == ({}, 0, {"pending": 0, "sent": 0}, [])
    assert heard == []
    assert answer.status in (200, 400, 403)
    if answer.status == 403:
        assert (kept, rows, refused) == ({}, [], 1)
        return
    assert len(rows) == sum(n for state, n in kept.items() if state != "accepted") == 1
    assert refused in (0, None)
    if answer.status == 400:
        assert rows[0][0] == "quarantined"
        assert rows[0][1]
        assert set(answer.json) == {"code", "class", "retryable", "owner", "remediation", "detail"}
    else:
        assert rows[0][0] == "pending" or rows[0][1]
