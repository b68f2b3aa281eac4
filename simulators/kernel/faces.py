"""A System behind ASGI: one bare callable, no framework; the kernel does not know who serves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from .calls import LOST, Call, Lost, Reply
from .records import Refusal

if TYPE_CHECKING:
    from .stages import System

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

ABORT = "rehearsal.abort"  # scope extension: a server's way to cut the connection


class ReplyLost(ConnectionError):
    """The vendor did the work, or did not, and said nothing: the caller cannot tell."""


def face(system: System[Any]) -> Asgi:
    """The vendor's ASGI callable. In process a lost reply raises ReplyLost; over sockets the connection is cut."""
    serve, most = system.serve, system.room.body_bytes_max

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await lifespan(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > most:
                break
        if message["type"] == "http.disconnect":
            return  # the caller left before it had said everything: nothing was asked
        headers = dict(scope["headers"])
        base = f"{scope['scheme']}://{headers.get(b'host', b'localhost').decode('latin-1')}"
        call = Call(scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"], headers, body, base)
        reply = await serve(call) if len(body) <= most else too_large(system, call)
        if reply is LOST:
            await lose(scope, receive)
            return
        length = (b"content-length", b"%d" % len(reply.body))
        await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, length]})
        await send({"type": "http.response.body", "body": reply.body})

    return app


def too_large(system: System[Any], call: Call) -> Reply | Lost:
    most = system.room.body_bytes_max
    return system.turn_away(call, Refusal("too_large", f"the request body exceeds {most} bytes", got=len(call.body), status=413))


async def lose(scope: Scope, receive: Receive) -> None:
    extension = scope.get("extensions", {}).get(ABORT)
    if extension is None:
        raise ReplyLost
    extension["cut"]()
    while (await receive())["type"] != "http.disconnect":  # until the server has noticed, or it would word a 500
        pass


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "lifespan":
        raise RuntimeError(f"a vendor's face serves http, not {scope['type']}")
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
