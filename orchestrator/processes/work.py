"""Time and expense to billing: an approved submission makes every approved, billable entry of its SOW a billing event in the ERP."""

from __future__ import annotations

from orchestrator.canonical.work import Submission
from orchestrator.engine.port import Process, Run
from orchestrator.processes.deciding import Outcome, WorkDesk
from orchestrator.processes.firm import Firm

NAME = "post-work"


def run_id(kind: str, submission: str, approved_at: int) -> str:
    """`kind` is time or expense; a submission that was approved again is another run."""
    return f"{kind}:{submission}:{approved_at}"


def work_processes(firm: Firm) -> list[Process]:
    """Build every version of the process."""
    desk = WorkDesk(firm)

    async def post_work(run: Run, submission: Submission) -> Outcome:
        engagement = await run.read(firm.book.engagement, submission.sow, retry=firm.patience.local)
        if engagement is None:
            return Outcome()  # never activated, or undone: its workspace is archived
        return await desk.settle(run, engagement, submission.approved_at)

    return [Process(NAME, 1, lambda submission: submission.sow, post_work, Submission)]
