"""How often, how long and how far apart one effect is tried: numbers and pure arithmetic, no clock.

Backoff doubles from `first_ms` to `ceiling_ms`; jitter is drawn from the meaning of the attempt (run, step,
number), so that it is the same on every replay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Retry:
    """The limits of one effect. `settle_ms`: the longest a lost request may still take effect; no probe before that."""

    attempts_max: int = 12
    first_ms: int = 1_000
    factor: float = 2.0
    ceiling_ms: int = 3_600_000
    settle_ms: int = 30_000
    deadline_ms: int = 5 * DAY_MS

    def __post_init__(self) -> None:
        assert self.attempts_max >= 1, "at least one attempt"
        assert self.first_ms >= 1, "a backoff of nothing would shift the journal on replay"
        assert self.settle_ms >= 0, "settling takes no negative time"


def backoff_ms(retry: Retry, attempt: int, *meaning: str) -> int:
    """How long to wait after the `attempt`-th failure: half to all of the doubled delay."""
    full = min(float(retry.ceiling_ms), retry.first_ms * retry.factor ** min(attempt - 1, 64))
    return max(1, int(full * (0.5 + 0.5 * share("jitter", str(attempt), *meaning))))


def share(*meaning: str) -> float:
    """A number in [0, 1) that depends on the words alone."""
    digest = hashlib.blake2b("\x1f".join(meaning).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
