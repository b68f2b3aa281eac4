"""What an ERP is set up with: subsidiaries, currencies, terms, items, employees, tax codes. Changed by people, rarely."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

from .arithmetic import ROUNDINGS


def named(records: Records, kind: Kind, field: str, value: Any, asked: str) -> Any:
    """Return the live row whose `field` is `value`. Raises Refusal 'dangling' naming the `asked` field when there is none."""
    found = records.one(kind, field, value)
    if found is None:
        raise Refusal("dangling", f"no {kind.name} {value!r}", field=asked, got=value)
    return found


def pointed(records: Records, kind: Kind, id: Any, asked: str) -> Any:
    """Return the live row with that id. Raises Refusal 'dangling' naming the `asked` field when there is none."""
    found = None if id is None else records.get(kind, id)
    if found is None or found.deleted:
        raise Refusal("dangling", f"no {kind.name} {id}", field=asked, got=id)
    return found


def moved(before: Any, after: Any, *names: str) -> tuple[str, ...]:
    """The names whose value differs; all of them on a create."""
    return names if before is None else tuple(n for n in names if getattr(before, n) != getattr(after, n))


def rounding_is_known(_records: Records, _before: Any, after: Any) -> None:
    if after.rounding not in ROUNDINGS:
        raise Refusal(
            "bad_value", f"rounding {after.rounding!r}; known: {', '.join(ROUNDINGS)}", field="rounding", got=after.rounding
        )


def currency_exists(records: Records, before: Any, after: Any) -> None:
    if moved(before, after, "currency"):
        named(records, CURRENCY, "code", after.currency, "currency")


def rate_is_a_percentage(_records: Records, _before: Any, after: Any) -> None:
    if not 0 <= after.rate_percent_e3 <= 100_000:
        raise Refusal(
            "bad_value", "a tax rate lies between 0 and 100 percent", field="rate_percent_e3", got=after.rate_percent_e3
        )


CURRENCY = Kind(
    "currency",
    (Field("code", required=True, indexed=True, unique=True), Field("name")),
    key="code",
)
SUBSIDIARY = Kind(
    "subsidiary",
    (
        Field("external_id", required=True, indexed=True, unique=True),
        Field("name", required=True),
        Field("code", required=True, indexed=True, unique=True),
        Field("currency", required=True),
        Field("country", required=True),
        Field("rounding", default="LINE"),
    ),
    rules=(rounding_is_known, currency_exists),
    key="external_id",
)
TERM = Kind(
    "term",
    (Field("code", required=True, indexed=True, unique=True), Field("name"), Field("days", "int", default=0)),
    key="code",
)
ITEM = Kind(
    "item",
    (
        Field("external_id", required=True, indexed=True, unique=True),
        Field("name", required=True),
        Field("type", default="service"),
    ),
    key="external_id",
)
TAX_CODE = Kind(
    "tax_code",
    (
        Field("code", required=True, indexed=True, unique=True),
        Field("rate_percent_e3", "int", default=0),
        Field("country"),
        Field("label"),
    ),
    rules=(rate_is_a_percentage,),
    key="code",
)
EMPLOYEE = Kind(
    "employee",
    (
        Field("external_id", indexed=True, unique=True),
        Field("name", required=True),
        Field("subsidiary_id", "ref", required=True, to="subsidiary"),
        Field("inactive", "flag", default=0),
    ),
    key="external_id",
)
