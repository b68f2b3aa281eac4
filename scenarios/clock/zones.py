"""Time zones from the pinned `tzdata` package, never from the machine: a run does not depend on where it runs."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """Read a zone from the pinned tzdata package. Raises ValueError when it is unknown."""
    *folders, leaf = name.split("/")
    try:
        with resources.files("tzdata.zoneinfo").joinpath(*folders, leaf).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError) as error:
        raise ValueError(f"time zone {name!r} unknown; write an IANA name such as Europe/Berlin") from error
