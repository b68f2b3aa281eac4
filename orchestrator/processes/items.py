"""The desk as processes see it: an exception for one thing that a run set aside while it goes on."""

from __future__ import annotations

from orchestrator.canonical.book import ItemException
from orchestrator.store.desk import LIVE, Desk, Ticket


class ItemDesk:
    """Implements `ports.Desk` on the exceptions desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def refuse(self, item: ItemException, run: str) -> None:
        """Open an exception about the item; one of another code about the same item has been answered by this."""
        for view in self._desk.find(subject=item.source):
            if view.state in LIVE and view.code != item.code:
                self._desk.resolve(view.id, by="orchestrator", note=f"went on to {item.code}")
        facts = {"sow": item.sow, "field": item.field, "approved_at": item.approved_at}
        if item.invoice:
            facts["invoice"] = item.invoice
        self._desk.open(
            Ticket(
                item.code,
                item.source,
                item.why,
                item.source,
                amount_minor=item.amount,
                currency=item.currency,
                run=run,
                facts=facts,
            )
        )

    def accept(self, source: str) -> None:
        """The item went on: resolve what is open about it."""
        self._desk.settle(source, note="posted")
