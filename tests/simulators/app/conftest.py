"""A note board on real sockets, over HTTP and TLS, and clients that block."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from simulators.app import Served, Serving, in_background
from simulators.certificates import Certificates, issue
from simulators.kernel.stages import System
from simulators.registry import furnish
from tests.simulators.kernel.mini import ROOM


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("tls"), ("*.board.example",))


@pytest.fixture
def system() -> Iterator[System[Any]]:
    made = furnish(ROOM, clock=lambda: 5_000, seed=1)
    yield made
    made.close()


@pytest.fixture
def served(system: System[Any], certificates: Certificates) -> Iterator[Served]:
    with in_background({"board": system}, Serving(certificates=certificates)) as found:
        yield found


@pytest.fixture(params=["http", "https"])
def client(request: pytest.FixtureRequest, served: Served, certificates: Certificates) -> Iterator[httpx2.Client]:
    trust = ssl.create_default_context(cafile=str(certificates.ca))
    base = served.url("board", tls=request.param == "https")
    with httpx2.Client(base_url=base, verify=trust, trust_env=False, headers={"authorization": "Bearer bob"}) as made:
        yield made


@pytest.fixture
def plain(served: Served) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=served.url("board"), trust_env=False, headers={"authorization": "Bearer bob"}) as made:
        yield made
