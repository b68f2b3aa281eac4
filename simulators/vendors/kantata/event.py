"""One event of the feed, and the draw by meaning that gives it its lag, its double and its omission."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One event: made at `created_at` of the change numbered `seq`."""

    id: int
    type: str
    created_at: int
    changed_at: int
    seq: int
    kind: str
    subject: int
    by: str
    field: int = 0  # custom field, for an event about its value


def share(seed: int, *meaning: Any) -> float:
    """Draw a number in [0, 1) by meaning."""
    text = "|".join(("feed", str(seed), *map(str, meaning)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56
