"""`rehearse serve` as a user meets it: a process, lines to copy, clients that know nothing of us, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]
STOP_S_MAX, START_S_MAX = 3.0, 60.0
SIMPLE_SALESFORCE = """
import sys
from simple_salesforce import Salesforce
key, secret, domain = sys.argv[1:]
sf = Salesforce(consumer_key=key, consumer_secret=secret, domain=domain)
made = sf.Account.create({"Name": "Acme", "AccountNumber": "A-00001"})["id"]
print(sf.Account.get(made)["Name"], sf.query("SELECT COUNT() FROM Product2")["totalSize"])
"""


class Serving(NamedTuple):
    """A running command and what it said."""

    process: subprocess.Popen[str]
    said: str
    home: Path

    def value(self, name: str) -> str:
        return re.search(rf"^{name} +(\S.*)$", self.said, re.M)[1]

    def urls(self, vendor: str) -> tuple[str, str, str]:
        """HTTP, HTTPS and control plane."""
        return tuple(self.value(vendor).split())


@contextmanager
def started(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process that does not outlive the test, whatever happens in it."""
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "scenarios.cli", "serve", *words]
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_ready(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("ready"):
            return "".join(lines)
    raise AssertionError(f"it ended with {process.wait()}: {process.stderr.read()}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    home = tmp_path_factory.mktemp("serve") / "home"
    with started(home, "--port", "0") as process:
        yield Serving(process, until_ready(process), home)


@pytest.fixture
def client(served: Serving) -> Iterator[httpx2.Client]:
    trusted = ssl.create_default_context(cafile=served.value("CA file"))
    with httpx2.Client(verify=trusted, trust_env=False) as made:
        yield made


def test_every_credential_it_prints_opens_its_system(served, client):
    """Client credentials, a bearer token, a ready session: over TLS with the CA file, each lists the firm's reference data."""
    crm, psa, erp = (served.urls(vendor)[1] for vendor in ("salesforce", "kantata", "netsuite"))
    form = {
        "grant_type": "client_credentials",
        "client_id": served.value("salesforce client id"),
        "client_secret": served.value("salesforce secret"),
    }
    token = client.post(f"{crm}/services/oauth2/token", data=form).json()["access_token"]
    asked = (
        (f"{crm}/services/data/v67.0/query?q=SELECT+Name+FROM+Product2", token),
        (f"{psa}/api/v1/users", served.value("kantata token")),
        (f"{erp}/services/rest/record/v1/subsidiary", served.value("netsuite bearer, 1 hour")),
    )
    found = [client.get(url, headers={"authorization": f"Bearer {bearer}"}).json() for url, bearer in asked]
    assert found[0]["totalSize"] > 0
    assert found[1]["count"] > 0
    assert found[2]["totalResults"] == 3


def test_the_lines_it_prints_run_as_they_are(served):
    """What stands under Try works in a shell without a change."""
    lines = [line.strip() for line in served.said.partition("Try\n")[2].splitlines() if line.startswith("  ")]
    assert len(lines) == 5
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line.replace("curl", "curl -sSf", 1)], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, bool(done.stdout)) == (0, True), (line, done.stderr)


def test_simple_salesforce_works_unmodified_over_tls(served):
    """The client signs in, writes and reads as at the vendor."""
    domain = served.urls("salesforce")[1].removeprefix("https://") + "/login"
    words = (served.value("salesforce client id"), served.value("salesforce secret"), domain)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SIMPLE_SALESFORCE, *words],
        env={**os.environ, "REQUESTS_CA_BUNDLE": served.value("CA file")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.split(), done.stderr) == (["Acme", "9"], "")


def test_its_time_is_the_wall_s(served, client):
    """A record made now is logged under the wall's instant."""
    plane = served.urls("salesforce")[2]
    act = {"verb": "create", "kind": "account", "values": {"name": "Now", "number": "A-00002"}, "user": "me"}
    assert client.post(f"{plane}/act", json=act).status_code == 200
    made = client.get(f"{plane}/changes?limit=1000").json()["changes"][-1]
    assert abs(made["at"] - time.time_ns() // 1_000_000) < 60_000


def test_a_port_in_use_is_one_sentence_and_exit_code_2(served, tmp_path):
    """Nothing is half served, nothing is left behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(tmp_path / "home", "--port", str(min(port, 65_000))) as process:
            out, err = process.communicate(timeout=START_S_MAX)
    if port > 65_000:
        pytest.skip("the free port is above those that can be named")
    assert (process.returncode, out) == (2, "")
    assert err == f"rehearse: port {port} on 127.0.0.1 is in use; choose another one, or 0 for any (--port)\n"
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize(
    "words", [("--crm", "salesfarce"), ("--scenario", "clean-quarter"), ("--orchestrator", "http://x"), ("--speed", "9")]
)
def test_what_is_not_built_is_refused_plainly(tmp_path, words):
    """An option of the plan that does nothing would be a lie."""
    with started(tmp_path, *words) as process:
        out, err = process.communicate(timeout=START_S_MAX)
    assert (process.returncode, out) == (2, "")
    assert ("did you mean salesforce" in err) if words[0] == "--crm" else (f"No such option: {words[0]}" in err)
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_and_leaves_nothing_behind(tmp_path, number):
    """Ctrl-C is how it ends: exit code 0, also while a client keeps its connection, and the folder with the CA is gone."""
    with started(tmp_path / "home", "--port", "0") as process:
        said = until_ready(process)
        served = Serving(process, said, tmp_path / "home")
        ca = Path(served.value("CA file"))
        assert ca.is_relative_to(served.home)
        with httpx2.Client(trust_env=False) as held:
            assert held.get(served.urls("kantata")[2]).status_code == 200
            began = time.perf_counter()
            process.send_signal(number)
            out, err = process.communicate(timeout=START_S_MAX)
        took_s = time.perf_counter() - began
    assert (process.returncode, out, err) == (0, "", "")
    assert took_s < STOP_S_MAX
    assert list(served.home.iterdir()) == []


def test_files_are_kept_where_out_says(tmp_path):
    """With --out the CA stays, so that a client's settings need not change."""
    with started(tmp_path, "--port", "0", "--out", str(tmp_path / "kept")) as process:
        said = until_ready(process)
        process.send_signal(signal.SIGINT)
        process.wait(START_S_MAX)
    assert str(tmp_path / "kept" / "ca.pem") in said
    assert {p.name for p in (tmp_path / "kept").iterdir()} == {"ca.pem", "server.pem", "server.key", "netsuite-client.key"}
