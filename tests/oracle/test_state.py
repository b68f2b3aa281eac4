"""The state digest names the business and nothing else; the order of independent records is of no matter."""

from __future__ import annotations

import random
import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.history import Act, Acted, Call, Change, Claims, Record
from tests.oracle.mutations import MUTATIONS
from tests.oracle.quarter import AUDITED, ROBOT, audit, broken, judged, whole

SOURCE = re.compile(r"^(TE|EX)-(\d+)$")
ID_FIELDS = ("_id",)


def renamed(value: Any, name: str = "") -> Any:
    """Another vendor counts from elsewhere: every id it made is another, wherever it stands."""
    if isinstance(value, dict):
        return {k: renamed(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [renamed(v, name) for v in value]
    if name.endswith(ID_FIELDS) and isinstance(value, int):
        return 70_000 + value
    if name in ("source", "external_id", "subject", "key") and isinstance(value, str) and (found := SOURCE.match(value)):
        return f"{found[1]}-{70_000 + int(found[2])}"
    if name == "number" and isinstance(value, str) and value.startswith("INV"):
        return f"F/{value}"
    return value


def from_elsewhere(history: list[Record]) -> list[Record]:
    """The same business with other ids, and a slower orchestrator."""
    out: list[Record] = []
    for record in history:
        if type(record) is Change:
            id = str(70_000 + int(record.id)) if record.id.isdigit() else record.id
            late = 700 if record.by == ROBOT else 0
            out.append(msgspec.structs.replace(record, id=id, at=record.at + late, values=renamed(record.values)))
        elif type(record) is Acted and record.id.isdigit():
            out.append(msgspec.structs.replace(record, id=str(70_000 + int(record.id))))
        elif type(record) is Act and record.kind == "exception":
            out.append(msgspec.structs.replace(record, values=renamed(record.values)))
        elif type(record) is Call:
            out.append(msgspec.structs.replace(record, key=renamed(record.key, "key")))
        elif type(record) is Claims:
            told = renamed(record.evidence)
            for ref in told["crossrefs"]:
                ref["id"] = str(70_000 + int(ref["id"]))
            told["audit"] = audit(*((action, renamed(subject, "subject")) for action, subject in AUDITED))
            out.append(msgspec.structs.replace(record, evidence=told))
        else:
            out.append(record)
    return out


def test_another_vendors_ids_and_speed_give_the_same_state():
    """Ids, invoice numbers and instants are not in the digest, and nothing breaks by them."""
    here, there = judged(whole()), judged(from_elsewhere(whole()))
    assert broken(there) == set()
    assert there.state == here.state


def test_a_cent_a_code_and_a_mirror_change_the_state():
    """What the business would notice is in the digest."""
    names = (
        "a line that does not multiply",
        "a wrong tax code",
        "a wrong amount in the CRM",
        "a second contract",
        "an order without a project",
    )
    states = {judged(MUTATIONS[name][0](whole())).state for name in names}
    assert len(states | {judged(whole()).state}) == len(names) + 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_records_of_different_systems_at_one_instant_is_of_no_matter(seed):
    """Each system keeps its own order; who is written down first says nothing."""
    history = whole()
    rank = {name: random.Random(f"{seed} {name}").random() for name in ("crm", "psa", "erp")}
    begin = 0
    while begin < len(history):
        end = begin
        while end < len(history) and type(history[end]) is Change and history[end].at == history[begin].at:
            end += 1
        history[begin:end] = sorted(history[begin:end], key=lambda record: rank[record.system])  # type: ignore[union-attr]
        begin = max(end, begin + 1)
    again = judged(history)
    assert (broken(again), again.state) == (set(), judged(whole()).state)
