"""What the room remembers beside its records, and the numbers a user may set.

Numbers that Kantata does not publish (rate limit, feed lag, share of duplicated events) are synthetic and marked so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.behaviours.limits import Window

DAY_MS = 86_400_000
ROLES = ("ROLE-ANALYST", "ROLE-CONSULTANT", "ROLE-SENIOR", "ROLE-ARCHITECT", "ROLE-PM", "ROLE-MANAGER", "ROLE-DIRECTOR")


@dataclass(frozen=True)
class Settings:
    """One account: its tokens and who they speak for, its roles, its limits, how its feed behaves on a fair day."""

    account_id: int = 4_200_001
    tokens: Mapping[str, str] = field(default_factory=lambda: {"kantata-token": "integration@rehearsal.test"})
    admins: tuple[str, ...] = ("integration@rehearsal.test",)
    client_id: str = "rehearsal"
    client_secret: str = "kantata-secret"  # noqa: S105 - a mock's own credential
    authorization_code: str = "kantata-code"
    roles: tuple[str, ...] = ROLES  # ids count from 1
    calls_max: int = 1_200  # calls in a window; synthetic: the vendor publishes no number
    calls_span_ms: int = 60_000
    feed_retention_ms: int = 9 * DAY_MS  # Source: developer.kantata.com, Events (read 2026-11-20)
    feed_lag_ms_max: int = 90_000  # "within a few minutes"; synthetic
    feed_duplicate_share: float = 0.01  # "events may sometimes be duplicated"; synthetic
    unique_service_name: bool = True  # one reference per object and service_name, as the documentation says


@dataclass(frozen=True)
class FeedFault:
    """How the event feed misbehaves in a window of time, on top of its fair-weather manners.

    `omit_share`, `duplicate_share` and `lag_ms_max` (up to so much later) hit changes made in [from_ms, to_ms), for ever: a
    later reading does not bring an omitted event back. `shuffled` and `retention_ms` hit readings made in the window.
    `id` keys the draws.
    """

    id: str
    from_ms: int
    to_ms: int
    duplicate_share: float = 0.0
    omit_share: float = 0.0
    lag_ms_max: int = 0
    shuffled: bool = False
    retention_ms: int | None = None

    def holds(self, at: int) -> bool:
        """Say whether the window holds an instant."""
        return self.from_ms <= at < self.to_ms


@dataclass
class Desk:
    """The room's state: tokens in force, the call window, and the faults the world has put on the feed."""

    sessions: dict[str, str]  # token -> user; remove one to revoke it
    window: Window
    role_ids: dict[str, int]
    role_names: dict[int, str]
    feed_faults: list[FeedFault] = field(default_factory=list)
    requests: int = 0  # numbers x-request-id
    granted: int = 0  # numbers tokens


def desk_of(settings: Settings) -> Desk:
    """Open the desk as the settings say."""
    roles = dict(enumerate(settings.roles, 1))
    return Desk(
        sessions=dict(settings.tokens),
        window=Window(settings.calls_max, settings.calls_span_ms, parts=60),
        role_ids={name: id for id, name in roles.items()},
        role_names=roles,
    )
