"""The exceptions desk: everything a person has to decide, with owner, remediation and due time.

An exception belongs to a run that is parked (`kind` run), to one thing a run set aside while going on (item), or
to a notice nobody could handle (inbox). The same subject and code is never open twice: the database refuses it.

    open -> resubmitted -> resolved        the cause was fixed and the work went on
              `-> open                     it failed again: reopened, not opened anew
    open -> waived                         written off, by somebody whose authority covers the amount

`follow` keeps the desk in step with runs. It is called after each rest of a run is durable, and for every parked
run at start-up: a crash between the two commits is healed there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.errors import Conflict, Denied, Missing
from orchestrator.policies.catalogue import Catalogue, Entry
from orchestrator.store.audit import Audit, Fact
from orchestrator.store.database import Database, Row, Statement

HOUR_MS = 3_600_000
LIVE = ("open", "resubmitted")
_LIVE = "state in ('open', 'resubmitted')"
_COLUMNS = (
    "id, kind, class, code, subject, source, amount_minor, currency, queue, owner, severity, remediation, why, facts, run, "
    "opened_at, due_at, state, escalated_at, resolved_at, by"
)


@dataclass(frozen=True)
class Ticket:
    """What somebody should look at. `subject` is the business key it is about, `source` the refused record."""

    code: str
    subject: str
    why: str = ""
    source: str = ""
    amount_minor: int | None = None
    currency: str | None = None
    run: str = ""
    kind: str = "item"
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExceptionView:
    """One exception as a clerk sees it; `klass` is business, contract or technical."""

    id: str
    kind: str
    klass: str
    code: str
    subject: str
    source: str
    amount_minor: int | None
    currency: str | None
    queue: str
    owner: str
    severity: str
    remediation: str
    why: str
    facts: Mapping[str, Any]
    run: str
    opened_at: int
    due_at: int
    state: str
    escalated_at: int | None
    resolved_at: int | None
    by: str | None


class RunState(Protocol):
    """What the desk has to know of a run."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def detail(self) -> Any: ...


class Desk:
    """The rows of exceptions. `limits` is the largest amount (minor units) a role may waive."""

    def __init__(
        self, database: Database, clock: Callable[[], int], *, catalogue: Catalogue, audit: Audit, limits: Mapping[str, int]
    ) -> None:
        self._db, self._clock, self._catalogue, self._audit, self._limits = database, clock, catalogue, audit, limits

    def open(self, ticket: Ticket) -> str:
        """Open once per subject and code while it is live; its id. A resubmitted one that fails again is reopened."""
        row = self._db.row(
            f"select id, state from exception where subject = ? and code = ? and {_LIVE}", (ticket.subject, ticket.code)
        )
        if row is None:
            return self._put(ticket)
        if row[1] == "resubmitted":
            change = "update exception set state = 'open', why = ?, run = ?, by = null where id = ?"
            self._commit(row[0], "reopened", "orchestrator", ticket.why, (change, (ticket.why, ticket.run, row[0])))
        return str(row[0])

    def follow(self, run: RunState) -> None:
        """Bring the desk in step with what a run has come to."""
        if run.state == "parked":
            self._parked(run)
        elif run.state == "stuck":
            self.open(Ticket("DEFECT", run.id, str(run.detail.get("why", "")), run=run.id, kind="run"))
        elif run.state in ("waiting", "done", "abandoned"):
            for id in self._live_of(run.id):
                self.resolve(id, by="orchestrator", note=f"run {run.state}")

    def resubmit(self, id: str, *, by: str, note: str) -> ExceptionView:
        """The cause is fixed, try again. Raises Missing, Conflict when it is not open."""
        found = self._open(id)
        change = ("update exception set state = 'resubmitted', by = ? where id = ?", (by, id))
        self._commit(id, "resubmitted", by, note, change, audited=found)
        return self.get(id)

    def waive(self, id: str, *, by: str, roles: Collection[str], reason: str) -> ExceptionView:
        """Write it off. Raises Missing, Conflict when it is not open, Denied above the authority of all `roles`."""
        found = self._open(id)
        limit = max((self._limits[role] for role in roles if role in self._limits), default=-1)
        if (found.amount_minor or 0) > limit:
            raise Denied(
                f"{by} may waive up to {max(limit, 0)} minor units, {id} is {found.amount_minor or 0}: ask a higher authority"
            )
        change = ("update exception set state = 'waived', by = ?, resolved_at = ? where id = ?", (by, self._clock(), id))
        self._commit(id, "waived", by, reason, change, audited=found)
        return self.get(id)

    def resolve(self, id: str, *, by: str, note: str = "") -> bool:
        """The work went on; False when it was no longer live."""
        if self._db.row(f"select 1 from exception where id = ? and {_LIVE}", (id,)) is None:
            return False
        change = ("update exception set state = 'resolved', by = ?, resolved_at = ? where id = ?", (by, self._clock(), id))
        self._commit(id, "resolved", by, note, change)
        return True

    def settle(self, subject: str, code: str | None = None, *, source: str | None = None, note: str = "") -> int:
        """Resolve the live exceptions about a subject (of one code, of one source); how many."""
        rows = self._db.rows(
            f"select id from exception where subject = ?1 and (?2 is null or code = ?2) and (?3 is null or source = ?3) and {_LIVE} order by seq",
            (subject, code, source),
        )
        return sum(self.resolve(id, by="orchestrator", note=note) for (id,) in rows)

    def escalate(self) -> list[str]:
        """Tell the owner's lead of every open exception past its due time, once each; their ids."""
        now = self._clock()
        rows = self._db.rows(
            "select id, due_at from exception where state = 'open' and escalated_at is null and due_at <= ?", (now,)
        )
        for id, due_at in rows:
            change = ("update exception set escalated_at = ? where id = ?", (now, id))
            self._commit(id, "escalated", "orchestrator", f"open since its due time {due_at}", change)
        return [id for id, _ in rows]

    def next_due(self) -> int | None:
        """When the next open exception passes its due time."""
        (soonest,) = self._db.row("select min(due_at) from exception where state = 'open' and escalated_at is null") or (None,)
        return None if soonest is None else int(soonest)

    def get(self, id: str) -> ExceptionView:
        """One exception. Raises Missing."""
        row = self._db.row(f"select {_COLUMNS} from exception where id = ?", (id,))
        if row is None:
            raise Missing(f"no exception {id}")
        return _view(row)

    def find(
        self, *, state: str | None = None, queue: str | None = None, subject: str | None = None, limit: int = 1_000
    ) -> list[ExceptionView]:
        """Exceptions that match, oldest first."""
        wanted = {column: v for column, v in (("state", state), ("queue", queue), ("subject", subject)) if v is not None}
        where = " and ".join(f"{column} = ?" for column in wanted) or "1 = 1"
        rows = self._db.rows(f"select {_COLUMNS} from exception where {where} order by seq limit ?", (*wanted.values(), limit))
        return [_view(row) for row in rows]

    def history(self, id: str) -> list[dict[str, Any]]:
        """What happened to an exception, oldest first."""
        rows = self._db.rows(
            "select at, actor, act, note from exception_act where exception = (select seq from exception where id = ?) order by number",
            (id,),
        )
        return [{"at": at, "actor": actor, "act": act, "note": note} for at, actor, act, note in rows]

    def counts(self) -> dict[str, int]:
        """{queue: open exceptions}."""
        return dict(self._db.rows("select queue, count(*) from exception where state = 'open' group by queue order by queue"))

    def acts(self) -> dict[str, int]:
        """How often each thing was done to any exception: {act: number}."""
        return dict(self._db.rows("select act, count(*) from exception_act group by act order by act"))

    def _parked(self, run: RunState) -> None:
        said = run.detail or {}
        facts = dict(said.get("facts") or {})
        subject, code = str(facts.get("subject") or run.key), str(said.get("code", "DEFECT"))
        other = self._db.row(f"select run from exception where subject = ? and code = ? and {_LIVE}", (subject, code))
        if other is not None and other[0] != run.id:
            subject = run.id  # another run has the same trouble with the same subject: each is resubmitted on its own
        for id in self._live_of(run.id):
            was = self.get(id)
            if (was.subject, was.code) != (subject, code):
                self.resolve(id, by="orchestrator", note=f"went on to {code}")
        amount, source = facts.get("amount_minor"), str(facts.get("source", ""))
        why, currency = str(said.get("why", "")), facts.get("currency")
        self.open(Ticket(code, subject, why, source, amount_minor=amount, currency=currency, run=run.id, kind="run", facts=facts))

    def _live_of(self, run: str) -> list[str]:
        return [
            id
            for (id,) in self._db.rows(
                f"select id from exception where run = ? and kind = 'run' and {_LIVE} order by seq", (run,)
            )
        ]

    def _open(self, id: str) -> ExceptionView:
        found = self.get(id)
        if found.state != "open":
            raise Conflict(f"exception {id} is {found.state}, only an open one can be decided")
        return found

    def _put(self, ticket: Ticket) -> str:
        entry, now = self._catalogue.of(ticket.code), self._clock()
        (last,) = self._db.row("select coalesce(max(seq), 0) from exception") or (0,)
        id = f"X-{last + 1:05d}"
        put = f"insert into exception(seq, {_COLUMNS}) values({', '.join('?' * 22)})"
        self._commit(id, "opened", "orchestrator", ticket.why, (put, (last + 1, *_row(id, ticket, entry, now))))
        return id

    def _commit(
        self, id: str, act: str, actor: str, note: str, *changes: Statement, audited: ExceptionView | None = None
    ) -> None:
        """The change, its line of history and, for an operator's act, its audit record: one transaction."""
        told = """insert into exception_act(exception, number, at, actor, act, note)
            select seq, (select count(*) from exception_act where exception = seq), ?, ?, ?, ? from exception where id = ?"""
        statements = [*changes, (told, (self._clock(), actor, act, note, id))]
        if audited is not None:
            before = {"state": audited.state, "amount_minor": audited.amount_minor}
            fact = Fact(actor, f"exception.{act}", audited.subject, reason=note, before=before, after={"state": act})
            statements.insert(0, self._audit.entry(fact))
        self._db.commit(*statements)


def _row(id: str, ticket: Ticket, entry: Entry, now: int) -> Row:
    what = (id, ticket.kind, entry.kind, ticket.code, ticket.subject, ticket.source, ticket.amount_minor, ticket.currency)
    whose = (entry.queue, entry.owner, entry.severity, entry.remediation, ticket.why, json.dumps(dict(ticket.facts)), ticket.run)
    return (*what, *whose, now, now + entry.sla_hours * HOUR_MS, "open", None, None, None)


def _view(row: Row) -> ExceptionView:
    values: list[Any] = [*row[:13], json.loads(row[13]), *row[14:]]
    return ExceptionView(*values)
