"""Is a world that lived through a crash like the one that did not? Then the rest of its story is the same, and need not be lived.

Compared on a grid of instants, when nothing is under way: every record of the three systems, the orchestrator's open runs, decided
work, engagements, seen invoices, exceptions and letters, and what each judge says of the story so far. Left out is what a few seconds'
delay may move without consequence: instants, versions of rows, watermarks, journals of ended runs. One record too many, one
amount, one open item that differs, and the story is lived to its end.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scenarios.crash.machine import Machine
from scenarios.oracle.books import Books
from scenarios.oracle.judge import judge
from scenarios.oracle.trail import Trail

GRID_MS = 3_600_000
OFFSET_MS = 450_000  # off the pollers' own grids
REST_MS = 300_000  # a world that has just come back is not looked at

STORE = (
    "select id, process, version, key, state, (select count(*) from message where run = run.seq and taken = 0) from run where ended_at is null order by id",
    "select id, state from run where ended_at is not null and process not like 'mirror-%' order by id",
    "select code, subject, source, kind, state, amount_minor from exception order by code, subject, source, state",
    "select sow, entity, type, workspace, active, moved > shown from engagement order by sow",
    "select source, sow, kind, approved_at, state, net, invoice, code from work order by source",
    "select key, sow, net, version, shown_at is null from invoice_seen order by key",
    "select topic, state, count(*) from inbox where state in ('pending', 'parked', 'quarantined') group by topic, state order by 1, 2",
    "select id from outbox order by id",
)
"""What the orchestrator believes, without instants."""


def likeness(trail: Trail, machine: Machine) -> str:
    """A digest of the world as it stands."""
    told = [machine.disk.execute(sql).fetchall() for sql in STORE]
    findings = [(each.id, each.verdict) for each in judge(trail, None).invariants]
    text = msgspec.json.encode([told, records(trail.books), findings], order="deterministic")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def records(books: Books) -> list[Any]:
    """Every live record, without its instants and its place in a log."""
    made = []
    for system, kind in sorted(books.rows):
        rows = [plain(row) for _, row in books.live(system, kind)]
        made.append((system, kind, sorted(rows)))
    return made


def plain(row: dict[str, Any]) -> bytes:
    """A record's values by name."""
    kept = {name: value for name, value in row.items() if not (name.startswith("_") or name.endswith("_at"))}
    return msgspec.json.encode(kept, order="deterministic")


def next_look(at: int) -> int:
    """The next instant of the grid after `at`."""
    return ((at - OFFSET_MS) // GRID_MS + 1) * GRID_MS + OFFSET_MS


@dataclass
class Album:
    """How the undisturbed world looked: {instant: likeness} of those instants at which nothing was under way."""

    pictures: dict[int, str] = field(default_factory=dict)

    def take(self, at: int, world: Any, trail: Trail) -> None:
        """Remember how it looks at an instant of the grid."""
        if world.orchestrator.idle():
            self.pictures[at] = likeness(trail, world.orchestrator)

    def shows(self, at: int, world: Any, trail: Trail) -> bool:
        """Whether a world looks as the undisturbed one did at that instant."""
        known = self.pictures.get(at)
        return known is not None and world.orchestrator.idle() and known == likeness(trail, world.orchestrator)
