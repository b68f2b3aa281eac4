"""Withdraw a deal: an opportunity that is won no more after its project stood.

Nothing was worked yet: what the set-up made is undone, as if it had been abandoned; the customer stays. Work was approved or billed:
nobody may guess what becomes of it, so the contract stands still with an exception until the deal is won again or somebody decides.
"""

from __future__ import annotations

from orchestrator.canonical.deal import Won
from orchestrator.canonical.engagement import Engagement
from orchestrator.canonical.events import deal_withdrawn
from orchestrator.engine.port import BusinessException, Process, Run
from orchestrator.policies.validation import WON
from orchestrator.processes.activation import SetUp
from orchestrator.processes.firm import Firm

NAME = "withdraw-deal"


def run_id(sow: str, moved_at: int) -> str:
    """One run a time that the deal is taken back."""
    return f"withdraw:{sow}:{moved_at}"


def withdraw_processes(firm: Firm) -> list[Process]:
    """Build every version of the process."""
    steps = SetUp(firm)

    async def withdraw(run: Run, given: Won) -> str:
        deal = await run.read(firm.crm.read_deal, given.sow, retry=firm.patience.read)
        engagement = await run.read(firm.book.engagement, given.sow, retry=firm.patience.local)
        if engagement is None or (deal is not None and deal.stage == WON):
            return ""
        if await run.read(is_worked, engagement, retry=firm.patience.read):
            stage = "gone" if deal is None or not deal.stage else deal.stage
            why = f"the deal of {given.sow} is {stage}, and work was approved under it"
            raise BusinessException("DEAL_REOPENED", why, field="opportunity.stage", system="crm")
        named = firm.patience.named
        await run.step(firm.book.disengage, given.sow, retry=firm.patience.local)
        await run.step(steps.archive_workspace, engagement.workspace_ref, retry=named)
        await run.step(steps.close_order, engagement.order, retry=named)
        await run.step(steps.inactivate_job, engagement.job, retry=named)
        await run.step(steps.withdraw, given.sow, retry=named)
        await run.publish(deal_withdrawn(given.sow))
        return given.sow

    async def is_worked(engagement: Engagement) -> bool:
        """Whether anything was approved in the project, or an invoice was made."""
        (totals,) = await firm.book.totals((engagement.contract.sow,)) or (None,)
        if totals is not None and (totals.totals.billed or totals.totals.unbilled):
            return True
        return bool(await firm.psa.approved_work(engagement.workspace, 0))

    return [Process(NAME, 1, lambda given: given.sow, withdraw, Won)]
