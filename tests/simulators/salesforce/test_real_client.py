"""simple-salesforce 1.12.10, unmodified, over TLS: the client does not know that this is no Salesforce.

It posts to https://<domain>.salesforce.com/...; with domain="localhost:PORT/login" that host is ours.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from simulators.app import Served, Serving, in_background
from simulators.certificates import issue
from simulators.kernel.stages import System
from simulators.registry import open_system
from simulators.vendors.salesforce import SalesforceSettings
from tests.simulators.salesforce.org import KEY, SECRET, START

SIGNER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = SIGNER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
USER = "integration@rehearsal.example"


@dataclass
class Site:
    system: System[Any]
    served: Served
    now: list[int]

    @property
    def domain(self) -> str:
        return self.served.url("salesforce", tls=True).removeprefix("https://") + "/login"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    certificates = issue(tmp_path_factory.mktemp("ca"))
    now = [START]
    system = open_system("salesforce", clock=lambda: now[0], seed=1, settings=SalesforceSettings(jwt_public_key=PUBLIC))
    system.service_ms = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(Path(certificates.ca)))
        with in_background({"salesforce": system}, Serving(certificates=certificates)) as served:
            yield Site(system, served, now)
            connections = served.secure["salesforce"].server_state.connections
            left = [served.do(lambda: len(connections)) for _ in range(200)]  # let the server see that its callers hung up
            assert left[-1] == 0
    system.close()


@pytest.fixture
def sf(site: Site) -> Iterator[Salesforce]:
    made = Salesforce(consumer_key=KEY, consumer_secret=SECRET, domain=site.domain, version="67.0")
    yield made
    made.session.close()
    gc.collect()  # answers that a raised error still holds keep their connection


def test_it_signs_in_three_ways(site: Site) -> None:
    """Client credentials, password and a signed assertion; each session works, and is no sandbox's."""
    ways: tuple[dict[str, str], ...] = (
        {"consumer_secret": SECRET},
        {"consumer_secret": SECRET, "username": USER, "password": "rehearsaltoken"},
        {"username": USER, "privatekey": PRIVATE},
    )
    for way in ways:
        with time_machine.travel(START / 1000, tick=False):
            sf = Salesforce(consumer_key=KEY, domain=site.domain, version="67.0", **way)
        assert sf.is_sandbox() is False
        sf.session.close()


def test_it_is_told_when_it_may_not(site: Site) -> None:
    """A wrong secret raises the client's own error with the OAuth code."""
    with requests.Session() as session, pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(consumer_key=KEY, consumer_secret="wrong", domain=site.domain, session=session)
    assert refused.value.code == "invalid_client"


def test_it_works_on_records(sf: Salesforce) -> None:
    """Create, read by either id and by key, update, upsert with its status codes, delete, and the feeds."""
    assert sf.Account.upsert("AccountNumber/A-1", {"Name": "Acme & Söhne"}) == 201
    assert sf.Account.upsert("AccountNumber/A-1", {"Name": "Acme & Söhne"}) == 200
    assert sf.Account.upsert("AccountNumber/A%2F1 b", {"Name": "Slash"}) == 201
    assert sf.Account.get_by_custom_id("AccountNumber", "A/1 b")["Name"] == "Slash"
    deal = {"Name": "Deal", "StageName": "Negotiation/Review", "CloseDate": "2026-03-01", "Amount": 1234.56}
    made = sf.Opportunity.create({**deal, "Account": {"AccountNumber": "A-1"}})
    assert (made["success"], made["errors"]) == (True, [])
    assert sf.Opportunity.get(made["id"][:15])["Amount"] == 1234.56
    assert sf.Opportunity.update(made["id"], {"StageName": "Closed Won"}) == 204
    assert sf.Opportunity.get(made["id"])["IsWon"] is True
    assert sf.Opportunity.delete(made["id"]) == 204
    assert sf.Opportunity.describe()["name"] == "Opportunity"
    assert "SOW__c" in [o["name"] for o in sf.describe()["sobjects"]]


def test_its_feeds_work(sf: Salesforce, site: Site) -> None:
    """updated() and deleted() list by instant."""
    kept, gone = (sf.Contact.create({"LastName": n})["id"] for n in ("kept", "gone"))
    sf.Contact.delete(gone)
    start = datetime.fromtimestamp(START / 1000, UTC)
    end = start + timedelta(minutes=5)
    assert kept in sf.Contact.updated(start, end)["ids"]
    assert gone in [r["id"] for r in sf.Contact.deleted(start, end)["deletedRecords"]]


def test_it_pages(sf: Salesforce, site: Site) -> None:
    """query, query_more, query_all and query_all_iter over more than 2,000 rows, and in small batches."""

    def fill() -> None:
        records = site.system.records
        kind = records.kinds["product"]
        site.system.transact(
            lambda: [records.create(kind, {"name": f"P{n:04d}", "code": f"P{n:04d}"}, "seed") for n in range(2_300)]
        )

    site.served.do(fill)
    text = "SELECT Id, ProductCode FROM Product2 WHERE ProductCode LIKE 'P%' ORDER BY ProductCode"
    first = sf.query(text)
    assert (first["done"], first["totalSize"], len(first["records"])) == (False, 2_300, 2_000)
    rest = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (rest["done"], len(rest["records"])) == (True, 300)
    wanted = [f"P{n:04d}" for n in range(2_300)]
    assert [r["ProductCode"] for r in sf.query_all(text)["records"]] == wanted
    batches = {"Sforce-Query-Options": "batchSize=200"}
    assert [r["ProductCode"] for r in sf.query_all_iter(text, headers=batches)] == wanted


def test_it_raises_its_own_errors(sf: Salesforce) -> None:
    """300, 400, 403 and 404 become the classes that users of the client catch."""
    for name in ("one", "two"):
        sf.Account.create({"Name": name, "AccountNumber": "A-300"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Account.get_by_custom_id("AccountNumber", "A-300")
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        sf.query("SELECT Nme FROM Account")
    assert malformed.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Opportunity.create({"Name": "x", "CloseDate": "2026-01-01", "StageName": "Wonn"})
    assert refused.value.content[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get("0015e0000009999AAA")
    with pytest.raises(SalesforceResourceNotFound):
        sf.restful("jobs/ingest")


def test_it_works_on_many_records(sf: Salesforce) -> None:
    """Collections and composite through restful()."""
    records = [{"attributes": {"type": "Account"}, "Name": "B"}, {"attributes": {"type": "Account"}}]
    found = sf.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    assert [r["success"] for r in found] == [True, False]
    keyed = [{"attributes": {"type": "Invoice__c"}, "Invoice_Key__c": "INV-1", "Gross__c": 12.5}]
    upserted = sf.restful("composite/sobjects/Invoice__c/Invoice_Key__c", method="PATCH", json={"records": keyed})
    assert upserted[0]["created"] is True
    part = {"method": "GET", "url": "/services/data/v67.0/limits", "referenceId": "l"}
    assert (
        sf.restful("composite", method="POST", json={"compositeRequest": [part]})["compositeResponse"][0]["httpStatusCode"] == 200
    )


def test_it_sees_its_allotment(sf: Salesforce, site: Site) -> None:
    """limits() and the usage that the client reads off every answer; past it, a refused request."""
    told = sf.limits()["DailyApiRequests"]
    used = sf.api_usage["api-usage"]
    assert (told["Max"], used.total) == (115_000, 115_000)
    assert used.used == 115_000 - told["Remaining"]
    window = site.system.state.window
    most, window.most = window.most, window.used
    with pytest.raises(SalesforceRefusedRequest):
        sf.limits()
    window.most = most


def test_it_signs_in_again(sf: Salesforce, site: Site) -> None:
    """A session that expired is renewed by the client itself; one that it did not open raises."""
    before = sf.session_id
    site.served.do(site.system.state.sessions.revoke_all)
    assert sf.query("SELECT COUNT() FROM Organization")["totalSize"] == 1
    assert sf.session_id != before
    site.now[0] += 3 * 3_600_000
    assert sf.query("SELECT COUNT() FROM Organization")["totalSize"] == 1
    stranger = Salesforce(instance=site.domain.removesuffix("/login"), session_id="stale", version="67.0")
    with pytest.raises(SalesforceExpiredSession):
        stranger.query("SELECT Id FROM Account")
    stranger.session.close()
    site.now[0] = START
