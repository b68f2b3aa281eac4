"""Whole runs on the smallest firm that still does everything: twelve heads in three countries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scenarios.loading import load_scenario
from scenarios.resolve import Rehearsal, Words, resolve

ROOT = Path(__file__).resolve().parents[2]
HEADS = 12


def small(name: str, **words) -> Rehearsal:
    """A library scenario with twelve heads."""
    return resolve(load_scenario(name), Words(**{"heads": HEADS, **words}))


def command(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `rehearse` in a process of its own."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **environment}
    return subprocess.run(
        [sys.executable, "-m", "scenarios.cli", *words], cwd=cwd, env=known, capture_output=True, text=True, check=False
    )
