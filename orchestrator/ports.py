"""What processes may ask of a CRM, a PSA, an ERP and of the orchestrator's own book: promises without vendor names.

Every method of `Crm`, `Erp` and `Psa` is one effect or one question and ends as a value (done), `Refused` (surely not done),
`Transient` (surely not done, again later) or `Unknown`. Arguments and results are frozen canonical records, because the
journal keeps them by value. `Book` methods touch the orchestrator's own store only; writes there are repeatable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from orchestrator.canonical.billing import Bill, Billable, Event, Invoice, Period, Posted, Target, Totals
from orchestrator.canonical.book import ItemException, Standing, TotalsRow, Workload
from orchestrator.canonical.contract import Contract
from orchestrator.canonical.deal import Deal, SoldSignal
from orchestrator.canonical.engagement import Demand, Engagement, Ref, Story, Workspace
from orchestrator.canonical.party import Customer, Party
from orchestrator.canonical.work import MilestoneSeen, Withdrawn, Work

Clock = Callable[[], int]


class Request(NamedTuple):
    """One HTTP request as it leaves: lower-case header names, the whole body, the caller's time-box."""

    system: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout_s: float


class Response(Protocol):
    """One complete HTTP answer; header names are lower-case."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...


Send = Callable[[Request], Awaitable[Response]]
"""Carry one request. Raises ConnectionRefusedError: surely not sent; another OSError or TimeoutError: nobody knows."""


class Failed(msgspec.Struct, frozen=True):
    """One row of a batch that was not written. `again`: sending that row once more may help. `ours`: the code of our catalogue."""

    key: str
    code: str
    why: str
    again: bool
    ours: str = "VENDOR_REFUSED"


class Shown(msgspec.Struct, frozen=True):
    """A reference to an ERP record as the PSA shows it on a workspace.

    `key` is our external id of the record, `ref` its number; a `version` below 0 says that nothing is shown yet.
    """

    workspace: str
    model: str
    key: str
    ref: str
    status: str
    version: int = 0


class Renamed(msgspec.Struct, frozen=True):
    """A customer that changed in the ERP: its name there, our external id, and whether finance holds its credit."""

    account: str
    name: str
    customer: str = ""
    held: bool = False


class Changes(msgspec.Struct, frozen=True):
    """What the ERP says has changed: invoices and customers."""

    invoices: tuple[Invoice, ...] = ()
    customers: tuple[Renamed, ...] = ()


class Hint(msgspec.Struct, frozen=True):
    """One event of the PSA's feed, or one row of a poll: something may be ready. Never trusted as data.

    `kind` time, expense or milestone; time-back or expense-back when the submission is approved no more. `subject`: the submission
    that was decided at `at`, or the story accepted at `at`; `source` TE- or EX- when a single entry is told of.
    """

    kind: str
    workspace: str
    subject: str
    at: int
    source: str = ""


class Crm(Protocol):
    """The commercial system: deals are read, delivery and billing are mirrored."""

    async def read_deal(self, sow: str) -> Deal | None: ...

    async def sows_of(self, opportunity: str) -> list[str]:
        """SOW numbers of an opportunity, given by its number or by the system's id."""

    async def sold_since(self, since: int) -> list[SoldSignal]:
        """Won opportunities and signed SOWs that changed at or after `since`, and those that are won no more."""

    async def accounts_like(self, party: Party) -> list[Party]:
        """Accounts with the same tax id or website, itself among them."""

    async def merged_into(self, account: str) -> list[str]:
        """Numbers of the accounts that were merged into this one."""

    async def mirror_delivery(self, sow: str, status: str, project_code: str) -> None: ...

    async def mirrored_versions(self, keys: tuple[str, ...]) -> dict[str, int]:
        """The source version each mirrored invoice shows now."""

    async def mirror_invoices(self, rows: tuple[Invoice, ...]) -> list[Failed]: ...

    async def mirror_totals(self, rows: tuple[Totals, ...]) -> list[Failed]: ...

    async def rename_account(self, account: str, name: str) -> None: ...


class Erp(Protocol):
    """The financial system: every write carries an external id, so it may be sent again."""

    async def upsert_customer(self, customer: Customer) -> Ref: ...
    async def upsert_job(self, contract: Contract, customer: Ref) -> Ref: ...
    async def upsert_order(self, contract: Contract, customer: Ref, job: Ref) -> Ref: ...
    async def close_order(self, order: Ref) -> None: ...
    async def inactivate_job(self, job: Ref) -> None: ...
    async def amend_order(self, contract: Contract, order: Ref) -> None: ...
    async def amend_job(self, contract: Contract, job: Ref) -> None: ...

    async def post_time(self, event: Event, target: Target) -> Posted:
        """Raises Refused PERIOD_CLOSED or PERSON_UNKNOWN beside VENDOR_REFUSED; so does `post_expense`."""

    async def post_expense(self, event: Event, target: Target) -> Posted: ...
    async def take_back(self, source: str) -> None:
        """Remove a billing event that no invoice has taken; one that is not there is taken back."""

    async def is_credited(self, source: str) -> bool:
        """Whether a credit memo was made for a billed event."""

    async def periods(self, entity: str) -> list[Period]: ...
    async def create_work_invoice(self, bill: Bill, target: Target) -> Invoice: ...
    async def find_work_invoice(self, bill: Bill, target: Target) -> Invoice | None: ...
    async def create_milestone_invoice(self, milestone: str, on: str, target: Target) -> Invoice: ...
    async def find_milestone_invoice(self, milestone: str, on: str, target: Target) -> Invoice | None: ...

    async def invoices_since(self, since: int) -> list[Invoice]:
        """Invoices that changed at or after `since`, oldest change first."""

    async def with_net(self, invoices: tuple[Invoice, ...]) -> list[Invoice]:
        """The same invoices with their net, which a look at what changed does not tell."""

    async def customers_since(self, since: int) -> list[Renamed]: ...


class Psa(Protocol):
    """The delivery system: creates have no external id and are probed by exact title or label."""

    async def create_workspace(self, workspace: Workspace) -> Ref: ...
    async def find_workspace(self, workspace: Workspace) -> Ref | None: ...
    async def archive_workspace(self, workspace: Ref) -> None: ...

    async def create_stories(self, workspace: str, stories: tuple[Story, ...]) -> dict[str, str]:
        """Create those that are missing; {PSA id: line key} of all."""

    async def find_stories(self, workspace: str, stories: tuple[Story, ...]) -> dict[str, str] | None: ...
    async def create_demands(self, workspace: str, demands: tuple[Demand, ...]) -> dict[str, str]: ...
    async def find_demands(self, workspace: str, demands: tuple[Demand, ...]) -> dict[str, str] | None: ...

    async def show(self, shown: Shown) -> None:
        """Create or update one reference; there is one a workspace and key, so it may be sent again."""

    async def shown_on(self, workspace: str) -> list[Shown]: ...

    async def approved_work(self, workspace: str, since: int) -> list[Work]:
        """Approved, billable time and expenses that changed at or after `since`."""

    async def work_by_source(self, sources: tuple[str, ...]) -> list[Work]: ...
    async def seats(self, workspace: str) -> list[tuple[str, str]]:
        """(story, person number) of every assignment of the project."""

    async def withdrawn(self, kind: str, submission: str) -> Withdrawn | None:
        """The entries of a submission that is not approved; None when it is, or is gone."""

    async def withdrawn_since(self, since: int) -> list[Hint]:
        """Submissions that were decided against at or after `since`."""

    async def reschedule(self, workspace: str, end_on: str) -> None: ...
    async def milestone(self, story: str) -> MilestoneSeen | None: ...
    async def sow_of(self, workspace: str) -> str: ...

    async def feed(self, since: int) -> list[Hint]: ...
    async def time_since(self, since: int) -> list[Hint]: ...
    async def expenses_since(self, since: int) -> list[Hint]: ...
    async def milestones_since(self, since: int) -> list[Hint]: ...


class Book(Protocol):
    """The orchestrator's own memory of engagements and billing events. Every write may be repeated."""

    async def engage(self, engagement: Engagement) -> None: ...
    async def engagement(self, sow: str) -> Engagement | None: ...
    async def engaged(self, entity: str) -> list[str]:
        """SOW numbers of the entity's active T&M engagements, in order."""

    async def amend(self, contract: Contract) -> None: ...
    async def disengage(self, sow: str) -> None: ...
    async def release(self, sow: str, code: str) -> int:
        """Have the work that was set aside for this reason decided again; how many."""

    async def standing(self, sources: Collection[str]) -> list[Standing]: ...
    async def take_back(self, source: str) -> None: ...
    async def credited(self, source: str) -> None: ...
    async def workload(self, sow: str) -> Workload: ...
    async def undecided(self, works: Sequence[Work]) -> list[Work]: ...
    async def posted(self, event: Event, posted: Posted) -> None: ...
    async def parked(self, item: ItemException, kind: str) -> None: ...
    async def read_up_to(self, sow: str, at: int) -> None: ...
    async def billable(self, sow: str, cut_off: int) -> list[Billable]: ...
    async def invoiced(self, sow: str, key: str, sources: Collection[str]) -> None: ...
    async def saw(self, invoices: Sequence[Invoice]) -> None: ...
    async def mirrored(self, invoices: Sequence[Invoice]) -> None: ...
    async def totals(self, sows: Collection[str]) -> list[TotalsRow]: ...
    async def shown(self, rows: Sequence[TotalsRow]) -> None: ...


class Desk(Protocol):
    """Where refusals about single items go: an exception each, beside the run that goes on."""

    def refuse(self, item: ItemException, run: str) -> None:
        """Open an exception; once per subject and code while one is open."""

    def accept(self, source: str) -> None:
        """The work went on: close what is open about it."""


class Names(Protocol):
    """What our things are called elsewhere."""

    def link(self, canonical: str, id: str, *, system: str, type: str, entity: str = "") -> None: ...
    def unlink(self, canonical: str, *, system: str, type: str, entity: str = "") -> None: ...
    def id_of(self, canonical: str, *, system: str, type: str, entity: str = "") -> str | None: ...
    def first_of(self, id: str, *, system: str, type: str, entity: str = "") -> str | None:
        """What an id was first known as."""


class Starter(Protocol):
    """The part of the engine that pollers and fan-outs need."""

    async def start(self, process: str, given: Any, *, id: str) -> str: ...
    async def signal(self, run_id: str, name: str, payload: Any = None, *, id: str) -> bool: ...
    async def abandon(self, run_id: str, *, reason: str, by: str) -> bool: ...
