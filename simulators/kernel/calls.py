"""One request on its way through a system, what may become of it, and the record it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec

from .records import Change, Refusal

if TYPE_CHECKING:
    from .stages import System
    from .wire import Wire

Headers = tuple[tuple[bytes, bytes], ...]


class Reply(NamedTuple):
    """What goes back over the wire; content-length is added by the face."""

    status: int
    body: bytes = b""
    headers: Headers = ()


class Lost(Enum):
    """The one value LOST: the walk ends, and the caller hears nothing."""

    LOST = "lost"


LOST: Final = Lost.LOST


class Later(NamedTuple):
    """Let time pass on the loop's clock; then go on, or end with `then`."""

    seconds: float
    then: Reply | Lost | None = None


Outcome = Reply | Later | Lost | None
Handler = Callable[["System[Any]", "Call"], Reply]
Stage = Callable[["System[Any]", "Call"], Outcome]
Leave = Callable[["System[Any]", "Call", "Reply | Lost | None"], "Reply | None"]
Strike = Callable[["System[Any]", "Call"], Outcome]

COMMON_MARKS = (("%20", " "), ("%2C", ","), ("%3A", ":"), ("%27", "'"), ("%3D", "="), ("%3E", ">"), ("%28", "("), ("%29", ")"))
DECODER = msgspec.json.Decoder()


FoundT = TypeVar("FoundT")


class Lazy(Generic[FoundT]):
    """An attribute worked out when it is first read. (functools' own takes a lock, until 3.12.)"""

    def __init__(self, work: Callable[[Any], FoundT]) -> None:
        self.work, self.name = work, work.__name__

    def __get__(self, one: Any, _owner: type[Any]) -> FoundT:
        found = one.__dict__[self.name] = self.work(one)
        return found


class Call:
    """A request as it came, and what the stages found out about it. The query is read when somebody asks for it."""

    handler: Handler | None = None
    args: Sequence[str] = ()  # variable steps of the path, unquoted
    user = ""
    at = 0
    reply: Reply | None = None  # what the handler said; later stages may still lose or garble it
    changes: list[Change] = []  # noqa: RUF012 - what the handler committed; replaced, never added to
    wire: Wire | None = None  # set by handlers: lets `refuse` name a domain field in the vendor's words
    key = ""  # set by handlers: the business or external key, for the call record
    error = ""  # code of the refusal, if any
    found = -1  # set by handlers: rows answered by a read
    wait_ms = 0  # what a Retry-After told
    answer: asyncio.Future[Reply | Lost] | None = None

    def __init__(self, method: str, path: str, raw_query: bytes, headers: dict[bytes, bytes], body: bytes, base: str) -> None:
        self.method, self.path, self.raw_query, self.headers, self.body, self.base = method, path, raw_query, headers, body, base
        self.leaving: list[Leave] = []  # run when the answer leaves: give the slot back, write the limit header

    @Lazy
    def query(self) -> dict[str, str]:
        """Names and values of the query; the last of a repeated name wins."""
        return query_of(self.raw_query) if self.raw_query else {}

    def json(self) -> Any:
        """The decoded body. Raises Refusal 'bad_json'."""
        try:
            return DECODER.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refusal("bad_json", str(error)) from error

    def document(self) -> dict[str, Any]:
        """The decoded body, which must be an object. Raises Refusal 'bad_json'."""
        found = self.json()
        if type(found) is not dict:
            raise Refusal("bad_json", f"an object is wanted, got {type(found).__name__}", got=found)
        return found

    def form(self) -> dict[str, str]:
        """The body as x-www-form-urlencoded; the last of a repeated name wins."""
        return query_of(self.body)

    def header(self, name: bytes) -> str:
        """A request header by its lower-case name, or ''."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def operation(self) -> str:
        return self.handler.__name__ if self.handler is not None else ""


def query_of(raw: bytes) -> dict[str, str]:
    """Names and values of a query; the last of a repeated name wins. What needs no decoding gets none: it is dear."""
    found: dict[str, str] = {}
    for part in raw.decode("utf-8", "replace").split("&"):
        if part:
            name, _, value = part.partition("=")
            found[decoded(name) if "%" in name or "+" in name else name] = (
                decoded(value) if "%" in value or "+" in value else value
            )
    return found


def decoded(text: str) -> str:
    """A name or value of a query in clear. The commonest marks first, each at once; none of them can make a new one with its neighbours."""
    text = text.replace("+", " ")
    for mark, meant in COMMON_MARKS:
        text = text.replace(mark, meant)
    return unquote(text) if "%" in text else text


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """One finished call as the vendor saw it. `status` 0: the answer was lost. `error` is the refusal's shared code."""

    at: int
    ended_at: int
    method: str
    path: str
    operation: str
    user: str
    status: int
    error: str
    key: str
    body: str
    correlation: str
    effect: bool
    wait_ms: int
    in_flight: int
    found: int


class Message(msgspec.Struct, frozen=True):
    """One thing a vendor pushes to a subscriber; `id` stays the same over all attempts unless a hook gives a new one."""

    id: str
    subject: str  # id of the record it tells about
    topic: str  # the subscription's name
    url: str
    headers: dict[str, str]
    body: bytes
    made_at: int


class Dispatch(msgspec.Struct, frozen=True):
    """One delivery that a hook wants instead of the plain one: after `delay_ms`, and under `id` when it is not ''."""

    delay_ms: int = 0
    id: str = ""


class PushRecord(msgspec.Struct, frozen=True, gc=False):
    """One delivery attempt. `outcome` is the receiver's HTTP status, 0 when the connection failed."""

    at: int
    id: str
    subject: str
    attempt: int
    outcome: int
    body: str
