"""Crash runs without their prefix: the process forks at each point, the child dies there as the orchestrator and lives on.

The parent lives the undisturbed story once. At a chosen point it forks: the child's machine dies at that very point, the story
goes to its end in the child, is judged with the whole oracle, and the result comes back through a pipe. At most `jobs` children
live at a time; the parent's clock is simulated, so waiting for them changes nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from scenarios.crash.machine import Machine
from scenarios.crash.points import Point
from scenarios.history import Record, Strike, Window
from scenarios.progress import Stopwatch

READ_BYTES = 1 << 16
NOTE_MAX = 2_000
TARGET, KILL = "core", "F-72"

Take = Callable[[Record], None]


class Crashed(msgspec.Struct, frozen=True):
    """One crash run: where it died (once, or twice), how it was judged, and what it cost in CPU seconds."""

    points: tuple[Point, ...]
    verdict: str  # held | broken | unsettled | unknown
    invariant: str = ""
    witness: str = ""
    cpu_s: float = 0.0
    alike: bool = False  # it came to look like the undisturbed world, and its end was not lived


@dataclass(frozen=True)
class Plan:
    """`wanted(point)`: die here? `second(point)`: so many points after the restart once more; 0: no second death."""

    wanted: Callable[[Point], bool]
    second: Callable[[Point], int] = lambda _point: 0
    jobs: int = 1


class Forks:
    """The driver's hook on a machine. In the parent it gathers `results`; in a child `point` says where it died."""

    def __init__(self, plan: Plan, clock: Callable[[], int], take: Take) -> None:
        self.plan, self.clock, self.take = plan, clock, take
        self.seen = 0
        self.results: list[Crashed] = []
        self.died_at: list[Point] = []
        self._children: dict[int, tuple[int, Point]] = {}  # process -> (pipe, point)
        self.watch_s = Stopwatch()
        self.on_death: Callable[[], None] = lambda: None
        self._out = -1
        self._machine: Machine | None = None

    @property
    def is_child(self) -> bool:
        """Whether this process lives a crash."""
        return self._out >= 0

    def watch(self, machine: Machine) -> None:
        """Hear of every point of a machine from now on."""
        self._machine = machine
        machine.watchers.append(self._passed)

    def _passed(self, point: Point) -> bool:
        self.seen += 1
        if not self.plan.wanted(point):
            return False
        while len(self._children) >= self.plan.jobs:
            self._reap()
        loop = asyncio.get_running_loop()
        ours, theirs = os.pipe()
        process = os.fork()
        if process:
            os.close(theirs)
            self._children[process] = (ours, point)
            return False
        os.close(ours)
        asyncio._set_running_loop(loop)  # asyncio forgets it when the process number changes
        self._become(theirs, point)
        return True

    def _become(self, out: int, point: Point) -> None:
        """From here on this process is the one that died at `point`."""
        assert self._machine is not None, "only a watched machine passes points"
        self._out, self.watch_s = out, Stopwatch()
        for pipe, _ in self._children.values():
            os.close(pipe)
        self._children.clear()
        self._machine.watchers.clear()
        self._die(point)
        after = self.plan.second(point)
        if after:
            self._machine.on_restart.append(lambda: self._again(after))

    def _die(self, point: Point) -> None:
        now = self.clock()
        self.died_at.append(point)
        self.take(Window(now, KILL, TARGET, now, now + 1))
        self.take(Strike(now, KILL, TARGET, str(point), len(self.died_at) - 1))
        self.on_death()

    def _again(self, after: int) -> None:
        """Die once more, `after` points from now."""
        machine, left = self._machine, [after]
        assert machine is not None, "a machine has restarted"
        machine.on_restart.clear()

        def passed(point: Point) -> bool:
            left[0] -= 1
            if left[0]:
                return False
            machine.watchers.clear()
            self._die(point)
            return True

        machine.watchers.append(passed)

    def finish(self, judged: Callable[[], Crashed]) -> None:
        """The end of a child: tell the parent, and end this process without unwinding anything of the parent's."""
        try:
            result = judged()
        except BaseException:  # whatever it was, the parent must hear of it
            result = self.unknown()
        try:
            told = memoryview(msgspec.json.encode(result))
            while told:
                told = told[os.write(self._out, told) :]
        finally:
            os._exit(0)

    def unknown(self) -> Crashed:
        """The result of a child whose harness failed, from the exception being handled."""
        return Crashed(tuple(self.died_at), "unknown", witness=traceback.format_exc()[-NOTE_MAX:])

    def wait(self) -> None:
        """Take in the children that still live."""
        while self._children:
            self._reap()

    def _reap(self) -> None:
        """Hear the oldest child out."""
        process, (pipe, point) = next(iter(self._children.items()))
        del self._children[process]
        told = bytearray()
        while heard := os.read(pipe, READ_BYTES):
            told += heard
        os.close(pipe)
        os.waitpid(process, 0)
        try:
            self.results.append(msgspec.json.decode(bytes(told), type=Crashed))
        except msgspec.DecodeError:
            self.results.append(Crashed((point,), "unknown", witness="the process of this crash run ended without a word"))


def flush() -> None:
    """Before the first fork: a child must not print what the parent has in its buffers."""
    sys.stdout.flush()
    sys.stderr.flush()
