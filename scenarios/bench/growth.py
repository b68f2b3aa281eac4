"""What whole quarters cost: seconds and peak memory of S and M, and how seconds grow with heads.

Each run is `rehearse run clean-quarter` in a process of its own, start of Python and all files included, with its CPU seconds and peak
memory by the system's own account. Minutes long, so it is measured only when asked for. Growth is straight when
seconds = a + b x heads has nearly the same b from S to 2S as from 2S to 4S.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from scenarios.errors import HarnessError

ROOT = Path(__file__).resolve().parents[2]
HEADS_S = 60
SMALL_S_MAX, LARGE_S_MAX, MEMORY_MIB_MAX, BEND_MAX = 10.0, 120.0, 1024.0, 0.2
RUN_S_MAX = 1_800.0
PROBE = (
    "import resource, runpy, sys; sys.argv = sys.argv[1:]\n"
    "try: runpy.run_module('scenarios.cli', run_name='__main__')\n"
    "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
)


class Cost(NamedTuple):
    """One whole run: CPU seconds of the process and its peak memory."""

    cpu_s: float
    peak_mib: float


def whole_run(preset: str, heads: int | None = None) -> Cost:
    """Rehearse a clean quarter as a user would. Raises HarnessError when it does not hold."""
    with TemporaryDirectory() as folder:
        words = ["rehearse", "run", "clean-quarter", "--preset", preset, "--quiet", "--out", f"{folder}/run"]
        words += ["--heads", str(heads)] if heads else []
        before = children_s()
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", PROBE, *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
            text=True, timeout=RUN_S_MAX, check=False,
        )  # fmt: skip
    if done.returncode:
        raise HarnessError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-400:]}")
    return Cost(children_s() - before, mebibytes(int(done.stderr.split()[-1])))


def children_s() -> float:
    """CPU seconds of all children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def mebibytes(maxrss: int) -> float:
    """Peak memory as the system counts it: bytes on macOS, else KiB."""
    return maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def growth_figures() -> dict[str, dict[str, Any]]:
    """S, 2S, 4S and M, one run each; figures by name."""
    small, double, fourfold, large = (whole_run("S"), whole_run("S", 2 * HEADS_S), whole_run("S", 4 * HEADS_S), whole_run("M"))
    return {
        **cost_figures("S", small, SMALL_S_MAX),
        **cost_figures("M", large, LARGE_S_MAX),
        **bend_figures(small.cpu_s, double.cpu_s, fourfold.cpu_s),
    }


def cost_figures(preset: str, cost: Cost, seconds_max: float) -> dict[str, dict[str, Any]]:
    return {
        f"clean_quarter_{preset}_seconds": figure(cost.cpu_s, seconds_max, "CPU s, process start and files included"),
        f"clean_quarter_{preset}_peak": figure(cost.peak_mib, MEMORY_MIB_MAX, "MiB"),
    }


def bend_figures(small: float, double: float, fourfold: float) -> dict[str, dict[str, Any]]:
    """The slope from S to 2S and from 2S to 4S, in seconds a head, and by how much of the first the second differs."""
    first, second = (double - small) / HEADS_S, (fourfold - double) / (2 * HEADS_S)
    return {
        "clean_quarter_slope_S_2S": figure(first, None, "CPU s a head"),
        "clean_quarter_slope_2S_4S": figure(second, None, "CPU s a head"),
        "clean_quarter_bend": figure(abs(second / first - 1), BEND_MAX, "share of the first slope"),
        "clean_quarter_constant": figure(small - first * HEADS_S, None, "CPU s, a of a + b x heads"),
    }


def figure(value: float, limit: float | None, unit: str) -> dict[str, Any]:
    """One figure that is no ratio; `limit` is the most it may be."""
    return {"value": round(value, 4), "limit": limit, "unit": unit, "reached": None if limit is None else value <= limit}
