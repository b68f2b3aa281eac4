"""The meaning of a run, written once for every engine: attempts, probes, passes, parking, compensation.

Engines know none of this. They replay `Journal` entries; everything here is a deterministic function of them.
A *pass* is one execution of the process function from its first line. A resubmit opens a new pass inside the
same run: done steps whose arguments did not change are reused, reads are asked again, undo is rebuilt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import msgspec

from orchestrator.engine.port import Journal, Json, NonDeterministic, Process, Signal, correlation, effect_key
from orchestrator.engine.values import fingerprint, plain, typed
from orchestrator.errors import Abandon, BusinessException, Held, Refused, Transient, Unknown
from orchestrator.policies.retry import Retry, backoff_ms

RESUBMIT, ABANDON, WAIVE, WAKE = "$resubmit", "$abandon", "$waive", "$wake"
RETRY = Retry()
_REDO = "$redo"

Clock = Callable[[], int]
Act = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Effect:
    """One thing to do, and how to find out whether it was done."""

    fn: Act
    args: tuple[Any, ...]
    probe: Act | None = None
    undo: Act | None = None
    retry: Retry = RETRY


@dataclass
class Remembered:
    """What one run knows of its earlier passes and of what it would have to undo."""

    done: dict[str, tuple[str | None, Json]] = field(default_factory=dict)
    fresh: dict[str, tuple[str | None, Json]] = field(default_factory=dict)
    undo: dict[str, tuple[Effect, Json]] = field(default_factory=dict)
    """Done effects of every pass, oldest first."""
    doubt: dict[str, Effect] = field(default_factory=dict)
    """Steps with an undo whose outcome is still unknown."""
    settles_at: dict[str, int] = field(default_factory=dict)
    """Steps that ended in the unknown: not probed before that instant, and never acted again without it."""


class DurableRun:
    """One durable run, as its process sees it. Not for use by two tasks at once. Implements `port.Run`."""

    def __init__(self, id: str, journal: Journal, clock: Clock, *, key: str = "", root: str = "") -> None:
        self.id, self.key, self.root = id, key, root or key
        self._journal, self._clock = journal, clock
        self._now = 0
        self._inbox: list[Json] = []
        self._known = Remembered()
        self._calls: dict[str, int] = {}
        self._closing = False

    def now(self) -> int:
        """The instant of the newest journal entry."""
        return self._now

    async def read(self, fn: Act, *args: Any, name: str | None = None, retry: Retry = RETRY) -> Any:
        """Ask without changing anything: never undone, and asked again on every new pass."""
        value = await self._settle(self._name(name or _named(fn)), Effect(fn, args, retry=retry))
        return typed(value, fn)

    async def step(
        self,
        fn: Act,
        *args: Any,
        name: str | None = None,
        undo: Act | None = None,
        probe: Act | None = None,
        retry: Retry = RETRY,
    ) -> Any:
        """Have one effect, once: reuse it when an earlier pass did it with the same arguments."""
        name = self._name(name or _named(fn))
        effect, print_ = Effect(fn, args, probe, undo, retry), fingerprint(args)
        was, value = self._known.done.get(name, (None, None))
        if was != print_:
            if was not in (None, _REDO) and probe is not None:
                raise BusinessException(
                    "CHANGED", f"{name} was done with other arguments: accept it with redo={name}, or abandon"
                )
            value = await self._do(name, effect)
        self._known.fresh[name] = (print_, value)
        result = typed(value, fn)
        if undo is not None:
            self._known.undo.pop(name, None)
            self._known.undo[name] = (effect, value)
        return result

    async def wait(self, signal: str, deadline: int | None) -> Signal | None:
        """The oldest unseen `signal`, or None once `deadline` has passed."""
        name = self._name("wait:" + signal)
        if name in self._known.done:
            got = self._known.done[name][1]
        else:
            detail = {"for": signal, "until": deadline}
            got = await self._next(lambda m: bool(m["signal"] == signal), name, deadline, "waiting", detail)
            if got is None:
                return None
        self._known.fresh[name] = (None, got)
        return Signal(got["signal"], plain(got["payload"]), got["at"])

    async def sleep_until(self, due: int) -> None:
        """Leave memory until `due`."""
        name = self._name("sleep")
        if due > self._now:
            await self._next(_nothing, name, due, "waiting", {"until": due})

    async def publish(self, event: Any) -> None:
        """Put a domain event in the outbox, once over all passes."""
        body = plain(event)
        kind = body.get("type") or type(event).__name__
        name = self._name("publish:" + kind)
        if name not in self._known.done:
            letter = {"type": kind, "subject": body.get("subject") or self.key, "at": self._now, "data": body}
            await self._journal.publish(name, f"{self.id}/{name}", letter)
        self._known.fresh[name] = (None, None)

    # What follows is for `conduct` alone.

    async def begin(self, version: int) -> None:
        """Write or check the first entry: the version of the code this run began with."""

        async def act() -> Json:
            return version

        began = await self._record("begin", act)
        if began != version:
            raise NonDeterministic(f"{self.id} began on version {began}, driven by version {version}")

    async def verdict(self, error: Exception) -> Json:
        """Park until an operator decides: the message that says resubmit, abandon or waive."""
        known = isinstance(error, BusinessException)
        code, why, facts = (error.code, error.why, error.facts) if known else ("DEFECT", repr(error), {})  # type: ignore[attr-defined]
        detail = {"code": code, "why": why, "facts": plain(facts), "undoing": self._closing}
        return await self._next(lambda m: m["signal"] in (RESUBMIT, ABANDON, WAIVE), "park", None, "parked", detail)

    def again(self, redo: Collection[str]) -> None:
        """Open a new pass; `redo` names steps to run again although they were done."""
        known = self._known
        merged = {**known.done, **known.fresh}
        known.done = {name: (_REDO, value) if name in redo else (print_, value) for name, (print_, value) in merged.items()}
        known.fresh, self._calls = {}, {}

    async def compensate(self) -> None:
        """Resolve what is in doubt, then undo what was done, newest first; each may park on its own."""
        self._closing = True
        for name, effect in reversed(self._known.doubt.items()):
            await self._resolve(name, effect)
        while self._known.undo:
            name, (effect, value) = next(reversed(self._known.undo.items()))
            assert effect.undo is not None, "only effects with an undo are remembered"
            await self._insist("undo:" + name, Effect(effect.undo, (typed(value, effect.fn),), retry=effect.retry))
            del self._known.undo[name]

    async def _resolve(self, name: str, effect: Effect) -> None:
        """Find out whether a step in doubt was done: by probe, else by doing it again under its own key."""
        due = self._known.settles_at.get(name, self._now + effect.retry.settle_ms)
        asking = Effect(effect.probe or effect.fn, effect.args, retry=effect.retry)
        await self._next(_nothing, f"resolve:{name}.due", due, "retrying", {"step": name, "due": due})
        found = await self._insist("resolve:" + name, asking, key=name)
        if found is not None:
            self._known.undo[name] = (effect, found)

    async def _insist(self, name: str, effect: Effect, *, key: str = "") -> Json:
        """Repeat until done or waived (None): a failure parks, a resubmit tries again."""
        while True:
            try:
                return await self._settle(self._name(name), effect, key=key)
            except BusinessException as error:
                if (await self.verdict(error))["signal"] == WAIVE:
                    return None

    async def _do(self, name: str, effect: Effect) -> Json:
        """Settle a step, keeping it in doubt while an undo would not know whether there is something to undo."""
        if effect.undo is not None:
            self._known.doubt[name] = effect
        try:
            value = await self._settle(name, effect)
        except Refused:
            self._known.doubt.pop(name, None)
            raise
        self._known.doubt.pop(name, None)
        return value

    async def _settle(self, name: str, effect: Effect, *, key: str = "") -> Json:
        """Try until the outcome is done; raise what ends it otherwise. Every attempt and every wait is an entry."""
        retry, known = effect.retry, self._known
        unsure = name in known.done or await self._settled(name)  # in `done`: done once, with other arguments
        attempt = counted = 0
        give_up_at: int | None = None
        while True:
            attempt += 1
            said = await self._record(f"{name}#{attempt}", self._attempt(key or name, effect, counted + 1, unsure=unsure))
            if said["end"] == "done":
                known.settles_at.pop(name, None)
                return said["value"]
            unsure = self._note(name, said, retry) or unsure
            counted += 0 if said.get("held") else 1
            give_up_at = give_up_at if give_up_at is not None else self._now + retry.deadline_ms
            self._end(name, said, unsure=unsure, out=counted >= retry.attempts_max or said.get("due", 0) > give_up_at)
            detail = {"step": name, "attempt": attempt, "due": said["due"], "why": said["why"], "system": said["system"]}
            wanted = _hurried if said["end"] == "transient" and not self._unsettled(name) else _nothing
            detail["wakes"] = wanted is _hurried
            await self._next(wanted, f"{name}#{attempt}.due", said["due"], "retrying", detail)

    async def _settled(self, name: str) -> bool:
        """True when an earlier pass left the step in the unknown, once that has had its time to land."""
        due = self._known.settles_at.get(name)
        if due is not None and due > self._now:
            await self._next(_nothing, f"{name}.settle", due, "retrying", {"step": name, "due": due})
        return due is not None

    def _unsettled(self, name: str) -> bool:
        return self._known.settles_at.get(name, 0) > self._now

    def _note(self, name: str, said: Json, retry: Retry) -> bool:
        """Remember an outcome that leaves the step in doubt; True when it does."""
        if said["end"] not in ("unknown", "defect"):
            return False
        self._known.settles_at[name] = self._now + retry.settle_ms
        return True

    def _end(self, name: str, said: Json, *, unsure: bool, out: bool) -> None:
        """Raise for the outcomes that end a step. A refusal after an unknown is not 'surely not done'."""
        why, facts = said["why"], said.get("facts", {})
        if said["end"] == "refused":
            raise (BusinessException if unsure else Refused)(said["code"], why, **facts)
        if said["end"] == "defect":
            raise BusinessException("DEFECT", f"{name}: {why}", step=name)
        if out:
            raise BusinessException("EXHAUSTED", f"{name}: {why}", step=name, system=said["system"])

    def _attempt(self, name: str, effect: Effect, attempt: int, *, unsure: bool) -> Callable[[], Awaitable[Json]]:
        async def act() -> Json:
            if effect.probe is not None and (due := self._too_early(effect.retry.settle_ms, unsure=unsure)):
                return {"end": "unknown", "why": "cut off", "system": "", "due": due}
            tokens = effect_key.set(f"{self.id}/{name}"), correlation.set(self.root)
            try:
                said = await _try(
                    effect.fn, effect.args, effect.probe if unsure or self._journal.reopened_at is not None else None
                )
            finally:
                effect_key.reset(tokens[0])
                correlation.reset(tokens[1])
            if unsure:
                said["asked" if effect.probe is not None else "resent"] = True
            if said["end"] in ("transient", "unknown"):
                floor = effect.retry.settle_ms if said["end"] == "unknown" else said.pop("after")
                pause = backoff_ms(effect.retry, 1 if said.get("held") else attempt, self.id, name)
                said["due"] = self._clock() + (floor + pause if said.get("held") else max(floor, pause))
            return said

        return act

    def _too_early(self, settle_ms: int, *, unsure: bool) -> int:
        """When an effect that an earlier life of this store may have had is sure to have landed; 0: now.

        Either this run was cut off here, or the store was opened again a moment ago and may be an older copy of itself.
        """
        if self._journal.unsure:
            return self._clock() + settle_ms
        reopened_at = self._journal.reopened_at
        if unsure or reopened_at is None or self._clock() >= reopened_at + settle_ms:
            return 0
        return reopened_at + settle_ms

    def _name(self, name: str) -> str:
        self._calls[name] = number = self._calls.get(name, 0) + 1
        return name if number == 1 else f"{name}~{number}"

    async def _record(self, name: str, act: Callable[[], Awaitable[Json]]) -> Json:
        async def stamped() -> Json:
            said = await act()
            return {"at": self._clock(), "said": said}

        entry = await self._journal.record(name, stamped)
        self._now = max(self._now, entry["at"])
        return entry["said"]

    async def _next(self, wanted: Callable[[Json], bool], name: str, until: int | None, state: str, detail: Json) -> Json | None:
        """The next wanted message; others are kept for later; an operator's abandon interrupts any wait but a park."""
        for position, message in enumerate(self._inbox):
            if wanted(message):
                return self._inbox.pop(position)
        while True:
            message = await self._journal.receive(name, until, state, detail)
            self._now = max(self._now, until or 0) if message is None else max(self._now, message["at"])
            if message is None or wanted(message):
                return message
            if message["signal"] == ABANDON and not self._closing:
                raise Abandon(str(message["payload"]))
            if message["signal"] != WAKE:
                self._inbox.append(message)


async def conduct(process: Process, given: Json, run: DurableRun) -> Json:
    """Drive one run to its end, through as many passes and parkings as it takes: {end, value}."""
    await run.begin(process.version)
    while True:
        try:
            try:
                value = await process.fn(run, msgspec.convert(given, process.accepts))
                return {"end": "done", "value": plain(value)}
            except Exception as error:
                message = await run.verdict(error)
                if message["signal"] == ABANDON:
                    raise Abandon(str(message["payload"])) from error
                run.again(set(message["payload"] or ()))
        except Abandon as decision:
            await run.compensate()
            return {"end": "abandoned", "value": str(decision)}


async def _try(fn: Act, args: tuple[Any, ...], probe: Act | None) -> Json:
    """Act once, asking first when a probe is given; how it ended, as JSON."""
    try:
        if probe is not None:
            found = await probe(*args)
            if found is not None:
                return {"end": "done", "value": plain(found), "by": "probe"}
        return {"end": "done", "value": plain(await fn(*args))}
    except BusinessException as e:
        return {"end": "refused", "code": e.code, "why": e.why, "facts": plain(e.facts), "system": e.facts.get("system", "")}
    except Transient as e:
        said = {"end": "transient", "why": str(e), "after": e.retry_after_ms, "system": e.system}
        return {**said, "held": True} if isinstance(e, Held) else said
    except (Unknown, TimeoutError) as e:
        return {"end": "unknown", "why": str(e), "system": getattr(e, "system", "")}
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise  # we are being stopped; a stray cancel from inside the call only hides its outcome
        return {"end": "unknown", "why": "the call was cancelled from inside", "system": ""}
    except Exception as e:
        return {"end": "defect", "why": repr(e), "system": ""}


def _named(fn: Any) -> str:
    while hasattr(fn, "func"):
        fn = fn.func
    return str(fn.__name__)


def _nothing(message: Json) -> bool:  # noqa: ARG001  the shape of a wish
    return False


def _hurried(message: Json) -> bool:
    return bool(message["signal"] == WAKE)
