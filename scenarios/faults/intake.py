"""Faults of pushes on their last yards: poisoned, forged, replayed, and all at once after an outage of the way to us.

They wrap `system.post`, the wire on which a vendor's messages travel, so that a strike meets every attempt and the vendor's own
redelivery goes on as it would. What the world itself sends is told to the history as a push with attempt 0.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from scenarios.faults.kinds import ALWAYS, HOUR_MS, LONG_MS, MINUTE_MS, TIMES, Drawn, FaultKind, Parameter, Site
from scenarios.faults.planted import Planted
from scenarios.history import Push

NOTIFICATION = re.compile(rb"<Notification><Id>([^<]+)</Id>")
Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]


class Sent(NamedTuple):
    """A push as it went out."""

    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        found = NOTIFICATION.search(self.body)
        return found[1].decode() if found else ""


class Mail:
    """The way of one system's pushes to us: the world's own sender, and a memory of tasks that still post."""

    def __init__(self, fault: Planted, site: Site) -> None:
        self.fault, self.system = fault, site.systems[fault.fault.target]
        self.onward: Post = self.system.post
        self.tasks: dict[int, asyncio.Task[None]] = {}

    def later(self, push: Sent, delay_ms: int) -> None:
        """Send one of the world's own, after a while."""
        task = asyncio.get_running_loop().create_task(self.send(push, delay_ms), name=f"{self.fault.fault.id} {push.id}")
        self.tasks[id(task)] = task
        task.add_done_callback(lambda done: self.tasks.pop(id(done), None))

    async def send(self, push: Sent, delay_ms: int) -> None:
        await asyncio.sleep(delay_ms / 1000)
        try:
            status, _ = await self.onward(*push)
        except OSError:
            status = 0
        fault = self.fault
        fault.record(Push(fault.clock(), fault.fault.target, push.id, "", 0, status, ""))


def plant_poison(fault: Planted, site: Site) -> None:
    """A struck message is unreadable, or about nothing, at every attempt: only a sweep finds what it would have told."""
    mail = Mail(fault, site)
    cut = fault.parameter("mode") == "unreadable"
    poisoned: dict[str, bool] = {}

    async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        push = Sent(url, headers, body)
        first = push.id not in poisoned
        if first:
            poisoned[push.id] = fault.is_on() and fault.hits(push.id)
        if not poisoned[push.id]:
            return await mail.onward(url, headers, body)
        if not first:
            fault.struck(push.id)
        bad = body[: len(body) // 2] if cut else body.replace(b'xsi:type="sf:', b'xsi:type="sf:Un')
        return await mail.onward(url, headers, bad)

    mail.system.post = post


def plant_flood(fault: Planted, site: Site) -> None:
    """The way to us is closed for the window; at its end everything held comes at once, many times, and then the vendor's own."""
    mail = Mail(fault, site)
    held: dict[str, Sent] = {}

    async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if not fault.is_on():
            return await mail.onward(url, headers, body)
        push = Sent(url, headers, body)
        held[push.id] = push
        raise ConnectionRefusedError("nobody listens")

    def burst() -> None:
        for push in held.values():
            for _ in range(int(fault.parameter("copies"))):
                fault.struck(push.id)
                mail.later(push, 0)

    fault.at(fault.window[1], burst)
    mail.system.post = post


def plant_forgery(fault: Planted, site: Site) -> None:
    """Beside a struck message comes a false one: a wrong door, organization or action; or the same message days later."""
    mail = Mail(fault, site)
    mode = str(fault.parameter("mode"))

    async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        push = Sent(url, headers, body)
        if fault.is_on() and fault.hits(push.id):
            mail.later(FORGED[mode](push), int(fault.parameter("delay_ms")))
        return await mail.onward(url, headers, body)

    mail.system.post = post


def other(push: Sent, name: str) -> Sent:
    """The message with another value of one element, of the same shape."""

    def turned(found: re.Match[bytes]) -> bytes:
        return found[1] + bytes(reversed(found[2])) + found[3]

    return push._replace(body=re.sub(rf"(<{name}>)([^<]+)(</{name}>)".encode(), turned, push.body))


FORGED: dict[str, Callable[[Sent], Sent]] = {
    "door": lambda push: push._replace(url=push.url + "-guessed"),
    "organization": lambda push: other(push, "OrganizationId"),
    "action": lambda push: other(push, "ActionId"),
    "replay": lambda push: push,
}
SAID = Parameter("unreadable", "half a message, or one about an unknown kind of record", words=("unreadable", "unknown"))
FORGERY = Parameter("door", "what is wrong with it; replay: the very message, long after", words=tuple(FORGED))
KINDS: tuple[FaultKind, ...] = (
    FaultKind("F-19", "a poisoned push", "delivery", plant_poison, ("crm",), {"mode": SAID, "times": TIMES}),
    FaultKind("F-22", "no way to us for a while, then everything at once and many times", "delivery", plant_flood, ("crm",),
              {"copies": Parameter(20, "how often each held push comes", 1, 10_000)}, windowed=True,
              drawn=Drawn((10 * MINUTE_MS, 6 * HOUR_MS), ALWAYS, {"copies": (2, 50)})),
    FaultKind("F-24", "a forged or replayed push", "delivery", plant_forgery, ("crm",),
              {"mode": FORGERY, "delay_ms": Parameter(30 * HOUR_MS, "until the false one, ms")}, drawn=Drawn(LONG_MS)),
)  # fmt: skip
