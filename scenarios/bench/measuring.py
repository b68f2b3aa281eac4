"""All figures of a bench run, one room's after the other's, in a bounded time; the JSON of `rehearse bench`."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestrator.engine.bench import measure as measure_engine
from scenarios.bench.growth import figure, growth_figures
from scenarios.bench.harness import Quarter, harness_ratios
from scenarios.bench.ratio import Ratio
from scenarios.bench.sockets import socket_ratios
from scenarios.bench.virtual import mock_ratios
from scenarios.clock.bench import PROCESSES, simpy_timeouts
from scenarios.progress import Stopwatch

SIMPY_GOAL, ENGINE_GOAL = 0.65, 0.4
HARNESS_ROUNDS = 1  # a run takes as long as all other rounds together
Tell = Callable[[str], object]


def measure(rounds: int, *, slow: bool = False, tell: Tell = lambda _what: None) -> dict[str, Any]:
    """Measure everything; `{ratios: {name: {value, goal, numerator, denominator, ...}}, figures, machine, rounds, seconds}`.

    `slow` adds S, 2S, 4S and M as whole processes: minutes. `tell` hears what is measured next. Raises HarnessError.
    """
    watch = Stopwatch()
    tell("mock in a virtual run")
    ratios = mock_ratios(rounds)
    tell("SimPy through the loop")
    ratios.append(simpy_ratio(rounds))
    tell("engine")
    ratios.append(engine_ratio(rounds))
    tell("mock over sockets")
    ratios += socket_ratios(rounds)
    tell("a whole clean quarter")
    harness, quarter = harness_ratios(HARNESS_ROUNDS)
    ratios += harness
    figures = quarter_figures(quarter)
    if slow:
        tell("quarters at S, 2S, 4S and M, each a process")
        figures |= growth_figures()
    return {
        "ratios": {ratio.name: ratio.plain() for ratio in ratios},
        "figures": figures,
        "machine": {"cpus": os.cpu_count(), "load": list(load()), "python": platform.python_version()},
        "rounds": rounds,
        "seconds": round(watch.wall_s(), 1),
    }


def simpy_ratio(rounds: int) -> Ratio:
    """SimPy time-outs of 1,000 processes stepped by the loop, against SimPy alone."""
    pairs = [simpy_timeouts() for _ in range(rounds)]
    against = "SimPy stepping itself"
    note = f"{PROCESSES:,} processes"
    return Ratio(name="simpy_timeouts", goal=SIMPY_GOAL, unit="time-outs per CPU second", against=against, pairs=pairs, note=note)


def engine_ratio(rounds: int) -> Ratio:
    """Journalled steps on a file, against plain SQLite committing as often; starts are not counted."""
    pairs = []
    for _ in range(rounds):
        with TemporaryDirectory() as folder:
            rates = measure_engine(Path(folder))
        pairs.append((rates.journalled, rates.plain))
    against = "plain sqlite3, WAL, synchronous NORMAL, a commit per step"
    return Ratio(
        name="engine_steps",
        goal=ENGINE_GOAL,
        unit="steps per CPU second",
        against=against,
        pairs=pairs,
        note="starts not counted",
    )


def quarter_figures(quarter: Quarter) -> dict[str, dict[str, Any]]:
    """What the harness's run says of itself."""
    return {
        "clean_quarter_S_in_process_seconds": figure(quarter.cpu_s, None, "CPU s, from the plan to the verdict"),
        "clean_quarter_S_calls": figure(quarter.calls, None, "vendor calls"),
        "clean_quarter_S_empty_reads": figure(quarter.empty_reads, None, "vendor calls"),
    }


def load() -> tuple[float, float, float]:
    """The machine's load averages: how noisy it was."""
    return os.getloadavg() if hasattr(os, "getloadavg") else (0.0, 0.0, 0.0)
