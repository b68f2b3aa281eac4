"""Accounting periods: a month of a subsidiary that is open, soft closed or closed. Nothing is posted outside an open one."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal

from .reference import SUBSIDIARY, named, pointed

OPEN, SOFT_CLOSED, CLOSED = "open", "soft_closed", "closed"


def name_fits_the_month(records: Records, before: Any, after: Any) -> None:
    """`2026-01-US` is January 2026 of the subsidiary with code US."""
    if before is not None and before.name == after.name and before.start_on == after.start_on and before.end_on == after.end_on:
        return
    if after.name[:7] != after.start_on[:7] or after.start_on[:7] != after.end_on[:7] or after.start_on > after.end_on:
        raise Refusal("bad_value", "a period is one month, named YYYY-MM-<subsidiary code>", field="name", got=after.name)
    named(records, SUBSIDIARY, "code", after.name[8:], "name")


def period_of(records: Records, subsidiary_id: Any, day: str) -> Any | None:
    subsidiary = pointed(records, SUBSIDIARY, subsidiary_id, "subsidiary_id")
    return records.one(PERIOD, "name", f"{day[:7]}-{subsidiary.code}")


def demand_open(records: Records, subsidiary_id: Any, day: str, field: str = "tran_date") -> Any:
    """Return the open period of `day`. Raises Refusal 'closed_period' when it is closed, soft closed or was never set up."""
    period = period_of(records, subsidiary_id, day)
    if period is None or period.state != OPEN:
        state = "not set up" if period is None else period.state.replace("_", " ")
        raise Refusal("closed_period", f"the posting period of {day} is {state}", field=field, got=day)
    return period


def _to(state: str) -> Any:
    def verb(records: Records, row: Any, _values: dict[str, Any], user: str, _at: int) -> Any:
        if row is None:
            raise Refusal("missing", "no such period", field="name")
        return records.change(PERIOD, row, {"state": state}, user)

    return verb


PERIOD = Kind(
    "period",
    (
        Field("name", required=True, indexed=True, unique=True),
        Field("start_on", "date", required=True),
        Field("end_on", "date", required=True),
        Field("state", "state"),
    ),
    machine=Machine("state", OPEN, {OPEN: (SOFT_CLOSED,), SOFT_CLOSED: (CLOSED, OPEN), CLOSED: (OPEN,)}),
    rules=(name_fits_the_month,),
    key="name",
    verbs={"soft_close": _to(SOFT_CLOSED), "close": _to(CLOSED), "reopen": _to(OPEN)},
)
