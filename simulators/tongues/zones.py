"""Time zones from the pinned `tzdata` package, never from the machine: a query's TODAY is the same everywhere."""

from __future__ import annotations

from importlib import resources
from zoneinfo import ZoneInfo


def time_zone(name: str) -> ZoneInfo:
    """Read a zone by its IANA name. Raises FileNotFoundError when there is none."""
    with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
