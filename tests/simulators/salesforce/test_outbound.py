from __future__ import annotations

import asyncio
import itertools
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from simulators.kernel.calls import Dispatch, Message
from simulators.vendors.salesforce import PushTarget, SalesforceSettings
from tests.simulators.salesforce.conftest import OpenOrg
from tests.simulators.salesforce.org import Org, sell

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)
OUT, SF = "{http://soap.sforce.com/2005/09/outbound}", "{urn:sobject.enterprise.soap.sforce.com}"
HOUR = 3_600


class Listener:
    """Keeps what comes and answers as told: (status, body), or an error to raise."""

    def __init__(self, org: Org, answer: Any = (200, ACK)) -> None:
        self.org, self.answer = org, answer
        self.heard: list[tuple[int, ET.Element, str, dict[str, str]]] = []
        org.system.post = self.post

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.heard.append((self.org.now(), ET.fromstring(body), url, headers))
        await asyncio.sleep(0.2)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]

    def wait(self, seconds: float) -> None:
        self.org.run(asyncio.sleep(seconds))

    @property
    def ids(self) -> list[str]:
        return [notice(e)["Id"] for _, e, _, _ in self.heard]

    @property
    def gaps(self) -> list[int]:
        times = [at for at, *_ in self.heard]
        return [round((b - a) / 1000) for a, b in itertools.pairwise(times)]


def notice(envelope: ET.Element) -> dict[str, str]:
    """Notification id and the record's fields of one envelope; `type` is the object."""
    told = envelope.find(f".//{OUT}Notification")
    assert told is not None
    record = told.find(f"{OUT}sObject")
    assert record is not None
    fields = {e.tag.removeprefix(SF): e.text or "" for e in record}
    type_ = record.attrib["{http://www.w3.org/2001/XMLSchema-instance}type"]
    return {"Id": told.findtext(f"{OUT}Id") or "", "type": type_, "record": fields.pop("Id"), **fields}


def of(envelope: ET.Element, name: str) -> str:
    return envelope.findtext(f".//{OUT}{name}") or ""


@pytest.fixture
def org(open_org: OpenOrg) -> Org:
    targets = tuple(PushTarget(rule, f"https://listener.example/{rule}") for rule in ("opportunity_won", "sow_signed"))
    return open_org(SalesforceSettings(push=targets))


def win(org: Org, number: str = "O-1", stage: str = "negotiation") -> None:
    org.run(say(org, "create", "opportunity", number, name="Deal & <Söhne>", close_on="2026-03-31", stage=stage, amount=123_450))
    org.run(say(org, "update", "opportunity", number, stage="closed_won"))


async def say(org: Org, verb: str, kind: str, key: str, **values: Any) -> None:
    """Acts on the loop, where messages begin."""
    org.act(verb, kind, key, **values)


def test_a_win_is_told(org: Org) -> None:
    """One envelope with organization, action, notification and the record; nothing of the session."""
    listener = Listener(org)
    win(org)
    listener.wait(1)
    ((_, envelope, url, headers),) = listener.heard
    told = notice(envelope)
    assert (url, headers["content-type"]) == ("https://listener.example/opportunity_won", "text/xml; charset=utf-8")
    assert (of(envelope, "OrganizationId"), of(envelope, "ActionId"), of(envelope, "SessionId")) == (
        "00D5e000001AbCdEAK",
        "04k5e0000000001AAA",
        "",
    )
    assert (told["Id"], told["type"], told["StageName"], told["Name"], told["Amount"]) == (
        "04l5e0000000001AAA",
        "sf:Opportunity",
        "Closed Won",
        "Deal & <Söhne>",
        "1234.5",
    )
    assert told["SystemModstamp"].endswith("Z")
    assert org.system.state.outbound.pending == 0


def test_a_signature_is_told(org: Org) -> None:
    """The other rule has its own action; a record born signed counts as signed."""
    listener = Listener(org)
    org.run(say(org, "create", "sow", "S-1", status="signed", signed_at=org.now()))
    listener.wait(1)
    ((_, envelope, _, _),) = listener.heard
    assert of(envelope, "ActionId") == "04k5e0000000002AAA"
    assert (notice(envelope)["SOW_Number__c"], notice(envelope)["Status__c"]) == ("S-1", "Signed")


def test_only_becoming_is_told(org: Org) -> None:
    """Another save of a won deal tells nothing; reopened and won again tells again."""
    listener = Listener(org)
    win(org)
    org.run(say(org, "update", "opportunity", "O-1", stage="closed_won"))
    org.run(say(org, "update", "opportunity", "O-1", name="another name"))
    listener.wait(1)
    assert len(listener.heard) == 1
    org.run(say(org, "update", "opportunity", "O-1", stage="reopened"))
    org.run(say(org, "update", "opportunity", "O-1", stage="closed_won"))
    listener.wait(1)
    assert len(set(listener.ids)) == len(listener.ids) == 2


def test_a_rule_may_look_at_every_save(open_org: OpenOrg) -> None:
    """A rule evaluated at every edit tells each save of a won deal, under new ids."""
    org = open_org(SalesforceSettings(push=(PushTarget("opportunity_won", "https://x.example", evaluate="every"),)))
    listener = Listener(org)
    win(org)
    org.run(say(org, "update", "opportunity", "O-1", stage="closed_won"))
    listener.wait(1)
    assert len(set(listener.ids)) == 2


def test_a_save_over_the_api_is_told_too_and_a_refused_one_is_not(org: Org) -> None:
    """Delivery follows the commit, whoever saved; what was rolled back is not told."""
    listener = Listener(org)
    org.act("create", "opportunity", "O-1", name="x", close_on="2026-03-31", stage="negotiation")
    at = "/sobjects/Opportunity/Opportunity_Number__c/O-1"
    assert org.patch(at, {"StageName": "Closed Won", "Name": None})[0] == 400
    record = {"attributes": {"type": "Opportunity"}, "id": org.get(at)[1]["Id"], "StageName": "Closed Won"}
    org.patch("/composite/sobjects", {"allOrNone": True, "records": [record, {"attributes": {"type": "Account"}}]})
    listener.wait(1)
    assert listener.heard == []
    assert org.patch(at, {"StageName": "Closed Won"})[0] == 200
    listener.wait(1)
    assert len(listener.heard) == 1


@pytest.mark.parametrize(
    "answer",
    [(500, ACK), (200, b""), (200, b"<Ack>false</Ack>"), (202, ACK), ConnectionRefusedError(), TimeoutError()],
    ids=["500", "empty", "nack", "202", "refused", "timeout"],
)
def test_what_is_not_acknowledged_comes_again(org: Org, answer: Any) -> None:
    """Same id, growing gaps, until the acknowledgement; only 200 with Ack true is one."""
    listener = Listener(org, answer)
    win(org)
    listener.wait(200)
    assert len(set(listener.ids)) == 1
    assert len(listener.heard) > 1
    listener.answer = (200, ACK)
    listener.wait(HOUR)
    count = len(listener.heard)
    listener.wait(24 * HOUR)
    assert len(listener.heard) == count
    assert org.system.state.outbound.pending == 0


def test_gaps_grow_to_two_hours_and_end_after_a_day(org: Org) -> None:
    """A receiver that stays down is asked less and less often, and not at all after 24 hours."""
    listener = Listener(org, ConnectionRefusedError())
    win(org)
    listener.wait(48 * HOUR)
    assert listener.gaps[:4] == [60, 120, 240, 480]
    assert listener.gaps == sorted(listener.gaps)
    assert listener.gaps[-1] == 2 * HOUR
    assert listener.heard[-1][0] - listener.heard[0][0] <= 24 * HOUR * 1000
    assert (org.system.state.outbound.given_up, org.system.state.outbound.pending) == (1, 0)


def test_the_record_is_told_as_it_is_when_told(org: Org) -> None:
    """What happens between two attempts is in the second; the id stays."""
    listener = Listener(org, (503, b""))
    win(org)
    listener.wait(1)
    org.run(say(org, "update", "opportunity", "O-1", name="later"))
    listener.wait(61)
    first, second = (notice(e) for _, e, _, _ in listener.heard)
    assert (first["Id"], first["Name"]) == (second["Id"], "Deal & <Söhne>")
    assert second["Name"] == "later"


def test_a_deleted_record_is_told_by_its_id_alone(org: Org) -> None:
    """Deleted between rule and delivery: a notification without data."""
    listener = Listener(org)
    org.system.delivery.append(lambda _: [Dispatch(delay_ms=10_000)])
    win(org)
    org.run(say(org, "delete", "opportunity", "O-1"))
    listener.wait(20)
    told = notice(listener.heard[0][1])
    assert set(told) == {"Id", "type", "record"}


def test_hooks_bend_delivery(org: Org) -> None:
    """Drop, duplicate under the same id, duplicate under a new id, delay past a younger message."""
    listener = Listener(org)
    wanted: dict[str, list[Dispatch]] = {
        "O-1": [],
        "O-2": [Dispatch(), Dispatch(delay_ms=500)],
        "O-3": [Dispatch(), Dispatch(id="04l5e00000NEWID")],
        "O-4": [Dispatch(delay_ms=60_000)],
    }

    def hook(message: Message) -> list[Dispatch] | None:
        return wanted.get(org.system.row("opportunity", f"id:{message.subject}").number)

    org.system.delivery.append(hook)
    for number in ("O-1", "O-2", "O-3", "O-4", "O-5"):
        win(org, number)
    listener.wait(120)
    told = [(notice(e)["Opportunity_Number__c"], notice(e)["Id"]) for _, e, _, _ in listener.heard]
    numbers = [n for n, _ in told]
    assert {n: numbers.count(n) for n in ("O-1", "O-2", "O-3", "O-4", "O-5")} == {
        "O-1": 0,
        "O-2": 2,
        "O-3": 2,
        "O-4": 1,
        "O-5": 1,
    }
    assert len({i for n, i in told if n == "O-2"}) == 1
    assert ("O-3", "04l5e00000NEWID") in told
    assert numbers[-1] == "O-4"


def test_attempts_are_reported(org: Org) -> None:
    """Every attempt with its number, the receiver's status and the body that was sent."""
    seen: list[Any] = []
    org.system.on_push = seen.append
    listener = Listener(org, ConnectionRefusedError())
    win(org)
    listener.wait(61)
    assert [(p.attempt, p.outcome, p.id) for p in seen] == [(1, 0, "04l5e0000000001AAA"), (2, 0, "04l5e0000000001AAA")]
    assert seen[0].subject == org.system.row("opportunity", "O-1").id
    assert "Closed Won" in seen[0].body


def test_nobody_listens_nobody_is_told(org: Org) -> None:
    """Without a wire nothing is kept back for later."""
    sell(org)
    assert org.system.state.outbound.pending == 0
