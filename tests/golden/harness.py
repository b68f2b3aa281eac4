"""Golden seeds: replay files of small runs, and the verdict and business state they must end in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from scenarios.replay import read_replay, rehearsal_of
from scenarios.runner import rehearse
from scenarios.verdict import Verdict

FOLDER = Path(__file__).parent
WITNESSED = ("broken", "unsettled")


def golden() -> list[Path]:
    """The files, by name."""
    return sorted(FOLDER.glob("*.json"))


def run(path: Path, out: Path) -> Verdict:
    """Rehearse what a file holds."""
    verdict, _ = rehearse(rehearsal_of(read_replay(path), path), out, quiet=True)
    return verdict


def outcome(verdict: Verdict) -> dict[str, Any]:
    """What is compared: the verdict, the invariants that were not held, the business state."""
    found = sorted(f.id for f in verdict.invariants if f.verdict in WITNESSED)
    return {"verdict": verdict.verdict, "found": found, "state": verdict.digest["state"]}


def expected(path: Path) -> dict[str, Any]:
    """What the file says of it."""
    held = msgspec.json.decode(path.read_bytes())
    return {"verdict": held["verdict"], "found": held["found"], "state": held["digest"]["state"]}
