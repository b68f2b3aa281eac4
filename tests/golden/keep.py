"""Keep a run as a golden seed, or take down anew what all of them end in.

    python -m tests.golden.keep NAME REPLAY.json "what it is about"
    python -m tests.golden.keep --renew

Renew only after reading the difference: a state may change because the firm's numbers did, never because an orchestrator got worse.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec

from tests.golden.harness import FOLDER, expected, golden, outcome, run


def keep(name: str, source: Path, about: str) -> None:
    """Run the file and write it here with what it ended in."""
    held = msgspec.json.decode(source.read_bytes())
    told = {
        "about": about,
        **{key: held[key] for key in ("scenario", "heads", "speed", "planted", "ties", "left_out", "until_ms")},
    }
    write(FOLDER / f"{name}.json", told | {"digest": {"state": ""}, "source": "", "verdict": "", "found": []})
    renew(FOLDER / f"{name}.json")


def renew(path: Path) -> None:
    """Put what the run ends in now into the file, and say what moved."""
    before = expected(path)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        now = outcome(run(path, Path(folder) / "run"))
    held = msgspec.json.decode(path.read_bytes())
    write(path, held | {"verdict": now["verdict"], "found": now["found"], "digest": {"state": now["state"]}})
    sys.stdout.write(f"{path.name}: {'as before' if now == before else f'{before} -> {now}'}\n")


def write(path: Path, held: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(held)) + b"\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--renew"]:
        for each in golden():
            renew(each)
    else:
        keep(sys.argv[1], Path(sys.argv[2]).resolve(), sys.argv[3])
