"""How Kantata writes values: string ids, ISO 8601 instants, integer cents, the words for states.

Instants are written to the second, as the vendor does; one that has milliseconds keeps them, so that nothing the domain
knows is lost. Rails casts what it is given: ids, numbers and booleans are taken as text too.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from simulators.kernel.wire import Codec

ID_MAX = 2**53
SYMBOLS = {"USD": "$", "GBP": "£", "EUR": "€", "AUD": "A$", "SGD": "S$"}
WORKSPACE_STATUSES = {  # message: (key, color); keys 100, 305, 400 and the colours: memory
    "Not Started": (100, "light-grey"),
    "Active": (305, "green"),
    "On Hold": (220, "yellow"),
    "Completed": (400, "grey"),
    "Cancelled": (410, "grey"),
}
STATUS_KEYS = {key: message for message, (key, _) in WORKSPACE_STATUSES.items()}


@lru_cache(maxsize=8192)
def second(at: int) -> str:
    """Write a whole second since 1970."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def instant(ms: int) -> str:
    """Write an instant, with milliseconds only when it has some."""
    rest = ms % 1000
    return f"{second(ms // 1000)}.{rest:03d}Z" if rest else second(ms // 1000) + "Z"


def moment(text: str) -> int:
    """Read an ISO 8601 date or instant; without a zone it is UTC. Raises ValueError."""
    made = datetime.fromisoformat(text.replace(" ", "+"))
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return round(made.timestamp() * 1000)


def day(text: Any) -> str:
    """Read a date; an instant counts as its day. Raises ValueError."""
    return date.fromisoformat(text.strip()[:10]).isoformat()


def number(given: Any) -> int:
    """Read a whole number, also written as text. Raises ValueError."""
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise ValueError(given)
    made = int(given)
    if abs(made) > ID_MAX:
        raise ValueError(given)
    return made


def identity(given: Any) -> int | None:
    """Read an id; empty text is no id, as Rails has it. Raises ValueError."""
    return None if given == "" else number(given)


def truth(given: Any) -> int:
    """Read a boolean as Rails casts it: false is false, "false", 0, "0", "f", "off" and empty text."""
    if not isinstance(given, (bool, int, str)):
        raise TypeError(given)
    return int(given not in (False, 0, "false", "FALSE", "0", "f", "off", ""))


def plain(given: Any) -> str:
    """Read text. Raises TypeError for anything else."""
    if not isinstance(given, str):
        raise TypeError(given)
    given.encode()  # lone surrogates do not reach a store; UnicodeEncodeError is a ValueError
    return given


def minor_of_units(given: Any) -> int:
    """Read an amount in currency units as minor units, half up."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise TypeError(given)
    made = float(given)
    if not abs(made) < ID_MAX / 100:
        raise ValueError(given)
    return int(made * 100 + (0.5 if made >= 0 else -0.5))


def money_text(minor: int) -> str:
    """Write an amount in units with thousands, without a symbol."""
    return f"{minor // 100:,}.{minor % 100:02d}"


def status_object(message: str) -> dict[str, Any]:
    """Write a project's status as the object the vendor shows."""
    key, color = WORKSPACE_STATUSES.get(message, (0, "grey"))
    return {"color": color, "key": key, "message": message}


def status_of_key(given: Any) -> str:
    """Read a project status by its key. Raises KeyError when unknown."""
    return STATUS_KEYS[number(given)]


def worded(words: dict[str, str]) -> Codec:
    """Build the codec of a state: domain state -> vendor word."""
    back = {word: state for state, word in words.items()}
    return Codec("string", words.__getitem__, back.__getitem__, ordered=False, values=tuple(back))


ID = Codec("string", str, identity)
TEXT = Codec("string", None, plain)
FLAG = Codec("boolean", bool, truth)
WHOLE = Codec("integer", None, number)
DAY = Codec("date", None, day)
INSTANT = Codec("date-time", instant, moment)
CENTS = Codec("integer", None, number)
UNITS = Codec("string", money_text, minor_of_units)
RATE = Codec("integer", lambda rate: round(rate / 100), lambda given: number(given) * 100)
SYMBOL = Codec("string", lambda currency: SYMBOLS.get(currency, currency))
BASE_UNIT = Codec("integer", lambda _currency: 100)
APPROVED = Codec("boolean", lambda state: state == "approved")
COMPLETED = Codec("integer", lambda state: {"completed": 100, "started": 50}.get(state, 0))
STORY_STATE = worded({"not_started": "not started", "started": "started", "completed": "completed"})
STORY_TYPE = worded({word: word for word in ("task", "milestone", "deliverable", "issue")})
SUBMISSION_STATUS = worded({"submitted": "pending", "approved": "approved", "rejected": "rejected", "cancelled": "cancelled"})
WORKSPACE_STATUS = Codec("object", status_object)
STATUS_KEY = Codec("integer", lambda message: WORKSPACE_STATUSES.get(message, (0, ""))[0], status_of_key)
