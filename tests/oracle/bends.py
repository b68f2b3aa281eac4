"""Ways to bend the little firm's quarter: what the tables of `mutations.py` are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from scenarios.history import Act, Acted, Call, Change, Record, Window
from tests.oracle.quarter import (
    AUDITED,
    CLERK,
    HOUR,
    MINUTE,
    ROBOT,
    at,
    audit,
    claim,
    drop,
    edit,
    evidence,
    is_change,
    put,
)

Bend = Callable[[list[Record]], list[Record]]


def act_of(verb: str, key: str) -> Callable[[Any], bool]:
    """The act of a verb on a key."""
    return lambda r: type(r) is Act and (r.verb, r.key) == (verb, key)


def call_to(path: str) -> Callable[[Any], bool]:
    """Calls whose path ends so."""
    return lambda r: type(r) is Call and r.path.endswith(path)


def write(when: int, system: str, kind: str, id: str, by: str = ROBOT, op: str = "update", **values: Any) -> Change:
    """A change that the firm's history does not have."""
    return Change(9_999, when, system, kind, id, op, 9, by, values)


def tried(when: int, path: str, status: int, error: str = "", **more: Any) -> Call:
    """A failed call of the orchestrator."""
    return Call(
        when, when + 50, "erp", "PUT", path, "upsert_record", ROBOT, status, error, body="b", correlation="S-00001", **more
    )


def exception(place: int, **fields: Any) -> list[dict[str, Any]]:
    """The claimed exceptions with one of them changed."""
    held = evidence()["exceptions"]
    held[place] = {**held[place], **fields}
    return held


def run(place: int, **fields: Any) -> list[dict[str, Any]]:
    """The claimed runs with one of them changed."""
    held = evidence()["runs"]
    held[place] = {**held[place], **fields}
    return held


def without_x1(history: list[Record]) -> list[Record]:
    """The clerk never touched X-1, and the second set-up came at seven all the same."""
    seq = next(r.seq for r in history if act_of("resubmit", "X-1")(r))
    return drop(history, lambda r: type(r) in (Act, Acted) and r.seq == seq)


def unapproved(history: list[Record]) -> list[Record]:
    """TE-2 was never approved, and was billed."""
    seq = next(r.seq for r in history if act_of("approve", "sheet2")(r))
    return drop(history, lambda r: type(r) in (Act, Acted) and r.seq == seq)


def fallen(history: list[Record]) -> list[Record]:
    """The approval of sheet2 was taken back after its time was billed; no credit memo, no exception."""
    given = next(r for r in history if act_of("approve", "sheet2")(r))
    assert isinstance(given, Act)
    when = history[-1].at - MINUTE
    taken = msgspec.structs.replace(given, seq=90_001, at=when, verb="withdraw")
    return put(history, taken, Acted(90_001, when, "done", "sheet2"))


def unpark(history: list[Record], **fields: Any) -> list[Record]:
    """The claim on TE-3 says something else."""
    return claim(history, exceptions=exception(1, **fields))


def overcharge(history: list[Record]) -> list[Record]:
    """TE-1 at 110 an hour, consistently."""
    edit(history, is_change("erp", "invoice_line", "1011"), net=22_000, rate=1_100_000)
    edit(history, is_change("erp", "invoice", "101"), net=37_000, gross=37_000, open_balance=37_000)
    edit(history, is_change("erp", "invoice", "101", "paid"), nth=1, open_balance=2_000, status="partially_paid")
    for key in ("gross", "open"):
        edit(history, is_change("crm", "invoice_mirror", "m101", "gross"), **{key: 37_000})
    edit(history, is_change("crm", "invoice_mirror", "m101", "open"), nth=1, open=2_000, status="Partially Paid")
    edit(history, is_change("psa", "external_reference", "r101"), nth=2, status="partially_paid")
    return edit(history, is_change("crm", "sow", "s1", "billed_to_date"), billed_to_date=37_000)


def unbilled_milestone(history: list[Record]) -> list[Record]:
    """Nothing of the second invoice was ever made."""
    made = {"102", "1021", "m102", "r102"}
    return drop(history, lambda r: (type(r) is Change and r.id in made) or (type(r) is Call and r.key == "INV-S-00002-M1"))


def attempts(history: list[Record]) -> list[Record]:
    """Thirteen tries of one write in a row, then it works."""
    calls = [tried(at(4, 8) + n * MINUTE, "/x", 503, "unavailable") for n in range(13)]
    return put(history, *calls, tried(at(4, 9), "/x", 204))


def credited(history: list[Record], **values: Any) -> list[Record]:
    """Ten euros of the second invoice are given back; the CRM follows. `values` change the memo."""
    memo = {
        "external_id": "CR-1",
        "invoice_id": 102,
        "amount": 1_000,
        "applied": 1_000,
        "unapplied": 0,
        "reason": "half a day less",
    }
    memo |= {"requested_by": CLERK, "approved_by": "controller@example", **values}
    put(history, write(at(9), "erp", "credit", "901", by="ar@example", op="create", **memo))
    put(history, write(at(9), "erp", "invoice", "102", by="ar@example", credited=1_000, open_balance=38_666))
    return put(history, write(at(9) + MINUTE, "crm", "invoice_mirror", "m102", open=38_666, source_version=9))


def posted_late(history: list[Record]) -> list[Record]:
    """The German period is soft closed on the day before the milestone is billed."""
    return put(history, write(at(7), "erp", "period", "92", by="ar@example", state="soft_closed"))


def chain(**wrong: Any) -> dict[str, Any]:
    """The quarter's audit with something else about it."""
    return {**audit(*AUDITED), **wrong}


def mended(place: int, field: int, value: Any) -> dict[str, Any]:
    """The quarter's audit with one field of one record written over."""
    held = audit(*AUDITED)
    held["records"][place][field] = value
    return held


ALERT = {"at": at(5), "code": "system_unreachable", "system": "erp", "flow": "all", "subject": "erp", "since": at(5) - HOUR}


def away(history: list[Record], *alerts: dict[str, Any]) -> list[Record]:
    """The CRM is away for three hours of a night; the design says that it told these alerts."""
    put(history, Window(at(0, 0), "F-01", "crm", at(5, 1), at(5, 4)))
    return claim(history, alerts=list(alerts))
