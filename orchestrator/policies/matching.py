"""Is one of these records the one we made? Exact keys only: a likely match is nobody's match."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from orchestrator.errors import BusinessException

T = TypeVar("T")


def only(found: Iterable[T], wanted: str, key: Callable[[T], str]) -> T | None:
    """Return the record whose key is exactly `wanted`, None when there is none.

    Raises BusinessException(SEVERAL_MATCHES) when more than one has it: choosing would be guessing.
    """
    exact = [record for record in found if key(record) == wanted]
    if len(exact) > 1:
        raise BusinessException("SEVERAL_MATCHES", f"{len(exact)} records are called {wanted!r}; leave one", subject=wanted)
    return exact[0] if exact else None
