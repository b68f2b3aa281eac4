"""What every process is built from: the three systems, the book, the desk, the reference data and how patient to be."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.policies.reference import Reference
from orchestrator.policies.retry import Retry
from orchestrator.ports import Book, Crm, Desk, Erp, Names, Psa

DAY_MS = 86_400_000
MINUTE_MS = 60_000


CEILING_MS, ATTEMPTS_MAX = 10 * MINUTE_MS, 400
READ = Retry(attempts_max=ATTEMPTS_MAX, ceiling_ms=CEILING_MS, settle_ms=1_000)
NAMED = Retry(attempts_max=ATTEMPTS_MAX, ceiling_ms=CEILING_MS, settle_ms=2_000)
PROBED = Retry(attempts_max=ATTEMPTS_MAX, ceiling_ms=CEILING_MS, settle_ms=190_000)
LOCAL = Retry(attempts_max=3, settle_ms=0)


@dataclass(frozen=True)
class Patience:
    """How long to insist. A vendor's outage is bridged by the deadline: attempts are many, far apart, and cheap.

    `named`: effects that carry our external id, sent again at once after an unknown outcome. `probed`: creates without one,
    looked up only when the vendor's longest time-out has passed (Kantata cuts a request at three minutes). `lag_ms`: how far a
    reading may lag behind the news that made us read.
    """

    read: Retry = READ
    named: Retry = NAMED
    probed: Retry = PROBED
    local: Retry = LOCAL
    sign_ms: int = 30 * DAY_MS
    lag_ms: int = 5 * MINUTE_MS
    batch_attempts_max: int = 12
    batch_pause_ms: int = 15_000


@dataclass(frozen=True)
class Firm:
    """The ports, joined."""

    crm: Crm
    erp: Erp
    psa: Psa
    book: Book
    desk: Desk
    names: Names
    reference: Reference
    patience: Patience = Patience()
