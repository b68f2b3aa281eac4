"""How NetSuite writes values: references and enumerations as objects, durations as h:mm, dates and UTC instants as ISO text.

A reference is decoded in two steps: here into a `Pointer`, because a codec knows no records, and in `write.py` into the row.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from simulators.kernel.wire import Codec, scaled, unscaled

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DURATION = re.compile(r"(\d{1,4}):([0-5]\d)")
WHOLE_TEXT = re.compile(r"\d{1,18}", re.ASCII)


class Pointer(NamedTuple):
    """What a request says about a record it refers to: an internal id, an external id, or either."""

    id: str = ""
    external_id: str = ""


def pointer(given: Any) -> Pointer:
    """{"id": "7"}, {"id": 7}, {"externalId": "X"}, "7", 7 or "eid:X". Raises ValueError."""
    if type(given) is dict:
        if given.get("id") is not None:
            return pointer(given["id"]) if type(given["id"]) in (str, int) else _wrong(given)
        if type(given.get("externalId")) is str:
            return Pointer(external_id=given["externalId"])
        if type(given.get("refName")) is str:  # read back from an answer, without id
            return Pointer(external_id=given["refName"])
        return _wrong(given)
    if type(given) is int and given >= 0:
        return Pointer(id=str(given))
    if type(given) is str and given:
        return Pointer(external_id=given[4:]) if given.startswith("eid:") else Pointer(id=given)
    return _wrong(given)


def _wrong(given: Any) -> Pointer:
    raise ValueError(f"no reference: {given!r}")


def select(*records: str, by: str = "id") -> Codec:
    """A reference to one of these record types; the domain field holds that row's `by`."""
    return Codec(f"select:{','.join(records)}:{by}", None, pointer)


def enumerated(names: dict[str, tuple[str, str]], kind: str = "enum") -> Codec:
    """An enumeration: domain state -> (id, refName). Takes {"id": ..} or the bare id."""
    back = {id: state for state, (id, _) in reversed(names.items())}

    def decode(given: Any) -> str:
        key = given.get("id") if type(given) is dict else given
        if type(key) is not str or key not in back:
            raise ValueError(f"unknown option {key!r}")
        return back[key]

    cases = "".join(f" WHEN '{state}' THEN '{id}'" for state, (id, _) in names.items())
    return Codec(
        kind,
        lambda state: {"id": names[state][0], "refName": names[state][1]},
        decode,
        sql=f"CASE {{0}}{cases} END",
        ordered=False,
    )


def free_list(kind: str = "list") -> Codec:
    """A list whose options this account does not check: {"id": x} <-> x."""

    def decode(given: Any) -> str:
        key = (given.get("id") or given.get("refName")) if type(given) is dict else given
        if type(key) is not str:
            raise ValueError("no list option")
        return key

    return Codec(kind, lambda value: {"id": value, "refName": value}, decode)


def iso(ms: int) -> str:
    """An instant as NetSuite's REST service writes it: UTC, whole seconds. Source: Using Datetime Fields (read 2026-11)."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(given: str) -> str:
    """A date, or the date part of a date-time. Raises ValueError."""
    if len(given) > 10:
        datetime.fromisoformat(given)
    return date.fromisoformat(given[:10]).isoformat()


def minutes(given: Any) -> int:
    """A duration, "7:15" or a number of hours, as whole minutes. Raises ValueError."""
    if type(given) is str and (found := DURATION.fullmatch(given)):
        return int(found[1]) * 60 + int(found[2])
    hundredths = scaled(given, 4)
    return round(hundredths * 60 / 10_000)


def duration(value: int) -> str:
    return f"{value // 60}:{value % 60:02d}"


def flag(given: bool | str) -> int:
    if type(given) is str:
        return {"T": 1, "F": 0}[given]
    return int(given)


def country(given: Any) -> str:
    key = given.get("id") if type(given) is dict else given
    if type(key) is not str or not re.fullmatch(r"[A-Z]{2}", key):
        raise ValueError(f"unknown country {key!r}")
    return key


def decimal(places: int) -> Codec:
    return Codec(
        "number",
        lambda v: unscaled(v, places),
        lambda v: scaled(v, places),
        sql=f"({{0}} / {10**places}.0)",
        accepts=(int, float, str),
    )


COUNTRIES = {"US": "United States", "GB": "United Kingdom", "DE": "Germany", "NL": "Netherlands", "AU": "Australia", "SG": "Singapore",
             "FR": "France", "CA": "Canada", "CH": "Switzerland", "AT": "Austria", "IE": "Ireland", "JP": "Japan"}  # fmt: skip

TEXT = Codec("string", accepts=(str,))
KEY = Codec("id", str)
WHOLE = Codec("integer", accepts=(int,))
DAY = Codec("date", None, day, accepts=(str,))
INSTANT = Codec("date-time", iso)
MONEY, RATE, QUANTITY, PERCENT = decimal(2), decimal(4), decimal(2), decimal(3)
HOURS = Codec("duration", duration, minutes, sql="({0} / 60.0)", accepts=(str, int, float))
FLAG = Codec("boolean", bool, flag, sql="CASE {0} WHEN 1 THEN 'T' ELSE 'F' END", accepts=(bool, str))
COUNTRY = Codec("enum", lambda c: {"id": c, "refName": COUNTRIES.get(c, c)}, country)

# AUTO lets the credit limit decide, ON and OFF are somebody's decision (memory); limits are not modelled, so AUTO never holds.
HOLD = Codec(
    "enum",
    lambda held: {"id": "ON", "refName": "On"} if held else {"id": "AUTO", "refName": "Auto"},
    lambda given: {"ON": 1, "AUTO": 0, "OFF": 0}[str(given["id"] if isinstance(given, dict) else given)],
    sql="CASE {0} WHEN 1 THEN 'ON' ELSE 'AUTO' END",
    ordered=False,
    accepts=(str, dict),
)
ORDER_STATUS = enumerated({"pending": ("A", "Pending Approval"), "open": ("F", "Pending Billing"), "closed": ("H", "Closed")})
# Source: the 2026.1 record schema lists A, B, D, E, V for an invoice (read 2026-11). Sent, partially paid and disputed are no
# statuses there; the account keeps them in its own text field custbody_ar_status.
INVOICE_STATUS = enumerated({"open": ("A", "Open"), "sent": ("A", "Open"), "partially_paid": ("A", "Open"), "disputed": ("A", "Open"),
                             "paid": ("B", "Paid In Full")})  # fmt: skip
