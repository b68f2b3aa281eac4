"""What the room remembers beside its records: sessions, the call window, locators, plans, and messages on their way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulators.behaviours.auth import Sessions
from simulators.behaviours.cursors import Cursors
from simulators.behaviours.limits import Window
from simulators.kernel.records import Refusal
from simulators.tongues.soql_plan import Plan, Rows
from simulators.tongues.soql_schema import Schema
from simulators.tongues.soql_values import Moment

from .outbound import Outbound
from .settings import OrgUser

PLANS_MAX, NAMES_MAX = 1_024, 100
RowFault = Callable[[str, str], Refusal | None]  # (object, key or id) -> why this one record of a collection fails


class Page(NamedTuple):
    """The rest of a query's answer, as it was when it was asked."""

    plan: Plan
    rows: Rows
    literals: tuple[str, ...]
    moment: Moment
    size: int
    word: str  # query | queryAll


@dataclass
class Org:
    """`row_faults`: a fault plan puts callables here to fail single records of a collection call (partial failure)."""

    org_id: str
    users: dict[str, OrgUser]  # by lower-case user name
    sessions: Sessions
    window: Window
    cursors: Cursors[Page]
    zone: ZoneInfo
    schema: Schema
    outbound: Outbound
    plans: dict[tuple[str, bool], Plan] = field(default_factory=dict)
    plain: dict[tuple[str, ...], tuple[str, ...]] = field(
        default_factory=dict
    )  # (object, moment, *names of a body): what may not be empty
    row_faults: list[RowFault] = field(default_factory=list)
    batch_rows: int = 0  # rows a page of a query has at most, whatever was asked for; 0: the vendor's own number

    def keep_plain(self, shape: tuple[str, ...], demanded: tuple[str, ...]) -> None:
        """Remember a shape of bodies, while there is room."""
        if len(self.plain) < PLANS_MAX and len(shape) <= NAMES_MAX:
            self.plain[shape] = demanded

    def remember(self, shape: tuple[str, bool], plan: Plan) -> Plan:
        """Keep a plan for its shape; beyond PLANS_MAX the oldest goes."""
        if len(self.plans) >= PLANS_MAX:
            del self.plans[next(iter(self.plans))]
        self.plans[shape] = plan
        return plan
