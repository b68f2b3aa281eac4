"""One call: how it is signed, boxed in time, and how its end is named."""

import asyncio
import socket
import ssl

import pytest

from orchestrator.errors import Held, Refused, Transient, Unknown
from orchestrator.policies.effect import correlation
from orchestrator.systems.http import Token, decoded, exact, number, retry_after_ms, safely
from orchestrator.systems.salesforce.client import _page
from tests.orchestrator.systems.vendor import NEVER, Vendor, in_turn, say
from tests.orchestrator.virtual import live


def run(script, *, calls=1, timeout_s=5.0, sign_in=None):
    """What the last of some calls in a row came to, and the vendor."""
    vendor = Vendor(script)

    async def main(loop):
        link = vendor.link(clock=loop.ms, timeout_s=timeout_s, sign_in=sign_in)
        for _ in range(calls - 1):
            try:
                await link.call("POST", "/thing", b"{}")
            except (Transient, Unknown, Refused):
                await asyncio.sleep(3600)
        try:
            return await link.call("POST", "/thing", b"{}")
        except (Transient, Unknown, Refused) as error:
            return error

    return live(main), vendor


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (ConnectionRefusedError("no"), Transient),
        (ssl.SSLCertVerificationError(1, "expired"), Transient),
        (socket.gaierror(-2, "no such name"), Transient),
        (ConnectionResetError("cut"), Unknown),
        (OSError("cut"), Unknown),
        (60, Unknown),
        (say(429), Transient),
        (say(503), Transient),
        (say(500), Unknown),
        (say(502), Unknown),
        (say(504), Unknown),
        (say(408), Unknown),
    ],
)
def test_an_outcome_is_named_by_what_is_sure(said, kind):
    """Refused connections, throttles and 503 are surely not done; silence and other failures may be done."""
    ended, _ = run(lambda _asked: said)
    assert type(ended) is kind


@pytest.mark.parametrize("status", [200, 204, 300, 400, 404, 409])
def test_an_answer_of_a_healthy_system_is_handed_on(status):
    """What a client has to read is not judged here."""
    ended, _ = run(lambda _asked: say(status))
    assert ended.status == status


def test_silence_ends_at_the_time_box():
    """A call that is not answered in time ends as unknown at that time, not later."""

    async def main(loop):
        link = Vendor(lambda _asked: 900).link(clock=loop.ms, timeout_s=7)
        with pytest.raises(Unknown):
            await link.call("GET", "/thing")
        return loop.now

    assert live(main) == 7


def test_an_expired_token_is_renewed_once():
    """A 401 makes us sign in again and send the same call once more."""
    signed = []

    async def sign_in(_bare):
        signed.append(1)
        return Token(f"Bearer {len(signed)}", NEVER)

    ended, vendor = run(in_turn(say(401), say(200)), sign_in=sign_in)
    assert ended.status == 200
    assert [asked.headers["authorization"] for asked in vendor.asked] == ["Bearer 1", "Bearer 2"]


def test_a_fresh_token_that_is_refused_is_no_loop():
    """Two 401 in a row end the call: trying a third time would only hide what is wrong."""
    ended, vendor = run(lambda _asked: say(401))
    assert type(ended) is Transient
    assert len(vendor.asked) == 2


def test_many_calls_sign_in_once():
    """Callers that find no token wait for the one who signs in."""
    signed = []

    async def sign_in(_bare):
        signed.append(1)
        await asyncio.sleep(1)
        return Token("Bearer t", NEVER)

    async def main(loop):
        link = Vendor(lambda _asked: say(200)).link(clock=loop.ms, sign_in=sign_in)
        await asyncio.gather(*(link.call("GET", f"/{n}") for n in range(5)))

    live(main)
    assert len(signed) == 1


def test_a_token_is_renewed_before_it_ends():
    """A token past its time is never sent."""

    async def main(loop):
        times = []

        async def sign_in(_bare):
            times.append(loop.ms())
            return Token("Bearer t", loop.ms() + 1000)

        link = Vendor(lambda _asked: say(200)).link(clock=loop.ms, sign_in=sign_in)
        for _ in range(3):
            await link.call("GET", "/")
            await asyncio.sleep(0.6)
        return times

    assert live(main) == [0, 1200]


def test_a_lost_sign_in_is_no_unknown_effect():
    """Nothing was done but asking for a token, so the call is surely not done."""

    async def sign_in(bare):
        await bare("POST", "/token", b"", ())
        return Token("Bearer t", NEVER)

    ended, _ = run(lambda _asked: ConnectionResetError("cut"), sign_in=sign_in)
    assert type(ended) is Transient


def test_retry_after_keeps_everybody_away():
    """Until the time a vendor asked for, no call of ours leaves at all."""

    async def main(loop):
        vendor = Vendor(in_turn(say(429, retry_after="30"), say(200)))
        link = vendor.link(clock=loop.ms)
        with pytest.raises(Transient) as told:
            await link.call("GET", "/")
        with pytest.raises(Held) as held:
            await link.call("GET", "/")
        await asyncio.sleep(30)
        await link.call("GET", "/")
        return told.value.retry_after_ms, held.value.retry_after_ms, len(vendor.asked)

    assert live(main) == (30_000, 30_000, 2)


def test_the_root_travels_with_every_call():
    """Vendors see which SOW a call is for."""
    token = correlation.set("S-00042")
    try:
        _, vendor = run(lambda _asked: say(200))
    finally:
        correlation.reset(token)
    assert vendor.asked[0].headers["x-correlation-id"] == "S-00042"


@pytest.mark.parametrize("body", [b'{"done": true, "reco', b"", b"<html>", b'{"done": "x", "records": []}'])
def test_a_body_that_cannot_be_read_leaves_the_outcome_open(body):
    """A 2xx cut short, or of another shape, says nothing sure."""
    with pytest.raises(Unknown):
        decoded("crm", _page, say(200, body))


def test_a_question_may_simply_be_asked_again():
    """For reads, unknown is no danger."""

    async def lost():
        raise Unknown("cut", system="erp")

    async def main(_loop):
        with pytest.raises(Transient) as told:
            await safely(lost())
        return told.value.system

    assert live(main) == "erp"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", 0), ("7", 7_000), ("Thu, 01 Jan 1970 00:00:09 GMT", 4_000), ("soon", 0), ("999999999", 3_600_000), ("-5", 0)],
)
def test_retry_after_is_read_in_both_forms(text, wanted):
    """Seconds or a date, bounded; anything else is as good as nothing."""
    assert retry_after_ms(text, now=5_000) == wanted


def test_amounts_cross_the_wire_exactly():
    """No float on the way out, no lost digit on the way in."""
    assert [bytes(number(units, 2)) for units in (12345, -5, 0)] == [b"123.45", b"-0.05", b"0.00"]
    assert [exact(value, 2) for value in (3, "123.4", "0.05")] == [300, 12340, 5]
