"""The firm's hands and eyes: acts at the screens of the mock systems, in the process of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scenarios.firm.ports import ActRefused
from simulators.registry import Refusal


class Hands:
    """People at the vendors' own screens. A refusal of the domain or an outage is an ActRefused with the domain's code."""

    def __init__(self, systems: Mapping[str, Any], is_open: Callable[[], bool] = lambda: True) -> None:
        self.systems, self.is_open = systems, is_open

    def act(self, system: str, verb: str, kind: str, key: str, values: dict[str, Any], user: str, at: int) -> Any:
        """Do `verb`; returns something with the vendor's `id`."""
        self.enter()
        try:
            return self.systems[system].act(verb, kind, key, values, user=user, at=at)
        except Refusal as refusal:
            raise ActRefused(refusal.code, str(refusal)) from refusal

    def look(self, system: str, kind: str, **equals: Any) -> list[dict[str, Any]]:
        """What a person sees; nothing while the system is down."""
        self.enter()
        held = self.systems[system]
        if held.clock() < held.closed_until:
            raise ActRefused("unavailable", f"{system} is down")
        try:
            found: list[dict[str, Any]] = held.look(kind, **equals)
        except Refusal as refusal:
            raise ActRefused(refusal.code, str(refusal)) from refusal
        return found

    def enter(self) -> None:
        if not self.is_open():
            raise ActRefused("unavailable", "the office is closed")
