"""What an account is set up with. The world writes these; a running system does not change them."""

from __future__ import annotations

from dataclasses import dataclass, field

# Lists that the integration's role may see, and only an administrator may change.
READ_ONLY_RECORDS = ("subsidiary", "currency", "term", "accountingPeriod", "taxCode")


@dataclass(frozen=True)
class Certificate:
    """One row of the OAuth 2 client-credentials mapping page: the certificate id, its client, and the public key or certificate as PEM."""

    kid: str
    client_id: str
    public_pem: str
    user: str = "integration"


@dataclass(frozen=True)
class Token:
    """One token of token-based authentication (OAuth 1.0a)."""

    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str
    user: str = "integration"


@dataclass(frozen=True)
class NetSuiteSettings:
    """`concurrency_limit` is the account's; `reserved` of it is always in use by other integrations: nobody is alone in an account.

    `date_format` is the integration user's preference: SuiteQL answers and `q=` speak it. The account's time zone is GMT.
    """

    account_id: str = "1234567"
    company: str = "Northgate Consulting"
    certificates: tuple[Certificate, ...] = ()
    tokens: tuple[Token, ...] = ()
    concurrency_limit: int = 15
    reserved: int = 0
    integration_limit: int = 0  # a limit of this integration's own, carved out of the account's; 0: none
    date_format: str = "YYYY-MM-DD"
    release: str = "2026.1"
    session_ms: int = 3_600_000
    service_ms: int = 0  # mean service time a call; the world sets it
    async_ms: int = 2_000  # how long an asynchronous job waits before it runs
    forbidden_records: frozenset[str] = field(default_factory=lambda: frozenset(READ_ONLY_RECORDS))
