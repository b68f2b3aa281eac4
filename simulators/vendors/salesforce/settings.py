"""What differs from one org to the next: ids, credentials, users, limits, and where messages go. Read once, when it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DAY_MS = 86_400_000


@dataclass(frozen=True)
class OrgUser:
    """Someone who may sign in. `profile` names an entry of `SalesforceSettings.profiles`; "" may write everything."""

    username: str
    password: str = ""
    security_token: str = ""
    name: str = ""
    profile: str = ""


@dataclass(frozen=True)
class PushTarget:
    """Where a workflow rule's outbound message goes.

    `rule`: opportunity_won | sow_signed. `evaluate`: 'subsequently' fires when a record comes to meet the rule (created, or edited
    to meet it), 'every' at each save that meets it; both are choices of the vendor's rule editor.
    """

    rule: str
    url: str
    evaluate: str = "subsequently"


@dataclass(frozen=True, kw_only=True)
class SalesforceSettings:
    """`profiles`: {profile: ("SOW__c.Delivery_Status__c", "Invoice__c.*", ...)}, the fields it may write; reading is free."""

    org_id: str = "00D5e000001AbCd"
    org_name: str = "Rehearsal Consulting"
    is_sandbox: bool = False
    consumer_key: str = "3MVG9.rehearsal"
    consumer_secret: str = "rehearsal-secret"  # noqa: S105 - the mock's own, public on purpose
    users: tuple[OrgUser, ...] = (OrgUser("integration@rehearsal.example", "rehearsal", "token", "Integration User"),)
    run_as: str = ""  # who a client_credentials session is; "" is the first user
    jwt_public_key: str = ""  # PEM of a key or a certificate; "" takes no assertions
    jwt_audiences: tuple[str, ...] = ()  # () takes any audience: clients pointed at localhost make odd ones
    password_grant_enabled: bool = True
    daily_limit: int = 115_000  # calls in any 24 hours: 100,000 and 15 licences of 1,000
    session_ms: int = 2 * 3_600_000  # of inactivity
    versions: tuple[int, ...] = tuple(range(31, 68))
    timezone: str = "UTC"  # of the users: what TODAY means
    push: tuple[PushTarget, ...] = ()
    profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
