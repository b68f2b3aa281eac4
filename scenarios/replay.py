"""Run exactly the same rehearsal again from its `replay.json`, and say where it differs when it does.

Same source and another digest is a failure of the harness (exit 22). Another source: one line says so, then the new verdict
counts, with the first event that differs.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import ValidationError

from scenarios.breaking import Look, into_debugger
from scenarios.errors import UsageError
from scenarios.power import named
from scenarios.resolve import Rehearsal, Words, resolve, source_digest
from scenarios.spec import Scenario
from scenarios.verdict import EXIT_CODES, Verdict

if TYPE_CHECKING:
    from scenarios.world.living import World

SIZE_MAX = 50_000_000
NUMBER = (int, type(None))
# what a replay file may say beside scenario and speed: {name: (value when it does not, types)}
MORE: dict[str, tuple[Any, Any]] = {
    "heads": (None, NUMBER), "planted": ("", str), "ties": (0, int), "left_out": ([], list), "until_ms": (None, NUMBER),
}  # fmt: skip


def replay_run(
    source: Path, out: Path | None = None, *, quiet: bool = False, break_at: int | None = None, look: Look = into_debugger
) -> tuple[Verdict, Path, list[str]]:
    """Return the new verdict, its folder, and what is to be said on standard error. Raises UsageError for a foreign file.

    At `break_at`, in ms, `look(world)` is called once: by default it opens the debugger.
    """
    path = source / "replay.json" if source.is_dir() else source
    held = read_replay(path)
    rehearsal = rehearsal_of(held, path)
    from scenarios.runner import rehearse

    folder = out or path.parent / "replay"
    if break_at is not None:
        return broken_replay(rehearsal, held, folder, break_at, look)
    verdict, folder = rehearse(rehearsal, folder, quiet=quiet)
    if rehearsal.speed != "virtual":
        return verdict, folder, [paced_note(verdict.digest["state"], held["digest"])]
    if verdict.digest == held["digest"]:
        return verdict, folder, ["replay: same digests, the run is reproduced"]
    notes = [difference(path.parent, folder)]
    if held["source"] != source_digest():
        notes.insert(0, "replay: the source is not the one that made this file; the new verdict counts")
        return verdict, folder, notes
    notes.insert(0, "replay: same source, another digest: the run is not reproducible, nothing may be concluded")
    note = "the replay of the same source gave another digest"
    return msgspec.structs.replace(verdict, verdict="unknown", exit_code=EXIT_CODES["unknown"], note=note), folder, notes


def broken_replay(
    rehearsal: Rehearsal, held: dict[str, Any], folder: Path, at_ms: int, look: Look
) -> tuple[Verdict, Path, list[str]]:
    """Run with a stop at an instant. What a person moved there is theirs: only whether digests are equal is said."""
    from scenarios.runner import rehearse
    from scenarios.world.living import Pause

    if rehearsal.speed != "virtual":
        raise UsageError(f"--break-at stops virtual runs only; this one ran at speed {rehearsal.speed}")
    looked: list[int] = []

    def stop(world: World) -> None:
        looked.append(world.clock())
        look(world)

    verdict, folder = rehearse(rehearsal, folder, quiet=True, pause=Pause(at_ms, stop))
    notes = [] if looked else ["replay: the story was over before --break-at; nothing was stopped"]
    same = verdict.digest == held["digest"]
    return verdict, folder, [*notes, f"replay: {'same digests' if same else 'other digests'} as the run it repeats"]


def paced_note(state: str, before: Any) -> str:
    """At a pace the wall clock takes part: no two histories are equal, and only the state is compared."""
    same = isinstance(before, dict) and before.get("state") == state
    return f"replay: a run at a pace has a history of its own each time; its business state is {'the same' if same else 'another one'}"


def read_replay(path: Path) -> dict[str, Any]:
    """The file's content with the keys a replay needs. Raises UsageError naming what is wrong."""
    try:
        if path.stat().st_size > SIZE_MAX:
            raise UsageError(f"{path} is larger than {SIZE_MAX} bytes; give the replay.json of a run")
        held = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} can not be read ({error.strerror}); give the folder of a run or its replay.json") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no replay file ({error}); give the replay.json of a run") from error
    missing = [k for k in ("scenario", "digest", "source", "heads", "speed") if not isinstance(held, dict) or k not in held]
    if missing:
        raise UsageError(f"{path} is no replay file ({', '.join(missing)} missing); give the replay.json of a run")
    return dict(held)


def rehearsal_of(held: dict[str, Any], path: Path) -> Rehearsal:
    """The resolved rehearsal of a replay file. Raises UsageError."""
    try:
        scenario = Scenario.model_validate(held["scenario"])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise UsageError(f"{path}: scenario.{place}: {first['msg']}; give the replay.json of a run") from error
    told = {name: held.get(name, usual) for name, (usual, _) in MORE.items()}
    for name, value in told.items():
        if not isinstance(value, MORE[name][1]) or isinstance(value, bool):
            raise UsageError(f"{path}: {name}: got {value!r}; give the replay.json of a run")
    named(told["planted"])
    words = Words(heads=told["heads"], speed=str(held["speed"]), planted=told["planted"], ties=told["ties"])
    resolved = resolve(scenario, words)
    return replace(resolved, heads=told["heads"], left_out=tuple(map(str, told["left_out"])), until_ms=told["until_ms"])


def difference(before: Path, after: Path) -> str:
    """Name the first line in which two histories differ."""
    one, two = history_lines(before), history_lines(after)
    if one is None or two is None:
        return "replay: a history is missing, so the first difference can not be shown"
    number = 0
    while True:
        number += 1
        a, b = next(one, None), next(two, None)
        if a is None and b is None:
            return "replay: the histories are equal; the states differ"
        if a != b:
            return f"replay: first difference at event {number}:\n  then {shown(a)}\n  now  {shown(b)}"


def history_lines(folder: Path) -> Iterator[bytes] | None:
    plain, packed = folder / "history.jsonl", folder / "history.jsonl.gz"
    if plain.exists():
        return iter(plain.open("rb"))
    return iter(gzip.open(packed, "rb")) if packed.exists() else None


def shown(line: bytes | None) -> str:
    return "(end of the history)" if line is None else line.decode("utf-8", errors="replace").strip()[:400]
