"""How these designs take the CRM's messages: read a body, and say that it was taken, as SOAP outbound messages want it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

ACK = (
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse '
    b'xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>'
)
BODY_MAX = 1_000_000


async def body_of(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """The whole body of a request, or its first megabyte."""
    body, more = b"", True
    while more and len(body) < BODY_MAX:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def answer(send: Callable[[Any], Awaitable[None]], status: int) -> None:
    """Answer, with an acknowledgement when it went well."""
    headers = [(b"content-type", b"text/xml; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": ACK if status == 200 else b""})
