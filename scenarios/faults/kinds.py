"""What a fault of the catalogue is: its words, its parameters and the function that plants it. No fault stands here.

A family is one module with a tuple `KINDS` and its planters beside it; `plan.py` merges the families. A planter is called once,
in the running loop, before anybody acts; it hangs the fault on what the `Site` offers and strikes by `Planted.hits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios.faults.planted import Planted
    from scenarios.history import Record

ALL = ("crm", "psa", "erp")
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
FAR_MS = 2**52


@dataclass(frozen=True)
class Parameter:
    """One parameter of a fault: its default, inclusive bounds for numbers or known words (a text without them is free), and its meaning
    with its unit.
    """

    default: int | float | str
    meaning: str
    low: float = 0
    high: float = float("inf")
    words: tuple[str, ...] = ()

    def mistake(self, given: object) -> str:
        """Say what is wrong with a given value, or ''."""
        if self.words:
            return "" if given in self.words else f"got {given!r}; known: {', '.join(self.words)}"
        if isinstance(self.default, str):
            return "" if isinstance(given, str) else f"got {given!r}; a text is wanted ({self.meaning})"
        if isinstance(given, bool) or not isinstance(given, int | float):
            return f"got {given!r}; a number is wanted ({self.meaning})"
        if not self.low <= given <= self.high:
            return f"got {given}; {self.low:g} to {self.high:g} is wanted ({self.meaning})"
        return ""


TIMES = Parameter(0, "how often it strikes at most; 0 is without bound")


@dataclass(frozen=True)
class Site:
    """The run as a planter sees it. `refusal(code, message)` makes the shared refusal that a vendor's room words.

    `machine` is what the orchestrator runs on, `desk` the way of people to it; `sent` are the pushes it accepted, and `push(one)` sends one
    again. `befallen`: {place of a line: [(when, what), ...]} of what people do. `pushed` gathers the delivery faults of each system, so that one hook asks them all.
    """

    seed: int
    clock: Callable[[], int]
    record: Callable[[Record], None]
    systems: Mapping[str, Any] = field(default_factory=dict)
    wire: Any = None
    machine: Any = None
    desk: Any = None
    sent: Any = ()
    befallen: Mapping[int, Sequence[tuple[int, str]]] = field(default_factory=dict)
    push: Any = None
    refusal: Callable[..., Exception] = RuntimeError
    dispatch: Callable[[int, str], Any] = lambda _delay_ms, _id: None
    subsidiary_of: Callable[[Any, Any], str] = lambda _system, _call: ""  # which legal entity a call to the ERP is about
    replica_of: Callable[[Any, int], Any] = lambda _system, _lag_ms: None  # what readers see that lag so many ms behind
    feed_fault: Callable[[str, int, int, dict[str, Any]], Any] = lambda _id, _begin, _end, _values: None
    pushed: dict[str, list[Planted]] = field(default_factory=dict)


Plant = Callable[["Planted", Site], None]


LONG_MS, OFTEN = (4 * HOUR_MS, 96 * HOUR_MS), (0.05, 0.5)  # of what is a nuisance rather than a blow
ALWAYS = (1.0, 1.0)


@dataclass(frozen=True)
class Drawn:
    """Between which bounds a profile draws a line of this fault: (mildest, worst) of its window, its share and its parameters.

    A parameter that is not named keeps its default; one whose bounds are whole numbers stays whole. `match` is written into the
    line. `down`: while it is on, the target does no work; two such windows of one system never touch.
    """

    length_ms: tuple[int, int] = (10 * MINUTE_MS, 3 * HOUR_MS)
    share: tuple[float, float] = (0.02, 0.25)
    params: dict[str, tuple[float, float]] = field(default_factory=dict)
    match: dict[str, str] = field(default_factory=dict)
    down: bool = False


@dataclass(frozen=True)
class FaultKind:
    """One fault of the catalogue: its title, family, planter, the systems it may target and the parameters it takes.

    `recoverable`: a run it struck ends with the money of its fault-free twin; profiles draw those, within the bounds of `drawn`.
    """

    id: str
    title: str
    family: str  # availability | delivery | consistency | data | process
    plant: Plant
    targets: tuple[str, ...] = ALL
    params: dict[str, Parameter] = field(default_factory=dict)
    windowed: bool = False  # must name `from` and `to`
    recoverable: bool = True
    drawn: Drawn = Drawn()
