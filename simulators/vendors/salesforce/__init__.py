"""Salesforce: the CRM domain, spoken as sObjects over REST, SOQL and outbound messages. The way in is ROOM.

Numbers, codecs, wires, errors and handlers of one vendor; the domain is `simulators/domains/crm`. SOURCES.md says what is
modelled, from where, and what is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulators.behaviours.auth import Sessions, bearer
from simulators.behaviours.cursors import Cursors
from simulators.behaviours.limits import Window
from simulators.behaviours.passage import answer, deliver, perform, route, strike, take_time
from simulators.kernel.room import Room, Route
from simulators.kernel.stages import System
from simulators.kernel.wire import Wire
from simulators.tongues.soql_schema import Schema
from simulators.tongues.zones import time_zone

from . import composite, describing, feeds, gate, login, many, outbound, querying, rows
from .errors import refuse
from .ids import LOCATOR, id_of, long_id, numbered, user_id
from .objects import CHILDREN, KINDS, WIRES
from .settings import DAY_MS, OrgUser, PushTarget, SalesforceSettings
from .state import Org

__all__ = ["ROOM", "OrgUser", "PushTarget", "SalesforceSettings"]

DATA = "/services/data/{v}"
SOBJECT = DATA + "/sobjects/{object}"
ROUTES: tuple[Route, ...] = (
    ("POST", "/services/oauth2/token", login.token),
    ("POST", "/{host}/services/oauth2/token", login.token),
    ("POST", "/services/oauth2/revoke", login.revoke),
    ("GET", "/services/oauth2/userinfo", login.userinfo),
    ("GET", "/id/{org}/{user}", login.userinfo),
    ("GET", "/services/data", describing.versions),
    ("GET", DATA, describing.resources),
    ("GET", DATA + "/limits", gate.limits),
    ("GET", DATA + "/query", querying.query),
    ("GET", DATA + "/query/{locator}", querying.query_more),
    ("GET", DATA + "/queryAll", querying.query_all),
    ("GET", DATA + "/queryAll/{locator}", querying.query_more),
    ("GET", DATA + "/sobjects", describing.describe_global),
    ("GET", SOBJECT, describing.about),
    ("POST", SOBJECT, rows.create),
    ("GET", SOBJECT + "/describe", describing.describe),
    ("GET", SOBJECT + "/updated", feeds.updated),
    ("GET", SOBJECT + "/deleted", feeds.deleted),
    ("GET", SOBJECT + "/{id}", rows.read),
    ("PATCH", SOBJECT + "/{id}", rows.update),
    ("DELETE", SOBJECT + "/{id}", rows.delete),
    ("POST", SOBJECT + "/{id}", rows.create_by_id_route),
    ("GET", SOBJECT + "/{field}/{value}", rows.read_by_key),
    ("PATCH", SOBJECT + "/{field}/{value}", rows.upsert),
    ("DELETE", SOBJECT + "/{field}/{value}", rows.delete_by_key),
    ("POST", DATA + "/composite", composite.composite),
    ("POST", DATA + "/composite/batch", composite.batch),
    ("POST", DATA + "/composite/sobjects", many.create_many),
    ("PATCH", DATA + "/composite/sobjects", many.update_many),
    ("DELETE", DATA + "/composite/sobjects", many.delete_many),
    ("GET", DATA + "/composite/sobjects/{object}", many.read_many),
    ("POST", DATA + "/composite/sobjects/{object}", many.read_many),
    ("PATCH", DATA + "/composite/sobjects/{object}/{field}", many.upsert_many),
)
OPEN = frozenset({login.token, login.revoke, describing.versions})
STAGES = (
    route, strike("arrival"), gate.known_version, bearer(OPEN), login.stay_awake, gate.admit, gate.is_json, take_time,
    strike("before"), perform, deliver, strike("after"), answer,
)  # fmt: skip
SERVICE_MS = 180


def opened(system: System[Org]) -> Org:
    """The org as it is on its first day: itself, its users, and a standard price book."""
    settings: SalesforceSettings = system.settings
    if not system.store.position:
        system.transact(lambda: furnish(system, settings))
    system.subscribers.append(outbound.watch)
    return Org(
        org_id=settings.org_id,
        users={u.username.lower(): u for u in settings.users},
        sessions=Sessions(settings.session_ms),
        window=Window(settings.daily_limit, DAY_MS),
        cursors=Cursors(locator, life_ms=querying.LOCATOR_LIFE_MS, most=querying.LOCATORS_MAX),
        zone=time_zone(settings.timezone),
        schema=Schema.of(system.wires.values(), CHILDREN),
        outbound=outbound.Outbound(settings.push),
    )


def furnish(system: System[Org], settings: SalesforceSettings) -> None:
    records, kinds = system.records, system.records.kinds
    first = settings.users[0].username
    for user in settings.users:
        records.create(kinds["user"], {"name": user.name or user.username, "email": user.username}, first)
    org = {"id": long_id(settings.org_id[:15]), "name": settings.org_name, "is_sandbox": int(settings.is_sandbox)}
    records.create(kinds["organization"], org, first)
    records.create(kinds["price_book"], {"name": "Standard Price Book", "is_standard": 1}, first)


def locator(n: int) -> str:
    return numbered(LOCATOR, n)


def adopt(system: System[Org], wires: Mapping[str, Wire]) -> None:
    """Take the wires as the schema; whatever was made from the old ones is forgotten."""
    state = system.state
    system.store.db.create_function("sf_user_id", 1, lambda name: None if name is None else user_id(name), deterministic=True)
    state.schema = Schema.of(wires.values(), CHILDREN)
    state.plans.clear()
    state.plain.clear()
    state.cursors.clear()


def closed(system: System[Org]) -> None:
    system.state.outbound.clear()


ROOM: Room[Org] = Room(
    vendor="salesforce",
    domain="crm",
    kinds=KINDS,
    wires=WIRES,
    routes=ROUTES,
    stages=STAGES,
    ids=id_of,
    refuse=refuse,
    open=opened,
    adopt=adopt,
    close=closed,
    id_type="TEXT",
    settings=SalesforceSettings,
    service_ms=SERVICE_MS,
)
