"""A whole HTTP face over a real store and engine, and a business that does as it is told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from orchestrator.engine.embedded import Embedded
from orchestrator.engine.port import BusinessException, Process
from orchestrator.experience.app import build
from orchestrator.experience.operations import Parts, Sender, Topic
from orchestrator.experience.people import Person
from orchestrator.experience.pump import Pump
from orchestrator.observe.business import Book
from orchestrator.observe.log import Log
from orchestrator.observe.watch import Pulse
from orchestrator.policies.gate import Door, Gate
from orchestrator.policies.reference import load
from orchestrator.policies.throttle import Budget
from orchestrator.store.alerts import Alerts
from orchestrator.store.audit import Audit
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.store.database import Database
from orchestrator.store.desk import Desk, Ticket
from orchestrator.store.inbox import Inbox
from orchestrator.store.outbox import Outbox
from tests.orchestrator.asgi import ask
from tests.orchestrator.virtual import live

ORG, ACTION = "00D000000000001AAA", "04k000000000001AAA"
SECRET = "s3cret-path"
TOKENS = {
    "ann-token": Person("ann", frozenset({"clerk"})),
    "carl-token": Person("carl", frozenset({"clerk", "controller"})),
    "bill-token": Person("bill", frozenset({"billing"})),
    "rita-token": Person("rita", frozenset({"reader"})),
    "eve-token": Person("eve", frozenset({"evidence"})),
}


class Business:
    """Starts one run per notice; says what it was asked."""

    def __init__(self, trouble=()):
        self.trouble, self.heard, self.asked, self.engine, self.rows = list(trouble), [], [], None, Book()

    async def on_event(self, notice):
        if self.trouble:
            raise self.trouble.pop(0)
        self.heard.append((notice.topic, notice.subject))
        return await self.engine.start("p", notice.subject, id=f"p:{notice.subject}")

    async def order_billing(self, entity, period, cut_off, by):
        if entity == "XX":
            raise BusinessException("ENTITY_UNKNOWN", "no entity XX")
        return await self.engine.start("p", f"{entity}-{period}", id=f"bill:{entity}:{period}:{cut_off}")

    async def billing(self, id):
        view = await self.engine.run(id)
        return None if view is None else {"id": id, "state": view.state}

    async def again(self, item):
        self.asked.append(("again", item.id))

    async def written_off(self, item):
        self.asked.append(("written_off", item.id))

    def book(self):
        return self.rows

    def root_of(self, key):
        return key[:7] if key.startswith("S-") else key


class Face:
    """The parts, their HTTP face, and shortcuts to ask it."""

    def __init__(self, loop, business, fn, *, pending_max=100, consumer=None, path=":memory:"):
        database = Database(path)
        self.clock, self.lines, self.business, self.pulse = loop.ms, [], business, Pulse()
        audit, inbox = Audit(database, loop.ms), Inbox(database, loop.ms, pending_max=pending_max)
        desk = Desk(database, loop.ms, catalogue=load().catalogue, audit=audit, limits={"clerk": 10_000, "controller": 1_000_000})
        engine = Embedded(database, [Process("p", 1, str, fn, str)], loop.ms, on_state=desk.follow)
        business.engine = engine
        log = Log(loop.ms, self.lines.append)
        self.pump = Pump(inbox, desk, business.on_event, clock=loop.ms, log=log)
        self.parts = Parts(
            clock=loop.ms, engine=engine, operations=business, inbox=inbox, outbox=Outbox(database, loop.ms),
            crossrefs=Crossrefs(database, loop.ms), desk=desk, audit=audit, alerts=Alerts(database, loop.ms), tokens=TOKENS, log=log,
            sender=Sender(SECRET, ORG, {ACTION: Topic("crm.opportunity", "Opportunity", "Opportunity_Number__c")}),
            pulse=lambda: self.pulse, gates={"erp": Gate(Door("erp"), loop.ms)}, ring=self.pump.ring, consumer=consumer or Budget(rate_max=1_000, burst_max=1_000),
        )  # fmt: skip
        self.app = build(self.parts)

    async def get(self, path, token="rita-token"):
        return await ask(self.app, "GET", path, token=token)

    async def post(self, path, body, token="ann-token"):
        return await ask(self.app, "POST", path, body=body, token=token)

    async def push(self, body, secret=SECRET):
        return await ask(self.app, "POST", f"/intake/salesforce/{secret}", body=body, headers={"content-type": "text/xml"})


@asynccontextmanager
async def standing(loop, *, business=None, fn=None, serve=True, **named):
    """A face that serves while the block runs."""

    async def simple(run, given):
        await run.publish({"type": "t", "subject": given})

    face = Face(loop, business or Business(), fn or simple, **named)
    tasks = [loop.create_task(face.parts.engine.serve()), loop.create_task(face.pump.serve())] if serve else []
    try:
        yield face
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        face.parts.engine.db.close()


def through(act, **named):
    """Run `act(face)` against a standing face in virtual time."""

    async def main(loop):
        async with standing(loop, **named) as face:
            return await act(face)

    return live(main)


def message(*notifications, org=ORG, action=ACTION):
    """An outbound message as Salesforce makes it."""
    inner = "".join(notifications)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{org}</OrganizationId><ActionId>{action}</ActionId>
<SessionId xsi:nil="true"/><EnterpriseUrl>https://x/services/Soap/c/67.0</EnterpriseUrl><PartnerUrl>https://x/services/Soap/u/67.0</PartnerUrl>
{inner}</notifications></soapenv:Body></soapenv:Envelope>""".encode()


def won(id="04l000000000001AAA", number="O-00001", record="006000000000001AAA", kind="Opportunity", **fields):
    """One notification about an opportunity."""
    values = {"Id": record, "Opportunity_Number__c": number, "StageName": "Closed Won", **fields}
    inner = "".join(f"<sf:{name}>{value}</sf:{name}>" for name, value in values.items())
    return (
        f'<Notification><Id>{id}</Id><sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"{inner}</sObject></Notification>"
    )


CAP = Ticket("CAP_EXCEEDED", "S-00001", "over", "TE-7", amount_minor=50_000, currency="USD", run="time:1")
