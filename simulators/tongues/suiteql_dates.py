"""Oracle's date words for SQLite: TO_DATE, TO_TIMESTAMP, TO_CHAR, TRUNC, ADD_MONTHS as SQL functions over integers and ISO text.

Instants are integer ms since 1970 UTC, dates are ISO text; `sortable` gives both one text form whose order is that of time.
All are pure functions of their arguments, so SQLite may use an index behind them. A bad argument raises ValueError.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WORD = re.compile(r"YYYY|YY|RRRR|MONTH|MON|MM|DAY|DY|DDD|DD|D|HH24|HH12|HH|MI|SSSSS|SS|FF\d?|AM|PM|Q|TZH|TZM|WW|IW", re.I)
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}:?\d{2})?")
PLAIN, PLAIN_TEXT = "YYYY-MM-DD HH24:MI:SS", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
PATTERNS = {
    "YYYY": r"(?P<year>\d{4})", "RRRR": r"(?P<year>\d{4})", "YY": r"(?P<short>\d{2})", "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<name>[A-Za-z]{3})", "MONTH": r"(?P<name>[A-Za-z]{3,9})\s*", "DD": r"(?P<day>\d{1,2})", "D": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})", "HH12": r"(?P<hour12>\d{1,2})", "HH": r"(?P<hour12>\d{1,2})", "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})", "AM": r"(?P<half>[AaPp][Mm])", "PM": r"(?P<half>[AaPp][Mm])", "FF": r"(?P<fraction>\d{1,9})",
}  # fmt: skip


def moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def since_epoch(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=256)
def pattern(form: str) -> re.Pattern[str]:
    """The reading pattern of an Oracle date format. Depends on nothing but the format."""
    out, at = "", 0
    for word in WORD.finditer(form):
        key = word[0].upper()
        key = "FF" if key.startswith("FF") else key
        if key not in PATTERNS:
            raise ValueError(f"date format element {word[0]} is not supported here")
        out += re.escape(form[at : word.start()].replace('"', "")) + PATTERNS[key]
        at = word.end()
    return re.compile(out + re.escape(form[at:].replace('"', "")))


def instant(value: Any, form: str | None) -> int | None:
    """TO_DATE and TO_TIMESTAMP: text in that format as ms; a value that is an instant or an ISO date already passes."""
    wanted = None if form is None else pattern(form)
    if value is None or type(value) is int:
        return value
    text = str(value).strip()
    if form == PLAIN and PLAIN_TEXT.fullmatch(text):  # what nearly every client asks with
        return since_epoch(datetime.fromisoformat(text + "+00:00"))
    if wanted is not None:
        found = wanted.fullmatch(text)
        if found is not None:
            return read(found)
    plain = ISO.fullmatch(text)
    if plain is None:
        raise ValueError(f"{text!r} does not fit the date format {form!r}")
    return read_iso(plain)


def read(found: re.Match[str]) -> int:
    part = found.groupdict()
    year = int(part["year"]) if part.get("year") else 2000 + int(part["short"]) if part.get("short") else 1970
    month = MONTHS.index(part["name"][:3].upper()) + 1 if part.get("name") else int(part.get("month") or 1)
    hour = int(part.get("hour") or 0)
    if part.get("hour12"):
        hour = int(part["hour12"]) % 12 + (12 if (part.get("half") or "am").lower() == "pm" else 0)
    at = datetime(
        year, month, int(part.get("day") or 1), hour, int(part.get("minute") or 0), int(part.get("second") or 0), tzinfo=UTC
    )
    return since_epoch(at) + int(((part.get("fraction") or "0") + "00")[:3])


def read_iso(found: re.Match[str]) -> int:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    ms = since_epoch(at) + int(((fraction or "0") + "00")[:3])
    if zone and zone != "Z":
        sign, digits = (-1 if zone[0] == "-" else 1), zone[1:].replace(":", "")
        ms -= sign * (int(digits[:2]) * 60 + int(digits[2:])) * 60_000
    return ms


def sortable(ms: int | None) -> str | None:
    """An instant as text that sorts with ISO dates: midnight is the date itself."""
    if ms is None:
        return None
    at = moment(ms)
    if ms % DAY_MS == 0:
        return at.strftime("%Y-%m-%d")
    return at.strftime("%Y-%m-%d %H:%M:%S") + (f".{ms % 1000:03d}" if ms % 1000 else "")


def written(value: Any, form: str | None) -> str | None:
    """TO_CHAR: a date or instant in that format; a number as its text."""
    if value is None:
        return None
    if form is None or isinstance(value, float):
        return str(value)
    at = moment(value if type(value) is int else instant(value, None) or 0)
    return WORD.sub(lambda word: piece(at, word[0]), form)


def piece(at: datetime, word: str) -> str:
    made = PIECES.get(word.upper())
    if made is not None:
        text = made(at)
        return text.upper() if word.isupper() and text.isalpha() else text
    if word.upper().startswith("FF"):
        return f"{at.microsecond:06d}000"[: int(word[2:] or 3)]
    raise ValueError(f"date format element {word} is not supported here")


PIECES: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda at: f"{at.year:04d}",
    "RRRR": lambda at: f"{at.year:04d}",
    "YY": lambda at: f"{at.year % 100:02d}",
    "MM": lambda at: f"{at.month:02d}",
    "MON": lambda at: MONTHS[at.month - 1].title(),
    "MONTH": lambda at: at.strftime("%B"),
    "DD": lambda at: f"{at.day:02d}",
    "DDD": lambda at: f"{at.timetuple().tm_yday:03d}",
    "D": lambda at: str(at.isoweekday() % 7 + 1),
    "DY": lambda at: at.strftime("%a"),
    "DAY": lambda at: at.strftime("%A"),
    "HH24": lambda at: f"{at.hour:02d}",
    "HH12": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "HH": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "MI": lambda at: f"{at.minute:02d}",
    "SS": lambda at: f"{at.second:02d}",
    "SSSSS": lambda at: str(at.hour * 3600 + at.minute * 60 + at.second),
    "AM": lambda at: "AM" if at.hour < 12 else "PM",
    "PM": lambda at: "AM" if at.hour < 12 else "PM",
    "Q": lambda at: str((at.month + 2) // 3),
    "IW": lambda at: f"{at.isocalendar().week:02d}",
    "WW": lambda at: f"{(at.timetuple().tm_yday + 6) // 7:02d}",
}


def cut(ms: int | None, unit: str | None) -> int | None:
    """TRUNC of an instant: to the day, or to MM, Q, YYYY, HH24, MI."""
    if ms is None:
        return None
    at, word = moment(ms).replace(second=0, microsecond=0), (unit or "DD").upper()
    if word in ("HH24", "HH", "HH12"):
        return since_epoch(at.replace(minute=0))
    if word == "MI":
        return since_epoch(at)
    at = at.replace(hour=0, minute=0)
    if word in ("MM", "MON", "MONTH"):
        at = at.replace(day=1)
    elif word == "Q":
        at = at.replace(month=(at.month - 1) // 3 * 3 + 1, day=1)
    elif word in ("YYYY", "YEAR", "YY"):
        at = at.replace(month=1, day=1)
    elif word not in ("DD", "DDD"):
        raise ValueError(f"TRUNC to {unit} is not supported here")
    return since_epoch(at)


def add_months(ms: int | None, months: int) -> int | None:
    if ms is None:
        return None
    at = moment(ms)
    total = at.year * 12 + at.month - 1 + int(months)
    year, month = divmod(total, 12)
    last = (datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
    return since_epoch(at.replace(year=year, month=month + 1, day=min(at.day, last)))


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "ns_instant": (2, instant),
    "ns_sortable": (1, sortable),
    "ns_char": (2, written),
    "ns_cut": (2, cut),
    "ns_add_months": (2, add_months),
}


def install(db: sqlite3.Connection) -> None:
    """Teach this connection the functions; needed once a connection."""
    for name, (count, function) in FUNCTIONS.items():
        db.create_function(name, count, function, deterministic=True)
