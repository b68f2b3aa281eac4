"""People of the firm as the PSA knows them: a number, a name, a role, a legal entity."""

from __future__ import annotations

from simulators.kernel.records import Field, Kind

USER = Kind(
    "user",
    (
        Field("number", required=True, unique=True),
        Field("full_name", required=True),
        Field("email", indexed=True),
        Field("role"),
        Field("entity"),
    ),
    key="number",
)
