"""Make `quarter-of-twelve.jsonl.gz` afresh from the history of a run: only what the judges read.

    rehearse run no-tax-code --heads 12 --seed 1 --out FOLDER
    python -m tests.oracle.thinning FOLDER/history.jsonl

Left out: reads, counted polls, work that is not due (with its acts), kinds that no judge looks at.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import msgspec

from scenarios.history import Act, Acted, Change, Polls, Record
from scenarios.oracle.trail import Trail
from scenarios.oracle.view import View

TARGET = Path(__file__).with_name("quarter-of-twelve.jsonl.gz")
UNREAD = frozenset({
    ("crm", "user"), ("crm", "contact"), ("crm", "quote"), ("crm", "product"), ("crm", "price_entry"), ("psa", "user"),
    ("psa", "assignment"), ("psa", "timesheet_submission"), ("psa", "expense_submission"), ("erp", "item"),
    ("erp", "tax_code"), ("erp", "number_series"),
})  # fmt: skip
WORK = ("time_entry", "expense")
SHEETS = ("timesheet_submission", "expense_submission")


def thinned(history: list[Record]) -> list[Record]:
    """The records that the judges read, in their order."""
    trail = Trail()
    for record in history:
        trail.take(record)
    due = {source.split("-")[1] for source in View(trail).due}
    held = {**trail.truth.time, **trail.truth.expenses}
    labels = {label for label, work in held.items() if work.id in due}
    sheets = {key for key, works in trail.truth.submissions.items() if any(work.id in due for work in works)}
    left_out = {record.seq for record in history if type(record) is Act and not is_read(record, labels, sheets)}
    return [record for record in history if is_kept(record, due, left_out)]


def is_read(act: Act, labels: set[str], sheets: set[str]) -> bool:
    """Is this an act that the judges need: work and sheets only when something on them is due?"""
    if act.kind in WORK:
        return act.key in labels
    return act.key in sheets if act.kind in SHEETS else (act.system, act.kind) not in UNREAD


def is_kept(record: Any, due: set[str], left_out: set[int]) -> bool:
    """Does a record stay?"""
    if type(record) in (Act, Acted):
        return record.seq not in left_out
    if type(record) is Change:
        return (record.system, record.kind) not in UNREAD and (record.kind not in WORK or record.id in due)
    return type(record) is not Polls


def main() -> None:
    """Read the history named on the command line, write the thin one."""
    path = Path(sys.argv[1])
    plain = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = plain.splitlines()
    decode, encode = msgspec.json.Decoder(Record).decode, msgspec.json.Encoder().encode
    kept = b"".join(encode(record) + b"\n" for record in thinned([decode(line) for line in lines]))
    with TARGET.open("wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
        packed.write(kept)


if __name__ == "__main__":
    main()
