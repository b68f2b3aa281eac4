"""Puts the routes together. Only async endpoints and no middleware with threads: it also runs on a virtual clock."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.experience import clerks, intake, status
from orchestrator.experience.operations import Parts
from orchestrator.experience.people import CONSUMER, People
from orchestrator.experience.problems import Problem, answer, install
from orchestrator.experience.soap import BODY_MAX


def build(parts: Parts) -> ASGIApp:
    """The HTTP face of one orchestrator."""
    app = FastAPI(title="Orchestrator", docs_url=None, redoc_url=None, redirect_slashes=False)
    people = People(parts.tokens, parts.clock, budget=parts.consumer or CONSUMER)
    install(app)
    app.include_router(intake.router(parts))
    app.include_router(clerks.router(parts, people))
    app.include_router(status.router(parts, people))
    return Counted(BodyLimit(app, BODY_MAX), parts)


class BodyLimit:
    """Reads a body before anybody parses it, up to a limit; longer ones are refused unread."""

    def __init__(self, app: ASGIApp, size_max: int) -> None:
        self._app, self._max = app, size_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return None  # the caller hung up before it had said what it wants
            body, more = body + message.get("body", b""), message.get("more_body", False)
            if len(body) > self._max:
                refused = answer(Problem(413, "too_large", f"at most {self._max} bytes"))
                return await refused(scope, receive, send)
        return await self._app(scope, _replayed(body, receive), send)


class Counted:
    """Counts every answer by route and status."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app, self._parts = app, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, counted)

    def _note(self, scope: Scope, code: int) -> None:
        route = getattr(scope.get("route"), "path", "none")  # the pattern, never the path: it may hold a secret
        self._parts.metrics.count("consumer_requests", route, str(code))
        if code == 429:
            self._parts.log.event("consumer-throttled", route=route)
        elif code in (401, 403):
            self._parts.log.event("consumer-refused", route=route, status=code)


def _replayed(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
