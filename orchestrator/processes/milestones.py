"""Milestone to billing: the client's acceptance makes one line of the contract due, at once and once."""

from __future__ import annotations

from orchestrator.canonical.events import invoice_created
from orchestrator.canonical.work import MilestoneSeen
from orchestrator.engine.port import BusinessException, Process, Run
from orchestrator.policies.periods import local_day
from orchestrator.processes.deciding import check, target_of
from orchestrator.processes.firm import Firm

NAME = "bill-milestone"


def run_id(milestone: str) -> str:
    return f"milestone:{milestone}"


def milestone_processes(firm: Firm) -> list[Process]:
    """Build every version of the process."""

    async def bill_milestone(run: Run, hint: MilestoneSeen) -> str:
        engagement = await run.read(firm.book.engagement, hint.sow, retry=firm.patience.local)
        if engagement is None:
            return ""  # never activated, or undone: its workspace is archived
        seen = await accepted(run, firm, hint)
        contract = engagement.contract
        line = contract.line(engagement.stories.get(seen.story, ""))
        if line is None or not line.is_milestone:
            why = f"story {seen.story} ({seen.line}) is no milestone of {contract.sow}"
            raise BusinessException("STORY_UNMAPPED", why, subject=seen.line, source=seen.line, field="story.title", system="psa")
        day = local_day(run.now(), firm.reference.entities[contract.entity].time_zone)
        invoice = await run.step(
            firm.erp.create_milestone_invoice,
            line.key,
            day,
            target_of(engagement),
            probe=firm.erp.find_milestone_invoice,
            retry=firm.patience.named,
        )
        check(invoice, line.amount)
        await run.publish(invoice_created(invoice))
        return invoice.key

    return [Process(NAME, 1, lambda hint: hint.sow, bill_milestone, MilestoneSeen)]


async def accepted(run: Run, firm: Firm, hint: MilestoneSeen) -> MilestoneSeen:
    """The acceptance we were told of, as it stands now. A reading that shows none may come from a replica that lags: it is made once more.

    Raises BusinessException: this run is the only one the milestone will ever have, so it may not end with nothing said.
    """
    seen: MilestoneSeen | None = await run.read(firm.psa.milestone, hint.story, retry=firm.patience.read)
    if seen is None:
        await run.sleep_until(run.now() + firm.patience.lag_ms)
        seen = await run.read(firm.psa.milestone, hint.story, retry=firm.patience.read)
    if seen is None:
        why = f"milestone {hint.line} was told as accepted, and the PSA shows no acceptance"
        raise BusinessException("CHANGED", why, subject=hint.line, source=hint.line, field="story.accepted_at", system="psa")
    return seen
