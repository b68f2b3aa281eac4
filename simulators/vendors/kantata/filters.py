"""Query parameters as SQL conditions: a filter takes the raw text and gives (condition, binds), or None to ask nothing.

Text that cannot be an id matches nothing, as Rails casts it; text that cannot be an instant is refused. Blank parameters
are as good as absent. Conditions speak of the table as `t`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.kernel.records import Kind, Refusal

from . import values as v

Condition = tuple[str, list[Any]] | None
Filter = Callable[[str], Condition]
LISTED_MAX = 1000
NOTHING: Condition = ("0", [])
TRUE, FALSE = ("true", "TRUE", "1"), ("false", "FALSE", "0")


def whole(text: str) -> int:
    """Read an id or a count of a parameter; anything else is -1, which no row has."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def listed(text: str) -> list[str]:
    """Split a comma-separated list. Raises Refusal when it is endless."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > LISTED_MAX:
        raise Refusal("too_many", f"at most {LISTED_MAX} values can be listed")
    return parts


def instant_of(text: str) -> int:
    """Read an ISO 8601 instant of a parameter. Raises Refusal."""
    try:
        return v.moment(text)
    except (ValueError, OverflowError) as error:
        raise Refusal("malformed", f"{text!r} is not an ISO 8601 date or time") from error


def day_of(text: str) -> str:
    """Read a date of a parameter; '' leaves that end open. Raises Refusal."""
    try:
        return v.day(text) if text.strip() else ""
    except ValueError as error:
        raise Refusal("malformed", f"{text!r} is not a date") from error


def by_id(column: str) -> Filter:
    """Equal to one id."""
    return lambda text: (f't."{column}" = ?', [whole(text)])


def by_ids(column: str) -> Filter:
    """One of a list of ids."""
    return lambda text: within(f't."{column}"', [whole(part) for part in listed(text)])


def by_text(column: str) -> Filter:
    """Equal to a text."""
    return lambda text: (f't."{column}" = ?', [text])


def by_words(column: str, words: Mapping[str, str]) -> Filter:
    """One of a list of vendor words, each a domain value; unknown words match nothing."""
    return lambda text: within(f't."{column}"', [words[part] for part in listed(text) if part in words])


def by_truth(column: str) -> Filter:
    """True or false; anything else asks nothing."""

    def condition(text: str) -> Condition:
        if text in TRUE:
            return f't."{column}" = 1', []
        return (f't."{column}" = 0', []) if text in FALSE else None

    return condition


def when_present(sql: str) -> Filter:
    """Hold when the parameter is there, whatever it says."""
    return lambda _text: (sql, [])


def when_true(sql: str, otherwise: str = "") -> Filter:
    """Hold when the parameter is true; `otherwise` when it is false."""

    def condition(text: str) -> Condition:
        if text in TRUE:
            return sql, []
        return (otherwise, []) if otherwise and text in FALSE else None

    return condition


def compared(column: str, sign: str) -> Filter:
    """Before or after an instant, not at it."""
    return lambda text: (f't."{column}" {sign} ?', [instant_of(text)])


def on_day(column: str, sign: str = "=") -> Filter:
    """On, before or after a date."""
    return lambda text: (f't."{column}" {sign} ?', [day_of(text)])


def between_days(column: str) -> Filter:
    """Between two dates, both included, written `from:to`; a missing one leaves that end open."""

    def condition(text: str) -> Condition:
        start, colon, end = text.partition(":")
        if not colon:
            raise Refusal("malformed", f"{text!r} is not a range of dates, from:to")
        tests, binds = [], []
        for sign, bound in ((">=", day_of(start)), ("<=", day_of(end))):
            if bound:
                tests.append(f't."{column}" {sign} ?')
                binds.append(bound)
        return (" AND ".join(tests), binds) if tests else None

    return condition


def within(at: str, given: list[Any]) -> Condition:
    """Build `at IN (...)`; an empty list matches nothing."""
    return (f"{at} IN ({', '.join('?' * len(given))})", list(given)) if given else NOTHING


def stamped() -> dict[str, Filter]:
    """Give the four filters on creation and update that nearly every resource has."""
    return {
        "created_after": compared("created_at", ">"),
        "created_before": compared("created_at", "<"),
        "updated_after": compared("changed_at", ">"),
        "updated_before": compared("changed_at", "<"),
    }


def referenced(kind: Kind, references: Kind) -> dict[str, Filter]:
    """Give the filters by external reference; each asks by itself, as the contract does not say they mean one reference."""
    held = f"SELECT r.subject_id FROM \"{references.table}\" r WHERE r.subject_type = '{kind.name}' AND r.deleted = 0"

    def exists(column: str) -> Filter:
        return lambda text: (f't.id IN ({held} AND r."{column}" = ?)', [text])

    def refs(text: str) -> Condition:
        found = within('r."service_model_ref"', listed(text))
        assert found is not None
        return f"t.id IN ({held} AND {found[0]})", found[1]

    def absent(text: str) -> Condition:
        return f"t.id NOT IN ({held} AND r.service_name = ?)", [text]

    return {
        "external_reference_service_name": exists("service_name"),
        "external_reference_service_model": exists("service_model"),
        "external_reference_service_model_ref": exists("service_model_ref"),
        "external_reference_service_model_refs": refs,
        "external_reference_status": exists("sync_status"),
        "external_reference_external_status": exists("status"),
        "external_reference_external_message": exists("message"),
        "has_external_references": when_true(f"t.id IN ({held})", f"t.id NOT IN ({held})"),
        "without_external_reference_service_name": absent,
    }
