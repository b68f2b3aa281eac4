"""The progress line of a run: simulated date, calls a second, backlog, exceptions. No threads; one line on standard error.

The stopwatch is taken before the guards of a virtual run are set: it is the only wall clock that a run may read, and
nothing that it says enters the history.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from time import perf_counter, process_time

from rich.console import Console
from rich.text import Text

PAUSE_S = 0.1


class Stopwatch:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), process_time()

    def wall_s(self) -> float:
        return perf_counter() - self._wall

    def cpu_s(self) -> float:
        return process_time() - self._cpu


class Progress:
    """Draws at most ten times a second, and only for a terminal; `quiet` draws nothing."""

    def __init__(self, *, quiet: bool = False, label: str = "") -> None:
        self.console = Console(stderr=True, highlight=False)
        self.on = not quiet and self.console.is_terminal
        self.label, self.watch, self._drawn_s = label, Stopwatch(), -1.0

    def draw(self, at_ms: int, events: int, calls: int, backlog: int, exceptions: int, *, force: bool = False) -> None:
        """Show where the run is; cheap when there is nothing to draw on."""
        if not self.on:
            return
        wall = self.watch.wall_s()
        if wall - self._drawn_s < PAUSE_S and not force:
            return
        self._drawn_s = wall
        day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%a %d %b %Y %H:%M")
        line = Text.assemble(
            (f"{self.label} ", "bold"),
            (day, "cyan"),
            f"  {events:,} events  {calls:,} calls  {calls / max(wall, 1e-3):,.0f}/s",
            f"  backlog {backlog:,}",
            f"  exceptions {exceptions:,}",
        )
        line.truncate(max(self.console.width - 1, 20))
        sys.stderr.write("\r\x1b[2K")
        self.console.print(line, end="")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave no trace of the line."""
        if self.on:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


class CampaignLine:
    """One line on a terminal: how many runs are done, how many went wrong, how long the rest will take."""

    def __init__(self, runs: int, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.on = not quiet and self.console.is_terminal
        self.runs, self.watch = runs, Stopwatch()

    def draw(self, done: int, wrong: int) -> None:
        """Show where the campaign is."""
        if not self.on:
            return
        rate = done / max(self.watch.wall_s(), 1e-3)
        left_s = (self.runs - done) / max(rate, 1e-9)
        line = Text.assemble(
            ("campaign ", "bold"),
            f"{done:,} of {self.runs:,} runs  {wrong:,} not as expected  {rate:,.2f} runs/s  about {left_s / 60:,.0f} min left",
        )
        line.truncate(max(self.console.width - 1, 20))
        self.console.print(line, end="\r")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave no trace of the line."""
        if self.on:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
