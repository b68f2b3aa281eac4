"""Activate a project: from a won and signed deal to customer, contract and project in ERP and PSA, mirrored to the CRM.

Nothing is created before the signature. What was created is undone, newest first, when the run is abandoned; the customer is
shared and stays.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.contract import Contract, ContractLine
from orchestrator.canonical.deal import Deal, Won
from orchestrator.canonical.engagement import Demand, Engagement, Ref, Story, Workspace
from orchestrator.canonical.events import project_activated
from orchestrator.canonical.party import Customer
from orchestrator.engine.port import Abandon, BusinessException, Process, Run
from orchestrator.policies.matching import same_company
from orchestrator.policies.validation import SIGNED, WON, validate
from orchestrator.ports import Shown
from orchestrator.processes.firm import Firm

NAME = "activate-project"
REQUESTED, ACTIVE, EXCEPTION = "Requested", "Active", "Exception"


def run_id(sow: str) -> str:
    return f"activate:{sow}"


def activate_processes(firm: Firm) -> list[Process]:
    """Build every version of the process."""
    steps = SetUp(firm)

    async def activate(run: Run, won: Won) -> Engagement:
        try:
            deal = await signed_deal(run, firm, won.sow)
            contract = validate(deal, firm.reference)
            contract = await known(run, deal, contract)
            await run.step(steps.request, won.sow, undo=steps.withdraw, retry=firm.patience.named)
            engagement = await provision(run, contract)
        except BusinessException:
            await run.step(steps.mirror_exception, won.sow, run.now(), retry=firm.patience.named)  # again in every pass
            raise
        await run.step(firm.book.engage, engagement, retry=firm.patience.local)
        await run.step(steps.mirror_active, won.sow, retry=firm.patience.named)
        await run.publish(project_activated(won.sow, contract.entity, engagement.job.key, engagement.workspace))
        return engagement

    async def known(run: Run, deal: Deal, contract: Contract) -> Contract:
        """The contract with the customer that stands for its account: one the account had before a merge, else its own.

        A customer that is to be new is looked for first: an account that somebody opened again stops here.
        """
        customer, local = contract.customer, firm.patience.local
        key = await run.read(steps.customer_of, customer.account, customer.entity, retry=local)
        losers = () if key else await run.read(firm.crm.merged_into, customer.account, retry=firm.patience.read)
        for loser in losers:
            key = key or await run.step(steps.follow_merge, loser, customer.account, customer.entity, retry=local)
        if key:
            return msgspec.structs.replace(contract, customer=msgspec.structs.replace(customer, eid=key))
        twins = same_company(deal.party, await run.read(firm.crm.accounts_like, deal.party, retry=firm.patience.read))
        if twins:
            why = f"account {customer.account} looks like {', '.join(twins)}: the same tax id, or the same site and name"
            raise BusinessException("DUPLICATE_ACCOUNT", why, field="account.number", system="crm")
        return contract

    async def provision(run: Run, contract: Contract) -> Engagement:
        named, probed = firm.patience.named, firm.patience.probed
        customer = await run.step(steps.upsert_customer, contract.customer, retry=named)
        job = await run.step(steps.upsert_job, contract, customer, undo=steps.inactivate_job, retry=named)
        order = await run.step(steps.upsert_order, contract, customer, job, undo=steps.close_order, retry=named)
        workspace = await run.step(
            steps.create_workspace,
            workspace_of(contract),
            undo=steps.archive_workspace,
            probe=steps.find_workspace,
            retry=probed,
        )
        stories = await run.step(
            firm.psa.create_stories, workspace.id, stories_of(contract), probe=firm.psa.find_stories, retry=probed
        )
        demands = demands_of(contract)
        if demands:
            await run.step(firm.psa.create_demands, workspace.id, demands, probe=firm.psa.find_demands, retry=probed)
        tie = Shown(workspace.id, "job", job.key, job.key, "active")
        await run.step(firm.psa.show, tie, name="tie_workspace", retry=named)
        return Engagement(contract, customer, order, job, workspace.id, stories)

    return [Process(NAME, 1, lambda won: won.sow, activate, Won)]


class SetUp:
    """The steps of a set-up: one effect each, with the names it makes known."""

    def __init__(self, firm: Firm) -> None:
        self._crm, self._erp, self._psa, self._names = firm.crm, firm.erp, firm.psa, firm.names

    async def request(self, sow: str) -> str:
        await self._crm.mirror_delivery(sow, REQUESTED, "")
        return sow

    async def withdraw(self, sow: str) -> None:
        await self._crm.mirror_delivery(sow, EXCEPTION, "")

    async def mirror_exception(self, sow: str, _refused_at: int) -> None:
        await self._crm.mirror_delivery(sow, EXCEPTION, "")

    async def mirror_active(self, sow: str) -> None:
        await self._crm.mirror_delivery(sow, ACTIVE, refs.job(sow))

    async def customer_of(self, account: str, entity: str) -> str:
        """Our external id of the account's customer, made of the account it was made for; "" when it has none."""
        id = self._names.id_of(account, system="erp", type="customer", entity=entity)
        first = self._names.first_of(id, system="erp", type="customer", entity=entity) if id else None
        return refs.customer(first, entity) if first else ""

    async def follow_merge(self, loser: str, master: str, entity: str) -> str:
        """The customer of the account that is gone is the other account's from now on; its past stays known. Our external id, or ""."""
        id = self._names.id_of(loser, system="erp", type="customer", entity=entity)
        if id:
            self._names.unlink(loser, system="erp", type="customer", entity=entity)
            self._names.link(master, id, system="erp", type="customer", entity=entity)
        return await self.customer_of(master, entity)

    async def upsert_customer(self, customer: Customer) -> Ref:
        made = await self._erp.upsert_customer(customer)
        self._names.link(customer.account, made.id, system="erp", type="customer", entity=customer.entity)
        return made

    async def upsert_job(self, contract: Contract, customer: Ref) -> Ref:
        made = await self._erp.upsert_job(contract, customer)
        self._names.link(contract.sow, made.id, system="erp", type="job", entity=contract.entity)
        return made

    async def inactivate_job(self, job: Ref) -> None:
        await self._erp.inactivate_job(job)

    async def upsert_order(self, contract: Contract, customer: Ref, job: Ref) -> Ref:
        made = await self._erp.upsert_order(contract, customer, job)
        self._names.link(contract.sow, made.id, system="erp", type="sales_order", entity=contract.entity)
        return made

    async def close_order(self, order: Ref) -> None:
        await self._erp.close_order(order)

    async def create_workspace(self, workspace: Workspace) -> Ref:
        made = await self._psa.create_workspace(workspace)
        self._names.link(workspace.sow, made.id, system="psa", type="workspace")
        return made

    async def find_workspace(self, workspace: Workspace) -> Ref | None:
        found = await self._psa.find_workspace(workspace)
        if found is not None:
            self._names.link(workspace.sow, found.id, system="psa", type="workspace")
        return found

    async def archive_workspace(self, workspace: Ref) -> None:
        await self._psa.archive_workspace(workspace)
        self._names.unlink(workspace.key, system="psa", type="workspace")


async def signed_deal(run: Run, firm: Firm, sow: str) -> Deal:
    """The won and signed deal, however long the signature takes. Raises Abandon."""
    deal = await fresh_deal(run, firm, sow, still_won)
    if is_signed(deal):
        return deal
    if await run.wait("signed", run.now() + firm.patience.sign_ms) is None:
        raise Abandon(f"{sow} was not signed in time")
    return await fresh_deal(run, firm, sow, signed_too)


async def fresh_deal(run: Run, firm: Firm, sow: str, check: Callable[[Deal | None, str], Deal]) -> Deal:
    """The deal as we were told of it. A reading that shows less may come from a replica that lags: it is made once more, later."""
    deal = await run.read(firm.crm.read_deal, sow, retry=firm.patience.read)
    try:
        return check(deal, sow)
    except Abandon:
        await run.sleep_until(run.now() + firm.patience.lag_ms)
    return still_won(await run.read(firm.crm.read_deal, sow, retry=firm.patience.read), sow)


def still_won(deal: Deal | None, sow: str) -> Deal:
    """Return the deal; give up when it is gone or no longer won. Raises Abandon."""
    if deal is None:
        raise Abandon(f"{sow} is not in the CRM any more")
    if deal.stage != WON:
        raise Abandon(f"{sow} is {deal.stage}, no longer won")
    return deal


def signed_too(deal: Deal | None, sow: str) -> Deal:
    """Return the deal when it is won and signed. Raises Abandon."""
    found = still_won(deal, sow)
    if not is_signed(found):
        raise Abandon(f"{sow} is not signed")
    return found


def is_signed(deal: Deal) -> bool:
    return deal.status == SIGNED and deal.signed_at > 0


def workspace_of(contract: Contract) -> Workspace:
    title = f"{contract.sow} {contract.name}".strip()
    return Workspace(
        contract.sow,
        title,
        contract.currency,
        contract.value,
        contract.start_on,
        contract.end_on,
        f"template {contract.template}",
    )


def stories_of(contract: Contract) -> tuple[Story, ...]:
    """One WBS element a contract line; its title begins with the line's key."""
    return tuple(_story(contract, line) for line in contract.lines)


def _story(contract: Contract, line: ContractLine) -> Story:
    title = f"{line.key} {line.name}".strip()
    if line.is_milestone:
        due_on = line.due_on or contract.end_on
        return Story(line.key, title, "milestone", contract.start_on, due_on, billable=False, fixed_fee=True, minutes=0)
    minutes = line.quantity * 60 // 100
    return Story(line.key, title, "task", contract.start_on, contract.end_on, billable=True, fixed_fee=False, minutes=minutes)


def demands_of(contract: Contract) -> tuple[Demand, ...]:
    """The hours sold of each role."""
    roles = (line for line in contract.lines if not line.is_milestone)
    return tuple(Demand(line.key, line.item, f"{line.key} {line.item}", line.quantity * 60 // 100) for line in roles)
