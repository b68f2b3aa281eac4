"""What a witness names, followed through a run: its keys, the strikes that concern it, and its story in a few lines for a person."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scenarios.faults.kinds import MINUTE_MS
from scenarios.faults.plan import FAULTS
from scenarios.history import Act, Acted, Call, Mark, Record, Strike
from scenarios.spec import Fault, Match

KEY = re.compile(r"S-\d{5}(?:-[RM]\d+)?|(?:TE|EX)-\d+|[AO]-\d{5}")
DEAL = re.compile(r"S-\d{5}")
CALL = re.compile(r"([A-Z]+) (/\S*)")
LINES_MAX = 50


def keys_in(text: str) -> frozenset[str]:
    """Business keys a text names; a role line or milestone also names its deal."""
    return frozenset(KEY.findall(text)) | frozenset(DEAL.findall(text))


def pinned(line: Fault, strike: Strike) -> Fault | None:
    """The line made to strike surely, and only what and when it struck; None when it strikes by its window alone."""
    if line.begin is None or line.end is None or FAULTS[line.id].drawn.down:
        return None
    begin = strike.at // MINUTE_MS * MINUTE_MS
    change: dict[str, object] = {"begin": max(begin, line.begin), "end": min(begin + MINUTE_MS, line.end), "share": 1.0}
    call = CALL.fullmatch(strike.what)
    if call:
        change["match"] = Match(method=call[1], path=call[2].replace("[", "[[]"), user=line.match.user)
    if "times" in FAULTS[line.id].params:
        change["params"] = {**line.params, "times": 1}
    return line.model_copy(update=change)


def shorter(line: Fault, at: list[int]) -> Iterator[Fault]:
    """The two halves of a line's window: by its strikes when it had several, else by time, in whole minutes."""
    if line.begin is None or line.end is None:
        return
    if len(at) > 1 and at[0] < at[-1]:
        middle = len(at) // 2
        halves = [(at[0], at[middle - 1] + 1), (at[middle], at[-1] + 1)]
    else:
        middle = (line.begin + line.end) // 2 // MINUTE_MS * MINUTE_MS
        halves = [(line.begin, middle), (middle, line.end)]
    for begin, end in halves:
        if begin < end and (begin, end) != (line.begin, line.end):
            yield line.model_copy(update={"begin": begin, "end": end})


def story_of_run(folder: Path, witness: str) -> list[str]:
    """What happened to the keys of a witness, in order: acts, strikes, calls that did or refused something. At most 50 lines."""
    keys = keys_in(witness)
    told: list[tuple[int, str]] = []
    for record in records(folder):
        line = worded(record, keys)
        if line:
            told.append((record.at, line))
    strikes = [at for at, line in told if line.startswith("strike")] or [told[-1][0] if told else 0]
    nearest = sorted(range(len(told)), key=lambda n: (min(abs(told[n][0] - at) for at in strikes), n))[:LINES_MAX]
    lines = [f"{instant(told[n][0])}  {told[n][1]}" for n in sorted(nearest)]
    left_out = len(told) - len(lines)
    return [witness, "", *lines, *([f"({left_out} events further away are not shown)"] if left_out else [])]


def worded(record: Record, keys: frozenset[str]) -> str:
    """One event in one line, or "" when it does not concern the keys."""
    match record:
        case Strike():
            return f"strike   {record.fault} {record.system}: {record.what}"
        case Act() if record.key in keys or any(key in record.key for key in keys):
            slip = f" (slip: {record.slip})" if record.slip else ""
            return f"person   {record.who}: {record.verb} {record.kind} {record.key} in {record.system}{slip}"
        case Call() if (record.effect or record.status >= 400 or not record.status) and concerns(record, keys):
            end = f"{record.status}" if record.status else "no answer"
            return f"call     {record.system} {record.method} {record.path} -> {end}{' ' + record.error if record.error else ''}"
        case Mark():
            return f"mark     {record.what}{': ' + record.note if record.note else ''}"
    return ""


def concerns(call: Call, keys: frozenset[str]) -> bool:
    return call.correlation in keys or call.key in keys or any(key in call.path for key in keys)


def records(folder: Path) -> Iterator[Act | Call | Strike | Mark]:
    """The records of a run's history that a person can follow."""
    plain, packed = folder / "history.jsonl", folder / "history.jsonl.gz"
    read = msgspec.json.Decoder(Record).decode
    with plain.open("rb") if plain.exists() else gzip.open(packed, "rb") as lines:
        for line in lines:
            record = read(line)
            if isinstance(record, Act | Call | Strike | Mark) and not isinstance(record, Acted):
                yield record


def instant(at: int) -> str:
    """UTC, to the millisecond."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%a %d %b %Y %H:%M:%S.") + f"{at % 1000:03}"
