"""A feed of events that clients poll: derived from the change log, unordered, sometimes double, kept for a while.

The world bends it by the same hooks as pushes (`system.delivery`): an event may be left out, come late, or come twice.
Which events come twice by themselves, and in what order a page shows them, is drawn by meaning (seed, event), never by draw order.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Any, NamedTuple

from simulators.kernel.calls import Message
from simulators.kernel.records import Change
from simulators.kernel.stages import System

Translate = Callable[[System[Any], Change], "Event | None"]


class Event(NamedTuple):
    """One event as the room makes it; `body` is what the vendor shows of it."""

    id: str
    at: int
    subject: str
    body: dict[str, Any]


class Shown(NamedTuple):
    seen_at: int  # the instant from which a poll finds it
    order: int
    event: Event


class Feed:
    """`translate` makes an event of a change, or None. `double_share` of the events show twice, `late_ms` later each."""

    def __init__(
        self, translate: Translate, *, keep_ms: int, double_share: float = 0.0, late_ms: int = 60_000, most: int = 1_000_000
    ) -> None:
        self.translate, self.keep_ms, self.double_share, self.late_ms, self.most = translate, keep_ms, double_share, late_ms, most
        self.shown: list[Shown] = []  # by seen_at

    def listen(self, system: System[Any], changes: list[Change]) -> None:
        """Subscribe this: `system.subscribers.append(feed.listen)`."""
        for change in changes:
            event = self.translate(system, change)
            if event is not None:
                for delay_ms in self._delays(system, event):
                    insort(
                        self.shown,
                        Shown(event.at + delay_ms, draw(system.seed, f"{event.id}|{delay_ms}"), event),
                        key=lambda s: s[:2],
                    )
        self._forget(system.clock())

    def rebuild(self, system: System[Any]) -> None:
        """Start again from the log, as after a restore."""
        self.shown.clear()
        self.listen(system, system.changes(0))

    def events(self, now: int, *, after: int, before: int) -> list[Event]:
        """What a poll at `now` finds of the events that happened in [after, before]; in no useful order; doubles stay."""
        self._forget(now)
        seen = self.shown[: bisect_left(self.shown, now + 1, key=lambda s: s.seen_at)]
        floor = max(after, now - self.keep_ms)
        found = [s for s in seen if floor <= s.event.at <= before]
        found.sort(key=lambda s: s.order)
        return [s.event for s in found]

    def _delays(self, system: System[Any], event: Event) -> list[int]:
        message = Message(event.id, event.subject, "feed", "", {}, b"", event.at)
        wanted = next((found for hook in system.delivery if (found := hook(message)) is not None), None)
        if wanted is not None:
            return [dispatch.delay_ms for dispatch in wanted]
        twice = draw(system.seed, f"twice|{event.id}") < self.double_share * 2**32
        return [0, self.late_ms] if twice else [0]

    def _forget(self, now: int) -> None:
        horizon = now - self.keep_ms
        if self.shown and (self.shown[0].event.at < horizon or len(self.shown) > self.most):
            self.shown = [s for s in self.shown if s.event.at >= horizon][-self.most :]


def draw(seed: int, meaning: str) -> int:
    """32 bits by meaning."""
    return int.from_bytes(hashlib.blake2b(f"{seed}|feed|{meaning}".encode(), digest_size=4).digest(), "big")
