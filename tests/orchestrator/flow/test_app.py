"""The program as it is started: settings from a file, real requests through a client library, mistakes told once."""

import asyncio
import sys

import httpx2
import pytest
from pydantic import ValidationError

from orchestrator.app import main, sender, settings_of
from orchestrator.ports import Request
from scenarios.world.accounts import private_pem

SETTINGS = f"""
crm: {{base_url: "https://crm.test", client_id: a, client_secret: b}}
psa: {{base_url: "https://psa.test", token: c}}
erp:
  base_url: https://erp.test
  client_id: d
  certificate_id: e
  private_key_pem: |
{"".join("    " + line + chr(10) for line in private_pem().splitlines())}
intake: {{secret: long-enough, organization_id: 00D5e000001AbCd, won_action_id: 04k5e000000AbCd, signed_action_id: 04k5e000000AbCe}}
consumers: {{token: {{name: eva, roles: [clerk]}}}}
"""


def written(tmp_path, text):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    return file


def test_a_settings_file_is_read(tmp_path):
    """What is not said has a default that a reader can look up."""
    settings = settings_of(written(tmp_path, SETTINGS))
    assert (settings.crm.client_id, settings.intervals.feed_ms, settings.consumers["token"].roles) == ("a", 600_000, ("clerk",))


def test_every_mistake_in_settings_is_told(tmp_path):
    """Unknown names, wrong types and missing parts together."""
    text = SETTINGS.replace("token: c", "tokn: c").replace("secret: long-enough", "secret: short") + "extra: 1\n"
    with pytest.raises(ValidationError) as refused:
        settings_of(written(tmp_path, text))
    assert sorted(".".join(map(str, error["loc"])) for error in refused.value.errors()) == [
        "extra",
        "intake.secret",
        "psa.token",
        "psa.tokn",
    ]


@pytest.mark.parametrize("text", ["crm: 1\n", "[]", "a: b: c"])
def test_settings_that_cannot_be_used_end_with_two(tmp_path, monkeypatch, capsys, text):
    """One message and exit code 2, nothing half started."""
    file = written(tmp_path, text)
    monkeypatch.setattr(sys, "argv", ["orchestrator", str(file)])
    assert main() == 2
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("refused"), ConnectionRefusedError),
        (httpx2.ConnectTimeout("slow"), ConnectionRefusedError),
        (httpx2.ReadTimeout("silent"), TimeoutError),
        (httpx2.ReadError("cut"), OSError),
        (httpx2.RemoteProtocolError("cut"), OSError),
    ],
)
def test_only_a_failed_connect_is_surely_not_sent(error, kind):
    """Everything after the connection may have arrived."""

    def fail(_request):
        raise error

    async def send():
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(fail)) as client:
            await sender(client)(Request("crm", "GET", "https://crm.test/", (), b"", 1.0))

    with pytest.raises(OSError) as raised:
        asyncio.run(send())
    assert type(raised.value) is kind


def test_an_answer_is_carried_whole():
    """Status, lower-case headers and body."""

    def answer(request):
        return httpx2.Response(201, headers={"Location": "/x"}, content=request.content)

    async def send():
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            return await sender(client)(Request("crm", "POST", "https://crm.test/a", (("x-a", "1"),), b"body", 1.0))

    got = asyncio.run(send())
    assert (got.status, got.headers["location"], got.body) == (201, "/x", b"body")
