"""How much a caller may ask: a rolling window of calls, and a pool of slots held while a call is under way."""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Lost, Reply
from simulators.kernel.stages import System


class Window:
    """Count calls over the last `span_ms`, in `parts` steps; exact to one step, constant memory."""

    def __init__(self, most: int, span_ms: int, parts: int = 288) -> None:
        assert most >= 0, "a window needs a limit"
        assert span_ms >= parts > 0, "a step of a window is at least a millisecond"
        self.most, self.step, self.parts = most, span_ms // parts, parts
        self.counts, self.used, self.at = [0] * parts, 0, 0

    def take(self, now: int, n: int = 1) -> bool:
        """Count `n` calls at `now` (ms), or refuse them all: False counts nothing."""
        self._roll(now)
        if self.used + n > self.most:
            return False
        self.counts[self.at % self.parts] += n
        self.used += n
        return True

    def fill(self, now: int) -> int:
        """Somebody else makes every call that is left; how many these were."""
        self._roll(now)
        free = max(0, self.most - self.used)
        if free:
            self.take(now, free)
        return free

    def renew(self) -> None:
        """The vendor grants the whole allotment again: what was counted is forgotten."""
        self.counts, self.used = [0] * self.parts, 0

    def left(self, now: int) -> int:
        self._roll(now)
        return max(0, self.most - self.used)

    def wait_ms(self, now: int) -> int:
        """How long until the oldest counted step leaves the window; 0 when a call is welcome now."""
        self._roll(now)
        if self.used < self.most:
            return 0
        for age in range(self.parts - 1, -1, -1):
            if self.counts[(self.at - age) % self.parts]:
                return (self.at - age + self.parts) * self.step - now
        return self.step * self.parts

    def _roll(self, now: int) -> None:
        at = now // self.step
        if at <= self.at:
            return
        if at - self.at >= self.parts:  # a quiet caller: nothing counted is left
            self.counts, self.used, self.at = [0] * self.parts, 0, at
            return
        for i in range(self.at + 1, at + 1):
            self.used -= self.counts[i % self.parts]
            self.counts[i % self.parts] = 0
        self.at = at


class Slots:
    """Calls under way at the same time. A slot is held until the work is done, not until the caller stops listening."""

    def __init__(self, most: int) -> None:
        self.most, self.held, self.peak = most, 0, 0

    def take(self) -> bool:
        if self.held >= self.most:
            return False
        self.held += 1
        self.peak = max(self.peak, self.held)
        return True

    def leave(self, _system: System[Any], _call: Call, _reply: Reply | Lost | None) -> None:
        """Give the slot back; append it to `call.leaving` once taken."""
        assert self.held > 0, "a slot was given back twice"
        self.held -= 1
