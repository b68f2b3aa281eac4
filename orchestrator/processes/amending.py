"""Amend a contract: signed terms that have a new version. What is billed stays as it is; what comes is decided by the new terms.

A higher cap lets go what the old one held back, a later end moves the project. Terms that would change what was billed (seller,
currency, tax, rates), or a cap below what is posted, cannot be applied forward: an exception, and the old terms hold.
"""

from __future__ import annotations

import msgspec

from orchestrator.canonical.contract import Contract
from orchestrator.canonical.deal import Deal, Won
from orchestrator.canonical.events import contract_amended
from orchestrator.engine.port import BusinessException, Process, Run
from orchestrator.policies.validation import WON, validate
from orchestrator.processes.deciding import WorkDesk
from orchestrator.processes.firm import Firm

NAME = "amend-contract"
FIXED = ("tax_code", "lines")
"""What billed work was decided by, beside the parties: a new version may not differ in it."""


def run_id(sow: str, version: int) -> str:
    """One run a version of the terms."""
    return f"amend:{sow}:{version}"


def amend_processes(firm: Firm) -> list[Process]:
    """Build every version of the process."""
    desk = WorkDesk(firm)

    async def amend(run: Run, given: Won) -> int:
        deal = await run.read(firm.crm.read_deal, given.sow, retry=firm.patience.read)
        engagement = await run.read(firm.book.engagement, given.sow, retry=firm.patience.local)
        if engagement is None or deal is None or deal.stage != WON:
            return 0
        old = engagement.contract
        if deal.terms_version <= old.terms_version:
            return old.terms_version
        _demand_same_parties(old, deal)
        wanted = validate(deal, firm.reference)
        load = await run.read(firm.book.workload, given.sow, retry=firm.patience.local)
        _demand_applicable(old, wanted, load.used)
        made = msgspec.structs.replace(old, cap=wanted.cap, end_on=wanted.end_on, terms_version=wanted.terms_version)
        if made.cap != old.cap:
            await run.step(firm.erp.amend_order, made, engagement.order, retry=firm.patience.named)
        if made.end_on != old.end_on:
            await run.step(firm.erp.amend_job, made, engagement.job, retry=firm.patience.named)
            await run.step(firm.psa.reschedule, engagement.workspace, made.end_on, retry=firm.patience.named)
        await run.step(firm.book.amend, made, retry=firm.patience.local)
        if await run.step(firm.book.release, given.sow, "CAP_EXCEEDED", retry=firm.patience.local):
            await desk.settle(run, msgspec.structs.replace(engagement, contract=made), run.now())
        await run.publish(contract_amended(made))
        return made.terms_version

    return [Process(NAME, 1, lambda given: given.sow, amend, Won)]


def _demand_same_parties(old: Contract, deal: Deal) -> None:
    """Raise AMENDMENT_UNSUPPORTED for another seller, currency, kind or tax: before the terms are looked at by themselves."""
    moved = [name for name in ("entity", "type", "currency", "tax_profile") if getattr(old, name) != getattr(deal, name)]
    if moved:
        raise _unsupported(old, deal.terms_version, moved)


def _unsupported(old: Contract, version: int, moved: list[str]) -> BusinessException:
    why = f"version {version} of {old.sow} changes {', '.join(moved)} of a contract under delivery"
    return BusinessException("AMENDMENT_UNSUPPORTED", why, field="sow.terms_version", system="crm")


def _demand_applicable(old: Contract, wanted: Contract, used: int) -> None:
    """Raise AMENDMENT_UNSUPPORTED for terms that cannot be applied forward."""
    moved = [name for name in FIXED if getattr(old, name) != getattr(wanted, name)]
    if wanted.cap is not None and wanted.cap < used:
        moved.append(f"a cap of {wanted.cap} below the {used} that are posted")
    if moved:
        raise _unsupported(old, wanted.terms_version, moved)
