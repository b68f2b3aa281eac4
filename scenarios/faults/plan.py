"""Which faults exist, what each takes, and what is wrong with a line of a plan. Catalogue: domain.md section 6."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scenarios.errors import nearest
from scenarios.spec import Fault

ALL = ("crm", "psa", "erp")
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Parameter:
    """One parameter of a fault: its default, inclusive bounds for numbers or known words, and its meaning with its unit."""

    default: int | float | str
    meaning: str
    low: float = 0
    high: float = float("inf")
    words: tuple[str, ...] = ()

    def mistake(self, given: object) -> str:
        """Say what is wrong with a given value, or ''."""
        if self.words:
            return "" if given in self.words else f"got {given!r}; known: {', '.join(self.words)}"
        if isinstance(given, bool) or not isinstance(given, int | float):
            return f"got {given!r}; a number is wanted ({self.meaning})"
        if not self.low <= given <= self.high:
            return f"got {given}; {self.low:g} to {self.high:g} is wanted ({self.meaning})"
        return ""


TIMES = Parameter(0, "how often it strikes at most; 0 is without bound")


@dataclass(frozen=True)
class FaultKind:
    """One fault of the catalogue: its title, family, the systems it may target and the parameters it takes."""

    id: str
    title: str
    family: str  # network | vendor | delivery | feed
    targets: tuple[str, ...] = ALL
    params: dict[str, Parameter] = field(default_factory=dict)
    windowed: bool = False  # must name `from` and `to`


FAULTS: dict[str, FaultKind] = {
    kind.id: kind
    for kind in (
        FaultKind("F-01", "hard outage: connections refused, the UI is gone too", "vendor", windowed=True),
        FaultKind(
            "F-02",
            "brownout of the API: slow answers and some 503",
            "vendor",
            windowed=True,
            params={
                "slowness": Parameter(20, "factor on service time", 1, 1000),
                "errors": Parameter(0.15, "share of 503", 0, 1),
            },
        ),
        FaultKind("F-04", "the vendor's own throttling answer", "vendor", params={"times": TIMES}),
        FaultKind("F-07", "the request is lost: nothing happens, the caller times out", "network", params={"times": TIMES}),
        FaultKind("F-08", "the reply is lost after the commit: the caller times out", "network", params={"times": TIMES}),
        FaultKind(
            "F-09",
            "the connection breaks in the reply",
            "network",
            params={
                "times": TIMES,
                "mode": Parameter("truncate", "half an answer, or none and a reset", words=("truncate", "reset")),
            },
        ),
        FaultKind("F-14", "the same push twice", "delivery", ("crm",), {"delay_ms": Parameter(30_000, "until the repeat, ms")}),
        FaultKind(
            "F-15",
            "the same content as a new push with a new id",
            "delivery",
            ("crm",),
            {"delay_ms": Parameter(45_000, "until the repeat, ms")},
        ),
        FaultKind(
            "F-16",
            "pushes or feed entries out of order",
            "delivery",
            ("crm", "psa"),
            {"delay_ms_max": Parameter(2 * HOUR_MS, "longest delay, ms")},
        ),
        FaultKind(
            "F-17", "the first delivery comes hours late", "delivery", ("crm",), {"delay_ms": Parameter(4 * HOUR_MS, "delay, ms")}
        ),
        FaultKind("F-18", "pushes or feed entries that never come", "delivery", ("crm", "psa")),
        FaultKind("F-20", "a batch of which some records fail", "vendor", ("crm",), params={"times": TIMES}),
        FaultKind(
            "F-23",
            "the feed forgets early",
            "feed",
            ("psa",),
            windowed=True,
            params={"retention_ms": Parameter(HOUR_MS, "age of the oldest event that can be read, ms", 1)},
        ),
        FaultKind("F-27", "the record is locked by somebody else", "vendor", params={"times": TIMES}),
        FaultKind(
            "F-34",
            "tokens expire in the middle of work",
            "vendor",
            ("crm", "erp"),
            params={"every_ms": Parameter(HOUR_MS, "between revocations, ms", 1000)},
        ),
    )
}


def fault_mistakes(fault: Fault) -> list[tuple[tuple[Any, ...], str]]:
    """Return (place within the fault, message) of everything wrong with one line of a plan."""
    kind = FAULTS.get(fault.id)
    if kind is None:
        return [(("id",), f"got {fault.id!r}; {nearest(fault.id, FAULTS)}")]
    found: list[tuple[tuple[Any, ...], str]] = []
    if fault.target not in kind.targets:
        found.append((("target",), f"got {fault.target!r}; {fault.id} may target {', '.join(kind.targets)}"))
    if kind.windowed and (fault.begin is None or fault.end is None):
        found.append(((), f"{fault.id} ({kind.title}) needs `from` and `to`"))
    if fault.begin is not None and fault.end is not None and fault.end <= fault.begin:
        found.append((("to",), "must be later than `from`"))
    for name, given in fault.params.items():
        known = kind.params.get(name)
        if known is None:
            found.append((("params", name), f"{fault.id} takes no such parameter; known: {', '.join(kind.params) or 'none'}"))
        elif wrong := known.mistake(given):
            found.append((("params", name), wrong))
    return found


def parameter(fault: Fault, name: str) -> Any:
    """The value of a parameter, or its default."""
    return fault.params.get(name, FAULTS[fault.id].params[name].default)
