"""One HTTP call to a vendor: sign in, pass the gate, send, time-box, classify. Every vendor client goes through `Link.call`.

How a call ends is decided here once: an answer (done, or a business refusal the client still has to read), `Held` (not sent),
`Transient` (surely not done) or `Unknown` (may be done). Code that cannot tell says unknown.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from orchestrator.canonical.money import scaled
from orchestrator.errors import BusinessException, Refused, Transient, Unknown
from orchestrator.policies.effect import correlation
from orchestrator.ports import Clock, Request, Response, Send

RETRY_AFTER_MS_MAX = 3_600_000
EXPIRY_MARGIN_MS = 60_000
DETAIL_MAX = 300
UNAVAILABLE, THROTTLED, STRANGER = 503, 429, 401
UNCERTAIN = frozenset((408, 500, 502, 504))
"""Answers after which the work may or may not be done."""

OUTCOMES = {2: "done", 3: "refused", 4: "refused", 5: "failed"}
"""What a call's status counts as; no status at all is silent."""
REFUSALS = {THROTTLED: "throttled", STRANGER: "stranger"}

Headers = tuple[tuple[str, str], ...]
WRITES = "writes"
"""The lane of all calls that change something, unless they name a narrower one."""

T = TypeVar("T")
R = TypeVar("R")


class Token(NamedTuple):
    """What the authorization header shall say, and until when (ms) it is good."""

    header: str
    expires_at: int


class Asked(NamedTuple):
    """One call, and the lane it takes."""

    method: str
    path: str
    body: bytes
    headers: Headers
    lane: str


class Gate(Protocol):
    """What stands before every call: breaker and throttle."""

    async def enter(self, *, lane: str = "") -> None:
        """Wait for a place; raises Held when calling now would be wrong. A lane is a part that can fail by itself."""

    def leave(self, *, answered: bool, wait_ms: int = 0, throttled: bool = False, lane: str = "", silent: bool = True) -> None:
        """Tell how it went: whether the system answered as a healthy one does, and how long it asked us to stay away."""

    def spend(self) -> None:
        """The system said that no calls are left."""


Bare = Callable[[str, str, bytes, tuple[tuple[str, str], ...]], Awaitable[Response]]
SignIn = Callable[[Bare], Awaitable[Token]]
"""Obtain a token with an unauthenticated call(method, path, body, headers)."""


@dataclass(frozen=True)
class Wiring:
    """What a link is made of."""

    system: str
    base_url: str
    send: Send
    clock: Clock
    gate: Gate
    sign_in: SignIn
    timeout_s: float = 60.0
    on_call: Callable[[str, str], None] = lambda _system, _outcome: None


class Link:
    """The way to one vendor. Shared by all its calls, so that signing in happens once for all of them."""

    def __init__(self, wiring: Wiring) -> None:
        self.system, self._base = wiring.system, wiring.base_url.rstrip("/")
        self._send, self._clock, self._gate = wiring.send, wiring.clock, wiring.gate
        self._sign_in, self._timeout_s, self._on_call = wiring.sign_in, wiring.timeout_s, wiring.on_call
        self._token: Token | None = None
        self._signing = asyncio.Lock()

    @property
    def audience(self) -> str:
        return self._base

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: Headers = (), *, lane: str | None = None
    ) -> Response:
        """Send one request and return the answer of a healthy system: 2xx, 3xx, or a 4xx the client has to read.

        `lane`: the part of the system that is asked, which may fail while the rest is well; None: writes are one, reads are none.
        Raises Held or Transient: surely not done; Unknown: may be done. An expired token is renewed once.
        """
        asked = Asked(method, path, body, headers, lane if lane is not None else "" if method == "GET" else WRITES)
        token = await self._bearer()
        answer = await self._passed(asked, token)
        if answer.status == STRANGER:
            self._forget(token)
            answer = await self._passed(asked, await self._bearer())
            if answer.status == STRANGER:
                raise Transient(f"{self.system} does not accept our fresh token: {excerpt(answer)}", 60_000, system=self.system)
        return answer

    def spent(self) -> None:
        """A client read in an answer that no calls are left."""
        self._gate.spend()
        self._on_call(self.system, "quota")

    async def _passed(self, asked: Asked, token: Token) -> Response:
        method, path, body, headers, lane = asked
        bearer = (("authorization", token.header), ("x-correlation-id", correlation.get()), *headers)
        await self._gate.enter(lane=lane)
        answered, wait_ms, outcome, silent = False, 0, "silent", True
        try:
            answer = await self._exchange(method, path, body, bearer)
            silent = answer.status != UNAVAILABLE
            outcome = OUTCOMES.get(answer.status // 100, "silent")
            if answer.status >= 400:
                wait_ms = self._told(answer)
                outcome = REFUSALS.get(answer.status, outcome)
            answered = answer.status not in UNCERTAIN and answer.status != UNAVAILABLE
            self._judge(answer, wait_ms)
            return answer
        finally:
            self._gate.leave(answered=answered, wait_ms=wait_ms, throttled=outcome == "throttled", lane=lane, silent=silent)
            self._on_call(self.system, outcome)

    async def _exchange(self, method: str, path: str, body: bytes, headers: tuple[tuple[str, str], ...]) -> Response:
        request = Request(self.system, method, self._base + path, headers, body, self._timeout_s)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._send(request)
        except ConnectionRefusedError as error:
            raise Transient(f"{self.system} refuses connections", system=self.system) from error
        except (
            ssl.SSLCertVerificationError,
            socket.gaierror,
        ) as error:  # before the first byte: a matter for the platform's owner
            raise Transient(f"{self.system} cannot be reached: {error}", system=self.system) from error
        except (OSError, TimeoutError) as error:
            raise Unknown(f"{self.system}: no complete answer to {method} {path[:80]}: {error!r}", system=self.system) from error

    def _judge(self, answer: Response, wait_ms: int) -> None:
        if answer.status in (THROTTLED, UNAVAILABLE):
            raise Transient(f"{self.system} answered {answer.status}: {excerpt(answer)}", wait_ms, system=self.system)
        if answer.status in UNCERTAIN:
            raise Unknown(f"{self.system} answered {answer.status}: {excerpt(answer)}", system=self.system)

    def _told(self, answer: Response) -> int:
        return retry_after_ms(answer.headers.get("retry-after", ""), self._clock())

    async def _bearer(self) -> Token:
        """The current token; one caller signs in, the others wait for it."""
        token = self._token
        if token is not None and self._clock() < token.expires_at:
            return token
        async with self._signing:
            token = self._token
            if token is None or self._clock() >= token.expires_at:
                token = self._token = await self._signed_in()
            return token

    async def _signed_in(self) -> Token:
        await self._gate.enter()
        answered = False
        try:
            token = await self._sign_in(self._bare)
            answered = True
            return token
        except Unknown as error:  # a lost sign-in has no effect anybody could miss
            raise Transient(str(error), system=self.system) from error
        finally:
            self._gate.leave(answered=answered)

    async def _bare(self, method: str, path: str, body: bytes, headers: tuple[tuple[str, str], ...]) -> Response:
        answer = await self._exchange(method, path, body, (*headers, ("x-correlation-id", correlation.get())))
        self._judge(answer, self._told(answer))
        return answer

    def _forget(self, token: Token) -> None:
        if self._token is token:  # else another caller has renewed it already
            self._token = None


async def safely(asking: Awaitable[T]) -> T:
    """Await a question: one whose answer was lost may simply be asked again, so unknown becomes transient."""
    try:
        return await asking
    except Unknown as error:
        raise Transient(str(error), system=error.system) from error


def decoded(system: str, decoder: msgspec.json.Decoder[T], answer: Response) -> T:
    """Decode a 2xx body. Raises Unknown when it is cut off or of another shape: what it would have said may have happened."""
    try:
        return decoder.decode(answer.body)
    except msgspec.DecodeError as error:
        raise Unknown(f"{system} answered {answer.status} with a body that cannot be read: {error}", system=system) from error


def told(system: str, translate: Callable[[R], T], row: R) -> T:
    """Translate one row that a system answered. Raises BusinessException when it lacks a field or holds what we cannot read."""
    try:
        return translate(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{system} answered a row that cannot be read, {error!r}: {row!r}"[:DETAIL_MAX]
        raise BusinessException("VENDOR_REFUSED", why, system=system) from error


def refusal(system: str, code: str, answer: Response, vendor_code: str, message: str) -> Refused:
    """Make a Refused with the four things a clerk needs: where, what, the vendor's own words, and the code of our catalogue."""
    why = f"{system} answered {answer.status} {vendor_code}: {message}"[:DETAIL_MAX]
    return Refused(code, why, system=system, vendor_code=vendor_code, status=answer.status)


def retry_after_ms(text: str, now: int) -> int:
    """How long a Retry-After header asks us to wait: seconds or an HTTP date; 0 when absent or unreadable."""
    if not text:
        return 0
    if text.isdecimal():
        return min(int(text) * 1000, RETRY_AFTER_MS_MAX)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return max(0, min(int(until.timestamp() * 1000) - now, RETRY_AFTER_MS_MAX))


def excerpt(answer: Response) -> str:
    return answer.body[:DETAIL_MAX].decode("utf-8", "replace")


def number(units: int, digits: int) -> msgspec.Raw:
    """An exact JSON number of an integer amount: no float on the way out."""
    whole, part = divmod(abs(units), 10**digits)
    sign = "-" if units < 0 else ""
    return msgspec.Raw(f"{sign}{whole}.{part:0{digits}d}".encode() if digits else f"{sign}{whole}".encode())


def exact(value: Any, digits: int) -> int:
    """An integer amount of a JSON number decoded with `float_hook=str`. Raises ValueError when precision would be lost."""
    if isinstance(value, int):
        return value * int(10**digits)
    return scaled(str(value), digits)


encode = msgspec.json.Encoder().encode
