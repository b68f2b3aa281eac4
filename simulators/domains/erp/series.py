"""Document numbers without gaps: one counter a series, moved in the same transaction as the document that takes the number."""

from __future__ import annotations

from simulators.kernel.records import Field, Kind, Records

SERIES = Kind(
    "number_series",
    (Field("name", required=True, indexed=True, unique=True), Field("last", "int", default=0)),
    key="name",
)


def next_number(records: Records, name: str, by: str) -> int:
    """Take the next number of the series, from 1; a transaction that fails gives it back."""
    row = records.one(SERIES, "name", name)
    if row is None:
        records.create(SERIES, {"name": name, "last": 1}, by)
        return 1
    return int(records.change(SERIES, row, {"last": row.last + 1}, by).last)


def last_number(records: Records, name: str) -> int:
    row = records.one(SERIES, "name", name)
    return 0 if row is None else int(row.last)
