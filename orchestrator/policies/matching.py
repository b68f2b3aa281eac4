"""Is one of these records the one we made? Exact keys only: a likely match is nobody's match."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from orchestrator.canonical.party import Party
from orchestrator.errors import BusinessException

T = TypeVar("T")


def same_company(party: Party, others: Iterable[Party]) -> list[str]:
    """Numbers of other accounts that must be the same company: the same tax id, or the same site and name where one has no tax id.

    A likeness is nobody's match: what is found goes to a person, and nothing is created meanwhile.
    """
    return sorted(other.number for other in others if other.number != party.number and _is_same(party, other))


def _is_same(one: Party, two: Party) -> bool:
    if one.tax_id and two.tax_id:
        return _plain(one.tax_id) == _plain(two.tax_id)
    return bool(one.website) and one.website == two.website and _plain(one.name) == _plain(two.name)


def _plain(text: str) -> str:
    """Letters and digits alone, whatever the case."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def only(found: Iterable[T], wanted: str, key: Callable[[T], str]) -> T | None:
    """Return the record whose key is exactly `wanted`, None when there is none.

    Raises BusinessException(SEVERAL_MATCHES) when more than one has it: choosing would be guessing.
    """
    exact = [record for record in found if key(record) == wanted]
    if len(exact) > 1:
        raise BusinessException("SEVERAL_MATCHES", f"{len(exact)} records are called {wanted!r}; leave one", subject=wanted)
    return exact[0] if exact else None
