"""What a witness names, followed through a run: its keys, the strikes that concern it, and its story in a few lines for a person."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
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
ALIKE_MAX = 2  # strikes that are alike and name no key


def keys_in(text: str) -> frozenset[str]:
    """Business keys a text names; a role line or milestone also names its deal."""
    return frozenset(KEY.findall(text)) | frozenset(DEAL.findall(text))


def pinned(line: Fault, strike: Strike) -> Fault | None:
    """The line made to strike surely, and only what and when it struck; None when it strikes by its window alone."""
    if FAULTS[line.id].drawn.down:
        return None
    begin = strike.at // MINUTE_MS * MINUTE_MS
    end = begin + MINUTE_MS
    begin, end = max(begin, line.begin or begin), min(end, line.end or end)
    change: dict[str, object] = {"begin": begin, "end": end, "share": 1.0}
    call = CALL.fullmatch(strike.what)
    if call:
        change["match"] = matching(line, call)
    if "times" in FAULTS[line.id].params:
        change["params"] = {**line.params, "times": 1}
    return line.model_copy(update=change)


def at_any_time(lines: Sequence[Fault], strikes: Iterable[Strike], keys: Collection[str]) -> list[Fault]:
    """A plan of its own for what struck the keys: each call that was struck, as often as it was, whenever it comes.

    Without the other faults things come earlier or later: a window would miss them. Writes come first; only faults that can be
    bounded by a number of times.
    """
    counts: Counter[tuple[int, str]] = Counter()
    for strike in strikes:
        if any(key in strike.what for key in keys) and 0 <= strike.place < len(lines) and CALL.fullmatch(strike.what):
            counts[strike.place, strike.what] += 1
    found = []
    for (place, what), times in sorted(counts.items(), key=lambda item: (item[0][1].startswith("GET "), item[0])):
        line, call = lines[place], CALL.fullmatch(what)
        kind = FAULTS[line.id]
        if call is None or "times" not in kind.params or kind.windowed:
            continue
        change = {
            "begin": None,
            "end": None,
            "share": 1.0,
            "match": matching(line, call),
            "params": {**line.params, "times": times},
        }
        found.append(line.model_copy(update=change))
    return found


def matching(line: Fault, call: re.Match[str]) -> Match:
    """Exactly the call that was struck."""
    return Match(method=call[1], path=call[2].replace("[", "[[]"), user=line.match.user)


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
    struck: Counter[tuple[str, str]] = Counter()
    for record in records(folder):
        line = worded(record, keys)
        if type(record) is Strike and not any(key in record.what for key in keys):
            struck[record.fault, record.what] += 1
            if struck[record.fault, record.what] > ALIKE_MAX:
                continue
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
