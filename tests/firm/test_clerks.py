"""Who writes off how much: a clerk within their authority, the director above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from scenarios.firm.clerks import DIRECTOR, ExceptionClerk
from scenarios.firm.office import Deed
from scenarios.firm.roster import clerk_mail
from scenarios.firm.spec import load_firm

SPEC = load_firm("S")
LIMIT = SPEC.clerks.waive_minor_max


@dataclass
class Desk:
    """Refuses a role above its limit."""

    amount: int
    asked: list[str] = field(default_factory=list)

    def waive(self, _id: str, _reason: str, role: str) -> str:
        self.asked.append(role)
        return "denied: ask a higher authority" if role == "clerk" and self.amount > LIMIT else "done"


@dataclass
class Office:
    """As much of an office as writing off needs."""

    deeds: list[Deed] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    spec: Any = SPEC
    now: int = 0

    def ask(self, deed: Deed, make: Callable[[], str]) -> Generator[Any, Any, str]:
        self.deeds.append(deed)
        yield
        return make()


@pytest.mark.parametrize(("amount", "roles"), [(LIMIT, ["clerk"]), (LIMIT + 1, ["clerk", "director"])])
def test_what_is_above_a_clerks_authority_the_director_writes_off(amount: int, roles: list[str]) -> None:
    """Each try says whose authority it was, so that the oracle can judge it."""
    clerk, desk = ExceptionClerk.__new__(ExceptionClerk), Desk(amount)
    clerk.office, clerk.who = Office(), clerk_mail("project-ops")  # type: ignore[assignment]
    for _ in clerk._write_off("X-1", {"reason": "over the cap"}, desk):  # type: ignore[arg-type]
        pass
    limits = {"clerk": (clerk.who, LIMIT), "director": (DIRECTOR, SPEC.clerks.director_waive_minor_max)}
    told = [(deed.who, deed.values["authority_minor"]) for deed in clerk.office.deeds]  # type: ignore[attr-defined]
    assert (desk.asked, told) == (roles, [limits[role] for role in roles])
