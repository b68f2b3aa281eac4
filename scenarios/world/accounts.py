"""Both sides of every account: how a mock system is set up, and what the orchestrator is told of it.

All credentials are the run's own and public on purpose; keys come from a fixed integer, so that runs are equal. This is the one
file that names vendors' settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestrator import settings as told
from orchestrator.wiring import build
from simulators.registry import open_system
from simulators.vendors.kantata.state import FeedFault
from simulators.vendors.kantata.state import Settings as KantataSettings
from simulators.vendors.netsuite.regions import subsidiary_of
from simulators.vendors.netsuite.settings import Certificate, NetSuiteSettings, Token
from simulators.vendors.salesforce.outbound import RULES, action_id
from simulators.vendors.salesforce.settings import OrgUser, PushTarget, SalesforceSettings

HOSTS = {"crm.rehearsal.test": "crm", "psa.rehearsal.test": "psa", "erp.rehearsal.test": "erp"}
BASES = {system: f"https://{host}" for host, system in HOSTS.items()}
SECRET = "rehearsal-intake-secret"  # noqa: S105 - the run's own, public on purpose
INTAKE_PATH = f"/intake/salesforce/{SECRET}"
INTAKE = f"https://orchestrator.test{INTAKE_PATH}"
INTEGRATION = "integration@rehearsal.test"
KEY_NUMBER = 0x5EED_0F_4EAE_5A15
ORG = "00D5e000001AbCd"
ERP_SERVICE_MS = 350  # synthetic: a record call of an ordinary account
ERP_LANES_OF_OTHERS = 2  # synthetic: nobody has an account's lanes for himself
AUTHORITY_MINOR = 50_000_000
HEADS_IN_MEMORY_MAX = 300
CLIENT, CERTIFICATE = "rehearsal-client", "rehearsal-certificate"
CONSUMER_KEY, CONSUMER_SECRET = "3MVG9.rehearsal", "rehearsal-consumer-secret"
PASSWORD, SECURITY_TOKEN = "rehearsal", "token"
TBA = Token(
    "rehearsal-tba-consumer", "rehearsal-tba-consumer-secret", "rehearsal-tba-token", "rehearsal-tba-token-secret", INTEGRATION
)
PSA_TOKEN = "kantata-rehearsal-token"  # noqa: S105
TOKENS = {
    "clerk": "desk-token-clerk",
    "director": "desk-token-director",
    "billing": "desk-token-billing",
    "evidence": "desk-token-evidence",
}


@dataclass(frozen=True)
class Places:
    """Where everybody is found: {system: base URL}, and the orchestrator's own base URL. No trailing slashes."""

    bases: Mapping[str, str]
    orchestrator: str

    @property
    def hosts(self) -> dict[str, str]:
        """{host and port: system}."""
        return {urlsplit(url).netloc: system for system, url in self.bases.items()}

    @property
    def intake(self) -> str:
        """Where the CRM pushes to."""
        return self.orchestrator + INTAKE_PATH


NOWHERE = Places(BASES, "https://orchestrator.test")
"""Names for a network that exists in the process only."""


def place_of_rows(heads: int) -> str:
    """Where the databases of a run keep their rows: in memory, or for a large firm in files that SQLite makes and removes itself.

    Rows of 1,200 heads are 505 MiB; in a temporary file a database holds 2 MiB of them in memory, for 3 us more a commit.
    """
    return ":memory:" if heads <= HEADS_IN_MEMORY_MAX else ""


def open_systems(
    profiles: Mapping[str, str], seed: int, clock: Callable[[], int], intake: str, rows: str = ":memory:"
) -> dict[str, Any]:
    """{"crm": system, "psa": ..., "erp": ...}: empty accounts with one integration user each, pushing to `intake` if any."""
    return {
        part: open_system(profiles[part], clock=clock, seed=seed, settings=SETTINGS[profiles[part]](intake), path=rows)
        for part in ("crm", "psa", "erp")
    }


def salesforce(intake: str = INTAKE) -> SalesforceSettings:
    """An org that pushes to `intake`; to nobody when that is empty."""
    return SalesforceSettings(
        org_id=ORG,
        consumer_key=CONSUMER_KEY,
        consumer_secret=CONSUMER_SECRET,
        users=(OrgUser(INTEGRATION, PASSWORD, SECURITY_TOKEN, "Integration User"),),
        push=tuple(PushTarget(rule, intake) for rule in ("opportunity_won", "sow_signed") if intake),
    )


def kantata(_intake: str = "") -> KantataSettings:
    return KantataSettings(tokens={PSA_TOKEN: INTEGRATION}, admins=(INTEGRATION,))


def netsuite(_intake: str = "") -> NetSuiteSettings:
    mapped = Certificate(CERTIFICATE, CLIENT, public_pem(), INTEGRATION)
    return NetSuiteSettings(certificates=(mapped,), tokens=(TBA,), service_ms=ERP_SERVICE_MS, reserved=ERP_LANES_OF_OTHERS)


SETTINGS: Mapping[str, Callable[..., Any]] = {"salesforce": salesforce, "kantata": kantata, "netsuite": netsuite}


def open_orchestrator(
    send: Any,
    clock: Callable[[], int],
    database: Any = None,
    places: Places = NOWHERE,
    *,
    authority: Mapping[str, int] | None = None,
    sink: Callable[[str], None] = lambda _line: None,
) -> Any:
    """The product's own orchestrator on an open store, told of these accounts and of nothing else.

    `authority`: {role: the most it may write off, minor units}; `sink` gets its log.
    """
    consumers = {
        TOKENS["clerk"]: told.Consumer(name="clerks", roles=("clerk", "reader")),
        TOKENS["director"]: told.Consumer(name="director", roles=("clerk", "director", "reader")),
        TOKENS["billing"]: told.Consumer(name="billing", roles=("billing", "reader")),
        TOKENS["evidence"]: told.Consumer(name="auditor", roles=("evidence", "reader")),
    }
    settings = told.Settings(
        crm=told.CrmSettings(base_url=places.bases["crm"], client_id=CONSUMER_KEY, client_secret=CONSUMER_SECRET),
        psa=told.PsaSettings(base_url=places.bases["psa"], token=PSA_TOKEN),
        erp=told.ErpSettings(
            base_url=places.bases["erp"], client_id=CLIENT, certificate_id=CERTIFICATE, private_key_pem=private_pem()
        ),
        intake=told.IntakeSettings(
            secret=SECRET,
            organization_id=ORG,
            won_action_id=action_id(RULES["opportunity_won"]),
            signed_action_id=action_id(RULES["sow_signed"]),
        ),
        consumers=consumers,
        authority=dict(authority or {"clerk": AUTHORITY_MINOR, "director": AUTHORITY_MINOR}),
        store_path=":memory:",
    )
    return build(settings, send=send, clock=clock, sink=sink, database=database)


def secrets() -> tuple[str, ...]:
    """Everything of these accounts that nobody but its two sides may read."""
    pem = private_pem().splitlines()[1]
    return (SECRET, CONSUMER_SECRET, PSA_TOKEN, pem, TBA.consumer_secret, TBA.token_secret, *TOKENS.values())


def timeout_s_min() -> float:
    """The shortest time-box that the orchestrator puts around a call, in seconds."""
    kinds = (told.CrmSettings, told.PsaSettings, told.ErpSettings)
    return min(float(kind.model_fields["limits"].default.timeout_s) for kind in kinds)


def feed_fault(id: str, begin: int, end: int, values: dict[str, Any]) -> FeedFault:
    """How a polled feed misbehaves in a window."""
    return FeedFault(id, begin, end, **values)


def subsidiary_code(system: Any, call: Any) -> str:
    """The code of the legal entity that a call to the ERP is about, such as UK; '' when it is about none."""
    return subsidiary_of(system, call).removeprefix("SUB-")


def signing_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(KEY_NUMBER, ec.SECP256R1())


def private_pem() -> str:
    return (
        signing_key()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def public_pem() -> str:
    return (
        signing_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
