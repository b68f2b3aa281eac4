"""How Salesforce writes values: one codec a type, and the little checkers that word a bad value as the vendor does.

A checker knows its field's name and length, so that a refusal can name both. Texts are trimmed, and an empty one is no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from simulators.domains.crm.deals import is_closed, is_won
from simulators.kernel.records import Refusal
from simulators.kernel.wire import Codec, scaled, unscaled

from .ids import long_id, user_id

EMAIL = re.compile(r"[^@\s<>()\[\],;:\"]+@[^@\s<>()\[\],;:\"]+\.[^@\s.<>()\[\],;:\"]+")
EMAIL_MAX = 80
CURRENCIES = ("USD", "EUR", "GBP", "AUD", "CAD", "CHF", "SGD", "NZD", "SEK", "PLN", "INR")  # of two digits; active in this org


@lru_cache(maxsize=8192)
def second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.")


def instant_text(ms: int) -> str:
    return f"{second(ms // 1000)}{ms % 1000:03d}+0000"


def instant_ms(text: str) -> int:
    made = datetime.fromisoformat(text)
    if made.tzinfo is None:
        raise ValueError(text)
    return int(made.replace(microsecond=0).timestamp()) * 1000 + made.microsecond // 1000


def day_text(text: str) -> str:
    if len(text) != 10:
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


class Limited:
    """Takes a text of at most `length` characters."""

    def __init__(self, name: str, length: int) -> None:
        self.name, self.length = name, length

    def __call__(self, given: str) -> str | None:
        text = given.strip()
        if len(text) > self.length:
            shown = text[: self.length]
            message = f"{self.name}: data value too large: {shown} (max length={self.length})"
            raise Refusal("too_long", message, field=self.name, got=len(text))
        return text or None


class Email(Limited):
    def __call__(self, given: str) -> str | None:
        text = super().__call__(given)
        if text is not None and EMAIL.fullmatch(text) is None:
            raise Refusal("bad_email", f"{self.name}: invalid email address: {text}", field=self.name, got=text)
        return text


class Number:
    """Takes a number, or its text, of at most `digits` digits before and `places` after the point; holds 10**-places."""

    def __init__(self, name: str, digits: int, places: int, *, least: int | None = None, most: int | None = None) -> None:
        self.name, self.digits, self.places, self.least, self.most = name, digits, places, least, most

    def __call__(self, given: float | str) -> int:
        value = scaled(given, self.places)
        one = 10**self.places
        small = self.least is not None and value < self.least * one
        large = self.most is not None and value > self.most * one
        if small or large or abs(value) >= 10 ** (self.digits + self.places):
            message = f"{self.name}: value outside of valid range on numeric field: {given}"
            raise Refusal("out_of_range", message, field=self.name, got=given)
        return value


def text(name: str, length: int = 255) -> Codec:
    return Codec("string", None, Limited(name, length), accepts=(str,))


def area(name: str, length: int = 255) -> Codec:
    return Codec("textarea", None, Limited(name, length), accepts=(str,))


def long_area(name: str, length: int = 32_000) -> Codec:
    """Not filterable, not sortable."""
    return Codec("textarea", None, Limited(name, length), ordered=False, accepts=(str,))


def phone(name: str) -> Codec:
    return Codec("phone", None, Limited(name, 40), accepts=(str,))


def url(name: str) -> Codec:
    return Codec("url", None, Limited(name, 255), accepts=(str,))


def email(name: str) -> Codec:
    return Codec("email", None, Email(name, EMAIL_MAX), accepts=(str,))


def decimal(type: str, name: str, digits: int, places: int) -> Codec:
    """`type`: currency or double. Shown as a JSON number, kept as an integer of 10**-places."""
    encode: Callable[[int], float] = lambda value: unscaled(value, places)
    return Codec(type, encode, Number(name, digits, places), sql=f"({{0}} / 1e{places})", accepts=(int, float, str))


def money(name: str) -> Codec:
    return decimal("currency", name, 16, 2)


def whole(name: str, digits: int = 9) -> Codec:
    return Codec("double", None, Number(name, digits, 0), accepts=(int, float, str))


def percent(name: str) -> Codec:
    return Codec("percent", None, Number(name, 3, 0, least=0, most=100), accepts=(int, float, str))


def states(labels: Mapping[str, str]) -> Codec:
    """A restricted picklist over domain states {state: label}; the order of labels is the order of the list."""
    back = {label: state for state, label in labels.items()}
    cases = " ".join(f"WHEN '{state}' THEN '{label}'" for state, label in labels.items())
    return Codec(
        "picklist",
        labels.__getitem__,
        back.__getitem__,
        f"CASE {{0}} {cases} END",
        ordered=False,
        accepts=(str,),
        values=tuple(back),
    )


def picklist(*values: str) -> Codec:
    """A restricted picklist whose values are the domain's own."""
    return Codec("picklist", accepts=(str,), values=values)


def open_picklist(name: str) -> Codec:
    """A picklist that takes any text: the list is advice."""
    return Codec("picklist", None, Limited(name, 255), accepts=(str,))


STAGES = {
    "qualifying": "Qualification",
    "proposal": "Proposal/Price Quote",
    "negotiation": "Negotiation/Review",
    "closed_won": "Closed Won",
    "closed_lost": "Closed Lost",
    "reopened": "Reopened",
}
FORECASTS = {"closed_won": "Closed", "closed_lost": "Omitted", "negotiation": "Best Case"}
FORECAST_SQL = "CASE {0} WHEN 'closed_won' THEN 'Closed' WHEN 'closed_lost' THEN 'Omitted' WHEN 'negotiation' THEN 'Best Case' ELSE 'Pipeline' END"


def forecast(stage: str) -> str:
    return FORECASTS.get(stage, "Pipeline")


ID = Codec("id", None, long_id, accepts=(str,))
REFERENCE = Codec("reference", None, long_id, accepts=(str,))
PERSON = Codec("reference", user_id, None, "sf_user_id({0})", ordered=False)
FLAG = Codec("boolean", bool, int, accepts=(bool,))
DAY = Codec("date", None, day_text, accepts=(str,))
INSTANT = Codec("datetime", instant_text, instant_ms, accepts=(str,))
CURRENCY = picklist(*CURRENCIES)
STAGE = states(STAGES)
IS_WON = Codec("boolean", is_won, None, "({0} = 'closed_won')", ordered=False)
IS_CLOSED = Codec("boolean", is_closed, None, "({0} IN ('closed_won', 'closed_lost'))", ordered=False)
FORECAST = Codec("picklist", forecast, None, FORECAST_SQL, ordered=False)
HAS_LINES = Codec("boolean", lambda _: True, None, "({0} IS NOT NULL)", ordered=False)
