"""Approved work as the PSA tells it."""

from __future__ import annotations

import msgspec


class Submission(msgspec.Struct, frozen=True):
    """The hint that a workspace has newly approved work up to `approved_at`."""

    sow: str
    id: str
    approved_at: int


class Withdrawn(msgspec.Struct, frozen=True):
    """A submission whose approval does not stand: the work on it, by source (TE- or EX-)."""

    sow: str
    submission: str
    sources: tuple[str, ...]


class Work(msgspec.Struct, frozen=True, gc=False):
    """One approved, billable time entry or expense.

    `source` is TE-<psa id> or EX-<psa id>; `minutes` is 0 for expenses, `amount` 0 for time; `person` is P-0007.
    """

    source: str
    kind: str
    story: str
    person: str
    on: str
    minutes: int
    amount: int
    currency: str
    approved_at: int
    submission: str = ""
    category: str = ""
    note: str = ""
    changed_at: int = 0


class MilestoneSeen(msgspec.Struct, frozen=True):
    """A milestone story the client accepted; `line` is S-00042-M1."""

    sow: str
    line: str
    story: str
    accepted_at: int
    accepted_by: str = ""
