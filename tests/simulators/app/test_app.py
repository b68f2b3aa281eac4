from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import httpx2
import pytest

from simulators.app import Served, Serving, in_background, is_local, serving
from simulators.kernel.stages import System
from simulators.registry import VENDORS, UnknownVendor, furnish, open_system
from simulators.sockets import PortInUse
from tests.simulators.kernel.mini import ROOM

NOTE = {"Title": "t"}
LOSE = {"faults": [{"id": "f", "what": "lose", "operation": "upsert"}]}


def test_a_vendor_answers_over_http_and_tls(client: httpx2.Client) -> None:
    """The same face behind both; a key may hold an encoded slash; keep-alive connections serve on."""
    assert client.put("/v1/note/N%2F1", json=NOTE).status_code == 201
    again = client.put("/v1/note/N%2F1/", json=NOTE)
    assert (again.status_code, again.json()["Number"]) == (200, "N/1")
    assert client.get(f"/v1/note/{again.json()['Id']}").json() == again.json()


def test_a_lost_reply_is_silence_on_the_wire(client: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    """The connection is cut without a status, the effect stands, and the server has nothing to complain about."""
    client.put("/_rehearse/faults", json=LOSE)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.put("/v1/note/N-1", json=NOTE)
    client.put("/_rehearse/faults", json={"faults": []})
    assert client.put("/v1/note/N-1", json=NOTE).status_code == 200
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == []


def test_a_body_beyond_the_limit_is_refused_in_the_vendors_words(plain: httpx2.Client) -> None:
    """With or without a length that says so."""
    for content in (b"x" * 100_001, iter([b"x" * 60_000] * 2)):
        answer = plain.put("/v1/note/N-1", content=content)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_client_that_leaves_does_not_take_the_work_with_it(served: Served, system: System[Any], plain: httpx2.Client) -> None:
    """Over sockets too the effect comes."""
    ended = threading.Event()
    served.do(lambda: setattr(system, "service_ms", 300) or setattr(system, "on_call", lambda _record: ended.set()))
    with pytest.raises(httpx2.ReadTimeout):
        plain.put("/v1/note/N-1", json=NOTE, timeout=0.05)
    assert ended.wait(10)
    assert served.do(lambda: len(system.look("note"))) == 1


def test_a_taken_port_is_told_before_anything_listens(system: System[Any]) -> None:
    """One sentence that says what to do; nothing is left half started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"),
            in_background({"board": system}, Serving(ports={"board": port})),
        ):
            pytest.fail("it came up")


def test_the_control_plane_stays_on_this_machine() -> None:
    """Asked to listen elsewhere, a server has no control plane unless told so."""

    async def answers(where: Serving) -> int:
        system = furnish(ROOM, clock=lambda: 5_000, seed=1)
        async with serving({"board": system}, where) as served, httpx2.AsyncClient(trust_env=False) as client:
            found = await client.get(f"http://127.0.0.1:{served.plain['board'].port}/_rehearse")
        system.close()
        return found.status_code

    assert [asyncio.run(answers(Serving(host="0.0.0.0", admin=admin))) for admin in (None, True)] == [404, 200]
    assert [is_local(h) for h in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "10.0.0.1", "mocks.example")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_an_unknown_vendor_is_named_with_its_neighbours() -> None:
    """The nearest names are offered; the table is literal."""
    with pytest.raises(UnknownVendor, match="did you mean salesforce") as caught:
        open_system("salesforse", clock=lambda: 0, seed=0)
    assert (caught.value.nearest, set(VENDORS)) == (["salesforce"], {"salesforce", "kantata", "netsuite"})
