"""Both sides of every account: how a mock system is set up, and what the orchestrator is told of it.

All credentials are the run's own and public on purpose; keys come from a fixed integer, so that runs are equal. This is the one
file that names vendors' settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestrator import settings as told
from orchestrator.wiring import build
from scenarios.resolve import Rehearsal
from simulators.registry import open_system
from simulators.vendors.kantata.state import FeedFault
from simulators.vendors.kantata.state import Settings as KantataSettings
from simulators.vendors.netsuite.settings import Certificate, NetSuiteSettings
from simulators.vendors.salesforce.outbound import RULES, action_id
from simulators.vendors.salesforce.settings import OrgUser, PushTarget, SalesforceSettings

HOSTS = {"crm.rehearsal.test": "crm", "psa.rehearsal.test": "psa", "erp.rehearsal.test": "erp"}
BASES = {system: f"https://{host}" for host, system in HOSTS.items()}
SECRET = "rehearsal-intake-secret"  # noqa: S105 - the run's own, public on purpose
INTAKE = f"https://orchestrator.test/intake/salesforce/{SECRET}"
INTEGRATION = "integration@rehearsal.test"
KEY_NUMBER = 0x5EED_0F_4EAE_5A15
ORG = "00D5e000001AbCd"
ERP_SERVICE_MS = 350  # synthetic: a record call of an ordinary account
ERP_LANES_OF_OTHERS = 2  # synthetic: nobody has an account's lanes for himself
CLIENT, CERTIFICATE = "rehearsal-client", "rehearsal-certificate"
CONSUMER_KEY, CONSUMER_SECRET = "3MVG9.rehearsal", "rehearsal-consumer-secret"
PSA_TOKEN = "kantata-rehearsal-token"  # noqa: S105
TOKENS = {"clerk": "desk-token-clerk", "billing": "desk-token-billing", "evidence": "desk-token-evidence"}


def open_systems(rehearsal: Rehearsal, clock: Callable[[], int]) -> dict[str, Any]:
    """{"crm": system, "psa": ..., "erp": ...}: empty accounts with one integration user each."""
    profiles = rehearsal.scenario.profiles
    return {
        part: open_system(vendor, clock=clock, seed=rehearsal.seed, settings=SETTINGS[vendor]())
        for part, vendor in (("crm", profiles.crm), ("psa", profiles.psa), ("erp", profiles.erp))
    }


def salesforce() -> SalesforceSettings:
    return SalesforceSettings(
        org_id=ORG,
        consumer_key=CONSUMER_KEY,
        consumer_secret=CONSUMER_SECRET,
        users=(OrgUser(INTEGRATION, "rehearsal", "token", "Integration User"),),
        push=(PushTarget("opportunity_won", INTAKE), PushTarget("sow_signed", INTAKE)),
    )


def kantata() -> KantataSettings:
    return KantataSettings(tokens={PSA_TOKEN: INTEGRATION}, admins=(INTEGRATION,))


def netsuite() -> NetSuiteSettings:
    mapped = Certificate(CERTIFICATE, CLIENT, public_pem(), INTEGRATION)
    return NetSuiteSettings(certificates=(mapped,), service_ms=ERP_SERVICE_MS, reserved=ERP_LANES_OF_OTHERS)


SETTINGS: Mapping[str, Callable[[], Any]] = {"salesforce": salesforce, "kantata": kantata, "netsuite": netsuite}


def open_orchestrator(send: Any, clock: Callable[[], int], store_path: str = ":memory:") -> Any:
    """The product's own orchestrator, told of these accounts and of nothing else."""
    consumers = {
        TOKENS["clerk"]: told.Consumer(name="clerks", roles=("clerk", "reader")),
        TOKENS["billing"]: told.Consumer(name="billing", roles=("billing", "reader")),
        TOKENS["evidence"]: told.Consumer(name="auditor", roles=("evidence", "reader")),
    }
    settings = told.Settings(
        crm=told.CrmSettings(base_url=BASES["crm"], client_id=CONSUMER_KEY, client_secret=CONSUMER_SECRET),
        psa=told.PsaSettings(base_url=BASES["psa"], token=PSA_TOKEN),
        erp=told.ErpSettings(base_url=BASES["erp"], client_id=CLIENT, certificate_id=CERTIFICATE, private_key_pem=private_pem()),
        intake=told.IntakeSettings(
            secret=SECRET,
            organization_id=ORG,
            won_action_id=action_id(RULES["opportunity_won"]),
            signed_action_id=action_id(RULES["sow_signed"]),
        ),
        consumers=consumers,
        store_path=store_path,
    )
    return build(settings, send=send, clock=clock)


def feed_fault(id: str, begin: int, end: int, values: dict[str, Any]) -> FeedFault:
    """How a polled feed misbehaves in a window."""
    return FeedFault(id, begin, end, **values)


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
