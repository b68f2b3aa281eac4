from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.vendors.salesforce import OrgUser, SalesforceSettings
from simulators.vendors.salesforce.login import JWT_GRANT
from tests.simulators.salesforce.conftest import OpenOrg
from tests.simulators.salesforce.org import KEY, LOGIN, SECRET, START, Org

SIGNER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PASSWORD = (
    f"grant_type=password&client_id={KEY}&client_secret={SECRET}&username=integration@rehearsal.example&password=rehearsaltoken"
)


def assertion(signer: rsa.RSAPrivateKey = SIGNER, **claims: Any) -> str:
    given = {
        "iss": KEY,
        "sub": "integration@rehearsal.example",
        "aud": "https://login.salesforce.com",
        "exp": START // 1000 + 180,
        **claims,
    }
    head, body = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in ({"alg": "RS256"}, given))
    mark = signer.sign(head + b"." + body, padding.PKCS1v15(), SHA256())
    return (
        f"grant_type={JWT_GRANT}&assertion={(head + b'.' + body).decode()}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"
    )


def ask_token(org: Org, form: str, **headers: str) -> tuple[int, Any]:
    return org.ask("POST", "/services/oauth2/token", None, headers, form=form)[:2]


@pytest.mark.parametrize("form", [LOGIN, PASSWORD])
def test_a_known_client_gets_a_session(org: Org, form: str) -> None:
    """Password and client credentials give a token of the org, an instance and a signed identity."""
    status, answer = ask_token(org, form)
    assert status == 200
    assert answer["access_token"].startswith("00D5e000001AbCd!")
    assert (answer["token_type"], answer["instance_url"]) == ("Bearer", "http://org.example")
    assert START <= int(answer["issued_at"]) <= org.now()
    assert answer["id"].split("/id/")[1].startswith("00D5e000001AbCd")


def test_the_login_host_may_stand_in_the_path(org: Org) -> None:
    """A client pointed at localhost/login posts below the name of the login host."""
    assert org.ask("POST", "/login.salesforce.com/services/oauth2/token", form=LOGIN)[0] == 200


def test_client_credentials_may_come_as_a_basic_header(org: Org) -> None:
    """Client id and secret are taken from a Basic header when the form has none."""
    given = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert ask_token(org, "grant_type=client_credentials", authorization=given)[0] == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("", "unsupported_grant_type"),
        ("grant_type=magic", "unsupported_grant_type"),
        (f"grant_type=client_credentials&client_id=x&client_secret={SECRET}", "invalid_client_id"),
        (f"grant_type=client_credentials&client_id={KEY}&client_secret=x", "invalid_client"),
        (PASSWORD.replace("rehearsaltoken", "rehearsal"), "invalid_grant"),
        (PASSWORD.replace("integration@", "stranger@"), "invalid_grant"),
        (f"grant_type={JWT_GRANT}&assertion=a.b.c", "invalid_grant"),
    ],
)
def test_a_stranger_gets_none(org: Org, form: str, error: str) -> None:
    """Wrong credentials are refused with 400 and the OAuth shape, not the array."""
    status, answer = ask_token(org, form)
    assert (status, answer["error"], set(answer)) == (400, error, {"error", "error_description"})


def test_the_password_grant_can_be_off(open_org: OpenOrg) -> None:
    """An org may refuse passwords altogether, as new orgs do."""
    org = open_org(SalesforceSettings(password_grant_enabled=False))
    assert ask_token(org, PASSWORD)[1] == {"error": "invalid_grant", "error_description": "authentication failure"}


class TestAssertions:
    @pytest.fixture
    def org(self, open_org: OpenOrg) -> Org:
        return open_org(SalesforceSettings(jwt_public_key=PEM))

    @pytest.mark.parametrize(
        "claims", [{}, {"exp": str(START // 1000 + 180)}, {"aud": "https://localhost:8443/login.salesforce.com"}]
    )
    def test_a_signed_assertion_gets_a_session(self, org: Org, claims: dict[str, Any]) -> None:
        """RS256 by the configured key is enough; `exp` may be text, the audience anything unless the org says which."""
        status, answer = ask_token(org, assertion(**claims))
        assert (status, set(answer)) == (200, {"access_token", "instance_url", "id", "token_type", "scope"})

    @pytest.mark.parametrize(
        ("claims", "why"),
        [
            ({"iss": "other"}, "invalid assertion"),
            ({"sub": "nobody@x.example"}, "user hasn't approved this consumer"),
            ({"exp": START // 1000 - 600}, "expired authorization code"),
            ({"exp": START // 1000 + 86_400}, "invalid assertion"),
        ],
    )
    def test_a_wrong_assertion_gets_none(self, org: Org, claims: dict[str, Any], why: str) -> None:
        """Issuer, user and life of an assertion are checked."""
        assert ask_token(org, assertion(**claims)) == (400, {"error": "invalid_grant", "error_description": why})

    def test_another_key_signs_nothing(self, org: Org) -> None:
        """The signature must be the configured key's."""
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert ask_token(org, assertion(other))[1]["error"] == "invalid_grant"

    def test_an_org_may_insist_on_its_audience(self, open_org: OpenOrg) -> None:
        """With audiences configured, others are refused."""
        org = open_org(SalesforceSettings(jwt_public_key=PEM, jwt_audiences=("https://test.salesforce.com",)))
        assert ask_token(org, assertion())[1]["error_description"] == "audience is invalid"


def test_no_session_no_answer(org: Org) -> None:
    """Without a session, or with a wrong one, every resource answers 401 with the array that clients look into."""
    for token in ("", "nonsense"):
        org.token = token
        assert org.get("/sobjects/Account/0015e0000000001AAA") == (
            401,
            [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
        )


def test_a_session_lives_while_it_is_used(org: Org) -> None:
    """Two hours without a call end a session; a call begins them anew."""
    org.pass_time(7_000)
    assert org.get("/limits")[0] == 200
    org.pass_time(7_000)
    assert org.get("/limits")[0] == 200
    org.pass_time(7_201)
    assert org.get("/limits")[0] == 401


def test_a_session_can_be_given_up(org: Org) -> None:
    """A revoked token is a stranger's."""
    assert org.ask("POST", "/services/oauth2/revoke", form=f"token={org.token}")[0] == 200
    assert org.get("/limits")[0] == 401


def test_who_am_i(org: Org) -> None:
    """userinfo names the user and the org of the session."""
    status, answer = org.get("/services/oauth2/userinfo")
    assert (status, answer["username"], answer["organization_id"]) == (200, "integration@rehearsal.example", "00D5e000001AbCdEAK")


def test_tokens_repeat_with_the_seed(open_org: OpenOrg) -> None:
    """Two orgs of one seed hand out the same tokens, two seeds different ones."""
    assert open_org(seed=1).token == open_org(seed=1).token != open_org(seed=2).token


def test_a_profile_bounds_what_its_user_writes(open_org: OpenOrg) -> None:
    """A restricted user writes the listed fields and no others; reading stays free."""
    settings = SalesforceSettings(
        users=(OrgUser("integration@rehearsal.example", profile="mirror"),),
        profiles={"mirror": ("SOW__c.Delivery_Status__c", "Invoice__c.*")},
    )
    org = open_org(settings)
    org.act("create", "sow", "S-1")
    assert org.patch("/sobjects/SOW__c/SOW_Number__c/S-1", {"Delivery_Status__c": "Requested"})[0] == 200
    status, answer = org.patch("/sobjects/SOW__c/SOW_Number__c/S-1", {"Project_Code__c": "X"})
    assert (status, answer[0]["errorCode"], answer[0]["fields"]) == (403, "INSUFFICIENT_ACCESS_OR_READONLY", ["Project_Code__c"])
    assert org.patch("/sobjects/Invoice__c/Invoice_Key__c/I-1", {"Number__c": "1"})[0] == 201
    assert org.post("/sobjects/Account", {"Name": "x"})[0] == 403
    assert org.get("/sobjects/SOW__c/SOW_Number__c/S-1")[0] == 200
