"""The judges on a real quarter of twelve people, thinned to what they read, and on small wrongs done to it.

`quarter-of-twelve.jsonl.gz` is the history of `no-tax-code` with `--heads 12`, seed 1, without reads, work that is not billable,
and kinds no judge looks at. When records change their shape, `thinning.py` makes it afresh from a new history.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scenarios.history import Act, Change, Claims, Record
from tests.oracle.quarter import broken, is_change, judged

HISTORY = Path(__file__).with_name("quarter-of-twelve.jsonl.gz")
DECODE = msgspec.json.Decoder(Record).decode


@pytest.fixture(scope="module")
def quarter():
    return [DECODE(line) for line in gzip.decompress(HISTORY.read_bytes()).splitlines()]


def first(history: list[Record], which: Any) -> tuple[int, Any]:
    """(place, record) of the first that fits."""
    return next((n, record) for n, record in enumerate(history) if which(record))


def bent(history: list[Record], which: Any, **values: Any) -> list[Record]:
    """The history with values of the first fitting record changed."""
    place, record = first(history, which)
    return [*history[:place], msgspec.structs.replace(record, values={**record.values, **values}), *history[place + 1 :]]


def lacking(history: list[Record], which: Any) -> list[Record]:
    """The history without the first fitting record."""
    place, _ = first(history, which)
    return [*history[:place], *history[place + 1 :]]


def doubled(history: list[Record], which: Any) -> list[Record]:
    """The history with the first fitting record written twice, under two ids."""
    place, record = first(history, which)
    return [*history[: place + 1], msgspec.structs.replace(record, id="999999"), *history[place + 1 :]]


def told(history: list[Record], change: Any) -> list[Record]:
    """The history with other evidence."""
    place, claims = first(history, lambda r: type(r) is Claims)
    evidence = msgspec.json.decode(msgspec.json.encode(claims.evidence))
    change(evidence)
    return [*history[:place], Claims(claims.at, evidence), *history[place + 1 :]]


def is_hour(record: Any) -> bool:
    """A billed line of time."""
    return is_change("erp", "invoice_line")(record) and str(record.values.get("source")).startswith("TE-")


def disown(evidence: Any) -> None:
    evidence["exceptions"][0]["owner"] = ""


def cheapen(evidence: Any) -> None:
    parked = next(e for e in evidence["exceptions"] if e["code"] == "CAP_EXCEEDED")
    parked["amount_minor"] -= 1


def forge(evidence: Any) -> None:
    evidence["audit"]["records"][7][3] = "S-99999"


def forget(evidence: Any) -> None:
    evidence["audit"]["records"] = evidence["audit"]["records"][:-1]


def last_rise(history: list[Record]) -> Any:
    """The last change of a mirror's version."""
    found = [r for r in history if is_change("crm", "invoice_mirror", None, "source_version")(r)]
    return lambda record: record is found[-1]


WRONGS: dict[str, tuple[Any, str]] = {
    "a line left out": (lambda h: lacking(h, is_hour), "09 20"),
    "a line written twice": (lambda h: doubled(h, is_hour), "05 20"),
    "a line one cent dearer": (lambda h: bent(h, is_hour, net=first(h, is_hour)[1].values["net"] + 1), "10 20"),
    "a version that falls": (lambda h: bent(h, last_rise(h), source_version=0), "37 38"),
    "an exception nobody owns": (lambda h: told(h, disown), "49"),
    "an audit record that speaks of another": (lambda h: told(h, forge), "40"),
    "an audit that lost its last record": (lambda h: told(h, forget), "40"),
    "an hour parked a cent too cheap": (lambda h: told(h, cheapen), "09 14"),
    "a second contract": (lambda h: doubled(h, is_change("erp", "sales_order")), "02"),
    "a second customer": (lambda h: doubled(h, is_change("erp", "customer")), "01"),
    "people asked for twice": (lambda h: doubled(h, is_change("psa", "workspace_resource")), "36"),
    "an invoice dated a year ahead": (
        lambda h: bent(h, is_change("erp", "invoice", None, "period"), tran_date="2027-01-30"),
        "32",
    ),
    "a workspace that is gone": (lambda h: bent(h, is_change("psa", "workspace"), archived=True), "07 08 14 50"),
    "an hour nobody approved": (
        lambda h: lacking(h, lambda r: type(r) is Act and r.verb == "approve"),
        "09 14 41",
    ),
    "an invoice sent by the robot": (
        lambda h: [
            msgspec.structs.replace(r, by="integration@rehearsal.test")
            if type(r) is Change and r.kind == "invoice" and r.op == "update"
            else r
            for r in h
        ],
        "39",
    ),
}


def test_a_real_quarter_holds(quarter):
    """Every judge but those of faults looks at facts, and finds nothing."""
    judgement = judged(quarter)
    assert [f for f in judgement.invariants if f.verdict != "held"] == []
    assert {n.id for n in judgement.not_judged} == {"INV-27", "INV-51", "INV-52", "INV-56"}


@pytest.mark.parametrize("name", WRONGS)
def test_a_small_wrong_in_a_real_quarter_is_seen(quarter, name):
    """The judges that break are exactly those the table names."""
    bend, ids = WRONGS[name]
    assert broken(judged(bend(quarter))) == set(ids.split())
