from __future__ import annotations

import asyncio
import ssl
from typing import Any

import httpx2
import pytest

from simulators.app import Serving, serving
from simulators.certificates import Certificates
from simulators.door import Door
from simulators.kernel.stages import System


async def through(system: System[Any], certificates: Certificates, *urls: str) -> tuple[list[object], list[str]]:
    trust = ssl.create_default_context(cafile=str(certificates.ca))
    found: list[object] = []
    async with serving({"board": system}, Serving(certificates=certificates)) as served:
        target = ("127.0.0.1", served.secure["board"].port)
        async with Door({"acme.board.example": target, "dead.board.example": ("127.0.0.1", 1)}) as door:
            async with httpx2.AsyncClient(
                proxy=door.url, verify=trust, trust_env=False, headers={"authorization": "Bearer bob"}
            ) as client:
                for url in urls:
                    try:
                        found.append((await client.put(url, json={"Title": "t" * 50_000})).status_code)
                    except httpx2.HTTPError as error:
                        found.append(type(error).__name__)
            return found, door.refused


def test_a_vendors_own_host_name_leads_to_the_mock(system: System[Any], certificates: Certificates) -> None:
    """TLS goes through end to end, under the vendor's name; the vendor sees that name as its own."""
    system.on_call = (calls := []).append
    found, refused = asyncio.run(through(system, certificates, *["https://ACME.board.example/v1/note/N-1"] * 2))
    assert (found, refused, [c.key for c in calls]) == ([201, 200], [], ["N-1", "N-1"])


def test_every_other_host_is_refused_and_listed(system: System[Any], certificates: Certificates) -> None:
    """Nothing leaves this machine by the door."""
    urls = ["https://real.board.example/x", "https://acme.board.example:8443/x", "https://dead.board.example/x"]
    found, refused = asyncio.run(through(system, certificates, *urls))
    assert (found[:2], refused) == (["ProxyError", "ProxyError"], ["real.board.example:443", "acme.board.example:8443"])
    assert isinstance(found[2], str)


@pytest.mark.parametrize(
    "said", [b"GET http://real.example/ HTTP/1.1\r\n\r\n", b"CONNECT\r\n\r\n", b"\xff\xfe\r\n\r\n", b"x" * 20_000, b""]
)
def test_whoever_does_not_ask_to_connect_is_shown_out(said: bytes) -> None:
    """Plain requests, rubbish, endless heads and silence end the visit."""

    async def visit() -> bytes:
        async with Door({"*.example": ("127.0.0.1", 1)}) as door:
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(said)
            writer.write_eof()
            try:
                return await reader.read()
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    assert asyncio.run(visit())[:12] in (b"", b"HTTP/1.1 403")
