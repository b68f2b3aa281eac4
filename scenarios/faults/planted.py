"""One planted fault: is it on now, does it match, does its share of chance hit this time."""

from __future__ import annotations

import asyncio
import fnmatch
import re
from collections.abc import Callable
from typing import Any

from scenarios.clock.draws import u
from scenarios.faults.kinds import FAR_MS, FaultKind, Site
from scenarios.history import Strike
from scenarios.spec import Fault


class Planted:
    """A fault of the plan at work. By `place` two equal lines draw different chances; strikes are counted by `line`, from 0."""

    def __init__(self, fault: Fault, kind: FaultKind, place: int, site: Site, *, line: int | None = None) -> None:
        self.fault, self.kind, self.place = fault, kind, place
        self.line = place if line is None else line
        self.seed, self.clock, self.record = site.seed, site.clock, site.record
        self.times_max = int(self.parameter("times")) if "times" in kind.params else 0
        self.times = 0
        self.tasks: list[asyncio.Task[None]] = []  # work of its own that must live on
        self._seen: dict[str, int] = {}
        match = fault.match
        self._path = re.compile(fnmatch.translate(match.path)) if match.path else None
        self._key = re.compile(fnmatch.translate(match.key)) if match.key else None

    def parameter(self, name: str) -> Any:
        """The value of a parameter, or its default."""
        return self.fault.params.get(name, self.kind.params[name].default)

    @property
    def window(self) -> tuple[int, int]:
        """[begin, end) of the window; a missing side is far away."""
        begin, end = self.fault.begin, self.fault.end
        return 0 if begin is None else begin, FAR_MS if end is None else end

    def is_on(self) -> bool:
        """Within the window (`from` inclusive, `to` exclusive) and not used up."""
        if self.times_max and self.times >= self.times_max:
            return False
        begin, end = self.fault.begin, self.fault.end
        if begin is None and end is None:
            return True
        now = self.clock()
        return (begin is None or now >= begin) and (end is None or now < end)

    def fits(self, method: str, path: str, user: str = "") -> bool:
        """Does this call match? Query strings are not part of `path`."""
        match = self.fault.match
        if match.method is not None and match.method.upper() != method:
            return False
        if self._path is not None and not self._path.match(path):
            return False
        if self._key is not None and not self._key.search(path):
            return False
        return match.user is None or match.user == user

    def fits_record(self, kind: str, key: str) -> bool:
        """Does this record or delivery match?"""
        match = self.fault.match
        if match.kind is not None and match.kind != kind:
            return False
        return self._key is None or self._key.match(key) is not None

    def hits(self, what: str) -> bool:
        """Draw by meaning: the n-th time this fault looks at `what`. Counts and records the strike when it hits."""
        n = self._seen[what] = self._seen.get(what, 0) + 1
        if self.fault.share < 1 and u(self.seed, "fault", self.place, self.fault.id, what, n) >= self.fault.share:
            return False
        self.struck(what)
        return True

    def struck(self, what: str) -> None:
        """Count and record a strike that no chance decides."""
        self.times += 1
        self.record(Strike(self.clock(), self.fault.id, self.fault.target, what, self.line))

    def at(self, instant: int, do: Callable[[], None]) -> None:
        """Do something at an instant of the simulated calendar, at once when it is past."""
        asyncio.get_running_loop().call_later(max(0, instant - self.clock()) / 1000, do)
