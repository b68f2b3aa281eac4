"""How a request passes through a system: a list of stages, and the few lines that walk it.

A stage is `stage(system, call) -> None | Reply | Later | LOST`: nothing means go on, a Reply ends the walk, Later(seconds)
lets time pass on the loop's clock and then goes on, LOST ends it without an answer. Stages are plain functions, so nobody
can cancel them half way: a caller that hangs up cancels only its own wait, and the rest of the walk is the loop's business.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import people
from .calls import LOST, Call, CallRecord, Dispatch, Later, Lost, Message, Outcome, PushRecord, Reply, Strike
from .faces import face
from .paths import Paths
from .people import Acted
from .records import Change, Records, Refusal, Row
from .room import Room, StateT
from .wire import Wire

if TYPE_CHECKING:
    from simulators.stores.typed import Snapshot, TypedStore

__all__ = ["LOST", "Acted", "Call", "CallRecord", "Later", "Lost", "Outcome", "Reply", "Strike", "System"]

WORD = 2**64 - 1
ResultT = TypeVar("ResultT")
Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]
Subscriber = Callable[["System[Any]", list[Change]], None]


class System(Generic[StateT]):
    """One vendor system: its records, its room (routes, wires, numbers) and the room's own state."""

    def __init__(
        self, room: Room[StateT], store: TypedStore, clock: Callable[[], int], *, seed: int = 0, settings: Any = None
    ) -> None:
        self.room, self.store, self.clock, self.seed = room, store, clock, seed
        self.settings = room.settings() if settings is None else settings
        self.records = Records(store, room.kinds, clock, room.ids, room.id_type)
        self.paths, self.stages = Paths(room.routes), room.stages
        self.service_ms, self.slowness = room.service_ms, 1.0
        self.closed_until = 0  # people cannot act before this instant
        self.strikes: dict[str, list[Strike]] = {"arrival": [], "before": [], "after": []}
        self.subscribers: list[Subscriber] = []  # the room's own: told of committed changes
        self.delivery: list[Callable[[Message], list[Dispatch] | None]] = []
        self.post: Post | None = None
        self.on_call: Callable[[CallRecord], None] | None = None
        self.on_change: Callable[[Change], None] | None = None
        self.on_push: Callable[[PushRecord], None] | None = None
        self.draws: dict[str, list[int]] = {}  # [stream, calls so far] by operation: chance is drawn by meaning
        self.in_flight = self.served = 0
        self.wires: dict[str, Wire] = {w.name.lower(): w for w in room.wires}
        self.state: StateT = room.open(self)
        room.adopt(self, self.wires)
        self.app = face(self)

    # -- calls ------------------------------------------------------------------------------------
    async def serve(self, call: Call) -> Reply | Lost:
        """Answer a call. Whoever awaits this may give up at any time; the work goes on and the effect comes."""
        reply = self.begin(call)
        if reply is not None:
            return reply
        assert call.answer is not None
        return await call.answer

    def begin(self, call: Call) -> Reply | Lost | None:
        """Start a call, and end it when no time has to pass; None: the answer will arrive in call.answer."""
        call.at = self.clock()
        self.in_flight += 1
        reply = self.walk(call, 0)
        if reply is None:
            call.answer = asyncio.get_running_loop().create_future()
        return reply

    def turn_away(self, call: Call, refusal: Refusal) -> Reply | Lost:
        """Refuse a call at the threshold, before any stage: on record, without effect."""
        call.at = self.clock()
        self.in_flight += 1
        return self._leave(call, self.refuse(call, refusal))

    def walk(self, call: Call, start: int) -> Reply | Lost | None:
        """Run the stages from `start`; None when time must pass first (the answer then arrives in call.answer)."""
        reply: Reply | Lost | None = None
        stages = self.stages
        index = start
        try:
            for stage in stages[start:] if start else stages:
                outcome = stage(self, call)
                index += 1
                if outcome is not None:
                    if type(outcome) is Later:
                        asyncio.get_running_loop().call_later(outcome.seconds, self._resume, call, index, outcome.then)
                        return None
                    reply = outcome  # type: ignore[assignment]
                    break
            assert reply is not None, f"the stages of {self.room.vendor} end without an answer"
        except BaseException:  # our own fault, never dressed up as the vendor's 500
            self.in_flight -= 1
            for leave in call.leaving:
                leave(self, call, None)
            raise
        return self._leave(call, reply)

    def _leave(self, call: Call, reply: Reply | Lost) -> Reply | Lost:
        for leave in call.leaving:
            reply = leave(self, call, reply) or reply
        self.served += 1
        if self.on_call is not None:
            self.on_call(self._record(call, reply))
        self.in_flight -= 1
        return reply

    def _resume(self, call: Call, index: int, then: Reply | Lost | None) -> None:
        answer = call.answer
        assert answer is not None
        try:
            reply = self.walk(call, index) if then is None else self._leave(call, then)
        except Exception as error:  # without this the caller would wait for ever
            if answer.done():
                raise
            answer.set_exception(error)
            return
        if reply is not None and not answer.done():  # done: the caller hung up; the work stands
            answer.set_result(reply)

    def _record(self, call: Call, reply: Reply | Lost) -> CallRecord:
        headers = call.headers
        return CallRecord(
            call.at, self.clock(), call.method, call.path, call.operation, call.user, reply.status if reply is not LOST else 0,
            call.error, call.key or (call.args[-1] if call.args else ""),
            hashlib.blake2b(call.body, digest_size=8).hexdigest() if call.body else "",
            headers.get(b"x-correlation-id", b"").decode("latin-1"), bool(call.changes), call.wait_ms, self.in_flight, call.found,
        )  # fmt: skip

    def draw(self, meaning: str) -> float:
        """A number in [0, 1) for the n-th time something of that meaning happens here: (seed, vendor, meaning, n), never order of draws."""
        held = self.draws.get(meaning)
        if held is None:
            text = f"{self.seed}|{self.room.vendor}|{meaning}".encode()
            held = self.draws[meaning] = [int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big"), 0]
        held[1] += 1
        mixed = (held[0] + held[1] * 0x9E3779B97F4A7C15) & WORD  # splitmix64: a hash a call would cost more than the route
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & WORD
        return ((mixed ^ (mixed >> 31)) >> 11) / 9007199254740992.0

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        """The refusal in the vendor's words; the only way stages and handlers should word one."""
        call.error = refusal.code
        return self.room.refuse(self, call, refusal)

    # -- writing ----------------------------------------------------------------------------------
    def transact(self, work: Callable[[], ResultT]) -> ResultT:
        """Run `work` as one transaction; when it is committed, tell the listeners what changed."""
        with self.store.atomic() as done:
            result = work()
        self.settle(done.changes)
        return result

    def settle(self, changes: list[Change]) -> None:
        """Tell the world and the room's subscribers what was just committed."""
        if not changes:
            return
        if self.on_change is not None:
            for change in changes:
                self.on_change(change)
        for subscriber in self.subscribers:
            subscriber(self, changes)

    # -- people, at the vendor's own screens ------------------------------------------------------
    def act(self, verb: str, kind: str, key: str, values: Mapping[str, Any], *, user: str, at: int) -> Acted:
        """A person does `verb` to the record `key` (natural key or 'id:<id>'). Raises Refusal; then nothing has changed."""
        if self.clock() < self.closed_until:
            raise Refusal("unavailable", f"{self.room.vendor} is down")
        return self.transact(lambda: people.act(self.records, verb, kind, key, values=values, user=user, at=at))

    def seed_rows(self, rows: list[tuple[str, str, Mapping[str, Any]]], *, user: str) -> list[Acted]:
        """Create rows [(kind, natural key, values), ...] in order, all or none. Raises Refusal."""
        at = self.clock()
        return self.transact(
            lambda: [people.act(self.records, "create", k, key, values=v, user=user, at=at) for k, key, v in rows]
        )

    def look(self, kind: str, **equals: Any) -> list[dict[str, Any]]:
        """Live records a person can see, by equality of domain fields, ordered by id; refs are ids."""
        return people.look(self.store, self.records, kind, equals)

    def row(self, kind: str, key: str) -> Row:
        """The live record by natural key or 'id:<id>', or None."""
        return self.records.keyed(kind, key)

    # -- state ------------------------------------------------------------------------------------
    @property
    def position(self) -> int:
        return self.store.position

    def changes(self, since_seq: int = 0) -> list[Change]:
        """Committed changes after `since_seq`, oldest first."""
        return self.store.since(since_seq)

    def adopt(self, *wires: Wire) -> None:
        """Take these declarations, by name, in place of the ones held: this is all that drift has to do."""
        self.wires.update({w.name.lower(): w for w in wires})
        self.room.adopt(self, self.wires)

    def snapshot(self) -> Snapshot:
        return self.store.snapshot()

    def restore(self, image: Snapshot) -> None:
        """Put the records back as they were. Only between calls: a call under way would resume in another world."""
        assert not self.in_flight, f"{self.in_flight} calls under way; restore only between calls"
        self.store.restore(image)
        self.room.adopt(self, self.wires)

    def reset(self) -> None:
        """Begin again on an empty store, as if just opened: no rows, no log, the room's state new. Listeners and strikes stay."""
        assert not self.in_flight, f"{self.in_flight} calls under way; reset only between calls"
        self.room.close(self)
        self.store.wipe()
        self.subscribers.clear()
        self.draws.clear()
        self.wires = {w.name.lower(): w for w in self.room.wires}
        self.state = self.room.open(self)
        self.room.adopt(self, self.wires)

    def digest(self) -> str:
        """A digest of all rows, in id order: the same rows give the same digest, however they came about."""
        return self.store.digest()

    def close(self) -> None:
        self.room.close(self)
        self.store.close()
