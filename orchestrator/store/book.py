"""The book: active engagements, what became of every piece of approved work, and the invoices the ERP has shown.

Implements `ports.Book`. The ERP stays the truth of money; the book saves asking it what we told it ourselves. Every write is
repeatable, because a step that was cut off is done again.

    work:  posted (the ERP holds it) | parked (an exception is open) | again (resubmitted) | waived (written off)
           | withdrawn (approved no more, and on no invoice)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from orchestrator.canonical.billing import Billable, Event, Invoice, Posted, Totals
from orchestrator.canonical.book import ItemException, Standing, TotalsRow, Workload
from orchestrator.canonical.contract import Contract
from orchestrator.canonical.engagement import Engagement
from orchestrator.canonical.work import Work
from orchestrator.store.database import Database, Statement

POSTED, PARKED, AGAIN, WAIVED, WITHDRAWN = "posted", "parked", "again", "waived", "withdrawn"
CREDITED = "CREDITED"
TOTALS_MAX, IN_MAX = 200, 500

_PUT = """insert into work(source, sow, kind, approved_at, state, net, erp_id, invoice, code, currency, settled_at)
    values(?, ?, ?, ?, ?, ?, ?, null, ?, ?, ?)
    on conflict(source) do update set state = excluded.state, net = excluded.net, erp_id = excluded.erp_id, code = excluded.code,
    settled_at = excluded.settled_at where work.invoice is null"""
_MOVE = "update engagement set moved = moved + 1 where sow = ?"
_decode = msgspec.json.Decoder(Engagement).decode


class SqlBook:
    """The rows of the book."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._db, self._clock = database, clock
        self._held: dict[str, Engagement] = {}
        self._places: dict[str, tuple[str, str]] = {}
        self._entities: frozenset[str] | None = None
        self._billed = False

    # Engagements.

    async def engage(self, engagement: Engagement) -> None:
        """Remember an activated engagement."""
        contract = engagement.contract
        put = """insert into engagement(sow, entity, type, workspace, body, active, moved, ready_at, active_at)
            values(?, ?, ?, ?, ?, 1, 1, ?, ?)
            on conflict(sow) do update set body = excluded.body, workspace = excluded.workspace, active = 1"""
        body = msgspec.json.encode(engagement).decode()
        self._db.commit(
            (put, (contract.sow, contract.entity, contract.type, engagement.workspace, body, contract.signed_at, self._clock()))
        )
        self._held[contract.sow], self._entities = engagement, None

    async def engagement(self, sow: str) -> Engagement | None:
        """The active engagement of a SOW."""
        if sow not in self._held:
            row = self._db.row("select body from engagement where sow = ? and active = 1", (sow,))
            if row is None:
                return None
            self._held[sow] = _decode(row[0])
        return self._held[sow]

    async def amend(self, contract: Contract) -> None:
        """The engagement goes on under these terms."""
        engagement = await self.engagement(contract.sow)
        if engagement is None:
            return
        made = msgspec.structs.replace(engagement, contract=contract)
        body = msgspec.json.encode(made).decode()
        self._db.commit(("update engagement set body = ? where sow = ?", (body, contract.sow)))
        self._held[contract.sow] = made

    async def disengage(self, sow: str) -> None:
        """The engagement was undone: nothing is billed under it any more."""
        self._db.commit(("update engagement set active = 0 where sow = ?", (sow,)))
        self._held.pop(sow, None)

    def terms_version(self, sow: str) -> int:
        """The version of the terms that an active engagement goes by; 0 without one."""
        if sow not in self._held:
            row = self._db.row("select body from engagement where sow = ? and active = 1", (sow,))
            if row is None:
                return 0
            self._held[sow] = _decode(row[0])
        return self._held[sow].contract.terms_version

    async def engaged(self, entity: str) -> list[str]:
        """SOW numbers of the entity's active T&M engagements, in order."""
        sql = "select sow from engagement where entity = ? and active = 1 and type = 'tm' order by sow"
        return [sow for (sow,) in self._db.rows(sql, (entity,))]

    def entities(self) -> frozenset[str]:
        """The entities that have active engagements."""
        if self._entities is None:
            self._entities = frozenset(code for (code,) in self._db.rows("select distinct entity from engagement"))
        return self._entities

    def is_engaged(self, sow: str) -> bool:
        """Whether the SOW has been activated."""
        return sow in self._held or self._db.row("select 1 from engagement where sow = ?", (sow,)) is not None

    def sow_of_workspace(self, workspace: str) -> str:
        """Whose workspace it is; "" when it is none of ours."""
        return self._place(workspace)[0]

    def bills_work(self, workspace: str) -> bool:
        """Whether time and expenses of the workspace are billed; a workspace we do not know may be about to be."""
        return self._place(workspace)[1] != "milestone"

    def _place(self, workspace: str) -> tuple[str, str]:
        if workspace not in self._places:
            row = self._db.row("select sow, type from engagement where workspace = ?", (workspace,))
            if row is None:
                return "", ""
            self._places[workspace] = (str(row[0]), str(row[1]))
        return self._places[workspace]

    # Work.

    async def workload(self, sow: str) -> Workload:
        """From where to read, what counts against the cap, and what is to be decided again."""
        (since,) = self._db.row("select read_up_to from engagement where sow = ?", (sow,)) or (0,)
        (used,) = self._db.row("select coalesce(sum(net), 0) from work where sow = ? and state = 'posted'", (sow,)) or (0,)
        again = self._db.rows("select source from work where sow = ? and state = 'again' order by source", (sow,))
        return Workload(since, used, tuple(source for (source,) in again))

    async def undecided(self, works: Sequence[Work]) -> list[Work]:
        """Those that are neither posted, parked nor waived."""
        decided = self.decided([work.source for work in works])
        return [work for work in works if work.source not in decided]

    def decided(self, sources: Sequence[str]) -> set[str]:
        """Those of the sources that are posted, parked or waived."""
        found: set[str] = set()
        for first in range(0, len(sources), IN_MAX):
            page = sources[first : first + IN_MAX]
            sql = f"select source from work where state <> 'again' and source in ({', '.join('?' * len(page))})"
            found.update(source for (source,) in self._db.rows(sql, page))
        return found

    async def posted(self, event: Event, posted: Posted) -> None:
        """The ERP holds it."""
        row = (
            event.source,
            event.sow,
            event.kind,
            event.approved_at,
            POSTED,
            event.net,
            posted.id,
            "",
            event.currency,
            self._clock(),
        )
        self._db.commit((_PUT, row), (_MOVE, (event.sow,)))

    async def parked(self, item: ItemException, kind: str) -> None:
        """An exception is open about it."""
        row = (item.source, item.sow, kind, item.approved_at, PARKED, item.amount, "", item.code, item.currency, self._clock())
        self._db.commit((_PUT, row))

    def reopen(self, source: str) -> str:
        """A clerk says it may be decided again; the SOW it belongs to, "" when it was not parked."""
        return self._turn(source, AGAIN)

    def waive(self, source: str) -> str:
        """A clerk wrote it off; the SOW it belongs to, "" when it was not parked."""
        return self._turn(source, WAIVED)

    async def release(self, sow: str, code: str) -> int:
        """What was set aside for this reason is to be decided again; how many."""
        (count,) = self._db.row("select count(*) from work where sow = ? and state = 'parked' and code = ?", (sow, code)) or (0,)
        self._db.commit(("update work set state = 'again' where sow = ? and state = 'parked' and code = ?", (sow, code)))
        return int(count)

    def has_work(self, sow: str) -> bool:
        """Whether anything was decided under the SOW."""
        return self._db.row("select 1 from work where sow = ? limit 1", (sow,)) is not None

    async def standing(self, sources: Collection[str]) -> list[Standing]:
        """What became of these; what was never decided is left out."""
        marks = ", ".join("?" * len(sources))
        sql = f"select source, state, net, currency, coalesce(invoice, ''), code from work where source in ({marks}) order by source"
        return [Standing(*row) for row in self._db.rows(sql, tuple(sources))] if sources else []

    async def take_back(self, source: str) -> None:
        """It is approved no more, and no invoice holds it."""
        (sow,) = self._db.row("select sow from work where source = ?", (source,)) or ("",)
        change = "update work set state = ?, erp_id = '' where source = ? and invoice is null"
        self._db.commit((change, (WITHDRAWN, source)), (_MOVE, (sow,)))

    async def credited(self, source: str) -> None:
        """The client was given back what this was billed at."""
        self._db.commit(("update work set code = ? where source = ? and invoice is not null", (CREDITED, source)))

    async def read_up_to(self, sow: str, at: int) -> None:
        """Everything that changed before `at` is decided; never back."""
        self._db.commit(("update engagement set read_up_to = max(read_up_to, ?) where sow = ?", (at, sow)))

    async def billable(self, sow: str, cut_off: int) -> list[Billable]:
        """Posted, approved at or before `cut_off`, and on no invoice yet; in approval order."""
        sql = """select source, kind, erp_id, net from work
            where sow = ? and approved_at <= ? and invoice is null and state = 'posted' order by approved_at, kind, length(source), source"""
        return [Billable(*row) for row in self._db.rows(sql, (sow, cut_off))]

    async def invoiced(self, sow: str, key: str, sources: Collection[str]) -> None:
        """These sources are on that invoice."""
        marks: list[Statement] = [
            ("update work set invoice = ? where source = ? and invoice is null", (key, source)) for source in sources
        ]
        self._db.commit(*marks, (_MOVE, (sow,)))

    # What is shown elsewhere.

    async def saw(self, invoices: Sequence[Invoice]) -> None:
        """The ERP has shown these invoices; an older version never replaces a newer one."""
        if invoices:
            moves: list[Statement] = [(_MOVE, (sow,)) for sow in sorted({invoice.sow for invoice in invoices})]
            self._db.commit(*(self._saw(invoice) for invoice in invoices), *moves)

    async def totals(self, sows: Collection[str]) -> list[TotalsRow]:
        """Billed and unbilled of these SOWs, and the state they were counted at."""
        return [row for sow in sorted(sows) if (row := self._totals(sow)) is not None]

    async def shown(self, rows: Sequence[TotalsRow]) -> None:
        """The CRM shows these totals."""
        if rows:
            sql = "update engagement set shown = max(shown, ?) where sow = ?"
            self._db.commit(*((sql, (row.state, row.totals.sow)) for row in rows))

    def sow_of_source(self, source: str) -> str:
        """The SOW that a piece of work belongs to, or ""."""
        row = self._db.row("select sow from work where source = ?", (source,))
        return "" if row is None else str(row[0])

    async def mirrored(self, invoices: Sequence[Invoice]) -> None:
        """The CRM shows these versions."""
        if invoices:
            sql = "update invoice_seen set shown_at = ? where key = ? and version <= ? and shown_at is null"
            self._db.commit(*((sql, (self._clock(), invoice.key, invoice.version)) for invoice in invoices))

    def has_invoices(self) -> bool:
        """Whether the ERP has ever shown an invoice."""
        self._billed = self._billed or self._db.row("select 1 from invoice_seen limit 1") is not None
        return self._billed

    def unseen(self, invoices: Sequence[Invoice]) -> list[Invoice]:
        """Those that are newer than what the ERP had shown before."""
        keys = [invoice.key for invoice in invoices]
        sql = f"select key, version from invoice_seen where key in ({', '.join('?' * len(keys))})"
        seen: dict[str, int] = dict(self._db.rows(sql, keys)) if keys else {}
        return [invoice for invoice in invoices if invoice.version > seen.get(invoice.key, -1)]

    def moved(self, limit: int = TOTALS_MAX) -> list[str]:
        """SOWs whose totals moved since they were last shown."""
        return [sow for (sow,) in self._db.rows("select sow from engagement where moved > shown order by sow limit ?", (limit,))]

    # For figures and alerts.

    def setups(self) -> list[tuple[str, int, int]]:
        """(sow, ready_at, active_at) of every engagement."""
        return [
            (str(sow), int(ready), int(active))
            for sow, ready, active in self._db.rows("select sow, ready_at, active_at from engagement order by sow")
        ]

    def works(self) -> list[tuple[str, str, int, int, bool, bool, int, str]]:
        """(source, sow, approved_at, settled_at, invoiced, parked, net, currency) of all work that was not written off."""
        sql = """select source, sow, approved_at, settled_at, invoice is not null, state = 'parked', net, currency
            from work where state <> 'waived' order by source"""
        return [(*row[:4], bool(row[4]), bool(row[5]), *row[6:]) for row in self._db.rows(sql)]

    def mirrors(self) -> list[tuple[str, int, int | None]]:
        """(invoice, seen_at, shown_at) of every invoice."""
        return [
            (str(key), seen, shown)
            for key, seen, shown in self._db.rows("select key, seen_at, shown_at from invoice_seen order by key")
        ]

    def unshown(self) -> list[tuple[str, int]]:
        """(invoice, seen_at) of invoices whose newest version no mirror shows, and that no exception stands for."""
        sql = """select key, seen_at from invoice_seen where shown_at is null and not exists(
            select 1 from exception where source = key and state in ('open', 'resubmitted')) order by key"""
        return [(str(key), int(seen)) for key, seen in self._db.rows(sql)]

    def _totals(self, sow: str) -> TotalsRow | None:
        row = self._db.row("select body, moved from engagement where sow = ?", (sow,))
        if row is None:
            return None
        (billed,) = self._db.row("select coalesce(sum(net), 0) from invoice_seen where sow = ?", (sow,)) or (0,)
        unbilled = "select coalesce(sum(net), 0) from work where sow = ? and state = 'posted' and invoice is null"
        (open_net,) = self._db.row(unbilled, (sow,)) or (0,)
        return TotalsRow(Totals(sow, billed, open_net, _decode(row[0]).contract.currency), row[1])

    def _saw(self, invoice: Invoice) -> Statement:
        put = """insert into invoice_seen(key, sow, currency, net, version, seen_at) values(?, ?, ?, ?, ?, ?)
            on conflict(key) do update set net = excluded.net, version = excluded.version, seen_at = excluded.seen_at, shown_at = null
            where excluded.version > version"""
        return put, (invoice.key, invoice.sow, invoice.currency, invoice.net, invoice.version, self._clock())

    def _turn(self, source: str, state: str) -> str:
        row = self._db.row("select sow from work where source = ? and state in ('parked', 'again')", (source,))
        if row is None:
            return ""
        self._db.commit(("update work set state = ? where source = ?", (state, source)))
        return str(row[0])
