"""What a run leaves behind: the record types that firm, world and oracle share, and nothing else.

Acts are ground truth (what people did), changes are each store's change log, calls are traffic as the vendor saw it, claims
are what the orchestrator says of itself. The oracle reads only these. Every instant is an integer: milliseconds of the
simulated calendar since 1970 (UTC). Money is integer minor units beside a currency; quantities are hundredths; rates are
ten-thousandths of a currency unit an hour.
"""

from __future__ import annotations

from typing import Any

import msgspec

Json = Any


class Act(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="act"):
    """What a person meant to do, written before it reaches a system. `seq` numbers acts from 1 within a run.

    `values` are true values in the domain's field names (`simulators/domains`); references are business keys
    (`{"account_id": "A-00042"}`). `slip` names a deliberate human mistake, else "".
    """

    seq: int
    at: int
    who: str
    system: str  # crm | psa | erp | desk
    verb: str  # create | update | a domain verb such as approve
    kind: str
    key: str
    values: dict[str, Json]
    slip: str = ""


class Acted(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="acted"):
    """How act `seq` ended: `done` with the vendor's id of the record, or `refused` with the domain's code in `why`.

    A refused act that its actor tries again later gets a new `Act`.
    """

    seq: int
    at: int
    outcome: str  # done | refused
    id: str = ""
    why: str = ""


class Change(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="change"):
    """One committed change of one record. `values` holds every field on create, the changed ones on update, domain names.

    `by` is the user who wrote it: a person's name in the vendor's UI, or the integration user of the orchestrator.
    """

    seq: int
    at: int
    system: str
    kind: str
    id: str
    op: str  # create | update | delete
    version: int
    by: str
    values: dict[str, Json]


class Call(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="call"):
    """One request over HTTP as the vendor saw it. `status` 0: the answer was lost on the way out or never made.

    `operation` is the vendor room's handler name; `correlation` the caller's trace id; `body` a digest of the request body;
    `effect` says whether the call committed a change; `wait_ms` is what a Retry-After told, else 0.
    """

    at: int
    ended_at: int
    system: str
    method: str
    path: str
    operation: str
    user: str
    status: int
    error: str = ""
    key: str = ""
    body: str = ""
    correlation: str = ""
    effect: bool = False
    wait_ms: int = 0
    in_flight: int = 0
    found: int = -1  # rows answered by a read; -1 when it is no read


class Push(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="push"):
    """One delivery attempt of a vendor push. `outcome` is the receiver's status, 0 when the connection failed."""

    at: int
    system: str
    id: str
    subject: str
    attempt: int
    outcome: int
    body: str = ""


class Strike(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="strike"):
    """One moment at which the fault plan hit: which fault, what, on which call or delivery, and by which line of the plan (from 0)."""

    at: int
    fault: str
    system: str
    what: str
    place: int = -1


class Claims(msgspec.Struct, frozen=True, tag_field="t", tag="claims"):
    """The orchestrator's own account at the end of a run: the decoded body of `GET /evidence`, unchanged."""

    at: int
    evidence: dict[str, Json]


class Polls(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="polls"):
    """Calls that changed nothing, counted by the hour that begins at `at`: reads, empty polls, token requests."""

    at: int
    system: str
    operation: str
    status: int
    calls: int
    found: int


class Window(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="window"):
    """One line of the fault plan, told before the run begins: when which fault may strike which system. `end` 0: to the end."""

    at: int
    fault: str
    system: str
    begin: int
    end: int
    share: float = 1.0


class Mark(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="mark"):
    """A moment of the run itself: `start`, `people_done`, `quiet` (all queues drained), `repeated` (pushes sent again), `end`.

    `note` carries what the moment means, e.g. why the run is not quiet.
    """

    at: int
    what: str
    note: str = ""


Record = Act | Acted | Change | Call | Push | Strike | Claims | Polls | Window | Mark
