"""A client that was not written for us: PyPI netsuite 0.12.0, unmodified, over TLS, through the door to its hard-coded hosts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from simulators.app import Serving, serving
from simulators.certificates import Certificates, issue
from simulators.door import Door

from .account import HOST, RECORD, TOKEN, Account, assertion
from .test_identity import FORM, claims, form

HOSTS = ("*.suitetalk.api.netsuite.com", "*.restlets.api.netsuite.com")


def account_of_today() -> Account:
    """The client stamps its signatures with the wall clock, so this account lives there too."""
    account = Account(service_ms=60)
    account.system.clock = lambda: time.time_ns() // 1_000_000
    return account


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("trust"), HOSTS)


async def visit(trust: Certificates) -> dict[str, Any]:
    account = account_of_today()
    async with serving({"netsuite": account.system}, Serving(certificates=trust)) as served:
        port = served.secure["netsuite"].port
        async with Door(dict.fromkeys(HOSTS, ("127.0.0.1", port))) as door:
            root = str(Path(__file__).parents[3])
            env = {"PATH": os.environ["PATH"], "PYTHONPATH": root, "HTTPS_PROXY": door.url, "SSL_CERT_FILE": str(trust.ca)}
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-W", "ignore", str(Path(__file__).with_name("real_client.py")), env=env,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await asyncio.wait_for(child.communicate(), 60)
            assert child.returncode == 0, err.decode()[-2000:]
            assert door.refused == []
            return json.loads(out)


def test_netsuite_package_works_unmodified(trust: Certificates) -> None:
    """TBA with its body hash, GET, POST, PATCH, PUT, DELETE, q=, SuiteQL paging, its errors, and a 429."""
    seen = asyncio.run(visit(trust))
    post = seen.pop("post")
    assert (post[0], post[1].rpartition("/")[0]) == (204, f"https://{HOST}{RECORD}/customer")
    assert seen == {
        "put": None,
        "patch": None,
        "get": ["Acme & Söhne", "ada@acme.example", "US entity"],
        "filter": 1,
        "pages": [[["C-1", "C-2"], True, 3], [["C-3"], False, 3]],
        "unknown field": [400, "INVALID_CONTENT"],
        "missing": [404, "NONEXISTENT_ID"],
        "duplicate": [400, "USER_ERROR"],
        "page rule": [400, "INVALID_PARAMETER"],
        "bad query": [400, "INVALID_PARAMETER"],
        "wrong secret": [401, "INVALID_LOGIN"],
        "delete": None,
        "deleted": [404, "NONEXISTENT_ID"],
        "crowd": ["429", "passed"],
        "codes": ["CONCURRENCY_LIMIT_EXCEEDED"],
        "token info": "1234567",
    }


async def token_over_tls(trust: Certificates) -> tuple[int, int]:
    account = account_of_today()
    now = account.system.clock() // 1000
    async with serving({"netsuite": account.system}, Serving(certificates=trust)) as served:
        base = served.url("netsuite", tls=True)
        body = form(assertion("PS256", "kid-ps", claims(aud=base + TOKEN, iat=now, exp=now + 600)))
        import ssl

        context = ssl.create_default_context(cafile=str(trust.ca))
        async with httpx2.AsyncClient(verify=context, trust_env=False) as client:
            granted = await client.post(base + TOKEN, content=body, headers={"content-type": FORM})
            header = {"authorization": f"Bearer {granted.json()['access_token']}"}
            return granted.status_code, (await client.get(f"{base}{RECORD}/currency", headers=header)).status_code


def test_token_by_signed_assertion_over_tls(trust: Certificates) -> None:
    """The OAuth 2 token by an assertion signed with the test's own key, then used."""
    assert asyncio.run(token_over_tls(trust)) == (200, 200)
