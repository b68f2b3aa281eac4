"""What one orchestrator is told at its start: where the systems are, who may ask it, how often it looks.

Plain values, checked together; nothing here opens a file or reads the environment (`app.py` does).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MINUTE_MS = 60_000
Positive = Annotated[int, Field(gt=0)]


class Frozen(BaseModel):
    """Settings do not change while the program runs, and every mistake in them is told at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Frozen):
    """What a system grants us: calls at once, calls a minute (0: no limit), and how long one call may take."""

    concurrency_max: Positive = 8
    calls_per_minute_max: Annotated[int, Field(ge=0)] = 0
    burst_max: Positive = 1
    timeout_s: Annotated[float, Field(gt=0, le=900)] = 60.0


class CrmSettings(Frozen):
    """The CRM: an OAuth 2 client-credentials client of a My Domain host."""

    profile: Literal["salesforce"] = "salesforce"
    base_url: str
    client_id: str
    client_secret: str
    limits: Limits = Limits(concurrency_max=10, timeout_s=60.0)


class PsaSettings(Frozen):
    """The PSA: a bearer token. The vendor publishes no rate; ours stays below what accounts are known to get."""

    profile: Literal["kantata"] = "kantata"
    base_url: str
    token: str
    limits: Limits = Limits(concurrency_max=6, calls_per_minute_max=1_000, burst_max=60, timeout_s=200.0)


class ErpSettings(Frozen):
    """The ERP: an OAuth 2 client with a certificate (ES256). Concurrency is the account's pool less what others need."""

    profile: Literal["netsuite"] = "netsuite"
    base_url: str
    client_id: str
    certificate_id: str
    private_key_pem: str
    limits: Limits = Limits(concurrency_max=8, timeout_s=120.0)


class IntakeSettings(Frozen):
    """How a push is known: the path's secret, the organization, and the two actions it may be."""

    secret: Annotated[str, Field(min_length=8)]
    organization_id: Annotated[str, Field(min_length=15, max_length=18)]
    won_action_id: Annotated[str, Field(min_length=15, max_length=18)]
    signed_action_id: Annotated[str, Field(min_length=15, max_length=18)]


class Consumer(Frozen):
    """One holder of a bearer token: clerk, billing, reader or evidence, and any role with an authority limit."""

    name: str
    roles: tuple[str, ...]


class Intervals(Frozen):
    """How often each system is asked what changed, and how far every poll looks back."""

    sweep_ms: Positive = 30 * MINUTE_MS
    feed_ms: Positive = 10 * MINUTE_MS
    mirror_ms: Positive = 4 * MINUTE_MS
    names_ms: Positive = 240 * MINUTE_MS
    withdrawn_ms: Positive = 120 * MINUTE_MS
    quiet_ms: Positive = 60 * MINUTE_MS
    """Every lane's pace while nobody we work for is at work, but for the ERP's invoices."""
    mirror_quiet_ms: Positive = 60 * MINUTE_MS
    """The same for the ERP's invoices. It is the only question the ERP is asked at night: longer than an hour, and an outage of two
    hours ends before anybody is told."""
    overlap_ms: Positive = 10 * MINUTE_MS
    upkeep_ms: Positive = 15 * MINUTE_MS
    """How often somebody looks for what is overdue or stands still."""


class Settings(Frozen):
    """One orchestrator."""

    crm: CrmSettings
    psa: PsaSettings
    erp: ErpSettings
    intake: IntakeSettings
    consumers: dict[str, Consumer] = {}
    authority: dict[str, int] = {"clerk": 50_000_000}
    """{role: the largest amount (minor units) it may write off}."""
    store_path: str = "orchestrator.db"
    synchronous: Literal["normal", "full"] = "full"
    reference_folder: Path | None = None
    intervals: Intervals = Intervals()
