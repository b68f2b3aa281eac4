"""Three systems in memory behind the ports, with mishaps on demand: what each holds is what a test looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.canonical.billing import Bill, Event, Invoice, Period, Posted, Target, Totals
from orchestrator.canonical.contract import Contract
from orchestrator.canonical.deal import Deal, SoldSignal
from orchestrator.canonical.engagement import Demand, Ref, Story, Workspace
from orchestrator.canonical.party import Customer, Party
from orchestrator.canonical.work import MilestoneSeen, Withdrawn, Work
from orchestrator.errors import Refused, Transient, Unknown
from orchestrator.ports import Failed, Hint, Renamed, Shown

LOST, LOST_BEFORE, DOWN = "lost reply", "lost request", "down"


class Mishaps:
    """What goes wrong next: {method: [LOST | LOST_BEFORE | DOWN | an exception, ...]}; and every call that was made."""

    def __init__(self) -> None:
        self.coming: dict[str, list[Any]] = {}
        self.calls: list[str] = []

    def __call__(self, method: str, work: Callable[[], Any]) -> Any:
        self.calls.append(method)
        ahead = self.coming.get(method)
        said = ahead.pop(0) if ahead else None
        if isinstance(said, Exception):
            raise said
        if said == DOWN:
            raise Transient("503", system="x")
        if said == LOST_BEFORE:
            raise Unknown("lost", system="x")
        done = work()
        if said == LOST:
            raise Unknown("lost", system="x")
        return done


class FakeCrm:
    def __init__(self) -> None:
        self.meet = Mishaps()
        self.deals: dict[str, Deal] = {}
        self.delivery: dict[str, list[str]] = {}
        self.codes: dict[str, str] = {}
        self.invoices: dict[str, Invoice] = {}
        self.totals: dict[str, Totals] = {}
        self.names: dict[str, str] = {}
        self.failing: dict[str, list[Failed]] = {}
        self.sold: list[SoldSignal] = []
        self.likes: list[Party] = []
        self.merges: dict[str, list[str]] = {}
        self.guarded = True

    async def read_deal(self, sow: str) -> Deal | None:
        return self.meet("read_deal", lambda: self.deals.get(sow))

    async def sows_of(self, opportunity: str) -> list[str]:
        return self.meet("sows_of", lambda: [sow for sow, deal in self.deals.items() if deal.opportunity == opportunity])

    async def sold_since(self, since: int) -> list[SoldSignal]:
        return self.meet("sold_since", lambda: list(self.sold))

    async def accounts_like(self, party: Party) -> list[Party]:
        return self.meet("accounts_like", lambda: list(self.likes))

    async def merged_into(self, account: str) -> list[str]:
        return self.meet("merged_into", lambda: self.merges.get(account, []))

    async def mirror_delivery(self, sow: str, status: str, project_code: str) -> None:
        def write():
            self.delivery.setdefault(sow, []).append(status)
            self.codes[sow] = project_code or self.codes.get(sow, "")

        self.meet("mirror_delivery", write)

    async def mirrored_versions(self, keys: tuple[str, ...]) -> dict[str, int]:
        return self.meet("mirrored_versions", lambda: {key: self.invoices[key].version for key in keys if key in self.invoices})

    async def mirror_invoices(self, rows: tuple[Invoice, ...]) -> list[Failed]:
        def write():
            failed = [self.failing[row.key].pop(0) for row in rows if self.failing.get(row.key)]
            held = {failure.key for failure in failed}
            self.invoices.update({row.key: row for row in rows if row.key not in held})
            return failed

        return self.meet("mirror_invoices", write)

    async def mirror_totals(self, rows: tuple[Totals, ...]) -> list[Failed]:
        return self.meet("mirror_totals", lambda: self.totals.update({row.sow: row for row in rows}) or [])

    async def rename_account(self, account: str, name: str) -> None:
        if self.guarded:
            raise Refused("NOT_OWNER", "crm.account: name")
        self.meet("rename_account", lambda: self.names.update({account: name}))


class FakeErp:
    def __init__(self) -> None:
        self.meet = Mishaps()
        self.records: dict[str, Any] = {}
        self.ids: dict[str, str] = {}
        self.closed: list[str] = []
        self.work: dict[str, Event] = {}
        self.invoices: dict[str, Invoice] = {}
        self.billed: dict[str, str] = {}
        self.shut: set[str] = set()
        self.people = {"P-0007"}
        self.changed: list[Invoice] = []
        self.renamed: list[Renamed] = []
        self.credits: set[str] = set()

    def _put(self, key: str, record: Any) -> Ref:
        self.records[key] = record
        return Ref(key, self.ids.setdefault(key, str(len(self.ids) + 1)))

    async def upsert_customer(self, customer: Customer) -> Ref:
        return self.meet("upsert_customer", lambda: self._put(customer.eid, customer))

    async def upsert_job(self, contract: Contract, customer: Ref) -> Ref:
        return self.meet("upsert_job", lambda: self._put(f"JOB-{contract.sow}", contract))

    async def upsert_order(self, contract: Contract, customer: Ref, job: Ref) -> Ref:
        return self.meet("upsert_order", lambda: self._put(f"SO-{contract.sow}", contract))

    async def close_order(self, order: Ref) -> None:
        self.meet("close_order", lambda: self.closed.append(order.key))

    async def inactivate_job(self, job: Ref) -> None:
        self.meet("inactivate_job", lambda: self.closed.append(job.key))

    async def amend_order(self, contract: Contract, order: Ref) -> None:
        self.meet("amend_order", lambda: self.records.update({order.key: contract}))

    async def amend_job(self, contract: Contract, job: Ref) -> None:
        self.meet("amend_job", lambda: self.records.update({job.key: contract}))

    async def take_back(self, source: str) -> None:
        self.meet("take_back", lambda: self.work.pop(source, None))

    async def is_credited(self, source: str) -> bool:
        return self.meet("is_credited", lambda: source in self.credits)

    async def post_time(self, event: Event, target: Target) -> Posted:
        return self._post("post_time", event)

    async def post_expense(self, event: Event, target: Target) -> Posted:
        return self._post("post_expense", event)

    def _post(self, method: str, event: Event) -> Posted:
        if event.on[:7] in self.shut:
            raise Refused("PERIOD_CLOSED", event.on)
        if event.person not in self.people:
            raise Refused("PERSON_UNKNOWN", event.person)

        def write():
            self.work[event.source] = event
            return Posted(event.source, self.ids.setdefault(event.source, str(len(self.ids) + 1)))

        return self.meet(method, write)

    async def periods(self, entity: str) -> list[Period]:
        months = [f"2026-{n:02d}" for n in range(1, 7)]
        return self.meet("periods", lambda: [Period(m, f"{m}-01", f"{m}-28", m not in self.shut) for m in months])

    async def create_work_invoice(self, bill: Bill, target: Target) -> Invoice:
        def write():
            assert bill.key not in self.invoices, "the ERP would refuse a second one"
            sources = [posted.source for posted in (*bill.time, *bill.expenses)]
            assert not [source for source in sources if source in self.billed], "billed already"
            self.billed.update(dict.fromkeys(sources, bill.key))
            return self._invoice(bill.key, target.sow, sum(self.work[source].net for source in sources))

        return self.meet("create_work_invoice", write)

    async def find_work_invoice(self, bill: Bill, target: Target) -> Invoice | None:
        return self.meet("find_work_invoice", lambda: self.invoices.get(bill.key))

    async def create_milestone_invoice(self, milestone: str, on: str, target: Target) -> Invoice:
        amount = next(line.amount for line in self.records[target.order].lines if line.key == milestone)

        def write():
            assert f"INV-{milestone}" not in self.invoices, "the ERP would refuse a second one"
            return self._invoice(f"INV-{milestone}", target.sow, amount)

        return self.meet("create_milestone_invoice", write)

    async def find_milestone_invoice(self, milestone: str, on: str, target: Target) -> Invoice | None:
        return self.meet("find_milestone_invoice", lambda: self.invoices.get(f"INV-{milestone}"))

    def _invoice(self, key: str, sow: str, net: int) -> Invoice:
        number = len(self.invoices) + 1
        made = Invoice(key, str(number), f"N{number}", sow, "open", "USD", net, net, net, "2026-03-01", 1)
        self.invoices[key] = made
        return made

    async def invoices_since(self, since: int) -> list[Invoice]:
        return self.meet("invoices_since", lambda: list(self.changed))

    async def with_net(self, invoices: tuple[Invoice, ...]) -> list[Invoice]:
        return self.meet("with_net", lambda: list(invoices))

    async def customers_since(self, since: int) -> list[Renamed]:
        return self.meet("customers_since", lambda: list(self.renamed))


class FakePsa:
    def __init__(self) -> None:
        self.meet = Mishaps()
        self.workspaces: dict[str, str] = {}
        self.archived: list[str] = []
        self.stories: dict[str, dict[str, str]] = {}
        self.demands: dict[str, dict[str, str]] = {}
        self.refs: dict[tuple[str, str], Shown] = {}
        self.works: list[Work] = []
        self.milestones: dict[str, MilestoneSeen] = {}
        self.hints: dict[str, list[Hint]] = {"feed": [], "time": [], "expenses": [], "milestones": [], "withdrawn": []}
        self.assigned: list[tuple[str, str]] = []
        self.backs: dict[str, Withdrawn] = {}
        self.due: dict[str, str] = {}

    async def create_workspace(self, workspace: Workspace) -> Ref:
        def write():
            id = str(41 + len(self.workspaces))
            self.workspaces[id] = workspace.title
            return Ref(workspace.sow, id)

        return self.meet("create_workspace", write)

    async def find_workspace(self, workspace: Workspace) -> Ref | None:
        ids = [id for id, title in self.workspaces.items() if title == workspace.title]
        return self.meet("find_workspace", lambda: Ref(workspace.sow, ids[0]) if ids else None)

    async def archive_workspace(self, workspace: Ref) -> None:
        self.meet("archive_workspace", lambda: self.archived.append(workspace.id))

    async def create_stories(self, workspace: str, stories: tuple[Story, ...]) -> dict[str, str]:
        there = self.stories.setdefault(workspace, {})
        return self.meet("create_stories", lambda: self._fill(there, [story.key for story in stories], 501))

    async def find_stories(self, workspace: str, stories: tuple[Story, ...]) -> dict[str, str] | None:
        there = self.stories.get(workspace, {})
        return self.meet("find_stories", lambda: dict(there) if len(there) == len(stories) else None)

    async def create_demands(self, workspace: str, demands: tuple[Demand, ...]) -> dict[str, str]:
        there = self.demands.setdefault(workspace, {})
        return self.meet("create_demands", lambda: self._fill(there, [demand.label for demand in demands], 701))

    async def find_demands(self, workspace: str, demands: tuple[Demand, ...]) -> dict[str, str] | None:
        there = self.demands.get(workspace, {})
        return self.meet("find_demands", lambda: dict(there) if len(there) == len(demands) else None)

    def _fill(self, there: dict[str, str], names: list[str], first: int) -> dict[str, str]:
        for name in names:
            if name not in there.values():
                there[str(first + len(there))] = name
        return dict(there)

    async def show(self, shown: Shown) -> None:
        self.meet("show", lambda: self.refs.update({(shown.workspace, shown.key): shown}))

    async def shown_on(self, workspace: str) -> list[Shown]:
        return self.meet("shown_on", lambda: [shown for (at, _), shown in self.refs.items() if at == workspace])

    async def approved_work(self, workspace: str, since: int) -> list[Work]:
        return self.meet("approved_work", lambda: [work for work in self.works if work.changed_at >= since])

    async def work_by_source(self, sources: tuple[str, ...]) -> list[Work]:
        return self.meet("work_by_source", lambda: [work for work in self.works if work.source in sources])

    async def seats(self, workspace: str) -> list[tuple[str, str]]:
        return self.meet("seats", lambda: list(self.assigned))

    async def withdrawn(self, kind: str, submission: str) -> Withdrawn | None:
        return self.meet("withdrawn", lambda: self.backs.get(submission))

    async def withdrawn_since(self, since: int) -> list[Hint]:
        return self.meet("withdrawn_since", lambda: self.hints["withdrawn"])

    async def reschedule(self, workspace: str, end_on: str) -> None:
        self.meet("reschedule", lambda: self.due.update({workspace: end_on}))

    async def milestone(self, story: str) -> MilestoneSeen | None:
        return self.meet("milestone", lambda: self.milestones.get(story))

    async def sow_of(self, workspace: str) -> str:
        return self.meet("sow_of", lambda: self.workspaces.get(workspace, "")[:7])

    async def feed(self, since: int) -> list[Hint]:
        return self.meet("feed", lambda: self.hints["feed"])

    async def time_since(self, since: int) -> list[Hint]:
        return self.meet("time_since", lambda: self.hints["time"])

    async def expenses_since(self, since: int) -> list[Hint]:
        return self.meet("expenses_since", lambda: self.hints["expenses"])

    async def milestones_since(self, since: int) -> list[Hint]:
        return self.meet("milestones_since", lambda: self.hints["milestones"])
