"""Turn the command's words and a scenario file into one resolved rehearsal: nothing is left open when it begins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from scenarios.errors import UsageError, nearest
from scenarios.spec import Expect, Scenario

ROOT = Path(__file__).resolve().parent.parent
VENDORS = {"crm": ("salesforce",), "psa": ("kantata",), "erp": ("netsuite",)}
DESIGNS = ("core", "naive", "manual")
PRESETS = ("XS", "S", "M")
HEADS_MIN, HEADS_MAX = 12, 12_000
SOURCES = ("simulators", "orchestrator", "scenarios")


@dataclass(frozen=True)
class Words:
    """What the user said on the command line; None: not said."""

    seed: int | None = None
    preset: str | None = None
    crm: str | None = None
    psa: str | None = None
    erp: str | None = None
    design: str | None = None
    engine: str | None = None
    heads: int | None = None
    speed: str = "virtual"
    planted: str = ""
    ties: int = 0


@dataclass(frozen=True)
class Rehearsal:
    """A resolved rehearsal: the scenario with every choice made. `heads` None: the preset's own number.

    `planted` names bugs of scenarios/power, joined by `+`. `ties` seeds the order of what is due at one instant; 0 is first in, first
    out. `left_out` names deals and weeks of work that the firm is spared; from `until_ms` on nobody is in the office.
    """

    scenario: Scenario
    heads: int | None = None
    speed: str = "virtual"
    planted: str = ""
    ties: int = 0
    left_out: tuple[str, ...] = ()
    until_ms: int | None = None

    @property
    def name(self) -> str:
        return self.scenario.name

    @property
    def seed(self) -> int:
        return self.scenario.seed

    def without_faults(self) -> Rehearsal:
        """The fault-free twin of this rehearsal; those that differ only in words, faults and order of ties share one."""
        nameless = {"name": "twin", "story": "", "expect": Expect(), "faults": ()}
        return replace(self, scenario=self.scenario.model_copy(update=nameless), ties=0)

    def plain(self) -> dict[str, Any]:
        """JSON of everything that decides the run; equal JSON and equal source give an equal run."""
        return {
            "scenario": self.scenario.model_dump(mode="json", by_alias=True),
            "heads": self.heads,
            "speed": self.speed,
            "planted": self.planted,
            "ties": self.ties,
            "left_out": list(self.left_out),
            "until_ms": self.until_ms,
        }

    def digest(self) -> str:
        """Names this rehearsal and this source: the key of the twin cache."""
        text = msgspec.json.encode({**self.plain(), "source": source_digest()}, order="deterministic")
        return hashlib.sha256(text).hexdigest()


def resolve(scenario: Scenario, words: Words) -> Rehearsal:
    """Apply the command's words. Raises UsageError for a value that is unknown or not built, naming what is."""
    profiles = scenario.profiles.model_dump()
    for part, known in VENDORS.items():
        said = getattr(words, part) or profiles[part]
        chosen(said, known, f"{part} vendor")
        profiles[part] = said
    design = chosen(words.design or scenario.design, DESIGNS, "design")
    preset = chosen(words.preset or scenario.preset, PRESETS, "preset")
    chosen(words.engine or "embedded", ("embedded",), "engine")
    speed_of(words.speed)
    if words.heads is not None and not HEADS_MIN <= words.heads <= HEADS_MAX:
        raise UsageError(f"--heads got {words.heads}; {HEADS_MIN} to {HEADS_MAX} is wanted")
    seed = scenario.seed if words.seed is None else words.seed
    if not 0 <= seed < 2**63:
        raise UsageError(f"--seed got {seed}; 0 to 2^63-1 is wanted")
    update = {"profiles": type(scenario.profiles)(**profiles), "design": design, "preset": preset, "seed": seed}
    if not 0 <= words.ties < 2**63:
        raise UsageError(f"--ties got {words.ties}; 0 to 2^63-1 is wanted")
    return Rehearsal(scenario.model_copy(update=update), words.heads, words.speed, words.planted, words.ties)


def chosen(said: str, known: tuple[str, ...], what: str) -> str:
    """Return `said` if it is built; else say which are."""
    if said not in known:
        raise UsageError(f"{what} {said!r} is unknown or not built yet; {nearest(said, known)}")
    return said


def speed_of(said: str) -> float | None:
    """Simulated seconds per wall second; None is virtual time. Raises UsageError."""
    if said == "virtual":
        return None
    if said == "real":
        return 1.0
    try:
        value = float(said)
    except ValueError:
        value = 0.0
    if not 0 < value <= 100_000:
        raise UsageError(f"--speed got {said!r}; virtual, real, or simulated seconds per second up to 100000 is wanted")
    return value


@cache
def source_digest() -> str:
    """SHA-256 over the product's own source and data files: two equal digests run the same code."""
    digest = hashlib.sha256()
    for room in SOURCES:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in {".py", ".yaml", ".sql", ".lark", ".html"} and path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
